"""One query by several descriptors and distances, side by side."""

import io
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from hashing.collection.answer import Answer, Hit
from hashing.collection.collection import Collection
from hashing.collection.reading import as_list
from hashing.collection.request import Refine
from hashing.collection.sheet import GroupSheet
from hashing.errors import ImageError, UsageError
from hashing.files import write_new
from hashing.images import Picture, encode_jpeg, open_picture, opened_preview
from hashing.search.features import HAMMING, MEASURES, check_measure

QUERY_PIXELS = 512
SIDE, GAP, LINE, NAMES = 128, 12, 18, 170
"""Of the PNG in pixels: a picture, the space around it, a line of text, the column of names."""


@dataclass(frozen=True)
class Comparison:
    """The answers to one picture by the names of their rankings; it shows itself in a notebook.

    name: of the picture. query: a JPEG of it.
    """

    name: str
    query: bytes
    rankings: Sequence[tuple[str, Answer]]

    def page(self) -> str:
        """A whole page of HTML."""
        return self._sheet().page()

    def _repr_html_(self) -> str:
        return self._sheet().fragment()

    def __str__(self) -> str:
        return "\n\n".join(f"{name}\n{answer}" for name, answer in self.rankings)

    def png(self) -> bytes:
        """The same as one picture, a ranking a row, the query at the left."""
        columns = max((len(answer) for _, answer in self.rankings), default=0)
        width = NAMES + GAP + (columns + 1) * (SIDE + GAP)
        sheet = Image.new("RGB", (width, GAP + len(self.rankings) * _ROW), "white")
        pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
        for row, (name, answer) in enumerate(self.rankings):
            top = GAP + row * _ROW
            for line, part in enumerate(name.split(", ")):
                pen.text((GAP, top + line * LINE), part, "black", font)
            _paste(sheet, self.query, NAMES, top)
            for place, hit in enumerate(answer):
                left = NAMES + GAP + (place + 1) * (SIDE + GAP)
                _paste(sheet, answer.opened.preview(hit.id), left, top)
                pen.text((left, top + SIDE), f"{answer.far(hit)}  id {hit.id}", "black", font)
        buffer = io.BytesIO()
        sheet.save(buffer, "PNG", optimize=True)
        return buffer.getvalue()

    def save(self, place: Path) -> None:
        """Write it as `PLACE.html` and `PLACE.png`."""
        write_new(place.with_suffix(".html"), [self.page().encode()])
        write_new(place.with_suffix(".png"), [self.png()])

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return {
            "query": self.name,
            "rankings": [
                {
                    "name": name,
                    "index": answer.opened.info.location,
                    "by": answer.by,
                    "results": [
                        {
                            "id": hit.id,
                            "file": hit.file,
                            "distance": hit.distance if hit.measured is None else hit.measured,
                            "similarity": round(answer.similarity(hit), 4),
                        }
                        for hit in answer
                    ],
                }
                for name, answer in self.rankings
            ],
        }

    def _sheet(self) -> GroupSheet:
        groups = [
            (
                name,
                [
                    (answer.opened.preview(hit.id), _label(answer, hit), answer.far(hit))
                    for hit in answer
                ],
            )
            for name, answer in self.rankings
        ]
        return GroupSheet(f"Most like {self.name}", groups, self.query)


_ROW = SIDE + LINE + GAP


def compare(
    collections: Sequence[Collection],
    picture: Picture,
    *,
    k: int = 10,
    by: str | Sequence[str] = (),
    where: str | None = None,
    name: str = "",
) -> Comparison:
    """Ask several collections with one picture, by every distance that each can go by.

    by: only these distances. Raises UsageError for one that no collection can go by, ImageError.
    """
    by = as_list(by)
    for measure in by:
        check_measure(measure)
    image = open_picture(picture)
    rankings = []
    for collection in collections:
        asked = collection.encode(image)
        for measure in by or MEASURES:
            if measure != HAMMING and not collection.info.features:
                continue
            refine = Refine(k, collection.filter(where), diversity=0, fold=False, by=measure)
            rankings.append((_name(collection, measure), collection.answer(asked, refine)))
    if not rankings:
        raise UsageError(
            f"expected an index with features to compare by {', '.join(by)}, found codes alone: "
            "build it with --features"
        )
    return Comparison(name, encode_jpeg(image, QUERY_PIXELS), rankings)


def _name(collection: Collection, measure: str) -> str:
    info = collection.info
    width = f"{info.bits} bits" if measure == HAMMING else f"{info.features} features"
    return f"{Path(info.location).stem}, {width}, {measure}"


def _label(answer: Answer, hit: Hit) -> str:
    return answer.opened.shown(hit.item, "title") or hit.file


def _paste(sheet: Image.Image, jpeg: bytes | None, left: int, top: int) -> None:
    if jpeg is None:
        return
    with suppress(ImageError), opened_preview(jpeg) as picture:
        small = picture.convert("RGB")
        small.thumbnail((SIDE, SIDE))
        sheet.paste(small, (left + (SIDE - small.width) // 2, top + (SIDE - small.height) // 2))
