"""What only an index on a server has: other writers, an absent server, rights, strange schemas."""

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hashing.errors import ArtefactError, InputError, MissingPackageError, StorageError, UsageError
from hashing.filters import Filter, among, any_of, compare, holds, is_null, like
from hashing.search import SearchRequest
from hashing.sources import Value
from hashing.store import Index, NewItem, create_index, delete_index, is_index, open_index
from hashing.store.location import read_location
from tests.store.conftest import create, new_items
from tests.store.servers import PostgresServer

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed: the extra [postgres]")

ROOT = Path(__file__).parents[2]
ADD = """
import sys
from hashing.store import open_index
from tests.store.conftest import new_items
with open_index(sys.argv[1]) as index:
    for seed in range(6):
        index.add(new_items(20, seed))
"""


@pytest.fixture
def location(server: PostgresServer, tmp_path: Path) -> Iterator[str]:
    url = server.url(tmp_path.name)
    yield url
    delete_index(url)


def run(url: str, statement: str) -> list[tuple[object, ...]]:
    place = read_location(url)
    with psycopg.connect(place.address, autocommit=True) as db:
        db.execute(f'SET search_path TO "{place.name}"')
        found = db.execute(statement)
        return found.fetchall() if found.description else []


def test_writers_that_race_add_each_picture_once(location: str) -> None:
    create(location).close()
    writers = [subprocess.Popen([sys.executable, "-c", ADD, location], cwd=ROOT) for _ in range(3)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    with open_index(location) as index:
        assert index.ids().tolist() == list(range(120))
        files = [item.file for item in index.items(index.ids())]
        assert len(set(files)) == 120
        numbers = [number for (number,) in run(location, "SELECT id FROM previews ORDER BY id")]
        assert numbers == list(range(120))
        assert index.verify() == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="its processes are forked")
