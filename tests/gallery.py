"""A small gallery to search: drawn pictures in a real index, codes from their colours."""

import hashlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from hashing.codes import Codes
from hashing.collection import Collection
from hashing.collection.map import draw_map
from hashing.config import Preprocessing
from hashing.store import Index, NewItem, create_index

BITS = 64
STYLES = {"Red School": (190, 60, 50), "Green School": (60, 150, 80), "Blue School": (50, 70, 180)}
COLUMNS = {"title": str, "artist": str, "style": str, "year": int, "url": str}


class ColourModel:
    """Stands in for a network: codes are random projections of an 8 x 8 version."""

    bits, lengths, fingerprint = BITS, (16, 32, BITS), "colours"
    preprocessing = Preprocessing(size=8, fit="stretch")
    noted: ClassVar[dict[str, object]] = {}

    def __init__(self) -> None:
        self.weights = np.random.default_rng(0).normal(size=(8, 8, 3, BITS))

    def logits(self, images: list[Image.Image]) -> NDArray[np.float32]:
        return np.stack([self.explain(image)[0].sum((1, 2)) for image in images])

    def explain(self, image: Image.Image) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        pixels = np.asarray(image.resize((8, 8), Image.Resampling.BOX)) / 255 - 0.45
        regions = np.einsum("yxc,yxck->kyx", pixels, self.weights).astype(np.float32)
        return regions, np.zeros(BITS, np.float32)


def draw(colour: tuple[int, int, int], seed: int, size: tuple[int, int]) -> Image.Image:
    """A sheet of one colour with a few bars; equal seeds, equal pictures."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", size, colour)
    pen = ImageDraw.Draw(image)
    for x, y in rng.integers(0, min(size), (14, 2)).tolist():
        shade = tuple(int(v) for v in np.clip(np.array(colour) + rng.integers(-120, 120), 0, 255))
        pen.rectangle((x, y, x + 30, y + 18), fill=shade)
    return image


def jpeg(image: Image.Image, quality: int = 90) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def works() -> Iterator[tuple[dict[str, str | int], bytes]]:
    """36 works of three styles and six artists, a copy of the first, one without metadata."""
    for number in range(36):
        style, colour = list(STYLES.items())[number % 3]
        fields = {
            "title": f"Study {number}",
            "artist": f"Painter {'ABCDEF'[number % 6]}",
            "style": style,
            "year": 1850 + number,
            "url": f"https://museum.example/{number}",
        }
        size = (160, 120) if number % 2 else (120, 160)
        yield fields, jpeg(draw(colour, number, size))
    first = jpeg(draw(STYLES["Red School"], 0, (120, 160)), quality=60)
    yield {"title": "Study 0, a copy", "artist": "Painter A", "style": "Red School"}, first
    yield {}, jpeg(draw((120, 120, 120), 99, (128, 128)))


def fill(index: Index, previews: bool = True) -> None:
    model = ColourModel()
    rows = []
    for number, (fields, data) in enumerate(works()):
        code = Codes.from_logits(model.logits([Image.open(BytesIO(data))]))
        digest = hashlib.sha256(data).digest()
        preview = data if previews else None
        rows.append(NewItem(f"{number:03}.jpg", fields, code.packed[0].tobytes(), digest, preview))
    index.add(rows)


def make_gallery(
    folder: Path,
    fingerprint: str = ColourModel.fingerprint,
    unfinished: str | None = None,
    previews: bool = True,
) -> Index:
    index = create_index(
        folder / "art.index",
        bits=BITS,
        lengths=ColourModel.lengths,
        fingerprint=fingerprint,
        columns=COLUMNS,
        model=folder / "model",
        unfinished=unfinished,
    )
    fill(index, previews)
    return index


@pytest.fixture(scope="session")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    index = make_gallery(tmp_path_factory.mktemp("gallery"))
    draw_map(index)
    yield index
    index.close()


@pytest.fixture
def new_gallery(tmp_path: Path) -> Iterator[Index]:
    """One to change, without a map."""
    index = make_gallery(tmp_path)
    yield index
    index.close()


def with_model(index: Index) -> Collection:
    """A collection whose model is the one of colours."""
    return Collection(index, ColourModel())  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def art(gallery: Index) -> Collection:
    return with_model(gallery)
