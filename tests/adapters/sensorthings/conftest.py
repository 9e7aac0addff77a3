"""One real SensorThings server for the tests of this folder; each test hangs on it what it needs, under its own names."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from sensorthings_server import SensorThings, sensorthings_of


@pytest.fixture(scope="session")
def running() -> Iterator[SensorThings]:
    server, end = sensorthings_of()
    try:
        yield server
    finally:
        end()


@pytest.fixture
def server(running: SensorThings) -> SensorThings:
    """The server, empty."""
    running.empty()
    return running


@pytest.fixture
def name() -> str:
    return f"t{uuid.uuid4().hex[:8]}"
