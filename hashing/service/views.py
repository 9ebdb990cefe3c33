"""From the searcher's answers to the API's shapes."""

from collections.abc import Iterable

from hashing import __version__
from hashing.recommend import CLOSENESS, closeness
from hashing.service.refine import DIVERSITY
from hashing.service.schemas import (
    Bound,
    Choice,
    Detail,
    Facets,
    Health,
    Page,
    Result,
    Results,
    Share,
    Work,
)
from hashing.service.searcher import Answer, Hit, Searcher
from hashing.store import StoredItem


def results(searcher: Searcher, answer: Answer) -> Results:
    """An answer as `POST /api/search` and its kin give it."""
    return Results(
        code=answer.code,
        bits=answer.bits,
        search_ms=round(answer.search_ms, 3),
        styles=[Share(value=value, share=round(share, 3)) for value, share in answer.styles],
        results=[
            _result(searcher, rank, hit, answer.bits)
            for rank, hit in enumerate(answer.hits, start=1)
        ],
    )


def page(searcher: Searcher, total: int, ids: Iterable[int]) -> Page:
    """Some works and how many there are in all."""
    found = searcher.index.items(ids)
    return Page(total=total, works=[work(searcher, item) for item in found])


def work(searcher: Searcher, item: StoredItem) -> Work:
    """One work as a label."""
    return Work.model_validate(_label(searcher, item))


def detail(searcher: Searcher, item: StoredItem) -> Detail:
    """One work with everything that is known of it."""
    return Detail.model_validate(
        {
            **_label(searcher, item),
            "code": searcher.index.codes([item.id]).hex()[0],
            "file": item.file,
            "fields": item.fields,
            "colours": searcher.colours(item.id),
        }
    )


def facets(searcher: Searcher) -> Facets:
    """What the collection offers to choose from."""
    info, values = searcher.info, searcher.index.facets()
    return Facets(
        index=info.uuid,
        diversity=DIVERSITY,
        count=info.count,
        bits=info.bits,
        lengths=list(info.lengths),
        styles=_choices(values.get(searcher.style_column, {})),
        artists=_choices(values.get("artist", {})),
        years=searcher.years(),
        closeness=[
            Bound(word=word, max_distance=int(share * info.bits)) for share, word in CLOSENESS
        ],
    )


def health(searcher: Searcher) -> Health:
    """What is running."""
    info = searcher.info
    return Health(
        status="ok",
        version=__version__,
        index=info.uuid,
        generation=info.generation,
        count=info.count,
    )


def _label(searcher: Searcher, item: StoredItem) -> dict[str, object]:
    width, height = searcher.shape(item.id)
    fields = item.fields
    title, artist, style = (fields.get(k) for k in ("title", "artist", searcher.style_column))
    return {
        "id": item.id,
        "title": None if title is None else str(title),
        "artist": None if artist is None else str(artist),
        "style": None if style is None else str(style),
        "year": fields.get("year"),
        "picture": f"/pictures/{item.id}?v={searcher.info.uuid[:8]}",
        "width": width,
        "height": height,
    }


def _result(searcher: Searcher, rank: int, hit: Hit, bits: int) -> Result:
    return Result.model_validate(
        {
            **_label(searcher, hit.item),
            "rank": rank,
            "distance": hit.distance,
            "closeness": closeness(hit.distance, bits),
            "copies": list(hit.copies),
        }
    )


def _choices(values: dict[str, int]) -> list[Choice]:
    return [Choice(value=value, count=count) for value, count in sorted(values.items())]
