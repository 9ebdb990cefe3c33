"""A server in use for two hours while its index changes and is built anew."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.service.mixed import use


@pytest.mark.long
@pytest.mark.timeout(9000)
@pytest.mark.robustness("a server in use while its index changes, two hours")
def test_memory_and_handles_stay(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    seen = use(7200, tmp_path)
    record_property("trials", sum(seen.answers.values()))
    assert seen.wrong == []
    memory, handles = seen.grown()
    assert memory < 0.05
    assert handles < 1
