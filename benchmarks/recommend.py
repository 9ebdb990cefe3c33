"""Recommendation with and without each control: how good, how varied, how fast.

PYTHONPATH=. python benchmarks/recommend.py INDEX [--queries 300] [--seed 0] [--page]

Queries are works of the index against all others. Graded relevance: 1 same style, 2 same artist,
3 both; gain 2^grade - 1, discount 1/log2(rank + 1), ideal over the whole collection. Variety is the
mean pairwise Hamming distance of the first 20, as a share of the bits. A profile's recall@20 counts
the other works of its artist or style among the first 20, out of the most that fit there. Rankings
with the slider at "similar" depend on ids among ties, as a person sees them; the tie-aware measures
of the codes themselves come from `index.py evaluate`. Results are written to
benchmarks/results/recommend.md.
"""

import argparse
import asyncio
import platform
import shutil
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hashing.cli.serve import open_searcher
from hashing.recommend import fold_duplicates
from hashing.service.refine import DIVERSITY, Refine
from hashing.service.searcher import Answer, Searcher

RESULTS = Path(__file__).parent / "results" / "recommend.md"
SHOWN = 20
LIKED = 5
SETTINGS = {
    "nearest only": Refine(k=SHOWN, diversity=0, fold=False),
    "near-duplicates folded": Refine(k=SHOWN, diversity=0),
    "one per artist": Refine(k=SHOWN, diversity=0, one_per_artist=True),
    f"varied {DIVERSITY} (the default)": Refine(k=SHOWN),
    **{f"varied {v}": Refine(k=SHOWN, diversity=v) for v in (0.1, 0.2, 0.5, 0.7, 0.9)},
}


@dataclass(frozen=True, eq=False)
class Collection:
    """Ids ascending and, in their order, label numbers int64 `[N]`, -1 where absent."""

    ids: NDArray[np.int64]
    style: NDArray[np.int64]
    artist: NDArray[np.int64]

    def grades(self, row: int) -> NDArray[np.int64]:
        """Relevance 0 ... 3 of every work for one of them."""
        style = (self.style == self.style[row]) & (self.style >= 0)
        artist = (self.artist == self.artist[row]) & (self.artist >= 0)
        return style + 2 * artist


def read_collection(searcher: Searcher) -> Collection:
    """The labels of an index."""
    ids = searcher.index.ids()
    items = searcher.index.items(ids)

    def numbered(column: str) -> NDArray[np.int64]:
        values = [item.fields.get(column) for item in items]
        number = {value: i for i, value in enumerate(sorted({str(v) for v in values if v}))}
        return np.array([number.get(str(v), -1) for v in values])

    return Collection(ids, numbered(searcher.style_column), numbered("artist"))


def main() -> None:
    """Measure, print and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("index")
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--page", action="store_true", help="time the page in a browser too")
    options = parser.parse_args()
    searcher = open_searcher(options.index)
    collection = read_collection(searcher)
    rng = np.random.default_rng(options.seed)
    report = [
        "# Recommendation",
        "",
        f"{len(collection.ids):,} works, {searcher.info.bits} bits, "
        f"model `{searcher.info.fingerprint[:12]}`, {options.queries} queries, "
        f"seed {options.seed}, {platform.machine()}, Python {platform.python_version()}.",
        "",
        *answers(searcher, collection, options.queries, rng),
        "",
        *profiles(searcher, collection, options.queries // 3, rng),
        "",
        *latency(searcher, options.page),
    ]
    text = "\n".join(report) + "\n"
    print(text)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(text, encoding="utf-8")


# Answers to one work


def answers(
    searcher: Searcher, collection: Collection, count: int, rng: np.random.Generator
) -> Iterator[str]:
    """A table with a row for each setting of the controls."""
    rows = rng.choice(len(collection.ids), min(count, len(collection.ids)), replace=False)
    yield (
        "| Controls | nDCG@10 | style P@10 | artist P@10 | variety@20 | near-duplicate pairs "
        "| coverage | ms |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    for name, refine in SETTINGS.items():
        started = time.perf_counter()
        found = [searcher.similar(int(collection.ids[row]), refine) for row in rows]
        elapsed = (time.perf_counter() - started) / len(rows) * 1000
        shown = [shown_rows(answer, collection) for answer in found]
        ndcg = np.mean([gain_at_10(collection, row, s) for row, s in zip(rows, shown, strict=True)])
        style, artist = (
            np.mean(
                [np.mean(labels[s[:10]] == labels[row]) for row, s in zip(rows, shown, strict=True)]
            )
            for labels in (collection.style, collection.artist)
        )
        variety = np.mean([spread(searcher, answer) for answer in found])
        copies = sum(duplicate_pairs(searcher, answer) for answer in found)
        coverage = len(np.unique(np.concatenate(shown))) / len(collection.ids)
        yield (
            f"| {name} | {ndcg:.3f} | {style:.3f} | {artist:.3f} | {variety:.3f} | {copies} "
            f"| {coverage:.2f} | {elapsed:.1f} |"
        )


def shown_rows(answer: Answer, collection: Collection) -> NDArray[np.int64]:
    """Rows of the collection in the order of an answer."""
    return np.searchsorted(collection.ids, [hit.item.id for hit in answer.hits])


def gain_at_10(collection: Collection, row: int, shown: NDArray[np.int64]) -> float:
    """Graded nDCG@10 of one answer; the query itself is no candidate."""
    grades = collection.grades(row)
    ideal = np.sort(np.delete(grades, row))[::-1][:10]
    discount = 1 / np.log2(np.arange(2, 12))
    best = float(((2.0**ideal - 1) * discount[: len(ideal)]).sum())
    gained = float(((2.0 ** grades[shown[:10]] - 1) * discount[: len(shown[:10])]).sum())
    return gained / best if best else 0.0


def precision_at_10(
    labels: NDArray[np.int64], rows: NDArray[np.int64], shown: list[NDArray[np.int64]]
) -> float:
    """Mean share of the first ten works with the query's label."""
    return float(
        np.mean([np.mean(labels[s[:10]] == labels[r]) for r, s in zip(rows, shown, strict=True)])
    )