@pytest.mark.parametrize("kills", [0, 4], ids=["alive", "killed"])
@pytest.mark.parametrize(
    "seconds", [4, pytest.param(120, marks=[pytest.mark.long, pytest.mark.timeout(600)])]
)
def test_writers_and_readers_of_which_some_die(
    location: str, tmp_path: Path, seconds: int, kills: int
) -> None:
    arguments = map(str, (seconds, kills, tmp_path, 1, location))
    done = subprocess.run(
        [sys.executable, "-m", "tests.store.stress", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    sys.stdout.write(done.stdout)
    assert outcome["failures"] == []
    for what in ("publications", "looks", "refreshes", *(["killed"] if kills else [])):
        assert outcome[what] >= 3, f"nothing was tried: {outcome}"
    files = run(location, "SELECT file FROM items WHERE removed IS NULL")
    assert len(files) == len(set(files))


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_server_that_dies_loses_nothing(
    location: str, tmp_path: Path, server: PostgresServer
) -> None:
    create(location).close()
    rng = random.Random(0)
    done: set[str] = set()
    stop = threading.Event()

    def write() -> None:
        with open_index(location) as index:
            seed = 0
            while not stop.is_set():
                items = new_items(5, seed)
                seed += 1
                try:
                    index.add(items)
                    done.update(item.file for item in items)
                except StorageError:
                    time.sleep(0.05)

    writer = threading.Thread(target=write)
    writer.start()
    for _ in range(10):
        time.sleep(rng.uniform(0.5, 2))
        server.kill()
        server.start_again()
    stop.set()
    writer.join()
    with open_index(location) as index:
        files = [item.file for item in index.items(index.ids())]
        assert done <= set(files)
        assert len(files) == len(set(files))
        assert index.ids().tolist() == list(range(len(files)))
        assert index.verify() == []
    assert len(done) > 50


def test_what_is_there_already_keeps_its_id(location: str) -> None:
    items = new_items(5)
    with create(location, items[:3]) as index:
        assert index.add([items[1], items[4], items[4], items[0]]).tolist() == [1, 3, 3, 0]
        assert index.info.count == 4
        index.remove([1])
        assert index.add([items[1]]).tolist() == [4]
        assert index.ids().tolist() == [0, 2, 3, 4]


def test_no_item_takes_a_file_that_one_of_its_content_keeps(location: str) -> None:
    (item,) = new_items(1)
    with create(location, [replace(item, file=file) for file in "abc"]) as index:
        former = index.items(range(3))
        for changed in (
            [replace(former[0], file="b")],
            [replace(former[0], file="b"), former[1]],
            [replace(former[0], file="d"), replace(former[1], file="d")],
        ):
            with pytest.raises(InputError, match=f"{changed[0].file}: expected a file for item"):
                index.change(changed)
            assert index.items(range(3)) == former


def test_a_reader_fetches_only_what_came_since(
    location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, int]] = []
    from hashing.store.postgres import rows

    read = rows.read_codes
    monkeypatch.setattr(
        rows, "read_codes", lambda db, a, b, bits: asked.append((a, b)) or read(db, a, b, bits)
    )
    with create(location, new_items(10)) as writer, open_index(location) as reader:
        for seed in range(1, 12):
            writer.add(new_items(10, seed))
        writer.remove([3, 100])
        asked.clear()
        assert reader.refresh()
        assert asked == [(10, 120)]
        queries = reader.codes([50])
        expected = writer.search(SearchRequest(queries, 200)).ids
        assert np.array_equal(reader.search(SearchRequest(queries, 200)).ids, expected)
        writer.compact()
        assert reader.refresh()
        assert asked[-1] == (0, 120)
        assert np.array_equal(reader.search(SearchRequest(queries, 200)).ids, expected)


COLUMNS: dict[str, type] = {"style": str, "year": int, "height": float}
TEXTS = ["", "a", "A", "ab", "%", "_", "é", "z", "\U0001f3a8", "\\", "'", "*", "Z", "-"]
texts = st.sampled_from(TEXTS)
huge = [2**53, 2**53 + 1, 2**63 - 1, -(2**63), 2**62 + 1, -(2**53) - 1, 0, 1900]
years = st.sampled_from(huge) | st.integers(1890, 1910)
heights = st.sampled_from([float(number) for number in huge] + [1e300, -1e300, 0.1, -0.0, 1900.5])
numbers = years | heights


def comparisons(field: str) -> st.SearchStrategy[Filter]:
    values = texts if field == "style" else numbers
    kinds = [
        st.builds(
            compare, st.just(field), st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), values
        ),
        st.builds(among, st.just(field), st.lists(values, min_size=1, max_size=4)),
        st.just(is_null(field)),
    ]
    if field == "style":
        patterns = st.lists(st.sampled_from(["%", "_", "\\", "\\%", *TEXTS]), max_size=4)
        kinds.append(st.builds(like, st.just(field), patterns.map("".join)))
    return st.one_of(kinds)


