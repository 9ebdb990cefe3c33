"""What a teacher says of the pictures that are trained on, asked once before training.

The teacher sees every picture whole and by its own preprocessing, whatever the student's size and
augmentation: it may look at more pixels than the student ever gets.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from hashing.config import Config, Preprocessing
from hashing.data import LazySquares, Squares, read_ahead
from hashing.device import choose_device
from hashing.errors import UsageError
from hashing.losses import Objective, Targets
from hashing.models import HashModel, load_model, normalise
from hashing.sources import Catalogue
from hashing.training.accelerated import by_onnx
from hashing.training.examples import Lesson, Rows
from hashing.training.runtime import Runtime
from hashing.training.start import centres_of, has_seen_all

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
        """What it says of `rows` of the catalogue, ascending; its features as its head sees them.

        squares: the pictures as the student sees them, by its `preprocessing`; they serve the
        teacher too where it cuts and sizes pictures likewise.
        """
        own = self.network.preprocessing
        if (own.size, own.fit) != (preprocessing.size, preprocessing.fit):
            squares = LazySquares(catalogue, own.size, own.fit, runtime.workers)
        network = self.network
        pool: Callable[[Tensor], Tensor] = network.features
        # Filled rather than gathered: what a list held of each batch lay so in memory that glibc
        # 2.36 could not use the space of the batch again, and memory grew by every picture.
        features = torch.empty((len(rows), network.embedding))
        logits = torch.empty((len(rows), network.bits))
        places = [slice(start, start + BATCH) for start in range(0, len(rows), BATCH)]
        with (
            torch.inference_mode(),
            runtime.progress(len(rows), "asking the teacher", "pictures") as bar,
        ):
            read = read_ahead(squares.__getitem__, (rows[place] for place in places))
            for place, pictures in zip(places, read, strict=True):
                images = normalise(torch.from_numpy(pictures).to(self.device), own)
                if not place.start:
                    pool = by_onnx(network, images, len(rows)) or pool
                seen = network.embed(pool(images))
                features[place], logits[place] = seen, network.hash(seen)
                bar.advance(len(pictures))
        comparable = in_units(features, each=network.whitening is None)
        return Lesson(rows, Targets(comparable, logits))


def in_units(features: Tensor, each: bool) -> Tensor:
    """Features `[N, D]` without their mean, in units of their deviation over the N pictures.

    each: by that of each feature alone, so that it counts the same however large; else by that of
    all together, for whitening has said what each one counts.
    """
    deviation, centre = torch.std_mean(features, 0, correction=0)
    scale = deviation if each else deviation.square().mean().sqrt()
    return (features - centre) / scale.clamp(min=1e-6)


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


def teacher_remarks(config: Config, objective: Objective) -> Iterator[str]:
    """What a user should know of the teacher before training, a sentence each."""
    if config.teacher is None:
        return
    theirs = centres_of(config.teacher)
    if config.distillation.codes:
        for field, ours in objective.record().items():
            if theirs.get(field) != ours["centres"]:
                yield (
                    f"The teacher's class centres of {field} are not the student's, so that its "
                    "bits and the losses pull apart: take a loss without centres, the teacher's "
                    "model.lengths, centres.share and train.seed, or --distillation.codes 0."
                )
    if config.train.validate_every and not config.train.refit and has_seen_all(config.teacher):
        yield (
            "The teacher was trained on its validation part too (refit): where that is this "
            "run's, validation flatters the student."
        )
