"""Talking to the database: transactions that end in time, and what it says as sentences."""

from __future__ import annotations

import sqlite3
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from hydria_plugin import FeedError

from .access import Access

BUSY_MS = 10_000  # how long a writer of an SQLite file waits for another one
EACH = 100_000  # steps of SQLite's machine between two looks at the clock
ONLY_EXPLAINED = {"hydria_explained": True}  # execution option: the statement is planned and not executed
_SENTENCES = (  # what databases say, what to do about it
    ("password authentication failed", "user or password is wrong"),
    ("no password supplied", 'the server wants a password: write password = "${NAME}"'),
    ("certificate verify failed", "the server's certificate is not trusted: give the file of its issuer as `ca`"),
    ("server does not support SSL", "the server speaks no TLS; where the network is trusted add ?sslmode=disable"),
    ("permission denied", "the database user has no right to do this: grant it"),
    ("read-only transaction", "only reading is allowed here: a query of the source must not write"),
    ("attempt to write a readonly database", "it is only read here, or the file's rights forbid writing"),
    ("no unique or exclusion constraint", "the table needs a unique index on its key: see `key` in the README"),
    ("does not match any PRIMARY KEY or UNIQUE", "the table needs a unique index on its key: see `key` in the README"),
    ("canceling statement due to statement timeout", "it took longer than `timeout`: is an index missing?"),
    ("interrupted", "it took longer than `timeout`: is an index missing?"),
    ("database is locked", f"another process has been writing to it for over {BUSY_MS // 1000} s"),
    ("unable to open database file", "there is no such file, or its rights forbid reading it"),
    ("file is not a database", "the file is no SQLite database"),
    ("malformed", "the file is damaged: restore it from a backup"),
    ("timestamp too large", "a row holds a time that never comes (infinity): leave it out in the query"),
    ("timestamp too small", "a row holds a time before all times (-infinity): leave it out in a query"),
    ("Connection refused", "no server answers there: is it running?"),
    ("could not translate host name", "there is no such host"),
    ("failed to resolve host", "there is no such host"),
)


class Database:
    """One database of the admin's. Connections are made when needed and kept."""

    def __init__(self, access: Access, zone: str = "UTC") -> None:
        self._access, self._zone, self._engine = access, zone, None  # type: Access, str, Engine | None

    @property
    def is_postgresql(self) -> bool:
        return self._access.address().get_backend_name() == "postgresql"

    @property
    def place(self) -> str:
        return self._access.shown()

    @contextmanager
    def reading(self, doing: str) -> Iterator[Connection]:
        """A transaction that cannot write."""
        with self._transaction(doing, writes=False) as connection:
            yield connection

    @contextmanager
    def writing(self, doing: str) -> Iterator[Connection]:
        """A transaction: all or nothing."""
        with self._transaction(doing, writes=True) as connection:
            yield connection

    def close(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    @contextmanager
    def _transaction(self, doing: str, writes: bool) -> Iterator[Connection]:
        try:
            with self._opened().connect() as plain:
                options: dict[str, Any] = {"postgresql_readonly": True} if self.is_postgresql and not writes else {}
                connection = plain.execution_options(**options, hydria_writes=writes)
                with connection.begin(), self._timed(connection):
                    yield connection
        except SQLAlchemyError as cause:
            raise FeedError(f"{self.place} failed {doing}: {self._sentence(cause)}") from _plain(cause, self._access)

    @contextmanager
    def _timed(self, connection: Connection) -> Iterator[None]:
        """Statements end after ``timeout``; PostgreSQL is told the zone that times without offset are of."""
        if self.is_postgresql:
            words = ("statement_timeout", "lock_timeout")
            settings = {word: str(self._access.timeout_ms) for word in words} | {"timezone": _posix(self._zone)}
            given = [sa.func.set_config(name, value, True) for name, value in settings.items()]
            connection.execute(sa.select(*given))
            yield
            return
        raw, until = connection.connection.dbapi_connection, time.monotonic() + self._access.timeout_ms / 1000
        assert raw is not None
        raw.set_progress_handler(lambda: time.monotonic() > until, EACH)
        try:
            yield
        finally:
            raw.set_progress_handler(None, 0)

    def _opened(self) -> Engine:
        if self._engine is None:
            self._engine = self._postgresql() if self.is_postgresql else self._sqlite()
            sa.event.listen(self._engine, "before_cursor_execute", _explained, retval=True)
            weakref.finalize(self, self._engine.dispose)  # connections go with the one who opened them
        return self._engine

    def _postgresql(self) -> Engine:
        try:
            return sa.create_engine(
                self._access.address(),
                connect_args=self._access.connect_args(),
                pool_pre_ping=True,
                pool_size=2,
                max_overflow=4,
                pool_timeout=self._access.timeout_ms / 1000,
                hide_parameters=True,
            )
        except ImportError as cause:
            raise FeedError(f"{self.place} needs a driver: pip install 'hydria-plugin[sql]'") from cause

    def _sqlite(self) -> Engine:
        name = f"file:{quote(str(self._access.address().database))}?mode=rw"  # a file that is not there is not made

        def connect() -> sqlite3.Connection:
            return sqlite3.connect(name, uri=True, check_same_thread=False)

        engine = sa.create_engine("sqlite://", creator=connect, poolclass=sa.QueuePool, hide_parameters=True)
        sa.event.listen(engine, "connect", _set_up_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
        return engine

    def _sentence(self, error: SQLAlchemyError) -> str:
        """What happened, and what to do about it where we know."""
        said = self._access.concealed(" ".join(str(getattr(error, "orig", None) or error).split()))
        return next((f"{advice} ({said})" for words, advice in _SENTENCES if words in said), said)


def _explained(_c: Any, _cursor: Any, statement: str, given: Any, context: Any, _many: bool) -> tuple[str, Any]:
    if context is not None and context.execution_options.get("hydria_explained"):
        return f"EXPLAIN {statement}", given
    return statement, given


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not begin by itself: see _begin_sqlite
    connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")


def _begin_sqlite(connection: Connection) -> None:
    """A writer takes its place at once; a reader cannot write."""
    writes = connection.get_execution_options().get("hydria_writes", False)
    connection.exec_driver_sql(f"PRAGMA query_only={'OFF' if writes else 'ON'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _posix(zone: str) -> str:
    """A fixed offset as PostgreSQL spells it: the other way round."""
    if zone[:1] not in "+-":
        return zone
    return f"<{zone}>{'-' if zone[0] == '+' else '+'}{zone[1:]}"


def _plain(cause: SQLAlchemyError, access: Access) -> Exception:
    """The driver's own error where there is one, unless it holds a secret: then its kind and its words without."""
    own: Exception = getattr(cause, "orig", None) or cause
    concealed = access.concealed(str(own))
    return own if concealed == str(own) else RuntimeError(f"{type(own).__name__}: {concealed}")
