"""Pictures over HTTP: parts of an original for a close look, and copies where a licence allows."""

import asyncio
import io
import threading
from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from hashing.collection.originals import Originals
from hashing.collection.pictures import Pictures, remember_sources
from hashing.service.api import create_app
from hashing.service.current import Current
from hashing.store import Index
from tests.gallery import jpeg, with_model

LARGE, OPEN, CLOSED = 5, 7, 9
SIZE = (3000, 2250)


def with_originals(index: Index, folder: Path) -> Index:
    """A gallery whose number 5 is a large file, 7 free to copy and 9 not."""
    small = {i: index.preview(i) or b"" for i in (LARGE, OPEN, CLOSED)}
    large = Image.open(io.BytesIO(small[LARGE])).resize(SIZE, Image.Resampling.BICUBIC)
    for item_id, data in {**small, LARGE: jpeg(large)}.items():
        (folder / f"{item_id:03}.jpg").write_bytes(data)
    remember_sources(index, [folder])
    said = {OPEN: "CC BY 4.0", CLOSED: "All rights reserved"}
    items = index.items(said)
    index.change(
        [replace(i, fields={**i.fields, "licence": said[i.id]}) for i in items], {"licence": str}
    )
    return index


@pytest.fixture
def client(new_gallery: Index, tmp_path: Path) -> TestClient:
    art = with_model(with_originals(new_gallery, tmp_path))
    return TestClient(create_app(Current(art), page=False), base_url="http://127.0.0.1")


def shown(client: TestClient, path: str) -> Image.Image:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return Image.open(io.BytesIO(answer.content)).convert("RGB")


def test_a_work_that_has_gone_is_not_there_for_who_kept_it(
    client: TestClient, new_gallery: Index
) -> None:
    paths = [f"/pictures/{OPEN}{rest}" for rest in ("", "/info.json", "/full/max/0/default.jpg")]
    kept = {path: {"if-none-match": client.get(path).headers["etag"]} for path in paths}
    assert {client.get(path, headers=kept[path]).status_code for path in paths} == {304}
    new_gallery.remove([OPEN])
    assert {client.get(path, headers=kept[path]).status_code for path in paths} == {404}


def test_parts_of_the_original(client: TestClient, tmp_path: Path) -> None:
    told = client.get(f"/pictures/{LARGE}/info.json").json()
    assert (told["width"], told["height"]) == SIZE
    assert told["id"] == f"http://127.0.0.1/pictures/{LARGE}"
    assert told["tiles"] == [{"width": 512, "scaleFactors": [1, 2, 4, 8]}]
    whole = Image.open(tmp_path / "005.jpg").convert("RGB")
    part = shown(client, f"/pictures/{LARGE}/1024,512,512,400/512,400/0/default.jpg")
    apart = np.asarray(part, int) - np.asarray(whole.crop((1024, 512, 1536, 912)), int)
    assert np.abs(apart).mean() < 3
    edge = shown(client, f"/pictures/{LARGE}/2560,2048,512,512/220,/0/default.jpg")
    assert edge.size == (220, 101)
    assert shown(client, f"/pictures/{LARGE}/full/max/0/default.jpg").size == SIZE
    assert shown(client, f"/pictures/{LARGE}/full/,300/0/default.jpg").size == (400, 300)
    # where the original has gone, the preview is what there is
    told = client.get("/pictures/1/info.json").json()
    assert (told["width"], told["height"]) == (160, 120)
    version = client.get("/api/health").json()["index"][:8]
    answer = client.get(f"/pictures/{LARGE}/full/,300/0/default.jpg?v={version}")
    assert "immutable" in answer.headers["cache-control"]
    again = {"if-none-match": answer.headers["etag"]}
    assert (
        client.get(f"/pictures/{LARGE}/full/,300/0/default.jpg", headers=again).status_code == 304
    )


