"""Losses, backbones, data sets, engines and stores from outside: one file each, no edit of ours."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import hashing as ah
from hashing.cli import main
from hashing.errors import ArtefactError
from hashing.models import load_model
from hashing.search import RadiusRequest, SearchRequest, make_engine
from hashing.store import is_index

PLUGINS = Path(__file__).parent.parent / "examples" / "plugins"
NAMES = [file.stem for file in PLUGINS.glob("*.py")]
RECIPE = """\
# Everything from outside
model: {backbone: "backbone:tiny", lengths: [16]}
preprocessing: {size: 32}
data: {name: "dataset:stripes", count: 60, protocol: holdout, fields: {label: 1.0}}
losses: [{name: "loss:Cosine", args: {margin: 0.5}}]
train: {epochs: 2, batch: 16, precision: float32, validate_every: 0, refit: true}
"""


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder, with a copy of each plugin."""
    for name in NAMES:
        shutil.copy(PLUGINS / f"{name}.py", tmp_path)
    (tmp_path / "mine.yaml").write_text(RECIPE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield tmp_path
    for name in NAMES:
        sys.modules.pop(name, None)


def test_a_model_is_trained_with_them_and_indexes_in_a_store_from_outside(
    outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["train", "--config", "mine.yaml", "--out", "run", "--workers", "0"]) == 0
    folder = Path("run/model")
    with pytest.raises(ArtefactError, match="ARTHASH_PLUGINS=backbone"):
        load_model(folder)
    monkeypatch.setenv("ARTHASH_PLUGINS", "backbone")
    model = ah.Model.load(folder, "cpu")
    assert model.bits == 16
    location = "store:SCRATCH://stripes"
    pictures = Path("data/stripes-60-0")
    with ah.Collection.build(pictures, model, location) as art:
        assert len(art) == 60
    assert is_index(location)
    with ah.Collection.open(location) as art:
        (nearest,) = art.search(next(pictures.rglob("*.png")), k=1)
        assert nearest.distance == 0
    assert not list(outside.rglob("*.db"))


@pytest.mark.parametrize("bits", [8, 64, 72])
def test_an_engine_from_outside_answers_like_the_reference(outside: Path, bits: int) -> None:
    random = np.random.default_rng(bits)
    database = ah.Codes(random.integers(0, 4, (90, bits // 8), np.uint8), bits)
    queries = ah.Codes(random.integers(0, 4, (7, bits // 8), np.uint8), bits)
    ids = np.sort(random.choice(1000, 90, replace=False))
    engine = make_engine(database, ids, "engine:Products")
    reference = make_engine(database, ids, "reference")
    for k in (1, 13, 200):
        for more in ({}, {"bits": 8}, {"max_distance": 2}, {"allowed": ids[::3]}):
            request = SearchRequest(queries, k, **more)
            found, expected = engine.search(request), reference.search(request)
            assert np.array_equal(found.ids, expected.ids)
            assert np.array_equal(found.distances, expected.distances)
    near = engine.radius(RadiusRequest(queries, 3))
    assert np.array_equal(near.ids, reference.radius(RadiusRequest(queries, 3)).ids)
    shown = ah.search(queries, database, k=3, engine="engine:Products")
    assert np.array_equal(shown.ids, ah.search(queries, database, k=3).ids)
