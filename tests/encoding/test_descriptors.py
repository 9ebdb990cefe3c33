"""Descriptors made by hand as models: each sees what it is called after, and little else."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hashing.codes import Codes
from hashing.collection import Collection
from hashing.encoding import Model
from hashing.encoding.descriptors import DESCRIPTORS, SIDE, colour, shape, texture
from hashing.errors import ArtefactError, UsageError


def squares(seed: int, count: int = 4) -> np.ndarray:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (count, 6, 6, 3), np.uint8)
    return np.stack([np.asarray(Image.fromarray(each).resize((SIDE, SIDE))) for each in coarse])


def test_colours_are_shares_of_bins() -> None:
    red = np.zeros((1, SIDE, SIDE, 3), np.uint8)
    red[:, :, :, 0] = 200
    found = colour(red) ** 2
    assert found.sum() == pytest.approx(5)  # the whole and four quarters
    assert sorted(found[found > 0].tolist()) == pytest.approx([1] * 5)
    grey = np.full((1, SIDE, SIDE, 3), 128, np.uint8)
    assert not (colour(red) * colour(grey)).any()


def test_textures_are_blind_to_brightness_and_shapes_to_contrast() -> None:
    dark = squares(1) // 2
    np.testing.assert_allclose(texture(dark), texture(dark + 60), atol=0.02)
    np.testing.assert_allclose(shape(dark), shape(dark * 2), atol=0.02)
    other = squares(2) // 2
    assert np.abs(texture(dark) - texture(other)).max() > 0.05
    assert np.abs(shape(dark) - shape(other)).max() > 0.1
    up = np.zeros((1, SIDE, SIDE, 3), np.uint8)
    up[:, :, SIDE // 2 :] = 255
    across = np.swapaxes(up, 1, 2)
    assert np.abs(shape(up)).argmax() != np.abs(shape(across)).argmax()


@pytest.mark.parametrize("name", DESCRIPTORS)
def test_bits_follow_the_angle(name: str) -> None:
    model = Model.load(name)
    pictures = squares(3, 40)
    vectors = DESCRIPTORS[name](pictures)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    angles = np.arccos(np.clip(unit @ unit.T, -1, 1)) / np.pi
    codes = Codes.from_logits(model.logits_of(pictures))
    apart = codes.distances(codes) / codes.bits
    assert np.abs(apart - angles).mean() < 0.05
    one_by_one = np.concatenate([model.logits_of(each[None]) for each in pictures])
    np.testing.assert_array_equal(one_by_one, model.logits_of(pictures))


@pytest.mark.parametrize("name", DESCRIPTORS)
def test_a_collection_without_a_network(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, square in enumerate(squares(4, 12)):
        Image.fromarray(square).save(folder / f"{number:02}.png")
    with Collection.build(folder, name, tmp_path / "c.index") as made:
        assert made.info.lengths == (16, 32, 64, 128)
    with Collection.open(tmp_path / "c.index") as opened:
        found = opened.search(folder / "05.png", k=3)
        assert (found[0].id, found[0].distance) == (5, 0)
        assert opened.model.descriptor == name
        assert name in repr(opened.model)
        assert opened.explain(5, 6).work_regions is None
    other = next(each for each in DESCRIPTORS if each != name)
    with (
        Collection.open(tmp_path / "c.index", model=other) as wrong,
        pytest.raises(ArtefactError, match="was made with the model"),
    ):
        wrong.search(folder / "05.png")


def test_what_is_no_descriptor(tmp_path: Path) -> None:
    with pytest.raises((ArtefactError, UsageError)):
        Model.load("smell")
    for told in ('{"descriptor": "colour", "version": 99}', "[" * 10**5):
        (tmp_path / "descriptor.json").write_text(told)
        with pytest.raises(ArtefactError, match="no descriptor of this version"):
            Model.load(tmp_path)
