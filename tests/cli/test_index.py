import io
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from hashing.cli.console import run
from hashing.cli.index import main
from hashing.collection import Collection
from hashing.collection.map import has_map
from hashing.collection.sync import Changes
from hashing.config import ModelConfig, Preprocessing
from hashing.encoding import Model, encode_catalogue
from hashing.errors import BusyError
from hashing.models import HashModel, save_model
from hashing.store import (
    STORES,
    Location,
    Store,
    create_index,
    delete_index,
    is_index,
    open_index,
    read_location,
)
from hashing.store.embedded.index import EmbeddedIndex
from tests.store.servers import PostgresServer

ROOT = Path(__file__).parents[2]
COUNT = 24

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two small untrained models, `one` and `two`."""
    folder = tmp_path_factory.mktemp("models")
    for seed, name in enumerate(("one", "two")):
        torch.manual_seed(seed)
        config = ModelConfig(backbone="small_cnn", lengths=(16, 32))
        save_model(HashModel(config, Preprocessing(size=32)).eval(), folder / name)
    return folder


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of noise at several scales, with metadata."""
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    lines = ["file,title,artist,style,year"]
    for number in range(COUNT):
        side = 2 + number % 6
        noise = rng.integers(0, 256, (side, side, 3), np.uint8)
        Image.fromarray(noise).resize((48, 48)).save(folder / f"{number:02d}.png")
        year = 1880 + number if number % 2 else ""
        style = ("Cubism", "Fauvism")[number % 2]
        lines.append(f"{number:02d}.png,Tree {number},Painter {number % 5},{style},{year}")
    (folder / "metadata.csv").write_text("\n".join(lines), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, models: Path, pictures: Path) -> Path:
    out = tmp_path_factory.mktemp("built") / "art.index"
    arguments = ["build", "--model", str(models / "one"), "--images", str(pictures)]
    assert main([*arguments, "--out", str(out), "--quiet"]) == 0
    return out


