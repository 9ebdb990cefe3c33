from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from hashing.codes import Codes
from hashing.config import ModelConfig, Preprocessing
from hashing.encoding import Model, encode_catalogue
from hashing.errors import ImageError, UsageError
from hashing.models import HashModel, fingerprint, save_model
from hashing.sources import Catalogue


@pytest.fixture
def encoder() -> Model:
    torch.manual_seed(0)
    config = ModelConfig("small_cnn", lengths=(16, 32))
    return Model(HashModel(config, Preprocessing(size=32)))


def test_codes_are_the_signs_of_the_logits(encoder: Model) -> None:
    images = [Image.new("RGB", (60, 40), colour) for colour in ("red", "green", "blue")]
    codes, logits = encoder.encode(images), encoder.logits(images)
    assert logits.shape == (3, 32)
    assert logits.dtype == np.float32
    assert np.array_equal(codes.packed, Codes.from_logits(logits).packed)


def test_no_picture_is_no_code(encoder: Model) -> None:
    codes, logits = encoder.encode([]), encoder.logits([])
    assert len(codes) == 0
    assert logits.shape == (0, 32)


def test_many_pictures_are_encoded_in_parts_like_one(encoder: Model) -> None:
    images = [Image.new("RGB", (32, 32), (n, 255 - n, 128)) for n in range(0, 80)]
    logits = encoder.logits(images)
    np.testing.assert_allclose(logits[70], encoder.logits(images[70:71])[0], atol=1e-5)


def test_of_several_pictures_the_broken_one_is_named(encoder: Model, tmp_path: Path) -> None:
    good, path = Image.new("RGB", (32, 32)), tmp_path / "bad.jpg"
    path.write_bytes(b"no picture")
    with pytest.raises(ImageError, match=r"^picture 3 of 4: expected a JPEG"):
        encoder.encode([good, good, b"no picture", good])
    with pytest.raises(ImageError, match=f"^{path}: expected a JPEG"):
        encoder.encode([good, path])
    with pytest.raises(ImageError, match=r"^expected a JPEG"):
        encoder.encode([b"no picture"])


def test_an_encoder_knows_its_folder(encoder: Model, tmp_path: Path) -> None:
    save_model(encoder.network, tmp_path / "model")
    loaded = Model.load(tmp_path / "model")
    assert loaded.fingerprint == fingerprint(tmp_path / "model")
    assert (loaded.bits, loaded.lengths) == (32, (16, 32))
    images = [Image.new("RGB", (32, 32), "red")]
    np.testing.assert_allclose(loaded.logits(images), encoder.logits(images), atol=1e-5)


def test_a_device_that_is_not_there(encoder: Model, tmp_path: Path) -> None:
    save_model(encoder.network, tmp_path / "model")
    with pytest.raises(
        UsageError, match="expected a device that this torch can use, found 'cuda:99'"
    ):
        Model.load(tmp_path / "model", device="cuda:99")


@pytest.mark.parametrize("batch_size", [1, 3, 5, 100])
def test_a_catalogue_in_order_with_its_failures(
    encoder: Model, catalogue: Catalogue, batch_size: int
) -> None:
    batches = list(encode_catalogue(encoder, catalogue, batch_size=batch_size, workers=3))
    assert [i.id for b in batches for i in b.items] == [0, 1, 2, 3, 5, 6, 7, 8, 9, 10]
    assert [i.id for b in batches for i, _ in b.failures] == [4]
    images = [Image.open(catalogue.root / item.path) for b in batches for item in b.items]
    expected = encoder.logits(images)
    np.testing.assert_allclose(np.concatenate([b.logits for b in batches]), expected, atol=1e-5)
    assert sum(len(b.codes) for b in batches) == 10


def test_selected_items_and_what_is_derived(encoder: Model, catalogue: Catalogue) -> None:
    chosen = [catalogue.items[9], catalogue.items[2]]
    batches = list(
        encode_catalogue(
            encoder, catalogue, items=chosen, derive=lambda data, image: (len(data), image.size)
        )
    )
    assert [item.id for b in batches for item in b.items] == [9, 2]
    sizes = [(catalogue.root / item.path).stat().st_size for item in chosen]
    assert [d for b in batches for d in b.derived] == [(size, (50, 40)) for size in sizes]
    assert list(encode_catalogue(encoder, catalogue, items=[])) == []


def test_leaving_early_stops_the_decoding(encoder: Model, catalogue: Catalogue) -> None:
    seen: list[int] = []
    batches = encode_catalogue(
        encoder, catalogue, batch_size=1, workers=1, derive=lambda data, image: seen.append(1)
    )
    next(batches)
    batches.close()  # type: ignore[attr-defined]
    assert len(seen) < 6


def test_a_defect_while_decoding_is_not_swallowed(encoder: Model, catalogue: Catalogue) -> None:
    def broken(data: bytes, image: Image.Image) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(encode_catalogue(encoder, catalogue, derive=broken))
