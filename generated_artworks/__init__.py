"""Generated artworks: the data set of a first run without network, and of the tests.

Ten styles, six artists each. A style is a manner of drawing, never a colour or a subject: one
pool of palettes serves all artists, and six of the ten manners depict the same four subjects.

    studio ─▶ manners ─▶ subjects, scene ─▶ sheet, marks, colour
       └────▶ artists, titles

A picture is a function of (seed, index) alone, so any number of processes writes the same folder.
"""

import csv
import hashlib
import io
import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context, parent_process
from pathlib import Path

from PIL import Image

from generated_artworks.manners import STYLES
from generated_artworks.marks import CANVAS
from generated_artworks.studio import commission, paint
from hashing.errors import InputError, UsageError
from hashing.files import leftovers, name_beside, write_new

__all__ = ["STYLES", "contact_sheet", "generate"]

_RECIPE = ".generated.json"
_PICTURES = "[0-9][0-9][0-9][0-9][0-9].jpg"


def generate(
    folder: Path,
    count: int = 2000,
    size: int = 224,
    seed: int = 0,
    workers: int | None = None,
    on_progress: Callable[[int], None] = lambda count: None,
) -> Path:
    """Write `count` pictures of `size` × `size` pixels and their `metadata.csv`; returns `folder`.

    A complete folder of the same recipe is left as it is; an interrupted one is finished; one of
    another recipe is drawn anew. `workers` processes share the work (default: one per processor);
    they import the calling script's module anew, so a script needs its `__main__` guard.
    `on_progress` hears how many more are done, those found there first.

    Raises UsageError for sizes or counts that cannot be, InputError when `folder` holds anything
    else than generated artworks.
    """
    if not (1 <= count <= 100_000 and 16 <= size <= CANVAS and 0 <= seed < 2**64):
        raise UsageError(
            f"expected a count from 1 to 100,000, a size from 16 to {CANVAS} and a seed from 0 to "
            f"2⁶⁴ − 1, found count {count}, size {size}, seed {seed}"
        )
    recipe = {"count": count, "size": size, "seed": seed, "source": _source_digest()}
    _prepare(folder, json.dumps(recipe).encode())
    missing = [index for index in range(count) if not _whole(_picture(folder, index))]
    on_progress(count - len(missing))
    for _ in _drawn(partial(_draw, folder, size, seed), missing, workers):
        on_progress(1)
    if not (folder / "metadata.csv").exists():
        write_new(folder / "metadata.csv", [_metadata(folder, count, seed)])
    return folder


def contact_sheet(folder: Path, count: int = 80) -> Image.Image:
    """The first `count` pictures of a generated folder side by side, ten to a row.

    Raises InputError when there are none.
    """
    thumb, gap, columns = 150, 6, 10
    pictures = sorted(folder.glob(_PICTURES))[:count]
    if not pictures:
        raise InputError(f"expected generated artworks in {folder}, found none: draw them first")
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", [n * (thumb + gap) + gap for n in (columns, rows)], (245, 245, 243))
    for index, picture in enumerate(pictures):
        with Image.open(picture) as image:
            row, column = divmod(index, columns)
            at = (gap + column * (thumb + gap), gap + row * (thumb + gap))
            sheet.paste(image.resize((thumb, thumb), Image.Resampling.LANCZOS), at)
    return sheet


def _prepare(folder: Path, recipe: bytes) -> None:
    """Make the folder ready for this recipe: empty, or holding only pictures of it."""
    mark = folder / _RECIPE
    if mark.exists():
        for half in leftovers(folder, _PICTURES):
            half.unlink()
        if mark.read_bytes() == recipe:
            return
        (folder / "metadata.csv").unlink(missing_ok=True)
        for index in range(json.loads(mark.read_bytes())["count"]):
            _picture(folder, index).unlink(missing_ok=True)
    elif folder.exists() and set(folder.iterdir()) != set(leftovers(folder, _RECIPE)):
        raise InputError(
            f"expected an empty folder or generated artworks, found other files in {folder}: "
            "name another folder"
        )
    folder.mkdir(parents=True, exist_ok=True)
    write_new(mark, [recipe])


def _source_digest() -> str:
    """Changes whenever this package does: pictures of another edition are not mixed with ours."""
    digest = hashlib.sha256()
    for module in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(module.read_bytes())
    return digest.hexdigest()[:16]


def _picture(folder: Path, index: int) -> Path:
    return folder / f"{index:05}.jpg"


def _whole(picture: Path) -> bool:
    """Whether the JPEG is there to its end marker: pictures are not synced one by one."""
    if not picture.exists() or picture.stat().st_size < 4:
        return False
    with picture.open("rb") as file:
        file.seek(-2, os.SEEK_END)
        return file.read() == b"\xff\xd9"


def _drawn(draw: Callable[[int], None], indices: list[int], workers: int | None) -> Iterator[None]:
    """Draw all, in this process or in several."""
    workers = min(workers or os.cpu_count() or 1, -(-len(indices) // 32))
    if workers <= 1:
        yield from map(draw, indices)
        return
    # Spawned, not forked: the caller may have threads (torch, a web server).
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _follow_parent)
    try:
        with _safe_path():
            drawn = pool.map(draw, indices, chunksize=8)
        yield from drawn
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _safe_path() -> Iterator[None]:
    """Processes that are spawned meanwhile begin with Python's own modules.

    It starts them by `-c`, for which any `socket.py` in the current folder would come first.
    """
    before = os.environ.get("PYTHONSAFEPATH")
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONSAFEPATH"]
        else:
            os.environ["PYTHONSAFEPATH"] = before


def _follow_parent() -> None:
    """Leave interrupts to the parent; end with it, also where it is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _draw(folder: Path, size: int, seed: int, index: int) -> None:
    image = paint(commission(seed, index), seed, index, size)
    target = _picture(folder, index)
    beside = name_beside(target)
    image.save(beside, "JPEG", quality=92, subsampling=0, optimize=True)
    beside.replace(target)


def _metadata(folder: Path, count: int, seed: int) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("file", "artist", "style", "title", "year"))
    for index in range(count):
        work = commission(seed, index)
        name = _picture(folder, index).name
        writer.writerow((name, work.artist.name, work.artist.style, work.title, work.year))
    return text.getvalue().encode()
