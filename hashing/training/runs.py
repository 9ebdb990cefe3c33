"""A run from configuration to model folder, and the measuring of a model that exists."""

import json
import warnings
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from hashing.config import Config, DistillationConfig
from hashing.files import write_new
from hashing.losses import Distillation, find_refinements, make_objective
from hashing.models import (
    HashModel,
    load_model,
    round_to_half,
    save_model,
)
from hashing.training.average import average_weights
from hashing.training.baselines import measure_baselines
from hashing.training.batches import Batches
from hashing.training.checks import check
from hashing.training.claim import claim, held
from hashing.training.closeness import CLOSENESS, calibrated, rows_to_calibrate
from hashing.training.distributed import World, world
from hashing.training.epochs import course_of
from hashing.training.evaluation import (
    Evaluation,
    classify_by,
    compute_logits,
    evaluate_logits,
    evaluate_network,
)
from hashing.training.examples import Examples
from hashing.training.figures import draw_course, draw_found, draw_measures, shown
from hashing.training.fitted import check_to_fit, fit_to_features
from hashing.training.frozen import encode_views, is_frozen
from hashing.training.learner import Learner
from hashing.training.preparation import prepare
from hashing.training.provenance import plain_config, provenance, public_config, surroundings
from hashing.training.report import Metrics, as_json, card, centre_remarks, measures, most_frequent
from hashing.training.runlog import read_records
from hashing.training.runtime import Runtime
from hashing.training.start import check_centres, start_remarks, teach_losses
from hashing.training.state import load_newest_state
from hashing.training.teaching import teacher_remarks
from hashing.training.tracking import Tracker, tracking
from hashing.training.trainer import Trainer, TrainState
from hashing.training.validation import validation

FEATURES = "features"
"""Folder beside the runs in which what frozen backbones gave is kept."""


def train(config: Config, out: Path, runtime: Runtime, *, resume: bool = False) -> Metrics:
    """Train as `config` says, write `out/model`, and return what its `metrics.json` holds.

    With `resume` the run in `out` goes on where it stopped; one that has ended is only read.
    Raises UsageError where `out` holds a run and `resume` is not given, or where that run has
    other settings; BusyError while another process trains there; DivergedError where the loss
    stops being finite. Of several processes only the first returns metrics.
    """
    with world(runtime.device) as here, ExitStack() as lock:
        runtime = runtime if here.is_main else runtime.silent()
        with here.main_first():
            if here.is_main:
                check(config, here.size)
                lock.enter_context(held(out, runtime.log))
                claim(out, config, resume)
        finished = out / "model" / "metrics.json"
        if finished.exists():
            metrics: Metrics = json.loads(finished.read_text(encoding="utf-8"))
            return metrics if here.is_main else {}
        with here.main_first():
            examples = prepare(config, runtime, here.size)
        if here.is_main:
            for split in examples.splits:
                split.write(out / f"split-{split.part}.json")
        made_with = provenance(here.device)  # before an hour passes in which the code may change
        with tracking(runtime.wandb, out, plain_config(config), runtime.log) as track:
            run = _Run(config, here, out, runtime, track)
            learner, state, examples = _learn(run, examples)
            if not here.is_main:
                return {}
            return _finish(run, examples, learner, state, made_with)


def evaluate(config: Config, folder: Path, runtime: Runtime, out: Path | None = None) -> Metrics:
    """Measure the model in `folder` on the data and protocol of `config`.

    out: where to write `metrics.json` and the figures; nothing is written without.
    Of several processes the first does it alone; the others return nothing.
    """
    with world(runtime.device) as here:
        if not here.is_main:
            return {}
        network = load_model(folder, here.device)
        config = replace(config, model=network.config, preprocessing=network.preprocessing)
        config = replace(config, start=None, teacher=None, distillation=DistillationConfig())
        examples = prepare(config, runtime, learning=False)
        with runtime.progress(len(examples.test.rows), "testing", "pictures") as bar:
            found = evaluate_network(
                network, examples, examples.test, settled=True, on_pictures=bar.advance
            )
        metrics = measures(config, examples, found) | provenance(here.device)
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
            write_new(out / "metrics.json", [as_json(metrics).encode()])
            for name, figure in (draw_measures(metrics) | draw_found(examples, found)).items():
                write_new(out / name, [figure])
        return metrics


def make_learner(
    config: Config,
    examples: Examples,
    steps_per_epoch: int,
    here: World,
    network: HashModel | None = None,
) -> Learner:
    """Network and losses as they are before the first step: a function of the seed."""
    if network is None:
        network = make_network(config)
    classes = {field: len(examples.classes[field]) for field in examples.fields}
    learned = {
        field: examples.numbers(field)[examples.trained]
        for field in examples.fields
        if field not in examples.sets
    }
    objective = make_objective(
        config.losses,
        config.data.fields,
        classes,
        config.model.lengths,
        config.train.seed,
        refinements=find_refinements(learned, classes, config.centres.coarser),
        share=config.centres.share,
        sets=examples.sets,
    )
    lesson = examples.lesson
    distillation = None
    if lesson is not None:
        taught = lesson.targets.features.shape[1]
        distillation = Distillation(config.distillation, network.channels, taught)
    return Learner(config, network, objective, steps_per_epoch, here, distillation)


