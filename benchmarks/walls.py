"""Photographs of works on walls, found by the work itself: whole, by a box, by crops.

    python benchmarks/walls.py PICTURES --model MODEL [--works 1000] [--photographs 100]
        [--strangers 100] [--off 0.1] [--index INDEX]

With `--index` the works are those of an index that is there, what is photographed is drawn of
them, and a stranger is one whose own work is left out.

Each photograph shows one of the indexed works aslant, off the centre, in a frame, before a wall
with a gradient and noise, under a light of some colour with a glare, saved as JPEG. Asked are: the
photograph as it is; cut along the true corners (what a person draws); cut along the suggested box;
and by `crops`, the suggested box and the middle, ever smaller, whichever is nearest, by codes alone
and by tones (and features, where the index keeps them), too. Then what the page asks: which work it
seems to be, also of photographs of works that are not there.
"""

import argparse
import io
import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from hashing import Collection
from hashing.collection.parts import Look
from hashing.collection.request import Refine
from hashing.images.frames import Corners, suggest_box
from hashing.images.part import project

SIZE = (640, 480)
WAYS = ("as it is", "drawn box", "suggested box", "crops", "crops and tones")


def main() -> None:
    """Index some works, photograph some of them, and print how many are found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--model", default="checkpoints/artworks-lite")
    parser.add_argument("--works", type=int, default=1000)
    parser.add_argument("--photographs", type=int, default=100)
    parser.add_argument("--strangers", type=int, default=100)
    parser.add_argument("--off", type=float, default=0.1, help="from the middle, as a share")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--index", help="of all PICTURES, instead of one of --works of them")
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    files = sorted(options.pictures.glob("*.jpg"))
    drawn = [files[row] for row in rng.permutation(len(files))]
    if options.index:
        with Collection.open(options.index, model=options.model) as art:
            report(art, drawn[: options.photographs], rng, options.off)
            report_itself(art, drawn[-options.strangers :], rng, options.off)
        return
    chosen, others = drawn[: options.works], drawn[options.works :][: options.strangers]
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "works"
        source.mkdir()
        for file in chosen:
            shutil.copy(file, source)
        with Collection.build(source, options.model, Path(folder) / "w.index") as art:
            report(art, chosen[: options.photographs], rng, options.off)
            report_seen(art, chosen[: options.photographs], others, rng, options.off)


def report_seen(
    art: Collection, files: list[Path], others: list[Path], rng: np.random.Generator, off: float
) -> None:
    """Which works photographs seem to be, of works that are there and of others."""
    ids = {item.file: item.id for item in art.items()}
    right = wrong = strangers = 0
    for file in (*files, *others):
        with Image.open(file) as work:
            photograph, _ = photographed(work.convert("RGB"), rng, off)
        seen = art.recognise(photograph)
        right += seen is not None and seen.id == ids.get(file.name)
        wrong += seen is not None and file.name in ids and seen.id != ids[file.name]
        strangers += seen is not None and file.name not in ids
    print(f"seems to be: {right} right and {wrong} wrong of {len(files)}")
    print(f"seems to be: {strangers} of {len(others)} strangers")


def report_itself(art: Collection, files: list[Path], rng: np.random.Generator, off: float) -> None:
    """Which works photographs seem to be, each asked for among all and among all others."""
    items = {Path(item.file).name: item for item in art.items()}
    right = wrong = strangers = 0
    for file in files:
        with Image.open(file) as work:
            photograph, _ = photographed(work.convert("RGB"), rng, off)
        mine = items[file.name]
        seen = art.recognise(photograph)
        right += seen is not None and seen.id == mine.id
        wrong += seen is not None and seen.id != mine.id
        name = mine.file.replace("'", "''")
        strangers += art.recognise(photograph, where=f"file != '{name}'") is not None
    print(f"seems to be: {right} right and {wrong} wrong of {len(files)}")
    print(f"seems to be: {strangers} of {len(files)} without their own work")


def report(art: Collection, files: list[Path], rng: np.random.Generator, off: float) -> None:
    """Ask for every work by its photograph in four ways."""
    places: dict[str, list[int]] = {way: [] for way in WAYS}
    overlaps: list[float] = []
    seconds: list[float] = []
    ids = {Path(item.file).name: item.id for item in art.items()}
    for file in files:
        with Image.open(file) as work:
            photograph, corners = photographed(work.convert("RGB"), rng, off)
        started = time.perf_counter()
        box = suggest_box(photograph)
        seconds.append(time.perf_counter() - started)
        overlaps.append(0.0 if box is None else overlap(box, corners))
        looks = {
            "as it is": Look(),
            "drawn box": Look(corners),
            "suggested box": Look(frame=True),
            "crops": Look(crops=True),
            "crops and tones": Look(crops=True),
        }
        for way, look in looks.items():
            plain = Refine(10, diversity=0, fold=False)
            refine = replace(plain, tones=0.5, features=1) if way == WAYS[-1] else plain
            found = art.answer(art.look(photograph, look), refine)
            ranked = [hit.id for hit in found]
            wanted = ids[file.name]
            places[way].append(ranked.index(wanted) + 1 if wanted in ranked else 0)
    print(f"{len(files)} photographs, {len(art):,} works, {art.info.bits} bits")
    for way, ranks in places.items():
        first, ten = np.mean([rank == 1 for rank in ranks]), np.mean([rank > 0 for rank in ranks])
        print(f"{way:14} first {first:.2f}, in the first ten {ten:.2f}")
    seen = np.array(overlaps)
    print(
        f"suggested box: {np.median(seen):.2f} overlap (median), {np.mean(seen > 0.8):.2f} over .8"
    )
    print(f"suggesting takes {1000 * np.median(seconds):.0f} ms (median)")


def photographed(
    work: Image.Image, rng: np.random.Generator, off: float = 0.1
) -> tuple[Image.Image, Corners]:
    """A work on a wall, and the corners of its canvas in shares.

    off: how far from the middle it may hang, as a share of the photograph's sides.
    """
    width, height = SIZE
    work.thumbnail((400, 400))
    share = rng.uniform(0.4, 0.75)
    scale = min(share * width / work.width, share * height / work.height)
    size = np.array([work.width, work.height]) * scale
    middle = np.array([width, height]) / 2 + rng.uniform(-off, off, 2) * (width, height)
    square = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * size / 2
    aslant = square * (1 + rng.uniform(-0.06, 0.06, (4, 1))) + middle
    angle = np.radians(rng.uniform(-3, 3))
    turn = np.array([(np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))])
    aslant = (aslant - middle) @ turn.T + middle
    wall = _wall(rng)
    frame = rng.uniform(0.03, 0.1)
    outer = middle + (aslant - middle) * (1 + 2 * frame)
    shade = tuple(int(v) for v in rng.integers(20, 200, 3))
    _paste(wall, Image.new("RGB", (32, 32), shade), outer)
    _paste(wall, work, aslant)
    light = np.asarray(wall, np.float32) * rng.uniform(0.8, 1.1, 3)
    y, x = np.mgrid[:height, :width]
    spot = rng.uniform(0, 1, 2) * (width, height)
    glare = np.exp(-((x - spot[0]) ** 2 + (y - spot[1]) ** 2) / (2 * 90**2))[..., None]
    light = light + rng.uniform(0, 70) * glare + rng.normal(0, 4, light.shape)
    shot = Image.fromarray(light.clip(0, 255).astype(np.uint8))
    shot = shot.filter(ImageFilter.GaussianBlur(rng.uniform(0, 1)))
    buffer = io.BytesIO()
    shot.save(buffer, "JPEG", quality=85)
    corners = np.clip(aslant / (width, height), 0, 1)
    return Image.open(buffer).convert("RGB"), tuple((float(a), float(b)) for a, b in corners)


def _wall(rng: np.random.Generator) -> Image.Image:
    width, height = SIZE
    shade = rng.uniform(90, 235, 3)
    across = np.linspace(-1, 1, width) * rng.uniform(-25, 25)
    down = np.linspace(-1, 1, height) * rng.uniform(-25, 25)
    grain = rng.normal(0, rng.uniform(1, 6), (height, width))
    wall = shade + (across[None, :] + down[:, None] + grain)[..., None]
    floor = int(height * rng.uniform(0.88, 1.0))
    wall[floor:] *= rng.uniform(0.4, 0.8)
    return Image.fromarray(wall.clip(0, 255).astype(np.uint8))


def _paste(wall: Image.Image, picture: Image.Image, corners: NDArray[np.float64]) -> None:
    """Lay a picture onto four corners of the wall."""
    seen = project(picture, corners, wall.size)
    mask = project(Image.new("L", picture.size, 255), corners, wall.size)
    wall.paste(seen, (0, 0), mask)


def overlap(first: Corners, second: Corners) -> float:
    """Intersection over union of two quadrilaterals, on a grid."""
    y, x = np.mgrid[0:100, 0:100] / 100

    def inside(corners: Corners) -> NDArray[np.bool_]:
        points = np.array(corners)
        held = np.ones(x.shape, bool)
        for (ax, ay), (bx, by) in zip(points, np.roll(points, -1, axis=0), strict=True):
            held &= (bx - ax) * (y - ay) - (by - ay) * (x - ax) >= 0
        return held

    a, b = inside(first), inside(second)
    return float((a & b).sum() / max(1, (a | b).sum()))


if __name__ == "__main__":
    main()