@pytest.fixture
def index(built: Path, tmp_path: Path) -> Path:
    return shutil.copytree(built, tmp_path / "art.index")


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command; returns exit code, standard output and standard error."""

    def call(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run(main, [str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_every_picture_finds_itself(command: Run, index: Path, pictures: Path) -> None:
    for number in (0, 7, 23):
        picture = pictures / f"{number:02d}.png"
        code, out, _ = command("search", index, "--image", picture, "-k", 30, "--json")
        found = json.loads(out)
        assert code == 0
        assert (found["bits"], len(found["results"])) == (32, COUNT)
        nearest = [result["id"] for result in found["results"] if result["distance"] == 0]
        assert number in nearest
    assert found["results"][0].keys() == {
        *("rank", "id", "distance", "file", "title", "artist", "style", "year")
    }


def test_search_takes_filters_lengths_and_reranking(
    command: Run, index: Path, pictures: Path
) -> None:
    arguments = ["search", index, "--image", pictures / "03.png", "--json"]
    code, out, _ = command(*arguments, "--where", "style = 'Cubism' and title like '%1%'")
    styles = {result["style"] for result in json.loads(out)["results"]}
    assert (code, styles) == (0, {"Cubism"})
    code, out, _ = command(*arguments, "--bits", 16, "--max-distance", 2, "--rerank", 10)
    found = json.loads(out)
    assert found["bits"] == 16
    assert all(result["distance"] <= 2 for result in found["results"])
    code, _, err = command(*arguments, "--where", "style = Cubism")
    assert code == 2
    assert err.endswith("  style = Cubism\n          ^\n")


def test_search_prints_a_table(command: Run, index: Path, pictures: Path) -> None:
    code, out, _ = command("search", index, "--image", pictures / "03.png", "-k", 1)
    assert code == 0
    assert "of 32" in out
    assert out.strip().splitlines()[-1].split()[:2] == ["1", "0"]


def test_search_opens_a_contact_sheet(
    command: Run, index: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    command("search", index, "--image", pictures / "03.png", "-k", 5, "--open")
    page = Path(opened[0].removeprefix("file://")).read_text(encoding="utf-8")
    assert page.count("<figure>") == 5
    assert page.count("data:image/jpeg;base64,/9j/") == 6
    assert "Tree 3<" in page


def test_another_model_is_refused(command: Run, index: Path, models: Path, pictures: Path) -> None:
    for name in ("search", "add"):
        option = "--image" if name == "search" else "--images"
        value = pictures / "00.png" if name == "search" else pictures
        code, out, err = command(name, index, option, value, "--model", models / "two")
        assert (code, out) == (4, "")
        assert "was made with the model" in err
        assert err.count("\n") == 1


def test_an_existing_index_is_refused(
    command: Run, index: Path, models: Path, pictures: Path
) -> None:
    code, _, err = command("build", "--model", models / "one", "--images", pictures, "--out", index)
    assert code == 2
    assert "use add" in err


@pytest.mark.parametrize("option", [("--workers", 0), ("--workers", -3), ("--previews", -1)])
def test_a_number_too_small_is_refused_before_anything_is_made(
    command: Run, models: Path, pictures: Path, tmp_path: Path, option: tuple[str, int]
) -> None:
    out = tmp_path / "new.index"
    given = ("--model", models / "one", "--images", pictures, "--out", out, *option)
    code, _, err = command("build", *given)
    assert code == 2
    assert f"{option[0]}: expected a whole number of at least" in err
    assert not out.exists()


def test_add_skips_what_is_there(command: Run, index: Path, pictures: Path, tmp_path: Path) -> None:
    more = shutil.copytree(pictures, tmp_path / "more")
    Image.new("RGB", (40, 40), (200, 10, 10)).save(more / "new.png")
    code, out, err = command("add", index, "--images", more, "--json")
    report = json.loads(out)
    assert code == 0
    assert (report["added"], report["already"], report["items"]) == (1, COUNT, COUNT + 1)
    assert "24 of 25 pictures are there already" in err


def test_a_broken_picture_is_told_and_skipped(
    command: Run, models: Path, pictures: Path, tmp_path: Path
) -> None:
    source = shutil.copytree(pictures, tmp_path / "source")
    (source / "05.png").write_bytes(b"no picture")
    out = tmp_path / "new.index"
    arguments = ["build", "--model", models / "one", "--images", source, "--out", out]

    code, _, err = command(*arguments, "--strict")
    assert code == 3
    assert "05.png" in err.splitlines()[-1]
    assert not out.exists()

    code, text, err = command(*arguments, "--dry-run")
    assert code == 0
    assert "broken 05.png" in err
    assert not out.exists()

    code, text, err = command(*arguments, "--json")
    assert code == 0
    assert [row["file"] for row in json.loads(text)["broken"]] == ["05.png"]
    assert json.loads(text)["items"] == COUNT - 1
    assert "skipped 05.png" in err


def test_nothing_is_left_where_nothing_can_be_read(
    command: Run, models: Path, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    arguments = ["build", "--model", models / "one", "--images", source, "--out", tmp_path / "out"]
    assert command(*arguments)[0] == 3
    (source / "a.jpg").write_bytes(b"no picture")
    code, _, err = command(*arguments)
    assert code == 3
    assert "none of 1 pictures can be read" in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source"]
    assert command(*arguments[:4], tmp_path / "nowhere", *arguments[5:])[0] == 3


def test_remove_info_verify_compact(command: Run, index: Path) -> None:
    where = "style = 'Cubism'"
    code, out, _ = command("remove", index, "--where", where, "--dry-run", "--json")
    assert (code, json.loads(out)["removed"]) == (0, COUNT // 2)
    code, out, _ = command("remove", index, "--where", where, "--json")
    counts = {"removed": COUNT // 2, "absent": [], "items": COUNT // 2}
    assert json.loads(out) == {**counts, "dry_run": False}
    out = command("remove", index, "--ids", 1, 1, 2, 10**20)[1]
    assert "not there  2 (2, 100000000000000000000)" in out
    info = json.loads(command("info", index, "--json")[1])
    assert (info["count"], info["removed"], info["bits"]) == (COUNT // 2 - 1, COUNT // 2 + 1, 32)
    assert info["columns"] == {"title": "str", "artist": "str", "style": "str", "year": "int"}
    with open_index(index) as before:
        assert not has_map(before)
    assert command("compact", index)[0] == 0
    with open_index(index) as after:
        assert has_map(after)
    assert json.loads(command("verify", index, "--json")[1])["repaired"] == []


def test_evaluate_compares_lengths_and_rankings(command: Run, index: Path, pictures: Path) -> None:
    code, out, _ = command("evaluate", index, "--json")
    alone = json.loads(out)
    assert code == 0
    assert alone["labels"] == ["style", "artist"]
    assert list(alone["results"]) == ["16 bits", "32 bits"]
    plain = alone["recommendation"]["answers"]["nearest only"]
    assert plain["precision"].keys() == {"style", "artist"}
    code, out, _ = command("evaluate", index, "--images", pictures, "--labels", "style", "--json")
    beside = json.loads(out)
    names = ["16 bits", "32 bits", "32 bits, ties by score", "32 bits, rerank 200"]
    assert list(beside["results"]) == [*names, "floats (cosine)"]
    assert beside["recommendation"] is None
    assert command("evaluate", index, "--labels", "colour")[0] == 3


def test_export_and_import_keep_everything(command: Run, index: Path, tmp_path: Path) -> None:
    file, copy = tmp_path / "art.jsonl", tmp_path / "copy.index"
    command("remove", index, "--ids", 2)
    beside = file.with_name(file.name + ".new")
    beside.write_bytes(b"mine")
    assert command("export", index, "--to", file)[0] == 0
    assert beside.read_bytes() == b"mine"
    assert command("export", index, "--to", file)[0] == 2
    assert command("import", copy, "--from", file)[0] == 0
    code, _, err = command("import", copy, "--from", file)
    assert (code, "name another place" in err, "--out" in err) == (2, True, False)
    again = tmp_path / "again.jsonl"
    command("export", copy, "--to", again)
    assert file.read_bytes() == again.read_bytes()
    with open_index(copy) as copied:
        assert has_map(copied)
        palettes = np.load(io.BytesIO(copied.extra("palettes") or b""))
    assert len(palettes["ids"]) == COUNT - 1
    lines = file.read_text(encoding="utf-8").splitlines()
    file.write_text("\n".join([*lines[:5], lines[5][:-9]]), encoding="utf-8")
    code, _, err = command("import", tmp_path / "bad.index", "--from", file)
    assert code == 3
    assert "line 6" in err
    assert not (tmp_path / "bad.index").exists()


def test_an_interrupted_build_goes_on(
    command: Run, models: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "new.index"
    arguments = ["build", "--model", models / "one", "--images", pictures, "--out", out]
    monkeypatch.setattr("hashing.collection.intake.PUBLISH_ITEMS", 4)
    small_batches = partial(encode_catalogue, batch_size=4)
    monkeypatch.setattr("hashing.collection.intake.encode_catalogue", small_batches)
    logits, calls = Model.logits_of, iter(range(100))

    def interrupted(self: Model, squares: np.ndarray) -> np.ndarray:
        if next(calls) == 3:
            raise KeyboardInterrupt
        return logits(self, squares)

    monkeypatch.setattr(Model, "logits_of", interrupted)
    assert command(*arguments)[0] == 130
    there = json.loads(command("info", out, "--json")[1])
    assert there["count"] == 12
    assert there["unfinished"] is not None
    code, _, err = command(*arguments[:3], "--images", tmp_path, *arguments[5:])
    assert (code, "exists already" in err) == (2, True)
    code, text, _ = command(*arguments, "--json")
    assert (code, json.loads(text)["added"], json.loads(text)["items"]) == (0, COUNT - 12, COUNT)
    assert json.loads(command("info", out, "--json")[1])["unfinished"] is None
    assert command(*arguments)[0] == 2


def test_help_is_quick() -> None:
    started = time.monotonic()
    text = subprocess.run(
        [sys.executable, "index.py", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert time.monotonic() - started < 30
    assert "evaluate" in text
    code = "import sys, hashing.cli.index; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\u2066 \r\n\x7f\u2028[bold]end"
"""Titles a terminal, renames its window, clears it, turns text around, begins lines anew."""


@pytest.mark.skipif(sys.platform == "win32", reason="such files cannot be made")
@pytest.mark.robustness("titles and names that drive a terminal")
def test_nothing_that_is_printed_drives_the_terminal(
    command: Run, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures, out = tmp_path / "pictures", tmp_path / "art.index"
    pictures.mkdir()
    name = HOSTILE.replace("\n", "")
    rows = []
    for number in range(6):
        Image.new("RGB", (20, 20), (number * 40, 0, 0)).save(pictures / f"{number}{name}.png")
        rows.append(
            {"file": f"{number}{name}.png", "title": HOSTILE, "artist": HOSTILE, "x": HOSTILE}
        )
    (pictures / f"{name}.png").write_bytes(b"no picture")
    (pictures / f"{name}.tiff").symlink_to(pictures / "nothing")
    text = "\n".join(json.dumps(row) for row in rows)
    (pictures / "metadata.jsonl").write_text(text, encoding="utf-8")
    source = ["--model", models / "one", "--images", pictures]
    first = pictures / f"0{name}.png"
    for expected, arguments in [
        (0, ["build", *source, "--out", out]),
        (0, ["build", *source, "--out", tmp_path / "json.index", "--json"]),
        (0, ["build", *source, "--out", tmp_path / "new", "--dry-run"]),
        (3, ["build", *source, "--out", tmp_path / "other", "--strict"]),
        (3, ["add", out, "--images", pictures / f"{name}.png"]),
        (0, ["search", out, "--image", first]),
        (0, ["search", out, "--image", first, "--json"]),
        (2, ["search", out, "--image", first, "--where", f"title = '{HOSTILE}"]),
        (3, ["search", out, "--image", pictures / f"9{name}.png"]),
        (0, ["evaluate", out, "--labels", "artist"]),
        (0, ["info", out]),
        (0, ["info", out, "--json"]),
        (4, ["info", tmp_path / name]),
        (2, ["info", out, HOSTILE]),
    ]:
        code, printed, told = command(*arguments)
        assert code == expected, (arguments, told)
        assert printed or told
        left = [c for c in printed + told if not c.isprintable() and c != "\n"]
        assert not left, (arguments, left)
    found = json.loads(command("search", out, "--image", first, "--json")[1])
    assert found["results"][0]["title"] == HOSTILE.strip()
    shutil.copy(first, pictures / f"copy{name}.png")
    command("add", out, "--images", pictures)
    lines = [["search", out, "--image", first, "--csv"]]
    lines += [["duplicates", out, "--kind", "exact", form] for form in ("--csv", "--html")]
    for arguments in lines:
        assert name in command(*arguments)[1], "data stays data in a file"
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    for arguments in lines:
        printed = command(*arguments)[1]
        assert printed
        assert not [c for c in printed if not c.isprintable() and c != "\n"], arguments


def test_every_command_takes_the_url_of_a_server(
    command: Run,
    built: Path,
    models: Path,
    pictures: Path,
    tmp_path: Path,
    server: PostgresServer,
) -> None:
    url = server.url("commands")
    source = ["--images", pictures, "--out", url, "--quiet"]
    assert command("build", "--model", models / "one", *source)[0] == 0
    code, _, err = command("build", "--model", models / "one", *source)
    assert (code, "use add" in err) == (2, True)
    question = ["--image", pictures / "03.png", "--where", "year > 1890", "-k", 7, "--json"]
    assert command("search", url, *question) == command("search", built, *question)
    assert command("evaluate", url, "--json")[1] == command("evaluate", built, "--json")[1]
    info = json.loads(command("info", url, "--json")[1])
    assert (info["location"], info["count"]) == (url, COUNT)
    removed = command("remove", url, "--where", "year > 1890", "--json")[1]
    assert json.loads(removed)["removed"] == 7
    added = command("add", url, "--images", pictures, "--model", models / "one", "--json")[1]
    assert json.loads(added)["added"] == 7
    assert command("compact", url)[0] == 0
    assert json.loads(command("verify", url, "--json")[1]) == {"items": COUNT, "repaired": []}
    file, again = tmp_path / "art.jsonl", tmp_path / "again.jsonl"
    assert command("export", url, "--to", file)[0] == 0
    assert command("import", server.url("copied"), "--from", file)[0] == 0
    assert command("export", server.url("copied"), "--to", again)[0] == 0
    assert file.read_bytes() == again.read_bytes()
    file.write_text(file.read_text(encoding="utf-8")[:-9], encoding="utf-8")
    assert command("import", server.url("bad"), "--from", file)[0] == 3
    assert not is_index(server.url("bad"))
    for name in ("commands", "copied"):
        delete_index(server.url(name))
    code, _, err = command("info", url)
    assert (code, "found none" in err) == (4, True)


@pytest.mark.robustness("a password within the URL of an index")
def test_no_command_prints_the_password_of_a_url(
    command: Run,
    index: Path,
    models: Path,
    pictures: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Behind the URL lies a folder, so every command ends well and says what may come next."""
    folders = STORES["folder"]

    def here(location: Location) -> Location:
        return read_location(tmp_path / location.name)

    store = Store(
        open=lambda location: folders.open(here(location)),
        create=lambda location, new: folders.create(here(location), new),
        exists=lambda location: folders.exists(here(location)),
        delete=lambda location: folders.delete(here(location)),
    )
    monkeypatch.setitem(STORES, "postgresql", store)
    server = "postgresql://ann:s3cret@host/art"
    url, shown = f"{server}#{index.name}", f"'postgresql://ann:***@host/art#{index.name}'"
    source = ("--images", pictures)
    file, sheet = tmp_path / "a copy.jsonl", tmp_path / "a sheet"
    for arguments, hint in (
        (("build", "--model", models / "one", *source, "--out", f"{server}#b"), "serve.py"),
        (("add", url, *source), "serve.py"),
        (("finish", f"{server}#b"), "serve.py"),
        (("search", url, pictures / "00.png"), f"index.py search {shown} --id 0"),
        (("info", url), f"serve.py {shown} --open, or index.py evaluate {shown}"),
        (("evaluate", url, "--labels", "style"), f"index.py search {shown} PICTURE"),
        (("duplicates", url), ""),
        (("compare", url, "--image", pictures / "00.png", "--out", sheet), f"'{sheet}.html'"),
        (("sync", url, "--dry-run"), f"serve.py {shown}"),
        (("remove", url, "--ids", 3), f"index.py compact {shown} drops"),
        (("sync", url), f"index.py compact {shown} draws"),
        (("compact", url), f"serve.py {shown} --open"),
        (("verify", url), f"index.py export {shown} --to {index.name}.jsonl is a copy"),
        (("export", url, "--to", file), f"index.py import COPY --from '{file}'"),
        (("import", f"{server}#c", "--from", file), f"serve.py {shown[:-10]}c' --open"),
        (("import", f"{server}#d", "--from", file, "--json"), ""),
        (("build", "--model", models / "one", *source, "--out", url), ""),
    ):
        code, printed, told = command(*arguments)
        assert code == (2 if arguments[-1] == url and arguments[0] == "build" else 0), told
        assert "s3cret" not in printed + told, arguments
        assert hint in told, arguments


