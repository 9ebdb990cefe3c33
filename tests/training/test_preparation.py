import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from hashing.config import Config, DataConfig, ModelConfig, Preprocessing, TrainConfig
from hashing.data import LazySquares
from hashing.errors import InputError, UsageError
from hashing.training.batches import Batch, Batches
from hashing.training.distributed import World
from hashing.training.examples import Examples
from hashing.training.preparation import prepare
from hashing.training.runtime import Runtime


def config(root: Path) -> Config:
    return Config(
        model=ModelConfig("small_cnn", lengths=(8,)),
        preprocessing=Preprocessing(32),
        data=DataConfig("folder", root, protocol="holdout", fields={"label": 1.0}),
        train=TrainConfig(batch=16),
    )


@pytest.fixture
def broken(pictures: Path, tmp_path: Path) -> Path:
    """A copy of the pictures of which the first is broken."""
    root = shutil.copytree(pictures, tmp_path / "pictures")
    (root / "ash" / "000.png").write_bytes(b"no picture")
    return root


@pytest.mark.parametrize("fits", [True, False])
def test_a_broken_picture_is_left_out_and_named(
    fits: bool, broken: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hashing.training.preparation.MOST_BROKEN", 0.02)
    monkeypatch.setattr("hashing.training.preparation.fits_in_memory", lambda *_: fits)
    said: list[str] = []
    examples = prepare(config(broken), Runtime(log=said.append))
    assert isinstance(examples.squares, LazySquares) is not fits
    assert len(said) == 1
    assert said[0].startswith("left out ash/000.png: expected a JPEG")
    for split in examples.splits:
        assert not np.isin(0, np.concatenate([split.train, split.query, split.database]))


def test_too_many_broken_pictures_are_refused(broken: Path) -> None:
    with pytest.raises(InputError, match=r"1 of 96 pictures cannot be read, .* ash/000\.png"):
        prepare(config(broken), Runtime())


def test_too_few_pictures_to_hold_any_out_are_told_before_one_is_decoded(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind in pictures.iterdir():
        (tmp_path / kind.name).mkdir()
        for name in ("000.png", "001.png"):
            shutil.copy(kind / name, tmp_path / kind.name / name)
    settings = config(tmp_path)
    refit = prepare(replace(settings, train=replace(settings.train, refit=True)), Runtime("cpu"))
    measured = prepare(settings, Runtime("cpu"), learning=False)
    for examples in (refit, measured):
        assert examples.validation is None
        assert [split.part for split in examples.splits] == ["test"]
        assert examples.about["split"]["train"] == len(examples.labelled) == 4
    monkeypatch.delattr("hashing.training.preparation._squares")
    with pytest.raises(InputError, match=r"found 4, 0 and 4 in .*: add pictures, or hold none out"):
        prepare(settings, Runtime("cpu"))


def test_batches_are_the_same_whether_pictures_fit_in_memory_or_not(
    pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def batches(fits: bool) -> list[Batch]:
        monkeypatch.setattr("hashing.training.preparation.fits_in_memory", lambda *_: fits)
        settings = config(pictures)
        here = World(0, 1, torch.device("cpu"))
        return list(Batches(settings, prepare(settings, Runtime()), here)(3, 1))

    in_memory, on_the_fly = batches(True), batches(False)
    assert len(in_memory) == 72 // 16 - 1
    for one, other in zip(in_memory, on_the_fly, strict=True):
        assert torch.equal(one.images, other.images)
        assert torch.equal(one.labels, other.labels)


def test_what_counts_as_a_duplicate_does_not_depend_on_the_memory_that_is_free(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = shutil.copytree(pictures, tmp_path / "pictures")
    for kind in root.iterdir():
        for number in range(12):
            shutil.copy(kind / f"{number:03}.png", kind / f"{number + 12:03}.png")

    def prepared(fits: bool) -> Examples:
        monkeypatch.setattr("hashing.training.preparation.fits_in_memory", lambda *_: fits)
        return prepare(config(root), Runtime("cpu"))

    kept, lazy = prepared(True), prepared(False)
    assert np.array_equal(kept.contents, lazy.contents)
    assert len(np.unique(kept.contents)) == 48
    assert kept.about == lazy.about
    assert kept.about["duplicates"]["exact"] > 8


def test_splits_are_written_beside_the_run(recipe: Path, tmp_path: Path) -> None:
    from hashing.cli import train as command

    out = tmp_path / "run"
    command.main(["--config", str(recipe), "--out", str(out), "--train.epochs", "1"])
    metrics = json.loads((out / "model" / "metrics.json").read_text())
    test = json.loads((out / "split-test.json").read_text())
    small = json.loads((out / "split-validation.json").read_text())
    assert test["digest"] == metrics["split"]["digest"]
    assert sorted(small["train"] + small["query"]) == test["train"]


def test_a_picture_that_stands_twice_in_a_batch_is_varied_anew(pictures: Path) -> None:
    settings = config(pictures)
    settings = replace(settings, train=replace(settings.train, repeat=2, augment="colour"))
    examples, here = prepare(settings, Runtime("cpu")), World(0, 1, torch.device("cpu"))
    whole = list(Batches(settings, examples, here)(1, 0))
    assert len(whole) == 72 // 8
    for batch in whole:
        numbers = batch.labels[:, 1]
        assert torch.equal(numbers[:8], numbers[8:])
        assert len(numbers.unique()) == 8
        assert (batch.images[:8] != batch.images[8:]).flatten(1).any(1).all()
    once = replace(settings, train=replace(settings.train, repeat=1, batch=8))
    first = next(Batches(once, examples, here)(1, 0))
    assert torch.equal(first.images, whole[0].images[:8])  # the first view is what it was
    halves = [list(Batches(settings, examples, World(n, 2, here.device))(1, 0)) for n in range(2)]
    for both, one, other in zip(whole, *halves, strict=True):
        assert torch.equal(both.images, torch.cat([one.images, other.images]))
        assert torch.equal(both.labels, other.labels)


def test_a_batch_that_cannot_hold_every_view(pictures: Path) -> None:
    settings = config(pictures)
    settings = replace(settings, train=replace(settings.train, repeat=3))
    with pytest.raises(UsageError, match="found 16 and 3: make batch a multiple of repeat"):
        Batches(settings, prepare(settings, Runtime("cpu")), World(0, 1, torch.device("cpu")))
