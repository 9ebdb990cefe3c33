"""What a teacher says of the pictures that are trained on, asked once before training.

The teacher sees every picture whole and by its own preprocessing, whatever the student's size and
augmentation: it may look at more pixels than the student ever gets.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from hashing.config import Config, Preprocessing
from hashing.data import LazySquares, Squares, read_ahead
from hashing.device import choose_device
from hashing.errors import UsageError
from hashing.losses import Targets
from hashing.models import HashModel, load_model, normalise
from hashing.sources import Catalogue
from hashing.training.examples import Lesson, Rows
from hashing.training.runtime import Runtime

BATCH = 64


@dataclass(frozen=True)
class Teacher:
    """A model folder that teaches."""

    folder: Path
    device: torch.device

    @cached_property
    def network(self) -> HashModel:
        """The model; raises ArtefactError where the folder does not hold a whole one."""
        return load_model(self.folder, self.device).requires_grad_(False)

    def lesson(
        self,
        catalogue: Catalogue,
        squares: Squares,
        preprocessing: Preprocessing,
        rows: Rows,
        runtime: Runtime,
    ) -> Lesson:
        """What it says of `rows` of the catalogue, ascending.

        squares: the pictures as the student sees them, by its `preprocessing`; they serve the
        teacher too where it cuts and sizes pictures likewise.
        """
        own = self.network.preprocessing
        if (own.size, own.fit) != (preprocessing.size, preprocessing.fit):
            squares = LazySquares(catalogue, own.size, own.fit, runtime.workers)
        batches = [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]
        features: list[Tensor] = []
        logits: list[Tensor] = []
        with (
            torch.inference_mode(),
            runtime.progress(len(rows), "asking the teacher", "pictures") as bar,
        ):
            for pictures in read_ahead(squares, batches):
                images = normalise(torch.from_numpy(pictures).to(self.device), own)
                pooled = self.network.features(images)
                features.append(pooled.float().cpu())
                logits.append(self.network(pooled).float().cpu())
                bar.advance(len(pictures))
        return Lesson(rows, Targets(torch.cat(features), torch.cat(logits)))


def find_teacher(config: Config, runtime: Runtime) -> Teacher | None:
    """The teacher of a configuration, read and found whole before any picture is."""
    if config.teacher is None:
        if config.distillation.unlabelled is not None:
            raise UsageError(
                "expected a teacher for distillation.unlabelled, found none: only a teacher has "
                "something to say of pictures without labels; set --teacher MODEL"
            )
        return None
    teacher = Teacher(config.teacher, choose_device(runtime.device))
    _ = teacher.network
    return teacher
