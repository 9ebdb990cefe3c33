"""What a report says in words."""

import json
from typing import Any

import numpy as np
import pytest

from hashing.config import Config
from hashing.training.evaluation import Evaluation
from hashing.training.examples import Examples, Part
from hashing.training.report import as_json, below_baselines, headline, measures


def metrics(ours: float, histogram: float) -> dict[str, Any]:
    def found(value: float) -> dict[str, Any]:
        return {"mean_average_precision": value, "curve": [[0.5, value], [1.0, 0.2]]}

    return {
        "retrieval": {"style": {"16": found(0.9), "64": found(ours)}},
        "baselines": {"colour histogram": {"style": found(histogram)}},
    }


@pytest.mark.parametrize(
    ("ours", "histogram", "warns"), [(0.5, 0.4, 0), (0.4, 0.4, 1), (0.3, 0.4, 1)]
)
def test_a_result_below_its_baseline_is_said_in_words(
    ours: float, histogram: float, warns: int
) -> None:
    told = below_baselines(metrics(ours, histogram))
    assert len(told) == warns
    for line in told:
        assert "by style the code of 64 bits finds no more than colour histogram does" in line
    assert below_baselines({**metrics(ours, histogram), "baselines": {}}) == []
    (by_chance,) = below_baselines({**metrics(0.2, 0.1), "baselines": {}})
    assert by_chance.endswith("finds no more than chance does (mAP 0.200 and 0.200).")


@pytest.mark.parametrize(
    ("codes", "several", "collapsed"),
    [(3, False, False), (2, False, True), (4, True, False), (3, True, True)],
)
def test_a_model_has_collapsed_where_its_database_has_more_classes_than_codes(
    codes: int, several: bool, collapsed: bool
) -> None:
    rows = np.arange(10)
    database = rows[5:9]  # four pictures of three classes, or of six labels
    classes = np.array([0, 1, 2, 3, 4, 5, 6, 7, 5, 8])
    data = Examples(
        squares=np.zeros((10, 1, 1, 3), np.uint8),
        labels={"kind": np.eye(9, 12, dtype=bool)[classes] | (np.arange(12) > 8)}
        if several
        else {"kind": classes},
        classes={"kind": [*"abcdefghijkl"]},
        fields=["kind"],
        contents=rows,
        splits=(),
        test=Part(rows[:5], rows[9:], database, {}),
        validation=None,
        about={"split": {"protocol": "holdout"}},
    )
    logits = np.eye(8, dtype=np.float32)[np.arange(4) % codes] - 0.5
    told = measures(Config(), data, Evaluation({}, {}, logits[:0], logits))
    assert told["distinct_codes"] == codes
    assert told["collapsed"] is collapsed


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({}, "500 trained on; "),
        ({"unlabelled": 0}, "500 trained on; "),
        ({"unlabelled": 92_916}, "500 trained on beside 92,916 without labels; "),
    ],
)
def test_pictures_without_labels_are_told_beside_those_with(
    more: dict[str, int], told: str
) -> None:
    split = {"query": 10, "database": 20, "train": 500, "digest": "f" * 64}
    line = headline(
        {"data": {"name": "cifar10"}, "protocol": "5k", "split": split, "seed": 0, **more}
    )
    assert told in line


def test_lists_of_plain_values_stand_on_one_line_and_nothing_is_changed() -> None:
    found = {
        "confusion": [[4, 0], [1, 3]],
        "classes": ["[\n 1\n]", "a  b, c", "ü"],
        "bits": [16, 32.5, None, True],
        "nested": [{"steps": [[1, 0.5]]}, {}],
        "none": [],
        "name": "[ 1,\n 2 ]",
    }
    text = as_json(found)
    assert json.loads(text) == found
    lines = text.splitlines()
    assert ' "bits": [16, 32.5, null, true],' in lines
    assert "  [4, 0]," in lines
    assert text.endswith("}\n")
