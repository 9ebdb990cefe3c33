"""Options that several index commands share."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from hashing.cli.console import Parser, add_common
from hashing.errors import ArtefactError

if TYPE_CHECKING:
    from hashing.encoding import Encoder
    from hashing.filters import Filter
    from hashing.store import Index

Commands: TypeAlias = "argparse._SubParsersAction[Parser]"


def command(
    commands: Commands, name: str, run: Callable[[argparse.Namespace], int], help_text: str
) -> Parser:
    """A command with the options that all have."""
    parser: Parser = commands.add_parser(name, help=help_text, description=help_text)
    parser.set_defaults(run=run)
    add_common(parser)
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    return parser


def index_argument(parser: Parser) -> None:
    """The index that a command works on."""
    parser.add_argument("index", metavar="INDEX", help="folder of the index")


def picture_options(parser: Parser, *, required: bool = True) -> None:
    """Where pictures come from."""
    parser.add_argument(
        "--images", type=Path, required=required, metavar="DIR|TAR", help="pictures to read"
    )
    parser.add_argument("--metadata", type=Path, metavar="CSV", help="metadata file (CSV or JSONL)")


def model_options(parser: Parser) -> None:
    """How the network runs."""
    parser.add_argument("--device", default="cpu", help="where the network runs (cpu, cuda)")
    parser.add_argument(
        "--workers", type=int, metavar="N", help="threads that decode (default: one per core)"
    )


def filter_of(index: "Index", text: str | None) -> "Filter | None":
    """What `--where` asks for, None without it. Raises UsageError with a pointer at a mistake."""
    from hashing.filters import parse

    return None if text is None else parse(text, index.info.columns)


def encoder_of(index: "Index", model: Path | None, device: str) -> "Encoder":
    """The encoder of the model that made the index. Raises ArtefactError for another one."""
    from hashing.encoding import Encoder

    info = index.info
    encoder = Encoder.load(model or Path(info.model), device)
    if encoder.fingerprint != info.fingerprint:
        raise ArtefactError(
            f"{info.location} was made with the model {info.fingerprint[:12]} (then at "
            f"{info.model}), found {encoder.fingerprint[:12]}; give that model or build a new index"
        )
    return encoder
