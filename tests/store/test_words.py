import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from hashing.errors import UsageError
from hashing.filters import between
from hashing.store import Index, NewItem, Place, create_index, delete_index, open_index
from hashing.store.embedded.generation import _digest
from hashing.store.embedded.sums import write_sum
from hashing.store.words import MAX_PHRASES, phrases, words_of
from tests.store.conftest import BITS
from tests.store.servers import PostgresServer

WORKS: list[dict[str, str | int | float]] = [
    {"title": "神奈川沖浪裏", "artist": "葛飾北斎", "note": "wave"},
    {"title": "東海道五十三次 日本橋", "artist": "歌川広重"},
    {"title": "Straßenszene", "artist": "Kirchner", "year": 1913},
    {"title": "L'Estaque", "artist": "Paul Cézanne", "price": 12.5},
    {"title": "Ночной дозор", "artist": "Рембрандт", "object": "1975.10"},
    {"title": "Wheatfields", "artist": "Jacob van Ruisdael", "note": "Blue wave, blue sky"},
    {"title": "Blue", "artist": "Łucja Wójcik", "year": 1890},
    {},
]
COLUMNS = {"title": str, "artist": str, "note": str, "year": int, "price": float, "object": str}


def make(place: Place, works: list[dict[str, str | int | float]] = WORKS) -> Index:
    index = create_index(
        place, bits=BITS, lengths=(BITS,), fingerprint="f", columns=COLUMNS, model="model"
    )
    code = bytes(BITS // 8)
    index.add(NewItem(f"{row}.jpg", fields, code, bytes(32)) for row, fields in enumerate(works))
    return index


@pytest.fixture(params=["of today", "of yesterday", "on a server"])
def works(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Index]:
    place: Place = tmp_path / "art.index"
    if request.param == "on a server":
        place = request.getfixturevalue("server").url(tmp_path.name)
    make(place).close()
    if request.param == "of yesterday":
        make_old(tmp_path / "art.index")
    with open_index(place) as index:
        yield index
    delete_index(place)


def make_old(folder: Path) -> None:
    """What an index was before words were ours: SQLite's, of title and artist only, no roles."""
    with closing(sqlite3.connect(folder / "index.db", isolation_level=None)) as db:
        number, text = db.execute("SELECT number, state FROM generation").fetchone()
        state = json.loads(text)
        del state["words"], state["roles"]
        text = json.dumps(state)
        db.execute("UPDATE generation SET state = ?, digest = ?", (text, _digest(text)))
        db.execute("DROP TABLE words")
        db.execute(
            "CREATE VIRTUAL TABLE words USING fts5(title, artist, "
            'tokenize = "unicode61 remove_diacritics 2")'
        )
        db.execute(
            "INSERT INTO words (rowid, title, artist) SELECT id, m_title, m_artist FROM metadata"
        )
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    write_sum(folder, number, settled=True)


ASKED = [
    ("北斎", [0]),
    ("浪", [0]),
    ("五十三次", [1]),
    ("三五", []),
    ("strassen", [2]),
    ("STRASSENSZENE", [2]),
    ("szene", []),
    ("cezanne", [3]),
    ("Ce\u0301zanne", [3]),
    ("estaque", [3]),
    ("l'est", [3]),
    ("ночной", [4]),
    ("РЕМБРАНДТ", [4]),
    ("lucja wojcik", [6]),
    ("1975.10", [4]),
    ("1975.1", [4]),
    ("1913", [2]),
    ("12.5", [3]),
    ("wave", [0, 5]),
    ("wheatf blue", []),
    ("wheatfields blue", [5]),
    ("sky kirchner", []),
    ("wheatfields jacob", [5]),
    ("...", []),
]


@pytest.mark.parametrize(("text", "found"), ASKED)
def test_words_of_all_columns_are_found(works: Index, text: str, found: list[int]) -> None:
    assert sorted(works.text_search(text).tolist()) == found


def test_what_names_a_work_counts_more(works: Index) -> None:
    assert works.text_search("blue").tolist() == [6, 5]


def test_words_do_not_run_from_one_field_into_the_next(works: Index) -> None:
    assert works.text_search("wheatfields-jacob").size == 0
    assert works.text_search("jacob-van").tolist() == [5]


def test_a_filter_narrows_before_anything_is_cut(place: Place) -> None:
    many = [{"title": f"Tree {row}", "year": row} for row in range(3000)]
    with make(place, many) as index:
        assert len(index.text_search("tree")) == 3000
        assert index.text_search("tree", where=between("year", 2998)).tolist() == [2998, 2999]


def test_an_old_index_gets_the_words_at_its_next_change(tmp_path: Path) -> None:
    folder = tmp_path / "art.index"
    make(folder).close()
    make_old(folder)
    with open_index(folder) as index:
        assert index.info.roles == {"title": "title", "creator": "artist", "year": "year"}
        index.remove([0])
        assert index.text_search("wave").tolist() == [5]
        assert index.verify() == []
    with closing(sqlite3.connect(folder / "index.db")) as db:
        rows = db.execute("SELECT count(*) FROM words WHERE words MATCH 'wave'").fetchone()
    assert rows == (2,)


def test_roles_are_kept_with_the_index(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    create_index(
        folder, bits=BITS, lengths=(BITS,), fingerprint="f", columns={"kind": str, "title": str},
        roles={"group": "kind", "title": ""}, model=folder,
    ).close()  # fmt: skip
    with open_index(folder) as index:
        assert index.info.roles == {"group": "kind"}
        index.add([], {"artist": str})
        assert index.info.roles == {"creator": "artist", "group": "kind"}


def test_words_of_every_text_find_it(place: Place) -> None:
    rng = np.random.default_rng(0)
    alphabet = "aZé ß-_.0Ω北斎のがไทยक्षיםﬁ\u0301\u3099\ue000\"*'()"
    texts = ["".join(rng.choice(list(alphabet), 12)) for _ in range(200)]
    with make(place, [{"note": text} for text in texts]) as index:
        for row, text in enumerate(texts):
            if words_of(text):
                assert row in index.text_search(text), text


def test_too_many_words_are_refused() -> None:
    with pytest.raises(UsageError, match="at most 64 words"):
        phrases("a " * (MAX_PHRASES + 1))


def test_endless_words_do_no_harm(place: Place) -> None:
    works = [
        {"note": "a" * 3000},
        {"note": " ".join(f"w{n}" for n in range(20_000))},
        {"note": "b"},
    ]
    with make(place, works) as index:
        assert index.text_search("w17").tolist() == [1]
        assert index.text_search("b").tolist() == [2]
        assert index.text_search("a" * 2999).size in (0, 1)


RIVERS: list[dict[str, str | int | float]] = [
    {"title": "Blue river at night in the old town"},
    {"title": "River"},
    {"note": "river"},
    {"title": "The river", "artist": "River Smith"},
    {"title": "river, Blue", "note": "night"},
    {"title": "Riverside", "artist": "blue"},
]


@pytest.mark.parametrize("where", ["in a folder", "on a server"])
def test_items_that_are_named_so_come_first_and_short_names_before_long_ones(
    where: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    place: Place = tmp_path / "art.index"
    if where == "on a server":
        place = request.getfixturevalue("server").url(tmp_path.name)
    with make(place, RIVERS) as index:
        assert index.text_search("river blue").tolist() == [4, 0]
        assert index.text_search("night river ").tolist() == [0, 4]
        assert index.text_search("blue riv").tolist() == [4, 5, 0]
        assert index.text_search("river").tolist() == [1, 4, 5, 3, 0, 2]
    delete_index(place)


def test_every_store_gives_the_same_order(
    tmp_path: Path, server: PostgresServer, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    known = ["sea", "seaside", "blue", "bl", "海", "海辺", "old", "1900"]

    def text() -> str:
        return " ".join(rng.choice(known, rng.integers(1, 5)))

    works = [
        {name: text() for name in ("title", "artist", "note") if rng.random() < 0.7}
        for _ in range(120)
    ]
    places: list[Place] = [tmp_path / "art.index", server.url(tmp_path.name)]
    with make(places[0], works) as one, make(places[1], works) as other:
        for _ in range(40):
            asked = text()
            assert one.text_search(asked).tolist() == other.text_search(asked).tolist(), asked
    delete_index(places[1])
