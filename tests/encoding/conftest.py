from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hashing.sources import Catalogue, read_catalogue


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    """Eleven pictures of noise, the fifth of them broken."""
    random = np.random.default_rng(0)
    for n in range(11):
        picture = Image.fromarray(random.integers(0, 256, (40, 50, 3), np.uint8))
        picture.save(tmp_path / f"{n:02}.png")
    (tmp_path / "04.png").write_bytes(b"broken")
    return read_catalogue(tmp_path)
