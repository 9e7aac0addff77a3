"""One suite over all stores, against a real PostgreSQL that runs for the session."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hydria_plugin import Store
from hydria_plugin.stores import hydria_stores

Open = Callable[[], Store]


@pytest.fixture(params=["sqlite", "postgresql"])
def sql_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'hydria.db'}"
    return str(request.getfixturevalue("postgresql").database())


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens the same store again and again, as restarts do; one in memory is simply handed out again."""
    build, opened = hydria_stores()[request.param], []
    if request.param == "memory":
        only = build(url="memory:")
        yield lambda: only
        return
    sqlite = request.param == "sqlite"
    url = "sqlite:///hydria.db" if sqlite else request.getfixturevalue("postgresql").database()

    def open_again() -> Store:
        opened.append(build(url=url, folder=tmp_path))
        return opened[-1]

    yield open_again
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: Open) -> Store:
    return open_store()
