"""The source `vigicrues` against a server that answers as the service does, errors with HTTP 200 among it."""

from __future__ import annotations

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pandas as pd
import pytest
from hubeau_host import NOW, answered, errors, wanted
from web_server import Server, text

from hydria_hubeau.vigicrues import VigicruesSource
from hydria_plugin import ConfigError, FeedError, Flag
from hydria_plugin.exchange import moment
from hydria_plugin.testing import check_source

ROOT = "/services"
SEEN, AHEAD = f"{ROOT}/observations.json/index.php", f"{ROOT}/previsions.json/index.php"
H, Q = "K490003010.H", "K490003010.Q"
NONE = json.dumps({"error_msg": "Cette station n'est pas une station de prévisions", "code": 400}).encode()


def milliseconds(time: str) -> int:
    return int(moment(time).astype(int)) // 1000


def observed(code: str, quantity: str, points: list[Any]) -> bytes:
    series = {"CdStationHydro": code, "LbStationHydro": "Ici", "GrdSerie": quantity, "ObssHydro": points}
    return json.dumps({"VersionFlux": "Beta 0.4f", "Serie": series}).encode()


def forecast(prevs: Any, issued: Any = "2026-11-26T06:30:00+02:00", quantity: str = "H") -> bytes:
    run = {"CdEntVigiCru": "K490003010", "GrdSimul": quantity, "DtProdSimul": issued, "Prevs": prevs}
    return json.dumps({"Simul": run}).encode()


def by_station(answers: dict[tuple[str, str], bytes]) -> Callable[[BaseHTTPRequestHandler], None]:
    def say(handler: BaseHTTPRequestHandler) -> None:
        params = dict(parse_qsl(urlsplit(handler.path).query))
        answered(handler, 200, answers[params["CdStationHydro"], params["GrdSerie"]])

    return say


POINTS = [[milliseconds(f"2026-11-26T0{h}:00:00Z"), round(0.4 + h / 100, 2)] for h in range(6)]
PREVS = [
    {"DtPrev": "2026-11-26T09:00:00+02:00", "ResMinPrev": 0.42, "ResMoyPrev": 0.43, "ResMaxPrev": 0.44},
    {"DtPrev": "2026-11-26T10:00:00+02:00", "ResMinPrev": 0.5, "ResMoyPrev": 0.6, "ResMaxPrev": 0.8},
]


def source(server: Server, **options: Any) -> VigicruesSource:
    made = VigicruesSource(url=f"{server.address}{ROOT}", pause_s=0, clock=lambda: NOW, **options)
    made._polling.web._sleep = lambda _: None
    return made


@pytest.fixture
def server(web_server: Server) -> Server:
    both = {
        ("K490003010", "H"): observed("K490003010", "H", POINTS),
        ("K490003010", "Q"): observed("K490003010", "Q", POINTS),
    }
    web_server.says[SEEN] = [by_station(both)]
    web_server.says[AHEAD] = [by_station({("K490003010", "H"): forecast(PREVS), ("K490003010", "Q"): NONE})]
    return web_server


def test_observations_in_their_own_units(server: Server) -> None:
    table = source(server).read(wanted([H, Q]))
    assert errors(table) == [] and set(table["flag"]) == {Flag.UNKNOWN}
    assert table[table["series"] == H]["value"].tolist() == [0.4, 0.41, 0.42, 0.43, 0.44, 0.45]
    assert [dict(parse_qsl(urlsplit(c[1]).query)) for c in server.calls] == [
        {"CdStationHydro": "K490003010", "GrdSerie": g, "FormatSortie": "simple"} for g in "HQ"
    ]


def test_points_with_iso_times_of_any_zone(server: Server) -> None:
    points = [
        {"DtObsHydro": "2026-11-26T03:00:00+02:00", "ResObsHydro": 1.5},
        {"dtobshydro": "2026-11-26T02:00:00", "RESOBSHYDRO": "2"},
    ]
    server.says[SEEN] = [text(200, observed("K490003010", "H", points))]
    table = source(server).read(wanted([H]))
    assert table["time"].dt.hour.tolist() == [1, 2] and table["value"].tolist() == [1.5, 2.0]


def test_a_forecast_has_its_issue_time_and_each_tendency_is_a_series(server: Server) -> None:
    table = source(server).read(wanted([f"{H}.{t}" for t in ("min", "moy", "max")]))
    assert len(server.calls) == 1 and errors(table) == []
    assert set(table["issued_at"]) == {pd.Timestamp("2026-11-26T04:30", tz="UTC")}
    cells = {(s, t.hour): v for s, t, v in zip(table["series"], table["time"], table["value"], strict=True)}
    assert cells == {(f"{H}.min", 7): 0.42, (f"{H}.moy", 7): 0.43, (f"{H}.max", 7): 0.44, (f"{H}.min", 8): 0.5,
                     (f"{H}.moy", 8): 0.6, (f"{H}.max", 8): 0.8}  # fmt: skip
    assert len(source(server).read(wanted([f"{H}.moy"], issued_at="2026-11-26T04:20"))) == 0  # not issued yet


