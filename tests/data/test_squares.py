import io
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hashing.data import LazySquares, decode_squares, fits_in_memory, look_through, read_ahead
from hashing.data.duplicates import Looks, count_duplicates, difference_hashes, look_at
from hashing.data.protocols import Split
from hashing.errors import ImageError, InputError
from hashing.images import decode, to_square
from hashing.sources import Catalogue, Item, read_catalogue


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """150 pictures of many shapes in an archive; number 70 is broken."""
    path = tmp_path_factory.mktemp("squares") / "pictures.tar"
    rng = np.random.default_rng(0)
    with tarfile.open(path, "w") as tar:
        for i in range(150):
            pixels = rng.integers(0, 256, (16 + i % 9, 16 + i % 7, 3), np.uint8)
            buffer = io.BytesIO()
            Image.fromarray(pixels).save(buffer, "PNG")
            data = buffer.getvalue()[: 60 if i == 70 else None]
            member = tarfile.TarInfo(f"{i:03}.png")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return read_catalogue(path)


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("fit", ["crop", "stretch"])
def test_decoded_once_is_what_the_decoder_says(source: Catalogue, workers: int, fit: str) -> None:
    done: list[int] = []
    squares, failures = decode_squares(source, 16, fit, workers=workers, on_progress=done.append)
    assert (squares.shape, squares.dtype, sum(done)) == ((150, 16, 16, 3), np.uint8, 150)
    for row in (0, 33, 69, 71, 149):
        expected = to_square(decode(source.read(source.items[row])), 16, fit)
        assert np.array_equal(squares[row], expected)
    assert [item.id for item, _ in failures] == [70]
    assert isinstance(failures[0][1], ImageError)
    assert not squares[70].any()
    done.clear()
    seen, failures = look_through(
        source, 16, fit, np.copy, workers=workers, on_progress=done.append
    )
    assert np.array_equal(np.stack(seen), squares)
    assert [item.id for item, _ in failures] == [70]
    assert sum(done) == 150


def test_decoding_on_the_fly_gives_the_same(source: Catalogue) -> None:
    squares, _ = decode_squares(source, 16, "crop")
    lazy = LazySquares(source, 16, "crop", workers=2)
    rows = np.array([5, 149, 5, 0])
    assert np.array_equal(lazy[rows], squares[rows])
    assert lazy.shape == squares.shape
    with pytest.raises(ImageError, match=r"070\.png in .*pictures\.tar: expected"):
        lazy[np.array([1, 70])]


def test_reading_ahead_changes_nothing_but_the_time() -> None:
    squares = np.arange(50, dtype=np.uint8).reshape(50, 1, 1, 1)
    batches = np.random.default_rng(0).integers(0, 50, (9, 4))
    asked: list[int] = []

    def rows() -> Iterator[np.ndarray]:
        for number, batch in enumerate(batches):
            asked.append(number)
            yield batch

    reader = read_ahead(squares.__getitem__, rows(), ahead=2)
    assert np.array_equal(next(reader), squares[batches[0]])
    assert asked == [0, 1, 2]
    assert np.array_equal(np.stack(list(reader)), squares[batches[1:]])
    threads = set(threading.enumerate())
    unfinished = read_ahead(squares.__getitem__, rows(), ahead=2)
    next(unfinished)
    unfinished.close()
    assert set(threading.enumerate()) <= threads


def test_a_failure_while_reading_ahead_reaches_the_caller(source: Catalogue) -> None:
    lazy = LazySquares(source, 16, "crop")
    reader = read_ahead(lazy.__getitem__, [np.array([1]), np.array([70])])
    next(reader)
    with pytest.raises(ImageError):
        next(reader)


