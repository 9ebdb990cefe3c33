from collections.abc import Callable
from typing import Any

import pytest

from hashing.collection import Collection
from hashing.service.requests import Controls, Filters

FILTERS: list[tuple[dict[str, object], Callable[[dict[str, Any]], bool]]] = [
    ({"style": ["Red School"]}, lambda work: work.get("style") == "Red School"),
    (
        {"artist": ["Painter A", "Painter B"]},
        lambda work: work.get("artist") in ("Painter A", "Painter B"),
    ),
    ({"from": 1852, "to": 1853}, lambda work: 1852 <= work.get("year", 0) <= 1853),
    ({"hide_artist": ["Painter A"]}, lambda work: work.get("artist") != "Painter A"),
    ({"title": ["Study 7"]}, lambda work: work.get("title") == "Study 7"),
]


@pytest.mark.parametrize(("filters", "keeps"), FILTERS)
def test_filters(
    art: Collection, filters: dict[str, object], keeps: Callable[[dict[str, Any]], bool]
) -> None:
    expected = {item.id for item in art.index.items(range(38)) if keeps(dict(item.fields))}
    assert set(art.ids(where=Filters.model_validate(filters).where()).tolist()) == expected
    controls = Controls.model_validate({"k": 200, "diversity": 0, "fold": False, **filters})
    answer = art.answer(art.stored(20), controls.refine("style"))
    assert {hit.id for hit in answer.hits} == expected - {20}


def test_a_name_with_a_quote_is_only_a_name(art: Collection) -> None:
    assert len(art.ids(where=Filters(artist=["O'Keeffe' or 1=1 --"]).where())) == 0
