import functools
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from hashing.cli import main
from hashing.config import ModelConfig, Preprocessing
from hashing.errors import ArtefactError, InputError, UsageError
from hashing.models import HashModel, fetch, fingerprint, save_model
from hashing.models.fetch import fetch_model


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None: ...

    def do_GET(self) -> None:
        if self.path.startswith("/moved/"):
            self.send_response(302)
            self.send_header("Location", self.path.replace("/moved/", "http://other.invalid/"))
            self.end_headers()
        else:
            super().do_GET()


class Patient(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: some tests hang up."""


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    folder = tmp_path / "shelf"
    save_model(
        HashModel(ModelConfig("small_cnn", lengths=(16,)), Preprocessing(32)),
        folder / "small",
        files={"README.md": "A card."},
    )
    return folder


@pytest.fixture
def address(shelf: Path) -> Iterator[str]:
    handler = functools.partial(Quiet, directory=str(shelf))
    with Patient(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_a_model_comes_whole(shelf: Path, address: str, tmp_path: Path) -> None:
    came: list[int] = []
    fetch_model(f"{address}/small/", tmp_path / "mine" / "small", came.append)
    got = tmp_path / "mine" / "small"
    assert fingerprint(got) == fingerprint(shelf / "small")
    assert {file.name: file.read_bytes() for file in got.iterdir()} == {
        file.name: file.read_bytes() for file in (shelf / "small").iterdir()
    }
    assert sum(came) == sum(file.stat().st_size for file in got.iterdir())
    with pytest.raises(UsageError, match="it is already there"):
        fetch_model(f"{address}/small", got)


def test_the_command_fetches_into_a_folder(
    shelf: Path, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["fetch", f"{address}/small", "--quiet"]) == 0
    assert fingerprint(tmp_path / "small") == fingerprint(shelf / "small")
    assert main(["fetch", f"{address}/absent", "--out", "other", "--quiet"]) == 3
    assert main(["fetch", "http://other.invalid/m", "--quiet"]) == 2


def test_what_is_no_model_leaves_nothing(shelf: Path, address: str, tmp_path: Path) -> None:
    weights = shelf / "small" / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(ArtefactError, match="damaged or belongs to another model"):
        fetch_model(f"{address}/small", tmp_path / "got")
    weights.unlink()
    with pytest.raises(InputError, match=r"found no model\.safetensors there"):
        fetch_model(f"{address}/small", tmp_path / "got")
    for told in ("<html>sign in</html>", "[" * 10**5):
        (shelf / "small" / "config.json").write_text(told)
        with pytest.raises(ArtefactError, match="found something else"):
            fetch_model(f"{address}/small", tmp_path / "got")
    with pytest.raises(InputError, match=r"found no config\.json there"):
        fetch_model(f"{address}/absent", tmp_path / "got")
    assert {path.name for path in tmp_path.iterdir()} == {"shelf"}


def test_too_much_is_not_taken(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(fetch.FILES, "model.safetensors", 1000)
    with pytest.raises(ArtefactError, match="expected at most 1,000 bytes"):
        fetch_model(f"{address}/small", tmp_path / "got")


@pytest.mark.parametrize("where", ["http://other.invalid/m", "file:///etc", "ftp://a/b"])
def test_only_safe_addresses(where: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected an address https://"):
        fetch_model(where, tmp_path / "got")


def test_nor_by_a_redirection(address: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected an address https://"):
        fetch_model(f"{address}/moved/small", tmp_path / "got")


def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be had"):
        fetch_model("http://127.0.0.1:1/m", tmp_path / "got")
