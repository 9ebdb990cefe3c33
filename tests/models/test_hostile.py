"""Model folders from strangers: some hundred that are wrong in one place each.

Each is loaded to the very model it was made from, or refused by one ArtefactError; none runs code,
opens a connection, or asks for more memory than its files have.
"""

import copy
import hashlib
import json
import socket
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from PIL import Image
from torch import Tensor

from hashing.cli import main
from hashing.config import ModelConfig, Preprocessing
from hashing.errors import ArtefactError
from hashing.models import (
    HashModel,
    load_model,
    save_model,
    timm_backbones,  # noqa: F401 (imported before memory is measured)
)

VALUES: list[Any] = [
    None, True, -1, 0, 10**9, 10**400, float("nan"), "", "imagenet", "/etc/passwd", "os:remove",
    "timm:../x", "x" * 10**5, [], [[]], {"a": 1}, [8, 8], [10**9], ["16"], [0.0] * 3,
]  # fmt: skip

State = dict[str, Tensor]


def changed(name: str, change: Callable[[Tensor], Tensor]) -> Callable[[State], State]:
    return lambda state: state | {name: change(state[name]).contiguous()}


def without(name: str) -> Callable[[State], State]:
    return lambda state: {key: tensor for key, tensor in state.items() if key != name}


HEAD = "hash_layer.weight"
WEIGHTS: Mapping[str, Callable[[State], State]] = {
    "missing": without(HEAD),
    "nothing": lambda state: {},
    "surplus": lambda state: state | {"more": torch.zeros(3)},
    "a foreign name": lambda state: without(HEAD)(state) | {"../" * 50: state[HEAD]},
    "transposed": changed(HEAD, lambda t: t.T),
    "shorter": changed(HEAD, lambda t: t[1:]),
    "empty": changed(HEAD, lambda t: t[:0]),
    "flat": changed(HEAD, torch.flatten),
    "not a number": changed(HEAD, lambda t: t * float("nan")),
    "infinite": changed(HEAD, lambda t: t / 0),
    "wide": changed(HEAD, lambda t: t.double()),
    "whole numbers": changed(HEAD, lambda t: t.long()),
    "bits": changed(HEAD, lambda t: t > 0),
    "complex": changed(HEAD, lambda t: t.to(torch.complex64)),
    "eight bits": changed(HEAD, lambda t: t.to(torch.float8_e4m3fn)),
    "larger than the network": lambda state: state | {"more": torch.zeros(8 << 20)},
}


def rewritten(header: bytes) -> Callable[[bytes], bytes]:
    return lambda data: len(header).to_bytes(8, "little") + header + data


FILES: Mapping[str, Callable[[bytes], bytes]] = {
    "no byte": lambda data: b"",
    "seven bytes": lambda data: data[:7],
    "cut": lambda data: data[:-1],
    "longer": lambda data: data + b"\0",
    "a header of 2^63": lambda data: (2**63).to_bytes(8, "little") + data[8:],
    "a header longer than the file": lambda data: (10**6).to_bytes(8, "little") + data[8:],
    "no header": rewritten(b""),
    "a header that is no object": rewritten(b"[]"),
    "a deep header": rewritten(b'{"a":' * 10**5),
    "offsets outside": rewritten(
        b'{"hash_layer.weight":{"dtype":"F32","shape":[1],"data_offsets":[0,99999999]}}'
    ),
    "a shape beyond all": rewritten(
        b'{"hash_layer.weight":{"dtype":"F32","shape":[4294967296,4294967296,4294967296],'
        b'"data_offsets":[0,4]}}'
    ),
    "a pickle": lambda data: b"\x80\x04cos\nsystem\n(S'true'\ntR.",
    "a zip": lambda data: b"PK\x03\x04" + data,
    "zeros": lambda data: bytes(len(data)),
}

