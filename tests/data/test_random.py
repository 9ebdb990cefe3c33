import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hashing.data.random import Stream, generator, uniforms

ROWS = st.lists(st.integers(0, 5000), min_size=1, max_size=20)


@settings(max_examples=50, derandomize=True, deadline=None)
@given(rows=ROWS, others=ROWS, seed=st.integers(0, 2**63), epoch=st.integers(0, 500))
def test_a_rows_numbers_do_not_depend_on_the_other_rows(
    rows: list[int], others: list[int], seed: int, epoch: int
) -> None:
    alone = uniforms(Stream.AUGMENT, seed, epoch, np.array(rows), 5)
    among = uniforms(Stream.AUGMENT, seed, epoch, np.array(others + rows), 5)
    assert np.array_equal(alone, among[len(others) :])
    assert alone.dtype == np.float32
    assert (alone >= 0).all()
    assert (alone < 1).all()


def test_every_key_gives_other_numbers() -> None:
    keys = [
        (stream, seed, a, b) for stream in Stream for seed in (0, 1) for a in (0, 1) for b in (0, 1)
    ]
    assert len({generator(*key).random() for key in keys}) == len(keys)
    rows = np.arange(1000)
    epochs = [uniforms(Stream.AUGMENT, 0, epoch, rows, 3) for epoch in range(3)]
    assert len(np.unique(np.concatenate(epochs))) > 8950
    assert np.abs(np.concatenate(epochs).mean(axis=0) - 0.5).max() < 0.02


def test_the_global_stream_is_neither_read_nor_moved() -> None:
    np.random.seed(1)  # noqa: NPY002
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    first = uniforms(Stream.AUGMENT, 3, 1, np.arange(4), 2)
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002
    np.random.seed(2)  # noqa: NPY002
    assert np.array_equal(uniforms(Stream.AUGMENT, 3, 1, np.arange(4), 2), first)


def test_the_numbers_stay_the_same_from_version_to_version() -> None:
    found = uniforms(Stream.AUGMENT, 7, 3, np.array([0, 1000]), 2)
    assert np.allclose(found, [[0.12250608, 0.14486706], [0.00085359812, 0.98987222]], atol=1e-7)
