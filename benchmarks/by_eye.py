"""Sheets to judge answers by eye without knowing which order gave them, and their count.

    python benchmarks/by_eye.py draw INDEX --test FILE --seed 18 --out FOLDER
    python benchmarks/by_eye.py count FOLDER

`draw` takes 12 queries, one of each of the column's values and a second of its commonest, from the
files that FILE names, one a line (those that the model did not learn from), asks the index in each
of `ORDERS`, and writes a sheet for each query: the query, and all that any order has among its
first ten, shuffled and numbered. Write the numbers of the acceptable ones, a line a query, into
FOLDER/good.txt: an answer is one that shares two of subject, composition, palette and manner with
the query. `count` tells how many each order has.
"""

import argparse
import io
import json
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from hashing import Collection
from hashing.collection.request import Refine

QUERIES, ANSWERS, PAGE = 12, 10, 24
SIDE, ACROSS = 150, 8
ORDERS = {
    "codes": Refine(PAGE),
    "codes and tones": Refine(PAGE, tones=0.5),
    "codes, tones and features": Refine(PAGE, tones=0.5, features=1),
}
"""As the page asks: by codes alone, and by all that one sees without and with features."""


def main() -> None:
    """Draw sheets, or count what was judged."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    drawing = commands.add_parser("draw")
    drawing.add_argument("index")
    drawing.add_argument("--test", type=Path, required=True)
    drawing.add_argument("--column", default="style")
    drawing.add_argument("--seed", type=int, required=True)
    drawing.add_argument("--out", type=Path, required=True)
    commands.add_parser("count").add_argument("folder", type=Path)
    options = parser.parse_args()
    if options.command == "count":
        count(options.folder)
        return
    files = set(options.test.read_text(encoding="utf-8").split())
    rng = np.random.default_rng(options.seed)
    with Collection.open(options.index) as art:
        queries = choose(art, files, options.column, rng)
        options.out.mkdir(parents=True)
        draw(art, queries, rng, options.out)


def choose(art: Collection, files: set[str], column: str, rng: np.random.Generator) -> list[int]:
    """Ids of the queries."""
    items = list(art.items())
    common = [value for value, _ in Counter(item.fields[column] for item in items).most_common()]
    chosen: list[int] = []
    for value in [*sorted(common, key=str), *common][:QUERIES]:
        left = [i.id for i in items if i.fields[column] == value and i.file in files]
        chosen.append(int(rng.choice([one for one in left if one not in chosen])))
    return chosen


def draw(art: Collection, queries: list[int], rng: np.random.Generator, out: Path) -> None:
    """A sheet for each query, and which number is which work."""
    answers = {
        order: [[hit.id for hit in art.answer(art.stored(q), refine)][:ANSWERS] for q in queries]
        for order, refine in ORDERS.items()
    }
    keys = []
    for row, query in enumerate(queries):
        ids = rng.permutation(sorted({i for each in answers.values() for i in each[row]})).tolist()
        keys.append(ids)
        sheet(art, query, ids).save(out / f"{row + 1:02}.png")
    told = {"queries": queries, "keys": keys, "answers": answers}
    (out / "key.json").write_text(json.dumps(told), encoding="utf-8")


def sheet(art: Collection, query: int, ids: list[int]) -> Image.Image:
    """The query at twice the size, and works with their numbers."""
    rows = -(-len(ids) // ACROSS)
    whole = Image.new("RGB", ((2 + ACROSS) * SIDE, max(2, rows) * SIDE), "white")
    marks = ImageDraw.Draw(whole)
    for number, item_id in enumerate([query, *ids]):
        preview = art.index.preview(item_id)
        if preview is None:
            continue
        picture = Image.open(io.BytesIO(preview)).convert("RGB")
        picture.thumbnail((2 * SIDE - 20,) * 2 if not number else (SIDE - 20,) * 2)
        row, column = divmod(number - 1, ACROSS)
        x, y = ((2 + column) * SIDE, row * SIDE) if number else (0, 0)
        whole.paste(picture, (x, y + 14))
        marks.text((x, y), str(number or ""), fill="black")
    return whole


def count(folder: Path) -> None:
    """How many of each order's answers were judged acceptable, by query and in all."""
    told = json.loads((folder / "key.json").read_text(encoding="utf-8"))
    lines = (folder / "good.txt").read_text(encoding="utf-8").splitlines()
    good = [
        {ids[int(number) - 1] for number in line.split()}
        for ids, line in zip(told["keys"], lines, strict=True)
    ]
    for order, answers in told["answers"].items():
        each = [len(right & set(ids)) for right, ids in zip(good, answers, strict=True)]
        print(f"{order:28} {sum(each):4} of {ANSWERS * len(good)}   {each}")


if __name__ == "__main__":
    main()