trees = st.recursive(
    st.sampled_from(list(COLUMNS)).flatmap(comparisons),
    lambda inner: st.one_of(
        st.builds(lambda a, b: a & b, inner, inner),
        st.builds(lambda a, b: a | b, inner, inner),
        st.builds(lambda a: ~a, inner),
    ),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def strange(server: PostgresServer) -> Iterator[tuple[Index, list[dict[str, Value]]]]:
    """Items with values that are easily compared wrongly."""
    rows: list[dict[str, Value]] = [{}]
    rows += [{"style": text} for text in TEXTS]
    rows += [{"year": int(number)} for number in (*huge, *range(1890, 1911))]
    rows += [{"height": float(number)} for number in (*huge, 1e300, -1e300, 0.1, -0.0, 1900.5)]
    rows += [{"style": "a", "year": 1900, "height": 1900.5}]
    url = server.url("strange")
    with create_index(
        url, bits=8, lengths=[8], fingerprint="", columns=COLUMNS, model="m"
    ) as index:
        index.add([NewItem(f"{n}.jpg", row, b"a", bytes(32)) for n, row in enumerate(rows)])
        yield index, rows
    delete_index(url)


@given(tree=trees)
@example(tree=compare("year", "<", 1e300))
@example(tree=compare("year", ">=", 1900.5))
@example(tree=compare("height", "<", 2**53 + 1))
@example(tree=compare("height", ">", 2**62 + 1))
@example(tree=~compare("height", "=", 2**53 + 1))
def test_the_server_and_the_evaluator_keep_the_same(
    strange: tuple[Index, list[dict[str, Value]]], tree: Filter
) -> None:
    index, rows = strange
    assert index.ids(tree).tolist() == [n for n, row in enumerate(rows) if holds(tree, row)]


def test_the_largest_filters_can_be_answered(location: str) -> None:
    with create(location, new_items(60)) as index:
        wide = any_of(*[compare("year", "=", year) for year in range(1880, 2778)])
        assert len(index.ids(wide)) == 30
        deep = is_null("year")
        for level in range(79):
            deep = ~deep if level % 2 else any_of(compare("title", "<", ""), deep)
        kept = [item.id for item in index.items(range(60)) if holds(deep, item.fields)]
        assert index.ids(deep).tolist() == kept
        assert len(index.ids(among("year", range(20_000)))) == 30


def test_an_open_index_goes_on_when_the_server_is_back(
    location: str, server: PostgresServer
) -> None:
    with create(location, new_items(20)) as index:
        queries = index.codes([3])
        server.stop()
        try:
            assert index.search(SearchRequest(queries, 3)).ids.shape == (1, 3)  # codes are here
            for ask in (
                index.refresh,
                lambda: index.items([1]),
                lambda: index.add(new_items(1, 1)),
            ):
                with pytest.raises(StorageError, match="cannot be reached") as caught:
                    ask()
                assert "\n" not in str(caught.value)
            with pytest.raises(StorageError, match="cannot be reached"):
                open_index(location)
        finally:
            server.start()
        assert index.items([1])[0].id == 1
        assert index.add(new_items(2, 1)).tolist() == [20, 21]
        assert index.ids().tolist() == list(range(22))


def test_a_wrong_password_and_missing_rights_are_told(server: PostgresServer) -> None:
    url = server.url("theirs")
    create(url, new_items(3)).close()
    try:
        run(url, "CREATE ROLE ann LOGIN PASSWORD 'right'")
        rules = server.folder / "data" / "pg_hba.conf"
        trusted = rules.read_text(encoding="utf-8")
        rules.write_text(f"local all ann scram-sha-256\n{trusted}", encoding="utf-8")
        run(url, "SELECT pg_reload_conf()")
        base = f"postgresql://ann:{{}}@/postgres?host={server.folder}#theirs"
        with pytest.raises(StorageError, match="password authentication failed") as caught:
            open_index(base.format("wr0ng"))
        assert "wr0ng" not in str(caught.value)
        with pytest.raises(ArtefactError, match="found none that may be read"):
            open_index(base.format("right"))
        run(url, "GRANT USAGE ON SCHEMA theirs TO ann")
        with pytest.raises(StorageError, match="permission denied"):
            open_index(base.format("right"))
        run(url, "GRANT SELECT ON ALL TABLES IN SCHEMA theirs TO ann")
        with open_index(base.format("right")) as index:
            assert index.info.count == 3
            assert "right" not in f"{index.info} {index.location!r} {index.location}"
            with pytest.raises(StorageError, match="permission denied"):
                index.add(new_items(1, 1))
    finally:
        rules.write_text(trusted, encoding="utf-8")
        delete_index(url)
        run(url, "DROP OWNED BY ann; DROP ROLE ann")


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (psycopg.errors.DiskFull, StorageError, "disk is full; nothing was changed"),
        (psycopg.errors.DataCorrupted, ArtefactError, "is damaged: it; restore it"),
        (psycopg.errors.IndexCorrupted, ArtefactError, "is damaged: it; restore it"),
        (psycopg.errors.InsufficientPrivilege, StorageError, "it; ask its owner"),
        (psycopg.errors.AdminShutdown, StorageError, "cannot be reached .it."),
        (psycopg.errors.OutOfMemory, StorageError, ": it$"),
        (psycopg.errors.ReadOnlySqlTransaction, StorageError, "the server is read-only"),
        (psycopg.errors.IdleInTransactionSessionTimeout, StorageError, ": it$"),
        (psycopg.errors.UniqueViolation, StorageError, ": it$"),
        (psycopg.DataError, StorageError, ": it$"),
        (psycopg.errors.UndefinedTable, ArtefactError, "none that may be read"),
    ],
)
def test_each_error_of_the_server_is_one_line(
    error: type[Exception], kind: type[Exception], said: str
) -> None:
    from hashing.store.postgres.server import server_errors

    location = read_location("postgresql://ann:secret@host/art#a")
    with pytest.raises(kind, match=said) as caught, server_errors(location):
        raise error("it\nand more")
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_what_is_no_index_is_told_and_left_alone(location: str) -> None:
    name = read_location(location).name
    with pytest.raises(ArtefactError, match="found none that may be read"):
        open_index(location)
    run(location, f'CREATE SCHEMA "{name}"; CREATE TABLE "{name}".notes (text text)')
    with pytest.raises(UsageError, match="exists already"):
        create(location)
    assert not is_index(location)
    delete_index(location)
    assert run(location, "SELECT * FROM notes") == []
    run(location, "DROP TABLE notes")
    create(location, new_items(2)).close()
    run(location, "CREATE TABLE notes (text text)")
    delete_index(location)
    assert run(location, "SELECT * FROM notes") == []
    run(location, f'DROP SCHEMA "{name}" CASCADE')


