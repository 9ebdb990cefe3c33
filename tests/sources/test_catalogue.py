import gc
import io
import json
import multiprocessing
import os
import pickle
import tarfile
import tempfile
import unicodedata
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from hashing.errors import ImageError, InputError, StorageError
from hashing.images import decode
from hashing.sources import Catalogue, Item, read_catalogue
from hashing.sources.tar import LINK, OUTSIDE


def picture(shade: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (16, 16), (shade, shade, shade)).save(buffer, "PNG")
    return buffer.getvalue()


def write_tree(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def write_tar(path: Path, files: dict[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return path


CLASSES = {
    "dog/b.png": picture(1),
    "cat/deep/x.PNG": picture(2),
    "cat/a.png": picture(3),
    "top.png": picture(4),
    "cat/.hidden.png": picture(5),
    ".cache/z.png": picture(6),
    "cat/notes.txt": b"not a picture",
    "cat/._a.png": b"\0\5\x16\7",
}
CLASS_PATHS = ["cat/a.png", "cat/deep/x.PNG", "dog/b.png", "top.png"]


@pytest.fixture(params=["folder", "tar", "tar.gz", "tgz"])
def make_source(request: pytest.FixtureRequest, tmp_path: Path):
    def make(files: dict[str, bytes]) -> Path:
        if request.param == "folder":
            (tmp_path / "pictures").mkdir()
            return write_tree(tmp_path / "pictures", files)
        mode = "w" if request.param == "tar" else "w:gz"
        return write_tar(tmp_path / f"pictures.{request.param}", files, mode)

    return make


def test_class_folders(make_source) -> None:
    catalogue = read_catalogue(make_source(CLASSES))
    assert [item.path for item in catalogue.items] == CLASS_PATHS
    assert [item.id for item in catalogue.items] == [0, 1, 2, 3]
    assert catalogue.labels("label") == ["cat", "deep", "dog", None]
    assert catalogue.columns == {"label": str}
    assert [catalogue.read(item) for item in catalogue.items] == [CLASSES[p] for p in CLASS_PATHS]
    assert len(catalogue) == 4


def test_pictures_without_folders_have_no_label(make_source) -> None:
    catalogue = read_catalogue(make_source({"a.png": picture(1), "b.jpeg": picture(2)}))
    assert catalogue.columns == {}
    with pytest.raises(InputError, match="no column 'label'; its columns are: none"):
        catalogue.labels("label")


TABLE = (
    "\ufefffile, style ,title,year,price\r\n"
    'art/b.png,Cubism,"A ""quoted"",\nbroken title",1907,12.5\r\n'
    "./art/a.png,Fauvism,, 1905 ,3\r\n"
    "\r\n"
    "art\\c.png,,Untitled,,\r\n"
    "art/gone.png,Rococo,Lost,1700,1\r\n"
)
ART = {f"art/{name}.png": picture(i) for i, name in enumerate("abcd")}


def check_table(catalogue: Catalogue) -> None:
    assert [item.path.rpartition("/")[2] for item in catalogue.items] == [
        "a.png",
        "b.png",
        "c.png",
        "d.png",
    ]
    assert [dict(item.fields) for item in catalogue.items] == [
        {"style": "Fauvism", "year": 1905, "price": 3.0},
        {"style": "Cubism", "title": 'A "quoted",\nbroken title', "year": 1907, "price": 12.5},
        {"title": "Untitled"},
        {},
    ]
    assert catalogue.columns == {"style": str, "title": str, "year": int, "price": float}
    assert list(catalogue.missing) == ["art/gone.png"]
    assert catalogue.labels("year") == ["1905", "1907", None, None]


def test_metadata_inside_the_source(make_source) -> None:
    check_table(read_catalogue(make_source({"metadata.csv": TABLE.encode()} | ART)))


def test_metadata_beside_the_source(make_source, tmp_path: Path) -> None:
    (tmp_path / "about.csv").write_bytes(TABLE.encode())
    check_table(read_catalogue(make_source(ART), tmp_path / "about.csv"))


def test_everything_in_one_folder_of_the_source(make_source) -> None:
    files = {"metadata.csv": TABLE.encode()} | ART
    check_table(read_catalogue(make_source({f"./set/{name}": files[name] for name in files})))


def test_metadata_given_wins_over_metadata_found(make_source, tmp_path: Path) -> None:
    (tmp_path / "mine.jsonl").write_text('{"file_name": "art/a.png", "style": "Mine"}\n')
    files = {"metadata.csv": TABLE.encode()} | ART
    catalogue = read_catalogue(make_source(files), tmp_path / "mine.jsonl")
    assert catalogue.labels("style") == ["Mine", None, None, None]


def test_names_match_in_composed_form(tmp_path: Path) -> None:
    name = "Cézanne.png"
    write_tree(tmp_path, {unicodedata.normalize("NFD", name): picture(1)})
    row = f"file,artist\n{unicodedata.normalize('NFC', name)},Paul Cézanne\n"
    (tmp_path / "metadata.csv").write_text(row, encoding="utf-8")
    catalogue = read_catalogue(tmp_path)
    assert catalogue.labels("artist") == ["Paul Cézanne"]
    assert catalogue.read(catalogue.items[0]) == picture(1)


def test_of_two_names_of_one_picture_the_first_counts(tmp_path: Path) -> None:
    write_tar(tmp_path / "a.tar", {"art/a.png": picture(1)})
    (tmp_path / "m.csv").write_text("file,x\nart/a.png,1\na.png,2\n")
    catalogue = read_catalogue(tmp_path / "a.tar", tmp_path / "m.csv")
    assert catalogue.labels("x") == ["1"]
    assert catalogue.left_out == {"second row of a picture": [f"a.png in {tmp_path / 'm.csv'}"]}
    with pytest.raises(InputError, match=r"not in order.*1 × second row of a picture \('a"):
        read_catalogue(tmp_path / "a.tar", tmp_path / "m.csv", strict=True)


def test_nothing_usable_is_one_clear_line(tmp_path: Path) -> None:
    write_tree(tmp_path / "texts", {"a.txt": b"x", ".b.png": picture(1)})
    (tmp_path / "empty").mkdir()
    (tmp_path / "zero.tar").write_bytes(b"")
    (tmp_path / "note.tar").write_bytes(b"no archive at all" * 100)
    write_tar(tmp_path / "bare.tar", {"readme.txt": b"x"})
    for name, words in {
        "gone": "found nothing",
        "empty": "picture in .*found none",
        "texts": "picture in .*found none",
        "bare.tar": "picture in .*found none",
        "zero.tar": "whole tar archive",
        "note.tar": "whole tar archive",
    }.items():
        with pytest.raises(InputError, match=words) as caught:
            read_catalogue(tmp_path / name)
        assert name in str(caught.value)
        assert "\n" not in str(caught.value)


def test_metadata_that_names_no_picture_shows_both_sides(tmp_path: Path) -> None:
    write_tree(tmp_path, ART)
    (tmp_path / "metadata.csv").write_text("file\nx/a.png\n")
    with pytest.raises(InputError, match=r"none of the 1 pictures.*'art/a.png', found 'x/a.png'"):
        read_catalogue(tmp_path)
    with pytest.raises(InputError, match="cannot read metadata"):
        read_catalogue(tmp_path, tmp_path / "none.csv")


def test_names_that_are_not_utf8_are_left_out(tmp_path: Path) -> None:
    write_tar(tmp_path / "a.tar", {"caf\udce9.png": picture(1), "b.png": picture(2)})
    catalogue = read_catalogue(tmp_path / "a.tar")
    assert [item.path for item in catalogue.items] == ["b.png"]
    assert catalogue.left_out == {"file whose name is not UTF-8": [r"caf\udce9.png"]}
    with pytest.raises(InputError, match=r"caf\\udce9.png"):
        read_catalogue(tmp_path / "a.tar", strict=True)


def test_a_folder_that_cannot_be_read_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tree(tmp_path, {"a/a.png": picture(1), "lost/b.png": picture(2)})
    scandir = os.scandir

    def refuse(path: Path) -> object:
        if Path(path).name == "lost":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    catalogue = read_catalogue(tmp_path)
    assert [item.path for item in catalogue.items] == ["a/a.png"]
    assert catalogue.left_out == {"folder that cannot be read": ["lost/"]}
    with pytest.raises(InputError, match="folder that cannot be read"):
        read_catalogue(tmp_path, strict=True)


def test_every_metadata_file_counts_for_the_pictures_below_it(make_source) -> None:
    names = ["train/a.png", "train/deep/b.png", "test/a.png", "c.png", "d.png"]
    files = {name: picture(i) for i, name in enumerate(names)} | {
        "train/metadata.jsonl": b'{"file_name": "a.png", "Style": "x"}\n'
        b'{"file_name": "deep/b.png", "Style": "y"}\n',
        "train/deep/metadata.csv": b"file,style\nb.png,nearer\n",
        "test/metadata.jsonl": b'{"file_name": "a.png", "style": "z"}\n',
        "metadata.csv": b"file,style,year\nc.png,top,1900\ntest/a.png,farther,1901\ngone.png,w,1\n",
        "metadata.jsonl": b"{}",
        "prices.csv": b"file,price\n",
    }
    catalogue = read_catalogue(make_source(files))
    styles = {item.path: item.fields.get("style") for item in catalogue.items}
    assert styles == {
        "c.png": "top",
        "d.png": None,
        "test/a.png": "z",
        "train/a.png": "x",
        "train/deep/b.png": "nearer",
    }
    assert catalogue.columns == {"style": str, "year": int}
    assert catalogue.labels("year") == ["1900", None, "1901", None, None]
    assert catalogue.left_out.as_dict() == {
        "metadata file that was not used": {"count": 1, "example": "metadata.jsonl"},
        "table that was not used (give it with --metadata)": {"count": 1, "example": "prices.csv"},
        "picture without a row": {"count": 1, "example": "d.png"},
        "row whose picture is not there": {"count": 1, "example": "gone.png"},
    }


def test_folders_of_a_layout_are_no_classes(make_source) -> None:
    names = ["train/cat/a.png", "test/dog/images/b.png", "Images/c.png", "val/d.png", "e.png"]
    catalogue = read_catalogue(make_source({name: picture(1) for name in names}))
    labels = {item.path: item.fields.get("label") for item in catalogue.items}
    assert [labels[name] for name in names] == ["cat", "dog", None, None, None]


def test_words_of_a_layout_may_be_numbered_or_joined(make_source) -> None:
    names = ["val2017/a.png", "train_images/b.png", "DCIM/100APPLE/c.png", "dogs2/d.png"]
    catalogue = read_catalogue(make_source({name: picture(1) for name in names}))
    labels = {item.path: item.fields.get("label") for item in catalogue.items}
    assert [labels[name] for name in names] == [None, None, None, "dogs2"]


def test_what_is_added_becomes_a_number_only_where_no_identifier_changes(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(picture(1))
    (tmp_path / "metadata.csv").write_text("file,plate,price\na.png,1975.10,5.50\n")
    found = read_catalogue(tmp_path)
    assert found.columns == {"plate": str, "price": float}
    same = found.fitting({"plate": float, "price": float})
    assert same.items[0].fields == {"plate": "1975.10", "price": 5.5}
    as_text = found.fitting({"plate": str, "price": str, "title": str})
    assert as_text.items[0].fields == {"plate": "1975.10", "price": "5.5"}
    assert as_text.columns == {"plate": str, "price": str}


def test_prices_of_which_one_is_a_word_stay_text(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.png").write_bytes(picture(1))
    (tmp_path / "metadata.csv").write_text("file,price\na.png,5.50\nb.png,on request\n")
    same = read_catalogue(tmp_path).fitting({"price": float})
    assert same.columns == {"price": str}
    assert [item.fields["price"] for item in same.items] == ["5.50", "on request"]


@pytest.mark.parametrize(
    "written",
    [
        "a/One.png",
        "./a/one.PNG",
        "a/one",
        "One.png",
        "one",
        r"C:\Users\me\pictures\a\one.png",
        "/home/me/a/One.png",
        "/elsewhere/One.png",
        "pictures/a/One.png",
        "https://museum.example/scans/One.png",
    ],
)
def test_a_picture_is_found_however_its_row_names_it(tmp_path: Path, written: str) -> None:
    write_tree(tmp_path, {"a/One.png": picture(1), "b/two.png": picture(2)})
    (tmp_path / "metadata.csv").write_text(f"file,x\n{written},1\nb/two.png,2\n")
    assert read_catalogue(tmp_path).labels("x") == ["1", "2"]


@pytest.mark.parametrize("written", ["x/One.png", "c/One.png", "One.png", "One", "/z/One.png"])
def test_a_name_that_fits_no_picture_or_two_is_missing(tmp_path: Path, written: str) -> None:
    files = {"a/One.png": picture(1), "b/one.png": picture(2), "z.png": picture(3)}
    write_tree(tmp_path, files)
    (tmp_path / "metadata.csv").write_text(f"file,x\n{written},1\nz.png,2\n")
    assert list(read_catalogue(tmp_path).missing) == [written]


def test_archives_reach_nothing_outside(tmp_path: Path) -> None:
    path = tmp_path / "evil.tar"
    (tmp_path / "secret.png").write_bytes(picture(9))
    links = {
        "symbolic.png": tarfile.SYMTYPE,
        "hard.png": tarfile.LNKTYPE,
        "pipe.png": tarfile.FIFOTYPE,
        "device.png": tarfile.CHRTYPE,
    }
    write_tar(path, {"../secret.png": picture(1), "/etc/x.png": picture(2), "a/ok.png": picture(3)})
    with tarfile.open(path, "a") as tar:
        for name, kind in links.items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "../secret.png"
            tar.addfile(member)
    catalogue = read_catalogue(path)
    assert [item.path for item in catalogue.items] == ["a/ok.png"]
    assert catalogue.left_out == {
        OUTSIDE: ["../secret.png in evil.tar", "/etc/x.png in evil.tar"],
        LINK: ["symbolic.png in evil.tar", "hard.png in evil.tar"],
        "special file in an archive": ["pipe.png in evil.tar", "device.png in evil.tar"],
    }
    for name in ("../secret.png", "/etc/x.png", *links):
        with pytest.raises(ImageError, match="cannot read"):
            catalogue.read(Item(0, name, {}))


@pytest.mark.parametrize("root", [".", "pictures"])
def test_hard_links_in_a_tar_are_pictures_and_other_links_are_told(
    tmp_path: Path, root: str
) -> None:
    folder = write_tree(tmp_path / "in", {"a/1.png": picture(1), "z.png": picture(2)})
    (folder / "b").mkdir()
    (folder / "b" / "1.png").hardlink_to(folder / "a" / "1.png")
    (folder / "b" / "2.png").symlink_to("../a/1.png")
    with tarfile.open(tmp_path / "p.tar", "w") as tar:
        tar.add(folder, root)
        assert tar.getmember(f"{root}/b/1.png").islnk()
        sparse = tarfile.TarInfo(f"{root}/s.png")
        sparse.pax_headers = {"GNU.sparse.map": "0,0", "GNU.sparse.size": "0"}
        tar.addfile(sparse)
    found = read_catalogue(tmp_path / "p.tar")
    below = f"{root}/".removeprefix("./")
    names = [f"{below}{name}" for name in ("a/1.png", "b/1.png", "z.png")]
    assert [item.path for item in found.items] == names
    assert [found.read(item) for item in found.items] == [picture(1), picture(1), picture(2)]
    assert found.left_out == {
        LINK: [f"{below}b/2.png in p.tar"],
        "sparse file in an archive": [f"{below}s.png in p.tar"],
    }


def test_an_archive_of_nothing_but_names_that_lead_out_says_so(tmp_path: Path) -> None:
    write_tar(tmp_path / "p.tar", {"/home/a/1.png": picture(1)})
    with pytest.raises(InputError, match=r"found none .*1 × name that leads out of the archive"):
        read_catalogue(tmp_path / "p.tar")


def test_a_member_written_twice_is_the_later_one(tmp_path: Path) -> None:
    write_tar(tmp_path / "a.tar", {"a.png": picture(1)})
    write_tar(tmp_path / "a.tar", {"a.png": picture(2)}, "a")
    catalogue = read_catalogue(tmp_path / "a.tar")
    assert [catalogue.read(item) for item in catalogue.items] == [picture(2)]


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_damaged_archives_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    spools = tmp_path / "spools"
    spools.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(spools))
    whole = write_tar(tmp_path / "a.tar", {f"{i}.png": os.urandom(3000) for i in range(9)}, mode)
    data = whole.read_bytes()
    for length in (1500, len(data) // 2) if mode == "w" else (30, len(data) // 2, len(data) - 4):
        (tmp_path / "cut.tar").write_bytes(data[:length])
        with pytest.raises(InputError, match=r"cut\.tar"):
            read_catalogue(tmp_path / "cut.tar")
    flipped = bytearray(data)
    flipped[len(data) // 2] ^= 255
    if mode == "w:gz":
        (tmp_path / "cut.tar").write_bytes(flipped)
        with pytest.raises(InputError, match=r"cut\.tar"):
            read_catalogue(tmp_path / "cut.tar")
    assert not list(spools.iterdir())


def test_unpacked_copies_are_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spools = tmp_path / "spools"
    spools.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(spools))
    catalogue = read_catalogue(write_tar(tmp_path / "a.tgz", ART, "w:gz"))
    copy = pickle.loads(pickle.dumps(catalogue))
    assert copy.read(copy.items[3]) == ART["art/d.png"]
    del copy
    gc.collect()
    assert len(list(spools.iterdir())) == 1
    del catalogue
    gc.collect()
    assert not list(spools.iterdir())


def test_no_room_to_unpack_is_a_storage_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    path = write_tar(tmp_path / "a.tgz", ART, "w:gz")
    monkeypatch.setattr("hashing.sources.tar._copy", full)
    with pytest.raises(StorageError, match="unpack it yourself"):
        read_catalogue(path)


def mean_shade(catalogue: Catalogue, number: int) -> int:
    return int(decode(catalogue.read(catalogue.items[number])).getpixel((0, 0))[0])


FORK_IS_SAFE_HERE = pytest.mark.filterwarnings(
    "ignore:This process .* is multi-threaded:DeprecationWarning"
)
"""Python 3.12 and later warn of every fork beside a thread; these children take no locks."""


@FORK_IS_SAFE_HERE
@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_other_processes_and_threads_read_it(tmp_path: Path, start: str) -> None:
    if start == "fork" and "fork" not in multiprocessing.get_all_start_methods():
        pytest.skip("this system cannot fork")
    catalogue = read_catalogue(write_tar(tmp_path / "a.tgz", ART, "w:gz"))
    context = multiprocessing.get_context(start)
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        assert list(pool.map(mean_shade, [catalogue] * 8, [0, 1, 2, 3] * 2)) == [0, 1, 2, 3] * 2
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(mean_shade, [catalogue] * 8, [0, 1, 2, 3] * 2)) == [0, 1, 2, 3] * 2


@FORK_IS_SAFE_HERE
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_forked_child_does_not_delete_the_unpacked_copy(tmp_path: Path) -> None:
    catalogues = [read_catalogue(write_tar(tmp_path / "a.tgz", ART, "w:gz"))]

    def drop() -> None:
        catalogues.clear()
        gc.collect()

    child = multiprocessing.get_context("fork").Process(target=drop)
    child.start()
    child.join()
    assert child.exitcode == 0
    assert mean_shade(catalogues[0], 2) == 2


def test_a_picture_that_went_away_is_an_image_error(tmp_path: Path) -> None:
    write_tree(tmp_path, ART)
    catalogue = read_catalogue(tmp_path)
    (tmp_path / "art/b.png").unlink()
    with pytest.raises(ImageError, match=r"cannot read art/b\.png in .*: No such file"):
        catalogue.read(catalogue.items[1])


def test_the_order_is_that_of_code_points_wherever_they_lie(tmp_path: Path) -> None:
    names = ["é.png", "z.png", "Z.png", "a/b.png", "a.png", "a-b.png", "10.png", "9.png"]
    write_tree(tmp_path / "tree", {name: picture(1) for name in names})
    write_tar(tmp_path / "a.tar", {name: picture(1) for name in reversed(names)})
    for source in (tmp_path / "tree", tmp_path / "a.tar"):
        assert [item.path for item in read_catalogue(source).items] == sorted(names)


SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "artworks"


@pytest.mark.skipif(not SHARED.exists(), reason="no ../shared/data/artworks beside the checkout")
def test_the_shared_artworks() -> None:
    catalogue = read_catalogue(SHARED / "artworks.tar", SHARED / "metadata.csv")
    assert len(catalogue) == 5088
    assert len(set(catalogue.labels("artist"))) == 192
    assert catalogue.columns["year"] is int
    assert sum("year" not in item.fields for item in catalogue.items) == 2583
    assert decode(catalogue.read(catalogue.items[-1])).size == (224, 224)


def test_jsonl_in_a_folder(tmp_path: Path) -> None:
    rows = [{"file_name": "art/a.png", "year": 1900, "note": None}, {"file_name": "art/b.png"}]
    write_tree(tmp_path, ART)
    (tmp_path / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    catalogue = read_catalogue(tmp_path)
    assert catalogue.columns == {"year": int, "note": str}
    assert [dict(item.fields) for item in catalogue.items] == [{"year": 1900}, {}, {}, {}]


def test_content_decides_where_the_ending_does_not(tmp_path: Path) -> None:
    data = picture(1)
    tiff = io.BytesIO()
    Image.new("RGB", (20, 20)).save(tiff, "TIFF")
    write_tree(
        tmp_path / "pictures",
        {
            "without": data,
            "web.jpg_large": data,
            "web.jpg!Large.jpg": data,
            "page.tif": tiff.getvalue(),
            "page": tiff.getvalue(),
            "camera.nef": tiff.getvalue(),
            "notes": b"BM words, no bitmap",
            "notes.txt": b"BM words",
            "film.mp4": b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom",
            "photo.HEIC": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
        },
    )
    found = [item.path for item in read_catalogue(tmp_path / "pictures").items]
    pictures = ["page", "page.tif", "photo.HEIC", "web.jpg!Large.jpg", "web.jpg_large", "without"]
    assert found == pictures


def test_files_that_are_no_pictures_are_counted(make_source) -> None:
    files = {**CLASSES, "cat/film.mp4": b"\0\0\0\x18ftypmp42", "dog/raw": b"RAW?"}
    left_out = read_catalogue(make_source(files)).left_out
    kind = "file that is no picture"
    films = left_out.get("film (--video takes its frames)", [])  # told apart in a folder
    told = sorted([*films, *left_out[kind]])
    assert told == ["cat/film.mp4", "cat/notes.txt", "dog/raw"]
    assert kind not in left_out.faults


def test_what_systems_keep_and_what_one_excludes_is_left_out_and_said(make_source) -> None:
    files = {
        "art/a.png": picture(1),
        "art/@eaDir/a.png/SYNOPHOTO_THUMB_M.jpg": picture(2),
        "art/@eaDir/b.png": picture(2),
        "#recycle/old.png": picture(3),
        "__MACOSX/art/a.png": picture(4),
        "Lost+Found/x.png": picture(5),
        "art/thumb_a.png": picture(6),
        "private/deep/x.png": picture(7),
        "art/private/y.png": picture(8),
    }
    found = read_catalogue(make_source(files), exclude=["thumb_*", "private/", "art/z*"])
    assert [item.path for item in found.items] == ["art/a.png"]
    system, excluded = "folder that a system keeps for itself", "excluded by name"
    assert sorted(found.left_out[system]) == [
        "#recycle", "Lost+Found", "__MACOSX", "art/@eaDir"
    ]  # fmt: skip
    assert sorted(found.left_out[excluded]) == ["art/private", "art/thumb_a.png", "private"]
    assert not found.left_out.faults
