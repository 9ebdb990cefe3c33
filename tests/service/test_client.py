"""The example client against a real server."""

import importlib.util
import sys
from pathlib import Path

import pytest

from hashing.collection import Collection
from hashing.service.api import create_app
from hashing.service.current import Current
from tests.service.serving import free_port, serving

CLIENT = Path(__file__).parents[2] / "examples" / "client.py"


def test_the_example_client(
    art: Collection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    spec = importlib.util.spec_from_file_location("client", CLIENT)
    assert spec is not None
    assert spec.loader is not None
    client = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(client)
    picture = tmp_path / "mine.jpg"
    picture.write_bytes(art.opened.pictures.jpeg(art.item(5), 512))
    port = free_port()
    argv = ["client.py", str(picture), "--server", f"http://127.0.0.1:{port}"]
    monkeypatch.setattr(sys, "argv", argv)
    with serving(create_app(Current(art), page=False), port):
        client.main()
        picture.write_bytes(b"nothing")
        with pytest.raises(SystemExit, match="expected a JPEG"):
            client.main()
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "   1  Study 5, Painter F, 1855 (very close)"
    assert lines[6] == "For whom likes the first two"
    assert len(lines) == 12
