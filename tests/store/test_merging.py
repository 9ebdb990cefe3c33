import pytest

from hashing.store.merging import first_to_merge


@pytest.mark.parametrize(
    ("sizes", "first"),
    [
        ([], 0),
        ([1] * 8, 8),
        ([1] * 9, 0),
        ([9] + [1] * 8, 0),
        ([33] + [1] * 8, 1),
        ([32] + [1] * 8, 0),
        ([10**6] * 5 + [100, 20, 1, 1], 7),
        ([10**6] * 5 + [100, 8, 1, 1], 6),
    ],
)
def test_the_newest_are_merged_where_there_are_too_many(sizes: list[int], first: int) -> None:
    assert first_to_merge(sizes) == first
