"""Answers by several descriptors and distances, side by side."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hashing.cli.index import main
from hashing.collection import Collection
from hashing.collection.compare import compare
from hashing.errors import UsageError


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compare") / "pictures"
    folder.mkdir()
    for number, pixels in enumerate(np.random.default_rng(0).integers(0, 256, (6, 4, 4, 3))):
        Image.fromarray(pixels.astype(np.uint8)).resize((60, 40)).save(folder / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def both(pictures: Path) -> Iterator[tuple[Collection, Collection]]:
    texture, colour = pictures.parent / "texture.index", pictures.parent / "colour.index"
    with (
        Collection.build(pictures, "texture", texture, features=True) as first,
        Collection.build(pictures, "colour", colour) as second,
    ):
        yield first, second


def test_every_ranking_is_the_answer_of_its_collection(
    both: tuple[Collection, Collection], pictures: Path
) -> None:
    query = pictures / "2.png"
    found = compare(both, query, k=3, name="2.png")
    assert [name.split(", ")[0::2] for name, _ in found.rankings] == [
        *(["texture", by] for by in ("hamming", "cosine", "euclidean", "manhattan")),
        ["colour", "hamming"],
    ]
    for _, answer in found.rankings:
        collection = both[0] if "texture" in answer.opened.info.location else both[1]
        expected = collection.search(query, k=3, by=answer.by)
        assert [hit.id for hit in answer] == [hit.id for hit in expected]
    page = found.page()
    assert page.count("<figure>") == 15
    assert "Most like 2.png" in page
    with Image.open(io.BytesIO(found.png())) as sheet:
        assert sheet.format == "PNG"
        assert len(sheet.convert("RGB").getcolors(1 << 24) or ()) > 50
    with pytest.raises(UsageError, match="--features"):
        compare(both[1:], query, by=["cosine"])


def test_the_command_writes_a_sheet(
    both: tuple[Collection, Collection], pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = pictures.parent / "sheet"
    places = [collection.info.location for collection in both]
    asked = ["--image", str(pictures / "4.png"), "--by", "hamming", "manhattan", "-k", "2"]
    assert main(["compare", *places, *asked, "--json", "--out", str(out)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [ranking["by"] for ranking in told["rankings"]] == ["hamming", "manhattan", "hamming"]
    assert {ranking["results"][0]["file"] for ranking in told["rankings"]} == {"4.png"}
    assert out.with_suffix(".html").read_text().startswith("<!doctype html>")
    with Image.open(out.with_suffix(".png")) as sheet:
        assert sheet.size[0] > 400
    assert main(["compare", *places, *asked]) == 0
    assert "4.png" in capsys.readouterr().out
    with pytest.raises(UsageError, match="expected a folder"):
        main(["compare", *places, *asked, "--out", str(pictures / "no" / "sheet")])
