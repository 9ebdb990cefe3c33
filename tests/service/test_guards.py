import pytest
from fastapi.testclient import TestClient
from starlette.types import ASGIApp

from hashing.collection import Collection
from hashing.errors import UsageError
from hashing.service.api import create_app
from hashing.service.current import Current
from hashing.service.guards import MOST_BYTES, read_credentials


def client(app: ASGIApp, host: str = "127.0.0.1") -> TestClient:
    return TestClient(app, base_url=f"http://{host}")


@pytest.fixture
def app(art: Collection) -> ASGIApp:
    return create_app(Current(art), page=False)


def code(response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.1:7860", "[::1]:7860"])
def test_answers_to_its_own_names(app: ASGIApp, host: str) -> None:
    headers = {"host": host}
    assert client(app).get("/api/health", headers=headers).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[::1"])
def test_answers_to_no_other_name(app: ASGIApp, host: str) -> None:
    response = client(app).get("/api/health", headers={"host": host})
    assert code(response) == (421, "unknown_host")


def test_any_name_where_nothing_is_said(art: Collection) -> None:
    app = create_app(Current(art), page=False, hosts=None)
    assert client(app, "gallery.example").get("/api/health").status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
def test_no_foreign_page_may_ask(app: ASGIApp, origin: str) -> None:
    response = client(app).get("/api/facets", headers={"origin": origin})
    assert code(response) == (403, "foreign_origin")
    own = client(app).get("/api/facets", headers={"origin": "http://127.0.0.1"})
    assert own.status_code == 200


def test_a_password_opens_everything_and_nothing_opens_without(art: Collection) -> None:
    app = create_app(Current(art), page=False, credentials={"anna": "tulip: red"})
    for path in ("/api/health", "/pictures/1", "/page/app.js", "/"):
        refused = client(app).get(path)
        assert code(refused) == (401, "password_needed")
        assert refused.headers["www-authenticate"].startswith("Basic")
        assert client(app).get(path, auth=("anna", "wrong")).status_code == 401
        assert client(app).get(path, auth=("bob", "tulip: red")).status_code == 401
        assert client(app).get(path, auth=("anna", "tulip: red")).status_code in (200, 404)
    garbage = client(app).get("/api/health", headers={"authorization": "Basic %%%"})
    assert garbage.status_code == 401


def test_credentials_file(tmp_path) -> None:
    file = tmp_path / "passwords"
    file.write_text("anna:tulip: red\n\nbob:x\n")
    assert read_credentials(file) == {"anna": "tulip: red", "bob": "x"}
    for text in ("", "anna", "anna:", ":x"):
        file.write_text(text)
        with pytest.raises(UsageError, match="name:password"):
            read_credentials(file)


def test_a_body_has_a_limit_whatever_it_claims(app: ASGIApp) -> None:
    def pieces():
        for _ in range(MOST_BYTES // (1 << 20) + 1):
            yield bytes(1 << 20)

    response = client(app).post("/api/search", content=pieces())
    assert code(response) == (413, "too_large")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/gradio_api/upload"),
        ("GET", "/gradio_api/file=/etc/passwd"),
        ("GET", "/gradio_api/file/etc/passwd"),
        ("GET", "/gradio_api/proxy=http://evil.example"),
        ("POST", "/gradio_api/queue/join"),
        ("POST", "/gradio_api/run/predict"),
        ("GET", "/gradio_api/vibe-code"),
        ("GET", "/login"),
        ("GET", "/monitoring"),
        ("POST", "/config"),
        ("GET", "/nothing"),
    ],
)
def test_gradio_s_own_doors_are_closed(page_app: ASGIApp, method: str, path: str) -> None:
    assert code(client(page_app).request(method, path)) == (404, "not_found")


def test_every_reply_carries_the_headers(page_app: ASGIApp) -> None:
    for path in ("/", "/api/health", "/api/items/999", "/nothing", "/page/app.js"):
        headers = client(page_app).get(path).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


def test_the_page_opens(page_app: ASGIApp) -> None:
    page = client(page_app).get("/")
    assert page.status_code == 200
    assert "gradio-app" in page.text
