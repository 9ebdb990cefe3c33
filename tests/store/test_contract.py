"""What every index promises, wherever it lies; brute force and plain lists say what is right."""

from collections.abc import Iterator
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
from hashing.store import (
    Index,
    NewItem,
    Place,
    create_index,
    delete_index,
    is_index,
    open_index,
    read_location,
)
from tests.store.conftest import BITS, COLUMNS, condition, create, new_items


@pytest.fixture
def index(place: Place) -> Iterator[Index]:
    with create(place, new_items(60)) as opened:
        yield opened


def packed(items: list[NewItem]) -> Codes:
    rows = np.frombuffer(b"".join(item.code for item in items), np.uint8)
    return Codes(rows.reshape(len(items), -1), len(items[0].code) * 8)


def test_an_item_comes_back_as_it_went_in(index: Index) -> None:
    items = new_items(60)
    found = index.items(range(60))
    assert [(item.file, dict(item.fields)) for item in found] == [
        (item.file, item.fields) for item in items
    ]
    assert index.codes([3, 1, 3]).hex() == [items[row].code.hex() for row in (3, 1, 3)]
    assert index.preview(7) == items[7].preview
    assert index.contents(["0/1.jpg", "other"]) == [{items[1].content: 1}, {}]
    assert index.info.count == 60
    assert index.info.columns == COLUMNS


@pytest.mark.parametrize("adds", [1, 3, 12])
@pytest.mark.parametrize("rerank", [None, 20])
def test_search_equals_the_reference_over_any_number_of_segments(
    place: Place, adds: int, rerank: int | None
) -> None:
    items = new_items(120)
    with create(place) as index:
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


def test_a_filter_of_numpy_keeps_what_the_same_filter_of_python_keeps(index: Index) -> None:
    year = index.items([1])[0].fields["year"]
    expected = sorted(
        item for item in range(60) if index.items([item])[0].fields.get("year") == year
    )
    for value in (np.asarray(year)[()], year):
        where = equals("year", value)
        found = index.search(SearchRequest(index.codes([0]), 60, where=where))
        assert sorted(found.ids[0].tolist()) == expected
        assert index.ids(where).tolist() == index.ids(among("year", [value])).tolist() == expected


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


def test_a_reader_keeps_its_generation(place: Place) -> None:
    with create(place, new_items(20)) as writer, open_index(place) as old:
        writer.remove([3])
        writer.add(new_items(5, seed=1))
        assert old.ids().tolist() == list(range(20))
        assert 3 in old.search(SearchRequest(old.codes([3]), 20)).ids
        assert old.items([3])[0].file == "0/3.jpg"
        assert old.refresh()
        assert not old.refresh()
        assert old.ids().tolist() == [*range(3), *range(4, 25)]
        assert 3 not in old.search(SearchRequest(writer.codes([4]), 30)).ids


def test_a_reader_from_before_a_compaction_is_told_so(place: Place) -> None:
    with create(place, new_items(20)) as writer, open_index(place) as old:
        writer.remove([3])
        writer.compact()
        with pytest.raises(StorageError, match="compacted"):
            old.items([3])
        old.refresh()
        assert len(old.items([4])) == 1


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


def test_an_item_of_very_many_words_is_kept(index: Index) -> None:
    text = " ".join(f"{number:04}{'x' * 1_990}" for number in range(600))
    index.add([replace(new_items(1)[0], file="long.jpg", fields={"title": text})])
    former = index.items([60])
    assert former[0].fields["title"] == text
    assert index.text_search("0000x").tolist() == index.text_search("0500x").tolist() == [60]
    index.change(former)
    assert index.items([60]) == former


def test_facets_count_what_is_there(index: Index) -> None:
    index.remove([0])
    assert index.facets()["style"] == {"Fauvism": 20, "Ukiyo-e": 20, "Cubism": 19}
    assert sum(index.facets()["year"].values()) == 30


