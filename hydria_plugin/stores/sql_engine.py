"""Opening a database: address, connections, transactions, and database errors as sentences."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from hydria_plugin import StoreError

BUSY_MS = 10_000  # how long a writer waits for another one
WRITES = {"hydria_writes": True}
PATIENCE = {  # with a PostgreSQL server that has gone dark
    "connect_timeout": 10,  # s
    "tcp_user_timeout": 30_000,  # ms until what is sent has arrived
    "keepalives_idle": 30,  # s
    "keepalives_interval": 10,
    "keepalives_count": 3,
}
_PRAGMAS = (
    f"PRAGMA busy_timeout={BUSY_MS}",  # first: switching to WAL may have to wait as well
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # NORMAL may lose the last commits on power loss: an alert sent and then forgotten
    "PRAGMA journal_size_limit=67108864",
)
_SENTENCES = (  # what databases say, what to do about it
    ("database or disk is full", "the disk is full: free some space"),
    ("could not extend file", "the disk of the database server is full: free some space"),
    ("No space left on device", "the disk of the database server is full: free some space"),
    ("readonly database", "it cannot be written: check the rights of the file and of its folder"),
    ("read-only transaction", "the database takes no writes: is it a standby?"),
    ("permission denied", "the database user has no right to do this: grant it CREATE, SELECT, INSERT, UPDATE, DELETE"),
    ("database is locked", f"another process has been writing to it for over {BUSY_MS // 1000} s"),
    ("file is not a database", "the file is not an SQLite database: choose another name or move it away"),
    ("malformed", "the file is damaged: restore it from a backup"),
    ("disk I/O error", "the disk does not answer properly: check it"),
    ("unable to open database file", "the file cannot be opened: check the rights of the file and of its folder"),
    ("password authentication failed", "user or password is wrong"),
    ("does not exist", "create the database, or correct its name"),
    ("Connection refused", "no server answers there: is it running?"),
    ("could not translate host name", "there is no such host"),
    ("failed to resolve host", "there is no such host"),
)


def address(url: str, folder: Path) -> URL:
    """The parsed address; relative SQLite paths are under ``folder``. Raises StoreError."""
    try:
        parsed = make_url(url)
    except ArgumentError as cause:
        raise StoreError(
            f"store {url!r} is no address; write sqlite:///hydria.db or postgresql://user@host/name"
        ) from cause
    if parsed.get_backend_name() == "postgresql":
        return parsed if "+" in parsed.drivername else parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() != "sqlite":
        raise StoreError(f"store {shown(parsed)}: {parsed.get_backend_name()!r} must be sqlite, postgresql or memory")
    if parsed.database in (None, "", ":memory:"):
        raise StoreError(f"store {url!r} names no file; write sqlite:///hydria.db, or memory: to keep nothing")
    path = (folder / str(parsed.database)).resolve()
    if not path.parent.is_dir():
        raise StoreError(f"store {url!r}: the folder {str(path.parent)!r} does not exist: create it")
    return parsed.set(database=str(path))


def shown(url: URL) -> str:
    """For messages: without password."""
    return repr(url.render_as_string(hide_password=True))


def lock_path(url: URL) -> Path:
    """Where the lock of the single writer lives: beside the SQLite file; for a server, in the machine's folder for
    temporary files, named by the address, so that two daemons of one machine see each other."""
    if url.get_backend_name() == "sqlite":
        return Path(f"{url.database}.lock")
    name = f"{url.host or 'localhost'}:{url.port or 5432}/{url.database or url.username}"
    return Path(tempfile.gettempdir()) / f"hydria-{hashlib.blake2b(name.encode(), digest_size=8).hexdigest()}.lock"


def open_engine(url: URL) -> Engine:
    """Connections are made when needed. Raises StoreError when the driver is not installed."""
    if url.get_backend_name() == "sqlite":
        engine = sa.create_engine(url)
        sa.event.listen(engine, "connect", _set_up_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
        return engine
    try:
        return sa.create_engine(url, pool_pre_ping=True, connect_args=PATIENCE)
    except (ImportError, NoSuchModuleError) as cause:
        raise StoreError(f"store {shown(url)} needs a driver: pip install 'hydria-plugin[postgresql]'") from cause


@contextmanager
def transaction(engine: Engine, doing: str, writes: bool = False) -> Iterator[Connection]:
    """One transaction: all or nothing for writes, one consistent view for reads. Raises StoreError."""
    options: dict[str, Any] = dict(WRITES) if writes else {}
    if engine.dialect.name == "postgresql" and not writes:
        options["isolation_level"] = "REPEATABLE READ"  # a reader of several tables must not see half a prune
    try:
        with engine.connect() as plain, plain.execution_options(**options) as connection, connection.begin():
            yield connection
    except SQLAlchemyError as cause:
        raise StoreError(f"store {shown(engine.url)} failed {doing}: {sentence(cause)}") from root(cause)


def root(error: SQLAlchemyError) -> BaseException:
    """The driver's own error: it says it once, and without a link to SQLAlchemy's pages."""
    return getattr(error, "orig", None) or error


def sentence(error: SQLAlchemyError) -> str:
    """What happened, and what to do about it where we know."""
    said = " ".join(str(getattr(error, "orig", None) or error).split())
    return next((f"{advice} ({said})" for words, advice in _SENTENCES if words in said), said)


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not begin by itself: see _begin_sqlite
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """A writer takes its place at once: a reader that turns writer cannot wait, it fails."""
    writes = connection.get_execution_options().get("hydria_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
