"""A crowd before a server with few places."""

from collections.abc import Callable

import pytest

from tests.service.crowd import crowd


@pytest.mark.robustness("64 clients at once: answers and refusals")
@pytest.mark.parametrize("seconds", [2, pytest.param(60, marks=pytest.mark.long)])
def test_each_of_a_crowd_is_answered_rightly_or_refused(
    seconds: int, record_property: Callable[[str, object], None]
) -> None:
    _, together, watcher = crowd(seconds, clients=64)
    record_property("trials", sum(map(len, together.seconds.values())))
    assert together.wrong == []
    assert set(together.seconds) == {200, 503}
    assert set(watcher.seconds) == {200}
