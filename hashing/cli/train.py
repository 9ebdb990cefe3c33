"""`train.py`: train a model from a recipe, evaluate one, list the recipes."""

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from jsonargparse import ArgumentParser, DefaultHelpFormatter, Namespace

from hashing import __version__
from hashing.cli.console import emit
from hashing.cli.names import names_text
from hashing.config import Config
from hashing.errors import UsageError
from hashing.places import recipes
from hashing.progress import LINES, log, printable, progress
from hashing.recipes import (
    DEFAULT_RECIPE,
    add_config,
    check_own_recipe,
    new_parser,
    read_arguments,
)

OF_A_MODEL = ("--evaluate", "--calibrate")
"""Options that name a model, whose own recipe tells its data."""


def main(argv: Sequence[str]) -> int:
    """Run `train.py` with `argv`; returns the exit code."""
    options, config = parse(with_own_recipe(argv))
    if options.recipes:
        sys.stdout.write(recipes_text())
        return 0

    # torch takes seconds to import: not before the arguments are known to be good.
    from hashing.training import Runtime, calibrate, closeness_text, evaluate, text, train

    runtime = Runtime(options.device, options.workers, options.wandb, log, progress)
    if options.calibrate:
        words = calibrate(config, options.calibrate, runtime)
        emit(words) if options.json else sys.stdout.write(closeness_text(words))
        return 0
    if options.evaluate:
        metrics = evaluate(config, options.evaluate, runtime, options.out)
    else:
        out = options.out or Path("runs") / _name(options)
        runtime = replace(runtime, opening=announcement(_name(options), config, out))
        metrics = train(config, out, runtime, resume=options.resume == "auto")
    if not metrics:  # of several processes the first speaks
        return 0
    emit(metrics) if options.json else sys.stdout.write(printable(text(metrics), LINES))
    return 0


def parse(argv: Sequence[str]) -> tuple[Namespace, Config]:
    """Options and configuration; raises UsageError in one line."""
    return read_arguments(_parser(), argv)


def with_own_recipe(argv: Sequence[str]) -> list[str]:
    """Arguments with the recipe of the model that is asked about, unless another is named.

    It may come from a stranger: where pictures lie, or are drawn, is left to the arguments. Raises
    UsageError where that model's folder has none, or one that could run what nobody has allowed.
    """
    asked, before = "", ""
    for argument in argv:
        option, _, value = argument.partition("=")
        if option == "--config":
            return list(argv)
        asked = argument if before in OF_A_MODEL else value if option in OF_A_MODEL else asked
        before = argument
    if not asked:
        return list(argv)
    recipe = Path(asked) / "recipe.yaml"
    if not recipe.is_file():
        raise UsageError(
            f"expected the model's recipe in {recipe}, found none: name one by --config"
        )
    check_own_recipe(recipe)
    return ["--config", str(recipe), "--data.root=null", "--data.metadata=null", *argv]


def announcement(name: str, config: Config, out: Path) -> str:
    """What is about to be done, in one line, before anything takes time."""
    known = recipes().get(name)
    first = known.read_text(encoding="utf-8").partition("\n")[0] if known else ""
    about = first.removeprefix("#").strip() or config.model.backbone
    losses = " + ".join(term.name for term in config.losses)
    return (
        f"{name}: {about}. {config.model.backbone} at {config.preprocessing.size} px, {losses}, "
        f"data {config.data.name}, {config.train.epochs} epochs, into {out}"
    )


def recipes_text() -> str:
    """Every recipe with the comment in its first line."""
    lines = []
    for name, path in recipes().items():
        first = path.read_text(encoding="utf-8").partition("\n")[0]
        lines.append(f"{name:<24} {first.removeprefix('#').strip()}\n")
    return "".join(lines)


def cores() -> int:
    """Cores for each process that torchrun started on this machine."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, (count or 1) // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))


class _Help(DefaultHelpFormatter):
    """Types and defaults of all keys; the list of names in lines of its own."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if text == names_text():
            return text
        filled: str = super()._fill_text(text, width, indent)
        return filled


def _parser() -> ArgumentParser:
    parser = new_parser(
        "Train a hashing model; without --config the demo recipe, on generated artworks. Every "
        "key below can stand in the YAML file and on the command line."
    )
    parser.epilog = names_text()
    parser.formatter_class = _Help
    parser.add_argument("--recipes", action="store_true", help="list the recipes and stop")
    parser.add_argument(
        "--out",
        type=Path,
        help="folder of the run (default: runs/RECIPE), or of what --evaluate finds",
    )
    parser.add_argument("--resume", choices=["auto"], help="go on where the run in --out stopped")
    parser.add_argument(
        "--evaluate",
        type=Path,
        metavar="MODEL",
        help="measure a model folder, by its own recipe unless --config names another",
    )
    parser.add_argument(
        "--calibrate",
        type=Path,
        metavar="MODEL",
        help="give a model folder its words for distances, by its own recipe and data",
    )
    parser.add_argument("--json", action="store_true", help="print the metrics as JSON")
    parser.add_argument("--device", default="auto", help="cpu, cuda, cuda:1 … (default: auto)")
    parser.add_argument(
        "--workers", type=int, default=cores(), help="threads that decode (default: one per core)"
    )
    parser.add_argument("--wandb", action="store_true", help="log to Weights & Biases, offline")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    parser.add_argument("--quiet", action="store_true", help="no progress and no logs")
    parser.add_argument("--version", action="version", version=f"arthash {__version__}")
    return add_config(parser)


def _name(options: Any) -> str:
    """The recipe's name, the last one where several files were given.

    A run of a sweep of Weights & Biases has its own after it, so that each has a folder.
    """
    name = Path(str(options.config[-1])).stem if options.config else DEFAULT_RECIPE
    run = os.environ.get("WANDB_RUN_ID") if os.environ.get("WANDB_SWEEP_ID") else None
    return f"{name}-{run}" if run else name
