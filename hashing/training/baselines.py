"""What a result is held against: a network that was never trained, and a colour histogram."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from hashing.config import Config
from hashing.data import read_ahead
from hashing.metrics import RetrievalMetrics, evaluate_features
from hashing.models import HashModel
from hashing.training.evaluation import evaluate_network
from hashing.training.examples import Examples, Rows

LEVELS = 8
"""Steps of each colour channel in a histogram."""

BLOCK = 250
"""Pictures whose histograms are made at a time."""

Baselines = dict[str, Mapping[str, RetrievalMetrics]]
"""By method, then by label field."""


def measure_baselines(config: Config, examples: Examples, device: torch.device) -> Baselines:
    """Both baselines on the test part, the network at its full length."""
    torch.manual_seed(config.train.seed)
    untrained = replace(config.model, weights="none")
    network = HashModel(untrained, config.preprocessing).to(device)
    examples = replace(examples, views=())  # the untrained network sees pictures
    # Without the training part, which only classification needs.
    part = replace(examples.test, train=examples.test.train[:0])
    retrieval = evaluate_network(network, examples, part, settled=True).retrieval
    queries, database = (_histograms(examples, rows) for rows in (part.query, part.database))
    return {
        f"untrained, {network.bits} bits": {
            field: by_length[network.bits] for field, by_length in retrieval.items()
        },
        "colour histogram": {
            field: evaluate_features(
                queries,
                database,
                examples.relevant(field, part),
                exclude=examples.excluded(field, part),
            )
            for field in examples.measured
        },
    }


def _histograms(examples: Examples, rows: Rows) -> NDArray[np.float32]:
    """Those of some pictures, `BLOCK` of which are held at a time."""
    blocks = [rows[start : start + BLOCK] for start in range(0, len(rows), BLOCK)]
    return np.concatenate(
        [colour_histograms(squares) for squares in read_ahead(examples.squares.__getitem__, blocks)]
    )


def colour_histograms(squares: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Joint histogram of red, green and blue, float32 `[N, 512]`, of uint8 `[N, S, S, 3]`.

    Square roots of shares, so that the cosine of two rows is their Bhattacharyya coefficient.
    """
    counts = [_counts(square.reshape(-1, 3)) for square in squares]
    shares: NDArray[np.float32] = (np.stack(counts) / squares[0, ..., 0].size).astype(np.float32)
    return np.sqrt(shares)


def _counts(pixels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """How many of a picture's pixels, `[P, 3]`, fall into each bin, `[512]`."""
    steps = (pixels // (256 // LEVELS)).astype(np.intp)
    bins = (steps[:, 0] * LEVELS + steps[:, 1]) * LEVELS + steps[:, 2]
    return np.bincount(bins, minlength=LEVELS**3)
