"""The tables, as the newest migration leaves them. Times are integers: seconds (issue times) or microseconds (clocks).

All names begin with ``hydria_``, for the store may live in the host's own database.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table, Text, UniqueConstraint
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeEngine

HEAD = "0002"  # the newest revision in migrations/versions
VERSION_TABLE = "hydria_schema"
STANDING = 2**62  # alert.next_at of an alert that nothing has followed yet

metadata = MetaData()


def _table(name: str, *parts: SchemaItem) -> Table:
    return Table(f"hydria_{name}", metadata, *parts)


def _key(name: str, kind: type[TypeEngine[Any]]) -> Column[Any]:
    """A column of the primary key."""
    return Column(name, kind, primary_key=True)


def _fact(name: str, kind: type[TypeEngine[Any]]) -> Column[Any]:
    """A column that every row fills."""
    return Column(name, kind, nullable=False)


def _bulletin(column: Callable[[str, type[TypeEngine[Any]]], Column[Any]]) -> tuple[Column[Any], ...]:
    """What names a bulletin."""
    return column("pipeline", String), column("issued_at", BigInteger), column("revision", Integer)


def _number() -> Column[Any]:
    """The row's number, which the database counts up."""
    return Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)


document = _table(  # layouts and lists of series: large, rarely changing, kept once and referred to
    "document", _key("digest", String), _fact("body", LargeBinary)
)
bulletin = _table(
    "bulletin",
    *_bulletin(_key),
    _fact("known_at", BigInteger),
    _fact("layout", String),
    _fact("head", Text),
)
block = _table(  # the arrays of some stations of a bulletin
    "block",
    *_bulletin(_key),
    _key("number", Integer),
    _fact("body", LargeBinary),
)
alert = _table(  # from issued_at on it is the newest of its station, until next_at
    "alert",
    *_bulletin(_key),
    _key("station", String),
    _fact("place", Integer),
    _fact("is_open", Integer),
    _fact("next_at", BigInteger),
    _fact("body", Text),
    Index("hydria_alert_standing", "pipeline", "next_at"),
    Index("hydria_alert_station", "pipeline", "station", "issued_at"),
)
state = _table(
    "state",
    *_bulletin(_key),
    _key("plugin", String),
    _fact("known_at", BigInteger),
    _fact("body", LargeBinary),
)
observations = _table(
    "observations",
    _number(),
    _fact("pipeline", String),
    _fact("known_at", BigInteger),
    _fact("first_time", BigInteger),
    _fact("last_time", BigInteger),
    _fact("series", String),
    _fact("body", LargeBinary),
    Index("hydria_observations_time", "pipeline", "last_time"),
)
step = _table(
    "step",
    _key("pipeline", String),
    _key("issued_at", BigInteger),
    _fact("state", String),
    _fact("reason", Text),
    _fact("revision", Integer),
    Column("ended_at", BigInteger),
)
outbox = _table(
    "outbox",
    _number(),
    *_bulletin(_fact),
    _fact("sink", String),
    _fact("kind", String),
    _fact("state", String),  # pending | delivered | dropped
    _fact("attempts", Integer),
    _fact("next_try", BigInteger),
    Column("ended_at", BigInteger),
    _fact("error", Text),
    UniqueConstraint("pipeline", "issued_at", "revision", "sink", "kind", name="hydria_outbox_once"),
    Index("hydria_outbox_pending", "pipeline", "sink", "state", "issued_at"),
)
report = _table(  # since 0002
    "report",
    *_bulletin(_key),
    _key("place", Integer),
    _fact("body", Text),
)
