"""Bytes of a file as text, in whichever encoding it was written."""

from hashing.errors import InputError
from hashing.sources.left_out import LeftOut


def decode_text(data: bytes, source: str, left_out: LeftOut) -> str:
    """A file's text: its byte order mark decides, else UTF-8, UTF-16 by its noughts, Windows-1252.

    Raises InputError for what is no text.
    """
    encodings = ["utf-8-sig"]
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encodings = ["utf-16"]
    elif b"\0" in data[:200]:
        encodings = ["utf-16-le" if data[1:2] == b"\0" else "utf-16-be"]
    else:
        encodings.append("cp1252")
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
