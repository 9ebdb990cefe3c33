"""What is shown of an index, against an index that never held anything else."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hashing.errors import InputError
from hashing.search import RadiusRequest, SearchRequest
from hashing.store import Index, open_index
from hashing.store.shown import Shown
from tests.store.conftest import condition, create, new_items

KEEP = condition("style != 'Cubism' and year is not null")


@pytest.fixture
def shown(index: Index) -> Shown:
    return Shown(index, lambda info: KEEP)


@pytest.fixture
def alone(tmp_path: Path, index: Index) -> Iterator[Index]:
    files = {item.file for item in index.items(index.ids(KEEP))}
    with create(tmp_path / "alone", [i for i in new_items(60) if i.file in files]) as opened:
        yield opened


def files(index: Index, ids: np.ndarray) -> list[str]:
    return [item.file for item in index.items(ids.ravel().tolist())]


def test_lists_counts_and_answers(shown: Shown, alone: Index) -> None:
    assert 0 < shown.info.count == alone.info.count < 60
    assert files(shown, shown.ids()) == files(alone, alone.ids())
    assert shown.distinct_files() == alone.distinct_files()
    assert {k: dict(v) for k, v in shown.facets().items()} == alone.facets()
    assert [list(v) for v in shown.facets().values()] == [list(v) for v in alone.facets().values()]
    assert [shown.span(name) for name in ("year", "style")] == [alone.span("year"), None]
    narrow = condition("style = 'Fauvism' or year < 1900")
    assert files(shown, shown.ids(narrow)) == files(alone, alone.ids(narrow))
    words = "tree painter"
    assert set(files(shown, shown.text_search(words))) == set(
        files(alone, alone.text_search(words))
    )
    page = shown.page(narrow, offset=2, limit=4)
    assert page.total == alone.page(narrow).total
    assert files(shown, page.ids) == files(alone, alone.page(narrow, offset=2, limit=4).ids)
    codes = alone.codes(alone.ids()[:5])
    for where in (None, narrow):
        mine = shown.search(SearchRequest(codes, 7, where=where))
        other = alone.search(SearchRequest(codes, 7, where=where))
        np.testing.assert_array_equal(mine.distances, other.distances)
        assert files(shown, mine.ids) == files(alone, other.ids)
    mine, other = (one.radius(RadiusRequest(codes, 4)) for one in (shown, alone))
    assert files(shown, mine.ids) == files(alone, other.ids)


def test_what_is_hidden_cannot_be_asked_for_by_its_id(shown: Shown, index: Index) -> None:
    (hidden, *_) = np.setdiff1d(index.ids(), shown.ids()).tolist()
    assert index.preview(hidden) is not None
    for ask in (shown.items, shown.codes, shown.features, lambda ids: shown.preview(ids[0])):
        with pytest.raises(InputError, match=f"no item has the id {hidden}"):
            ask([hidden])
    with pytest.raises(InputError, match="no item"):
        shown.change(index.items([hidden]))
    assert shown.remove([hidden]) == 0
    assert hidden in index.ids()


def test_what_changes_is_shown_as_it_is_now(shown: Shown, index: Index) -> None:
    before = shown.info.count
    first = shown.ids()[0]
    (item,) = shown.items([first])
    index.change([type(item)(item.id, item.file, item.content, {**item.fields, "style": "Cubism"})])
    shown.refresh()
    shown.add(new_items(10, seed=1))
    assert first not in shown.ids()
    added = [
        i for i in new_items(10, seed=1) if "year" in i.fields and i.fields["style"] != "Cubism"
    ]
    assert shown.info.count == before - 1 + len(added)
    assert sum(shown.facets()["style"].values()) == shown.info.count


def test_without_a_filter_all_of_it_is_shown(index: Index) -> None:
    everything = Shown(index, lambda info: None)
    assert everything.info == index.info
    assert everything.facets() == index.facets()
    assert everything.distinct_files() == 60
    assert everything.preview(0) == index.preview(0)
    assert everything.span("year") == index.span("year")


@pytest.mark.parametrize("method", ["ids", "items"])
@pytest.mark.parametrize(
    "ask",
    [
        lambda shown: shown.info,
        lambda shown: shown.facets(),
        lambda shown: shown.items([5]),
    ],
)
def test_what_was_asked_before_a_change_is_not_taken_for_what_is_shown_now(
    index: Index, monkeypatch: pytest.MonkeyPatch, method: str, ask: Callable[[Shown], object]
) -> None:
    """A question is on its way while others publish and another request refreshes."""
    monkeypatch.setattr("hashing.store.shown.AT_ONCE", 5)
    shown = Shown(index, lambda info: KEEP)
    real, asked, published = getattr(index, method), threading.Event(), threading.Event()

    def slow(*arguments: object) -> object:
        found = real(*arguments)
        asked.set()
        published.wait(60)
        return found

    monkeypatch.setattr(index, method, slow)
    question = threading.Thread(target=ask, args=(shown,))
    question.start()
    while question.is_alive() and not asked.wait(0.01):
        pass
    with open_index(index.location) as other:
        first, *_, last = other.items(other.ids(KEEP))
        place = {**last.fields, "place": "Edo"}
        other.change([replace(first, fields={}), replace(last, fields=place)], {"place": str})
        other.add(new_items(10, seed=1))
        living = other.ids(KEEP).tolist()
    monkeypatch.setattr(index, method, real)
    assert shown.refresh()
    published.set()
    question.join()
    assert shown.info.count == sum(shown.facets()["style"].values()) == len(living)
    assert [item.id for item in shown.items(living)] == living
    with pytest.raises(InputError, match=f"no item has the id {first.id}"):
        shown.items([first.id])


def test_one_item_of_a_million_is_asked_for_at_once(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = np.concatenate([np.arange(60), np.arange(10**6, 2 * 10**6)])
    monkeypatch.setattr(index, "ids", lambda where: ids)
    shown = Shown(index, lambda info: KEEP)
    began = time.thread_time()
    for _ in range(20):
        assert shown.preview(7) is not None
        with pytest.raises(InputError, match="no item has the id 60"):
            shown.preview(60)
    assert time.thread_time() - began < 0.5
