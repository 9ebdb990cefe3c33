"""Publishing a trained model: what goes along, what stays behind."""

from pathlib import Path

import pytest

from hashing import release
from hashing.cli import train
from hashing.cli.console import run
from hashing.config import ModelConfig, Preprocessing
from hashing.errors import UsageError
from hashing.models import HashModel, fingerprint, load_model, save_model

SMALL = [
    "--data.count=80",
    "--data.protocol=holdout",
    "--model.backbone=small_cnn",
    "--model.lengths=[8,16]",
    "--preprocessing.size=32",
    "--train.epochs=1",
    "--train.baselines=false",
]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    where = ["--data.root", str(folder / "artworks"), "--out", str(folder / "run")]
    assert train.main([*SMALL, *where]) == 0
    return folder / "run" / "model"


def test_all_but_the_pictures_of_others_goes_along(model: Path, tmp_path: Path) -> None:
    terms = [tmp_path / "drawn.md", tmp_path / "more.md"]
    for file, text in zip(terms, ("Drawn by a program.\n", "Free for all.\n"), strict=True):
        file.write_text(text)
    answers = tmp_path / "ours.png"
    answers.write_bytes(b"a picture")
    out = tmp_path / "checkpoints" / "small"
    out.parent.mkdir()
    arguments = [str(model), str(out), "--terms", *map(str, terms), "--answers", str(answers)]
    assert run(release.main, arguments) == 0

    grids = {path.name for path in model.glob(release.GRIDS)}
    assert grids
    names = {path.name for path in model.iterdir()}
    assert {path.name for path in out.iterdir()} == (names - grids) | {"ours.png"}
    assert fingerprint(out) == fingerprint(model)
    assert load_model(out).lengths == (8, 16)

    card = (out / "README.md").read_text()
    assert card.startswith("# small\n")
    assert card.endswith("## Data and terms\n\nDrawn by a program.\n\nFree for all.\n")
    assert "](ours.png)" in card
    assert not any(grid in card for grid in grids)
    for file in ("metrics.json", "recipe.yaml", "README.md"):
        assert str(model.parents[1]) not in (out / file).read_text()


def test_a_model_that_was_not_trained_is_refused(tmp_path: Path) -> None:
    fitted = HashModel(ModelConfig("small_cnn", lengths=(8,)), Preprocessing(32))
    save_model(fitted, tmp_path / "fitted")
    with pytest.raises(UsageError, match=r"training wrote, found no metrics\.json"):
        release.release(tmp_path / "fitted", tmp_path / "out", "terms")
    assert not (tmp_path / "out").exists()


def test_a_published_model_is_not_overwritten(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "there"
    out.mkdir()
    (tmp_path / "terms.md").touch()
    assert run(release.main, [str(model), str(out), "--terms", str(tmp_path / "terms.md")]) == 2
    assert "remove it first" in capsys.readouterr().err


def test_a_damaged_model_is_not_published(model: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    for path in model.iterdir():
        (broken / path.name).write_bytes(path.read_bytes())
    weights = bytearray((broken / "model.safetensors").read_bytes())
    weights[len(weights) // 2] ^= 1
    (broken / "model.safetensors").write_bytes(weights)
    (tmp_path / "terms.md").touch()
    out = tmp_path / "out"
    assert run(release.main, [str(broken), str(out), "--terms", str(tmp_path / "terms.md")]) == 4
    assert not out.exists()
