import numpy as np

from hashing.training.examples import Part
from hashing.training.validation import MOST, sampled

NUMBERS = np.arange(45_000)


def test_a_large_database_is_searched_in_part_and_small_ones_whole() -> None:
    query, database = NUMBERS[:5_000], NUMBERS[5_000:]
    large = Part(database, query, database, {})
    found = sampled(large)
    assert found.query is query
    assert len(found.database) == MOST == len(np.unique(found.database))
    assert np.isin(found.database, database).all()
    np.testing.assert_array_equal(found.database, found.train)
    np.testing.assert_array_equal(found.rows, sampled(large).rows)
    small = Part(NUMBERS[:40], query, NUMBERS[20:70], {})
    np.testing.assert_array_equal(sampled(small).rows, small.rows)


def test_no_class_is_left_out_of_the_sample_however_the_rows_are_ordered() -> None:
    database = sampled(Part(NUMBERS, NUMBERS[:1], NUMBERS, {})).database
    for labels in (NUMBERS % 10, NUMBERS // 4_500):
        shares = np.bincount(labels[database]) / MOST
        np.testing.assert_allclose(shares, 0.1, atol=0.015)
