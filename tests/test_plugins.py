"""Every kind of part from outside: one file each, no edit of ours."""

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import hashing as ah
from hashing.cli import main
from hashing.config import DataConfig
from hashing.data import find_dataset, make_split, validation_split
from hashing.errors import ArtefactError, UsageError
from hashing.models import load_model
from hashing.search import RadiusRequest, SearchRequest, make_engine
from hashing.sources import read_catalogue
from hashing.store import is_index

PLUGINS = Path(__file__).parent.parent / "examples" / "plugins"
NAMES = [file.stem for file in PLUGINS.glob("*.py")]
RECIPE = """\
# Everything from outside
model: {backbone: "backbone:tiny", lengths: [16]}
preprocessing: {size: 32}
data: {name: "dataset:stripes", count: 60, protocol: "protocol:BY_ORDER", fields: {label: 1.0}}
losses: [{name: "loss:Cosine", args: {margin: 0.5}}]
train: {epochs: 2, batch: 16, augment: "augmentation:GENTLE", precision: float32}
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


def make_stripes(outside: Path, count: int) -> Path:
    """The folder of the data set from outside."""
    root = outside / "stripes"
    find_dataset("dataset:stripes")(DataConfig(root=root, count=count), lambda _: None)
    return root


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


def test_the_protocol_from_outside_is_the_one_that_was_trained_and_validated_by(
    outside: Path,
) -> None:
    catalogue = read_catalogue(make_stripes(outside, 60))
    split = make_split(catalogue, "protocol:BY_ORDER", field="label")
    queries = [item.path for item in catalogue.items if item.id in split.query]
    assert queries == sorted(
        path for path in (item.path for item in catalogue.items) if int(Path(path).stem) >= 48
    )
    assert not set(split.query) & set(split.database)
    small = validation_split(catalogue, split, field="label")
    assert set(small.query) < set(split.train)
    assert len(small.query) == 3 * 2, "a tenth of 16 of each kind"


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (["--data.protocol", "augmentation:GENTLE"], "to be a Protocol, found Augmentation"),
        (["--train.augment", "protocol:BY_ORDER"], "to be a Augmentation, found Protocol"),
        (["--data.name", "loss:Cosine"], r"to take \(config, on_progress\)"),
        (["--data.name", "protocol:BY_ORDER"], "to be callable, found Protocol"),
        (["--model.backbone", "loss:Cosine"], r"to take \(config, preprocessing\)"),
        (["--losses", '[{"name": "backbone:tiny"}]'], "a subclass of hashing.losses.HashingLoss"),
        (["--losses", '[{"name": "loss:Cosine", "args": {"margin": "wide"}}]'], "expected float"),
    ],
)
def test_what_is_of_another_kind_is_refused_before_any_picture_is_read(
    outside: Path, capsys: pytest.CaptureFixture[str], setting: list[str], message: str
) -> None:
    arguments = ["--config", "mine.yaml", "--out", "run", "--workers", "0", *setting]
    assert main(["train", *arguments]) == 2
    said = capsys.readouterr().err
    assert re.search(message, said)
    assert said.count("\n") == 1
    assert not Path("data").exists()


def test_a_store_or_an_engine_of_another_kind_is_refused(outside: Path) -> None:
    codes = ah.Codes.from_hex(["00"], 8)
    with pytest.raises(UsageError, match="expected the engine store:SCRATCH to be callable"):
        ah.search(codes, codes, engine="store:SCRATCH")
    with pytest.raises(UsageError, match=r"expected the engine .* to take \(codes, ids\)"):
        ah.search(codes, codes, engine="protocol:draw")
    with pytest.raises(UsageError, match="store engine:Products to be a Store, found"):
        is_index("engine:Products://stripes")


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
