"""The place of the one writer on a PostgreSQL server: a lock that one session of the server holds.

A lock file is seen by one machine, and by one folder for temporary files: containers and systemd's PrivateTmp have
their own, and a server has more than one name. The server itself is the same for all who write to it. Its lock goes
with the session, so with the process, and one lock stands for one schema.
"""

from __future__ import annotations

import os
import socket
import time

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from hydria_plugin import StoreError

from .sql_engine import root, sentence, shown

GRACE = 2.0  # seconds: the server learns that the session of a killed process has ended
LOCK = 0x68796472  # "hydr", the first of the two numbers of the lock; the second stands for the schema
_SECOND = "hashtext(current_schema()) & 2147483647"
_TAKE = sa.text(f"SELECT pg_try_advisory_lock({LOCK}, {_SECOND})")
_FREE = sa.text(f"SELECT pg_advisory_unlock({LOCK}, {_SECOND})")
_HOLDER = sa.text(
    "SELECT a.application_name, to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI\"Z\"')"
    " FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND l.granted"
    f" AND l.classid = {LOCK} AND l.objid = {_SECOND}"
    " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
# the server drops the session of a machine that has gone dark, and with it the lock, after about a minute
_ALIVE = ("SET tcp_keepalives_idle = 30", "SET tcp_keepalives_interval = 10", "SET tcp_keepalives_count = 3")


class Claim:
    """The place, taken or not; its holder calls it from one thread at a time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._session: Connection | None = None

    def take(self) -> None:
        """Raises StoreError when another session holds the place, or the server does not answer."""
        try:
            session = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        except SQLAlchemyError as cause:
            raise self._failed(cause) from root(cause)
        session.detach()  # never one of the pool: its end is the end of the lock
        try:
            _lock(session)
        except SQLAlchemyError as cause:
            session.close()
            raise self._failed(cause) from root(cause)
        except StoreError:
            session.close()
            raise
        self._session = session

    def renew(self) -> None:
        """Take the place anew where its session has ended, as when the server was started again. Raises StoreError
        when another has it by now; a server that does not answer is left to those who want to write."""
        try:
            if self._session is not None:
                self._session.scalar(sa.text("SELECT 1"))
                return
        except SQLAlchemyError:
            self.free()
        try:
            self._engine.connect().close()
        except SQLAlchemyError:
            return
        self.take()

    def free(self) -> None:
        session, self._session = self._session, None
        if session is None:
            return
        try:
            session.scalar(_FREE)
        except SQLAlchemyError:  # the session is gone, and the lock with it
            session.invalidate()
        session.close()

    def _failed(self, cause: SQLAlchemyError) -> StoreError:
        return StoreError(
            f"store {shown(self._engine.url)} failed to give us the place of its writer: {sentence(cause)}"
        )


def _lock(session: Connection) -> None:
    """Raises StoreError when another session holds the lock, and goes on holding it."""
    me = f"hydria on {socket.gethostname()}, process {os.getpid()}"
    session.execute(sa.text("SELECT set_config('application_name', :me, false)"), {"me": me[:63]})
    for setting in _ALIVE:
        session.exec_driver_sql(setting)
    until = time.monotonic() + GRACE
    while not session.scalar(_TAKE):
        if time.monotonic() > until:
            name, since = (session.execute(_HOLDER).first() or ("", ""))[:2]
            raise StoreError(
                f"another hydria is running on this store (the server's lock is held by {name or 'another session'}"
                f"{f', since {since}' if since else ''}): stop it first, or give this one a store of its own"
            )
        time.sleep(0.05)
