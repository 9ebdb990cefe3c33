import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import pytest

from hashing.errors import MissingPackageError, UsageError
from hashing.registry import GROUPS, check_arguments, check_trusted, find, fits, is_outside

TABLE: Mapping[str, object] = {"alpha": 1, "beta": 2}


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a module `mine_elsewhere`, where nothing else is."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [*__import__("sys").path])
    (tmp_path / "mine_elsewhere.py").write_text("gamma = 3\nclass Delta:\n    epsilon = 5\n")
    return tmp_path


def test_a_table_is_asked_first() -> None:
    assert find("loss", "alpha", TABLE) == 1


def test_a_name_may_be_a_module_of_the_current_folder(elsewhere: Path) -> None:
    assert find("loss", "mine_elsewhere:gamma", TABLE) == 3
    assert find("loss", "mine_elsewhere:Delta.epsilon", TABLE) == 5


@pytest.mark.parametrize("kind", GROUPS)
def test_an_installed_package_offers_names(
    kind: str, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = elsewhere / "site" / "mine-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[{GROUPS[kind]}]\ngamma = mine_elsewhere:gamma\n")
    monkeypatch.syspath_prepend(about.parent)
    assert find(kind, "gamma", TABLE) == 3
    with pytest.raises(UsageError, match=rf"unknown {kind} 'gama'; did you mean gamma\?"):
        find(kind, "gama", TABLE)


def test_the_nearest_name_is_proposed() -> None:
    with pytest.raises(UsageError, match=r"unknown loss 'alpa'; did you mean alpha\?") as caught:
        find("loss", "alpa", TABLE, also=["Omega"])
    assert "Omega, alpha, beta, or package.module:Name" in str(caught.value)


def test_a_lacking_package_is_named(elsewhere: Path) -> None:
    with pytest.raises(
        MissingPackageError, match=r"the loss absent_pkg\.a:B needs the package abs"
    ):
        find("loss", "absent_pkg.a:B", TABLE)
    (elsewhere / "mine_needy.py").write_text("import faiss_absent.deep")
    with pytest.raises(MissingPackageError, match="needs the package faiss_absent, which"):
        find("loss", "mine_needy:B", TABLE)


def test_a_lacking_attribute_and_a_broken_module_are_one_line(elsewhere: Path) -> None:
    with pytest.raises(UsageError, match=r"in mine_elsewhere 'Gamma'; did you mean gamma\?"):
        find("loss", "mine_elsewhere:Gamma", TABLE)
    (elsewhere / "mine_broken.py").write_text("1 / 0")
    with pytest.raises(UsageError, match="cannot be imported: ZeroDivisionError: division by zero"):
        find("loss", "mine_broken:B", TABLE)


@pytest.mark.parametrize(
    ("name", "outside"),
    [
        ("a:B", True),
        ("a.b:C.d", True),
        ("a", False),
        ("a:", False),
        (":b", False),
        ("a b:c", False),
        ("../a:b", False),
        ("timm:a/b", False),
    ],
)
def test_what_reads_like_code_from_outside(name: str, outside: bool) -> None:
    assert is_outside(name) is outside


def test_a_file_from_elsewhere_runs_no_code_unless_its_user_allows_it(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(elsewhere)
    marker = elsewhere / "ran"
    (elsewhere / "mine_hostile.py").write_text(f"open({str(marker)!r}, 'w')")
    with pytest.raises(UsageError, match="ARTHASH_PLUGINS=mine_hostile"):
        check_trusted("backbone", "mine_hostile:Net")
    with pytest.raises(UsageError, match="ARTHASH_PLUGINS=os"):
        check_trusted("backbone", "os:remove")
    assert not marker.exists()
    with pytest.raises(MissingPackageError, match="needs the package absent_pkg"):
        check_trusted("backbone", "absent_pkg.nets:Net")
    monkeypatch.setattr("sys.path", [path for path in sys.path if path != str(elsewhere)])
    with pytest.raises(UsageError, match="ARTHASH_PLUGINS=mine_hostile"):
        check_trusted("backbone", "mine_hostile:Net")
    monkeypatch.setenv("ARTHASH_PLUGINS", "other,mine_hostile")
    check_trusted("backbone", "mine_hostile:Net")
    check_trusted("backbone", "resnet50")


def function(
    bits: int, margin: float = 1.0, mode: Literal["a", "b"] = "a", sizes: tuple[int, ...] = ()
) -> None: ...


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"margin": "wide"}, "argument margin of the loss x: expected float, found 'wide'"),
        ({"marginn": 1}, r"unknown argument of the loss x 'marginn'; did you mean margin\?"),
        ({"bits": 8}, "unknown argument of the loss x 'bits'"),
        ({"mode": "c"}, "expected 'a' or 'b', found 'c'"),
        ({"sizes": [1, "2"]}, "argument sizes"),
    ],
)
def test_arguments_are_compared_with_the_signature(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        check_arguments("the loss x", function, arguments, {"bits"})


def test_arguments_that_fit() -> None:
    check_arguments("it", function, {"margin": 2, "mode": "b", "sizes": [3]}, {"bits"})
    with pytest.raises(UsageError, match="it needs the argument bits"):
        check_arguments("it", function, {}, set())


@pytest.mark.parametrize(
    ("value", "annotation", "expected"),
    [
        (1, float, True),
        (True, float, False),
        (True, int, False),
        (1.0, int, False),
        (1, bool, False),
        (None, float | None, True),
        ("a", float | None, False),
        ({"a": 1}, Mapping[str, int], True),
        ([1], Mapping[str, int], False),
        ("ab", Sequence[str], False),
        (["ab"], Sequence[str], True),
        ("anything", Any, True),
        ("a path", Path, True),
        (3, str, False),
    ],
)
def test_plain_values_and_types(value: object, annotation: Any, expected: bool) -> None:
    assert fits(value, annotation) is expected
