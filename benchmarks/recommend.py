"""Recommendation with and without each control: how good, how varied, with how many likes.

PYTHONPATH=. python benchmarks/recommend.py INDEX [--queries 300] [--tastes 100] [--tune]

Queries and liked works are drawn from one random half of the works, and the answers from all of
them; `--tune` takes the other half, on which the page's defaults were chosen, and writes nothing.
Graded relevance: 1 same style, 2 same artist, 3 both; gain 2^grade - 1, discount 1/log2(rank + 1),
ideal over the whole collection. Variety is the mean pairwise Hamming distance of the first 20, as
a share of the bits. Near-duplicates are made: some works are recompressed, shrunk, cropped and
brightened, and compared with the work they come from and with all others. Rankings depend on ids
among ties, as a person sees them; the tie-aware measures of the codes are `index.py evaluate`'s.
Results are written to benchmarks/results/recommend.md.
"""

import argparse
import io
import platform
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance

from hashing.collection import Collection
from hashing.collection.opened import Opened
from hashing.collection.quality import (
    LIKED,
    SHOWN,
    Rows,
    Works,
    controls,
    draw_tastes,
    judge_answers,
    judge_tastes,
)
from hashing.collection.request import DIVERSITY, Refine
from hashing.images import decode
from hashing.recommend import fold_duplicates

RESULTS = Path(__file__).parent / "results" / "recommend.md"
SEED = 0
SETTINGS = {
    **controls("artist"),
    **{f"varied {v}": Refine(diversity=v) for v in (0.1, 0.2, 0.4, 0.5, 0.7, 0.9)},
}
CAVEAT = (
    "A model that was trained on most of these works, as the released one was, makes levels say "
    "little: the differences between rows are what this shows. The limits of what counts as one "
    "taste, how rankings are fused, and what is a copy were chosen on the other half of the "
    "artworks, the fusion with an earlier model."
)
TASTES = (("artist", 1), ("artist", 2), ("style", 1), ("style", 2))
COPIED = 500
"""Works that near-duplicates are made of."""


def main() -> None:
    """Measure, print and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("index")
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--tastes", type=int, default=100)
    parser.add_argument("--tune", action="store_true", help="measure on the other half")
    options = parser.parse_args()
    with Collection.open(options.index) as collection:
        opened = collection.opened
        works = Works.of(opened, ["style", "artist"])
        rows = works.halves(SEED)[0 if options.tune else 1]
        info = opened.info
        report = [
            "# Recommendation",
            "",
            f"{info.count:,} works, {info.bits} bits, model `{info.fingerprint[:12]}`, "
            f"{options.queries} queries and {options.tastes} tastes of a kind from "
            f"{'the tuning' if options.tune else 'the held-out'} half, seed {SEED}, "
            f"{platform.machine()}, Python {platform.python_version()}.",
            "",
            CAVEAT,
            "",
            *answers(opened, works, rows[: options.queries]),
            "",
            *tastes(opened, works, rows, options.tastes),
            "",
            *duplicates(opened, rows[:COPIED]),
        ]
    text = "\n".join(report) + "\n"
    print(text)
    if not options.tune:
        RESULTS.write_text(text, encoding="utf-8")


def answers(opened: Opened, works: Works, queries: Rows) -> Iterator[str]:
    """A table with a row for each setting of the controls."""
    yield (
        "| Controls | nDCG@10 | style P@10 | artist P@10 "
        "| variety@20 | near-duplicates | coverage |"
    )
    yield "|---|---|---|---|---|---|---|"
    plain = judge_answers(opened, works, queries, SETTINGS["nearest only"])
    for name, refine in SETTINGS.items():
        found = judge_answers(opened, works, queries, refine)
        yield (
            f"| {name} | {found.ndcg:.4f} ({found.ndcg / plain.ndcg - 1:+.1%}) "
            f"| {found.precision['style']:.3f} | {found.precision['artist']:.3f} "
            f"| {found.variety:.3f} ({found.variety / plain.variety - 1:+.0%}) "
            f"| {found.copies} | {found.coverage:.2f} |"
        )


def tastes(opened: Opened, works: Works, among: Rows, count: int) -> Iterator[str]:
    """What `LIKED` works of an artist or a style add to one of them, plain and as the page asks."""
    yield f"One liked work against {LIKED} of each label; the first {SHOWN} places."
    yield ""
    yield (
        "| Taste | setting | recall, one liked | recall, all liked | gain | at most "
        "| P, one liked | P, all liked |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    plain = Refine(diversity=0)
    settings = {
        "nearest only": (plain, plain),
        f"default ({DIVERSITY})": (Refine(), Refine()),
        "default against nearest only": (Refine(), plain),
    }
    for field, labels in TASTES:
        drawn = draw_tastes(works, field, among, labels, count, SEED)
        name = f"{'one' if labels == 1 else 'two'} {field}{'s' * (labels > 1)}"
        for setting, (many, one) in settings.items():
            found = judge_tastes(opened, works, field, drawn, many, one)
            yield (
                f"| {name} | {setting} | {found.recall_one:.4f} | {found.recall:.4f} "
                f"| {found.gain:.2f} | {found.bound:.3f} | {found.precision_one:.3f} "
                f"| {found.precision:.3f} |"
            )


# Near-duplicates


def encoded(image: Image.Image, quality: int) -> bytes:
    """As JPEG."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def cropped(image: Image.Image, share: float) -> Image.Image:
    """Without `share` of each side at every edge."""
    width, height = image.size
    x, y = width * share, height * share
    return image.crop((round(x), round(y), round(width - x), round(height - y)))


COPIES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "recompressed at quality 30": lambda image: image,
    "half the size": lambda image: image.resize((image.width // 2, image.height // 2)),
    "1 % cropped off every edge": lambda image: cropped(image, 0.01),
    "2 % cropped off every edge": lambda image: cropped(image, 0.02),
    "4 % cropped off every edge": lambda image: cropped(image, 0.04),
    "5 % brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.05),
    "15 % brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.15),
    "mirrored": lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
}


def duplicates(opened: Opened, rows: Rows) -> Iterator[str]:
    """How many made copies are folded into their work, and how many works into another."""
    ids = opened.index.ids()
    previews = [opened.index.preview(int(i)) for i in ids]
    if None in previews:
        raise SystemExit("expected an index that kept a preview of every work")
    own = fold_duplicates(opened.pictures.copies(ids.tolist()))
    folded = int((own != np.arange(len(ids))).sum())
    yield (
        f"Folding, on copies made of {len(rows):,} works. Of the {len(ids):,} works themselves "
        f"{folded} are folded into another one."
    )
    yield ""
    yield "| Copy | found | folded into another work |"
    yield "|---|---|---|"
    pictures = [decode(opened.index.preview(int(i)) or b"") for i in ids[rows]]
    for name, change in COPIES.items():
        quality = 30 if name.startswith("recompressed") else 85
        copies = (decode(encoded(change(picture), quality)) for picture in pictures)
        works = [opened.pictures.copied(copy, ids.tolist()) for copy in copies]
        found = [row in among for row, among in zip(rows.tolist(), works, strict=True)]
        others = [
            bool((own[among] != own[row]).any())
            for row, among in zip(rows.tolist(), works, strict=True)
        ]
        yield f"| {name} | {np.mean(found):.1%} | {np.mean(others):.1%} |"


if __name__ == "__main__":
    main()
