import numpy as np

from hashing.training.epochs import epochs_of
from hashing.training.plots import classifier_sheet, confusion, learning_curves

RECORDS = [
    {"step": 0, "loss": 3.0, "rate": 1.0, "accuracy": 0.1},
    {"step": 1, "loss": None, "rate": 1.0, "accuracy": 0.9},
    {"step": 2, "loss": 1.0, "rate": 1.0, "accuracy": 0.3},
    {"step": 2, "epoch": 0, "validation": 0.4, "validation_accuracy": 0.5, "validation_loss": 1.5},
    {"step": 3, "loss": 0.5, "rate": 1.0, "accuracy": 0.6},
    {"step": 3, "epoch": 1, "validation": 0.6, "validation_accuracy": 0.7, "validation_loss": 1.2},
]


def test_a_run_without_validations_shows_its_loss_alone() -> None:
    losses = [(0, 2.0), (1, 1.5)]
    titles = [axes.get_title(loc="left") for axes in learning_curves(losses, []).axes]
    assert titles == ["Loss"]
    both = learning_curves(losses, [(1, 0.5)])
    assert len(both.axes) == 2
    assert both.axes[1].lines[0].get_ydata().tolist() == [0.5]


def test_a_classifier_shows_its_accuracy_by_epoch() -> None:
    first, second = epochs_of(RECORDS)
    assert (first.number, first.loss, first.accuracy) == (
        1,
        2.0,
        0.2,
    )  # without what was not finite
    assert (second.validation_accuracy, second.validation_loss) == (0.7, 1.2)
    figure = learning_curves([(0, 3.0)], [(2, 0.4)], [first, second])
    training, validation, _ = figure.axes[2].lines
    assert training.get_ydata().tolist() == [0.2, 0.6]
    assert validation.get_ydata().tolist() == [0.5, 0.7]
    assert epochs_of([{"step": 0, "loss": 1.0}, {"step": 0, "epoch": 0, "validation": 0.2}]) == []


def test_confusions_tell_how_many_and_how_well() -> None:
    matrix = np.array([[3, 1], [0, 4]])
    title = confusion(matrix, ["cat", "dog"], "Found").axes[0].get_title(loc="left")
    assert title == "Found\nn = 8, accuracy 0.875"
    sheet = classifier_sheet({"cnn": epochs_of(RECORDS)}, {"cnn": matrix}, ["cat", "dog"])
    titles = [axes.get_title(loc="left") for axes in sheet.axes]
    assert titles == ["Loss", "Accuracy", "cnn, n = 8, accuracy 0.875"]
