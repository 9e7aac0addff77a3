"""Explanations, kept beside their bulletin."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "hydria_report",
        sa.Column("pipeline", sa.String, primary_key=True, nullable=False),
        sa.Column("issued_at", sa.BigInteger, primary_key=True, nullable=False),
        sa.Column("revision", sa.Integer, primary_key=True, nullable=False),
        sa.Column("place", sa.Integer, primary_key=True),
        sa.Column("body", sa.Text, nullable=False),
    )
