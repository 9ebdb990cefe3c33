from pathlib import Path

import pytest

from hashing import places
from hashing.errors import UsageError

ROOT = Path(__file__).parent.parent


def test_a_checkout_has_recipes_models_and_the_demo_at_its_top() -> None:
    assert places.checkout() == ROOT
    assert places.recipes()["demo"] == ROOT / "configs" / "demo.yaml"
    assert places.released("artworks-resnet50") == ROOT / "checkpoints" / "artworks-resnet50"
    assert places.released("no-such-model") is None
    assert places.demo() == ROOT / "demo"
    assert places.called("index.py build makes one") == "index.py build makes one"


def test_an_installation_has_recipes_inside_and_the_demo_where_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site" / "hashing"
    (package / "configs").mkdir(parents=True)
    (package / "configs" / "mine.yaml").touch()
    monkeypatch.setattr(places, "PACKAGE", package)
    monkeypatch.chdir(tmp_path)
    assert places.checkout() is None
    inside = package / "configs" / "mine.yaml"
    assert places.recipe("mine") == places.recipe("configs/mine.yaml") == inside
    assert places.released("artworks-resnet50") is None
    assert places.demo() == tmp_path / "demo"
    assert (
        places.called("`index.py build`, (serve.py), my/index.py, re-index.py, index.pyc")
        == "`arthash index build`, (arthash serve), my/index.py, re-index.py, index.pyc"
    )


def test_a_file_comes_before_a_recipe_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("demo").write_text("")
    assert places.recipe("demo") == Path("demo")
    Path("other.yaml").write_text("")
    assert places.recipe("other.yaml") == Path("other.yaml")
    with pytest.raises(UsageError, match=r"no file elsewhere/demo\.yaml; did you mean demo\?"):
        places.recipe("elsewhere/demo.yaml")
