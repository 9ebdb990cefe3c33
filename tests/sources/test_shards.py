"""Zip archives and tar shards with what stands beside their pictures."""

import io
import json
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hashing.errors import ImageError, InputError
from hashing.images import decode
from hashing.sources import read_catalogue
from hashing.sources.archive import open_archive

TOLD = {"title": "Sea", "year": 1901, "tags": ["sea", 2], "public": True, "made": {"in": 1901}}


def picture(shade: int) -> bytes:
    buffer = io.BytesIO()
    pixels = np.random.default_rng(shade).integers(0, 256, (20, 20, 3), np.uint8)
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def write_shard(path: Path, files: dict[str, bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    folder = tmp_path / "shards"
    write_shard(
        folder / "train-000.tar",
        {
            "0001.png": picture(1),
            "0001.json": json.dumps(TOLD).encode(),
            "0001.txt": b"a sea\n",
            "0001.cls": b"7",
            "0002.seg.png": picture(2),
            "0002.json": b"{broken",
        },
    )
    write_shard(folder / "deep" / "train-001.tar", {"0001.png": picture(3), "0001.cls": b"9"})
    (folder / "notes.md").write_text("shards")
    return folder


def test_shards_are_one_source_with_their_samples_metadata(shards: Path) -> None:
    found = read_catalogue(shards)
    assert [item.path for item in found.items] == [
        "deep/train-001/0001.png",
        "train-000/0001.png",
        "train-000/0002.seg.png",
    ]
    assert [dict(item.fields) for item in found.items] == [
        {"label": 9},
        {
            "caption": "a sea",
            "label": 7,
            "title": "Sea",
            "year": 1901,
            "tags": "sea, 2",
            "public": "true",
        },
        {},
    ]
    assert found.described
    assert found.left_out["nested value"] == ["'made' in train-000/0001.json"]
    assert found.left_out["row that is no JSON object"] == ["train-000/0002.json"]
    for item, seed in zip(found.items, (3, 1, 2), strict=True):
        np.testing.assert_array_equal(
            np.asarray(decode(found.read(item))), np.asarray(decode(picture(seed)))
        )
    given = shards.parent / "table.csv"
    given.write_text("file,title\ntrain-000/0001.png,Given")
    assert read_catalogue(shards, given).items[1].fields == {"title": "Given"}


def test_a_folder_with_pictures_is_no_folder_of_shards(shards: Path) -> None:
    (shards / "a.png").write_bytes(picture(5))
    found = read_catalogue(shards)
    assert [item.path for item in found.items] == ["a.png"]
    assert found.archive is None
    empty = shards.parent / "empty"
    empty.mkdir()
    with pytest.raises(InputError, match="expected tar shards in"):
        open_archive(empty)


def test_hidden_and_excluded_files_are_no_shards(shards: Path) -> None:
    names = [item.path for item in read_catalogue(shards).items]
    for name in ("._train-000.tar", "#recycle/old.tar", "bad.tar"):
        (shards / name).parent.mkdir(exist_ok=True)
        (shards / name).write_bytes(b"no archive")
    with pytest.raises(InputError, match=r"bad\.tar"):
        read_catalogue(shards)
    found = read_catalogue(shards, exclude=["bad.*"])
    assert [item.path for item in found.items] == names
    linked = shards.parent / "linked"
    linked.mkdir()
    (linked / "one.tar").symlink_to(shards / "deep" / "train-001.tar")
    assert [item.path for item in read_catalogue(linked).items] == ["one/0001.png"]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zip_is_read_in_place(tmp_path: Path, method: int) -> None:
    file = tmp_path / "pictures.zip"
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("cat/a.png", picture(1))
        archive.writestr("dog/b.png", picture(2))
        archive.writestr("__MACOSX/cat/a.png", picture(3))
        archive.writestr("../out.png", picture(4))
        link = zipfile.ZipInfo("link.png")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "cat/a.png")
        archive.writestr("metadata.csv", "file,title\ncat/a.png,Sea")
    found = read_catalogue(file)
    assert [(item.path, dict(item.fields)) for item in found.items] == [
        ("cat/a.png", {"title": "Sea"}),
        ("dog/b.png", {}),
    ]
    assert found.left_out["name that leads out of the archive"] == ["../out.png in pictures.zip"]
    assert found.left_out["link in an archive"] == ["link.png in pictures.zip"]
    assert found.read(found.items[1]) == picture(2)
    archive = open_archive(file)
    assert archive.read("cat/a.png", 8) == picture(1)[:8]


def zip_with_names(file: Path, names: list[bytes]) -> None:
    """A zip of pictures whose names are these bytes, and whose flags do not say what they are."""
    with zipfile.ZipFile(file, "w") as archive:
        for place, name in enumerate(names):
            archive.writestr(f"{place}".ljust(len(name), "x"), picture(place))
    data = file.read_bytes()
    for place, name in enumerate(names):
        data = data.replace(f"{place}".ljust(len(name), "x").encode(), name)
    file.write_bytes(data)


@pytest.mark.parametrize("encoding", ["utf-8", "cp437"])
def test_names_in_a_zip_are_those_that_its_writer_meant(tmp_path: Path, encoding: str) -> None:
    file, table = tmp_path / "mac.zip", tmp_path / "table.csv"
    zip_with_names(file, [name.encode(encoding) for name in ("Café/été.png", "Ölgemälde/a.png")])
    found = read_catalogue(file)
    assert [(item.path, item.fields) for item in found.items] == [
        ("Café/été.png", {"label": "Café"}),
        ("Ölgemälde/a.png", {"label": "Ölgemälde"}),
    ]
    assert found.read(found.items[1]) == picture(1)
    table.write_text("file,title\nCafé/été.png,Summer", encoding="utf-8")
    assert read_catalogue(file, table).items[0].fields == {"title": "Summer"}


def test_a_name_in_an_extra_field_counts_where_it_belongs_to_the_member(tmp_path: Path) -> None:
    file = tmp_path / "pictures.zip"
    with zipfile.ZipFile(file, "w") as archive:
        for name, owner, further in (
            ("a_.png", "a_.png", "a→.png"),
            ("b_.png", "older.png", "b→.png"),
        ):
            member = zipfile.ZipInfo(name)
            field = struct.pack("<BL", 1, zlib.crc32(owner.encode())) + further.encode()
            member.extra = b"UT\0\0" + struct.pack("<HH", 0x7075, len(field)) + field
            archive.writestr(member, picture(1))
    assert [item.path for item in read_catalogue(file).items] == ["a→.png", "b_.png"]


@pytest.mark.parametrize("system", [0, 3])
def test_backslashes_of_dos_stand_between_folders(tmp_path: Path, system: int) -> None:
    file = tmp_path / "pictures.zip"
    between = "/" if system == 0 or os.name == "nt" else "\\"
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("Impressionism\\a.png", "été\\b.png", "..\\out.png", "empty\\"):
            member = zipfile.ZipInfo()
            member.filename, member.create_system = name, system
            archive.writestr(member, picture(1) if name.endswith("g") else b"")
    found = [item.path for item in read_catalogue(file).items]
    assert found == [f"Impressionism{between}a.png", f"été{between}b.png"]


def test_a_broken_zip_is_refused_and_a_broken_member_is_one_picture(tmp_path: Path) -> None:
    file = tmp_path / "pictures.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", picture(1))
        archive.writestr("b.png", picture(2))
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="whole zip archive"):
        read_catalogue(file)
    file.write_bytes(whole)
    found = read_catalogue(file)
    spoiled = bytearray(whole)
    spoiled[36:60] = bytes(24)
    file.write_bytes(spoiled)
    with pytest.raises(ImageError):
        decode(found.read(found.items[0]))
    assert found.read(found.items[1]) == picture(2)


def test_a_bomb_takes_no_memory(tmp_path: Path) -> None:
    file = tmp_path / "pictures.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", picture(1) + bytes(100 << 20))
    assert len(open_archive(file).read("a.png", 1000)) == 1000
