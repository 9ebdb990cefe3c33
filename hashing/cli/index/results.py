"""How results of `index.py search` are printed: as tables, JSON or CSV."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from hashing.cli.console import emit, put
from hashing.cli.index.tables import csv_text, print_table
from hashing.sources.columns import TO, WRITTEN

if TYPE_CHECKING:
    from hashing.collection.answer import Answer

MEASURED = ("cosine", "euclidean", "manhattan")
ALWAYS = ("rank", "id", "distance", "file")
OWN = ("query", "rank", "id", "distance", *MEASURED, "similarity", "palette", "file")
"""What a result says beside the fields of its item."""
SHOWN = 4
"""Columns that a line of the terminal has room for."""


class Told(NamedTuple):
    """An answer as it is printed; complete: whether nothing as near was left out."""

    name: str
    bits: int
    results: list[dict[str, Any]]
    complete: bool = True


def results_of(found: "Answer", names: Sequence[str], *, similarity: bool) -> list[dict[str, Any]]:
    """One row per item found, as `--json` prints it."""
    return [
        {
            "rank": rank,
            "id": hit.id,
            "distance": hit.distance,
            **({} if hit.measured is None else {found.by: round(hit.measured, 6)}),
            **({"similarity": round(found.similarity(hit), 4)} if similarity else {}),
            "file": hit.file,
            **{key_of(name): hit.fields.get(name) for name in names},
        }
        for rank, hit in enumerate(found, 1)
    ]


def key_of(name: str) -> str:
    """A column that is called like something else of a result."""
    return f"fields.{name}" if name in OWN else name


def print_json(model: str, answers: Sequence[Told]) -> None:
    """One query's results at the top, several by their queries."""
    head = {"model": model, "bits": answers[0].bits}
    bodies = [
        {"results": told.results, **({} if told.complete else {"complete": False})}
        for told in answers
    ]
    if len(answers) == 1:
        emit({**head, **bodies[0]})
        return
    queries = [{"query": told.name, **body} for told, body in zip(answers, bodies, strict=True)]
    emit({**head, "queries": queries})


def print_csv(answers: Sequence[Told], names: Sequence[str]) -> None:
    """A line for each result."""
    first = next((told.results[0] for told in answers if told.results), ALWAYS)
    own = ["query", *(name for name in OWN if name in first)]
    columns = [*own, *map(key_of, names)]
    results = [{"query": told.name, **result} for told in answers for result in told.results]
    put(csv_text(columns, [[result.get(name) for name in columns] for result in results]))


def print_results(results: list[dict[str, Any]], names: Sequence[str], bits: int) -> None:
    """A table of what is known of the results, as many columns as there is room for."""
    shown = [name for name in names if not _beside(name, names)]
    known = [name for name in shown if any(result[key_of(name)] is not None for result in results)]
    first = results[0] if results else ALWAYS
    numbers = [n for n in ("distance", *MEASURED, "similarity", "palette") if n in first]
    columns = ["rank", *numbers, "id", *map(key_of, known[:SHOWN]), "file"]
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
