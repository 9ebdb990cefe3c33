"""Property tests draw the same examples every time, the long ones new ones from a printed seed.

None of them has a deadline.
"""

import os
import random
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.store.milvus_server import MilvusServer, milvus_server
from tests.store.servers import PostgresServer, postgres_server

settings.register_profile("fixed", derandomize=True, deadline=None, database=None)
settings.register_profile("long", derandomize=False, deadline=None, database=None)
settings.load_profile("fixed")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Draw the seed of all that is random in long tests, unless `--hypothesis-seed` gives it.

    One thread a process: as many processes run at once as there are cores, and threads that wait
    for each other on a busy core took twice the time.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if config.option.hypothesis_seed is None:
        config.option.hypothesis_seed = str(random.SystemRandom().getrandbits(32))


def pytest_report_header(config: pytest.Config) -> str:
    return f"long tests draw from --hypothesis-seed={config.option.hypothesis_seed}"


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """Zero in the tests of every day; in a long one, the seed that the run printed."""
    long = request.node.get_closest_marker("long") is not None
    return int(request.config.option.hypothesis_seed) if long else 0


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    """A PostgreSQL server, one for all tests that ask for it."""
    with postgres_server() as running:
        yield running


@pytest.fixture(scope="session")
def milvus() -> Iterator[MilvusServer]:
    """A server of Milvus, likewise."""
    with milvus_server() as running:
        yield running
