"""The document: every section from its latest measurement, kept in search.json."""

import json
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from measure import Rows, log

RESULTS = Path(__file__).parents[1] / "results"

SECTIONS = {
    "batch": (
        "Many queries at once",
        "1,000 queries in one call, codes that hardly repeat.",
    ),
    "clustered": (
        "Many queries at once, many copies",
        "200 queries in one call. Codes lie around 1,000 centres, each bit flipped with "
        "probability 1 %.",
    ),
    "single": (
        "One query at a time",
        "100 different ones in a row; the median query. The scan then waits for memory, so these "
        "ratios fall where other programs use it.",
    ),
    "threads": (
        "One query on all cores",
        "10 million uniform codes of 64 bits; cores take pieces of the scan as they are free.",
    ),
    "tables": ("Other libraries: inverted lists and hash tables", "At their usual settings."),
    "graphs": (
        "Other libraries: graphs",
        "At their usual settings. Building takes them ever longer, so fewer codes are compared.",
    ),
    "trained": (
        "Codes of a trained model",
        "Logits of CIFAR-10 (JPEG copy): database of the training part, queries of the test part.",
    ),
    "rerank": (
        "Re-ranking by the query's logits",
        "On the trained codes at full length, graded by label.",
    ),
    "filters": (
        "Filters",
        "A mask over items, batch as above, k=10: time as a share of the search without one.",
    ),
    "files": (
        "Sizes and opening",
        "The arrays of a segment written to files and mapped by a new process whose kernel is warm "
        "and whose files lie in the system's cache. Resident memory counts mapped pages, after "
        "1,000 queries.",
    ),
}

HEAD = """# Hamming search

Made by `python benchmarks/search`. {machine}; one thread unless said; {versions}.
Engines alternate within a section; shown is the median over the repetitions of thread CPU time,
wall time beside it, in nanoseconds per code and query. "Found" is the share of answers not farther
than the true k-th distance; "same ids" means that ids and their order equal those of an exhaustive
search ordered by (distance, id). "x faiss flat" compares CPU times within one section.

![Times as fast as faiss flat](search.svg)
"""


def update(section: str, rows: Rows) -> None:
    """Replace one section's rows and write the document anew."""
    if not rows:
        return
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / "search.json"
    known: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    known[section] = rows
    path.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    (RESULTS / "search.md").write_text(document(known), encoding="utf-8")
    plot(known, RESULTS / "search.svg")
    log(f"{section}: written to {RESULTS / 'search.md'}")


def document(known: Mapping[str, Rows]) -> str:
    """All sections in their order."""
    from hashing.training.provenance import processor  # brings in PyTorch

    libraries = ("numpy", "numba", "faiss-cpu", "usearch")
    versions = ", ".join(f"{name} {version(name)}" for name in libraries)
    machine = f"{processor()}, Python {platform.python_version()}"
    parts = [HEAD.format(machine=machine, versions=versions)]
    for name, (title, text) in SECTIONS.items():
        if name in known:
            rows = known[name]
            table = speed_table(rows) if "engine" in rows[0] else plain_table(rows)
            parts.append(f"## {title}\n\n{text}\n\n{table}")
    return "\n".join(parts)


def speed_table(rows: Rows) -> str:
    """The rows of a comparison with their speed against faiss flat."""
    flat = _flat(rows)
    head = ["what", "engine", "ns CPU", "ns wall", "x faiss flat", "found", "same ids", "build s"]
    body = [
        [
            str(row["what"]),
            str(row["engine"]),
            f"{row['cpu']:.4f}",
            f"{row['wall']:.4f}",
            f"{flat[str(row['what'])] / float(row['cpu']):.1f}",
            f"{row['found']:.3f}",
            "yes" if row["same ids"] else "no",
            f"{row['build']:.1f}",
        ]
        for row in rows
    ]
    return _table(head, body)


def plain_table(rows: Rows) -> str:
    """Rows as they are, numbers with three figures."""
    return _table(list(rows[0]), [[_text(value) for value in row.values()] for row in rows])


def _text(value: str | float) -> str:
    if isinstance(value, float):
        return f"{value:.4f}" if abs(value) < 2 else f"{value:.1f}"
    return str(value)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)]
    return "\n".join(lines) + "\n"


def _flat(rows: Rows) -> dict[str, float]:
    """CPU time of faiss flat for each comparison."""
    return {str(row["what"]): float(row["cpu"]) for row in rows if row["engine"] == "faiss flat"}


def plot(known: Mapping[str, Rows], path: Path) -> None:
    """Speed against faiss flat, one bar per engine and data set."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    names, speeds, colours = [], [], []
    for section in SECTIONS:
        rows = [row for row in known.get(section, []) if "engine" in row]
        flat = _flat(rows)
        for row in rows:
            if row["engine"] != "faiss flat":
                names.append(f"{row['what']}: {row['engine']} ({row['found']:.0%} found)")
                speeds.append(flat[str(row["what"])] / float(row["cpu"]))
                colours.append("#c2410c" if row["engine"] == "ours" else "#64748b")
    if not names:
        return
    mpl.rcParams["svg.hashsalt"] = "search"
    figure, axes = plt.subplots(figsize=(9, 0.28 * len(names) + 1))
    axes.barh(range(len(names)), speeds, color=colours)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_xlabel("times as fast as faiss IndexBinaryFlat, one thread, CPU time")
    figure.savefig(path, bbox_inches="tight", metadata={"Date": None})
