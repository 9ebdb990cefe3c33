"""The service on an index that lies on a server: it answers as from a folder."""

import io
import re
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
from fastapi.testclient import TestClient

from hashing.collection import Collection
from hashing.service import current as current_module
from hashing.service.api import create_app
from hashing.service.current import Current
from hashing.store import Index, create_index, delete_index, open_index
from hashing.store.transfer import export_index, read_head, read_items
from tests.gallery import with_model
from tests.store.servers import PostgresServer

ADDRESS = "http://127.0.0.1:7860"


@pytest.fixture
def twin(art: Collection, server: PostgresServer, tmp_path: object) -> Iterator[Index]:
    """The gallery on a server."""
    text = io.StringIO()
    export_index(art.index, text)
    text.seek(0)
    url = server.url("gallery")
    with create_index(url, **vars(read_head(text, tmp_path)[0])) as index:
        for rows in read_items(text, tmp_path):
            index.add(item for item, _ in rows)
        blob = art.index.extra("map")
        assert blob is not None
        index.put_extra("map", blob)
        yield index
    delete_index(url)


@pytest.mark.parametrize(
    "question",
    [
        "/api/items?limit=9&offset=3",
        "/api/items?sample=true&seed=5&limit=9",
        "/api/items?q=study 17&style=Red School",
        "/api/items/4",
        "/api/items/4/similar?k=9&hide_artist=Painter A",
        "/api/facets",
        "/api/map",
    ],
)
def test_it_answers_as_from_a_folder(art: Collection, twin: Index, question: str) -> None:
    answers = []
    with open_index(twin.location) as index:
        for collection in (art, with_model(index)):
            app = create_app(Current(collection), page=False)
            answer = TestClient(app, base_url=ADDRESS).get(question)
            assert answer.status_code == 200
            uuid = collection.info.uuid
            text = answer.text.replace(uuid, "UUID").replace(uuid[:8], "UUID")
            answers.append(re.sub(r'"search_ms":[0-9.]+', "", text))
    assert answers[0] == answers[1]


def test_it_goes_on_when_the_server_is_back_and_follows_others(
    twin: Index, server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(current_module, "PATIENCE", 0.05)
    current = Current(with_model(open_index(twin.location)))
    with closing(current):
        client = TestClient(create_app(current, page=False), base_url=ADDRESS)
        assert client.get("/api/items/4/similar").status_code == 200
        server.stop()
        try:
            time.sleep(0.06)
            away = client.get("/api/items/4/similar")
            assert away.status_code == 503
            assert "cannot be reached" in away.json()["error"]["message"]
        finally:
            server.start()
        assert client.get("/api/items/4/similar").status_code == 200
        twin.remove([7])
        time.sleep(0.06)
        assert client.get("/api/items/7").status_code == 404
