"""A server of a stranger's index: what lies beside the rows spoils no answer about the others."""

import io
import shutil
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient

from hashing.collection import Collection, colours, map, pictures, shards, stored
from hashing.service.api import create_app
from hashing.service.current import Current
from hashing.store import Index, open_index
from tests.gallery import with_model
from tests.images import hostile
from tests.store.strangers import put

JPEG = hostile.encoded(hostile.scene(), "JPEG")
PREVIEWS = {
    "nothing": b"",
    "junk": b"junk" * 50,
    "a page": b"<script>alert(1)</script>",
    "a PNG": hostile.encoded(hostile.scene(), "PNG"),
    "a half": JPEG[: len(JPEG) // 2],
    "a head": JPEG[:30],
    "greedy Exif": hostile.jpeg_with(hostile.segments(0xE1, hostile.exif_of_one_value(1 << 20))),
    "too many scans": hostile.repeated_scans(1600, 2000),
    "too large": hostile.encoded(hostile.scene(4200, 64), "JPEG"),
}
BREAKS_NOTHING = {"greedy Exif"}
"""Its pixels are sound."""


def npz(**arrays: object) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


POINTS = np.zeros(3, map.POINT)
EXTRAS = [
    b"",
    b"junk",
    b"null",
    b"[7, [], {}]",
    b"[" * 10**5,
    zlib.compress(bytes(10**8)),
    npy(np.zeros(3)),
    npy(POINTS),  # ids that do not ascend
    npy(np.array([(1, np.nan, 0), (2, np.inf, 0)], map.POINT)),
    npz(ids=np.arange(3), shades=np.zeros(3), shares=np.zeros(3)),
    npz(ids=np.arange(3), shades=np.zeros((10**7, 5, 3), "<f2"), shares=np.zeros((3, 5), "<f2")),
    b'{"root": 5, "files": 7}',
]
NAMES = (map.NAME, colours.PALETTES, pictures.SOURCES, stored.SEEN, shards.ROUND)


@pytest.fixture
def folder(gallery: Index, tmp_path: Path) -> Path:
    return shutil.copytree(gallery.info.location, tmp_path / "index")


def served(art: Collection) -> TestClient:
    return TestClient(create_app(Current(art), page=False), base_url="http://127.0.0.1")


@pytest.mark.robustness("previews and extras of a stranger's index")
def test_a_hostile_preview_is_as_none(
    folder: Path, record_property: Callable[[str, object], None]
) -> None:
    for number, preview in enumerate(PREVIEWS.values()):
        put(folder, "previews.db", "UPDATE previews SET jpeg = ? WHERE id = ?", preview, number + 1)
    started = time.process_time()
    with open_index(folder) as index:
        client = served(with_model(index))
        assert len(client.get("/api/items?limit=38").json()["works"]) == 38
        for item, name in enumerate(PREVIEWS, 1):
            sound = name in BREAKS_NOTHING
            assert client.get(f"/api/items/{item}").status_code == 200, name
            assert client.get(f"/api/items/{item}/similar").status_code == 200, name
            for path in (f"{item}", f"{item}?size=64", f"{item}?size=900", f"{item}/info.json"):
                answer = client.get(f"/pictures/{path}")
                shown = (200,) if sound else (200, 422)
                assert answer.status_code in shown, (name, path)
                if answer.headers["content-type"] == "image/jpeg":
                    assert answer.content.startswith(b"\xff\xd8"), name
                    assert len(answer.content) < 1 << 16, "more than pixels is handed out"
        assert client.get("/api/items?palette=ff0000").status_code == 200
    assert time.process_time() - started < 60  # one alone took 40 s and gigabytes
    record_property("trials", len(PREVIEWS))


@pytest.mark.parametrize("number", range(len(EXTRAS)))
@pytest.mark.robustness("previews and extras of a stranger's index")
def test_what_an_index_remembers_wrongly_counts_as_forgotten(folder: Path, number: int) -> None:
    for name in NAMES:
        put(folder, "index.db", "INSERT OR REPLACE INTO extras VALUES (?, ?)", name, EXTRAS[number])
    with open_index(folder) as index:
        assert not map.has_map(index)
        assert map.read_map(index) is None
        assert pictures.known_sources(index) == []
        assert len(stored.recall_stamps(index, "root")) == 0
        assert shards.parts(index) == []
        client = served(with_model(index))
        assert client.get("/api/map").json()["error"]["code"] == "no_map"
        assert client.get("/api/items?palette=b02020&every=true").json()["total"] == 38
        assert client.get("/pictures/2/info.json").status_code == 200
