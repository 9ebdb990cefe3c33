"""`index.py search`: the pictures of an index nearest to some from outside, or to its own."""

import argparse
import csv
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hashing.cli.console import emit, suggest
from hashing.cli.index.options import Commands, command, index_argument, model_options
from hashing.cli.index.tables import print_table
from hashing.errors import InputError, UsageError
from hashing.progress import log
from hashing.sources.columns import TO, WRITTEN

if TYPE_CHECKING:
    from hashing.collection import Collection
    from hashing.collection.answer import Answer
    from hashing.collection.request import Query, Taste
    from hashing.store import IndexInfo

QUERY_PIXELS = 512
MEASURED = ("cosine", "euclidean", "manhattan")
ALWAYS = ("rank", "id", "distance", "file")
OWN = ("query", "rank", "id", "distance", *MEASURED, "similarity", "palette", "file")
"""What a result says beside the fields of its item."""
MOST_ASKED = 6
"""Colours of a question."""
SHOWN = 4
"""Columns that a line of the terminal has room for."""


def add_commands(commands: Commands) -> None:
    """Declare `search`."""
    parser = command(commands, "search", search, "find the pictures most like some")
    index_argument(parser)
    parser.add_argument("pictures", nargs="*", type=Path, metavar="PICTURE", help="ask with these")
    parser.add_argument(
        "--image", type=Path, action="append", default=[], metavar="FILE", help="ask with this one"
    )
    parser.add_argument(
        "--id", type=int, nargs="+", default=[], metavar="ID", help="ask with these items"
    )
    parser.add_argument(
        "--together", action="store_true", help="one answer for all, as for a person's taste"
    )
    parser.add_argument(
        "--box",
        metavar="BOX",
        help="only this part of the pictures: left,top,right,bottom or x,y of four corners, as "
        "shares from 0 to 1; `suggest` takes what seems to be a frame, and what is within it",
    )
    parser.add_argument("--any-turn", action="store_true", help="turned and mirrored, too")
    parser.add_argument(
        "--crops",
        action="store_true",
        help="for photographs of works: the frame that is seen and the middle, ever smaller",
    )
    parser.add_argument("-k", type=int, default=10, help="how many results (default 10)")
    parser.add_argument("--where", metavar="FILTER", help="only items that this filter keeps")
    parser.add_argument(
        "--palette",
        nargs="+",
        default=[],
        metavar="COLOUR",
        help="only items that have these colours, such as 2b2a26; with nothing else to ask with, "
        "all items by how well they have them",
    )
    parser.add_argument(
        "--palette-of", type=int, metavar="ID", help="the same with the main colours of an item"
    )
    parser.add_argument(
        "--max-distance", type=_distance, metavar="D", help="only up to D differing bits"
    )
    parser.add_argument("--bits", type=int, help="search by this shorter length of the code")
    parser.add_argument(
        "--rerank", type=int, metavar="R", help="order the R nearest by the network's own scores"
    )
    parser.add_argument(
        "--by",
        default="hamming",
        metavar="DISTANCE",
        help="hamming (default), or of an index with --features: cosine, euclidean, manhattan",
    )
    parser.add_argument(
        "--similarity", action="store_true", help="print how alike each is as a number up to 1"
    )
    parser.add_argument("--csv", action="store_true", help="print a line for each result")
    parser.add_argument("--open", action="store_true", help="show the results in the browser")
    parser.add_argument("--model", type=Path, metavar="MODEL", help="the model, if it has moved")
    model_options(parser)


def search(arguments: argparse.Namespace) -> int:
    """Encode what is asked with and print its nearest items."""
    from hashing.collection import Collection

    pictures = [*arguments.pictures, *arguments.image]
    colours = arguments.palette or arguments.palette_of is not None
    if not (pictures or arguments.id or colours):
        raise UsageError("expected a picture to ask with, --id or --palette, found none")
    with Collection.open(
        arguments.index, model=arguments.model, device=arguments.device
    ) as collection:
        refuse_empty(collection)
        names = _columns(collection.info)
        if arguments.palette_of is not None:
            collection.item(arguments.palette_of)
            of = collection.opened.pictures.colours(arguments.palette_of)
            arguments.palette += of[: MOST_ASKED - len(arguments.palette)]
        answers = []
        if not (pictures or arguments.id):
            answers.append(_by_palette(collection, names, arguments))
        for name, found in _answers(collection, pictures, arguments):
            if arguments.open:
                shown = next((p for p in pictures if str(p) == name), None)
                found.show(Path(name).name, None if shown is None else _shown(shown))
            results = _results(found, names, similarity=arguments.similarity)
            answers.append((name, found.bits, results))
        model = collection.info.model
    if arguments.json:
        _emit(model, answers)
    elif arguments.csv:
        _print_csv(answers, names)
    else:
        for name, bits, results in answers:
            if len(answers) > 1:
                log(name)
            _print(results, names, bits)
        first = answers[0][2]
        if first:
            suggest(f"index.py search {arguments.index} --id {first[0]['id']}, or serve.py")
    return 0


def refuse_empty(collection: "Collection") -> None:
    """Raise InputError where there is nothing to find, and say why."""
    if len(collection):
        return
    source = collection.info.unfinished
    reason = "all its items were removed" if source is None else "its build was interrupted"
    raise InputError(
        f"expected an index with pictures, found an empty one in {collection.info.location}: "
        f"{reason}; run the same `index.py build` again, or add pictures"
    )


