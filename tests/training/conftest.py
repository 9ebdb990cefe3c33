from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Class folders of 96 pictures, 32 px: four classes that differ in colour and stripes."""
    root = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    for number, name in enumerate(("ash", "birch", "cedar", "dogwood")):
        (root / name).mkdir()
        for row in range(24):
            noise = rng.integers(0, 90, (32, 32, 3))
            noise[:: 2 + number, :, number % 3] += 150
            image = Image.fromarray(noise.clip(0, 255).astype(np.uint8))
            image.save(root / name / f"{row:03}.png")
    return root


@pytest.fixture
def recipe(tmp_path: Path, pictures: Path) -> Path:
    """A recipe that trains on `pictures` in about a second."""
    path = tmp_path / "stripes.yaml"
    path.write_text(
        f"""\
# Four kinds of stripes
model: {{backbone: small_cnn, lengths: [8, 16]}}
preprocessing: {{size: 32}}
data: {{name: folder, root: {pictures}, protocol: holdout, fields: {{label: 1.0}}}}
losses: [{{name: dsh}}, {{name: ProxyAnchorLoss, weight: 0.1}}]
optim: {{ema: 0.9}}
train: {{epochs: 3, batch: 16, state_every: 2, precision: float32}}
"""
    )
    return path