def test_a_schema_of_ones_own_takes_an_index_and_stays(server: PostgresServer) -> None:
    admin, location = server.url("admin"), server.url("given", user="bea")
    run(admin, "CREATE ROLE bea LOGIN; CREATE SCHEMA given AUTHORIZATION bea")
    try:
        with pytest.raises(StorageError, match="permission denied for database"):
            create(server.url("other", user="bea"))
        for _ in range(2):
            create(location, new_items(2)).close()
            delete_index(location)
            assert run(admin, "SELECT 1 FROM pg_namespace WHERE nspname = 'given'") == [(1,)]
    finally:
        run(admin, "DROP OWNED BY bea; DROP ROLE bea")


def test_an_index_in_public_leaves_it_there(server: PostgresServer) -> None:
    location = server.url("public")
    create(location, new_items(2)).close()
    delete_index(location)
    assert run(location, "SELECT 1 FROM pg_namespace WHERE nspname = 'public'") == [(1,)]


def test_a_schema_goes_with_its_index_unless_anything_else_lies_there(location: str) -> None:
    name = read_location(location).name
    there = f"SELECT 1 FROM pg_namespace WHERE nspname = '{name}'"
    create(location, new_items(2)).close()
    run(location, "CREATE FUNCTION two() RETURNS int LANGUAGE sql AS 'SELECT 2'")
    delete_index(location)
    assert not is_index(location)
    assert run(location, "SELECT two()") == [(2,)]
    run(location, "DROP FUNCTION two()")
    create(location, new_items(2)).close()
    delete_index(location)
    assert run(location, there) == []


def test_a_file_whose_name_the_server_cannot_index_is_named(location: str) -> None:
    rng = random.Random(0)
    longest = "".join(chr(rng.randrange(0x100, 0x700)) for _ in range(1_300))
    (item,) = new_items(1)
    with create(location, [replace(item, file=longest)]) as index:
        (former,) = index.items([0])
        too_long = replace(item, file=f"{longest}x", fields={})
        for ask in (
            lambda: index.add([*new_items(3, 1), too_long]),
            lambda: index.change([replace(former, file=too_long.file)]),
        ):
            with pytest.raises(InputError, match=f"^{longest[:80]}…: .* at most 2,600 bytes"):
                ask()
        assert index.items([0]) == [former]
        assert index.info.count == 1


def test_another_format_and_damage_are_told(location: str) -> None:
    create(location, new_items(5)).close()
    run(location, "DELETE FROM items WHERE id = 3")
    with open_index(location) as index, pytest.raises(ArtefactError, match="expected 5 rows"):
        index.verify()
    run(location, "UPDATE state SET state = (state::jsonb || '{\"format\": 9}')::json")
    with pytest.raises(ArtefactError, match="has index format 9, this version reads 1"):
        open_index(location)


def test_an_index_built_anew_in_its_place_is_noticed(location: str) -> None:
    with create(location, new_items(5)) as index:
        delete_index(location)
        with pytest.raises(StorageError, match="is gone: wait if it is being rebuilt"):
            index.refresh()
        create(location, new_items(6)).close()
        for ask in (index.refresh, lambda: index.items([1]), lambda: index.add(new_items(1, 1))):
            with pytest.raises(StorageError, match="was rebuilt"):
                ask()


