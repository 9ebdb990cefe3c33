"""The one picture decoder: files, uploads and training all come through here.

Every function may be called from several threads and processes at once: nothing is kept between
calls except the room that pictures being decoded take together (see `limits`), processes that
decode (see `isolated`), a few colour conversions and one warning filter.
"""

from pathlib import Path

from PIL import Image

from hashing.errors import ImageError
from hashing.files import open_regular
from hashing.images.isolated import decode_apart
from hashing.images.kinds import KINDS, kind_of, needs_own_process
from hashing.images.limits import GATE, ROOM, UPLOADS, Limits
from hashing.images.still import complete, read_header


def decode(source: bytes | Path, limits: Limits = UPLOADS) -> Image.Image:
    """An upright RGB picture in sRGB; of an animation the first frame that shows something.

    Transparent parts are white, or black where all that is drawn is white.
    Raises ImageError for anything but a complete picture of a known format within the limits whose
    sides are at least 16 pixels. The limits are checked before any pixel is decoded, and nothing
    of the file but what carries pixels reaches the format's decoder, or that runs in a process of
    its own. A large picture comes at a half, a third, … of its size, its shorter side still at
    least 1024 (512 if it has more than 8 megapixels then): more than anybody here looks at, for a
    camera's JPEG of 12 megapixels in a third of the time. Not with `Limits.whole`. Pictures
    decoded at once wait for each other where they would take more than 256 MiB together.
    """
    data = source if isinstance(source, bytes) else _read(source, limits)
    if len(data) > limits.bytes:
        raise ImageError(
            f"expected a picture of at most {limits.bytes >> 20} MiB, found a larger one"
        )
    data = data.lstrip(b"\r\n")  # some servers put a line before a picture
    kind = kind_of(data)
    if kind is None:
        found = "an empty file" if not data else "something else or a broken header"
        raise ImageError(f"expected {KINDS}, found {found}")
    if needs_own_process(kind, data):
        return decode_apart(data, kind, limits)
    still = read_header(data, kind, limits)
    if kind == "WEBP" and still.memory > ROOM // 2:  # libwebp's copies keep other threads waiting
        still.image.close()
        return decode_apart(data, kind, limits)
    with GATE.hold(still.memory), complete(kind):
        return still.pixels()


def _read(path: Path, limits: Limits) -> bytes:
    """At most one byte more than is allowed, so that an endless file cannot fill memory."""
    try:
        with open_regular(path) as file:
            return file.read(limits.bytes + 1)
    except OSError as error:
        raise ImageError(f"cannot read {path}: {error.strerror or error}") from error
