"""Writing a bulletin: the rows of one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.sql import ColumnElement

from hydria_plugin import Alert, Bulletin, Layout, Observations, Reason, Report

from . import sql_tables as t
from .documents import digest, write_alert, write_layout, write_report, write_series
from .forms import pack_bulletin, pack_observations
from .ledger_ends import bulletin_end
from .packing import pack

Row = dict[str, Any]


def seconds(time: np.datetime64) -> int:
    return int(time.astype("M8[s]").astype(np.int64))


def micros(time: np.datetime64) -> int:
    return int(time.astype("M8[us]").astype(np.int64))


class Documents:
    """Layouts and lists of series as (digest, bytes), worked out once: they are the same objects in every cycle."""

    def __init__(self, kept: int = 32) -> None:
        self._kept = kept
        self._known: dict[int, tuple[object, tuple[str, bytes]]] = {}  # the object itself keeps its id from reuse

    def of(self, value: Layout | tuple[str, ...]) -> tuple[str, bytes]:
        known = self._known.get(id(value))
        if known is None:
            body = write_layout(value) if isinstance(value, Layout) else write_series(value)
            while len(self._known) >= self._kept:
                self._known.pop(next(iter(self._known)), None)
            known = self._known[id(value)] = (value, (digest(body), body))
        return known[1]


def insert_new(connection: Connection, table: sa.Table, row: Row) -> bool:
    """Insert one row unless its key is there; True when it was not."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table).values(row).on_conflict_do_nothing().returning(sa.literal(1))
    return connection.execute(statement).first() is not None


def insert_all(connection: Connection, table: sa.Table, rows: Sequence[Row]) -> None:
    if rows:
        connection.execute(sa.insert(table), rows)


def key_of(bulletin: Bulletin) -> Row:
    return {
        "pipeline": bulletin.pipeline,
        "issued_at": seconds(bulletin.issued_at),
        "revision": int(bulletin.revision),
    }


def write_bulletin(connection: Connection, bulletin: Bulletin, sinks: Sequence[str], documents: Documents) -> None:
    """All rows of one bulletin; none when its key is there already."""
    key, known_at = key_of(bulletin), micros(bulletin.known_at)
    packed = pack_bulletin(bulletin)
    layout = _keep_document(connection, documents, bulletin.layout)
    row = {**key, "known_at": known_at, "layout": layout, "head": packed.head}
    if not insert_new(connection, t.bulletin, row):
        return
    insert_all(connection, t.block, [{**key, "number": i, "body": body} for i, body in enumerate(packed.blocks)])
    for table in (t.state, t.alert):  # pruning leaves the newest of these when their bulletin goes
        connection.execute(sa.delete(table).where(_is(table, key)))
    states = [{"plugin": name, "body": pack(held)} for name, held in bulletin.learned.items()]
    insert_all(connection, t.state, [{**key, "known_at": known_at, **state} for state in states])
    if bulletin.received is not None and len(bulletin.received):
        _write_observations(connection, bulletin.pipeline, known_at, bulletin.received, documents)
    _write_alerts(connection, key, bulletin.alerts)
    write_reports(connection, key, bulletin.reports)
    fill_outbox(connection, key, sinks, "bulletin")
    _end_step(connection, key, bulletin)


def write_reports(connection: Connection, key: Row, reports: Sequence[Report]) -> None:
    insert_all(connection, t.report, [{**key, "place": i, "body": write_report(r)} for i, r in enumerate(reports)])


def fill_outbox(connection: Connection, key: Row, sinks: Sequence[str], kind: str) -> None:
    """One delivery per sink, due at once; what is there already stays as it is."""
    fresh = {"state": "pending", "attempts": 0, "next_try": 0, "error": "", "kind": kind}
    for sink in dict.fromkeys(sinks):
        insert_new(connection, t.outbox, {**key, **fresh, "sink": sink})


def _keep_document(connection: Connection, documents: Documents, value: Layout | tuple[str, ...]) -> str:
    name, body = documents.of(value)
    there = connection.execute(sa.select(t.document.c.digest).where(t.document.c.digest == name)).first()
    if there is None:
        insert_new(connection, t.document, {"digest": name, "body": body})
    return name


def _write_observations(
    connection: Connection, pipeline: str, known_at: int, received: Observations, documents: Documents
) -> None:
    row = {
        "pipeline": pipeline,
        "known_at": known_at,
        "first_time": seconds(received.times.min()),
        "last_time": seconds(received.times.max()),
        "series": _keep_document(connection, documents, received.series),
        "body": pack_observations(received),
    }
    connection.execute(sa.insert(t.observations), row)


def _write_alerts(connection: Connection, key: Row, alerts: Sequence[Alert]) -> None:
    """Insert the alerts, and end the standing of the earlier ones of the same stations."""
    if not alerts:
        return
    rows = [
        {"station": a.station, "place": i, "is_open": int(a.reason is not Reason.CLEARED), "body": write_alert(a)}
        for i, a in enumerate(alerts)
    ]
    insert_all(connection, t.alert, [{**key, "next_at": t.STANDING, **row} for row in rows])
    mine, earlier = t.alert.alias("mine"), t.alert
    told = sa.select(mine.c.station).where(_is(mine, key))
    followed = sa.and_(_older(earlier, key), earlier.c.next_at > key["issued_at"], earlier.c.station.in_(told))
    connection.execute(sa.update(earlier).where(followed).values(next_at=key["issued_at"]))
    if connection.execute(sa.select(sa.literal(1)).where(_newer(t.alert, key)).limit(1)).first():
        _find_followers(connection, key)


def _find_followers(connection: Connection, key: Row) -> None:
    """An older step is caught up with after a newer one: its alerts stood until those came."""
    a = t.alert.c
    first = sa.select(a.station, sa.func.min(a.issued_at)).where(_newer(t.alert, key)).group_by(a.station)
    followers = [{"told": station, "at": at} for station, at in connection.execute(first)]
    mine = sa.and_(_is(t.alert, key), a.station == sa.bindparam("told"))
    connection.execute(sa.update(t.alert).where(mine).values(next_at=sa.bindparam("at")), followers)


def _is(table: Any, key: Row) -> ColumnElement[bool]:
    return sa.and_(*(table.c[name] == value for name, value in key.items()))


def _older(table: Any, key: Row) -> ColumnElement[bool]:
    """Of an earlier step or revision; a range and an exception, for OR would keep SQLite from its index."""
    c, at = table.c, key["issued_at"]
    not_older = sa.and_(c.issued_at == at, c.revision >= key["revision"])
    return sa.and_(c.pipeline == key["pipeline"], c.issued_at <= at, sa.not_(not_older))


def _newer(table: Any, key: Row) -> ColumnElement[bool]:
    c, at = table.c, key["issued_at"]
    not_newer = sa.and_(c.issued_at == at, c.revision <= key["revision"])
    return sa.and_(c.pipeline == key["pipeline"], c.issued_at >= at, sa.not_(not_newer))


def _end_step(connection: Connection, key: Row, bulletin: Bulletin) -> None:
    """The step is issued or degraded, as its newest revision says."""
    s = t.step.c
    here = sa.and_(s.pipeline == key["pipeline"], s.issued_at == key["issued_at"])
    state, reason = bulletin_end(bulletin)
    row = {"state": state, "reason": reason, "revision": key["revision"], "ended_at": micros(bulletin.known_at)}
    first = {"pipeline": key["pipeline"], "issued_at": key["issued_at"], **row}
    if not insert_new(connection, t.step, first):
        connection.execute(sa.update(t.step).where(here, s.revision < key["revision"]).values(row))