def test_words_of_an_earlier_version_are_made_anew_by_the_next_writer(location: str) -> None:
    with create(location, new_items(30)) as index:
        expected = index.text_search("tree").tolist()
        assert expected
        run(location, "UPDATE items SET words = ''")
        # as text: the order of its columns counts, and jsonb has one of its own
        digits = "regexp_replace(state::text, '\"words\": [0-9]+', '\"words\": 0')"
        run(location, f"UPDATE state SET state = {digits}::json")
        assert index.text_search("tree").size == 0
        index.finish()
        assert index.text_search("tree").tolist() == expected


def test_a_url_that_cannot_be_meant_is_told(server: PostgresServer) -> None:
    with pytest.raises(UsageError, match="is no URL of PostgreSQL"):
        open_index("postgresql:///postgres?no_such_option=1")
    for engine, message in (
        ("milvus", "an engine such as"),
        ("milvs+http://a:b@c", "did you mean"),
    ):
        with pytest.raises(UsageError, match=message) as caught:
            open_index(server.url("x").replace("#", f"&engine={engine}#"))
        assert "a:b" not in str(caught.value)


@pytest.mark.parametrize("signs", ["?", "#", "%", "/", "&", "=", "@", ":", "@a/", "/a?b=c", "%zz"])
def test_no_error_holds_a_password(signs: str) -> None:
    raw = f"QX{signs}ZW"
    for password in (raw, quote(raw, safe="")):
        for url in (
            f"postgresql://ann:{password}@127.0.0.1:1/art#x",
            f"postgresql://127.0.0.1:1/art?password={quote(password)}#x",
            f"postgresql://ann:{password}@127.0.0.1:1/art?no_such=1#x",
        ):
            with pytest.raises((UsageError, StorageError)) as caught:
                open_index(url)
            assert "QX" not in str(caught.value)
            assert "ZW" not in str(caught.value)
            assert "127.0.0.1:1/art" in str(caught.value)
    with pytest.raises(StorageError, match="cannot be reached"):
        open_index("postgresql://127.0.0.1:1/art?user=ann@azure#x")
    if signs in "?#&=:":  # the server's own library takes these as they are
        address = read_location(f"postgresql://ann:{raw}@h/art?sslmode=require#x").address
        assert psycopg.conninfo.conninfo_to_dict(address)["password"] == raw


def test_the_package_is_named_when_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("hashing.store.postgres")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingPackageError, match=r"its extra \[postgres\]"):
        open_index("postgresql:///art")


STRANGE = r"back\slash 'quoted' \x00 \\ {NULL} 葛飾北斎"


@pytest.mark.parametrize(
    "setting",
    [
        "standard_conforming_strings = off",
        "extra_float_digits = 0",
        "bytea_output = escape",
        "client_encoding = LATIN1",
        "default_transaction_isolation = serializable",
    ],
)
def test_no_setting_of_a_database_changes_what_is_kept(
    server: PostgresServer, tmp_path: Path, setting: str
) -> None:
    admin, location = server.url("admin"), server.url(tmp_path.name, database="other")
    run(admin, "CREATE DATABASE other")
    try:
        run(admin, f"ALTER DATABASE other SET {setting}")
        blob = b"\\x00'\0\xff\\134"
        picture = NewItem(STRANGE, {"t": STRANGE, "n": 0.1 + 0.2}, b"\\'", b"\\" * 32, blob, b"\\x")
        create_index(
            location,
            bits=16,
            lengths=[16],
            fingerprint="",
            columns={"t": str, "n": float},
            model="m",
            features=1,
        ).close()
        with open_index(location) as index:
            assert index.add([picture]).tolist() == [0]
            index.change(index.items([0]))
            index.put_extra("map", blob)
        with open_index(location) as index:
            (found,) = index.items([0])
            assert (found.file, found.fields) == (picture.file, picture.fields)
            assert found.content == picture.content
            assert index.codes([0]).packed.tobytes() == picture.code
            assert (index.preview(0), index.extra("map")) == (blob, blob)
            assert index.features([0]).tobytes() == picture.features
            assert index.contents([STRANGE]) == [{picture.content: 0}]
            assert index.facets() == {"t": {STRANGE: 1}, "n": {0.1 + 0.2: 1}}
            assert index.ids(compare("n", "=", 0.1 + 0.2)).tolist() == [0]
            assert index.ids(like("t", "back%北斎")).tolist() == [0]
            assert index.verify() == []
    finally:
        run(admin, "DROP DATABASE other WITH (FORCE)")


