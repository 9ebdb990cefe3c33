"""Tar archives from strangers: listed, or refused before they take memory, disk or the process."""

import gzip
import tarfile
from pathlib import Path

import pytest

from hashing.errors import InputError
from hashing.sources import tar as tars
from hashing.sources.archive import open_archive

BODY = b"0123456789".ljust(512, b"\0")
END = bytes(1024)


def header(name: bytes = b"a.jpg", size: bytes = b"00000000012", kind: bytes = b"0") -> bytes:
    block = bytearray(512)
    for at, text in ((0, name), (100, b"0000644"), (124, size), (156, kind), (257, b"ustar\00000")):
        block[at : at + len(text)] = text
    block[148:156] = b" " * 8
    block[148:155] = b"%06o\0" % sum(block)
    return bytes(block)


def extension(kind: bytes, body: bytes) -> bytes:
    return header(b"x", b"%011o" % len(body), kind) + body + bytes(-len(body) % 512)


def record(key: bytes, value: bytes) -> bytes:
    rest = b" %s=%s\n" % (key, value)
    length = next(n for n in range(9999) if len(b"%d" % n) + len(rest) == n)
    return b"%d" % length + rest


def absurd(size: int) -> bytes:
    return (0x80 << 88 | size).to_bytes(12)


ARCHIVES = {
    "beyond the end": header(size=b"77777777777") + BODY + END,
    "a size of 2^62": header(size=absurd(2**62)) + BODY + END,
    "a size of 2^87": header(size=absurd(2**87)) + BODY + END,
    "a negative size": header(size=b"\xff" * 12) + BODY + END,
    "a further header of 2^60 bytes": header(size=absurd(2**60), kind=b"x") + BODY + END,
    "a further header of 100 MB": header(size=b"%011o" % 10**8, kind=b"L") + bytes(10**7),
    "a further size of 2^62": extension(b"x", record(b"size", b"%d" % 2**62)) + header() + END,
    "a further negative size": extension(b"x", record(b"size", b"-5")) + header() + END,
    "a million records": extension(b"x", record(b"a", b"b") * 10**6) + header() + BODY + END,
    "20,000 names": extension(b"L", b"n" * 10) * 20_000 + header() + BODY + END,
    "20,000 extensions": extension(b"x", record(b"path", b"x")) * 20_000 + header() + BODY + END,
    "20,000 for all": extension(b"g", record(b"path", b"x")) * 20_000 + header() + BODY + END,
}


@pytest.mark.robustness("tar archive from a stranger")
@pytest.mark.parametrize("kind", ARCHIVES)
def test_an_absurd_archive_is_refused(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "pictures.tar"
    file.write_bytes(ARCHIVES[kind])
    with pytest.raises(InputError, match="whole tar archive"):
        open_archive(file)


def test_the_headers_above_are_else_well_formed(tmp_path: Path) -> None:
    file = tmp_path / "pictures.tar"
    long_name = extension(b"x", record(b"path", b"art/" + b"n" * 200 + b".jpg"))
    file.write_bytes(header() + BODY + long_name + header() + BODY + END)
    with tarfile.open(file) as tar:
        names = tar.getnames()
    found = open_archive(file)
    assert list(found.members) == names
    assert {found.read(name) for name in names} == {b"0123456789"}


def test_what_unpacks_without_end_is_refused_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tars, "MOST_UNPACKED", 1 << 20)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    bomb = tmp_path / "pictures.tar.gz"
    bomb.write_bytes(gzip.compress(header() + BODY + bytes(20 << 20)))
    with pytest.raises(InputError, match="at most 1 MiB, found more: unpack it yourself"):
        open_archive(bomb)
    assert [path.name for path in tmp_path.iterdir()] == [bomb.name]