def test_an_empty_index_says_why(
    command: Run, models: Path, pictures: Path, index: Path, tmp_path: Path
) -> None:
    begun = tmp_path / "begun.index"
    model = load_manifest_of(models / "one")
    create_index(begun, unfinished="pictures", **model).close()
    code, out, err = command("search", begun, "--image", pictures / "00.png")
    assert (code, out) == (3, "")
    assert "its build was interrupted; run the same `index.py build` again" in err
    command("remove", index, "--where", "style = 'Cubism' or style = 'Fauvism'")
    code, _, err = command("search", index, "--image", pictures / "00.png")
    assert (code, "all its items were removed" in err) == (3, True)


def load_manifest_of(model: Path) -> dict[str, Any]:
    loaded = Model.load(model)
    return {
        "bits": loaded.bits,
        "lengths": loaded.lengths,
        "fingerprint": loaded.fingerprint,
        "columns": {},
        "model": model,
    }


def test_sync_tells_and_does(
    command: Run, models: Path, pictures: Path, tmp_path: Path, index: Path
) -> None:
    mine = shutil.copytree(pictures, tmp_path / "mine")
    (mine / "00.png").rename(mine / "moved.png")
    (mine / "01.png").unlink()
    Image.new("RGB", (48, 48), "teal").save(mine / "new.png")
    planned = command("sync", index, "--images", mine, "--keep-absent", "--dry-run")
    assert planned[0] == 0
    assert "nothing was changed" in planned[2]
    out = tmp_path / "mine.index"
    command("build", "--model", models / "one", "--images", mine, "--out", out, "--quiet")
    (mine / "new.png").rename(mine / "newest.png")
    (mine / "02.png").unlink()
    code, text, err = command("sync", out, "--exclude", "03.*")
    assert code == 0
    assert "moved" in text
    assert "1 (new.png → newest.png)" in text
    assert "deleted" in text
    assert "2 (02.png, …)" in text
    assert f"next: index.py compact {out}" in err
    told = json.loads(command("sync", out, "--json")[1])
    assert (told["new"], told["deleted"], told["items"]) == ([], [], COUNT - 2)  # as before
    table = mine / "metadata.csv"
    table.write_text(table.read_text().replace("Tree 4", "Sea 4"))
    code, text, _ = command("add", out, "--images", mine, "--json")
    assert json.loads(text)["with_other_metadata"] == 1
    assert "1, not read in: index.py sync does" in command("add", out, "--images", mine)[1]
    assert json.loads(command("sync", out, "--json")[1])["corrected"] == ["04.png"]


