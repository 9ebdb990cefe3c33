"""From a collection's answers to the API's shapes."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from hashing import __version__
from hashing.collection.answer import Answer, Hit
from hashing.collection.collection import Collection
from hashing.collection.explain import Explanation
from hashing.collection.facets import Facet
from hashing.collection.facets import facets as find_facets
from hashing.collection.licences import attribution, is_open
from hashing.collection.recognise import Recognised
from hashing.collection.request import DIVERSITY
from hashing.collection.words import Understood
from hashing.service.schemas import (
    Bound,
    Choice,
    Column,
    Correction,
    Detail,
    Facets,
    Health,
    Map,
    Meaning,
    Named,
    Page,
    Result,
    Results,
    Seems,
    Share,
    Why,
    Work,
)
from hashing.store import StoredItem

LABEL = ("title", "creator", "group", "link")
"""Roles of a label whose words stand as they were written; the year has its own rule."""


def results(
    collection: Collection, answer: Answer, offset: int = 0, seen: Recognised | None = None
) -> Results:
    """An answer as `POST /api/search` and its kin give it, after `offset` of its works."""
    words = collection.closeness
    return Results(
        code=answer.code,
        bits=answer.bits,
        by=answer.by,
        search_ms=round(answer.search_ms, 3),
        complete=answer.complete,
        groups=[Share(value=value, share=round(share, 3)) for value, share in answer.groups],
        results=[
            _result(collection, rank, hit, answer, words.word(hit.distance, answer.bits))
            for rank, hit in enumerate(answer.hits, start=offset + 1)
        ],
        seems=None if seen is None else _seems(collection, seen),
    )


def _seems(collection: Collection, seen: Recognised) -> Seems:
    return Seems(
        work=work(collection, collection.item(seen.id)),
        correlation=round(seen.correlation, 3),
        corners=[(round(x, 4), round(y, 4)) for x, y in seen.corners],
    )


def page(
    collection: Collection, total: int, ids: Iterable[int], meant: Understood | None = None
) -> Page:
    """Some works, how many there are in all, and what the words were taken for."""
    found = collection.index.items(ids)
    works = [work(collection, item) for item in found]
    return Page(total=total, works=works, meaning=None if meant is None else _meaning(meant))


def _meaning(meant: Understood) -> Meaning:
    return Meaning(
        words=meant.text,
        values=[Named(column=column, value=value) for column, value in meant.values],
        corrections=[Correction(asked=asked, taken=taken) for asked, taken in meant.corrections],
    )


def work(collection: Collection, item: StoredItem) -> Work:
    """One work as a label."""
    return Work.model_validate(_label(collection, item))


def detail(collection: Collection, item: StoredItem) -> Detail:
    """One work with everything that is known of it."""
    return Detail.model_validate(
        {
            **_label(collection, item),
            "code": collection.index.codes([item.id]).hex()[0],
            "colours": collection.opened.pictures.colours(item.id),
            **_copying(collection, item),
        }
    )


def _copying(collection: Collection, item: StoredItem) -> dict[str, str]:
    """How a copy is had, and what is said beside it; nothing unless the licence allows one."""
    roles = ("title", "creator", "year", "licence", "link")
    said = {role: collection.opened.shown(item, role) for role in roles}
    if not is_open(said["licence"]):
        return {}
    download = f"{collection.served_at}/pictures/{item.id}/original"
    return {"download": download, "attribution": attribution(**said)}


def facets(collection: Collection) -> Facets:
    """What the collection offers to choose from."""
    info = collection.info
    return Facets(
        index=info.uuid,
        diversity=DIVERSITY,
        count=info.count,
        files=collection.index.distinct_files(),
        bits=info.bits,
        lengths=list(info.lengths),
        features=info.features,
        roles=dict(info.roles),
        columns=[_column(facet) for facet in find_facets(collection.opened)],
        closeness=[
            Bound(word=word, bits=bits, max_distance=distance)
            for bits, by_word in sorted(collection.closeness.bounds.items(), reverse=True)
            for word, distance in by_word.items()
        ],
    )


def why(explanation: Explanation) -> Why:
    """An explanation with its regions scaled to at most 1."""
    return Why(
        bits=len(explanation.query),
        distance=int((explanation.query != explanation.work).sum()),
        query=explanation.query.tolist(),
        work=explanation.work.tolist(),
        query_regions=_scaled(explanation.query_regions),
        work_regions=_scaled(explanation.work_regions),
        centred=explanation.centred,
    )


def map_columns(
    collection: Collection,
) -> tuple[list[str], NDArray[np.void], NDArray[np.int64]]:
    """Names of groups, the map's points (`[N]`, see `collection.map`), the group of each or -1.

    Raises NoMapError where none was laid out.
    """
    found = collection.map()
    groups = sorted(set(found.groups) - {""})
    number = {group: i for i, group in enumerate(groups)}
    return groups, found.points, np.array([number.get(name, -1) for name in found.groups], np.int64)


def collection_map(collection: Collection) -> Map:
    """The map with the group of each item. Raises NoMapError where none was laid out."""
    groups, points, numbers = map_columns(collection)
    places = (np.stack([points["x"], points["y"]], axis=1).astype(np.float64)).round(4).tolist()
    return Map(
        groups=groups,
        points=[
            (item_id, x, y, number)
            for item_id, (x, y), number in zip(
                points["id"].tolist(), places, numbers.tolist(), strict=True
            )
        ],
    )


def health(collection: Collection) -> Health:
    """What is running."""
    info = collection.info
    return Health(
        status="ok",
        version=__version__,
        index=info.uuid,
        generation=info.generation,
        count=info.count,
    )


def _label(collection: Collection, item: StoredItem) -> dict[str, object]:
    width, height = collection.opened.pictures.shape(item.id)
    opened = collection.opened
    year = opened.value(item, "year")
    if opened.shown(item, "year") != str(year):
        year = opened.shown(item, "year") or None
    return {
        "id": item.id,
        **{role: opened.shown(item, role) or None for role in LABEL},
        "year": year,
        "fields": item.fields,
        "file": item.file,
        "content": item.content.hex()[:12],
        "picture": f"{collection.served_at}/pictures/{item.id}?v={collection.info.uuid[:8]}",
        "width": width,
        "height": height,
    }


def _result(
    collection: Collection, rank: int, hit: Hit, answer: Answer, closeness: str | None
) -> Result:
    return Result.model_validate(
        {
            **_label(collection, hit.item),
            "rank": rank,
            "distance": hit.distance,
            "measured": hit.measured,
            "similarity": round(answer.similarity(hit), 4),
            "closeness": closeness,
            "copies": list(hit.copies),
            "nearest_like": hit.nearest_like,
        }
    )


def _scaled(regions: NDArray[np.float32] | None) -> list[list[float]] | None:
    if regions is None:
        return None
    scaled: list[list[float]] = (
        (regions / max(float(np.abs(regions).max()), 1e-9)).round(3).tolist()
    )
    return scaled


def _column(facet: Facet) -> Column:
    return Column(
        name=facet.name,
        kind="text" if facet.kind is str else "number",
        role=facet.role,
        distinct=facet.distinct,
        values=[Choice(value=value, count=count) for value, count in facet.values.items()],
        span=facet.span,
        beside=facet.beside,
        chooses=facet.chooses,
    )
