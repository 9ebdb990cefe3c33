"""Works by their colours: palettes in Oklab, where equal distances look about equally far apart.

Oklab is Björn Ottosson's (2020, https://bottosson.github.io/posts/oklab). An index keeps the
palette of each work once it was built or compacted; what came since is looked at when one asks.
"""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hashing.collection.opened import Once, Opened
from hashing.collection.reading import as_list
from hashing.collection.remembered import recall_arrays
from hashing.errors import ImageError, UsageError
from hashing.filters import Filter
from hashing.images import main_colours, opened_preview
from hashing.progress import progress
from hashing.store import Index

PALETTES = "palettes"
"""The name under which an index keeps them."""
SHADES = 5
"""Colours of a palette."""
SIDE = 64
WITHIN = 0.13
"""The farthest that a colour of a work may be from one that was asked for, in Oklab."""
RARE = 0.06
"""How much farther a colour counts that covers next to nothing of the picture."""
MOST_ASKED = 6
MOST_KEPT = 10_000_000
"""Works whose palettes are kept: they are one value, some 40 bytes each."""
MOST_MISSING = 2000
"""Works without a kept palette that are looked at for one question."""

COLUMNS = {"ids": ("<i8", ()), "shades": ("<f2", (SHADES, 3)), "shares": ("<f2", (SHADES,))}
"""What is kept of each work."""

Floats = NDArray[np.float32]
Palette = tuple[Floats, Floats]
"""The main colours of a picture in Oklab `[5, 3]`, and the share that each covers, `[5]`."""
_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)

_seen: Once[dict[int, Palette]] = Once()
"""Palettes by id that the index does not keep, looked at while it is open."""


@dataclass(frozen=True, eq=False)
class Palettes:
    """The main colours of N works.

    ids: int64 `[N]`, ascending. shades: Oklab, float32 `[N, 5, 3]`. shares: of the picture,
    float32 `[N, 5]`, 0 where a palette has fewer colours.
    """

    ids: NDArray[np.int64]
    shades: Floats
    shares: Floats

    def packed(self) -> bytes:
        """As an index keeps them."""
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer,
            ids=self.ids,
            shades=self.shades.astype(np.float16),
            shares=self.shares.astype(np.float16),
        )
        return buffer.getvalue()


def to_oklab(colours: NDArray[np.uint8]) -> Floats:
    """sRGB, uint8 `[…, 3]`, as Oklab: lightness 0 … 1, green to red, blue to yellow."""
    values = colours / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    found: Floats = (np.cbrt(linear @ _LMS.T) @ _LAB.T).astype(np.float32)
    return found


def read_colours(texts: str | Sequence[str]) -> NDArray[np.uint8]:
    """Colours written as `2b2a26` or `#2b2a26`, uint8 `[C, 3]`. Raises UsageError for others."""
    texts = as_list(texts)
    if not 1 <= len(texts) <= MOST_ASKED:
        raise UsageError(f"expected 1 to {MOST_ASKED} colours, found {len(texts)}")
    for text in texts:
        if not re.fullmatch(r"#?[0-9a-fA-F]{6}", text):
            raise UsageError(f"expected a colour of six hexadecimal digits, found {text[:20]!r}")
    plain = bytes.fromhex("".join(text.removeprefix("#") for text in texts))
    return np.frombuffer(plain, np.uint8).reshape(-1, 3)