def test_a_client_of_another_encoding_reads_what_is_there(
    location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    with create(location) as index:
        index.add([NewItem("北斎.jpg", {"title": "富嶽"}, b"ab", bytes(32))])
        assert index.items([0])[0].file == "北斎.jpg"
        assert index.text_search("富嶽").tolist() == [0]


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_cannot_hold_all_texts_is_refused(
    server: PostgresServer, encoding: str
) -> None:
    admin = server.url("admin")
    run(admin, f"CREATE DATABASE other ENCODING {encoding} TEMPLATE template0")
    try:
        with pytest.raises(UsageError, match=f"database of UTF8, found {encoding}"):
            create(server.url("x", database="other"))
        assert not is_index(server.url("x", database="other"))
    finally:
        run(admin, "DROP DATABASE other WITH (FORCE)")


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("default_transaction_read_only = on", "the server is read-only"),
        ("idle_in_transaction_session_timeout = 50", "idle-in-transaction timeout"),
    ],
)
def test_a_server_that_takes_no_changes_is_told(
    server: PostgresServer, tmp_path: Path, setting: str, said: str
) -> None:
    admin, location = server.url("admin"), server.url(tmp_path.name, database="other")
    run(admin, "CREATE DATABASE other")

    def slowly() -> Iterator[NewItem]:
        for item in new_items(2, 1):
            time.sleep(0.3)
            yield item

    try:
        create(location, new_items(3)).close()
        run(admin, f"ALTER DATABASE other SET {setting}")
        with open_index(location) as index:
            with pytest.raises(StorageError, match=said) as caught:
                index.add(slowly())
            assert "\n" not in str(caught.value)
            assert index.refresh() is False
            assert index.items([2])[0].id == 2
    finally:
        run(admin, "DROP DATABASE other WITH (FORCE)")


@pytest.mark.parametrize("name", ["ä" * 32, "北" * 22, "pg_art", "$user", "a%00b", "\udcff"])
def test_a_name_that_the_server_would_change_is_refused(server: PostgresServer, name: str) -> None:
    for ask in (create, open_index, is_index, delete_index):
        with pytest.raises(UsageError, match="at most 63 bytes"):
            ask(server.url(name))


def test_a_name_may_be_as_long_as_the_server_keeps(server: PostgresServer) -> None:
    names = ["ä" * 31 + end for end in "ab"]
    for count, name in enumerate(names, 1):
        create(server.url(name), new_items(count)).close()
    for count, name in enumerate(names, 1):
        with open_index(server.url(name)) as index:
            assert index.info.count == count
        delete_index(server.url(name))


def test_a_code_of_another_length_is_damage(location: str) -> None:
    with create(location, new_items(5)) as index:
        for code in (r"\x61", r"\x616263"):
            run(location, f"UPDATE items SET code = '{code}' WHERE id = 3")
            for ask in (lambda: open_index(location), lambda: index.codes([3])):
                with pytest.raises(ArtefactError, match="expected codes of 16 bits"):
                    ask()


def test_one_index_answers_many_threads(location: str) -> None:
    with create(location, new_items(60)) as index:
        expected = index.ids(compare("year", ">", 1890)).tolist()
        wrong: list[object] = []

        def ask(number: int) -> None:
            try:
                for _ in range(8):
                    if index.ids(compare("year", ">", 1890)).tolist() != expected:
                        wrong.append("ids")
                    if [item.id for item in index.items([number, 3])] != [number, 3]:
                        wrong.append("items")
            except Exception as error:  # noqa: BLE001
                wrong.append(error)

        threads = [threading.Thread(target=ask, args=(n,)) for n in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []
