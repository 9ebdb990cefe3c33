"""The allowed imports between the package's rooms; a new arrow is a decision, made here."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "hashing"

BASE = {"errors", "files"}
NUMPY_HALF = BASE | {"codes", "images", "sources"}
ALLOWED: dict[str, set[str]] = {
    "__init__": set(),
    "__main__": {"cli"},
    "errors": set(),
    "files": set(),
    "codes": BASE,
    "images": BASE,
    "sources": BASE | {"images"},
    "config": BASE,
    "search": BASE | {"codes"},
    "metrics": BASE | {"codes", "search"},
    "filters": BASE | {"sources"},
    "store": NUMPY_HALF | {"search", "filters"},
    "recommend": BASE | {"codes", "search"},
    "data": BASE | {"images", "sources", "config"},
    "models": BASE | {"config"},
    "losses": BASE | {"config"},
    "encoding": NUMPY_HALF | {"config", "models"},
    "fit": NUMPY_HALF | {"config", "models", "encoding"},
    "training": NUMPY_HALF
    | {"__init__", "config", "data", "models", "losses", "encoding", "metrics", "search"},
    "progress": BASE,
    "collection": NUMPY_HALF | {"progress", "search", "store", "metrics", "encoding", "recommend"},
    "service": NUMPY_HALF | {"__init__", "collection", "search", "store", "encoding", "recommend"},
    "demo": {"*"},
    "release": {"cli", "progress", "errors", "models", "training"},
    "cli": {"*"},
}
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


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported_rooms(path: Path) -> set[str]:
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names = (
                [f"hashing.{alias.name}" for alias in node.names]
                if node.module == "hashing"
                else [node.module]
            )
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        rooms |= {name.split(".")[1] for name in names if name.startswith("hashing.")}
    return {
        room if (PACKAGE / room).exists() or (PACKAGE / f"{room}.py").exists() else "__init__"
        for room in rooms
    }


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.relative_to(PACKAGE))
)
def test_imports_follow_the_arrows(path: Path) -> None:
    room = room_of(path)
    assert room in ALLOWED, (
        f"{room} is a new room: give it a row in ALLOWED and docs/ARCHITECTURE.md"
    )
    allowed = ALLOWED[room] | {room}
    new = imported_rooms(path) - allowed
    assert "*" in allowed or not new, (
        f"{path.name} imports {sorted(new)}: not an arrow of the design"
    )


def test_every_room_is_in_the_table_of_the_document() -> None:
    text = (ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rooms = {room_of(path) for path in PACKAGE.rglob("*.py")} - {"__init__", "__main__"}
    missing = [room for room in sorted(rooms) if f"`hashing/{room}" not in text]
    assert not missing


@pytest.mark.parametrize("room", NO_TORCH)
def test_numpy_half_imports_no_torch(room: str) -> None:
    if not ((PACKAGE / room).exists() or (PACKAGE / f"{room}.py").exists()):
        pytest.skip(f"hashing/{room} does not exist yet")
    code = f"import sys, hashing.{room}; sys.exit('torch' in sys.modules or 'numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
