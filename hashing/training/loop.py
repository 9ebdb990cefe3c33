"""The loop: batches in a fixed order, states, validation, the best weights."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor

from hashing.config import TrainConfig
from hashing.errors import DivergedError
from hashing.training.batches import Batch
from hashing.training.learner import Learner
from hashing.training.provenance import surroundings
from hashing.training.runlog import RunLog
from hashing.training.runtime import Runtime
from hashing.training.state import save_state
from hashing.training.tracking import Tracker


@dataclass
class Course:
    """Where a run stands; with the learner's state, all that its continuation depends on.

    step: updates tried. bad: losses in a row that were not finite; skipped: all of those.
    scores: validations as (step, mAP). best: the weights of the best one. seconds: spent so far.
    """

    step: int = 0
    bad: int = 0
    skipped: int = 0
    scores: list[tuple[int, float]] = field(default_factory=list)
    best: dict[str, Tensor] = field(default_factory=dict)
    seconds: float = 0.0

    def validations_since_best(self) -> int:
        """How many validations have passed without a better one."""
        values = [score for _, score in self.scores]
        return len(values) - 1 - values.index(max(values)) if values else 0


@dataclass
class Loop:
    """One run.

    batches: an epoch's batches from the n-th on, given (epoch, n).
    validate: mAP of `learner.result` on the validation part; None where nothing is chosen.
    folder: where states and `metrics.jsonl` go. track: also told every line of the latter.
    """

    config: TrainConfig
    learner: Learner
    course: Course
    batches: Callable[[int, int], Iterator[Batch]]
    validate: Callable[[], float] | None
    folder: Path
    runtime: Runtime
    track: Tracker = lambda values: None

    def run(self) -> None:
        """Train from where the course stands to the last epoch or an early stop.

        Raises DivergedError after `bad_steps` losses in a row that are not finite; the states
        written before that stay.
        """
        self.started = time.monotonic() - self.course.seconds
        per_epoch, course = self.learner.steps_per_epoch, self.course
        total = per_epoch * self.config.epochs
        path = self.folder / "metrics.jsonl" if self.learner.world.is_main else None
        with (
            closing(RunLog(path, course.step, self.track)) as self.log,
            self.runtime.progress(total, "training", "steps", course.step) as self.bar,
        ):
            while course.step < total and not self._is_stopped():
                epoch, start = divmod(course.step, per_epoch)
                for batch in self.batches(epoch, start):
                    self._step(batch)
                    at_end = course.step % per_epoch == 0
                    if at_end:
                        self._end_epoch(epoch)
                    if at_end or self._is_state_due():
                        self.save()

    def _step(self, batch: Batch) -> None:
        course = self.course
        rate = self.learner.rate(course.step)
        loss = self.learner.step(course.step, *batch)
        self.log.step(course.step, loss, rate)
        course.step += 1
        course.seconds = time.monotonic() - self.started
        if math.isfinite(loss):
            course.bad = 0
        else:
            course.bad += 1
            course.skipped += 1
            if course.bad >= self.config.bad_steps:
                raise DivergedError(
                    f"expected a finite loss, found {course.bad} in a row that were not, the last "
                    f"at step {course.step}; lower --optim.lr or --optim.clip and start again, "
                    f"or resume from the last good state in {self.folder}"
                )
        figures = {"validation mAP": course.scores[-1][1]} if course.scores else {}
        self.bar.advance(1, loss=loss, **figures)

    def _end_epoch(self, epoch: int) -> None:
        """Validate where it is due, and keep the weights where they are the best."""
        every, last = self.config.validate_every, epoch + 1 == self.config.epochs
        if self.validate is None or not every or ((epoch + 1) % every and not last):
            return
        course, score = self.course, self.validate()
        self.log.validation(course.step - 1, epoch, score)
        course.scores.append((course.step, score))
        if course.validations_since_best() == 0:
            weights = self.learner.result.state_dict()
            course.best = {name: tensor.cpu().clone() for name, tensor in weights.items()}

    def _is_stopped(self) -> bool:
        return 0 < self.config.patience <= self.course.validations_since_best()

    def _is_state_due(self) -> bool:
        return self.config.state_every > 0 and self.course.step % self.config.state_every == 0

    def save(self) -> None:
        """Write a state, unless losses just now were not finite: the last good one stays."""
        if self.course.bad or not self.learner.world.is_main:
            return
        self.log.flush()
        state = {
            "learner": self.learner.state_dict(),
            "course": vars(self.course),
            "surroundings": surroundings(),
        }
        save_state(self.folder, self.course.step, state)
