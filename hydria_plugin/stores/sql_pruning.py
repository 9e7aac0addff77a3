"""Forgetting: what retention takes away, and what it must leave."""

from __future__ import annotations

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.sql import ColumnElement

from . import sql_tables as t
from .sql_reading import first_second, time_s

SLICE = 100  # blocks forgotten in one transaction: about a second, for others wait to write meanwhile
_BY_ISSUE = (t.block, t.report, t.outbox, t.step, t.bulletin)


def slice_end(connection: Connection, pipeline: str, before: np.datetime64) -> np.datetime64:
    """Up to where to forget in this transaction; ``before`` in the last one."""
    b = t.block.c
    old = sa.select(b.issued_at).where(b.pipeline == pipeline, b.issued_at < first_second(before))
    reached = connection.execute(old.order_by(b.issued_at).limit(1).offset(SLICE)).scalar()
    return before if reached is None else min(time_s(reached + 1), before)


def prune(connection: Connection, pipeline: str, before: np.datetime64, observed_before: np.datetime64) -> int:
    """Rows dropped. An alert that still stands and the newest state of each plug-in are kept, however old: without
    them an open event would be forgotten and learning begin anew after a long stop."""
    at = first_second(before)
    dropped = sum(_drop(connection, table, _before(table, pipeline, at)) for table in _BY_ISSUE)
    dropped += _drop(connection, t.alert, sa.and_(_before(t.alert, pipeline, at), t.alert.c.next_at < at))
    dropped += _drop(connection, t.state, sa.and_(_before(t.state, pipeline, at), _followed(at)))
    o = t.observations.c
    old = sa.and_(o.pipeline == pipeline, o.last_time < first_second(observed_before))
    dropped += _drop(connection, t.observations, old)
    _drop_unused_documents(connection)
    return dropped


def _before(table: sa.Table, pipeline: str, at: int) -> ColumnElement[bool]:
    return sa.and_(table.c.pipeline == pipeline, table.c.issued_at < at)


def _followed(at: int) -> ColumnElement[bool]:
    """A state of the same plug-in from a later step."""
    later = t.state.alias("later")
    same = sa.and_(later.c.pipeline == t.state.c.pipeline, later.c.plugin == t.state.c.plugin)
    return sa.select(later.c.plugin).where(same, later.c.issued_at > t.state.c.issued_at).exists()


def _drop(connection: Connection, table: sa.Table, where: ColumnElement[bool]) -> int:
    return int(connection.execute(sa.delete(table).where(where)).rowcount)


def _drop_unused_documents(connection: Connection) -> None:
    used = sa.union(sa.select(t.bulletin.c.layout), sa.select(t.observations.c.series))
    connection.execute(sa.delete(t.document).where(t.document.c.digest.not_in(used)))