def test_spans_reach_from_the_least_to_the_greatest(index: Index) -> None:
    years = [item.fields["year"] for item in index.items(index.ids(condition("year is not null")))]
    assert index.span("year") == (min(years), max(years))
    index.remove(index.ids(condition("year > 1900")))
    assert index.span("year") == (min(years), max(year for year in years if year <= 1900))
    index.remove(index.ids())
    assert index.span("year") is None
    assert index.span("style") is None
    assert index.span("nothing") is None


def test_files_that_items_share_are_counted_once(index: Index) -> None:
    assert index.distinct_files() == 60
    shared = [replace(item, file="0/3.jpg") for item in new_items(2, seed=1)]
    index.add(shared)
    assert (index.info.count, index.distinct_files()) == (62, 60)
    index.remove([3, 5])
    assert index.distinct_files() == 59


def test_extras_are_kept_and_replaced(index: Index) -> None:
    assert index.extra("map") is None
    index.put_extra("map", b"one")
    index.put_extra("map", b"two")
    assert index.extra("map") == b"two"


def test_an_extra_that_another_writer_replaced_is_read(place: Place, index: Index) -> None:
    index.put_extra("map", b"one")
    with open_index(place) as reader:
        index.put_extra("map", b"two")
        index.put_extra("new", b"three")
        assert [reader.extra(name) for name in ("map", "new")] == [b"two", b"three"]


@pytest.mark.parametrize("name", ["a\0b.jpg", "\udcff.jpg", "\ud800"])
def test_what_no_item_can_be_called_is_not_there(index: Index, name: str) -> None:
    (first, *_) = new_items(1)
    assert index.contents([name, first.file, name]) == [{}, {first.content: 0}, {}]
    assert index.extra(name) is None


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
    fields = {"style": 24.0, "title": 24.5, "height": -0.0}
    below = replace(item, file="y.jpg", content=b"d" * 32, fields=fields)
    index.add([item, below], {"style": int, "height": float})
    assert index.items([60])[0].fields == {"style": "1900", "height": 3.0}
    assert index.items([61])[0].fields == {"style": "24", "title": "24.5", "height": 0.0}
    assert index.ids(condition("style = '1900' and height > 2.5", index.info.columns)).tolist() == [
        60
    ]


@pytest.mark.parametrize("name", ["STYLE", "a\0b"])
def test_names_that_cannot_be_columns_are_refused(index: Index, name: str) -> None:
    with pytest.raises(InputError, match="rename it"):
        index.add([], {name: str})
    assert index.info.columns == COLUMNS


def test_an_index_may_keep_no_previews(place: Place) -> None:
    items = [replace(item, preview=None) for item in new_items(5)]
    with create(place, items) as index:
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


def test_what_exists_is_not_made_again_until_it_is_deleted(place: Place) -> None:
    assert not is_index(place)
    with create(place, new_items(3)) as index:
        assert is_index(place)
        assert is_index(index.location)
    with pytest.raises(UsageError, match="use add"):
        create(place)
    delete_index(place)
    assert not is_index(place)
    with pytest.raises(ArtefactError, match="expected an index"):
        open_index(place)
    delete_index(place)
    with create(place, new_items(2)) as index:
        assert index.ids().tolist() == [0, 1]


def test_what_an_index_says_of_itself(place: Place) -> None:
    roles = {"group": "style", "creator": ""}
    with create_index(
        place,
        bits=16,
        lengths=[8, 16],
        fingerprint="f" * 64,
        columns=COLUMNS,
        model="model",
        roles=roles,
        unfinished="pictures",
    ) as index:
        info = index.info
        assert (info.bits, info.lengths, info.count, info.removed) == (16, (8, 16), 0, 0)
        assert (info.columns, info.unfinished, info.fingerprint) == (COLUMNS, "pictures", "f" * 64)
        assert list(info.columns) == list(COLUMNS)
        assert info.roles == {"group": "style", "title": "title", "year": "year"}
        assert (info.location, info.model) == (
            str(read_location(place)),
            str(Path("model").absolute()),
        )
        index.add(new_items(10))
        index.remove([4])
        index.finish()
        info = index.info
        assert (info.count, info.removed, info.unfinished, info.generation) == (9, 1, None, 3)
        assert info.bytes > 0
    with open_index(place) as again:
        assert again.info.uuid == info.uuid
        assert again.info.published == info.published


