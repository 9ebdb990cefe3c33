from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from hashing.config import Config, TrainConfig
from hashing.training.epochs import Course, course_of, epochs_of
from hashing.training.figures import draw_measures, shown
from hashing.training.plots import (
    classifier_sheet,
    confusion,
    learning_curves,
    map_by_length,
    precision_recall,
)
from hashing.training.plots.learning import running_mean

RECORDS = [
    {"step": 0, "loss": 3.0, "rate": 1.0, "accuracy": 0.1},
    {"step": 1, "loss": None, "rate": 1.0, "accuracy": 0.9},
    {"step": 2, "loss": 1.0, "rate": 1.0, "accuracy": 0.3},
    {"step": 2, "epoch": 0, "validation": 0.4, "validation_accuracy": 0.5, "validation_loss": 1.5},
    {"step": 3, "loss": 0.5, "rate": 1.0, "accuracy": 0.6},
    {"step": 3, "epoch": 1, "validation": 0.6, "validation_accuracy": 0.7, "validation_loss": 1.2},
]


def labels(figure: Figure) -> list[tuple[str, str, str]]:
    return [
        (axes.get_title(loc="left"), axes.get_xlabel(), axes.get_ylabel()) for axes in figure.axes
    ]


def found(value: float, chance: float = 0.1) -> dict[str, Any]:
    return {
        "mean_average_precision": value,
        "mean_average_precision_worst": value - 0.05,
        "mean_average_precision_best": value + 0.05,
        "curve": [[0.1, value], [1.0, chance]],
    }


def test_a_run_without_validations_shows_its_loss_and_rate_alone() -> None:
    losses = [(0, 2.0), (1, 1.5)]
    course = Course(losses, [(0, 0.5), (1, 1.0)], peak_rate=0.02, steps_per_epoch=2)
    assert labels(learning_curves(course)) == [
        ("Loss", "", "loss, mean of a batch"),
        ("", "step (2 an epoch)", "rate"),
    ]
    rate = learning_curves(course).axes[1]
    assert rate.lines[0].get_ydata().tolist() == [0.5, 1.0]
    assert [tick.get_text() for tick in rate.get_yticklabels()] == ["0", "0.02"]
    both = learning_curves(Course(losses, scores=[(1, 0.5)]))
    assert both.axes[2].lines[0].get_ydata().tolist() == [0.5]


def test_changes_of_size_are_marked_where_they_happen() -> None:
    config = Config(train=TrainConfig(epochs=3, sizes=(32, 48)))
    course = course_of(RECORDS, config, steps_per_epoch=10, chance=0.25)
    assert course.sizes == [(0, 32), (20, 48)]
    assert [step for step, _ in course.rates] == [0, 1, 2, 3]
    loss, rate, validation, accuracy = learning_curves(course).axes
    for axes in (loss, rate, validation):
        assert [20, 20] in [np.asarray(line.get_xdata()).tolist() for line in axes.lines]
    assert [text.get_text() for text in loss.texts] == ["32 px", "48 px"]
    assert [0.25, 0.25] in [np.asarray(line.get_ydata()).tolist() for line in accuracy.lines]
    one_size = course_of(RECORDS, Config(train=TrainConfig(epochs=3)), 10)
    assert not learning_curves(one_size).axes[0].texts


def test_the_mean_of_a_loss_lies_in_the_midst_of_its_steps() -> None:
    values = np.arange(200.0)
    assert running_mean(values)[100] == 100
    values[100] = np.nan
    assert running_mean(values)[100] == 100
    assert np.isfinite(running_mean(np.full(3, np.nan))).all()


def test_baselines_and_chance_are_drawn_in() -> None:
    histogram = {"colour histogram": {"style": found(0.3)}}
    by_length = {"16": found(0.5), "64": found(0.6, 0.125)}
    (axes,) = map_by_length({"style": by_length}, histogram).axes
    levels = {line.get_label(): np.asarray(line.get_ydata()).tolist() for line in axes.lines}
    assert levels == {
        "codes": [0.5, 0.6],
        "colour histogram": [0.3, 0.3],
        "chance": [0.125, 0.125],
    }
    figure = precision_recall(by_length, "style", {"colour histogram": found(0.3)})
    assert labels(figure) == [("Precision and recall by style", "recall", "precision")]
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "16 bits",
        "64 bits",
        "colour histogram",
        "chance, 0.125",
    ]
    first, second = figure.axes[0].lines[:2]
    assert first.get_linewidth() > second.get_linewidth()  # both are seen where they meet


def test_charts_are_files_twice_and_shown_once(tmp_path: Path) -> None:
    metrics = {
        "retrieval": {"style": {"16": found(0.5)}},
        "baselines": {},
        "classification": {
            "style": {"accuracy": 0.5, "confusion": [[1, 1], [0, 0]], "classes": ["a", "b"]}
        },
    }
    files = draw_measures(metrics)
    names = ("confusion-style", "lengths", "precision-recall-style")
    assert sorted(files) == sorted(f"{name}.{kind}" for name in names for kind in ("png", "svg"))
    assert shown([*files, "answers-style.png", "metrics.json"]) == [
        "answers-style.png",
        *(f"{name}.svg" for name in names),
    ]
    for name, content in files.items():
        start = b"<?xml" if name.endswith(".svg") else b"\x89PNG"
        assert content.startswith(start)
        assert len(content) < 100_000
    assert draw_measures(metrics) == files


def test_a_classifier_shows_its_accuracy_by_epoch() -> None:
    first, second = epochs_of(RECORDS)
    assert (first.number, first.loss, first.accuracy) == (
        1,
        2.0,
        0.2,
    )  # without what was not finite
    assert (second.validation_accuracy, second.validation_loss) == (0.7, 1.2)
    figure = learning_curves(Course([(0, 3.0)], scores=[(2, 0.4)], epochs=[first, second]))
    training, validation, _ = figure.axes[3].lines
    assert training.get_ydata().tolist() == [0.2, 0.6]
    assert validation.get_ydata().tolist() == [0.5, 0.7]
    assert epochs_of([{"step": 0, "loss": 1.0}, {"step": 0, "epoch": 0, "validation": 0.2}]) == []


def test_confusions_tell_how_many_and_how_well() -> None:
    matrix = np.array([[3, 1], [0, 4]])
    title = confusion(matrix, ["cat", "dog"], "Found").axes[0].get_title(loc="left")
    assert title == "Found\nn = 8, accuracy 0.875; always the most frequent: 0.500"
    axes = confusion(matrix, ["cat", "dog"], "Found").axes[0]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["cat (4)", "dog (4)"]
    sheet = classifier_sheet({"cnn": epochs_of(RECORDS)}, {"cnn": matrix}, ["cat", "dog"])
    titles = [axes.get_title(loc="left") for axes in sheet.axes]
    assert titles == ["Loss", "Accuracy", "cnn, n = 8, accuracy 0.875"]
