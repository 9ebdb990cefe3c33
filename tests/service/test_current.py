"""A served collection while others change it, remove it and build it anew."""

import asyncio
import os
import shutil
import threading
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from hashing.collection import Collection
from hashing.errors import ArtefactError, StorageError
from hashing.service.api import create_app
from hashing.service.current import Current
from hashing.service.public import public
from hashing.store import create_index
from tests.gallery import BITS, ColourModel, make_gallery, with_model
from tests.service.conftest import with_page


def open_files(folder: Path) -> list[str]:
    """What this process holds open below a folder, files that are gone among them."""
    links = (os.path.join("/proc/self/fd", name) for name in os.listdir("/proc/self/fd"))
    targets = [os.readlink(link) for link in links if os.path.islink(link)]
    return [target for target in targets if target.startswith(str(folder))]


def rebuild(folder: Path) -> None:
    shutil.rmtree(folder / "art.index")
    make_gallery(folder).close()


def test_an_index_built_anew_takes_the_place_of_the_old(tmp_path: Path) -> None:
    current = Current(with_model(make_gallery(tmp_path)))
    with current.reading() as art:
        former = art.info.uuid
    shutil.rmtree(tmp_path / "art.index")
    with pytest.raises(StorageError, match="wait if it is being rebuilt"), current.reading():
        pass
    anew = make_gallery(tmp_path, unfinished="these pictures")
    with (
        pytest.raises(StorageError, match="is being rebuilt: this takes a moment"),
        current.reading(),
    ):
        pass
    anew.finish()
    anew.close()
    with current.reading() as art:
        assert art.info.uuid != former
        assert len(art.similar(0, k=3)) == 3
    current.close()


def test_an_index_of_another_model_is_not_taken(tmp_path: Path) -> None:
    current = Current(with_model(make_gallery(tmp_path)))
    shutil.rmtree(tmp_path / "art.index")
    make_gallery(tmp_path, fingerprint="shapes").close()
    with pytest.raises(ArtefactError, match="start the server again"), current.reading():
        pass
    current.close()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts open files by /proc")
def test_an_index_without_a_column_of_the_filter_is_not_taken_and_not_kept_open(
    tmp_path: Path,
) -> None:
    shown = public("year < 1870")
    current = Current(with_model(shown(make_gallery(tmp_path))), shown)
    shutil.rmtree(tmp_path / "art.index")
    without = {"bits": BITS, "lengths": ColourModel.lengths, "columns": {"title": str}}
    folder = tmp_path / "art.index"
    create_index(folder, **without, fingerprint="colours", model=tmp_path / "model").close()
    before = len(open_files(tmp_path))
    for _ in range(3):
        with pytest.raises(StorageError, match="--where") as told, current.reading():
            pass
        assert "1870" not in str(told.value)  # a visitor reads it
    assert len(open_files(tmp_path)) == before
    rebuild(tmp_path)
    with current.reading() as art:
        assert len(art) == 20
    current.close()


def test_the_page_follows_the_collection(tmp_path: Path) -> None:
    current = Current(with_model(make_gallery(tmp_path)))
    client = TestClient(asyncio.run(with_page(current)), base_url="http://127.0.0.1")

    def page(address: str = "/") -> str:
        return client.get(address).text

    first = page()
    assert page() == first
    assert page("/?seed=3") != first
    with current.reading() as art:
        gone, count = int(art.page(seed=0, limit=1).ids[0]), len(art)
    assert f'data-id="{gone}"' in first
    with Collection.open(tmp_path / "art.index") as writer:
        writer.remove([gone])
    assert f'data-id="{gone}"' not in page()
    assert f'"total": {count - 1}' in page()
    current.close()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts open files by /proc")
@pytest.mark.parametrize(
    ("path", "step"),
    [("/api/items?limit=30", "page"), ("/api/items/4/similar?k=30", "search")],
)
def test_a_work_that_goes_while_an_answer_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, step: str
) -> None:
    current = Current(with_model(make_gallery(tmp_path)))
    app = create_app(current, page=False)
    client = TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)
    with current.reading() as art:
        kind = type(art.index)
    found = getattr(kind, step)

    def racing(*asked: object, **how: object) -> object:
        answer = found(*asked, **how)
        monkeypatch.setattr(kind, step, found)
        with Collection.open(tmp_path / "art.index") as writer:
            writer.remove([5])
        art.refresh()  # as the next visitor's request does
        return answer

    monkeypatch.setattr(kind, step, racing)
    refused = client.get(path)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    said = "the collection changed meanwhile: try again"
    assert refused.json() == {"error": {"code": "index_unavailable", "message": said}}
    again = client.get(path).json()
    assert 5 not in {work["id"] for work in again.get("works") or again["results"]}
    assert client.get("/api/items/5").status_code == 404
    current.close()


def test_a_replaced_index_is_closed_when_its_last_reader_leaves(tmp_path: Path) -> None:
    current = Current(with_model(make_gallery(tmp_path)))
    with current.reading() as former, current.reading() as same:
        assert same is former
        rebuild(tmp_path)
        with current.reading() as anew:
            assert anew is not former
            # A request that began on the old one ends on it.
            assert len(former.similar(0, k=3)) == 3
        assert any("deleted" in name for name in open_files(tmp_path))
    del former, same, anew  # mapped files stay open while anybody holds them
    left = [name for name in open_files(tmp_path) if "deleted" in name]
    assert left == []
    counts = []
    for _ in range(3):
        rebuild(tmp_path)
        with current.reading() as art:
            assert len(art.similar(0, k=3)) == 3
        counts.append(len(open_files(tmp_path)))
    assert counts == counts[:1] * 3
    current.close()
    del art, current
    assert open_files(tmp_path) == []


def test_it_warms_up_what_visitors_ask_first(
    art: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    Current(art).warm(threading.Event())
    monkeypatch.setattr(type(art.index), "preview", lambda *_: pytest.fail("read once more"))
    assert art.opened.pictures.shape(0) == (120, 160)
