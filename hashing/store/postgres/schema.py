"""The tables of an index: made in a schema of their own, found, deleted."""

from contextlib import closing, suppress
from datetime import UTC, datetime
from uuid import uuid4

from psycopg import errors, sql

from hashing.errors import UsageError
from hashing.sources.roles import default_roles
from hashing.store import words
from hashing.store.contract import NewIndex
from hashing.store.engines import open_engine
from hashing.store.fields import grown
from hashing.store.location import Location
from hashing.store.postgres.server import Database, connect, server_errors
from hashing.store.postgres.state import State

NAMES = ("state", "items", "previews", "extras")
LATER = "features", "changes"
"""Tables that an earlier index does not have."""
CHANGES = "CREATE TABLE IF NOT EXISTS changes (id bigint PRIMARY KEY, number bigint NOT NULL)"
# `json`, not `jsonb`: the order of the columns counts.
TABLES = """
CREATE TABLE state (one boolean PRIMARY KEY DEFAULT true CHECK (one), state json NOT NULL);
CREATE TABLE items (
  id bigint PRIMARY KEY, file text COLLATE "C" NOT NULL, content bytea NOT NULL,
  code bytea NOT NULL, removed bigint, words tsvector NOT NULL
);
CREATE UNIQUE INDEX ON items (file, content) WHERE removed IS NULL;
CREATE INDEX ON items (removed) WHERE removed IS NOT NULL;
CREATE INDEX ON items USING gin (words);
CREATE TABLE previews (id bigint PRIMARY KEY, jpeg bytea NOT NULL);
ALTER TABLE previews ALTER jpeg SET STORAGE EXTERNAL;
CREATE TABLE features (id bigint PRIMARY KEY, numbers bytea NOT NULL);
ALTER TABLE features ALTER numbers SET STORAGE EXTERNAL;
CREATE TABLE extras (name text PRIMARY KEY, value bytea NOT NULL);
ALTER TABLE extras ALTER value SET STORAGE EXTERNAL;
"""
MADE = "made for an index of ArtHash"
"""What a schema that `create` made says of itself; one of somebody's own is never dropped."""
_SCHEMA = "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = %s"
TYPES = {"str": 'text COLLATE "C"', "int": "bigint", "float": "double precision"}


def create(location: Location, new: NewIndex) -> None:
    """Make an empty index, complete or not at all, in a new schema or in one without tables.

    A new one is marked as made for the index, so that it is deleted with it.
    """
    columns = grown({}, new.columns)
    state = State(
        number=0,
        uuid=str(uuid4()),
        published=now(),
        bits=new.bits,
        lengths=new.lengths,
        fingerprint=new.fingerprint,
        model=str(new.model.absolute()),
        columns=columns,
        roles={**default_roles(new.columns), **new.roles},
        words=words.VERSION,
        unfinished=new.unfinished,
        features=new.features,
    )
    with server_errors(location), closing(connect(location)) as db, db.transaction():
        _check_encoding(db, location)
        # one after the other: who comes second finds the tables of the first
        db.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [location.name])
        if _tables(db, location):
            raise UsageError(
                f"{location} exists already: use add to put more into it, or name another place"
            )
        with closing(open_engine(location)) as engine:
            engine.refuse_taken()
        if not db.execute(_SCHEMA, [location.name]).fetchone():
            db.execute(_named("CREATE SCHEMA {}", location))
            db.execute(_named(f"COMMENT ON SCHEMA {{}} IS '{MADE}'", location))
        db.execute(TABLES)
        db.execute(CHANGES)
        for place, kind in enumerate(columns.values()):
            add_column(db, place, kind)
        db.execute("INSERT INTO state (state) VALUES (%s)", [state.text])


def exists(location: Location) -> bool:
    """Whether there is an index."""
    with server_errors(location), closing(connect(location)) as db:
        return set(NAMES) <= _tables(db, location)


def delete(location: Location) -> None:
    """Delete the tables of an index, and the schema made for it where nothing else lies in it.

    First what an engine keeps of its codes: without the rows nobody knows whose they are.
    """
    with server_errors(location), closing(connect(location)) as db, db.transaction():
        if set(NAMES) <= _tables(db, location):
            for (uuid,) in db.execute("SELECT state->>'uuid' FROM state FOR UPDATE"):
                with closing(open_engine(location)) as engine:
                    engine.delete(uuid)
            db.execute(f"DROP TABLE {', '.join(NAMES)}")
            db.execute(f"DROP TABLE IF EXISTS {', '.join(LATER)}")
            if db.execute(_SCHEMA, [location.name]).fetchone() == (MADE,):
                with suppress(errors.DependentObjectsStillExist), db.transaction():
                    db.execute(_named("DROP SCHEMA {}", location))


def add_column(db: Database, place: int, kind: str) -> None:
    """Make the column of the field that is the `place`-th of all."""
    db.execute(f"ALTER TABLE items ADD COLUMN c{place} {TYPES[kind]}")


def now() -> str:
    """The time of a publication."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _check_encoding(db: Database, location: Location) -> None:
    """Raise UsageError for a database that cannot hold every text."""
    ((encoding,),) = db.execute("SHOW server_encoding")
    if encoding != "UTF8":
        raise UsageError(
            f"{location}: expected a database of UTF8, found {encoding}; make one by "
            "createdb -E UTF8 -T template0"
        )


def _named(statement: str, location: Location) -> sql.Composed:
    """A statement on the schema of an index."""
    return sql.SQL(statement).format(sql.Identifier(location.name))


def _tables(db: Database, location: Location) -> set[str]:
    """The names of all tables in the schema of an index; none where there is no schema."""
    rows = db.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [location.name])
    return {name for (name,) in rows}
