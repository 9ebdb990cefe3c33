"""Bytes of a file as text, in whichever encoding it was written."""

from hashing.errors import InputError
from hashing.sources.left_out import LeftOut


def decode_text(data: bytes, source: str, left_out: LeftOut) -> str:
    """A file's text: its byte order mark decides, else UTF-8, UTF-16 by its noughts, Windows-1252.

    A third of UTF-16 are noughts, nearly all of them every other byte; a few may be in any text.
    Raises InputError for what is no text.
    """
    start = data[:200]
    even, odd = start[::2].count(0), start[1::2].count(0)
    wide = "utf-16-le" if odd > even else "utf-16-be"
    encodings = ["utf-8-sig", "cp1252"]
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encodings = ["utf-16"]
    elif 8 * min(even, odd) < max(even, odd):
        encodings = [wide] if 3 * (even + odd) > len(start) else ["utf-8-sig", wide]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "cp1252":
            left_out.note("file that is not UTF-8 and was read as Windows-1252", source)
        return text
    raise InputError(
        f"expected text in {source} (UTF-8, UTF-16 or Windows-1252), found other bytes"
    )
