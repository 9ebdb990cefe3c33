"""Folders with more in them than files: nothing waits, nothing outside is read."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from hashing.errors import ImageError, InputError
from hashing.images import decode
from hashing.sources import Item, read_catalogue
from hashing.sources.folder import BROKEN, LINKED_FOLDER, OUTSIDE

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="named pipes and links as POSIX has them"),
    pytest.mark.timeout(20),
    pytest.mark.robustness("pipe, socket, device or link among pictures"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """One picture, a link to it, and everything else that a folder may hold."""
    root = tmp_path / "root"
    (root / "art").mkdir(parents=True)
    Image.new("RGB", (16, 16), "red").save(root / "art" / "red.png")
    Image.new("RGB", (16, 16), "blue").save(tmp_path / "secret.png")
    (tmp_path / "others").mkdir()
    os.mkfifo(root / "pipe.png")
    for name, target in {
        "inside.png": root / "art" / "red.png",
        "relative.png": Path("art/red.png"),
        "outside.png": tmp_path / "secret.png",
        "up.png": Path("../secret.png"),
        "twice.png": root / "outside.png",
        "nothing.png": root / "gone.png",
        "self.png": root / "self.png",
        "piped.png": root / "pipe.png",
        "zero.png": Path("/dev/zero"),
        "round": root,
        "others": tmp_path / "others",
    }.items():
        (root / name).symlink_to(target)
    place = os.getcwd()
    os.chdir(root)  # the name of a socket may not be long
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket.png")
        os.chdir(place)
        yield root


def test_only_regular_files_within_are_read(folder: Path) -> None:
    catalogue = read_catalogue(folder)
    assert [item.path for item in catalogue.items] == ["art/red.png", "inside.png", "relative.png"]
    assert {decode(catalogue.read(item)).getpixel((8, 8)) for item in catalogue.items} == {
        (255, 0, 0)
    }
    assert {kind: sorted(paths) for kind, paths in catalogue.left_out.items()} == {
        OUTSIDE: ["outside.png", "twice.png", "up.png", "zero.png"],
        BROKEN: ["nothing.png", "self.png"],
        LINKED_FOLDER: ["others", "round"],
        "named pipe": ["pipe.png", "piped.png"],
        "socket": ["socket.png"],
    }


@pytest.mark.parametrize(
    "name", ["pipe.png", "outside.png", "socket.png", "zero.png", "../secret.png"]
)
def test_what_takes_the_place_of_a_picture_is_not_read(folder: Path, name: str) -> None:
    """The catalogue was listed before."""
    catalogue = read_catalogue(folder)
    with pytest.raises(ImageError, match="cannot read"):
        catalogue.read(Item(0, name, {}))


def test_no_file_that_is_named_may_be_a_pipe(folder: Path, tmp_path: Path) -> None:
    for name in ("metadata.csv", "pictures.tar"):
        os.mkfifo(tmp_path / name)
    with pytest.raises(ImageError, match="expected a regular file, found a named pipe"):
        decode(folder / "pipe.png")
    with pytest.raises(InputError, match="found a named pipe"):
        read_catalogue(folder, tmp_path / "metadata.csv")
    with pytest.raises(InputError, match="found a named pipe"):
        read_catalogue(tmp_path / "pictures.tar")


@pytest.mark.parametrize("kind", ["pipe", "link"])
def test_metadata_of_the_folder_is_a_file_within(folder: Path, tmp_path: Path, kind: str) -> None:
    if kind == "pipe":
        os.mkfifo(folder / "metadata.csv")
    else:
        (tmp_path / "secret.csv").write_text("file,title\nart/red.png,secret\n")
        (folder / "metadata.csv").symlink_to(tmp_path / "secret.csv")
    catalogue = read_catalogue(folder)
    assert list(catalogue.columns) == ["label"]
    assert "metadata.csv" in [path for paths in catalogue.left_out.values() for path in paths]


def test_a_folder_of_links_says_so(tmp_path: Path) -> None:
    (tmp_path / "links").mkdir()
    for number in range(2):
        (tmp_path / "links" / f"{number}.png").symlink_to(tmp_path / "secret.png")
    (tmp_path / "secret.png").write_bytes(b"")
    with pytest.raises(InputError, match=r"2 × link that leads out of the folder \('0\.png'\)"):
        read_catalogue(tmp_path / "links")