def _answers(
    collection: "Collection", pictures: Sequence[Path], arguments: argparse.Namespace
) -> "Iterator[tuple[str, Answer]]":
    """What was asked with by name, and its answer."""
    from hashing.collection.request import Refine

    refine = Refine(
        arguments.k,
        collection.filter(arguments.where),
        arguments.bits,
        arguments.max_distance,
        arguments.rerank,
        diversity=0,
        fold=False,
        by=arguments.by,
        palette=tuple(arguments.palette),
    )
    named: list[tuple[str, Query]] = []
    for picture in pictures:
        query = _look(collection, picture, arguments)
        named.append((str(picture), query if arguments.rerank else replace(query, logits=None)))
    named += [(f"id {item_id}", collection.stored(item_id)) for item_id in arguments.id]
    asked: list[tuple[str, Query | Taste]] = list(named)
    if arguments.together and named:
        codes = [query.code.hex()[0] for _, query in named[: len(pictures)]]
        together = ", ".join(name for name, _ in named)
        asked = [(together, collection.taste([*codes, *arguments.id]))]
    for name, each in asked:
        yield name, collection.answer(each, refine)


def _by_palette(
    collection: "Collection", names: Sequence[str], arguments: argparse.Namespace
) -> tuple[str, int, list[dict[str, Any]]]:
    """All items, those first that have the colours best."""
    from hashing.collection.colours import by_colour, read_colours

    asked, ids = read_colours(arguments.palette), collection.ids(where=arguments.where)
    found, far = by_colour(collection.opened, asked, ids, every=True)
    items = collection.items(found[: arguments.k])
    results = [
        {
            "rank": rank,
            "id": item.id,
            "palette": round(float(distance), 4),
            "file": item.file,
            **{_key(name): item.fields.get(name) for name in names},
        }
        for rank, (item, distance) in enumerate(zip(items, far, strict=False), 1)
    ]
    return " ".join(arguments.palette), collection.info.bits, results


def _look(collection: "Collection", picture: Path, arguments: argparse.Namespace) -> "Query":
    from hashing.collection.parts import SUGGEST, Look
    from hashing.images import open_picture
    from hashing.images.frames import suggest_box

    image = open_picture(picture)
    if arguments.box == SUGGEST:
        box = suggest_box(image)
        corners = "" if box is None else ",".join(f"{value:.3f}" for xy in box for value in xy)
        log(f"{picture}: no frame is seen" if box is None else f"{picture}: --box {corners}")
    look = Look.of(arguments.box, any_turn=arguments.any_turn, crops=arguments.crops)
    return collection.look(image, look)


def _shown(picture: Path) -> bytes:
    from hashing.images import encode_jpeg, open_picture

    return encode_jpeg(open_picture(picture), QUERY_PIXELS)


def _columns(info: "IndexInfo") -> list[str]:
    """Those of the roles on a picture's label first, then all others."""
    from hashing.collection.answer import LABEL

    first = [info.roles[role] for role in LABEL if role in info.roles]
    return list(dict.fromkeys([*first, *info.columns]))


def _distance(text: str) -> float:
    """A whole number of bits, or a distance of features."""
    return int(text) if text.isdigit() else float(text)


def _results(found: "Answer", names: Sequence[str], *, similarity: bool) -> list[dict[str, Any]]:
    """One row per item found, as `--json` prints it."""
    return [
        {
            "rank": rank,
            "id": hit.id,
            "distance": hit.distance,
            **({} if hit.measured is None else {found.by: round(hit.measured, 6)}),
            **({"similarity": round(found.similarity(hit), 4)} if similarity else {}),
            "file": hit.file,
            **{_key(name): hit.fields.get(name) for name in names},
        }
        for rank, hit in enumerate(found, 1)
    ]


def _key(name: str) -> str:
    """A column that is called like something else of a result."""
    return f"fields.{name}" if name in OWN else name


def _emit(model: str, answers: Sequence[tuple[str, int, list[dict[str, Any]]]]) -> None:
    """One query's results at the top, several by their queries."""
    head = {"model": model, "bits": answers[0][1]}
    if len(answers) == 1:
        emit({**head, "results": answers[0][2]})
        return
    emit({**head, "queries": [{"query": name, "results": found} for name, _, found in answers]})


def _print_csv(
    answers: Sequence[tuple[str, int, list[dict[str, Any]]]], names: Sequence[str]
) -> None:
    first = next((results[0] for _, _, results in answers if results), ALWAYS)
    own = ["query", *(name for name in OWN if name in first)]
    columns = [*own, *map(_key, names)]
    writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
    writer.writeheader()
    for name, _, results in answers:
        writer.writerows({"query": name, **result} for result in results)


def _print(results: list[dict[str, Any]], names: Sequence[str], bits: int) -> None:
    shown = [name for name in names if not _beside(name, names)]
    known = [name for name in shown if any(result[_key(name)] is not None for result in results)]
    first = results[0] if results else ALWAYS
    numbers = [n for n in ("distance", *MEASURED, "similarity", "palette") if n in first]
    columns = ["rank", *numbers, "id", *map(_key, known[:SHOWN]), "file"]
    rows = [[_cell(result, name) for name in columns] for result in results]
    named = [f"of {bits}" if name == "distance" else name for name in columns]
    print_table(named, rows, right=("rank", f"of {bits}", *numbers, "id"))


def _beside(name: str, names: Sequence[str]) -> bool:
    """Whether a column only says more of a date: its last year, or how it is written."""
    return any(name.endswith(end) and name.removesuffix(end) in names for end in (TO, WRITTEN))


def _cell(result: Mapping[str, Any], name: str) -> str:
    """A value as text, a date as it was written."""
    value = result.get(name + WRITTEN) or result[name]
    return "" if value is None else str(value)
