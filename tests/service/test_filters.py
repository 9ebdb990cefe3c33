"""Parameters of a request against the same said in plain Python."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import pytest

from hashing.collection import Collection
from hashing.errors import UsageError
from hashing.filters import Filter, among
from hashing.service.filters import read_filters
from hashing.service.requests import Controls
from hashing.store import Index, NewItem

Keeps = Callable[[dict[str, Any]], bool]
FILTERS: list[tuple[str, Keeps]] = [
    ("style=Red School", lambda work: work.get("style") == "Red School"),
    ("group=Red School", lambda work: work.get("style") == "Red School"),
    (
        "artist=Painter A&artist=Painter B",
        lambda work: work.get("artist") in ("Painter A", "Painter B"),
    ),
    ("from=1852&to=1853", lambda work: 1852 <= work.get("year", 0) <= 1853),
    ("hide_artist=Painter A", lambda work: work.get("artist") != "Painter A"),
    ("creator__not=Painter A&creator__not=Painter B",
     lambda work: work.get("artist") not in ("Painter A", "Painter B")),
    ("title=Study 7", lambda work: work.get("title") == "Study 7"),
    ("title__like=Study 1%", lambda work: str(work.get("title", "")).startswith("Study 1")),
    ("year=1851&year=1853", lambda work: work.get("year") in (1851, 1853)),
    ("year__gt=1860&year__lt=1863", lambda work: work.get("year") in (1861, 1862)),
    ("year__gte=1880.5", lambda work: work.get("year", 0) > 1880),
    ("year__null=true", lambda work: "year" not in work),
    ("year__null=false", lambda work: "year" in work),
    ("fields.year__lte=1855", lambda work: work.get("year", 9999) <= 1855),
    ("style=Red School&year__lt=1860",
     lambda work: work.get("style") == "Red School" and work.get("year", 9999) < 1860),
]  # fmt: skip


def read(art: Collection, query: str) -> Filter | None:
    return read_filters(parse_qsl(query, keep_blank_values=True), art.info)


@pytest.mark.parametrize(("query", "keeps"), FILTERS)
def test_filters(art: Collection, query: str, keeps: Keeps) -> None:
    expected = {item.id for item in art.index.items(range(38)) if keeps(dict(item.fields))}
    where = read(art, query)
    assert set(art.ids(where=where).tolist()) == expected
    controls = Controls(k=200, diversity=0, fold=False)
    answer = art.answer(art.stored(20), controls.refine(where, art.info))
    assert {hit.id for hit in answer.hits} == expected - {20}


@pytest.mark.parametrize("year", [1860.0, "1860.0", "1.86e3", " 1860 ", "+1860"])
def test_whole_numbers_may_be_written_as_floats(art: Collection, year: object) -> None:
    for name in ("year", "year__gte", "from"):
        assert read_filters([(name, year)], art.info) == read(art, f"{name}=1860")
    assert read(art, f"year={2**63 - 1}") == among("year", [2**63 - 1])


def test_a_name_with_a_quote_is_only_a_name(art: Collection) -> None:
    assert len(art.ids(where=read(art, "artist=O'Keeffe' or 1=1 --"))) == 0
    assert read(art, "") is None


def test_a_work_is_asked_for_by_a_long_path(new_gallery: Index) -> None:
    path = "/".join(["a folder with a name of some forty letters"] * 80) + "/x.jpg"
    assert 3000 < len(path) <= 4096
    code = new_gallery.codes([4]).packed[0].tobytes()
    [number] = new_gallery.add([NewItem(path, {}, code, bytes(32), None)])
    where = read_filters([("file", path)], new_gallery.info)
    assert new_gallery.ids(where).tolist() == [number]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("stylle=x", "unknown parameter 'stylle'; did you mean style?"),
        ("fields.group=x", "unknown parameter 'fields.group'"),
        ("style__most=x", "unknown parameter 'style__most'"),
        ("year=soon", "expected a number for year, found 'soon'"),
        ("year__null=maybe", "expected year__null=true or year__null=false"),
        ("style=" + "x" * 4097, "at most 4096 characters"),
        ("&".join(["style=x"] * 101), "1 to 100 values"),
    ],
)
def test_mistakes_are_named(art: Collection, query: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(art, query)
    assert said in str(caught.value)
