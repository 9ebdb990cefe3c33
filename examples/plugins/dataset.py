"""A data set of your own: `--data.name dataset:stripes --data.count 120`."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from hashing.config import DataConfig
from hashing.sources import Catalogue, read_catalogue

KINDS = ("ash", "birch", "cedar")


def stripes(config: DataConfig, on_progress: Callable[[int], None]) -> Catalogue:
    """Draw `config.count` pictures of three kinds of stripes, once; labels are their folders."""
    root = config.root or Path("data") / f"stripes-{config.count}-{config.seed}"
    random = np.random.default_rng(config.seed)
    for number in range(config.count):
        kind = number % len(KINDS)
        file = root / KINDS[kind] / f"{number:05}.png"
        pixels = random.integers(0, 90, (32, 32, 3), np.uint8)
        pixels[:: 2 + kind, :, kind] += 150
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(file)
        on_progress(1)
    return read_catalogue(root)
