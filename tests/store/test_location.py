"""Where an index lies: read in one place, shown without passwords."""

from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hashing.errors import UsageError
from hashing.search import SearchRequest
from hashing.store import Location, delete_index, is_index, open_index, read_location
from tests.store.conftest import create, new_items


@pytest.mark.parametrize(
    "text", ["art.index", "C:\\pictures\\art", "/a/postgresql", "a#b", "a?b=c"]
)
def test_what_is_no_url_is_a_folder(text: str) -> None:
    location = read_location(text)
    assert (location.store, location.folder, str(location)) == ("folder", Path(text), text)
    assert read_location(Path(text)) == location
    assert read_location(location) is location


@pytest.mark.parametrize(
    ("text", "address", "name", "engine", "shown"),
    [
        (
            "postgresql://ann:secret@host:5432/art?sslmode=require#paintings",
            "postgresql://ann:secret@host:5432/art?sslmode=require",
            "paintings",
            "",
            "postgresql://ann:***@host:5432/art?sslmode=require#paintings",
        ),
        (
            "postgres:///art?host=/run/x",
            "postgresql:///art?host=/run/x",
            "arthash",
            "",
            "postgresql:///art?host=/run/x#arthash",
        ),
        (
            "postgresql://ann:se#c@r/et@host/art?password=secret#x%20y",
            "postgresql://ann:se#c@r/et@host/art?password=secret",
            "x y",
            "",
            "postgresql://ann:***@host/art?password=***#x y",
        ),
        (
            "postgresql://host/art?engine=milvus+http://ann:secret@other:19530/codes&a=b#x",
            "postgresql://host/art?a=b",
            "x",
            "milvus+http://ann:secret@other:19530/codes",
            "postgresql://host/art?a=b&engine=milvus+http://ann:***@other:19530/codes#x",
        ),
    ],
)
def test_a_url_is_taken_apart_and_hides_its_passwords(
    text: str, address: str, name: str, engine: str, shown: str
) -> None:
    location = read_location(text)
    assert location == Location("postgresql", address, name, engine)
    assert str(location) == shown
    assert "se" not in repr(location).replace("postgresql", "")


SECRET = "QXZ"
passwords = st.text(f"{SECRET}?#%/&=@:", min_size=1)


@given(password=passwords, other=passwords, encoded=st.booleans())
@example(password="Q?X", other="Z", encoded=False)
@example(password="Q?X=Q&Z", other="Q?X#Q&Z@X", encoded=False)
@example(password="Q/?X", other="Q/&Z", encoded=False)
def test_no_password_is_shown_whatever_it_is_made_of(
    password: str, other: str, encoded: bool
) -> None:
    if encoded:
        password, other = quote(password, safe=""), quote(other, safe="")
    server, engine = f"postgresql://ann:{password}@host:1/art?a=b", f"m+http://bob:{other}@h:2/c"
    for text, engines, shown in (
        (f"{server}#x", "", "#x"),
        (f"{server}&password={quote(other)}#x", "", "&password=***#x"),
        (f"{server}&engine={engine}#x", engine, "&engine=m+http://bob:***@h:2/c#x"),
        (f"{server}&engine={engine}&d=e#x", engine, "&d=e&engine=m+http://bob:***@h:2/c#x"),
        (f"{server}&engine={quote(engine, safe='')}#x", engine, "&engine=m+http://bob:***@h:2/c#x"),
    ):
        location = read_location(text)
        assert str(location) == f"postgresql://ann:***@host:1/art?a=b{shown}"
        assert (location.address.startswith(server), location.engine) == (True, engines)


def test_a_user_at_a_server_is_no_password() -> None:
    location = read_location("postgresql://host/art?user=ann@azure&sslmode=require#x")
    assert location.address == "postgresql://host/art?user=ann@azure&sslmode=require"
    assert str(location) == f"{location.address}#x"


def test_an_unknown_store_is_told_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"unknown store 'foldr'; did you mean folder"):
        open_index("foldr://host/art")
    with pytest.raises(UsageError, match="no engine beside the folder"):
        open_index(Location("folder", "x", engine="milvus+http://host"))


def test_an_index_is_deleted_and_what_lies_beside_it_stays(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    create(folder, new_items(5)).close()
    assert is_index(folder)
    delete_index(folder)
    assert not folder.exists()
    delete_index(folder)  # as often as one likes
    create(folder, new_items(5)).close()
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    (folder / "segments" / "other.txt").write_text("mine", encoding="utf-8")
    delete_index(str(folder))
    assert not is_index(folder)
    assert sorted(p.name for p in folder.rglob("*")) == ["notes.txt", "other.txt", "segments"]


@pytest.mark.parametrize("step", [1, 2])
def test_what_a_death_leaves_of_a_deletion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    folder, steps = tmp_path / "index", iter(range(1, 9))
    create(folder, new_items(5)).close()

    def die_at_last(path: Path) -> None:
        if next(steps) == step:
            raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr("hashing.store.embedded.creation.sync_folder", die_at_last)
        with pytest.raises(KeyboardInterrupt):
            delete_index(folder)
    assert is_index(folder) == (step == 1)
    if step == 1:
        with open_index(folder) as index:
            assert index.search(SearchRequest(index.codes([3]), 5)).ids.shape == (1, 5)
    else:
        with create(folder, new_items(1)) as index:
            assert index.verify() == []
    delete_index(folder)
    assert not folder.exists()
