"""Broken messages of Hub'Eau and Vigicrues: refused or read, never a traceback."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hubeau_host import Hubeau, row
from mutations import check_survives
from test_vigicrues import POINTS, PREVS, forecast, observed
from web_server import Server

from hydria_hubeau import bulletins
from hydria_hubeau.names import Key
from hydria_hubeau.observations import Place, observations, page
from hydria_hubeau.referential import gauges, remarks
from hydria_hubeau.telling import Tally
from hydria_plugin.exchange import Answer

KEY = Key("K490003010", "H")
PLACES = {Key(KEY.code, q, t): (Place(f"{q}{t}", 0.001, "m"),) for q in ("H", "Q") for t in ("", "min", "moy", "max")}


def parsed(data: bytes) -> object:
    return Answer(200, {}, data, "GET test").json()


def read_page(data: bytes) -> object:
    tally = Tally()
    one = page(parsed(data), "test")
    observations(one.rows, PLACES, tally)
    return tally.problems()


def read_referential(data: bytes) -> object:
    found = list(gauges(page(parsed(data), "test").rows))
    return list(remarks(found, found, "H"))


def read_observed(data: bytes) -> object:
    return bulletins.observations(parsed(data), KEY, "test", PLACES, Tally())


def read_forecast(data: bytes) -> object:
    return bulletins.forecasts(parsed(data), KEY, "test", PLACES, Tally())


def messages_of_hubeau(server: Server) -> list[bytes]:
    rows = [row(KEY.code, q, f"2026-11-26T0{h}:00:00Z", 1000.0 + h) for q in "HQ" for h in range(4)]
    host = Hubeau(server, rows)
    return [host.answer({"size": "3"})[1], host.answer({})[1], host.answer({"size": "3", "cursor": "Mw=="})[1]]


STATION = {
    "code_station": KEY.code, "libelle_station": "Ici", "longitude_station": 4.7, "latitude_station": 49.7,
    "altitude_ref_alti_station": 140.43, "code_systeme_alti_site": 3, "commentaire_station": "TU", "en_service": True,
}  # fmt: skip
REFERENTIAL = [json.dumps({"count": 2, "next": None, "data": [STATION, STATION]}).encode()]
SEEN = [
    observed(KEY.code, "H", POINTS),
    observed(KEY.code, "H", [{"DtObsHydro": "2026-11-26T00:00:00Z", "ResObsHydro": 1.0}] * 3),
    b'{"error_msg": "Erreur", "code": 400}',
]
AHEAD = [forecast(PREVS), forecast([]), b'[{"message": "rien", "code": 204}]']
CASES = [
    (read_referential, REFERENTIAL),
    (read_observed, SEEN),
    (read_forecast, AHEAD),
]


@pytest.mark.parametrize("count", [600, pytest.param(10_000, marks=pytest.mark.soak)])
def test_pages_of_hubeau(web_server: Server, count: int) -> None:
    assert check_survives(read_page, messages_of_hubeau(web_server), count) > count // 4


@pytest.mark.parametrize("count", [600, pytest.param(10_000, marks=pytest.mark.soak)])
@pytest.mark.parametrize(("read", "messages"), CASES, ids=lambda c: getattr(c, "__name__", ""))
def test_other_messages(read: Callable[[bytes], object], messages: list[bytes], count: int) -> None:
    assert check_survives(read, messages, count) > count // 4


def test_what_is_broken_here_is_read_when_whole(web_server: Server) -> None:
    """Else the tests above would break nothing."""
    assert read_page(messages_of_hubeau(web_server)[1]) == []
    assert len(list(read_referential(REFERENTIAL[0]))) > 2  # type: ignore[call-overload]
    assert len(read_observed(SEEN[0])) == 6  # type: ignore[arg-type]
    assert len(read_forecast(AHEAD[0])) == 6  # type: ignore[arg-type]
    assert Path(__file__).exists()
