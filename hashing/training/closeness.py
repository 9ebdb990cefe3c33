"""Words for a model's distances, calibrated on pictures that it did not learn from."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.config import Config, DistillationConfig
from hashing.device import choose_device
from hashing.files import write_new
from hashing.metrics import Closeness, count_pairs
from hashing.models import load_model, note_extra
from hashing.training.evaluation import compute_logits
from hashing.training.examples import Examples, Part, Rows
from hashing.training.preparation import prepare
from hashing.training.report import as_json
from hashing.training.runtime import Runtime

MOST_QUERIES, MOST_ITEMS = 2000, 5000
"""Of a part that are looked at, evenly spread over it: millions of pairs tell well enough."""
CLOSENESS = "closeness"
"""Of what a model's folder says of it; see `Closeness`."""


def parts_to_calibrate(examples: Examples) -> tuple[Part, Part]:
    """What words are made of, and what they are checked by.

    They are the validation part and the test part. Where there is none, or a model learned from it,
    so that its pairs lie nearer than a stranger's, they are two halves of the test queries.
    """
    if examples.validation is not None:
        return _thinned(examples.validation), _thinned(examples.test)
    halves = (replace(examples.test, query=examples.test.query[start::2]) for start in (0, 1))
    made_of, checked_by = halves
    return _thinned(made_of), _thinned(checked_by)


def _thinned(part: Part) -> Part:
    """The part with as many queries and items as are looked at."""
    return replace(
        part,
        query=part.query[:: -(-len(part.query) // MOST_QUERIES) or 1],
        database=part.database[:: -(-len(part.database) // MOST_ITEMS) or 1],
    )


def rows_to_calibrate(examples: Examples) -> Rows:
    """The pictures that `calibrated` needs logits of, ascending."""
    parts = parts_to_calibrate(examples)
    return np.unique(
        np.concatenate([rows for part in parts for rows in (part.query, part.database)])
    )


def calibrated(
    logits: NDArray[np.float32], rows: Rows, lengths: tuple[int, ...], examples: Examples
) -> dict[str, Any]:
    """Words for distances, as the model's folder keeps them, and how they do on other queries.

    logits: float32 `[P, bits]` of the pictures `rows`, ascending, among them those of
    `rows_to_calibrate`. Two pictures belong together where they share a label of any field.
    """
    made_of, checked_by = parts_to_calibrate(examples)
    own, others = (_pairs(logits, rows, lengths, examples, part) for part in (made_of, checked_by))
    words = Closeness.of(own)
    return {
        **words.as_dict(),
        "made_of": "validation part" if examples.validation is not None else "test part",
        "queries": len(made_of.query),
        "checked": words.kept(others),
        "checked_queries": len(checked_by.query),
    }


def calibrate(config: Config, folder: Path, runtime: Runtime) -> dict[str, Any]:
    """Give the words to the model in `folder`, by the data and protocol of `config`.

    `config.json` and `metrics.json` are written anew with them; weights and fingerprint stay.
    """
    network = load_model(folder, choose_device(runtime.device))
    config = replace(config, model=network.config, preprocessing=network.preprocessing)
    config = replace(config, start=None, teacher=None, distillation=DistillationConfig())
    examples = prepare(config, runtime, learning=False)
    rows = rows_to_calibrate(examples)
    with runtime.progress(len(rows), "encoding", "pictures") as bar:
        logits = compute_logits(network, examples, rows, settled=True, on_pictures=bar.advance)
    found = calibrated(logits, rows, network.lengths, examples)
    note_extra(folder, CLOSENESS, found)
    metrics = folder / "metrics.json"
    if metrics.is_file():
        known = json.loads(metrics.read_text(encoding="utf-8")) | {CLOSENESS: found}
        write_new(metrics, [as_json(known).encode()])
    return found


def closeness_text(found: dict[str, Any]) -> str:
    """The words in a few lines for a terminal."""
    lines = [
        f"words by {found['queries']:,} queries of the {found['made_of']}; in brackets the share "
        f"of pairs that belong together, by {found['checked_queries']:,} other queries"
    ]
    for bits, by_word in found["bounds"].items():
        told = [
            f"{word} up to {most} ({found['checked'][bits][word]['share']:.2f})"
            for word, most in by_word.items()
        ]
        lines.append(f"{bits:>6} bits: {', '.join(told) or 'no word can be promised'}")
    return "\n".join(lines) + "\n"


def _pairs(
    logits: NDArray[np.float32],
    rows: Rows,
    lengths: tuple[int, ...],
    examples: Examples,
    part: Part,
) -> dict[int, NDArray[np.int64]]:
    field = examples.measured[-1]
    queries, database = (
        Codes.from_logits(logits[np.searchsorted(rows, some)])
        for some in (part.query, part.database)
    )
    return count_pairs(
        queries, database, lengths, examples.relevant(field, part), examples.excluded(field, part)
    )
