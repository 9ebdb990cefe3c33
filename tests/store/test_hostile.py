"""Indexes from strangers: wrong in one place each, with every digest made to fit.

Each answers, or is refused by one of our errors; none ends in a traceback or leaves its arrays.
"""

import copy
import json
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hashing.codes import Codes
from hashing.errors import ArtefactError, ArtHashError
from hashing.search import SearchRequest, build_sliced
from hashing.store import open_index
from hashing.store.embedded.segments import MAGIC, write_segment
from tests.store.conftest import BITS, MEMORY, condition, create, new_items

QUERIES = Codes(np.random.default_rng(5).integers(0, 256, (3, BITS // 8), np.uint8), BITS)
VALUES: list[Any] = [
    None, True, -1, 2**40, 10**30, 1.5, "../../etc/passwd", "x" * 10**4, [], {"a": 1}
]  # fmt: skip


@pytest.fixture(scope="module")
def sound() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=MEMORY) as parent:
        folder = Path(parent) / "index"
        with create(folder, new_items(40)) as index:
            index.add(new_items(8, seed=1))
            index.remove([3])
            index.put_extra("map", b"m" * 500)
        yield folder


@pytest.fixture
def folder(sound: Path, tmp_path: Path) -> Path:
    return shutil.copytree(sound, tmp_path / "index")


def state_of(folder: Path) -> dict[str, Any]:
    with closing(sqlite3.connect(folder / "index.db")) as db:
        (state,) = db.execute("SELECT state FROM generation").fetchone()
    found: dict[str, Any] = json.loads(state)
    return found


def put_state(folder: Path, state: str) -> None:
    digest = blake2b(state.encode(), digest_size=16).digest()
    with closing(sqlite3.connect(folder / "index.db")) as db:
        db.execute("UPDATE generation SET state = ?, digest = ?", (state, digest))
        db.commit()


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    pairs = enumerate(value) if isinstance(value, list) else getattr(value, "items", tuple)()
    for key, member in pairs:
        yield from leaves(member, (*path, key))


def changed(state: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    state = copy.deepcopy(state)
    place: Any = state
    for key in path[:-1]:
        place = place[key]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return state


def ask(folder: Path, what: str) -> str | None:
    """Ask everything; the error of ours that it ends in, None without any."""
    try:
        with open_index(folder) as index:
            index.search(SearchRequest(QUERIES, 50))
            ids = index.ids(condition("year > 1890"))
            index.items(ids[:3])
            index.text_search("tree")
            index.facets()
            index.extra("map")
    except ArtHashError as error:
        return str(error)
    except BaseException as error:
        error.add_note(what)
        raise
    return None


def test_what_the_generation_says_is_compared_with_types_and_limits(folder: Path) -> None:
    state = state_of(folder)
    told = {}
    for path in leaves(state):
        for value in [..., *VALUES]:
            what = f"{path} = {str(value)[:30]}"
            put_state(folder, json.dumps(changed(state, path, value)))
            told[what] = ask(folder, what)
    for text in ("", "[]", "null", "[" * 10**5, '{"format": 1}', '{"format": NaN}'):
        put_state(folder, text)
        assert (told.setdefault(f"state {text[:20]}", ask(folder, text[:20]))) is not None
    refused = [message for message in told.values() if message is not None]
    assert len(refused) > 200
    assert all(len(message) < 2000 and "\n" not in message for message in refused)


def header_of(file: Path) -> tuple[dict[str, Any], bytes]:
    data = file.read_bytes()
    start = len(MAGIC) + 4
    length = int.from_bytes(data[len(MAGIC) : start], "little")
    return json.loads(data[start : start + length]), data[-(-(start + length) // 4096) * 4096 :]


def put_header(folder: Path, record: int, header: Any, data: bytes) -> None:
    """Write a segment anew with a header of this kind, and record its length and digest."""
    state = state_of(folder)
    text = json.dumps(header).encode()
    head = MAGIC + len(text).to_bytes(4, "little") + text
    head = head.ljust(-(-len(head) // 4096) * 4096, b"\0")
    (folder / "segments" / state["segments"][record]["name"]).write_bytes(head + data)
    digest = blake2b(head, digest_size=16).hexdigest()
    state["segments"][record] |= {"bytes": len(head) + len(data), "digest": digest}
    put_state(folder, json.dumps(state))


def test_a_header_that_describes_no_codes_is_not_believed(folder: Path) -> None:
    """The rows are there; and other codes than they say are still answers of the right shape."""
    file = folder / "segments" / state_of(folder)["segments"][0]["name"]
    header, data = header_of(file)
    with open_index(folder) as index:
        expected = index.search(SearchRequest(QUERIES, 50))
    tried = right = 0
    for path in leaves(header):
        for value in [..., *VALUES, "|O", "<f8"]:
            put_header(folder, 0, changed(header, path, value), data)
            with open_index(folder) as index:
                found = index.search(SearchRequest(QUERIES, 50))
            assert np.array_equal(np.sort(found.ids), np.sort(expected.ids)), (path, value)
            right += np.array_equal(found.ids, expected.ids)
            tried += 1
    assert tried > 150
    assert right > 0.9 * tried


@pytest.mark.parametrize(
    "spoil",
    [
        lambda arrays: arrays["ranks"].__setitem__(0, 2**32 - 1),
        lambda arrays: arrays["starts"].__setitem__(1, 2**32 - 1),
        lambda arrays: arrays["starts"].__setitem__(-1, 7),
        lambda arrays: arrays["starts"].__setitem__(0, 1),
    ],
)
def test_numbers_never_lead_outside_of_the_arrays(
    folder: Path, spoil: Callable[[dict[str, Any]], None]
) -> None:
    with open_index(folder) as index:
        expected = index.search(SearchRequest(QUERIES, 50)).ids
        codes = index.codes([i for i in range(40) if i != 3])
    state = state_of(folder)
    record = state["segments"][0]
    packed = np.insert(codes.packed, 3, 0, axis=0)
    sliced = build_sliced(Codes(packed, BITS))
    assert sliced.shared
    spoil(dict(sliced.arrays))
    file = folder / "segments" / record["name"]
    file.unlink()
    size, digest = write_segment(file, sliced, index=state["uuid"], generation=1)
    record |= {"bytes": size, "digest": digest}
    put_state(folder, json.dumps(state))
    with open_index(folder) as index:
        assert np.array_equal(index.search(SearchRequest(QUERIES, 50)).ids, expected)


def test_a_file_that_lacks_codes_is_not_believed_and_made_anew(folder: Path) -> None:
    """Only what is removed may be missing, and what is there lies in the segment's range."""
    with open_index(folder) as index:
        expected = index.search(SearchRequest(QUERIES, 50)).ids
        living = index.ids()
        codes = index.codes(living)
    state = state_of(folder)
    record = state["segments"][0]
    inside = (living < 40) & (living != 7)
    for ids, some in (
        (living[inside], codes[inside]),
        (living[inside] + 1, codes[inside]),
        (living[1:41], codes[1:41]),
    ):
        file = folder / "segments" / record["name"]
        file.unlink()
        size, digest = write_segment(
            file, build_sliced(some, ids), index=state["uuid"], generation=1
        )
        record |= {"bytes": size, "digest": digest}
        put_state(folder, json.dumps(state))
        with open_index(folder) as index:
            assert np.array_equal(index.search(SearchRequest(QUERIES, 50)).ids, expected)
            (repaired,) = index.verify()
            assert "other codes" in repaired
            assert index.verify() == []
        state = state_of(folder)
        record = state["segments"][0]


def test_a_name_never_leads_out_of_the_folder(folder: Path) -> None:
    state = state_of(folder)
    state["segments"][0]["name"] = "../../../etc/passwd"
    put_state(folder, json.dumps(state))
    with pytest.raises(ArtefactError, match="names of segment files"):
        open_index(folder)
