import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.config import Config, ModelConfig, Preprocessing
from hashing.data import Rows, Squares
from hashing.models import HashModel, normalise
from hashing.training.baselines import colour_histograms, measure_baselines
from hashing.training.evaluation import classify, evaluate_logits, evaluate_network
from hashing.training.examples import GRADED, Examples, Part


def examples(count: int = 40) -> Examples:
    rng = np.random.default_rng(0)
    squares = rng.integers(0, 256, (count, 32, 32, 3), np.uint8)
    rows = np.arange(count)
    return Examples(
        squares=squares,
        labels={"style": rows % 4, "artist": rows % 8},
        classes={"style": list("abcd"), "artist": list("abcdefgh")},
        fields=["style", "artist"],
        contents=rows,
        splits=(),
        test=Part(rows[:20], rows[20:30], rows[15:], {"style": ("artist",)}),
        validation=None,
        about={},
    )


def test_figures_are_those_of_the_logits_by_hand() -> None:
    torch.manual_seed(0)
    network = HashModel(ModelConfig("small_cnn", lengths=(8, 16)), Preprocessing(32)).eval()
    data = examples()
    found = evaluate_network(network, data, data.test)
    assert set(found.retrieval) == {"style", "artist", GRADED}
    with torch.inference_mode():
        images = normalise(torch.from_numpy(data.squares), network.preprocessing)
        bits = (network(images) >= 0).numpy()
    precisions = []
    for query in data.test.query:
        others = [
            row
            for row in data.test.database
            if row != query and data.labels["artist"][row] != data.labels["artist"][query]
        ]
        distances = np.array([(bits[query, :8] != bits[row, :8]).sum() for row in others])
        relevant = data.labels["style"][others] == data.labels["style"][query]
        orders = []
        rng = np.random.default_rng(0)
        for _ in range(4000):  # ties in random order
            order = np.lexsort((rng.random(len(others)), distances))
            hits = relevant[order]
            orders.append((hits.cumsum() / (1 + np.arange(len(hits))))[hits].mean())
        precisions.append(np.mean(orders))
    expected = found.retrieval["style"][8].mean_average_precision
    assert expected == pytest.approx(np.mean(precisions), abs=3e-3)
    assert found.distinct == len(np.unique(bits[data.test.database], axis=0))
    assert found.queries.shape == (10, 16)
    assert Codes.from_logits(found.database).bits == 16


def test_classification_takes_the_nearest_mean_direction() -> None:
    train = np.array([[2, 0], [9, 1], [0, 3], [-1, 5], [7, 7]], np.float32)
    queries = np.array([[1, 0.1], [0.2, 50], [1, 0], [3, 3]], np.float32)
    labels = np.array([0, 0, 1, 1, -1])
    found = classify(queries, np.array([0, 1, 1, -1]), train, labels, 2)
    assert found.confusion.tolist() == [[1, 0], [1, 1]]
    assert found.accuracy == pytest.approx(2 / 3)


def test_classes_without_a_picture_in_any_part_have_their_place_and_are_never_found() -> None:
    data = examples()
    data = replace(data, classes={**data.classes, "style": [*"abcd", "unlabeled"]})
    logits = np.random.default_rng(0).normal(size=(40, 16)).astype(np.float32)
    found = evaluate_logits(logits[data.test.rows], [16], data, data.test)
    confusion = found.classification["style"].confusion
    assert confusion.shape == (5, 5)
    assert confusion.sum() == 10
    assert confusion[:, 4].sum() == 0
    one = np.ones((1, 8), np.float32)
    assert classify(one, np.array([0]), -one, np.array([0]), 2).accuracy == 1


def test_histograms_compare_by_the_bhattacharyya_coefficient() -> None:
    squares = np.zeros((2, 16, 16, 3), np.uint8)
    squares[0, :4] = (255, 0, 0)
    squares[1, :12] = (255, 0, 0)
    histograms = colour_histograms(squares)
    assert histograms.shape == (2, 512)
    np.testing.assert_allclose((histograms**2).sum(axis=1), 1, rtol=1e-6)
    shared = np.sqrt(0.25 * 0.75) * 2
    assert histograms[0] @ histograms[1] == pytest.approx(shared, rel=1e-6)


def test_a_histogram_takes_little_memory_beside_the_pictures() -> None:
    squares = np.zeros((40, 64, 64, 3), np.uint8)
    tracemalloc.start()
    colour_histograms(squares)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 2 * squares.nbytes


class Watched:
    """Pictures of which it is noted how many are asked for at a time."""

    def __init__(self, squares: Squares) -> None:
        self.squares, self.shape, self.asked = squares, squares.shape, list[int]()

    def __getitem__(self, rows: Rows) -> NDArray[np.uint8]:
        self.asked.append(len(rows))
        return self.squares[rows]


def test_baselines_cover_every_field_and_hold_few_pictures_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hashing.training.baselines.BLOCK", 4)
    monkeypatch.setattr("hashing.training.evaluation.BATCH", 4)
    config = Config(
        # of weights that lie nowhere nothing is read: the network was never trained
        model=ModelConfig("small_cnn", weights="nowhere.pth", lengths=(8,)),
        preprocessing=Preprocessing(32),
    )
    pictures = Watched(examples().squares)
    data = replace(examples(), squares=pictures)
    found = measure_baselines(config, data, torch.device("cpu"))
    assert max(pictures.asked) == 4
    assert set(found) == {"untrained, 8 bits", "colour histogram"}
    for by_field in found.values():
        assert set(by_field) == {"style", "artist", GRADED}
