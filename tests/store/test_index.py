import os
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hashing.codes import Codes
from hashing.errors import ArtefactError, InputError, StorageError, UsageError
from hashing.filters import (
    Filter,
    all_of,
    among,
    between,
    equals,
    is_null,
    like,
    not_,
)
from hashing.search import RadiusRequest, ReferenceEngine, SearchRequest
from hashing.store import Index, NewItem, create_index, is_index, open_index
from tests.store.conftest import BITS, COLUMNS, condition, create, new_items


def packed(items: list[NewItem]) -> Codes:
    rows = np.frombuffer(b"".join(item.code for item in items), np.uint8)
    return Codes(rows.reshape(len(items), -1), len(items[0].code) * 8)


def leftover_previews(index: Index) -> int:
    database = sqlite3.connect(Path(index.info.location) / "previews.db")
    (count,) = database.execute("SELECT count(*) FROM previews").fetchone()
    database.close()
    return int(count)


def test_an_item_comes_back_as_it_went_in(index: Index) -> None:
    items = new_items(60)
    found = index.items(range(60))
    assert [(item.file, dict(item.fields)) for item in found] == [
        (item.file, item.fields) for item in items
    ]
    assert index.codes([3, 1, 3]).hex() == [items[row].code.hex() for row in (3, 1, 3)]
    assert index.preview(7) == items[7].preview
    assert index.contents(["0/1.jpg", "other"]) == [{items[1].content}, set()]
    assert index.info.count == 60
    assert index.info.columns == COLUMNS


@pytest.mark.parametrize("adds", [1, 3, 12])
@pytest.mark.parametrize("rerank", [None, 20])
def test_search_equals_the_reference_over_any_number_of_segments(
    tmp_path: Path, adds: int, rerank: int | None
) -> None:
    items = new_items(120)
    with create(tmp_path / "index") as index:
        for part in np.array_split(np.arange(120), adds):
            index.add([items[row] for row in part])
        gone = [0, 5, 17, 118]
        assert index.remove([*gone, 5, 9999]) == 4
        assert index.info.segments <= 8
        codes = packed(items)
        living = np.setdiff1d(np.arange(120), gone)
        reference = ReferenceEngine(codes[living], living)
        logits = np.random.default_rng(1).normal(size=(6, BITS)).astype(np.float32)
        queries = Codes.from_logits(logits)
        for k, limit, given in [(1, None, None), (10, 5, logits), (200, None, logits)]:
            width = max(k, 0 if rerank is None else rerank)
            arguments = {"max_distance": limit, "logits": given}
            if given is not None and rerank is not None:
                arguments["rerank"] = width
            mine = index.search(SearchRequest(queries, k, **arguments))
            theirs = reference.search(SearchRequest(queries, k, **arguments))
            assert np.array_equal(mine.ids, theirs.ids)
            assert np.array_equal(mine.distances, theirs.distances)
        mine, theirs = (
            index.radius(RadiusRequest(queries, 6)),
            reference.radius(RadiusRequest(queries, 6)),
        )
        assert np.array_equal(mine.ids, theirs.ids)
        assert np.array_equal(mine.offsets, theirs.offsets)


def test_filters_narrow_the_search_together(index: Index) -> None:
    queries = index.codes([4])
    kept = index.ids(condition("style = 'Cubism' and year > 1890"))
    assert 0 < len(kept) < 60
    found = index.search(
        SearchRequest(queries, 60, where=condition("style = 'Cubism' and year > 1890"))
    )
    assert sorted(found.ids[0]) == kept.tolist()
    both = index.search(
        SearchRequest(queries, 60, where=condition("style = 'Cubism'"), allowed=np.arange(7))
    )
    assert sorted(both.ids[0]) == [0, 3, 6]
    assert index.search(SearchRequest(queries, 5, where=condition("style = 'none'"))).ids.shape == (
        1,
        0,
    )


def test_a_filter_is_a_tree_whose_mask_is_kept_for_its_generation(index: Index) -> None:
    queries = index.codes([4])

    def chosen() -> list[int]:
        # two trees that were made apart and are equal
        where = among("style", ["Cubism"]) & ~between("year", 1900, None)
        return sorted(index.search(SearchRequest(queries, 60, where=where)).ids[0].tolist())

    expected = index.ids(condition("style in ('Cubism') and not year >= 1900")).tolist()
    assert chosen() == chosen() == expected
    index.remove(expected[:1])
    assert chosen() == expected[1:]