def palette(image: Image.Image) -> Palette:
    """The main colours of an RGB picture, and the share that each covers."""
    shades, shares = np.zeros((SHADES, 3), np.float32), np.zeros(SHADES, np.float32)
    small = image.reduce(max(1, max(image.size) // (2 * SIDE)))
    small.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    colours, counts = main_colours(small, SHADES)
    shades[: len(colours)] = to_oklab(colours)
    shares[: len(colours)] = counts / counts.sum()
    return shades, shares


def keep_palettes(
    index: Index, found: Mapping[int, Palette] | Palettes | None = None, parts: Sequence[str] = ()
) -> None:
    """Keep the palettes of all works, or of the first `MOST_KEPT`.

    found: some by id. parts: names under which `keep_part` put others, which take their places
    there no more. Works of which none is known yet are looked at.
    """
    more = found if isinstance(found, Palettes) else _palettes_of(found or {})
    kept = joined([_kept(index), more, *(_kept(index, part) for part in parts)])
    index.put_extra(PALETTES, _completed(index, kept, index.ids()[:MOST_KEPT]).packed())
    for part in parts:
        if index.extra(part):
            index.put_extra(part, b"")


def keep_part(index: Index, name: str, found: Mapping[int, Palette]) -> None:
    """Keep some palettes by id, and those that are there already, until `keep_palettes`."""
    if found:
        index.put_extra(name, joined([_kept(index, name), _palettes_of(found)]).packed())


def exported_palettes(index: Index) -> Callable[[Sequence[int]], list[bytes]]:
    """What gives the palettes of some of the works as an export has them, empty for none."""
    kept = _kept(index)

    def of(ids: Sequence[int]) -> list[bytes]:
        known = _completed(index, kept, np.array(ids[: max(0, MOST_KEPT - ids[0])], np.int64))
        rows = np.concatenate([known.shades.reshape(-1, 3 * SHADES), known.shares], axis=1)
        packed = [row.tobytes() if row.any() else b"" for row in rows.astype("<f2")]
        return packed + [b""] * (len(ids) - len(packed))

    return of


def imported_palettes(ids: NDArray[np.int64], packed: Sequence[bytes]) -> Palettes:
    """The same back, with the ids that they have now; without those that make no sense."""
    width = 4 * SHADES
    good = [at for at, row in enumerate(packed[:MOST_KEPT]) if len(row) == 2 * width]
    values = np.frombuffer(b"".join(packed[at] for at in good), "<f2").astype(np.float32)
    values = values.reshape(-1, width)
    sound = (np.abs(values) <= 1).all(axis=1)
    values, kept = values[sound], np.array(good, np.int64)[sound]
    shades = values[:, : 3 * SHADES].reshape(-1, SHADES, 3)
    return Palettes(ids[kept], shades, values[:, 3 * SHADES :])


def by_colour(
    opened: Opened, colours: NDArray[np.uint8], ids: NDArray[np.int64], *, every: bool = False
) -> tuple[NDArray[np.int64], Floats]:
    """Those of some works that have all colours, those first that have them best, and how far.

    colours: sRGB, uint8 `[C, 3]`. A work has a colour whose palette comes within `WITHIN` of it;
    it has it the better, the nearer that is and the more of the picture it covers. every: the
    others, too, but those without any colours. Distances are in Oklab, the mean of the colours.
    """
    kept, seen = _kept(opened.index), _seen(opened, dict)
    if seen:
        kept = joined([kept, _palettes_of(seen.copy())])  # others may add to it meanwhile
    missing = np.setdiff1d(ids, kept.ids)
    known = _completed(opened.index, kept, np.setdiff1d(ids, missing[MOST_MISSING:]))
    for at in np.flatnonzero(np.isin(known.ids, missing)):
        seen[int(known.ids[at])] = (known.shades[at], known.shares[at])
    apart = np.linalg.norm(known.shades[:, None] - to_oklab(colours)[:, None], axis=-1)
    apart = apart + RARE * (1 - np.sqrt(known.shares[:, None]))
    apart[np.broadcast_to(known.shares[:, None] == 0, apart.shape)] = np.inf
    nearest = apart.min(axis=2)
    keep = (nearest <= (np.finfo(np.float32).max if every else WITHIN)).all(axis=1)
    ids, far = known.ids[keep], nearest[keep].mean(axis=1)
    order = np.lexsort((ids, far))
    return ids[order], far[order]


def coloured(
    opened: Opened, palette: Sequence[str], where: Filter | None
) -> NDArray[np.int64] | None:
    """Ids of the items that pass a filter and have all colours, ascending; None without any."""
    if not palette:
        return None
    found, _ = by_colour(opened, read_colours(palette), opened.index.ids(where))
    return np.sort(found)


def _palettes_of(found: Mapping[int, Palette]) -> Palettes:
    ids = sorted(found)
    return Palettes(
        np.array(ids, np.int64),
        np.array([found[i][0] for i in ids], np.float32).reshape(-1, SHADES, 3),
        np.array([found[i][1] for i in ids], np.float32).reshape(-1, SHADES),
    )


def joined(parts: Sequence[Palettes]) -> Palettes:
    """All of some palettes in order of id, each once."""
    ids, first = np.unique(np.concatenate([part.ids for part in parts]), return_index=True)
    shades = np.concatenate([part.shades for part in parts])[first]
    return Palettes(ids, shades, np.concatenate([part.shares for part in parts])[first])


def _kept(index: Index, name: str = PALETTES) -> Palettes:
    found = recall_arrays(index, name, COLUMNS)
    if found is None:
        return _palettes_of({})
    shades, shares = (found[part].astype(np.float32) for part in ("shades", "shares"))
    return Palettes(found["ids"], shades, shares)


def _completed(index: Index, kept: Palettes, ids: NDArray[np.int64]) -> Palettes:
    """The palettes of ids, ascending; those that are not kept are looked at now."""
    shades = np.zeros((len(ids), SHADES, 3), np.float32)
    shares = np.zeros((len(ids), SHADES), np.float32)
    there = np.isin(ids, kept.ids)
    rows = np.searchsorted(kept.ids, ids[there])
    shades[there], shares[there] = kept.shades[rows], kept.shares[rows]
    todo = np.flatnonzero(~there)
    if not len(todo):
        return Palettes(ids, shades, shares)
    with progress(len(todo), "looking at colours", "pictures") as bar:
        for row in todo:
            preview = index.preview(int(ids[row]))
            if preview is not None:
                with suppress(ImageError), opened_preview(preview) as image:
                    image.draft("RGB", (2 * SIDE, 2 * SIDE))
                    shades[row], shares[row] = palette(image.convert("RGB"))
            bar.advance()
    return Palettes(ids, shades, shares)
