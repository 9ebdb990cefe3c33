"""`train.py`: train a model from a recipe, evaluate one, list the recipes."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jsonargparse import ArgumentParser, Namespace

from hashing import __version__
from hashing.cli.console import emit
from hashing.config import Config
from hashing.places import recipes
from hashing.progress import LINES, log, printable, progress
from hashing.recipes import DEFAULT_RECIPE, add_config, new_parser, read_arguments


def main(argv: Sequence[str]) -> int:
    """Run `train.py` with `argv`; returns the exit code."""
    options, config = parse(argv)
    if options.recipes:
        sys.stdout.write(recipes_text())
        return 0

    # torch takes seconds to import: not before the arguments are known to be good.
    from hashing.training import Runtime, evaluate, text, train

    runtime = Runtime(options.device, options.workers, options.wandb, log, progress)
    if options.evaluate:
        metrics = evaluate(config, options.evaluate, runtime, options.out)
    else:
        out = options.out or Path("runs") / _name(options)
        metrics = train(config, out, runtime, resume=options.resume == "auto")
    if options.json:
        emit(metrics)
    elif metrics:
        sys.stdout.write(printable(text(metrics), LINES))
    return 0


def parse(argv: Sequence[str]) -> tuple[Namespace, Config]:
    """Options and configuration; raises UsageError in one line."""
    return read_arguments(_parser(), argv)


def recipes_text() -> str:
    """Every recipe with the comment in its first line."""
    lines = []
    for name, path in recipes().items():
        first = path.read_text(encoding="utf-8").partition("\n")[0]
        lines.append(f"{name:<24} {first.removeprefix('#').strip()}\n")
    return "".join(lines)


def _parser() -> ArgumentParser:
    parser = new_parser(
        "Train a hashing model; without --config the demo recipe, on generated artworks. Every "
        "key below can stand in the YAML file and on the command line."
    )
    parser.add_argument("--recipes", action="store_true", help="list the recipes and stop")
    parser.add_argument(
        "--out",
        type=Path,
        help="folder of the run (default: runs/RECIPE), or of what --evaluate finds",
    )
    parser.add_argument("--resume", choices=["auto"], help="go on where the run in --out stopped")
    parser.add_argument("--evaluate", type=Path, metavar="MODEL", help="measure a model folder")
    parser.add_argument("--json", action="store_true", help="print the metrics as JSON")
    parser.add_argument("--device", default="auto", help="cpu, cuda, cuda:1 … (default: auto)")
    parser.add_argument("--workers", type=int, default=2, help="processes that decode pictures")
    parser.add_argument("--wandb", action="store_true", help="log to Weights & Biases, offline")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    parser.add_argument("--quiet", action="store_true", help="no progress and no logs")
    parser.add_argument("--version", action="version", version=f"arthash {__version__}")
    return add_config(parser)


def _name(options: Any) -> str:
    """The recipe's name, the last one where several files were given."""
    return Path(str(options.config[-1])).stem if options.config else DEFAULT_RECIPE