CONFIGS: Mapping[str, Callable[[str], str]] = {
    "nothing": lambda text: "",
    "cut": lambda text: text[:-20],
    "a list": lambda text: "[]",
    "text": lambda text: '"config"',
    "null": lambda text: "null",
    "deep": lambda text: "[" * 10**5,
    "a number of 5,000 digits": lambda text: text.replace('"size": 32', f'"size": {"9" * 5000}'),
    "long": lambda text: text + " " * (17 << 20),
    "twice": lambda text: text + text,
    "surrogates": lambda text: text.replace("small_cnn", "\\ud800"),
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a small model."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("sound") / "model"
    save_model(HashModel(ModelConfig("small_cnn", lengths=(8, 16)), Preprocessing(32)), folder)
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if path:
        yield path
    if isinstance(value, dict):
        for key, member in value.items():
            yield from leaves(member, (*path, key))


def with_leaf(content: dict[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    """`value` in this place; nothing there at all where it is Ellipsis."""
    content = copy.deepcopy(content)
    place = content
    for key in path[:-1]:
        place = place[key]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return content


def hostile(files: dict[str, bytes]) -> Iterator[tuple[str, dict[str, bytes]]]:
    """What was changed, and the files of the folder."""
    content = json.loads(files["config.json"])
    weights = files["model.safetensors"]

    def named(config: Any, data: bytes) -> dict[str, bytes]:
        text = json.dumps(config | {"sha256": hashlib.sha256(data).hexdigest()})
        return {"config.json": text.encode(), "model.safetensors": data}

    for path in leaves(content):
        for value in [..., *VALUES]:
            changed_content = with_leaf(content, path, value)
            text = json.dumps(changed_content).encode()
            yield f"{'.'.join(path)} = {str(value)[:30]}", files | {"config.json": text}
    yield "one field more", named(with_leaf(content, ("model", "hook"), "os:remove"), weights)
    for what, change_text in CONFIGS.items():
        text = change_text(files["config.json"].decode())
        yield f"config: {what}", files | {"config.json": text.encode("utf-8", "surrogatepass")}
    yield "config: latin-1", files | {"config.json": b'{"model": "\xe9"}'}
    for what, change in WEIGHTS.items():
        state = change(safetensors.torch.load(weights))
        yield f"weights: {what}", named(content, safetensors.torch.save(state))
    for what, change_bytes in FILES.items():
        yield f"file: {what}", named(content, change_bytes(weights))


def attempt(folder: Path, what: str) -> HashModel | str:
    """The model, or what is told of it."""
    try:
        return load_model(folder)
    except ArtefactError as error:
        return str(error)
    except BaseException as error:
        error.add_note(what)
        raise


def test_each_is_loaded_as_it_was_or_refused_in_one_line(
    sound: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object) -> None:
        pytest.fail("a model folder opened a connection")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "model"
    folder.mkdir()
    for name, data in sound.items():
        (folder / name).write_bytes(data)
    expected = load_model(folder).state_dict()
    loaded = refused = 0
    for what, files in hostile(sound):
        for name, data in files.items():
            (folder / name).write_bytes(data)
        tracemalloc.start()
        found = attempt(folder, what)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert most < 64 << 20, f"{what}: {most:,} bytes"
        if isinstance(found, HashModel):
            loaded += 1
            for name, tensor in found.state_dict().items():
                assert torch.equal(tensor, expected[name]), what
        else:
            refused += 1
            assert "\n" not in found, what
            assert len(found) < 1000, what
    assert refused > 350
    assert 0 < loaded < 100
    assert set(tmp_path.iterdir()) == {folder}


@pytest.mark.parametrize(
    ("backbone", "words"),
    [("absent_pkg.nets:Net", "needs the package absent_pkg"), ("os:remove", "ARTHASH_PLUGINS=os")],
)
def test_what_is_lacking_is_told_and_nothing_is_called_damaged(
    sound: dict[str, bytes],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    backbone: str,
    words: str,
) -> None:
    content = with_leaf(json.loads(sound["config.json"]), ("model", "backbone"), backbone)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text(json.dumps(content))
    (tmp_path / "model" / "model.safetensors").write_bytes(sound["model.safetensors"])
    (tmp_path / "pictures").mkdir()
    Image.new("RGB", (40, 40)).save(tmp_path / "pictures" / "one.png")
    arguments = ["--model", tmp_path / "model", "--images", tmp_path / "pictures"]
    assert main(["index", "build", *map(str, arguments), "--out", str(tmp_path / "i")]) == 4
    told = capsys.readouterr().err
    assert words in told
    assert "damaged" not in told
    assert told.count("\n") == 1
