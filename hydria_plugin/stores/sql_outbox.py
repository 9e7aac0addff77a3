"""The outbox and the ledger in SQL: small rows that change."""

from __future__ import annotations

from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from hydria_plugin import Delivery, StoreError

from . import sql_tables as t
from .documents import plain
from .ledger_ends import may_begin, replaces
from .sending_order import due_in_order
from .sql_reading import time_s, time_us
from .sql_writing import Row, insert_new, micros, seconds

_COLUMNS = ("id", "pipeline", "issued_at", "revision", "sink", "kind", "attempts", "next_try")


def read_undelivered(connection: Connection, pipeline: str, sink: str, now: np.datetime64) -> tuple[Delivery, ...]:
    """Oldest issue first, as far as they may be sent; see sending_order.py."""
    o = t.outbox.c
    query = sa.select(*(o[name] for name in _COLUMNS)).where(
        o.pipeline == pipeline, o.sink == sink, o.state == "pending"
    )
    rows = connection.execute(query.order_by(o.issued_at, o.revision, o.kind, o.id)).mappings()
    return tuple(due_in_order((_delivery(row) for row in rows), now))


def _delivery(row: RowMapping) -> Delivery:
    times = {"issued_at": time_s(row["issued_at"]), "next_try": time_us(row["next_try"])}
    return Delivery(**{**row, **times})


def end_delivery(connection: Connection, delivery: Delivery, **change: Any) -> None:
    """Change a pending delivery; one that has ended stays as it ended."""
    o = t.outbox.c
    done = connection.execute(sa.update(t.outbox).where(o.id == delivery.id, o.state == "pending").values(change))
    there = done.rowcount or connection.execute(sa.select(o.id).where(o.id == delivery.id)).first()
    if not there:
        raise StoreError(f"delivery {delivery.id} to {delivery.sink!r} is not in the outbox (any more)")


def begin_step(connection: Connection, pipeline: str, issued_at: np.datetime64) -> None:
    key = {"pipeline": pipeline, "issued_at": seconds(issued_at)}
    row = {"state": "running", "reason": "", "revision": -1, "ended_at": None}
    if not insert_new(connection, t.step, {**key, **row}) and may_begin(_state(connection, key)):
        _change(connection, key, row)


def end_step(
    connection: Connection, pipeline: str, issued_at: np.datetime64, state: str, reason: str, at: np.datetime64
) -> None:
    key = {"pipeline": pipeline, "issued_at": seconds(issued_at)}
    row = {"state": state, "reason": plain(reason), "revision": -1, "ended_at": micros(at)}
    if not replaces(state, _state(connection, key)):
        return
    if not insert_new(connection, t.step, {**key, **row}):
        _change(connection, key, row)


def _state(connection: Connection, key: Row) -> str | None:
    s = t.step.c
    found = sa.select(s.state).where(s.pipeline == key["pipeline"], s.issued_at == key["issued_at"]).with_for_update()
    return connection.execute(found).scalar()


def _change(connection: Connection, key: Row, row: Row) -> None:
    s = t.step.c
    here = sa.and_(s.pipeline == key["pipeline"], s.issued_at == key["issued_at"])
    connection.execute(sa.update(t.step).where(here).values(row))
