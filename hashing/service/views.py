"""From a collection's answers to the API's shapes."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from hashing import __version__
from hashing.collection.answer import Answer, Hit
from hashing.collection.collection import Collection
from hashing.collection.explain import Explanation
from hashing.collection.request import DIVERSITY
from hashing.recommend import CLOSENESS, closeness
from hashing.service.schemas import (
    Bound,
    Choice,
    Detail,
    Facets,
    Health,
    Map,
    Page,
    Result,
    Results,
    Share,
    Why,
    Work,
)
from hashing.sources import Value
from hashing.store import StoredItem


def results(collection: Collection, answer: Answer) -> Results:
    """An answer as `POST /api/search` and its kin give it."""
    return Results(
        code=answer.code,
        bits=answer.bits,
        search_ms=round(answer.search_ms, 3),
        styles=[Share(value=value, share=round(share, 3)) for value, share in answer.styles],
        results=[
            _result(collection, rank, hit, answer.bits)
            for rank, hit in enumerate(answer.hits, start=1)
        ],
    )


def page(collection: Collection, total: int, ids: Iterable[int]) -> Page:
    """Some works and how many there are in all."""
    found = collection.index.items(ids)
    return Page(total=total, works=[work(collection, item) for item in found])


def work(collection: Collection, item: StoredItem) -> Work:
    """One work as a label."""
    return Work.model_validate(_label(collection, item))


def detail(collection: Collection, item: StoredItem) -> Detail:
    """One work with everything that is known of it."""
    return Detail.model_validate(
        {
            **_label(collection, item),
            "code": collection.index.codes([item.id]).hex()[0],
            "fields": item.fields,
            "colours": collection.opened.pictures.colours(item.id),
        }
    )


def facets(collection: Collection) -> Facets:
    """What the collection offers to choose from."""
    info, values = collection.info, collection.index.facets()
    return Facets(
        index=info.uuid,
        diversity=DIVERSITY,
        count=info.count,
        bits=info.bits,
        lengths=list(info.lengths),
        styles=_choices(values.get(collection.opened.style_column, {})),
        artists=_choices(values.get("artist", {})),
        years=_years(collection),
        closeness=[
            Bound(word=word, max_distance=int(share * info.bits)) for share, word in CLOSENESS
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


def collection_map(collection: Collection) -> Map:
    """The map with the style of each work. Raises NoMapError where none was laid out."""
    points = collection.map()
    column = collection.opened.style_column
    works = [item.fields.get(column) for item in collection.index.items(points["id"])]
    styles = sorted({str(style) for style in works if style is not None})
    number = {style: i for i, style in enumerate(styles)}
    return Map(
        styles=styles,
        points=[
            (int(p["id"]), round(float(p["x"]), 4), round(float(p["y"]), 4), number.get(str(w), -1))
            for p, w in zip(points, works, strict=True)
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
    fields = item.fields
    title, artist, style = (
        fields.get(k) for k in ("title", "artist", collection.opened.style_column)
    )
    return {
        "id": item.id,
        "title": None if title is None else str(title),
        "artist": None if artist is None else str(artist),
        "style": None if style is None else str(style),
        "year": fields.get("year"),
        "file": item.file,
        "picture": f"/pictures/{item.id}?v={collection.info.uuid[:8]}",
        "width": width,
        "height": height,
    }


def _result(collection: Collection, rank: int, hit: Hit, bits: int) -> Result:
    return Result.model_validate(
        {
            **_label(collection, hit.item),
            "rank": rank,
            "distance": hit.distance,
            "closeness": closeness(hit.distance, bits),
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


def _years(collection: Collection) -> tuple[int, int] | None:
    """The first and the last year, None where no work has one."""
    span = collection.index.span("year")
    return None if span is None else (int(span[0]), int(span[1]))


def _choices(values: dict[Value, int]) -> list[Choice]:
    return [Choice(value=str(value), count=count) for value, count in sorted(values.items())]
