import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hashing.errors import ImageError, UsageError
from hashing.images import FILES, files_up_to
from hashing.sources import Catalogue, read_catalogue
from hashing.sources.decoding import decode_each, prepare_ahead


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    for number in range(7):
        Image.new("RGB", (20 + number, 20), (number, 0, 0)).save(tmp_path / f"{number}.png")
    (tmp_path / "3.png").write_bytes(b"no picture")
    return read_catalogue(tmp_path)


@pytest.mark.parametrize(("batch_size", "workers"), [(1, 3), (3, 1), (100, None)])
def test_what_is_made_stands_beside_its_item(
    catalogue: Catalogue, batch_size: int, workers: int | None
) -> None:
    widths: dict[str, object] = {}
    made = decode_each(
        catalogue, lambda data, image: image.width, workers=workers, batch_size=batch_size
    )
    for items, found in made:
        assert 0 < len(items) <= batch_size
        widths |= {item.path: width for item, width in zip(items, found, strict=True)}
    reason = widths.pop("3.png")
    assert isinstance(reason, ImageError)
    assert widths == {f"{number}.png": 20 + number for number in range(7) if number != 3}


def test_a_defect_of_the_caller_is_not_taken_for_a_broken_picture(catalogue: Catalogue) -> None:
    with pytest.raises(ZeroDivisionError):
        list(decode_each(catalogue, lambda data, image: 1 // 0))


def test_only_two_batches_are_prepared_ahead() -> None:
    seen: list[int] = []
    batches = prepare_ahead(lambda item: seen.append(item) or item, list(range(100)), 5, workers=2)
    items, found = next(batches)
    assert list(items) == found == list(range(5))
    batches.close()
    assert len(seen) <= 15


def test_preparing_goes_on_in_threads_of_its_own() -> None:
    names = [
        name
        for _, found in prepare_ahead(lambda _: threading.current_thread().name, range(4), 2)
        for name in found
    ]
    assert all(name.startswith("decode") for name in names)
    assert np.size(names) == 4


def test_the_largest_picture_is_a_matter_of_choice(tmp_path: Path) -> None:
    Image.new("RGB", (1000, 600)).save(tmp_path / "a.png")

    def error(megapixels: float | None) -> object:
        catalogue = read_catalogue(tmp_path, megapixels=megapixels)
        ((_, (found,)),) = decode_each(catalogue, lambda data, image: image.size)
        return found

    assert error(None) == error(0.6) == (1000, 600)
    assert "found 1000 x 600" in str(error(0.5))
    for wrong in (0, -1, 3000, float("nan")):
        with pytest.raises(UsageError, match="megapixels, found"):
            read_catalogue(tmp_path, megapixels=wrong)
    large = files_up_to(1000)
    assert (large.pixels, large.memory >= 3 * large.pixels) == (10**9, True)
    assert files_up_to(None) is FILES
