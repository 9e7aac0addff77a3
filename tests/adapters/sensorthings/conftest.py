"""One real SensorThings server for the tests of this folder; each begins with an empty one."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from mosquitto import Mosquitto
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


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker that lets everybody in."""
    broker = Mosquitto(tmp_path)
    try:
        yield broker
    finally:
        broker.stop()
