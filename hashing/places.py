"""Where an installation keeps what is not code: recipes, released models, the demo, the commands.

A checkout has them at its top, for people to find. A wheel carries the recipes inside the package
and no model, and its demo lies in the current folder.
"""

import difflib
import re
from pathlib import Path

from hashing.errors import UsageError

PACKAGE = Path(__file__).parent
SCRIPT = re.compile(r"(?<![\w./\\-])(train|index|serve)\.py\b")


def checkout() -> Path | None:
    """The top of the checkout that this package lies in; None where it is installed."""
    top = PACKAGE.parent
    return top if (top / "pyproject.toml").is_file() and (top / "configs").is_dir() else None


def recipes() -> dict[str, Path]:
    """The YAML file of every recipe by its name, sorted."""
    top = checkout()
    folder = PACKAGE / "configs" if top is None else top / "configs"
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def recipe(name: str | Path) -> Path:
    """The file of a recipe: a path, or the name of one of ours, such as `artworks`.

    `configs/artworks.yaml` means ours outside a checkout, too. Raises UsageError for neither.
    """
    path = Path(name)
    known = recipes()
    ours = path.stem in known and path.as_posix() in (path.stem, f"configs/{path.stem}.yaml")
    if not path.is_file() and not ours:
        nearest = difflib.get_close_matches(path.stem, known, n=1)
        hint = f"did you mean {nearest[0]}? " if nearest else ""
        raise UsageError(
            f"expected a recipe, found no file {name}; {hint}--recipes lists those there are"
        )
    return path if path.is_file() else known[path.stem]


def released(name: str) -> Path | None:
    """The folder of a released model; None where the installation has none of this name."""
    top = checkout()
    folder = None if top is None else top / "checkpoints" / name
    return folder if folder is not None and (folder / "config.json").is_file() else None


def demo() -> Path:
    """Where the demo keeps what it makes."""
    return (checkout() or Path.cwd()) / "demo"


def called(text: str) -> str:
    """A text that names `train.py`, `index.py` or `serve.py`, with the commands there are here.

    The scripts lie in a checkout alone; where the package is installed, they are `arthash train`, …
    """
    return text if checkout() else SCRIPT.sub(r"arthash \1", text)
