"""Lists as HashNet's authors publish them."""

from pathlib import Path

import pytest

from hashing.data import make_split, number_sets, validation_split
from hashing.data.lists import read_lists
from hashing.errors import InputError


def lists(root: Path, **files: str) -> Path:
    texts = {
        "train": "".join(f"p/{n:02}.jpg {n % 2} 1 0\n" for n in range(10, 30)),
        "test": "p/00.jpg 1 0 1\np/01.jpg 0 0 0\n",
        "database": "".join(f"p/{n:02}.jpg {n % 2} 1 0\n" for n in range(10, 40)),
    } | files
    for name, text in texts.items():
        (root / f"{name}.txt").write_text(text, encoding="utf-8")
    return root


def test_parts_and_sets_are_those_of_the_lists(tmp_path: Path) -> None:
    catalogue = read_lists(lists(tmp_path, classes="sky\nsea\ncity\n"))
    assert len(catalogue) == 32
    split = make_split(catalogue, "lists")
    named = [catalogue.items[row].path for row in split.query]
    assert named == ["p/00.jpg", "p/01.jpg"]
    assert (len(split.train), len(split.database)) == (20, 30)
    sets, classes = number_sets(catalogue.labels("label"), ";")
    assert classes == ["city", "sea", "sky"]
    assert sets[split.query].tolist() == [[True, False, True], [False, False, False]]
    held = validation_split(catalogue, split)
    assert len(held.query) == 2
    assert set(held.query) <= set(split.train)
    assert not set(held.query) & set(held.database)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_lists_may_be_saved_by_any_editor(tmp_path: Path, encoding: str) -> None:
    names = {"classes": "Müll\nsea\ncity\n", "test": "é/00.jpg 1 0 1\n"}
    expected = read_lists(lists(tmp_path, **names)).items
    for file in tmp_path.iterdir():
        file.write_bytes(file.read_text("utf-8").encode(encoding))
    catalogue = read_lists(tmp_path)
    assert catalogue.items == expected
    assert bool(catalogue.left_out) == (encoding == "cp1252")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"test": "p/00.jpg 1 0\n"}, "each of 3 classes in line 1 of .*test.txt"),
        ({"test": "p/00.jpg 1 0 2\n"}, "found 'p/00.jpg 1 0 2'"),
        ({"test": "../00.jpg 1 0 0\n"}, "expected a path within"),
        ({"test": "p/11.jpg 0 0 1\n"}, "p/11.jpg has other labels"),
    ],
)
def test_what_is_no_such_list_is_one_line(
    tmp_path: Path, files: dict[str, str], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        read_lists(lists(tmp_path, **files))
    (tmp_path / "train.txt").unlink()
    with pytest.raises(InputError, match="expected a list of pictures"):
        read_lists(tmp_path)
