"""The whole way with one command: `python -m hashing.demo` draws, trains, indexes and serves.

Everything it makes lies in the ignored folder `demo/` of the checkout and is reused the next time;
delete the folder to begin anew. Nothing is downloaded.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from hashing.cli import index, serve, train
from hashing.cli.console import Parser, add_common, log, run
from hashing.errors import StorageError, UsageError
from hashing.store import open_index

CHECKOUT = Path(__file__).parent.parent
DEMO = CHECKOUT / "demo"


def main(argv: Sequence[str]) -> int:
    """Make what is missing in `demo/`, then serve it until interrupted."""
    parser = Parser(prog="arthash demo", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to serve on")
    parser.add_argument("--port", type=int, default=7860, help="port to serve on (7860)")
    parser.add_argument("--open", action="store_true", help="open the page in the browser")
    parser.add_argument("--no-serve", action="store_true", help="stop once the index is there")
    add_common(parser)
    options = parser.parse_args(argv)
    location = make(DEMO)
    if options.no_serve:
        return 0
    opening = ["--open"] if options.open else []
    address = ["--host", options.host, "--port", str(options.port)]
    return serve.main([str(location), *address, *opening])


def make(folder: Path, training: Sequence[str] = ()) -> Path:
    """Draw artworks, train on them and index them under `folder`; what exists is kept.

    training: further arguments of `train`, such as `--train.epochs 1`. Returns the index's folder.
    Raises UsageError outside a checkout, StorageError when a step failed.
    """
    recipe = CHECKOUT / "configs" / "demo.yaml"
    if not recipe.is_file():
        raise UsageError(
            f"expected a checkout with {recipe.name} in configs/, found none beside "
            f"{Path(__file__).parent}: install with `pip install -e .` in a clone"
        )
    artworks, output, location = folder / "artworks", folder / "run", folder / "art.index"
    if _is_built(location):
        return location
    if not (output / "model" / "config.json").is_file():
        log("Drawing artworks and training a ResNet50 on them: a few minutes, once …")
        where = ["--data.root", str(artworks), "--out", str(output), "--resume", "auto"]
        _step(train.main(["--config", str(recipe), *where, *training]))
    source = ["--model", str(output / "model"), "--images", str(artworks)]
    _step(index.main(["build", *source, "--out", str(location)]))
    return location


def _is_built(location: Path) -> bool:
    if not location.exists():
        return False
    with open_index(location) as existing:
        return existing.info.unfinished is None


def _step(code: int) -> None:
    if code:
        raise StorageError(f"expected a finished step, found exit code {code}: see the lines above")


if __name__ == "__main__":
    raise SystemExit(run(main, sys.argv[1:]))
