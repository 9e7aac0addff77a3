"""The store in a database: SQLite (WAL) by default, PostgreSQL by address. SQLAlchemy Core, no ORM.

Every method is one transaction. ``put`` writes a bulletin, its observations, states, alerts, ledger line and outbox
rows, or nothing. One process writes at a time (``lock_path`` and ``claim`` are what it locks); its threads may share
a store.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from sqlalchemy.engine import Connection

from hydria_plugin import Alert, Bulletin, Delivery, Observations, Report, State, Step, StoreError

from . import sql_engine, sql_outbox, sql_pruning, sql_reading, sql_writing
from .documents import plain
from .migrations import migrate
from .sql_claim import Claim

Time = np.datetime64


class SqlStore:
    """A store at ``url``: ``sqlite:///path`` (a relative path is under ``folder``), ``postgresql://user@host/name``.

    Opening creates the tables, or brings older ones up to date. Raises StoreError.
    """

    def __init__(self, url: str, folder: Path | None = None) -> None:
        self._url = sql_engine.address(url, Path() if folder is None else folder)
        self._engine = sql_engine.open_engine(self._url)
        self._documents = sql_writing.Documents()
        self._shelf = sql_reading.Shelf()
        self._closed = False
        try:
            with self._writing("to bring its tables up to date") as connection:
                migrate(connection, sql_engine.shown(self._url))
        except BaseException:
            self.close()
            raise

    @property
    def lock_path(self) -> Path:
        """The file that the single writer locks."""
        return sql_engine.lock_path(self._url)

    def claim(self) -> Claim | None:
        """The place of the single writer on the server itself; None for a file, which ``lock_path`` is enough for."""
        return None if self._url.get_backend_name() == "sqlite" else Claim(self._engine)

    def put(self, bulletin: Bulletin, sinks: Sequence[str] = ()) -> None:
        with self._writing(f"to keep the bulletin {_named(bulletin)}") as connection:
            sql_writing.write_bulletin(connection, bulletin, sinks, self._documents)

    def bulletin(self, pipeline: str, issued_at: Time, revision: int | None = None) -> Bulletin | None:
        with self._reading(f"to read the bulletin {pipeline} {issued_at}") as connection:
            return sql_reading.read_bulletin(connection, self._shelf, pipeline, issued_at, revision)

    def issues(self, pipeline: str, first: Time, last: Time) -> tuple[tuple[Time, int], ...]:
        with self._reading(f"to list the bulletins of {pipeline}") as connection:
            return sql_reading.read_issues(connection, pipeline, first, last)

    def last_alerts(self, pipeline: str, before: Time) -> tuple[Alert, ...]:
        with self._reading(f"to read the last alerts of {pipeline}") as connection:
            return sql_reading.read_last_alerts(connection, pipeline, before)

    def undelivered(self, pipeline: str, sink: str, now: Time) -> tuple[Delivery, ...]:
        with self._reading(f"to read the outbox of {sink}") as connection:
            return sql_outbox.read_undelivered(connection, pipeline, sink, now)

    def mark_delivered(self, delivery: Delivery, at: Time) -> None:
        self._end_delivery(delivery, state="delivered", ended_at=sql_writing.micros(at), attempts=delivery.attempts + 1)

    def mark_failed(self, delivery: Delivery, at: Time, error: str, next_try: Time) -> None:
        tried = {"attempts": delivery.attempts + 1, "error": plain(error)}
        self._end_delivery(delivery, next_try=sql_writing.micros(next_try), **tried)

    def drop_delivery(self, delivery: Delivery, at: Time, why: str) -> None:
        self._end_delivery(delivery, state="dropped", ended_at=sql_writing.micros(at), error=plain(why))

    def put_reports(
        self, pipeline: str, issued_at: Time, revision: int, reports: Sequence[Report], sinks: Sequence[str]
    ) -> None:
        """The first reports of a bulletin stand. Raises StoreError when there is no such bulletin."""
        with self._writing(f"to keep the reports of {pipeline} {issued_at}") as connection:
            told = sql_reading.has_reports(connection, pipeline, issued_at, revision)
            if told is None:
                raise StoreError(f"there is no bulletin {pipeline} {issued_at} revision {revision} to report on")
            if not told:
                key = {"pipeline": pipeline, "issued_at": sql_writing.seconds(issued_at), "revision": revision}
                sql_writing.write_reports(connection, key, reports)
                sql_writing.fill_outbox(connection, key, sinks, "reports")

    def observations(self, pipeline: str, since: Time, until: Time, known_at: Time) -> tuple[Observations, ...]:
        with self._reading(f"to read the observations of {pipeline}") as connection:
            return sql_reading.read_observations(connection, self._shelf, pipeline, since, until, known_at)

    def state(self, pipeline: str, plugin: str, before: Time, known_at: Time | None = None) -> State | None:
        with self._reading(f"to read the state of {plugin}") as connection:
            return sql_reading.read_state(connection, pipeline, plugin, before, known_at)

    def begin(self, pipeline: str, issued_at: Time, at: Time) -> None:
        """A step that has its bulletin stays issued while a revision is tried."""
        with self._writing(f"to begin the step {pipeline} {issued_at}") as connection:
            sql_outbox.begin_step(connection, pipeline, issued_at)

    def end(self, pipeline: str, issued_at: Time, state: str, reason: str, at: Time) -> None:
        """A bulletin stands above a failure, a failure above a skipped step."""
        with self._writing(f"to end the step {pipeline} {issued_at}") as connection:
            sql_outbox.end_step(connection, pipeline, issued_at, state, reason, at)

    def steps(self, pipeline: str, first: Time, last: Time) -> tuple[Step, ...]:
        with self._reading(f"to read the ledger of {pipeline}") as connection:
            return sql_reading.read_steps(connection, pipeline, first, last)

    def prune(self, pipeline: str, before: Time, observed_before: Time | None = None) -> int:
        """Observations go by their own time, ``observed_before`` (default ``before``): to replay the oldest bulletin
        that is left, keep them for as long before it as its window and its running totals reach. In slices, each one
        transaction, so that nobody has to wait long to write."""
        dropped, observed = 0, before if observed_before is None else observed_before
        upto = None
        while upto is None or upto < before:
            with self._writing(f"to prune {pipeline}") as connection:
                upto = sql_pruning.slice_end(connection, pipeline, before)
                dropped += sql_pruning.prune(connection, pipeline, upto, observed)
        return dropped

    def close(self) -> None:
        self._closed = True
        self._engine.dispose()

    def _end_delivery(self, delivery: Delivery, **change: object) -> None:
        with self._writing(f"to note a delivery to {delivery.sink}") as connection:
            sql_outbox.end_delivery(connection, delivery, **change)

    @contextmanager
    def _writing(self, doing: str) -> Iterator[Connection]:
        self._check_open(doing)
        with sql_engine.transaction(self._engine, doing, writes=True) as connection:
            yield connection

    @contextmanager
    def _reading(self, doing: str) -> Iterator[Connection]:
        self._check_open(doing)
        with sql_engine.transaction(self._engine, doing) as connection:
            yield connection

    def _check_open(self, doing: str) -> None:
        if self._closed:
            raise StoreError(f"store {sql_engine.shown(self._url)} failed {doing}: it is closed")


def _named(bulletin: Bulletin) -> str:
    return f"{bulletin.pipeline} {bulletin.issued_at} revision {bulletin.revision}"
