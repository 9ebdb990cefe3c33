"""Files that are complete or absent."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hashing.files import delete, size_of, write_new


def test_pieces_become_one_file_and_nothing_stays_beside(tmp_path: Path) -> None:
    write_new(tmp_path / "file", [b"one ", memoryview(b"two")])
    assert (tmp_path / "file").read_bytes() == b"one two"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert size_of(tmp_path) == 7


def test_a_failure_leaves_the_old_file_alone(tmp_path: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"half"
        raise KeyboardInterrupt

    write_new(tmp_path / "file", [b"old"])
    with pytest.raises(KeyboardInterrupt):
        write_new(tmp_path / "file", pieces())
    assert (tmp_path / "file").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_deleting_what_is_gone_is_no_error(tmp_path: Path) -> None:
    write_new(tmp_path / "file", [b"x"])
    delete(tmp_path / "file")
    delete(tmp_path / "file")
    assert not any(tmp_path.iterdir())
