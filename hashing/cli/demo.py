"""From nothing to the page with one command: `python -m hashing.demo` draws, indexes and serves.

The released artworks model makes the codes, or the one that `--model` names; with `--train` a model
is trained first. Everything that is made lies in the ignored folder `demo/` (of the checkout, else
of the current folder) and is reused the next time; delete the folder to begin anew. Nothing is
downloaded unless `--model` is an address.
"""

from collections.abc import Sequence
from pathlib import Path

from hashing import places
from hashing.cli import serve
from hashing.cli.console import Parser, add_common
from hashing.errors import StorageError, UsageError
from hashing.progress import log, progress
from hashing.store import IndexInfo, is_index, open_index

RELEASED = "artworks-lite"
RECIPE = "demo"
PICTURES = 1200


def main(argv: Sequence[str]) -> int:
    """Make what is missing in `demo/`, then serve it until interrupted."""
    parser = Parser(prog="arthash demo", description=__doc__)
    parser.add_argument(
        "--train", action="store_true", help="train a model rather than use the released one"
    )
    parser.add_argument(
        "--model",
        help="a model folder, or an https:// address to fetch one from (default: the released "
        "artworks model of the checkout)",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to serve on")
    parser.add_argument("--port", type=int, default=7860, help="port to serve on (7860)")
    parser.add_argument(
        "--auth", type=Path, metavar="FILE", help="lines of name:password to ask for"
    )
    parser.add_argument(
        "--public", action="store_true", help="with another --host: let everybody in"
    )
    parser.add_argument("--open", action="store_true", help="open the page in the browser")
    parser.add_argument("--no-serve", action="store_true", help="stop once the index is there")
    add_common(parser)
    options = parser.parse_args(argv)
    serve.check_open(options.host, options.auth, public=options.public)
    folder = places.demo()
    if options.train:
        location = make_trained(folder)
    else:
        location = make_released(folder, _model(options.model, folder))
    if options.no_serve:
        return 0
    auth = ["--auth", str(options.auth)] if options.auth else []
    flags = [f"--{flag}" for flag in ("public", "open") if getattr(options, flag)]
    address = ["--host", options.host, "--port", str(options.port)]
    return serve.main([str(location), *address, *auth, *flags])


def make_released(folder: Path, model: Path, pictures: int = PICTURES) -> Path:
    """Draw artworks and index them by `model` under `folder`; what exists is kept.

    Returns the index's folder. Raises UsageError for an index of another model, StorageError when
    a step failed.
    """
    from generated_artworks import generate  # imports torch, which takes seconds
    from hashing.models import fingerprint

    artworks, location = folder / "artworks", folder / serve.DEMO_INDEX
    built = _built(location)
    if built and built.fingerprint != fingerprint(model):
        raise UsageError(
            f"expected an index of {model}, found one of another model in {location}: "
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
    from hashing.cli import train  # needs the extra for training

    artworks, output = folder / "trained" / "artworks", folder / "trained" / "run"
    location = folder / "trained" / "art.index"
    if not _built(location):
        if not (output / "model" / "config.json").is_file():
            log("Drawing artworks and training a ResNet50 on them: a few minutes, once …")
            where = ["--data.root", str(artworks), "--out", str(output), "--resume", "auto"]
            _step(train.main(["--config", RECIPE, *where, *training]))
        _build(output / "model", artworks, location)
    return location


def _model(asked: str | None, folder: Path) -> Path:
    """The folder of the model that makes the codes; fetched once where an address is given."""
    from hashing.models.fetch import fetch_model, is_address  # imports torch, which takes seconds

    if asked is None:
        found = places.released(RELEASED)
        if found is None:
            raise UsageError(
                f"expected a checkout with the released model {RELEASED}, found none: give a model "
                "folder or an https:// address by --model, or train one by --train"
            )
        return found
    if not is_address(asked):
        return Path(asked)
    fetched = folder / "models" / asked.rstrip("/").rpartition("/")[2]
    if not fetched.exists():
        log(f"Fetching {asked} …")
        fetch_model(asked, fetched)
    return fetched


def _build(model: Path, artworks: Path, location: Path) -> None:
    from hashing.collection import Collection

    Collection.build(artworks, model, location, features=True).close()


def _built(location: Path) -> IndexInfo | None:
    """What is known of a complete index; None where there is none."""
    if not is_index(location):
        return None
    with open_index(location) as existing:
        return existing.info if existing.info.unfinished is None else None


def _step(code: int) -> None:
    if code:
        raise StorageError(f"expected a finished step, found exit code {code}: see the lines above")
