"""The rooms of the package and the arrows between them are those that the document draws.

`docs/ARCHITECTURE.md` has a table with one line per room: what lives there, and which rooms it
imports. The arrows of the code are read from the code, imports inside functions and modules named
in text (`"hashing.cli.train"`) among them. An arrow that the table lacks fails, and so does one
that nobody uses; the message holds the line to write.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "docs" / "ARCHITECTURE.md"
PACKAGES = ("hashing", "generated_artworks")
LINE = re.compile(r"^\| `(?P<place>[\w./]+)` \| (?P<about>.*) \| (?P<imports>[^|]*) \|$")
NAMED = re.compile(r"hashing(\.\w+)+(:\w+)?$")
NO_TORCH = [
    "errors",
    "files",
    "config",
    "codes",
    "images",
    "sources",
    "search",
    "filters",
    "store",
    "metrics",
    "recommend",
]


def rooms_of(root: Path) -> dict[str, Path]:
    """Every room with its place: a file or a folder of `hashing`, or another package."""
    rooms = {"generated_artworks": root / "generated_artworks"}
    for path in sorted((root / "hashing").iterdir()):
        if path.suffix == ".py" or list(path.glob("*.py")):
            rooms[path.stem] = path
    return rooms


def place_of(room: str, path: Path) -> str:
    """As it is written in the table: `hashing/codes.py`, `hashing/search/`."""
    inside = "" if room in PACKAGES else "hashing/"
    return f"{inside}{path.name}" + ("/" if path.is_dir() else "")


def imported(tree: ast.AST) -> Iterator[str]:
    """Every module that a source file names, with dots, wherever in it the name stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            # The version is a fact about the package; who reads it does not use its face.
            names = [alias.name for alias in node.names if alias.name != "__version__"]
            yield from (f"{node.module}.{name}" for name in names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Constant) and NAMED.match(str(node.value)):
            yield str(node.value).replace(":", ".")


def arrows(root: Path) -> dict[str, set[str]]:
    """By room, the rooms that it imports."""
    rooms, found = rooms_of(root), {}
    for room, place in rooms.items():
        files = sorted(place.rglob("*.py")) if place.is_dir() else [place]
        names = {name for file in files for name in imported(ast.parse(file.read_bytes()))}
        targets = set()
        for package, _, rest in (name.partition(".") for name in names):
            if package == "hashing":
                part = rest.partition(".")[0]
                targets.add(part if part in rooms else "__init__")
            elif package in PACKAGES:
                targets.add(package)
        found[room] = targets - {room}
    return found


def drawn(document: Path) -> dict[str, tuple[str, set[str]]]:
    """By place, what the document says lives there and which rooms it imports."""
    lines = map(LINE.match, document.read_text(encoding="utf-8").splitlines())
    return {
        line["place"]: (line["about"], set(re.findall(r"`(\w+)`", line["imports"])))
        for line in lines
        if line
    }


def complaints(root: Path, document: Path) -> list[str]:
    """What the document and the code do not agree on, with the line to write."""
    table, found, wrong = drawn(document), arrows(root), []
    for room, path in rooms_of(root).items():
        place = place_of(room, path)
        about, granted = table.pop(place, ("what lives there", set()))
        new, unused = sorted(found[room] - granted), sorted(granted - found[room])
        names = ", ".join(f"`{name}`" for name in sorted(found[room])) or "–"
        line = f"| `{place}` | {about} | {names} |"
        if about == "what lives there":
            wrong.append(f"{place} has no line in {document.name}: write\n{line}")
        elif new or unused:
            wrong.append(
                f"{place} imports {new or 'nothing'} that its line does not draw, and does not "
                f"import {unused or 'nothing'} that it draws: if that is meant, write\n{line}"
            )
    gone = [place for place in table if place.startswith("hashing/")]
    return wrong + [f"{place} is no room any more: remove its line" for place in gone]


def test_the_document_draws_the_arrows_of_the_code() -> None:
    wrong = complaints(ROOT, DOCUMENT)
    assert not wrong, f"{DOCUMENT.relative_to(ROOT)}:\n" + "\n".join(wrong)


def test_arrows_never_lead_back() -> None:
    try:
        order = list(TopologicalSorter(arrows(ROOT)).static_order())
    except CycleError as error:
        pytest.fail(f"rooms import each other in a circle: {' → '.join(error.args[1])}")
    assert set(order) == set(rooms_of(ROOT))


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A small package of three rooms whose document is right."""
    (tmp_path / "generated_artworks").mkdir()
    (tmp_path / "generated_artworks" / "__init__.py").touch()
    (tmp_path / "hashing" / "shop").mkdir(parents=True)
    (tmp_path / "hashing" / "codes.py").touch()
    (tmp_path / "hashing" / "shop" / "__init__.py").write_text("from hashing import codes\n")
    (tmp_path / "table.md").write_text(
        "| `generated_artworks/` | pictures | – |\n"
        "| `hashing/codes.py` | codes | – |\n"
        "| `hashing/shop/` | sells | `codes` |\n"
    )
    return tmp_path


def test_a_true_document_is_accepted(house: Path) -> None:
    assert not complaints(house, house / "table.md")


@pytest.mark.parametrize(
    "source",
    [
        "import generated_artworks",
        "def late():\n    from generated_artworks.marks import draw",
        "if True:\n    import generated_artworks.marks as marks",
    ],
)
def test_a_new_arrow_is_found_and_its_line_given(house: Path, source: str) -> None:
    (house / "hashing" / "codes.py").write_text(source)
    (wrong,) = complaints(house, house / "table.md")
    assert wrong.endswith("\n| `hashing/codes.py` | codes | `generated_artworks` |")


def test_a_module_named_in_text_is_an_arrow(house: Path) -> None:
    (house / "hashing" / "codes.py").write_text('HANDLERS = {"shop": "hashing.shop.counter"}')
    assert arrows(house)["codes"] == {"shop"}


def test_an_unused_arrow_an_unknown_room_and_a_room_that_is_gone_are_found(house: Path) -> None:
    (house / "hashing" / "shop" / "__init__.py").write_text("")
    (house / "hashing" / "attic.py").touch()
    (house / "hashing" / "codes.py").unlink()
    attic, shop, codes = complaints(house, house / "table.md")
    assert "hashing/attic.py has no line" in attic
    assert "['codes'] that it draws" in shop
    assert codes == "hashing/codes.py is no room any more: remove its line"


@pytest.mark.parametrize("room", NO_TORCH)
def test_numpy_half_imports_no_torch(room: str) -> None:
    code = f"import sys, hashing.{room}; sys.exit('torch' in sys.modules or 'numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
