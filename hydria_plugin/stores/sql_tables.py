"""The tables, as the newest migration leaves them. Times are integers: seconds (issue times) or microseconds (clocks).

All names begin with ``hydria_``, for the store may live in the host's own database.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table, Text, UniqueConstraint

HEAD = "0002"  # the newest revision in migrations/versions
VERSION_TABLE = "hydria_schema"
STANDING = 2**62  # alert.next_at of an alert that nothing has followed yet

metadata = MetaData()


def _key(primary: bool = True) -> tuple[Column[str], Column[int], Column[int]]:
    """The key of a bulletin."""
    return (
        Column("pipeline", String, primary_key=primary, nullable=False),
        Column("issued_at", BigInteger, primary_key=primary, nullable=False),
        Column("revision", Integer, primary_key=primary, nullable=False),
    )


document = Table(  # layouts and lists of series: large, rarely changing, kept once and referred to
    "hydria_document", metadata, Column("digest", String, primary_key=True), Column("body", LargeBinary, nullable=False)
)
bulletin = Table(
    "hydria_bulletin",
    metadata,
    *_key(),
    Column("known_at", BigInteger, nullable=False),
    Column("layout", String, nullable=False),
    Column("head", Text, nullable=False),
)
block = Table(  # the arrays of some stations of a bulletin
    "hydria_block",
    metadata,
    *_key(),
    Column("number", Integer, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)
alert = Table(  # from issued_at on it is the newest of its station, until next_at
    "hydria_alert",
    metadata,
    *_key(),
    Column("station", String, primary_key=True),
    Column("place", Integer, nullable=False),
    Column("is_open", Integer, nullable=False),
    Column("next_at", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Index("hydria_alert_standing", "pipeline", "next_at"),
    Index("hydria_alert_station", "pipeline", "station", "issued_at"),
)
state = Table(
    "hydria_state",
    metadata,
    *_key(),
    Column("plugin", String, primary_key=True),
    Column("known_at", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
observations = Table(
    "hydria_observations",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("pipeline", String, nullable=False),
    Column("known_at", BigInteger, nullable=False),
    Column("first_time", BigInteger, nullable=False),
    Column("last_time", BigInteger, nullable=False),
    Column("series", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("hydria_observations_time", "pipeline", "last_time"),
)
step = Table(
    "hydria_step",
    metadata,
    Column("pipeline", String, primary_key=True),
    Column("issued_at", BigInteger, primary_key=True),
    Column("state", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("ended_at", BigInteger),
)
outbox = Table(
    "hydria_outbox",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    *_key(primary=False),
    Column("sink", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("state", String, nullable=False),  # pending | delivered | dropped
    Column("attempts", Integer, nullable=False),
    Column("next_try", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("error", Text, nullable=False),
    UniqueConstraint("pipeline", "issued_at", "revision", "sink", "kind", name="hydria_outbox_once"),
    Index("hydria_outbox_pending", "pipeline", "sink", "state", "issued_at"),
)
report = Table(  # since 0002
    "hydria_report",
    metadata,
    *_key(),
    Column("place", Integer, primary_key=True),
    Column("body", Text, nullable=False),
)
