"""The server beside others: proxies, other sites, probes, counts and logs."""

import json
import logging
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from fastapi.testclient import TestClient

from hashing import progress
from hashing.collection import Collection
from hashing.errors import UsageError
from hashing.service import worker
from hashing.service.api import create_app
from hashing.service.credentials import read_token
from hashing.service.current import Current
from hashing.service.door import Door
from hashing.service.worker import SETTINGS, Settings
from tests.gallery import make_gallery, with_model


def client(art: Collection, door: Door | None = None, host: str = "127.0.0.1") -> TestClient:
    app = create_app(Current(art), page=False, door=door)
    return TestClient(app, base_url=f"http://{host}", raise_server_exceptions=False)


def test_addresses_without_a_version_stay(art: Collection) -> None:
    asking = client(art)
    assert asking.get("/api/items/3").json() == asking.get("/api/v1/items/3").json()
    assert asking.get("/api/v1/no-such").status_code == 404


@pytest.mark.parametrize("prefix", ["", "/art", "/a/b"])
def test_below_a_prefix_whether_the_proxy_takes_it_away_or_not(
    art: Collection, prefix: str
) -> None:
    door = Door(public=f"https://museum.example{prefix}")
    for asking in (client(art, door), client(art, door, "museum.example")):
        for start in {"", prefix}:
            work = asking.get(f"{start}/api/v1/items/3").json()
            assert work["picture"].startswith(f"{prefix}/pictures/3?v=")
            assert asking.get(work["picture"]).status_code == 200
            assert asking.get(f"{start}/api/v1/health").status_code == 200
        own = {"origin": "https://museum.example"}
        asked = {"liked": [3]}
        assert asking.post("/api/recommend", json=asked, headers=own).status_code == 200
        foreign = {"origin": "http://museum.example:81"}
        assert asking.post("/api/recommend", json=asked, headers=foreign).status_code == 403
    refused = client(art, door, "other.example").get("/api/health")
    assert refused.status_code == 421
    if prefix:  # without its slash the page would look for its files one folder too high
        found = client(art, door).get(f"{prefix}?q=sea", follow_redirects=False)
        assert (found.status_code, found.headers["location"]) == (308, f"{prefix}/?q=sea")
    art.served_at = ""


def test_further_names(art: Collection) -> None:
    door = Settings("x", hosts=("art.lan",)).door()
    assert client(art, door, "art.lan").get("/api/health").status_code == 200
    assert client(art, door, "127.0.0.1").get("/api/health").status_code == 200
    assert client(art, door, "evil.lan").get("/api/health").status_code == 421


def test_what_is_said_of_names_is_meant_in_capitals_and_with_the_usual_port_too() -> None:
    door = Door(
        hosts=("Annas-MacBook.local", "FD00::2"),
        origins=("https://Museum.Example:443", "http://a.example:8080"),
        public="https://Art.Example:443/art",
    )
    for host in ("annas-macbook.local:7860", "Annas-MacBook.local", "[fd00::2]:7860"):
        assert door.answers_to(host)
    for origin in ("https://museum.example", "https://museum.example:443", "http://A.example:8080"):
        assert door.invites(origin)
    for origin in ("http://museum.example", "https://museum.example:444", "http://a.example", ""):
        assert not door.invites(origin)
    assert door.is_own("https://art.example", "127.0.0.1:7860")
    for foreign in ("http://art.example", "https://art.example:444", "https://art.example:99999"):
        assert not door.is_own(foreign, "127.0.0.1:7860")


@pytest.mark.parametrize("wrong", ["art.lan:7860", "http://art.lan", "art.lan/", "[::1]", ""])
def test_a_name_that_is_none(wrong: str) -> None:
    with pytest.raises(UsageError, match="--allow-host as a name without a port"):
        Door(hosts=[wrong])


@pytest.mark.parametrize("wrong", ["https://site.example/page", "site.example", "null", "://", ""])
def test_an_origin_that_is_none(wrong: str) -> None:
    with pytest.raises(UsageError, match="--allow-origin as https://host"):
        Door(origins=[wrong])


@pytest.mark.parametrize(
    "wrong", ["museum.example", "ftp://museum.example", "https://", "https://a:99999"]
)
def test_a_public_address_that_is_none(wrong: str) -> None:
    with pytest.raises(UsageError, match="--public-url as https://host"):
        Door(public=wrong)
    with pytest.raises(UsageError, match="another path in --public-url than /api"):
        Door(public="https://museum.example/api/")


