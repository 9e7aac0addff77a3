"""Bulletins, alerts, states, observations, the ledger and the outbox."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BIG, TEXT, BLOB = sa.BigInteger, sa.Text, sa.LargeBinary


def key(primary: bool = True) -> tuple[sa.Column[str], sa.Column[int], sa.Column[int]]:
    return (
        sa.Column("pipeline", sa.String, primary_key=primary, nullable=False),
        sa.Column("issued_at", BIG, primary_key=primary, nullable=False),
        sa.Column("revision", sa.Integer, primary_key=primary, nullable=False),
    )


def number() -> sa.Column[int]:
    return sa.Column("id", BIG().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True)


def must(name: str, kind: type[sa.types.TypeEngine[Any]]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def upgrade() -> None:
    bulletins()
    learning()
    ledger()
    if op.get_bind().dialect.name == "postgresql":
        leave_uncompressed()


def bulletins() -> None:
    op.create_table("hydria_document", sa.Column("digest", sa.String, primary_key=True), must("body", BLOB))
    op.create_table("hydria_bulletin", *key(), must("known_at", BIG), must("layout", sa.String), must("head", TEXT))
    op.create_table("hydria_block", *key(), sa.Column("number", sa.Integer, primary_key=True), must("body", BLOB))
    op.create_table(
        "hydria_alert",
        *key(),
        sa.Column("station", sa.String, primary_key=True),
        *(must("place", sa.Integer), must("is_open", sa.Integer), must("next_at", BIG), must("body", TEXT)),
    )
    op.create_index("hydria_alert_standing", "hydria_alert", ["pipeline", "next_at"])
    op.create_index("hydria_alert_station", "hydria_alert", ["pipeline", "station", "issued_at"])


def learning() -> None:
    op.create_table(
        "hydria_state",
        *key(),
        sa.Column("plugin", sa.String, primary_key=True),
        *(must("known_at", BIG), must("body", BLOB)),
    )
    op.create_table(
        "hydria_observations",
        number(),
        *(must("pipeline", sa.String), must("known_at", BIG), must("first_time", BIG), must("last_time", BIG)),
        *(must("series", sa.String), must("body", BLOB)),
    )
    op.create_index("hydria_observations_time", "hydria_observations", ["pipeline", "last_time"])


def ledger() -> None:
    op.create_table(
        "hydria_step",
        sa.Column("pipeline", sa.String, primary_key=True),
        sa.Column("issued_at", BIG, primary_key=True),
        *(must("state", sa.String), must("reason", TEXT), must("revision", sa.Integer), sa.Column("ended_at", BIG)),
    )
    op.create_table(
        "hydria_outbox",
        number(),
        *key(primary=False),
        *(must("sink", sa.String), must("kind", sa.String), must("state", sa.String), must("attempts", sa.Integer)),
        *(must("next_try", BIG), sa.Column("ended_at", BIG), must("error", TEXT)),
        sa.UniqueConstraint("pipeline", "issued_at", "revision", "sink", "kind", name="hydria_outbox_once"),
    )
    op.create_index("hydria_outbox_pending", "hydria_outbox", ["pipeline", "sink", "state", "issued_at"])


def leave_uncompressed() -> None:
    """The digits of a forecast do not compress; PostgreSQL would try for over a second a bulletin of 20 MB."""
    for table in ("hydria_block", "hydria_state", "hydria_observations"):
        op.execute(f"ALTER TABLE {table} ALTER COLUMN body SET STORAGE EXTERNAL")
