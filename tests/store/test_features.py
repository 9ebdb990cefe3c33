"""Features beside the codes, in every store."""

import io
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hashing.collection.change import import_exported
from hashing.errors import ArtefactError, InputError
from hashing.store import Index, NewItem, Place, create_index, open_index
from hashing.store.embedded.schema import PREVIEWS
from hashing.store.transfer import export_index
from tests.store.conftest import BITS, COLUMNS, create, new_items

WIDTH = 5


def with_features(count: int, seed: int = 0) -> list[NewItem]:
    rows = np.random.default_rng(seed).normal(size=(count, WIDTH)).astype("<f2")
    items = new_items(count, seed)
    return [replace(item, features=row.tobytes()) for item, row in zip(items, rows, strict=True)]


def numbers(items: list[NewItem]) -> np.ndarray:
    return np.frombuffer(b"".join(item.features or b"" for item in items), "<f2").reshape(-1, WIDTH)


def make(place: Place) -> Index:
    return create_index(
        place,
        bits=BITS,
        lengths=(BITS,),
        fingerprint="f" * 64,
        columns=COLUMNS,
        model="model",
        features=WIDTH,
    )


def test_features_come_back_in_any_order(place: Place) -> None:
    items = with_features(20)
    with make(place) as index:
        assert index.info.features == WIDTH
        index.add(items[:12])
        index.add(items[12:])
        wanted = [7, 0, 19, 7]
        np.testing.assert_array_equal(index.features(wanted), numbers(items)[wanted])
        assert index.features([]).shape == (0, WIDTH)
        index.remove([3])
        index.compact()
        with pytest.raises(InputError, match="no item 3"):
            index.features([3])
        np.testing.assert_array_equal(index.features([4]), numbers(items)[[4]])
        assert not index.verify()


def test_an_index_without_features_has_none_and_takes_none(place: Place) -> None:
    with create(place, new_items(3)) as index:
        assert index.info.features == 0
        assert index.features([2, 0]).shape == (2, 0)
        with pytest.raises(InputError, match="expected 0 finite features"):
            index.add(with_features(1, seed=1))


@pytest.mark.parametrize(
    "features", [None, b"", bytes(2 * WIDTH - 2), np.full(WIDTH, np.nan, "<f2").tobytes()]
)
def test_other_features_are_refused_and_nothing_is_added(
    place: Place, features: bytes | None
) -> None:
    with make(place) as index:
        bad = replace(with_features(2)[1], features=features)
        with pytest.raises(InputError, match=f"expected {WIDTH} finite features"):
            index.add([with_features(1)[0], bad])
        assert index.info.count == 0


def test_an_export_carries_features(tmp_path: Path) -> None:
    items = with_features(4)
    with make(tmp_path / "a.index") as index:
        index.add([replace(item, preview=None) for item in items])
        text = io.StringIO()
        export_index(index, text)
    file = tmp_path / "a.jsonl"
    file.write_text(text.getvalue(), encoding="utf-8")
    import_exported(file, str(tmp_path / "b.index"))
    with open_index(tmp_path / "b.index") as index:
        np.testing.assert_array_equal(index.features(range(4)), numbers(items))


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE features SET numbers = zeroblob(10) WHERE id = 1",
        "DELETE FROM features WHERE id = 1",
        "UPDATE features SET id = CASE id WHEN 0 THEN -9 WHEN 1 THEN 0 ELSE id END",
    ],
)
def test_damaged_features_are_noticed(tmp_path: Path, damage: str) -> None:
    with make(tmp_path / "a.index") as index:
        index.add(with_features(3))
    with closing(sqlite3.connect(tmp_path / "a.index" / PREVIEWS)) as db, db:
        db.execute(damage)
    with open_index(tmp_path / "a.index") as index:
        with pytest.raises(ArtefactError, match="features"):
            index.features([0, 1])
        with pytest.raises(ArtefactError, match="features"):
            index.verify()
