"""One suite over both databases: an SQLite file, and a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sql_places import Place


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """An empty database of the host's."""
    if request.param == "sqlite":
        file = tmp_path / "platform.db"
        file.touch()
        url = f"sqlite:///{file}"
    else:
        url = request.getfixturevalue("postgresql").database()
    made = Place(url, sa.create_engine(url))
    yield made
    made.close()


@pytest.fixture
def pg(postgresql, tmp_path: Path) -> Iterator[Place]:
    """An empty database on PostgreSQL, for what SQLite does not have."""
    url = postgresql.database()
    made = Place(url, sa.create_engine(url))
    yield made
    made.close()
