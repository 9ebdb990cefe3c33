"""Films as pictures: the frames at which what is seen changes, each by the second of its film.

The frame at 12.48 s of `a.mp4` is called `a.mp4/00012.480.jpg`, as if it were a file in a folder
of that name; it is decoded whenever it is read. PyAV decodes (the extra `video`).
"""

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hashing.errors import InputError
from hashing.images import encode_jpeg
from hashing.sources.left_out import LeftOut

SUFFIXES = (
    *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".mts", ".m2ts"),
    *(".wmv", ".flv", ".3gp", ".ogv"),
)
FILM, SECOND = "film", "second"
"""Columns of a frame: the film's path within its source, and when, in seconds from its start."""
COLUMNS: dict[str, type] = {FILM: str, SECOND: float}

EVERY = 0.25
"""Seconds between the frames that are compared."""
SIDE = 16
"""Pixels of what is compared."""
CHANGED = 22.0
"""Mean difference of values, 0 to 255, from which a frame shows something else."""
STILL = 8.0
"""Below it two frames after each other are in one shot, and not in a dissolve."""
PLAIN = 12.0
"""Standard deviation of values below which a frame shows nothing: black, or faded out."""
MOST_FRAMES = 20_000
"""Of one film."""
QUALITY, LARGEST = 92, 4096
"""Of the JPEG that a frame is read as."""


def is_film(name: str) -> bool:
    """By its ending."""
    return PurePosixPath(name).suffix.lower() in SUFFIXES


def with_frames(
    root: Path, names: Sequence[str], films: list[str], left_out: LeftOut, video: bool
) -> tuple[list[str], set[str]]:
    """Names with those of frames in the place of films, and the frames; or a word about films.

    video: whether films are taken. Raises InputError where PyAV is not installed.
    """
    if not films:
        return list(names), set()
    known = set(films)
    others = [name for name in names if name not in known]
    if not video:
        left_out.note("film (--video takes its frames)", *films)
        return others, set()
    frames = frame_names(root, films, left_out)
    return sorted([*others, *frames]), set(frames)


def frame_names(root: Path, films: list[str], left_out: LeftOut) -> list[str]:
    """The frames of films in a folder; of the film that `root` is, for the one name `""`.

    Raises InputError where PyAV is not installed.
    """
    names = []
    for film in films:
        try:
            seconds = list(_changes(root / film))
        except (OSError, ValueError) as error:
            left_out.note("film that cannot be read", f"{film or root.name}: {error}", fault=True)
            left_out.unread.append(film)
            continue
        names += [f"{film}/{second:09.3f}.jpg".lstrip("/") for second in seconds]
    return names


def film_of(root: Path, name: str) -> str:
    """The film that a frame is of, empty for other pictures and where `root` is the film."""
    found = _parted(root, name)
    return "" if found is None else found[0]


def frame_fields(root: Path, name: str) -> dict[str, str | float]:
    """The film and the second of a frame, empty for other pictures."""
    found = _parted(root, name)
    return {} if found is None else {FILM: found[0] or root.name, SECOND: found[1]}


def read_frame(root: Path, name: str) -> bytes | None:
    """A frame as JPEG, None for what is no frame. Raises OSError where it cannot be decoded."""
    found = _parted(root, name)
    if found is None:
        return None
    film, second = found
    path = (root / film).resolve()
    if not path.is_relative_to(root.resolve()):
        raise PermissionError(f"{film} leads out of {root}")
    for image, time in _decoded(path, second):
        if time > second - 0.0006:  # a name has three decimals
            return encode_jpeg(image(), LARGEST, QUALITY)
    raise OSError(f"the film {film or root.name} ends before {second} s")


def _parted(root: Path, name: str) -> tuple[str, float] | None:
    film, _, stamp = name.rpartition("/")
    number, dot, ending = stamp.rpartition(".")
    of_one = not film and is_film(root.name) and root.is_file()
    if ending != "jpg" or not dot or not (is_film(film) or of_one):
        return None
    if (root / film).is_dir():  # a folder that is called like a film
        return None
    try:
        return film, float(number)
    except ValueError:
        return None


def _changes(film: Path) -> Iterator[float]:
    """The seconds at which something else is seen, and is seen long enough not to be a dissolve.

    A frame is taken when it differs from the last one taken and hardly from the one before it.
    """
    taken: NDArray[np.float32] | None = None
    before: NDArray[np.float32] | None = None
    due, count = -np.inf, 0
    for image, time in _decoded(film):
        if time < due:
            continue
        due = time + EVERY
        small = np.asarray(image().resize((SIDE, SIDE), Image.Resampling.BOX), np.float32)
        steady = before is None or float(np.abs(small - before).mean()) < STILL
        before = small
        new = taken is None or float(np.abs(small - taken).mean()) > CHANGED
        if new and steady and small.std() > PLAIN:
            taken = small
            yield round(time, 3)
            count += 1
            if count == MOST_FRAMES:
                return


def _decoded(film: Path, start: float = 0.0) -> Iterator[tuple[Any, float]]:
    """Frames, each as a function that makes an upright RGB picture, and their seconds.

    From the last frame that stands for itself before `start` on. Raises OSError.
    """
    try:
        import av
    except ImportError:
        raise InputError(
            "films are decoded by PyAV, which is not installed: pip install av"
        ) from None
    try:
        with av.open(str(film)) as container:
            if not container.streams.video:
                raise OSError("it has no pictures")
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            if start:
                container.seek(int(start * av.time_base))
            for frame in container.decode(stream):
                if frame.time is not None:
                    yield (lambda frame=frame: _upright(frame)), float(frame.time)
    except av.FFmpegError as error:
        raise OSError(f"it cannot be decoded ({error.strerror})") from error


def _upright(frame: Any) -> Image.Image:
    image: Image.Image = frame.to_image()
    turn = int(getattr(frame, "rotation", 0) or 0)
    return image.rotate(turn, expand=True) if turn % 360 else image
