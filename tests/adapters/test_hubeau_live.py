"""The live services, where there is a network: `pytest -m soak`. Nothing that they answer is kept."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta

import pytest
from hubeau_host import wanted

from hydria_hubeau.hubeau import HubeauSource
from hydria_hubeau.vigicrues import VigicruesSource
from hydria_plugin import Source

pytestmark = pytest.mark.soak
STATION = "K490003010"  # of the Loire; one of the few whose forecasts the State publishes
SERVICES = {"hubeau.eaufrance.fr": HubeauSource, "www.vigicrues.gouv.fr": VigicruesSource}


@pytest.mark.parametrize("host", SERVICES)
def test_the_newest_levels_are_read(host: str) -> None:
    try:
        socket.getaddrinfo(host, 443)
    except OSError as error:
        pytest.skip(f"no network to {host}: {error}")
    source = SERVICES[host]()
    assert isinstance(source, Source)
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0, tzinfo=None)
    table = source.read(wanted([f"{STATION}.H"], (now - timedelta(hours=12)).isoformat(), now.isoformat()))
    assert len(table), table.attrs["problems"]
    assert table["value"].between(-5.0, 20.0).all()  # m
    assert table["time"].max() <= now.replace(tzinfo=UTC)
    assert table["time"].is_unique