def spread(searcher: Searcher, answer: Answer) -> float:
    """Mean pairwise distance of the works of an answer, as a share of the bits."""
    bits = searcher.index.codes([hit.item.id for hit in answer.hits]).unpacked()
    pairs = np.triu_indices(len(bits), 1)
    return float((bits[pairs[0]] != bits[pairs[1]]).mean()) if len(bits) > 1 else 0.0


def duplicate_pairs(searcher: Searcher, answer: Answer) -> int:
    """Works of an answer that are near-duplicates of one above them."""
    small = [searcher.pictures.thumbnail(hit.item.id) for hit in answer.hits]
    stacked = np.stack([s for s in small if s is not None])
    return int((fold_duplicates(stacked) != np.arange(len(stacked))).sum())


# Profiles


def profiles(
    searcher: Searcher, collection: Collection, count: int, rng: np.random.Generator
) -> Iterator[str]:
    """Recall@20 of a taste of one artist, one style, or two artists, from one and five works."""
    yield f"| Taste | one liked work | {LIKED} liked works | gain | {LIKED}, varied by default |"
    yield "|---|---|---|---|---|"
    plain, default = Refine(k=SHOWN, diversity=0), Refine(k=SHOWN)
    for name, labels, tastes in (
        ("one artist", collection.artist, 1),
        ("one style", collection.style, 1),
        ("two artists", collection.artist, 2),
    ):
        groups = [liked_works(labels, tastes, rng) for _ in range(count)]
        one = [
            np.mean([recall(searcher, collection, labels, [row], liked, plain) for row in liked])
            for liked in groups
        ]
        five, varied = (
            [recall(searcher, collection, labels, liked, liked, refine) for liked in groups]
            for refine in (plain, default)
        )
        yield (
            f"| {name} | {np.mean(one):.3f} | {np.mean(five):.3f} "
            f"| {np.mean(five) / np.mean(one):.2f} | {np.mean(varied):.3f} |"
        )


def liked_works(labels: NDArray[np.int64], tastes: int, rng: np.random.Generator) -> list[int]:
    """`LIKED` works of each of some labels that have at least twice as many."""
    counts = np.bincount(labels[labels >= 0])
    chosen = rng.choice(np.flatnonzero(counts >= 2 * LIKED), tastes, replace=False)
    works = [rng.choice(np.flatnonzero(labels == label), LIKED, replace=False) for label in chosen]
    return [int(row) for row in np.concatenate(works)]


def recall(
    searcher: Searcher,
    collection: Collection,
    labels: NDArray[np.int64],
    liked: Sequence[int],
    known: Sequence[int],
    refine: Refine,
) -> float:
    """Share of the places that hold another work of the labels of `known`."""
    answer = searcher.recommend([int(i) for i in collection.ids[list(liked)]], [], refine)
    wanted = np.isin(labels, labels[list(known)])
    wanted[list(known)] = False
    shown = shown_rows(answer, collection)
    return float(wanted[shown].sum() / min(SHOWN, wanted.sum()))


# Speed


def latency(searcher: Searcher, page: bool) -> Iterator[str]:
    """Milliseconds a visitor waits, over HTTP, beside the network's own time."""
    import httpx

    from hashing.images import decode

    ids = searcher.index.ids()[:: max(1, len(searcher.index.ids()) // 40)].tolist()
    data = [searcher.pictures.jpeg(searcher.item(i), 512) for i in ids]
    with served(searcher) as address, httpx.Client(base_url=address) as client:
        network = timed(lambda i: searcher.encode(decode(data[i])), len(ids))
        query = timed(
            lambda i: client.post("/api/search", files={"picture": data[i]}).raise_for_status(),
            len(ids),
        )
        click = timed(
            lambda i: client.get(f"/api/items/{ids[i]}/similar?k=24").raise_for_status(), len(ids)
        )
        yield "| Waiting for | median ms |"
        yield "|---|---|"
        yield f"| the network, one picture (decoding included) | {network:.1f} |"
        yield f"| a query by picture over HTTP | {query:.1f} ({query / network:.2f}x) |"
        yield f"| a click on a work, 24 results over HTTP | {click:.1f} |"
        if page:
            yield f"| the page in a browser, until pictures hang | {page_time(address):.0f} |"


def timed(action: Callable[[int], object], count: int) -> float:
    """Median wall milliseconds of `action(0 … count - 1)` after a warm-up."""
    action(0)
    spans = []
    for i in range(count):
        started = time.perf_counter()
        action(i)
        spans.append(time.perf_counter() - started)
    return statistics.median(spans) * 1000


@contextmanager
def served(searcher: Searcher) -> Iterator[str]:
    """The service with its page in a thread."""
    import uvicorn

    from hashing.service.api import create_app

    app = create_app(searcher)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=10)


def page_time(address: str) -> float:
    """Median milliseconds from opening the address to the first picture on the wall."""
    from playwright.sync_api import sync_playwright

    spans = []
    with sync_playwright() as driver:
        path = shutil.which("chromium") or shutil.which("google-chrome")
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for _ in range(5):
            tab = browser.new_context().new_page()
            started = time.perf_counter()
            tab.goto(address)
            tab.wait_for_function("document.querySelector('#wall img')?.naturalWidth > 0")
            spans.append(time.perf_counter() - started)
        browser.close()
    return statistics.median(spans) * 1000


if __name__ == "__main__":
    main()
