"""One index made by several processes: the same as by one, whoever dies."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hashing.cli.index.shard import chosen_shard
from hashing.collection import Collection, shards
from hashing.collection.reading import Reading
from hashing.encoding import Model
from hashing.errors import BusyError, UsageError
from hashing.search import SearchRequest
from hashing.sources.partition import Shard
from hashing.store import Index
from tests.collection.dying import COUNT, make_pictures, state_of
from tests.store.servers import PostgresServer

ROOT = Path(__file__).parents[2]


def test_every_picture_is_in_one_part_and_stays_there() -> None:
    paths = [f"a/{n}.jpg" for n in range(4000)] + ["é.jpg", "\udcff.jpg"]
    parts = [[path for path in paths if Shard(n, 4).holds(path)] for n in range(4)]
    assert sorted(path for part in parts for path in part) == sorted(paths)
    assert min(map(len, parts)) > 900
    assert [Shard(n, 4).holds("a/1.jpg") for n in range(4)] == [False, False, False, True]
    with pytest.raises(UsageError, match="expected a shard such as 0/4"):
        Shard(4, 4)


def test_parts_of_sources_are_the_whole(tmp_path: Path) -> None:
    sources = make_pictures(tmp_path)
    parts = [Reading.of(sources, shard=Shard(n, 3)).catalogues() for n in range(3)]
    for number, whole in enumerate(Reading.of(sources).catalogues()):
        mine = [item for part in parts for item in part[number].items]
        assert sorted((item.path, dict(item.fields)) for item in mine) == [
            (item.path, dict(item.fields)) for item in whole.items
        ]
    # a part of nothing is fine, a source of nothing is not
    last = sources[1] / "deep"
    assert (
        sum(len(Reading.of(last, shard=Shard(n, 99)).catalogues()[0]) for n in range(99))
        == COUNT // 4
    )
    (tmp_path / "empty").mkdir()
    with pytest.raises(Exception, match="found none"):
        Reading.of(tmp_path / "empty", shard=Shard(0, 2)).catalogues()


def test_environments_say_which_part_a_process_takes() -> None:
    def chosen(given: str | None = None, **environment: str) -> str:
        return str(chosen_shard(given, environment))

    assert chosen() == chosen("0/1") == chosen(RANK="0") == "None"
    assert chosen("1/2", RANK="0", WORLD_SIZE="4") == "1/2"
    assert chosen(RANK="3", WORLD_SIZE="4", SLURM_PROCID="0", SLURM_NTASKS="2") == "3/4"
    assert chosen(SLURM_PROCID="1", SLURM_NTASKS="2") == "1/2"
    assert chosen(JOB_COMPLETION_INDEX="5", WORLD_SIZE="8") == "5/8"
    assert chosen(JOB_COMPLETION_INDEX="5") == chosen(SLURM_PROCID="0", SLURM_NTASKS="1") == "None"
    for wrong in ("2/2", "1", "-1/2", "a/b", "1/0"):
        with pytest.raises(UsageError, match="expected a shard such as 0/4"):
            chosen(wrong)
    with pytest.raises(UsageError, match="'x/2' in RANK, WORLD_SIZE"):
        chosen(RANK="x", WORLD_SIZE="2")


def test_an_index_is_finished_once_all_parts_have_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources, model = make_pictures(tmp_path), Model.load("colour")
    place = tmp_path / "parts.index"

    def build(number: int, count: int) -> Collection:
        return Collection.build(sources, model, place, shard=Shard(number, count))

    build(0, 3).close()
    with build(1, 2) as art:  # other parts than before: all of these must end
        assert art.outcome is not None
        assert art.outcome.already > 0
        with pytest.raises(UsageError, match="all 2 shards to have ended, found 0/2 missing"):
            art.finish()
        assert art.info.unfinished is not None
    with build(0, 2) as art:
        art.finish()
        assert (art.info.unfinished, len(art.map())) == (None, COUNT)
        alone = Collection.build(sources, model, tmp_path / "one.index")
        assert state_of(art.index) == state_of(alone.index)
        code = alone.index.codes([5])
        both = [each.index.search(SearchRequest(code, COUNT)).distances for each in (art, alone)]
        assert both[0].tolist() == both[1].tolist()
        alone.close()
        # more of it later, in a round of its own
        more = make_pictures(tmp_path / "more")
        (more[1] / "deep" / "01.png").rename(more[1] / "new.png")
        art.add(more, shard=Shard(1, 2))
        with pytest.raises(UsageError, match="found 0/2 missing"):
            art.finish()
        art.finish(partial=True)
        art.add(more, shard=Shard(1, 2))
        (more[1] / "new.png").rename(more[1] / "newer.png")
        art.add(more, shard=Shard(0, 2))
        art.add(more, shard=Shard(1, 2))
        assert len(art) == COUNT + 2
        with monkeypatch.context() as blind:  # who encoded a picture has seen its colours
            blind.setattr("hashing.collection.colours.Image.open", None)
            art.finish()
        assert len(art.colours(["#808080"], every=True)) == COUNT + 2
        tries = iter([BusyError("busy"), BusyError("busy")])

        def publish(index: Index = art.index) -> int:
            if error := next(tries, None):
                raise error
            return index.info.count

        assert shards.patiently(publish) == COUNT + 2
        monkeypatch.setattr(shards, "PATIENCE", -1)
        tries = iter([BusyError("busy")])
        with pytest.raises(BusyError):
            shards.patiently(publish)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="its processes are forked")
@pytest.mark.parametrize("kills", [2, pytest.param(50, marks=[pytest.mark.long])])
@pytest.mark.parametrize("store", ["folder", "postgresql"])
@pytest.mark.timeout(1200)
def test_parts_that_die_make_the_same_index(
    tmp_path: Path, request: pytest.FixtureRequest, store: str, kills: int, seed: int
) -> None:
    location = str(tmp_path / "index")
    if store == "postgresql":
        server: PostgresServer = request.getfixturevalue("server")
        location = server.url(f"parts{kills}")
    done = subprocess.run(
        [sys.executable, "-m", "tests.collection.dying", str(kills), tmp_path, location, str(seed)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    sys.stdout.write(done.stdout)
    assert json.loads(done.stdout)["died"] == kills
