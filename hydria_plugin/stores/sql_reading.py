"""Reading bulletins, alerts, observations, states and ledger lines back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from hydria_plugin import NOT_A_TIME, Alert, Bulletin, Observations, Report, State, Step, StoreError

from . import sql_tables as t
from .documents import read_alert, read_layout, read_report, read_series
from .forms import Packed, unpack_bulletin, unpack_observations
from .packing import unpack
from .received import between
from .sql_writing import micros, seconds

T = TypeVar("T")


class Shelf:
    """Documents read lately, by digest: the layout of a pipeline is parsed once, not once a bulletin."""

    def __init__(self, kept: int = 32) -> None:
        self._kept = kept
        self._held: dict[str, Any] = {}

    def get(self, connection: Connection, name: str, read: Callable[[bytes], T]) -> T:
        held: T | None = self._held.get(name)
        if held is None:
            body = connection.execute(sa.select(t.document.c.body).where(t.document.c.digest == name)).scalar()
            if body is None:
                raise StoreError(f"document {name} is missing from the store; restore the store from a backup")
            held = self._held[name] = read(bytes(body))
            while len(self._held) > self._kept:
                self._held.pop(next(iter(self._held)), None)
        return held


def time_s(number: int) -> np.datetime64:
    return np.datetime64(number, "s")


def time_us(number: int | None) -> np.datetime64:
    return NOT_A_TIME if number is None else np.datetime64(number, "us")


def read_bulletin(
    connection: Connection, shelf: Shelf, pipeline: str, issued_at: np.datetime64, revision: int | None
) -> Bulletin | None:
    b = t.bulletin.c
    query = sa.select(t.bulletin).where(b.pipeline == pipeline, b.issued_at == seconds(issued_at))
    query = query.order_by(b.revision.desc()).limit(1) if revision is None else query.where(b.revision == revision)
    row = connection.execute(query).first()
    if row is None:
        return None
    layout = shelf.get(connection, row.layout, read_layout)
    packed = Packed(row.head, tuple(bytes(r.body) for r in _rows(connection, t.block, row, t.block.c.number)))
    key = {
        "pipeline": row.pipeline,
        "issued_at": time_s(row.issued_at),
        "known_at": time_us(row.known_at),
        "revision": row.revision,
    }
    return unpack_bulletin(packed, layout, key, **_beside(connection, row))


def _beside(connection: Connection, row: Row[Any]) -> dict[str, Any]:
    """What stands in tables of its own, to be looked for without opening a bulletin."""
    alerts = _rows(connection, t.alert, row, t.alert.c.place)
    states = _rows(connection, t.state, row, t.state.c.plugin)
    return {
        "alerts": tuple(read_alert(r.body) for r in alerts),
        "learned": {r.plugin: unpack(bytes(r.body), f"state of {r.plugin}") for r in states},
        "reports": _reports(connection, row),
    }


def _reports(connection: Connection, row: Row[Any]) -> tuple[Report, ...]:
    return tuple(read_report(r.body) for r in _rows(connection, t.report, row, t.report.c.place))


def _rows(connection: Connection, table: sa.Table, key: Row[Any], order: sa.Column[Any]) -> list[Row[Any]]:
    """The rows of one bulletin in another table."""
    here = (table.c[name] == getattr(key, name) for name in ("pipeline", "issued_at", "revision"))
    return list(connection.execute(sa.select(table).where(*here).order_by(order)))


def read_issues(
    connection: Connection, pipeline: str, first: np.datetime64, last: np.datetime64
) -> tuple[tuple[np.datetime64, int], ...]:
    b = t.bulletin.c
    query = sa.select(b.issued_at, sa.func.max(b.revision)).where(
        b.pipeline == pipeline, b.issued_at.between(first_second(first), seconds(last))
    )
    return tuple((time_s(at), rev) for at, rev in connection.execute(query.group_by(b.issued_at).order_by(b.issued_at)))


def has_reports(connection: Connection, pipeline: str, issued_at: np.datetime64, revision: int) -> bool | None:
    """Whether the bulletin has reports already; None where there is no such bulletin."""
    key = sa.and_(
        t.bulletin.c.pipeline == pipeline,
        t.bulletin.c.issued_at == seconds(issued_at),
        t.bulletin.c.revision == revision,
    )
    row = connection.execute(sa.select(t.bulletin).where(key).with_for_update()).first()
    return None if row is None else bool(_rows(connection, t.report, row, t.report.c.place))


def first_second(time: np.datetime64) -> int:
    """The first whole second at or after ``time``."""
    return -(-micros(time) // 1_000_000)


def read_last_alerts(connection: Connection, pipeline: str, before: np.datetime64) -> tuple[Alert, ...]:
    a, at = t.alert.c, first_second(before)
    query = sa.select(a.body).where(
        a.pipeline == pipeline, a.issued_at < at, a.next_at >= at, a.is_open == 1
    )  # fmt: skip
    return tuple(read_alert(body) for body in connection.execute(query.order_by(a.issued_at, a.place)).scalars())


def read_observations(
    connection: Connection,
    shelf: Shelf,
    pipeline: str,
    since: np.datetime64,
    until: np.datetime64,
    known_at: np.datetime64,
) -> tuple[Observations, ...]:
    o = t.observations.c
    touched = sa.and_(o.last_time >= first_second(since), o.first_time <= seconds(until))
    query = sa.select(o.series, o.body, o.first_time, o.last_time).where(
        o.pipeline == pipeline, o.known_at <= micros(known_at), touched
    )
    found = []
    for row in connection.execute(query.order_by(o.id)):
        received = unpack_observations(bytes(row.body), shelf.get(connection, row.series, read_series))
        found.append(between(received, since, until))
    return tuple(found)


def read_state(
    connection: Connection, pipeline: str, plugin: str, before: np.datetime64, known_at: np.datetime64 | None
) -> State | None:
    s = t.state.c
    query = sa.select(s.body).where(s.pipeline == pipeline, s.plugin == plugin, s.issued_at < first_second(before))
    if known_at is not None:
        query = query.where(s.known_at <= micros(known_at))
    body = connection.execute(query.order_by(s.issued_at.desc(), s.revision.desc()).limit(1)).scalar()
    return None if body is None else unpack(bytes(body), f"state of {plugin}")


def read_steps(connection: Connection, pipeline: str, first: np.datetime64, last: np.datetime64) -> tuple[Step, ...]:
    s = t.step.c
    query = sa.select(t.step).where(s.pipeline == pipeline, s.issued_at.between(first_second(first), seconds(last)))
    rows: list[Mapping[str, Any]] = [dict(r) for r in connection.execute(query.order_by(s.issued_at)).mappings()]
    return tuple(Step(**{**r, "issued_at": time_s(r["issued_at"]), "ended_at": time_us(r["ended_at"])}) for r in rows)