def test_a_filter_of_more_values_than_text_may_hold(index: Index) -> None:
    artists = [f"Painter {number}" for number in range(5000)]
    hidden = is_null("artist") | not_(among("artist", artists[1:]))
    assert index.ids(among("artist", artists)).tolist() == list(range(60))
    assert index.ids(all_of(among("artist", artists), hidden)).tolist() == list(range(0, 60, 7))


@pytest.mark.parametrize(
    ("where", "message"),
    [
        (equals("styles", "Cubism"), "did you mean style"),
        (equals("style", 3), "style is text"),
        (equals("year", "1900"), "year is a number"),
        (like("year", "19%"), "column of text for `like`, found year"),
        (equals("style", "a\0"), "no item holds"),
        (equals("year", 1 << 63), "fits 64 bits"),
        (among("style", []), "at least one value for style"),
    ],
)
def test_a_filter_that_does_not_fit_the_index_is_refused(
    index: Index, where: Filter, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        index.ids(where)
    with pytest.raises(UsageError, match=message):
        index.search(SearchRequest(index.codes([0]), 3, where=where))


def test_ids_are_never_given_twice(index: Index) -> None:
    index.remove([58, 59])
    index.compact()
    assert index.add(new_items(2, seed=1)).tolist() == [60, 61]
    assert index.info.count == 60
    with pytest.raises(InputError, match="no item 59"):
        index.items([59])


def test_a_reader_keeps_its_generation(tmp_path: Path) -> None:
    with create(tmp_path / "index", new_items(20)) as writer, open_index(tmp_path / "index") as old:
        writer.remove([3])
        writer.add(new_items(5, seed=1))
        assert old.ids().tolist() == list(range(20))
        assert 3 in old.search(SearchRequest(old.codes([3]), 20)).ids
        assert old.items([3])[0].file == "0/3.jpg"
        assert old.refresh()
        assert not old.refresh()
        assert old.ids().tolist() == [*range(3), *range(4, 25)]
        assert 3 not in old.search(SearchRequest(writer.codes([4]), 30)).ids


def test_a_reader_from_before_a_compaction_is_told_so(tmp_path: Path) -> None:
    with create(tmp_path / "index", new_items(20)) as writer, open_index(tmp_path / "index") as old:
        writer.remove([3])
        writer.compact()
        with pytest.raises(StorageError, match="compacted"):
            old.items([3])
        old.refresh()
        assert len(old.items([4])) == 1


@pytest.mark.skipif(os.name == "nt", reason="an open file cannot be deleted")
def test_a_reader_notices_that_its_folder_was_rebuilt(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    create(folder, new_items(20)).close()
    with open_index(folder) as old:
        shutil.rmtree(folder)
        with pytest.raises(StorageError, match="is gone"):
            old.refresh()
        create(folder, new_items(20)).close()
        with pytest.raises(StorageError, match="was rebuilt"):
            old.refresh()


def test_removed_items_are_gone_after_compaction(index: Index) -> None:
    index.remove(index.ids(condition("style = 'Cubism'")).tolist())
    index.compact()
    assert index.info.removed == 0
    assert index.verify() == []
    with pytest.raises(InputError):
        index.preview(0)
    assert leftover_previews(index) == 40
    database = sqlite3.connect(Path(index.info.location) / "index.db")
    for table in ("items", "codes", "metadata", "words"):
        assert database.execute(f"SELECT count(*) FROM {table}").fetchone() == (40,)
    database.close()


def test_compaction_gives_the_space_back(tmp_path: Path) -> None:
    with create(tmp_path / "index", new_items(1000)) as index:
        index.remove(range(900))
        before = index.info.bytes
        index.compact()
        assert index.info.bytes < before / 2


def test_everything_may_be_removed(index: Index) -> None:
    queries = index.codes([0])
    index.remove(range(60))
    assert index.search(SearchRequest(queries, 3)).ids.shape == (1, 0)
    index.compact()
    assert index.search(SearchRequest(queries, 3)).ids.shape == (1, 0)
    assert index.radius(RadiusRequest(queries, 16)).ids.size == 0
    assert index.info.segments == 0
    assert index.verify() == []


def test_words_are_found_and_are_never_syntax(index: Index) -> None:
    assert index.text_search("tree 33").tolist() == [33]
    assert set(index.text_search("PAINTER 3")) >= {3, 10, 17}
    for text in ('"', "tree OR painter:", "title:tree", "tree NEAR(", "-", "", "^tree*"):
        index.text_search(text)
    assert index.text_search("tree OR 33").size == 0


def test_facets_count_what_is_there(index: Index) -> None:
    index.remove([0])
    assert index.facets()["style"] == {"Fauvism": 20, "Ukiyo-e": 20, "Cubism": 19}
    assert sum(index.facets()["year"].values()) == 30


@pytest.mark.parametrize("most", [2, 3])
def test_columns_of_too_many_values_are_no_facets(
    index: Index, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hashing.store.embedded.query.MAX_FACETS", most)
    assert ("style" in index.facets()) == (most == 3)


def test_spans_reach_from_the_least_to_the_greatest(index: Index) -> None:
    years = [item.fields["year"] for item in index.items(index.ids(condition("year is not null")))]
    assert index.span("year") == (min(years), max(years))
    index.remove(index.ids(condition("year > 1900")))
    assert index.span("year") == (min(years), max(year for year in years if year <= 1900))
    index.remove(index.ids())
    assert index.span("year") is None
    assert index.span("style") is None
    assert index.span("nothing") is None


def test_extras_are_kept_and_replaced(index: Index) -> None:
    assert index.extra("map") is None
    index.put_extra("map", b"one")
    index.put_extra("map", b"two")
    assert index.extra("map") == b"two"


def test_columns_grow_and_keep_their_types(index: Index) -> None:
    item = NewItem("x.jpg", {"place": "Paris"}, b"ab", b"c" * 32)
    index.add([item], {"place": str, "style": str})
    assert index.ids(condition("place = 'Paris'", index.info.columns)).tolist() == [60]
    with pytest.raises(InputError, match="year holds str, in the index it is int"):
        index.add([item], {"year": str})
    with pytest.raises(InputError, match="'planet' is not one of"):
        index.add([NewItem("x.jpg", {"planet": "Mars"}, b"ab", b"c" * 32)])


def test_numbers_become_what_their_column_holds(index: Index) -> None:
    item = NewItem("x.jpg", {"style": 1900, "height": 3}, b"ab", b"c" * 32)
    index.add([item], {"style": int, "height": float})
    assert index.items([60])[0].fields == {"style": "1900", "height": 3.0}
    assert index.ids(condition("style = '1900' and height > 2.5", index.info.columns)).tolist() == [
        60
    ]


@pytest.mark.parametrize("name", ["STYLE", "a\0b"])
def test_names_that_cannot_be_columns_are_refused(index: Index, name: str) -> None:
    with pytest.raises(InputError, match="rename it"):
        index.add([], {name: str})
    assert index.info.columns == COLUMNS


def test_an_index_may_keep_no_previews(tmp_path: Path) -> None:
    items = [replace(item, preview=None) for item in new_items(5)]
    with create(tmp_path / "index", items) as index:
        assert index.preview(3) is None
        assert index.verify() == []


@pytest.mark.parametrize(
    "fields",
    [{"year": "1900"}, {"year": 1 << 63}, {"style": "a\0b"}, {"style": "\ud800"}, {"year": 1.5}],
    ids=str,
)
def test_values_that_cannot_be_kept_are_refused_and_nothing_is_added(
    index: Index, fields: dict[str, str | int]
) -> None:
    with pytest.raises(InputError, match=r"x\.jpg"):
        index.add([*new_items(3, seed=1), NewItem("x.jpg", fields, b"ab", b"c" * 32)])
    assert index.info.count == 60
    assert index.ids().tolist() == list(range(60))
    assert index.verify() == []


def test_a_closed_copy_is_the_index(tmp_path: Path, index: Index) -> None:
    index.close()
    names = sorted(path.name for path in Path(index.info.location).iterdir())
    assert names == ["index.db", "index.sum", "lock", "previews.db", "segments"]
    shutil.copytree(index.info.location, tmp_path / "copy")
    with open_index(tmp_path / "copy") as copy:
        assert copy.verify() == []
        assert copy.info.uuid == index.info.uuid


def test_what_exists_is_not_made_again(tmp_path: Path, index: Index) -> None:
    with pytest.raises(UsageError, match="use add"):
        create_index(
            index.info.location, bits=8, lengths=(8,), fingerprint="", columns={}, model=tmp_path
        )
    with pytest.raises(ArtefactError, match=r"found no index\.db"):
        open_index(tmp_path / "nothing")


def test_files_beside_an_index_are_left_alone(tmp_path: Path) -> None:
    others = [tmp_path / "index.new", tmp_path / ".index.new"]
    for other in others:
        (other / "segments").mkdir(parents=True)
        (other / "index.db").write_bytes(b"mine")
    with create(tmp_path / "index", new_items(9)) as index:
        kept = [
            tmp_path / "index" / name for name in ("index.sum.new", "segments/notes.seg", "me.txt")
        ]
        for path in kept:
            path.write_bytes(b"mine")
        index.add(new_items(3, seed=1))
        index.compact()
        assert index.verify() == []
    for path in (*kept, *(other / "index.db" for other in others)):
        assert path.read_bytes() == b"mine"
    assert sorted(tmp_path.iterdir()) == sorted([*others, tmp_path / "index"])


@pytest.mark.parametrize(
    "name", ["me.txt", "index.sum", "previews.db.bak", "segments/x.seg", "x/y"]
)
def test_an_index_is_only_made_where_nothing_is(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "index"
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"mine")
    before = sorted(folder.rglob("*"))
    with pytest.raises(UsageError, match="use add"):
        create(folder)
    assert sorted(folder.rglob("*")) == before
    assert (folder / name).read_bytes() == b"mine"


def test_an_empty_folder_and_a_begun_index_become_one(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    (folder / "segments").mkdir(parents=True)
    for name in ("lock", "index.begun", "index.begun-wal", "previews.db"):
        (folder / name).write_bytes(b"half")
    assert not is_index(folder)
    with create(folder, new_items(5)) as index:
        assert index.verify() == []
    assert is_index(folder)
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["index.db", "index.sum", "lock", "previews.db", "segments"]


def test_pages_are_parts_of_what_a_question_keeps(index: Index) -> None:
    cubism = equals("style", "Cubism")
    kept = index.ids(cubism)
    page = index.page(cubism, offset=3, limit=5)
    assert (page.ids.tolist(), page.total) == (kept[3:8].tolist(), 20)
    assert index.page(cubism, offset=18, limit=5).ids.tolist() == kept[18:].tolist()
    assert index.page(cubism, offset=99).ids.size == 0
    found = index.text_search("tree", where=cubism)
    assert index.page(cubism, "tree", offset=1, limit=2).ids.tolist() == found[1:3].tolist()
    assert index.page(limit=2).total == 60


def test_a_seed_shuffles_the_same_way_on_every_page(index: Index) -> None:
    pages = [index.page(seed=7, offset=offset, limit=7) for offset in range(0, 60, 7)]
    shuffled = np.concatenate([page.ids for page in pages]).tolist()
    assert sorted(shuffled) == list(range(60)) != shuffled
    assert index.page(seed=7, limit=60).ids.tolist() == shuffled
    assert index.page(seed=8, limit=60).ids.tolist() != shuffled
    assert index.page(seed=-3, limit=60).total == 60
    # every place is as likely for every item: over many seeds the mean place is the middle
    places = [np.argsort(index.page(seed=seed, limit=60).ids) for seed in range(300)]
    assert np.abs(np.mean(places, axis=0) - 29.5).max() < 4 * 17.4 / 300**0.5


def test_an_index_stays_where_it_was_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    with create(Path("index"), new_items(3)) as index, open_index("index") as reader:
        monkeypatch.chdir(tmp_path / "elsewhere")
        index.add(new_items(2, seed=1))
        assert reader.refresh()
        assert reader.search(SearchRequest(reader.codes([4]), 1)).distances[0, 0] == 0
        assert reader.facets()["style"]
        assert reader.verify() == []
        with open_index(reader.info.location) as other:
            assert other.info.count == 5
    assert not any((tmp_path / "elsewhere").iterdir())


def test_what_the_system_refuses_is_a_storage_error(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("hashing.files.os.fsync", full)
    for act in (
        lambda: index.add(new_items(3, seed=1)),
        index.compact,
        lambda: create(tmp_path / "other"),
    ):
        with pytest.raises(StorageError, match="No space left on device"):
            act()
    monkeypatch.undo()
    assert index.verify() == []
    assert index.info.count == 60
    with create(tmp_path / "other", new_items(2)) as other:
        assert other.info.count == 2