def test_pages_of_other_sites_ask_where_they_are_invited(art: Collection) -> None:
    site = "https://site.example"
    asking = client(art, Door(origins=[site]))
    answer = asking.get("/api/items/3", headers={"origin": site})
    assert answer.headers["access-control-allow-origin"] == site
    assert "arthash-index" in answer.headers["access-control-expose-headers"]
    assert answer.headers["vary"] == "origin"
    packed = asking.get("/page/app.js", headers={"accept-encoding": "gzip"})
    assert packed.headers.get_list("vary") == ["Accept-Encoding, origin"]
    assert asking.get("/pictures/3").headers["cross-origin-resource-policy"] == "cross-origin"
    preflight = {"origin": site, "access-control-request-method": "POST"}
    allowed = asking.options("/api/v1/recommend", headers=preflight)
    assert (allowed.status_code, allowed.content) == (204, b"")
    assert "POST" in allowed.headers["access-control-allow-methods"]
    preflight["origin"] = "https://evil.example"
    refused = asking.options("/api/v1/recommend", headers=preflight)
    assert refused.status_code == 403
    assert "access-control-allow-origin" not in refused.headers
    everybody = client(art, Door(origins=["*"]))
    answer = everybody.get("/api/items/3", headers={"origin": "https://evil.example"})
    assert answer.headers["access-control-allow-origin"] == "https://evil.example"
    closed = client(art).get("/api/items/3")
    assert closed.headers["cross-origin-resource-policy"] == "same-origin"


def test_probes_need_no_name_and_no_password(tmp_path: Path) -> None:
    art = with_model(make_gallery(tmp_path))
    asking = client(art, Door(credentials={"anna": "tulip"}), "10.0.0.7")
    assert asking.get("/live").text == "alive\n"
    assert asking.get("/ready").text == f"ready, {len(art)} works\n"
    assert asking.head("/live").status_code == 200
    assert asking.get("/metrics").status_code == 421
    shutil.rmtree(tmp_path / "art.index")
    assert asking.get("/live").status_code == 200
    assert asking.get("/ready").status_code == 503
    art.close()


def test_requests_are_counted_named_and_logged(
    art: Collection, caplog: pytest.LogCaptureFixture
) -> None:
    asking = client(art)
    with caplog.at_level(logging.INFO, "arthash.access"):
        answer = asking.get("/api/items/3", headers={"x-request-id": "abc-1"})
        assert answer.headers["x-request-id"] == "abc-1"
        made = [asking.get("/api/items/4", headers=h).headers["x-request-id"] for h in ({}, {})]
        assert len({*made}) == 2
        bad = asking.get("/api/items/99999", headers={"x-request-id": "two words"})
        assert len(bad.headers["x-request-id"]) == 16
    lines = [json.loads(record.message) for record in caplog.records]
    assert lines[0]["path"] == "/api/v1/items/3"
    assert (lines[0]["status"], lines[0]["request_id"]) == (200, "abc-1")
    assert lines[0]["bytes"] == len(answer.content)
    assert lines[3]["status"] == 404
    text = asking.get("/metrics").text
    route = 'method="GET",route="/api/v1/items/{item_id}"'
    assert f'arthash_requests_total{{{route},status="200"}} 3' in text
    assert f'arthash_requests_total{{{route},status="404"}} 1' in text
    assert 'arthash_request_seconds_count{route="/api/v1/items/{item_id}"} 4' in text
    assert f"arthash_items {len(art)}" in text
    counts = [
        int(line.rpartition(" ")[2])
        for line in text.splitlines()
        if line.startswith('arthash_request_seconds_bucket{route="/api/v1/items/{item_id}"')
    ]
    assert counts == sorted(counts)
    assert counts[-1] == 4


def test_methods_that_visitors_invent_are_refused_and_counted_as_one(art: Collection) -> None:
    asking = client(art)
    for number in range(20):
        for path in ("/api/items", "/nothing", "/page/app.js"):
            refused = asking.request(f"ODD{number}" + "X" * 1000, path)
            assert refused.status_code == 501
            assert refused.json()["error"]["code"] == "unknown_method"
            assert len(refused.content) < 300
    asking.head("/api/items/3")
    lines = [line for line in asking.get("/metrics").text.splitlines() if "_total{" in line]
    assert 'arthash_requests_total{method="other",route="other",status="501"} 60' in lines
    assert any('method="HEAD"' in line for line in lines)
    assert len(lines) == 2


def test_a_token_is_long(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("short\n")
    with pytest.raises(UsageError, match="token of at least 16"):
        read_token(file)
    file.write_text("this one is long enough\nand this is a comment")
    assert read_token(file) == "this one is long enough"


@pytest.mark.parametrize("quiet", [True, False])
def test_several_processes_are_as_quiet_as_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], quiet: bool
) -> None:
    def make(_: Settings) -> tuple[SimpleNamespace, None]:
        progress.log("Loading …")
        return SimpleNamespace(warm=lambda _: None), None

    monkeypatch.setattr(progress, "_quiet", None)
    monkeypatch.setattr(worker, "make", make)
    monkeypatch.setenv(SETTINGS, Settings("x.index", quiet=quiet).as_text())
    worker.app()
    assert (capsys.readouterr().err == "") is quiet


def test_settings_survive_the_way_to_another_process() -> None:
    for hosts in (None, ("a", "b")):
        settings = Settings("x.index", model="m", hosts=hosts, origins=("*",), public="https://a/b")
        assert Settings.of_text(settings.as_text()) == settings
