"""The trainer: batches in a fixed order, states, validation, the best weights."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor

from hashing.config import TrainConfig
from hashing.device import freed_memory_kept
from hashing.errors import DivergedError
from hashing.training.batches import Batch
from hashing.training.learner import Learner
from hashing.training.provenance import surroundings
from hashing.training.runlog import RunLog
from hashing.training.runtime import Runtime
from hashing.training.state import StateWriter, on_cpu
from hashing.training.tracking import Tracker


@dataclass
class TrainState:
    """Where a run stands; with the learner's state, all that its continuation depends on.

    step: updates tried. bad: losses in a row that were not finite; skipped: all of those.
    scores: validations as (step, mAP). best: the weights of the best one, and best_losses those of
    its losses. seconds: spent so far;
    spent: of these, by what training did beside its steps: waiting for batches, validating, and
    saving, as far as steps had to wait for it.
    """

    step: int = 0
    bad: int = 0
    skipped: int = 0
    scores: list[tuple[int, float]] = field(default_factory=list)
    best: dict[str, Tensor] = field(default_factory=dict)
    best_losses: dict[str, Tensor] = field(default_factory=dict)
    seconds: float = 0.0
    spent: dict[str, float] = field(default_factory=dict)

    def validations_since_best(self) -> int:
        """How many validations have passed without a better one."""
        values = [score for _, score in self.scores]
        return len(values) - 1 - values.index(max(values)) if values else 0


@dataclass
class Trainer:
    """One run.

    batches: an epoch's batches from the n-th on, given (epoch, n).
    validate: mAP of `learner.result` on the validation part, and further figures by name; None
        where nothing is chosen.
    folder: where states and `metrics.jsonl` go. track: also told every line of the latter.
    is_started: whether the weights before the first step are a model's, to be validated as well.
    """

    config: TrainConfig
    learner: Learner
    state: TrainState
    batches: Callable[[int, int], Iterator[Batch]]
    validate: Callable[[], tuple[float, Mapping[str, float]]] | None
    folder: Path
    runtime: Runtime
    track: Tracker = lambda values: None
    is_started: bool = False

    def run(self) -> None:
        """Train from where the state stands to the last epoch or an early stop.

        Raises DivergedError after `bad_steps` losses in a row that are not finite; the states
        written before that stay.
        """
        self.started = time.monotonic() - self.state.seconds
        self.saved_at, self.saved_step = time.monotonic(), -1
        per_epoch, state = self.learner.steps_per_epoch, self.state
        total = per_epoch * self.config.epochs
        path = self.folder / "metrics.jsonl" if self.learner.world.is_main else None
        with (
            freed_memory_kept(self.learner.world.device),
            closing(RunLog(path, state.step, self.track)) as self.log,
            closing(StateWriter(self.folder)) as self.writer,
            self.runtime.progress(total, "training", "steps", state.step) as self.bar,
        ):
            if self.is_started and self.config.validate_every and not (state.step or state.scores):
                self._validate(0, -1)
            while state.step < total and not self._is_stopped():
                epoch, start = divmod(state.step, per_epoch)
                for batch in self._waited_for(self.batches(epoch, start)):
                    self._step(batch)
                    if state.step % per_epoch == 0:
                        self._end_epoch(epoch)
                    if self._is_state_due():
                        self.save()
            if self.saved_step != state.step:
                self.save()

    def _step(self, batch: Batch) -> None:
        state = self.state
        rate = self.learner.rate(state.step)
        loss, accuracy = self.learner.step(state.step, batch)
        self.log.step(state.step, loss, rate, accuracy)
        state.step += 1
        state.seconds = time.monotonic() - self.started
        if math.isfinite(loss):
            state.bad = 0
        else:
            state.bad += 1
            state.skipped += 1
            if state.bad >= self.config.bad_steps:
                raise DivergedError(
                    f"expected a finite loss, found {state.bad} in a row that were not, the last "
                    f"at step {state.step}: start again in another --out than {self.folder} with a "
                    "lower --optim.lr or --optim.clip, or go on from its last good state by "
                    "--resume auto with more --train.bad_steps"
                )
        figures = {"validation mAP": state.scores[-1][1]} if state.scores else {}
        self.bar.advance(1, loss=loss, **figures)

    def _end_epoch(self, epoch: int) -> None:
        """Validate where it is due."""
        every, last = self.config.validate_every, epoch + 1 == self.config.epochs
        if every and (last or (epoch + 1) % every == 0):
            self._validate(self.state.step - 1, epoch)

    def _validate(self, step: int, epoch: int) -> None:
        """Score the result on the validation part, and keep its weights where it is the best."""
        if self.validate is None:
            return
        with self._spending("validating"):
            state, (score, further) = self.state, self.validate()
        self.log.validation(step, epoch, score, further)
        state.scores.append((state.step, score))
        if state.validations_since_best() == 0:
            state.best = on_cpu(self.learner.result.state_dict())
            state.best_losses = on_cpu(self.learner.objective.state_dict())

    def _is_stopped(self) -> bool:
        return 0 < self.config.patience <= self.state.validations_since_best()

    def _is_state_due(self) -> bool:
        every, minutes = self.config.state_every, self.config.state_minutes
        by_time = minutes > 0 and time.monotonic() - self.saved_at >= 60 * minutes
        return by_time or (every > 0 and self.state.step % every == 0)

    def save(self) -> None:
        """Write a state, unless losses just now were not finite: the last good one stays."""
        if self.state.bad or not self.learner.world.is_main:
            return
        self.log.flush()
        with self._spending("saving"):
            state = {
                "learner": self.learner.state_dict(),
                "course": vars(self.state),
                "surroundings": surroundings(),
            }
            self.writer.write(self.state.step, state)
        self.saved_at, self.saved_step = time.monotonic(), self.state.step

    def _waited_for(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """The batches; how long each is waited for is counted."""
        while True:
            with self._spending("waiting"):
                batch = next(batches, None)
            if batch is None:
                return
            yield batch

    @contextmanager
    def _spending(self, what: str) -> Iterator[None]:
        start = time.monotonic()
        yield
        spent = self.state.spent
        spent[what] = spent.get(what, 0.0) + time.monotonic() - start