@pytest.mark.parametrize("path", ["?size=1024&", "/info.json?", "/0,0,100,100/max/0/default.jpg?"])
def test_what_stands_in_for_an_original_is_not_kept(
    client: TestClient, tmp_path: Path, path: str
) -> None:
    version = client.get("/api/health").json()["index"][:8]
    address, disk, away = (
        f"/pictures/{LARGE}{path}v={version}",
        tmp_path / "005.jpg",
        tmp_path / "x",
    )
    disk.rename(away)
    stands_in = client.get(address)
    assert stands_in.headers["cache-control"] == "private, no-cache"
    known = {"if-none-match": stands_in.headers["etag"]}
    assert client.get(address, headers=known).status_code == 304
    away.rename(disk)
    original = client.get(address, headers=known)
    assert (original.status_code, original.content != stands_in.content) == (200, True)
    assert "immutable" in original.headers["cache-control"]
    known = {"if-none-match": original.headers["etag"]}
    assert client.get(address, headers=known).status_code == 304
    disk.rename(away)  # a preview is as it is asked for, whether or not there is an original
    small = client.get(f"/pictures/{LARGE}?v={version}")
    assert "immutable" in small.headers["cache-control"]


def test_others_are_answered_while_originals_are_read(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = threading.Event()
    monkeypatch.setattr(Pictures, "_original", lambda *_: free.wait(20) and None)
    monkeypatch.setattr(Pictures, "kept", lambda *_: Image.new("RGB", (9, 9)))

    async def run() -> None:
        transport = httpx.ASGITransport(client.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as asking:
            paths = [
                f"/pictures/{i}{end}" for i in range(30) for end in ("/info.json", "?size=900")
            ]
            slow = [asyncio.create_task(asking.get(path)) for path in paths]
            await asyncio.sleep(0.2)
            try:
                for path in ("/api/health", "/ready", "/pictures/3", "/api/items"):
                    async with asyncio.timeout(5):
                        assert (await asking.get(path)).status_code == 200
            finally:
                free.set()
            assert {answer.status_code for answer in await asyncio.gather(*slow)} == {200}

    asyncio.run(run())


def test_it_is_known_without_decoding_that_the_browser_has_it(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses = [f"/pictures/{LARGE}{end}" for end in ("/info.json", "?size=900")]
    tags = [client.get(address).headers["etag"] for address in addresses]
    monkeypatch.setattr("hashing.collection.pictures.decode", pytest.fail)
    monkeypatch.setattr(Originals, "of", pytest.fail)
    for address, tag in zip(addresses, tags, strict=True):
        assert client.get(address, headers={"if-none-match": tag}).status_code == 304


@pytest.mark.parametrize(
    "asked",
    [
        "0,0,0,5/max", "3000,0,10,10/max", "a/max", "1,2,3/max", "-1,0,5,5/max", "full/5000,",
        "full/", "full/0,0", "full/,", "0,0,10,10/11,", "full/5", "9999999,0,1,1/max",
    ],
)  # fmt: skip
def test_parts_that_are_none(client: TestClient, asked: str) -> None:
    answer = client.get(f"/pictures/{LARGE}/{asked}/0/default.jpg")
    assert answer.status_code in (404, 422)
    assert set(answer.json()) == {"error"}


def test_copies_where_the_licence_allows(client: TestClient, tmp_path: Path) -> None:
    work = client.get(f"/api/items/{OPEN}").json()
    assert work["download"] == f"/pictures/{OPEN}/original"
    assert work["attribution"].startswith("Study 7, Painter B, 1857. CC BY 4.0. https://")
    answer = client.get(work["download"])
    assert answer.content == (tmp_path / "007.jpg").read_bytes()
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''007.jpg"
    for item_id in (CLOSED, LARGE):
        work = client.get(f"/api/items/{item_id}").json()
        assert (work["download"], work["attribution"]) == (None, None)
        refused = client.get(f"/pictures/{item_id}/original")
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "not_open")
    (tmp_path / "007.jpg").write_bytes(b"another file")
    assert client.get(f"/pictures/{OPEN}/original").status_code == 422
