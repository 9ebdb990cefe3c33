"""`index.py search`: the pictures of an index nearest to some from outside, or to its own."""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from hashing.cli.console import suggest, word
from hashing.cli.index.options import Commands, command, index_argument, model_options
from hashing.cli.index.results import Told, key_of, print_csv, print_json, print_results, results_of
from hashing.errors import InputError, UsageError
from hashing.progress import log

if TYPE_CHECKING:
    from hashing.collection import Collection
    from hashing.collection.answer import Answer
    from hashing.collection.request import Query, Taste
    from hashing.store import IndexInfo

QUERY_PIXELS = 512
MOST_ASKED = 6
"""Colours of a question."""


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
        answers: list[Told] = []
        if not (pictures or arguments.id):
            answers.append(_by_palette(collection, names, arguments))
        for name, found in _answers(collection, pictures, arguments):
            if arguments.open:
                shown = next((p for p in pictures if str(p) == name), None)
                found.show(Path(name).name, None if shown is None else _shown(shown))
            results = results_of(found, names, similarity=arguments.similarity)
            answers.append(Told(name, found.bits, results, found.complete))
        model = collection.info.model
    if arguments.json:
        print_json(model, answers)
    elif arguments.csv:
        print_csv(answers, names)
    else:
        for told in answers:
            if len(answers) > 1:
                log(told.name)
            print_results(told.results, names, told.bits)
        first = answers[0].results
        if first:
            index = word(arguments.index)
            suggest(f"index.py search {index} --id {first[0]['id']}, or serve.py")
    if not all(told.complete for told in answers):
        log("incomplete: there may be others as near as the last")
    return 0


def refuse_empty(collection: "Collection") -> None:
    """Raise InputError where there is nothing to find, and say why."""
    from hashing.collection.change import refuse_half

    if len(collection):
        return
    refuse_half(collection.index)
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
) -> Told:
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
            **{key_of(name): item.fields.get(name) for name in names},
        }
        for rank, (item, distance) in enumerate(zip(items, far, strict=False), 1)
    ]
    return Told(" ".join(arguments.palette), collection.info.bits, results)


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