def test_long_and_strange_names_are_columns_like_any(place: Place) -> None:
    columns = dict.fromkeys(("a" * 90, "a" * 90 + "b", 'q"uo%te', "id", "c0", "ä ß"), str)
    fields = {name: f"value {number}" for number, name in enumerate(columns)}
    with create_index(
        place, bits=16, lengths=[16], fingerprint="", columns={}, model="model"
    ) as index:
        index.add([NewItem("x.jpg", fields, b"ab", b"c" * 32)], columns)
        assert index.items([0])[0].fields == fields
        for name, value in fields.items():
            assert index.ids(equals(name, value)).tolist() == [0]
            assert index.facets()[name] == {value: 1}


def test_files_and_fields_change_and_all_else_stays(place: Place) -> None:
    items = new_items(20)
    with create(place, items) as index, open_index(place) as reader:
        before, codes = index.items([3, 4]), index.codes([3]).hex()
        number = index.info.generation
        moved = replace(before[0], file="moved/a b.jpg", fields={"title": "Umbrella", "size": 1.5})
        index.change([moved], {"size": float})
        assert index.info.generation == number + 1
        assert index.items([3, 4]) == [moved, before[1]]
        assert (index.codes([3]).hex(), index.preview(3)) == (codes, items[3].preview)
        assert index.info.columns == {**COLUMNS, "size": float}
        assert index.text_search("umbrella").tolist() == [3]
        for word in before[0].fields["title"].split():  # type: ignore[union-attr]
            assert 3 not in index.text_search(word).tolist()
        assert index.ids(equals("size", 1.5)).tolist() == [3]
        assert index.ids(equals("file", "moved/a b.jpg")).tolist() == [3]
        assert index.ids(like("file", "0/%")).tolist() == [
            row for row, item in enumerate(items) if item.file.startswith("0/") and row != 3
        ]
        # who reads an earlier generation sees the new texts, and no damage
        assert [item.id for item in reader.items([3, 4])] == [3, 4]
        assert reader.preview(3) == items[3].preview
        assert index.verify() == []
        with pytest.raises(InputError, match="no item 99"):
            index.change([replace(moved, file="x"), replace(moved, id=99)])
        with pytest.raises(InputError, match="content of item 3, found another"):
            index.change([replace(moved, content=bytes(32))])
        with pytest.raises(InputError, match="year is 'x', expected"):
            index.change([replace(moved, fields={"year": "x"})])
        index.remove([4])
        with pytest.raises(InputError, match="no item 4"):
            index.change([before[1]])
        assert index.items([3]) == [moved]
    with open_index(place) as again:
        assert again.items([3]) == [moved]
        assert again.verify() == []


@pytest.mark.parametrize("files", [["b", "a", "c"], ["b", "c", "a"], ["b", "c", "d"]])
def test_items_of_one_content_pass_their_files_on(place: Place, files: list[str]) -> None:
    (item,) = new_items(1)
    with create(place, [replace(item, file=file) for file in "abc"]) as index:
        former = index.items(range(3))
        changed = [replace(each, file=file) for each, file in zip(former, files, strict=True)]
        index.change(changed)
        assert index.items(range(3)) == changed
        assert index.contents(files) == [{item.content: row} for row in range(3)]
        assert (index.info.count, index.info.removed) == (3, 0)
        assert index.verify() == []
        index.change(former)
        assert index.items(range(3)) == former


def test_an_item_that_is_changed_twice_at_once_is_refused(index: Index) -> None:
    former = index.items([3, 4])
    again = [*former, replace(former[0], file="other.jpg")]
    with pytest.raises(InputError, match="each item once, found 3 twice"):
        index.change(again)
    assert index.items([3, 4]) == former
    assert index.verify() == []


def test_a_column_called_file_comes_before_the_items_own(place: Place) -> None:
    (item,) = new_items(1)
    with create(place) as index:
        index.add([replace(item, fields={"file": "catalogue.pdf"})], {"file": str})
        assert index.ids(equals("file", "catalogue.pdf")).tolist() == [0]
        assert index.ids(equals("file", item.file)).tolist() == []
