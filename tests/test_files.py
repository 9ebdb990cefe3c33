"""Files that are complete or absent."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hashing.files import delete, leftovers, name_beside, new_file, size_of, write_new


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


def test_files_beside_are_left_alone(tmp_path: Path) -> None:
    names = ["file.new", ".file.new", "file.part", "file~", ".file"]
    for name in names:
        (tmp_path / name).write_bytes(b"mine")
    write_new(tmp_path / "file", [b"x"])
    with pytest.raises(IsADirectoryError), new_file(tmp_path):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*names, "file"])
    assert all((tmp_path / name).read_bytes() == b"mine" for name in names)


def test_what_a_killed_writer_leaves_is_known(tmp_path: Path) -> None:
    left = name_beside(tmp_path / "file")
    left.write_bytes(b"half")
    (tmp_path / "file.new").write_bytes(b"mine")
    assert leftovers(tmp_path, "file") == [left]
    assert leftovers(tmp_path, "fil") == []


def test_deleting_what_is_gone_is_no_error(tmp_path: Path) -> None:
    write_new(tmp_path / "file", [b"x"])
    delete(tmp_path / "file")
    delete(tmp_path / "file")
    assert not any(tmp_path.iterdir())