def make_network(config: Config) -> HashModel:
    """The network before the first step; seeds what is random from here on."""
    torch.manual_seed(config.train.seed)
    network = HashModel(config.model, config.preprocessing)
    if config.starts:
        network.load_state_dict(average_weights(config.starts))
    return network


@dataclass(frozen=True)
class _Run:
    """What surrounds the training of one model, from beginning to end."""

    config: Config
    here: World
    out: Path
    runtime: Runtime
    track: Tracker


def _learn(run: _Run, examples: Examples) -> tuple[Learner, TrainState, Examples]:
    """Train to the end, from the newest state in the run's folder where there is one.

    The examples come back with the features of a frozen backbone.
    """
    config, here, out, runtime = run.config, run.here, run.out, run.runtime
    check_to_fit(config, examples)
    network = make_network(config)
    network.to(here.device)
    if is_frozen(config):
        round_to_half(network)  # as it is stored, for its features are kept
        with here.main_first():
            views = encode_views(network, config, examples, out.parent / FEATURES, runtime)
        examples = replace(examples, views=views)
    if not config.starts:
        fit_to_features(network, examples, config.data.fields, runtime)
    batches = Batches(config, examples, here)
    learner = make_learner(config, examples, batches.steps_per_epoch, here, network)
    objective = learner.objective
    check_centres(config, objective)
    for remark in (
        *start_remarks(config),
        *centre_remarks(objective.centre_distances(), objective.coarser_distances()),
        *teacher_remarks(config, objective),
    ):
        runtime.log(remark)
    state, started = _resumed(learner, out, runtime), bool(config.starts)
    if started and state is None:
        teach_losses(learner, examples, runtime)
    state = state or TrainState()
    validate = validation(examples, learner)
    Trainer(config.train, learner, state, batches, validate, out, runtime, run.track, started).run()
    return learner, state, examples


def _finish(
    run: _Run, examples: Examples, learner: Learner, state: TrainState, made_with: Metrics
) -> Metrics:
    """Measure the chosen weights on the test part and publish them with all that is known."""
    config, out, network = run.config, run.out, learner.result
    if state.best:
        network.load_state_dict(state.best)
    if state.best_losses:
        learner.objective.load_state_dict(state.best_losses)
    round_to_half(network)
    found, words = _measured_with_words(network, examples, run.runtime)
    metrics = {
        **measures(config, examples, found),
        **made_with,
        "unlabelled": len(examples.unlabelled),
        CLOSENESS: words,
        "classifier": {
            field: classifier.as_dict()
            for field, classifier in classify_by(
                learner.objective, found, examples, examples.test
            ).items()
        },
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "validations": state.scores,
        "skipped_steps": state.skipped,
        "centre_distances": learner.objective.centre_distances(),
        "coarser_distances": learner.objective.coarser_distances(),
        "baselines": _baselines(config, examples, run.here),
        "duration_s": state.seconds,
        "spent_s": state.spent,
    }
    records = read_records(out / "metrics.jsonl")
    course = course_of(records, config, learner.steps_per_epoch, most_frequent(metrics))
    figures = draw_course(course) | draw_measures(metrics) | draw_found(examples, found)
    images = {name: figure for name, figure in figures.items() if name.endswith(".png")}
    run.track({"retrieval": metrics["retrieval"], **images})
    settings = yaml.safe_dump(public_config(config), sort_keys=False, allow_unicode=True)
    files: dict[str, str | bytes] = {
        "README.md": card(out.name, metrics, shown(figures)),
        "metrics.json": as_json(metrics),
        "recipe.yaml": settings,
        **figures,
    }
    extra = {"objective": learner.objective.record(), CLOSENESS: words}
    save_model(network, out / "model", extra=extra, files=files, half=True)
    return metrics


def _resumed(learner: Learner, out: Path, runtime: Runtime) -> TrainState | None:
    """The course of the newest state in `out`, taken up by `learner`; None where there is none."""
    state = load_newest_state(out)
    if state is None:
        return None
    for name, now in surroundings().items():
        before = state["surroundings"][name]
        if before != now:
            warnings.warn(
                f"this run went with {name} {before} and goes on with {now}: "
                "its result will differ in the last digits",
                stacklevel=2,
            )
    learner.load_state_dict(state["learner"])
    runtime.log(f"resuming at step {state['course']['step']:,}")
    return TrainState(**state["course"])


def _measured_with_words(
    network: HashModel, examples: Examples, runtime: Runtime
) -> tuple[Evaluation, dict[str, Any]]:
    """What a network finds, and the words for its distances; each picture is looked at once."""
    rows = np.union1d(examples.test.rows, rows_to_calibrate(examples))
    with runtime.progress(len(rows), "testing", "pictures") as bar:
        logits = compute_logits(network, examples, rows, settled=True, on_pictures=bar.advance)
    test = logits[np.searchsorted(rows, examples.test.rows)]
    found = evaluate_logits(test, network.lengths, examples, examples.test, network.device)
    return found, calibrated(logits, rows, network.lengths, examples)


def _baselines(config: Config, examples: Examples, here: World) -> dict[str, Any]:
    if not config.train.baselines:
        return {}
    return {
        method: {field: found.as_dict() for field, found in by_field.items()}
        for method, by_field in measure_baselines(config, examples, here.device).items()
    }