def test_a_source_that_does_not_answer_is_named(
    source: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    released, whole = threading.Event(), type(source).read

    def read(catalogue: Catalogue, item: Item) -> bytes:
        if item.id == 2:
            released.wait(60)
        return whole(catalogue, item)

    monkeypatch.setattr(type(source), "read", read)
    monkeypatch.setattr("hashing.data.squares.PATIENCE", 0.3)
    lazy = LazySquares(source, 16, "crop", workers=2)
    with pytest.raises(InputError, match=r"expected a picture within 0\.3 s, found .* still being"):
        lazy[np.array([1, 2, 3])]
    hanging = [thread for thread in threading.enumerate() if thread.name == "squares"]
    assert hanging
    assert all(thread.daemon for thread in hanging)
    with pytest.raises(InputError, match="still being"):
        lazy[np.array([1])]
    released.set()


def test_memory_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert fits_in_memory(1000, 32)
    assert not fits_in_memory(10**12, 224)
    monkeypatch.setattr("hashing.data.squares._MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr("hashing.data.squares._CONTAINER", tmp_path)
    assert fits_in_memory(2**21 // 3, 32)
    assert not fits_in_memory(2**21 // 3 + 1, 32)
    (tmp_path / "meminfo").write_text("MemTotal: 99 kB\nMemAvailable:       60 kB\n")
    assert fits_in_memory(10, 32)
    assert not fits_in_memory(10, 32, processes=2)
    (tmp_path / "memory.current").write_text("1000\n")
    (tmp_path / "memory.max").write_text("max\n")
    assert fits_in_memory(10, 32)
    (tmp_path / "memory.max").write_text(f"{1000 + 2 * 3 * 1024 * 3}\n")
    assert fits_in_memory(3, 32)
    assert not fits_in_memory(4, 32)


def picture(seed: int, size: int = 40) -> np.ndarray:
    """A smooth random picture."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), np.uint8)
    return np.array(Image.fromarray(coarse).resize((size, size), Image.Resampling.BICUBIC))


def split(query: list[int], database: list[int]) -> Split:
    return Split("full", "test", 0, np.array([0]), np.array(query), np.array(database))


def test_exact_and_near_duplicates_are_counted_apart() -> None:
    pictures = [picture(i) for i in range(20)]
    darker = (pictures[1] * 0.8 + 3).astype(np.uint8)
    squares = np.stack([*pictures, pictures[0], darker])
    found = count_duplicates(Looks.of(squares), split([0, 1, 2, 3], list(range(4, 22))))
    assert (found.exact, found.near) == (1, 1)


def test_a_query_is_no_duplicate_of_itself() -> None:
    squares = np.stack([picture(i) for i in range(5)] + [picture(0)])
    everything, looks = list(range(5)), Looks.of(squares)
    assert count_duplicates(looks, split(everything, everything)).exact == 0
    assert count_duplicates(looks, split([*everything, 5], [*everything, 5])).exact == 2


def test_difference_hash_against_a_plain_loop() -> None:
    squares = np.stack([picture(i, 72) for i in range(6)])
    for hashed, square in zip(difference_hashes(squares), squares, strict=True):
        cells = square.mean(axis=2).reshape(8, 9, 9, 8).mean(axis=(1, 3)).round()
        bits = "".join(
            "1" if cells[row, column + 1] > cells[row, column] else "0"
            for row in range(8)
            for column in range(8)
        )
        assert np.array([int(bits, 2)], ">u8").tobytes() == np.array([hashed]).tobytes()


def test_plain_surfaces_all_hash_to_zero() -> None:
    greys = np.broadcast_to(np.arange(0, 256, 5, np.uint8)[:, None, None, None], (52, 33, 33, 3))
    assert not difference_hashes(greys).any()


def test_contents_are_numbered_by_their_pixels() -> None:
    squares = np.stack([picture(1), picture(2), picture(1), picture(3)])
    assert Looks.of(squares).contents.tolist() == [0, 1, 0, 2]


def test_pictures_looked_at_one_by_one_are_told_apart_as_those_in_memory_are() -> None:
    squares = np.stack([picture(seed) for seed in (1, 2, 1, 3)])
    looks, one_by_one = Looks.of(squares), Looks.of_each([look_at(square) for square in squares])
    assert np.array_equal(one_by_one.contents, looks.contents)
    assert np.array_equal(one_by_one.differences, looks.differences)