def test_promises_of_a_source(server: Server) -> None:
    check_source(source(server), wanted([H, Q, f"{H}.moy", "nobody", "K4900030.Q"]))


def test_no_forecast_is_no_failure_and_said_once(server: Server) -> None:
    made = source(server)
    series = [H, f"{Q}.moy"]
    assert errors(made.read(wanted(series))) == ["Vigicrues has no forecast of K490003010 Q at present"]
    assert errors(made.read(wanted(series))) == []
    for message in (
        forecast([]),
        b'{"message": "Probl\\u00e8me : toutes pr\\u00e9visions", "code": 204}',
        b'{"Simul": {}}',
        b'{"Simul": []}',
    ):
        server.says[AHEAD] = [text(200, message)]
        assert any("no forecast" in e for e in errors(source(server).read(wanted([H, f"{H}.moy"])))), message


@pytest.mark.parametrize(
    "message", [b'[{"error_msg": "Erreur de station", "code": 404}]', b'{"error_msg": "Erreur de station"}']
)
def test_errors_that_come_as_200(server: Server, message: bytes) -> None:
    server.says[SEEN] = [text(200, message)]
    with pytest.raises(FeedError, match="the service answers 'Erreur de station"):
        source(server).read(wanted([H]))


def test_sites_are_not_asked_for(server: Server) -> None:
    table = source(server).read(wanted([H, "K4900030.Q"]))
    (told,) = errors(table)
    assert "'K4900030.Q' cannot be of Vigicrues, which has stations only" in told and len(server.calls) == 1


def test_one_station_that_fails_leaves_the_others(server: Server) -> None:
    both = {("K490003010", "H"): observed("K490003010", "H", POINTS), ("A000000001", "H"): b'{"error_msg": "Erreur"}'}
    server.says[SEEN] = [by_station(both)]
    table = source(server).read(wanted([H, "A000000001.H"]))
    assert len(table) == 6 and "Erreur" in errors(table)[0]


def test_another_series_than_asked_for_is_not_used(server: Server) -> None:
    server.says[SEEN] = [text(200, observed("K490003010", "H", POINTS))]
    with pytest.raises(FeedError, match="K490003010 Q was asked for, 'K490003010 H' came; it is not used"):
        source(server).read(wanted([Q]))
    server.says[AHEAD] = [text(200, forecast(PREVS, quantity="Q"))]
    with pytest.raises(FeedError, match="H was asked for"):
        source(server).read(wanted([f"{H}.moy"]))


def test_old_paths_that_redirect(server: Server) -> None:
    server.says["/services/v1.1/observations.json/index.php"] = [
        text(302, Location=f"{SEEN}?CdStationHydro=K490003010&GrdSerie=H&FormatSortie=simple")
    ]
    made = VigicruesSource(url=f"{server.address}/services/v1.1", pause_s=0, clock=lambda: NOW)
    assert len(made.read(wanted([H]))) == 6


def test_broken_points_are_told(server: Server) -> None:
    points = [
        [milliseconds("2026-11-26T01:00:00Z"), None],
        ["x", 1],
        [1e300, 2],
        [True, 3],
        7,
        [1, 2, 3],
        [1, "a"],
        {"a": 1},
    ]
    server.says[SEEN] = [text(200, observed("K490003010", "H", points))]
    table = source(server).read(wanted([H]))
    assert len(table) == 1 and np.isnan(table["value"][0])
    told = [e for e in errors(table) if "clock" not in e]  # the server that tests tells today's date
    assert len(told) == 2 and "no time and number; it is not used (and 3 more" in told[0] and "(and 2 more" in told[1]


def test_a_forecast_of_unknown_age_is_not_used(server: Server) -> None:
    server.says[AHEAD] = [text(200, forecast(PREVS, issued=None))]
    with pytest.raises(FeedError, match="DtProdSimul 'None' is no time"):
        source(server).read(wanted([f"{H}.moy"]))


def test_a_tendency_that_is_absent_is_left_out(server: Server) -> None:
    server.says[AHEAD] = [text(200, forecast([{"DtPrev": "2026-11-26T08:00:00Z", "ResMoyPrev": 1.0}]))]
    table = source(server).read(wanted([f"{H}.min", f"{H}.moy"]))
    assert table["series"].tolist() == [f"{H}.moy"]


def test_wrong_options() -> None:
    with pytest.raises(ConfigError, match="must hold {tendance}"):
        VigicruesSource(forecast_id="{code}.{grandeur}.prev")
