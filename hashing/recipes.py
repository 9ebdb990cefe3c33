"""Recipes: a configuration from a YAML file and single settings, checked as it is read."""

import difflib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, is_dataclass, replace
from pathlib import Path

import yaml
from jsonargparse import ArgumentError, ArgumentParser, Namespace

from hashing.config import Config, LossTerm
from hashing.errors import UsageError
from hashing.places import called, recipe
from hashing.registry import check_trusted

DEFAULT_RECIPE = "demo"

_UNKNOWN_KEY = re.compile(
    r"(?:Group '(?P<group>[\w.]+)' does not accept option|Option|unrecognized arguments:)"
    r" (?:'|--)(?P<key>[\w.-]+)"
)

_WRONG_VALUE = re.compile(
    r'Parser key "(?P<key>[\w.]+)": Expected an? (?P<kind>.+)\. Got value: (?P<value>.*)'
)


def read_recipe(name: str | Path, settings: Mapping[str, object] = {}) -> Config:
    """The configuration of a recipe with some settings changed.

    name: of one of ours, such as `artworks`, or a YAML file. settings: values by dotted key, such
    as `{"train.epochs": 3}`.
    Raises UsageError in one line, with the nearest key for an unknown one.
    """
    changes = [f"--{key}={_text(value)}" for key, value in settings.items()]
    return config_of(["--config", str(name), *changes])


def check_own_recipe(file: Path) -> None:
    """Refuse a model's own recipe that could run what its user has not allowed.

    It may hold settings only: the parser imports what a `class_path` names, and takes options for
    keys, too. The data set and the protocol, which measuring looks up, are held to
    `hashing.registry.check_trusted`. Raises UsageError.
    """
    try:
        content = yaml.safe_load(file.read_bytes()) or {}
        plain = _is_plain(content)
    except (yaml.YAMLError, ValueError, RecursionError):
        plain = False
    if not plain:
        raise UsageError(
            f"expected settings alone in the model's own recipe {file}, found something else: "
            "name a recipe by --config"
        )
    data = content.get("data", {})
    check_trusted("data set", str(data.get("name")))
    check_trusted("protocol", str(data.get("protocol")))


def config_of(argv: Sequence[str]) -> Config:
    """The configuration that `train.py` with these arguments has; raises like `read_recipe`."""
    return read_arguments(add_config(new_parser()), argv)[1]


def read_arguments(parser: ArgumentParser, argv: Sequence[str]) -> tuple[Namespace, Config]:
    """Options and configuration; raises UsageError in one line."""
    try:
        options = parser.parse_args(_with_recipe(list(argv)))
        config = parser.instantiate(options)
    except ArgumentError as error:
        raise UsageError(_one_line(error, parser)) from error
    parts = {part.name: getattr(config, part.name) for part in fields(Config)}
    return options, _with_own_preprocessing(Config(**parts), parser, argv)


def new_parser(description: str = "") -> ArgumentParser:
    """A parser of recipes, for `add_config` to complete."""
    parser = ArgumentParser(
        prog=called("train.py"), exit_on_error=False, allow_abbrev=False, description=description
    )
    parser.add_argument(
        "--config", action="config", help="a recipe, a YAML file or the name of one of --recipes"
    )
    return parser


def add_config(parser: ArgumentParser) -> ArgumentParser:
    """Let a parser know every key of the configuration; returns it."""
    parser.add_class_arguments(Config)
    help_texts = _help_texts(Config) | _help_texts(LossTerm)
    for action in parser._actions:
        action.help = help_texts.get(action.dest, action.help)
    return parser


def _with_own_preprocessing(config: Config, parser: ArgumentParser, argv: Sequence[str]) -> Config:
    """What was not asked for is as the model of timm was trained with."""
    if not config.model.backbone.startswith("timm:"):
        return config
    from hashing.models import own_preprocessing  # torch, which takes seconds

    asked = parser.parse_args(_with_recipe(list(argv)), defaults=False)
    own = asdict(own_preprocessing(config.model.backbone))
    given = {name for name in own if f"preprocessing.{name}" in asked}
    left = {name: value for name, value in own.items() if name not in given | {"fit"}}
    return replace(config, preprocessing=replace(config.preprocessing, **left))


def _text(value: object) -> str:
    return str(value) if isinstance(value, (str, Path)) else json.dumps(value, default=str)


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


def _is_plain(content: object) -> bool:
    """Whether what a file holds is a configuration's parts, made of values alone."""
    types = {part.name: part.type for part in fields(Config)}
    if not isinstance(content, Mapping) or not set(content) <= set(types):
        return False
    terms = content.get("losses", [])
    parts = [value for name, value in content.items() if is_dataclass(types[name])]
    return (
        isinstance(terms, list)
        and all(isinstance(part, Mapping) for part in [*parts, *terms])
        and not _names_a_class(content)
    )


def _names_a_class(value: object) -> bool:
    """Whether the parser would import what a value names; it reads texts as YAML again."""
    if isinstance(value, Mapping):
        return any("class_path" in str(key) or _names_a_class(one) for key, one in value.items())
    if isinstance(value, list):
        return any(map(_names_a_class, value))
    if not isinstance(value, str):
        return False
    try:
        inner = yaml.safe_load(value)
    except yaml.YAMLError:
        return False
    return inner != value and _names_a_class(inner)


def _help_texts(part: type, prefix: str = "") -> dict[str, str]:
    """Dotted key → the `name: text` of its dataclass's docstring, lines further in belong to it."""
    told = re.findall(r"^( *)(\w+(?:, \w+)*): (.+(?:\n\1 +.+)*)$", part.__doc__ or "", re.MULTILINE)
    texts = {name: " ".join(text.split()) for _, names, text in told for name in names.split(", ")}
    found: dict[str, str] = {}
    for member in fields(part):
        key = prefix + member.name
        if isinstance(member.type, type) and is_dataclass(member.type):
            found |= _help_texts(member.type, f"{key}.")
        elif member.name in texts:
            found[key] = texts[member.name].replace("%", "%%")
    return found


def _one_line(error: Exception, parser: ArgumentParser) -> str:
    """What is wrong with the arguments; for an unknown key, the nearest known one."""
    message = " ".join(str(error).split())
    if wrong := _WRONG_VALUE.search(message):
        return _wrong_value(**wrong.groupdict())
    unknown = _UNKNOWN_KEY.search(message)
    if not unknown:
        return message
    group, key = unknown["group"], unknown["key"]
    name = f"{group}.{key}" if group else key
    known = [action.dest for action in parser._actions] + [f.name for f in fields(LossTerm)]
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
