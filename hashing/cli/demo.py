"""From nothing to the page with one command: `python -m hashing.demo` draws, indexes and serves.

The released artworks model makes the codes; with `--train` a model is trained first. Everything
that is made lies in the ignored folder `demo/` of the checkout and is reused the next time; delete
the folder to begin anew. Nothing is downloaded.
"""

from collections.abc import Sequence
from pathlib import Path

from hashing.cli import serve, train
from hashing.cli.console import Parser, add_common
from hashing.errors import StorageError, UsageError
from hashing.progress import log, progress
from hashing.store import IndexInfo, is_index, open_index

CHECKOUT = Path(__file__).parents[2]
DEMO = serve.DEMO_INDEX.parent
RELEASED = "checkpoints/artworks-resnet50"
RECIPE = "configs/demo.yaml"
PICTURES = 1200


def main(argv: Sequence[str]) -> int:
    """Make what is missing in `demo/`, then serve it until interrupted."""
    parser = Parser(prog="arthash demo", description=__doc__)
    parser.add_argument(
        "--train", action="store_true", help="train a model rather than use the released one"
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to serve on")
    parser.add_argument("--port", type=int, default=7860, help="port to serve on (7860)")
    parser.add_argument("--open", action="store_true", help="open the page in the browser")
    parser.add_argument("--no-serve", action="store_true", help="stop once the index is there")
    add_common(parser)
    options = parser.parse_args(argv)
    location = make_trained(DEMO) if options.train else make_released(DEMO)
    if options.no_serve:
        return 0
    opening = ["--open"] if options.open else []
    address = ["--host", options.host, "--port", str(options.port)]
    return serve.main([str(location), *address, *opening])


def make_released(folder: Path, pictures: int = PICTURES) -> Path:
    """Draw artworks and index them by the released model under `folder`; what exists is kept.

    Returns the index's folder. Raises UsageError outside a checkout and for an index of another
    model, StorageError when a step failed.
    """
    from generated_artworks import generate  # imports torch, which takes seconds
    from hashing.models import fingerprint

    model = _of_checkout(RELEASED)
    artworks, location = folder / "artworks", folder / serve.DEMO_INDEX.name
    built = _built(location)
    if built and built.fingerprint != fingerprint(model):
        raise UsageError(
            f"expected an index of the released model, found one of another in {location}: "
            "remove it (`make clean`) and start again"
        )
    if not built:
        with progress(pictures, "drawing artworks", "pictures") as bar:
            generate(artworks, pictures, on_progress=bar.advance)
        _build(model, artworks, location)
    return location


def make_trained(folder: Path, training: Sequence[str] = ()) -> Path:
    """Draw artworks, train on them and index them under `folder`; what exists is kept.

    training: further arguments of `train`, such as `--train.epochs 1`. Returns and raises like
    `make_released`.
    """
    recipe = _of_checkout(RECIPE)
    artworks, output = folder / "trained" / "artworks", folder / "trained" / "run"
    location = folder / "trained" / "art.index"
    if not _built(location):
        if not (output / "model" / "config.json").is_file():
            log("Drawing artworks and training a ResNet50 on them: a few minutes, once …")
            where = ["--data.root", str(artworks), "--out", str(output), "--resume", "auto"]
            _step(train.main(["--config", str(recipe), *where, *training]))
        _build(output / "model", artworks, location)
    return location


def _of_checkout(name: str) -> Path:
    path = CHECKOUT / name
    if not path.exists():
        raise UsageError(
            f"expected a checkout with {name}, found none at {CHECKOUT}: "
            "install with `pip install -e .` in a clone"
        )
    return path


def _build(model: Path, artworks: Path, location: Path) -> None:
    from hashing.collection import Collection

    Collection.build(artworks, model, location).close()


def _built(location: Path) -> IndexInfo | None:
    """What is known of a complete index; None where there is none."""
    if not is_index(location):
        return None
    with open_index(location) as existing:
        return existing.info if existing.info.unfinished is None else None


def _step(code: int) -> None:
    if code:
        raise StorageError(f"expected a finished step, found exit code {code}: see the lines above")
