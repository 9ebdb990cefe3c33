"""`train.py`: train a model from a recipe, evaluate one, list the recipes."""

import difflib
import re
import sys
from collections.abc import Sequence
from dataclasses import asdict, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from jsonargparse import ArgumentError, ArgumentParser, Namespace

from hashing import __version__
from hashing.cli.console import emit
from hashing.config import Config, LossTerm
from hashing.errors import UsageError
from hashing.places import recipe, recipes
from hashing.progress import log, progress

DEFAULT_RECIPE = "demo"

_UNKNOWN_KEY = re.compile(
    r"(?:Group '(?P<group>[\w.]+)' does not accept option|Option|unrecognized arguments:)"
    r" (?:'|--)(?P<key>[\w.-]+)"
)

_WRONG_VALUE = re.compile(
    r'Parser key "(?P<key>[\w.]+)": Expected an? (?P<kind>.+)\. Got value: (?P<value>.*)'
)


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
        sys.stdout.write(text(metrics))
    return 0


def parse(argv: Sequence[str]) -> tuple[Namespace, Config]:
    """Options and configuration; raises UsageError in one line."""
    parser = _parser()
    try:
        options = parser.parse_args(_with_recipe(list(argv)))
        config = parser.instantiate(options)
    except ArgumentError as error:
        raise UsageError(_one_line(error)) from error
    parts = {part.name: getattr(config, part.name) for part in fields(Config)}
    return options, _with_own_preprocessing(Config(**parts), argv)


def _with_own_preprocessing(config: Config, argv: Sequence[str]) -> Config:
    """What was not asked for is as the model of timm was trained with."""
    if not config.model.backbone.startswith("timm:"):
        return config
    from hashing.models import own_preprocessing  # torch, which takes seconds

    asked = _parser().parse_args(_with_recipe(list(argv)), defaults=False)
    own = asdict(own_preprocessing(config.model.backbone))
    given = {name for name in own if f"preprocessing.{name}" in asked}
    left = {name: value for name, value in own.items() if name not in given | {"fit"}}
    return replace(config, preprocessing=replace(config.preprocessing, **left))


def recipes_text() -> str:
    """Every recipe with the comment in its first line."""
    lines = []
    for name, path in recipes().items():
        first = path.read_text(encoding="utf-8").partition("\n")[0]
        lines.append(f"{name:<24} {first.removeprefix('#').strip()}\n")
    return "".join(lines)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="train.py",
        exit_on_error=False,
        allow_abbrev=False,
        description="Train a hashing model; without --config the demo recipe, on generated "
        "artworks. Every key below can stand in the YAML file and on the command line.",
    )
    parser.add_argument(
        "--config", action="config", help="a recipe, a YAML file or the name of one of --recipes"
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
    parser.add_class_arguments(Config)
    help_texts = _help_texts(Config) | _help_texts(LossTerm)
    for action in parser._actions:
        action.help = help_texts.get(action.dest, action.help)
    return parser


def _with_recipe(argv: list[str]) -> list[str]:
    """Recipes by their files; the demo's where none is asked for."""
    found, before = [], ""
    for argument in argv:
        option, equals, value = argument.partition("=")
        if before == "--config":
            argument = str(recipe(argument))
        elif option == "--config" and equals:
            argument = f"{option}={recipe(value)}"
        found.append(argument)
        before = argument
    asked = any(argument.partition("=")[0] == "--config" for argument in argv)
    return found if asked else ["--config", str(recipe(DEFAULT_RECIPE)), *found]


def _help_texts(part: type, prefix: str = "") -> dict[str, str]:
    """Dotted key → the `name: text` line of its dataclass's docstring."""
    texts = dict(re.findall(r"^ *(\w+): (.+?)$", part.__doc__ or "", re.MULTILINE))
    found: dict[str, str] = {}
    for member in fields(part):
        key = prefix + member.name
        if isinstance(member.type, type) and is_dataclass(member.type):
            found |= _help_texts(member.type, f"{key}.")
        elif member.name in texts:
            found[key] = texts[member.name].replace("%", "%%")
    return found


def _one_line(error: Exception) -> str:
    """What is wrong with the arguments; for an unknown key, the nearest known one."""
    message = " ".join(str(error).split())
    if wrong := _WRONG_VALUE.search(message):
        return _wrong_value(**wrong.groupdict())
    unknown = _UNKNOWN_KEY.search(message)
    if not unknown:
        return message
    group, key = unknown["group"], unknown["key"]
    name = f"{group}.{key}" if group else key
    known = [action.dest for action in _parser()._actions] + [f.name for f in fields(LossTerm)]
    nearest = difflib.get_close_matches(name, known, n=1) or difflib.get_close_matches(
        key, [k.rpartition(".")[2] for k in known], n=1
    )
    hint = f"did you mean {nearest[0]}?" if nearest else "train.py --help lists all keys"
    return f"unknown key {name!r}; {hint}"


def _wrong_value(key: str, kind: str, value: str) -> str:
    """What was expected and found; for one of several words, the nearest."""
    words = re.findall(r"'([^']+)'", kind) if "Literal" in kind else []
    expected = " or ".join(words) or kind.removeprefix("<class '").removesuffix("'>")
    nearest = difflib.get_close_matches(value, words, n=1)
    hint = f"; did you mean {nearest[0]}?" if nearest else ""
    return f"{key}: expected {expected}, found {value[:80]}{hint}"


def _name(options: Any) -> str:
    """The recipe's name, the last one where several files were given."""
    return Path(str(options.config[-1])).stem if options.config else DEFAULT_RECIPE
