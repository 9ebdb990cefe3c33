"""Names become objects: from a table of ours, from code outside, from installed packages.

A name of a loss, backbone, data set, protocol, augmentation, engine or store is looked up in the
table of its kind, then imported where it reads `package.module:Name`, then looked for among the
entry points that installed packages declare in the group of `GROUPS`.
"""

import importlib
import inspect
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from importlib.machinery import PathFinder
from importlib.metadata import entry_points
from importlib.util import find_spec
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from hashing.errors import MissingPackageError, UsageError, unknown

Entry = TypeVar("Entry")

GROUPS = {
    "loss": "arthash.losses",
    "backbone": "arthash.backbones",
    "data set": "arthash.datasets",
    "protocol": "arthash.protocols",
    "augmentation": "arthash.augmentations",
    "engine": "arthash.engines",
    "store": "arthash.stores",
}
"""Kinds of names, and the group of entry points in which packages offer more of each."""

TRUSTED = "ARTHASH_PLUGINS"
"""Environment variable: packages, with commas between, that a model folder may import from."""


def find(
    kind: str,
    name: str,
    table: Mapping[str, Entry],
    also: Iterable[str] = (),
    takes: Sequence[str] = (),
) -> Entry:
    """The object of this name; see above for where it is looked for.

    kind: a key of `GROUPS`, and the word for it in messages. also: further names that a message
    may propose. takes: what each is called with, in this order, where they are functions.
    Raises UsageError with the nearest name where there is none, where it cannot be imported, and
    where it is of another form than those of the table; MissingPackageError (a UsageError) where
    its package is not installed.
    """
    if name in table:
        return table[name]
    if is_outside(name):
        module, _, attribute = name.partition(":")
        found: Entry = _attribute(kind, name, import_for(f"the {kind} {name}", module), attribute)
        _check_form(f"the {kind} {name}", found, table, takes)
        return found
    offered = {point.name: point.value for point in entry_points(group=GROUPS[kind])}
    if name in offered:
        return find(kind, offered[name], table, takes=takes)
    raise UsageError(f"{unknown(kind, name, [*table, *offered, *also])}, or package.module:Name")


def is_outside(name: str) -> bool:
    """Whether a name reads `package.module:Name`."""
    module, colon, attribute = name.partition(":")
    parts = [*module.split("."), *attribute.split(".")]
    return bool(colon) and all(part.isidentifier() for part in parts)


def check_trusted(kind: str, name: str) -> None:
    """Refuse a name that a file from elsewhere gives, unless its user has allowed the import.

    Importing is running: a name of a table and an installed package's entry point run nothing that
    was not chosen by who installed it, `package.module:Name` may run anything. Raises UsageError,
    MissingPackageError where the package is not even there.
    """
    if not is_outside(name):
        return
    package = name.partition(":")[0].partition(".")[0]
    if package in os.environ.get(TRUSTED, "").split(","):
        return
    here = [os.getcwd()]  # where `import_for` looks, too
    if find_spec(package) is None and PathFinder.find_spec(package, here) is None:
        raise MissingPackageError(f"the {kind} {name}", package)
    raise UsageError(
        f"the {kind} {name} is code of the package {package}: if you trust who made this, "
        f"set the environment variable {TRUSTED}={package} and try again"
    )


def import_for(purpose: str, module: str) -> Any:
    """The module of this name, also one in the current folder.

    Raises MissingPackageError where it, or what it needs, is not installed, and UsageError where
    it fails: `purpose` begins the sentence.
    """
    here = os.getcwd()
    if here not in sys.path:  # a command that was installed does not look there by itself
        sys.path.append(here)
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise MissingPackageError(purpose, error.name or module) from error
    except Exception as error:
        raise UsageError(
            f"{purpose} cannot be imported: {type(error).__name__}: {error}"
        ) from error


def check_arguments(
    what: str, function: Callable[..., Any], arguments: Mapping[str, Any], given: AbstractSet[str]
) -> None:
    """Compare arguments of a configuration with the signature of what they are for.

    given: parameters that are filled in elsewhere. Raises UsageError for an unknown name, with the
    nearest one, for a value of another type than is annotated, and for one that is lacking.
    """
    parameters = inspect.signature(function).parameters.values()
    own = {p.name: p for p in parameters if p.name not in given and p.kind not in _VARIADIC}
    if not any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters):
        for name in arguments:
            if name not in own:
                raise UsageError(unknown(f"argument of {what}", name, own))
    hints = _hints(function)
    for name, parameter in own.items():
        if name not in arguments:
            if parameter.default is inspect.Parameter.empty:
                raise UsageError(f"{what} needs the argument {name}: give it in args")
        elif not fits(arguments[name], hints.get(name, Any)):
            raise UsageError(
                f"argument {name} of {what}: expected {_words(hints[name])}, "
                f"found {arguments[name]!r}"
            )


def fits(value: object, annotation: Any) -> bool:
    """Whether a value from YAML or JSON can stand where a type is annotated.

    Lists stand for tuples and whole numbers for float; what cannot be told from plain values fits.
    """
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return any(fits(value, one) for one in inner)
    if origin is Literal:
        return any(value == one and type(value) is type(one) for one in inner)
    if annotation is Any:
        return True
    if annotation is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if annotation is int:
        return isinstance(value, int) and not isinstance(value, bool)
    kind = origin or annotation
    if not isinstance(kind, type):
        return True
    if issubclass(kind, Mapping):
        return isinstance(value, Mapping)
    if issubclass(kind, Sequence) and not issubclass(kind, str | bytes):
        return isinstance(value, list | tuple) and (
            not inner or all(fits(one, inner[0]) for one in value)
        )
    return isinstance(value, kind) or kind not in (str, bool, NoneType)


_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def _attribute(kind: str, name: str, module: Any, path: str) -> Any:
    """The object of this dotted name in a module."""
    found = module
    for part in path.split("."):
        if not hasattr(found, part):
            public = [other for other in vars(module) if not other.startswith("_")]
            raise UsageError(unknown(f"{kind} in {module.__name__}", path, public) + f" ({name})")
        found = getattr(found, part)
    return found


def _check_form(
    what: str, found: object, table: Mapping[str, object], takes: Sequence[str]
) -> None:
    """Raise UsageError where an object from outside cannot stand beside those of the table."""
    ours = next(iter(table.values()))
    if not callable(ours):
        if not isinstance(found, type(ours)):
            raise UsageError(
                f"expected {what} to be a {type(ours).__name__}, found {type(found).__name__}"
            )
        return
    if not callable(found):
        raise UsageError(f"expected {what} to be callable, found {type(found).__name__}")
    try:
        if takes:
            inspect.signature(found).bind(*takes)
    except TypeError as error:
        raise UsageError(f"expected {what} to take ({', '.join(takes)}): {error}") from error


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    """Annotated types by parameter; none where they cannot be made out."""
    # A class's own annotations are those of its attributes.
    annotated = (
        inspect.getattr_static(function, "__init__") if inspect.isclass(function) else function
    )
    try:
        return get_type_hints(annotated)
    except (NameError, TypeError):
        return {}


def _words(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return " or ".join(repr(one) for one in get_args(annotation))
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)