@pytest.fixture
def interruptible() -> Iterator[None]:
    """What runs in the background of a shell is started with SIGINT ignored, and hands that on."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_a_watched_folder_is_followed(index: Path, pictures: Path, tmp_path: Path) -> None:
    pytest.importorskip("watchfiles", reason="the extra watch is not installed")
    mine = shutil.copytree(pictures, tmp_path / "mine")
    arguments = ["sync", str(index), "--images", str(mine), "--keep-absent", "--watch"]
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "index.py"), *arguments], stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stderr
        while "watching" not in (line := process.stderr.readline()):
            assert line, "it ended"
        name, deadline = 0, time.monotonic() + 100
        with open_index(index) as reader:
            while reader.info.count == COUNT and time.monotonic() < deadline:
                # again and again: the first may come before it looks
                Image.new("RGB", (48, 48), (name, 90, 90)).save(mine / f"new{name}.png")
                name += 1
                time.sleep(2)
                reader.refresh()
            assert reader.info.count > COUNT
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    finally:
        process.kill()
        process.communicate()


def test_a_watcher_goes_on_where_others_were_in_the_way(
    command: Run, index: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = shutil.copytree(pictures, tmp_path / "mine")
    moments = [set[str](), {"new.png"}, set[str](), set[str]()]
    errors = iter([None, BusyError("it is being written"), None])
    sync = Collection.sync

    def watch(folder: Path, **_: object) -> Iterator[set[str]]:
        Image.new("RGB", (48, 48)).save(folder / "new.png")
        yield from moments

    def busy(self: Collection, *arguments: Any, **named: Any) -> Changes:
        if error := next(errors):
            raise error
        return sync(self, *arguments, **named)

    monkeypatch.setattr("hashing.cli.index.sync._watcher", lambda: watch)
    monkeypatch.setattr(Collection, "sync", busy)
    code, _, err = command("sync", index, "--images", mine, "--keep-absent", "--watch")
    assert (code, "it is being written (this is tried again)" in err) == (0, True)
    with open_index(index) as reader:
        assert reader.info.count == COUNT + 1


def test_duplicates_in_every_form(
    command: Run, models: Path, pictures: Path, tmp_path: Path
) -> None:
    mine = shutil.copytree(pictures, tmp_path / "mine")
    shutil.copy(mine / "05.png", mine / "x<b>.png")
    out = tmp_path / "mine.index"
    command("build", "--model", models / "one", "--images", mine, "--out", out, "--quiet")
    code, text, err = command("duplicates", out, "--kind", "exact")
    size = (mine / "05.png").stat().st_size
    assert code == 0
    assert "x<b>.png" in text
    assert f"next: index.py remove {out} --ids {COUNT} keeps the best of each" in err
    told = json.loads(command("duplicates", out, "--kind", "exact", "--json")[1])
    assert (told["frees"], len(told["groups"])) == (size, 1)
    assert [copy["file"] for copy in told["groups"][0]["copies"]] == ["05.png", "x<b>.png"]
    lines = command("duplicates", out, "--kind", "exact", "--csv")[1].splitlines()
    assert lines[0] == "group,place,id,file,width,height,bytes,date"
    assert lines[1].startswith(f"1,1,5,05.png,48,48,{size},")
    page = command("duplicates", out, "--html")[1]
    assert page.count("<figure>") == 2
    assert "x&lt;b&gt;.png" in page
    command("remove", out, "--ids", COUNT)
    assert "no picture is there twice" in command("duplicates", out)[2]


def test_search_asks_with_several_pictures_and_items(
    command: Run, index: Path, pictures: Path
) -> None:
    first, second = pictures / "00.png", pictures / "05.png"
    told = json.loads(command("search", index, first, second, "--id", 7, "-k", 2, "--json")[1])
    assert [query["query"] for query in told["queries"]] == [str(first), str(second), "id 7"]
    answers = [query["results"] for query in told["queries"]]
    assert [answer[0]["id"] for answer in answers[:2]] == [0, 5]
    assert 7 not in [result["id"] for result in answers[2]]
    one = json.loads(command("search", index, "--image", first, "-k", 2, "--json")[1])
    assert one["results"] == answers[0]
    lines = command("search", index, first, second, "-k", 2, "--csv")[1].splitlines()
    assert lines[0] == "query,rank,id,distance,file,title,artist,style,year"
    assert lines[3].startswith(f"{second},1,5,0,05.png,Tree 5,")
    assert len(lines) == 5
    together = json.loads(command("search", index, first, "--id", 5, "--together", "--json")[1])
    assert len(together["results"]) == 10
    assert 5 not in [result["id"] for result in together["results"]]
    assert "found none" in command("search", index)[2]
    code, _, err = command("search", index, "--id", 999)
    assert (code, "no work has the id 999" in err) == (3, True)


def test_search_says_that_an_answer_may_lack_some(
    command: Run, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["search", index, "--id", 3, "-k", 2]
    assert "complete" not in "".join(map(str, command(*arguments, "--json")[1:]))
    search = EmbeddedIndex.search
    monkeypatch.setattr(
        EmbeddedIndex, "search", lambda *asked: replace(search(*asked), complete=False)
    )
    assert "incomplete: there may be others" in command(*arguments)[2]
    assert json.loads(command(*arguments, "--json")[1])["complete"] is False
    several = json.loads(command("search", index, "--id", 3, 4, "--json")[1])
    assert [query["complete"] for query in several["queries"]] == [False, False]


def test_every_command_ends_with_what_may_come_next(
    command: Run, index: Path, pictures: Path, models: Path, tmp_path: Path
) -> None:
    out = tmp_path / "next.index"
    build = ("build", "--model", models / "one", "--images", pictures, "--out", out)
    for arguments, hint in (
        ((*build, "--dry-run"), "the same without --dry-run"),
        (build, f"serve.py {out} --open"),
        (("add", index, "--images", pictures), f"index.py search {index} PICTURE"),
        (("search", index, pictures / "00.png"), f"index.py search {index} --id 0"),
        (("info", index), f"index.py evaluate {index}"),
        (("remove", index, "--ids", 3), f"index.py compact {index}"),
        (("compact", index), f"serve.py {index}"),
        (("verify", index), f"index.py export {index}"),
        (("export", index, "--to", tmp_path / "a.jsonl"), "index.py import COPY"),
    ):
        code, _, err = command(*arguments)
        assert code == 0
        assert err.splitlines()[-1].startswith("next: ")
        assert hint in err.splitlines()[-1]


def test_an_interruption_says_how_to_go_on(
    command: Run, models: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("hashing.collection.intake.encode_catalogue", interrupted)
    arguments = ["--model", models / "one", "--images", pictures, "--out", tmp_path / "new.index"]
    code, _, err = command("build", *arguments)
    assert code == 130
    assert err.endswith(
        "the same command goes on where it stopped; what is published stays\ninterrupted\n"
    )


def test_each_label_is_judged_by_itself(command: Run, index: Path) -> None:
    told = json.loads(command("evaluate", index, "--json")[1])
    assert list(told["by_label"]) == ["style", "artist"]
    style = json.loads(command("evaluate", index, "--labels", "style", "--json")[1])
    assert style["by_label"] == {}
    full = style["results"]["32 bits"]
    assert told["by_label"]["style"]["precision_at"] == full["precision_at"]
    assert told["by_label"]["style"]["mean_average_precision"] == full["mean_average_precision"]
    text = command("evaluate", index)[1]
    assert "label by itself" in text
    assert "P@1" in text
