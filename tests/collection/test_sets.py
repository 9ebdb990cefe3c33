"""Columns whose cells hold several labels, as NUS-WIDE and COCO have them."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from hashing.codes import Codes
from hashing.errors import InputError
from hashing.store import NewItem, create_index
from tests.gallery import with_model

TAGS = ["dog, car", "dog", "car|boat", None, "boat; dog ,car", ""]


def test_what_shares_a_label_is_relevant_the_more_the_better(tmp_path: Path) -> None:
    codes = Codes.from_hex(["000000", "000001", "000007", "00007f", "007fff", "ffffff"], 24)
    index = create_index(
        tmp_path / "i",
        bits=24,
        lengths=(24,),
        fingerprint="0" * 64,
        columns={"tags": str, "room": int},
        model=tmp_path / "m",
    )
    index.add(
        NewItem(
            f"{row}.jpg",
            {"room": row % 2, **({"tags": tags} if tags else {})},
            codes.packed[row].tobytes(),
            hashlib.sha256(bytes([row])).digest(),
        )
        for row, tags in enumerate(TAGS)
    )
    with with_model(index) as art:
        found = art.evaluate(sets=["tags"])
        assert found.labels == ["tags"]
        assert found.recommendation is None
        sets = [{"dog", "car"}, {"dog"}, {"car", "boat"}, set(), {"boat", "dog", "car"}, set()]
        distances, precisions, gains = codes.distances(codes), [], []
        for query, mine in enumerate(sets):
            others = [row for row in np.argsort(distances[query], kind="stable") if row != query]
            shared = np.array([len(mine & sets[row]) for row in others])
            relevant = shared > 0
            hits = np.cumsum(relevant)[relevant] / (np.flatnonzero(relevant) + 1)
            precisions.append(hits.mean() if relevant.any() else 0.0)
            discounts = 1 / np.log2(np.arange(2, 2 + len(others)))
            best = np.sort(2.0**shared - 1)[::-1] @ discounts
            gains.append((2.0**shared - 1) @ discounts / best if best else 0.0)
        measured = found.results["24 bits"]
        assert measured.mean_average_precision == pytest.approx(np.mean(precisions))
        assert measured.ndcg_at[10] == pytest.approx(np.mean(gains))
        assert set(art.evaluate(["room"], sets=["tags"]).by_label) == {"room", "tags"}
        with pytest.raises(InputError, match="no column 'tag'"):
            art.evaluate(sets=["tag"])
