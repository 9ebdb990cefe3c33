"""What a build does with pictures that carry more, or show less, than pixels."""

import json
from pathlib import Path

import pytest
import torch
from PIL import Image, PngImagePlugin

from hashing.cli.index import main
from hashing.collection import intake
from hashing.config import ModelConfig, Preprocessing
from hashing.errors import ImageError
from hashing.images import encode_jpeg
from hashing.models import HashModel, save_model
from hashing.store import open_index
from tests.images.hostile import scene

SECRET = b"words nobody should hand on"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    config = ModelConfig(backbone="small_cnn", lengths=(16, 32))
    save_model(HashModel(config, Preprocessing(size=32)).eval(), tmp_path / "model")
    return tmp_path / "model"


def build(
    model: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> tuple[Path, dict[str, object]]:
    out = pictures.parent / "art.index"
    capsys.readouterr()
    arguments = ["build", "--model", model, "--images", pictures, "--out", out, "--json"]
    assert main([str(argument) for argument in arguments]) == 0
    return out, json.loads(capsys.readouterr().out)


def test_comments_and_profiles_neither_stop_a_build_nor_leave_it(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    image = scene()
    long, text = SECRET.ljust(65_533, b"."), PngImagePlugin.PngInfo()
    text.add_text("comment", long.decode())
    image.quantize(64).save(pictures / "a.gif", comment=long)
    image.save(pictures / "b.png", pnginfo=text, icc_profile=SECRET)
    image.save(pictures / "c.jpg", comment=SECRET, exif=b"Exif\0\0" + SECRET, icc_profile=SECRET)
    image.save(pictures / "d.webp", exif=b"Exif\0\0" + SECRET, xmp=SECRET)
    out, report = build(model, pictures, capsys)
    assert (report["added"], report["without_preview"]) == (4, [])
    with open_index(out) as index:
        for item in index.ids().tolist():
            preview = index.preview(item)
            assert preview is not None
            assert SECRET not in preview
            assert not {0xE1, 0xE2, 0xFE} & {preview[i + 1] for i in markers(preview)}


def markers(jpeg: bytes) -> list[int]:
    """Places of the segments before the picture."""
    places, at = [], 2
    while jpeg[at + 1] != 0xDA:
        places.append(at)
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4])
    return places


def test_a_preview_that_cannot_be_made_is_named_and_stops_nothing(
    model: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    scene().save(pictures / "good.png")
    scene(97, 64).save(pictures / "odd.png")

    def fail_for_one(image: Image.Image, side: int) -> bytes:
        if image.width == 97:
            raise ImageError("a preview cannot be encoded: encoder error -2")
        return encode_jpeg(image, side)

    monkeypatch.setattr(intake, "encode_jpeg", fail_for_one)
    out, report = build(model, pictures, capsys)
    assert (report["added"], report["without_preview"]) == (2, ["odd.png"])
    with open_index(out) as index:
        assert [index.preview(item) is None for item in index.ids().tolist()] == [False, True]


def test_a_build_says_what_search_can_do_little_with(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for name, image in {
        "blank.png": Image.new("RGB", (40, 40), "white"),
        "clear.png": Image.new("RGBA", (40, 40), (9, 9, 9, 0)),
        "one.png": scene(),
        "same.png": scene(),
        "other.png": scene(seed=3).transpose(Image.Transpose.ROTATE_180),
    }.items():
        image.save(pictures / name)
    out, report = build(model, pictures, capsys)
    with open_index(out) as index:
        codes = index.codes(index.ids()).hex()
    assert report["one_shade"] == ["blank.png", "clear.png"]
    assert report["sharing_a_code"] == sum(codes.count(code) > 1 for code in codes)
    assert int(str(report["sharing_a_code"])) >= 4
