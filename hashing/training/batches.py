"""From rows to what a step takes: augmented pictures on the device, and their labels.

A thread reads the next batches, draws their augmentation and puts both where a GPU fetches them
while it computes.
"""

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from hashing.config import Config
from hashing.data import balanced_batches, read_ahead, shard, shuffled_batches
from hashing.data.cutmix import draw_cut, paste, pasted
from hashing.data.random import Stream, uniforms
from hashing.data.transforms import AUGMENTATIONS, Draws, apply, draw
from hashing.device import pinned
from hashing.errors import UsageError
from hashing.losses import Targets
from hashing.registry import find
from hashing.training.distributed import World
from hashing.training.epochs import training_size
from hashing.training.examples import Examples, Rows


class Batch(NamedTuple):
    """What a step takes.

    images: this process's share, normalised float32 `[B / processes, 3, s, s]`, or their features
        `[B / processes, D]` where the examples have them.
    labels: of the whole batch, int64 `[B, fields + 1]` on the CPU, −1 where absent, and the
        pictures' numbers.
    targets: what a teacher says of the whole batch, where there is one.
    mixed: what the pictures have of others, where CutMix has pasted it.
    """

    images: Tensor
    labels: Tensor
    targets: Targets | None = None
    mixed: "Mixed | None" = None


class Mixed(NamedTuple):
    """What each picture of a batch has of another.

    labels, targets: of the others, as those of the batch. kept: share of a picture that is its own.
    """

    labels: Tensor
    targets: Targets | None
    kept: float


class Batches:
    """The batches of every epoch: what stands where is a function of (seed, epoch) alone.

    Raises UsageError for an unknown augmentation and for a batch that the training part, the
    number of labels or the number of processes does not fit.
    """

    def __init__(self, config: Config, examples: Examples, world: World) -> None:
        self.config, self.examples, self.world = config, examples, world
        check_batch(config, world.size)
        self.augmentation = find("augmentation", config.train.augment, AUGMENTATIONS)
        columns = [examples.numbers(field) for field in examples.fields]
        self.labels = np.stack([*columns, np.arange(len(columns[0]))], axis=1)
        self.steps_per_epoch = len(shard(self._keys(0), world.rank, world.size))

    def __call__(self, epoch: int, start: int) -> Iterator[Batch]:
        """The batches of `epoch` from the `start`-th on."""
        keys, lesson = self._keys(epoch)[start:], self.examples.lesson
        ours = shard(keys, self.world.rank, self.world.size)
        ready = read_ahead(
            partial(self._features if self.examples.views else self._read, epoch), ours
        )
        for number, (rows, given) in enumerate(zip(keys % len(self.labels), ready, strict=True)):
            batch = Batch(
                self._on_device(given, epoch),
                torch.from_numpy(self.labels[rows]),
                lesson.of(rows, self.world.device) if lesson else None,
            )
            yield self._cut(batch, epoch, start + number)

    def _keys(self, epoch: int) -> Rows:
        """What stands in all the epoch's batches, int64 `[steps, B]`.

        A key is a picture's row, plus the number of rows for each time that the epoch took it
        before: a picture's augmentation follows from its key.
        """
        train = self.config.train
        rows = self._rows(epoch, train.batch // train.repeat)
        return np.concatenate([rows + n * len(self.labels) for n in range(train.repeat)], axis=1)

    def _rows(self, epoch: int, batch: int) -> Rows:
        """Keys of all the epoch's batches, each once, int64 `[steps, batch]`."""
        train, rows = self.config.train, self.examples.trained
        if train.per_label and self.examples.fields[0] in self.examples.sets:
            raise UsageError(
                f"expected train.per_label 0 where {self.examples.fields[0]} is in data.sets, "
                f"found {train.per_label}: there are no groups of one set"
            )
        if not train.per_label:
            rows = np.concatenate([rows, self._again()])
            return shuffled_batches(rows, batch, seed=train.seed, epoch=epoch)
        return balanced_batches(
            rows, self.labels[rows, 0], batch, train.per_label, seed=train.seed, epoch=epoch
        )

    def _again(self) -> Rows:
        """The keys of labelled pictures that an epoch takes more than once, but for the first."""
        turns = np.arange(1, self.config.distillation.oversample) * self.config.train.repeat
        return (self.examples.labelled + turns[:, None] * len(self.labels)).flatten()

    def _read(self, epoch: int, keys: Rows) -> tuple[Tensor, Draws]:
        """Pictures uint8 `[n, S, S, 3]` and how each is varied, ready for the device."""
        device = self.world.device
        squares = torch.from_numpy(self.examples.squares[keys % len(self.labels)])
        draws = draw(self.augmentation, self.config.train.seed, epoch, keys)
        return pinned(squares, device), draws.pinned(device)

    def _on_device(self, given: tuple[Tensor, Draws | None], epoch: int) -> Tensor:
        values, draws = given[0].to(self.world.device, non_blocking=True), given[1]
        if draws is None:
            return values
        return apply(values, draws, training_size(self.config, epoch), self.config.preprocessing)

    def _cut(self, batch: Batch, epoch: int, number: int) -> Batch:
        train = self.config.train
        cut = draw_cut(train.cutmix, training_size(self.config, epoch), train.seed, epoch, number)
        if cut is None:
            return batch
        labels, told = pasted(batch.labels, self.world.size), batch.targets
        if told is not None:
            told = Targets(*(pasted(x, self.world.size) for x in (told.features, told.logits)))
        others = Mixed(labels, told, cut.kept)
        return batch._replace(images=paste(batch.images, cut), mixed=others)

    def _features(self, epoch: int, keys: Rows) -> tuple[Tensor, None]:
        """Each picture's features in the view that falls to it in this epoch."""
        views = self.examples.views
        turns = uniforms(Stream.AUGMENT, self.config.train.seed, epoch, keys, 1)[:, 0] * len(views)
        rows = keys % len(self.labels)
        found = np.stack([views[int(turn)][row] for turn, row in zip(turns, rows, strict=True)])
        return pinned(torch.from_numpy(found), self.world.device), None


def check_batch(config: Config, processes: int = 1) -> None:
    """Raise UsageError for a batch that the settings do not divide, whatever the data."""
    train = config.train
    if train.repeat < 1 or train.batch % train.repeat:
        raise UsageError(
            f"expected a batch of which each picture takes train.repeat places, found "
            f"{train.batch} and {train.repeat}: make batch a multiple of repeat"
        )
    if train.accumulate < 1 or train.batch % (train.accumulate * processes):
        raise UsageError(
            f"expected a batch that {processes} processes divide into train.accumulate parts each, "
            f"found {train.batch} and {train.accumulate}: make batch a multiple of their product"
        )
    if not 0 <= train.cutmix <= 1 or (train.cutmix and not config.optim.backbone_lr):
        raise UsageError(
            "expected train.cutmix from 0 to 1, and 0 where optim.backbone_lr is 0, found "
            f"{train.cutmix:g}: a frozen backbone sees whole pictures"
        )
