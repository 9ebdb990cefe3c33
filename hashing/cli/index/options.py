"""Options that several index commands share."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from hashing.cli.console import Parser, add_common

if TYPE_CHECKING:
    from hashing.store import Location

Commands: TypeAlias = "argparse._SubParsersAction[Parser]"

GOES_ON = "the same command goes on where it stopped; what is published stays"
"""After an interruption."""


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
    parser.add_argument("index", type=location, metavar="INDEX", help="folder or URL of the index")


def location(text: str) -> "Location":
    """Where an index lies; unlike the text, it can be printed without its password."""
    from hashing.store import read_location

    return read_location(text)


def picture_options(parser: Parser, *, required: bool = True, several: bool = False) -> None:
    """Where pictures come from, from `several` places at once or one."""
    parser.add_argument(
        "--images",
        type=Path,
        required=required,
        metavar="DIR|TAR|ZIP|TABLE",
        help="pictures to read",
        **({"action": "extend", "nargs": "+"} if several else {}),
    )
    parser.add_argument(
        "--metadata",
        type=Path,
        metavar="TABLE",
        help="a table: CSV, JSON, JSONL, Excel, Parquet (default: metadata.csv, … in the pictures)",
    )
    parser.add_argument(
        "--columns",
        type=renaming,
        nargs="+",
        default=[],
        metavar="NAME=COLUMN",
        help='new names of columns, such as file="Image file" for the one that names the pictures',
    )


def exclude_option(parser: Parser) -> None:
    """What of the pictures is passed over."""
    parser.add_argument(
        "--exclude",
        action="append",
        default=[],
        metavar="GLOB",
        help="pass over files and folders of this name, or with a slash of this path (repeatable)",
    )
    parser.add_argument(
        "--most-megapixels",
        type=float,
        metavar="N",
        help="the largest picture that is decoded (default 256)",
    )
    parser.add_argument(
        "--video",
        action="store_true",
        help="films, too: the frames where the picture changes, with the columns film and second",
    )


def features_option(parser: Parser) -> None:
    """Whether an index keeps more than codes."""
    parser.add_argument(
        "--features",
        action="store_true",
        help="keep what the codes are made of, too, in half precision: for --by cosine, …",
    )


def previews_option(parser: Parser) -> None:
    """How large the pictures are that an index keeps."""
    parser.add_argument(
        "--previews",
        type=at_least(0),
        metavar="PIXELS",
        help="longer side of the small pictures kept in the index (0: none; default: as before, or "
        "512)",
    )


def reading(arguments: argparse.Namespace) -> dict[str, Any]:
    """What the options above say of reading pictures, as every use case takes it by name."""
    return {
        "columns": dict(arguments.columns),
        "exclude": arguments.exclude,
        "megapixels": arguments.most_megapixels,
        "video": arguments.video,
    }


def renaming(text: str) -> tuple[str, str]:
    """`file=Image file` as a pair. Raises argparse.ArgumentTypeError."""
    name, sign, column = (part.strip() for part in text.partition("="))
    if not (name and sign and column):
        raise argparse.ArgumentTypeError(
            f'expected NAME=COLUMN such as file="Image file", found {text!r}'
        )
    return name, column


def at_least(smallest: int) -> Callable[[str], int]:
    """Reads a whole number not below `smallest`; the reader raises argparse.ArgumentTypeError."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = smallest - 1
        if number < smallest:
            raise argparse.ArgumentTypeError(
                f"expected a whole number of at least {smallest}, found {text!r}"
            )
        return number

    return read


def model_options(parser: Parser) -> None:
    """How the network runs."""
    parser.add_argument(
        "--device", default="auto", help="where the network runs: cpu, cuda (default: auto)"
    )
    parser.add_argument(
        "--workers",
        type=at_least(1),
        metavar="N",
        help="threads that decode (default: one per core)",
    )
