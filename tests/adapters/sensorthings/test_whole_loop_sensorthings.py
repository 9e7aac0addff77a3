"""The whole loop through a real SensorThings server, whose own answers say what reached it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from mosquitto import Mosquitto, retained
from sensorthings_server import PASSWORD, USER, SensorThings
from whole_loop import BEGIN, DAYS, SERIES, Hosted, Rows, run_loop

UNITS = {"q_up": "l/s", "h_down": "cm", "r1": "mm", "r2": "mm", "r3": "mm"}  # what the host measures in
TO_HOST = {"l/s": 1000.0, "cm": 100.0, "mm": 1.0}
KEPT = BEGIN + np.timedelta64(DAYS - 15, "D")  # the server holds a fortnight: it gives some hundred rows a second


def test_whole_loop_through_a_server_and_a_broker(
    server: SensorThings, mosquitto: Mosquitto, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setenv("STA_PASSWORD", PASSWORD)
    ids = {s: server.station(f"Station {s}", {s: (UNITS[s], s)})[s] for s in SERIES}

    def put(rows: Rows) -> None:
        for series in dict.fromkeys(rows.series):
            times, values = (column[rows.of(series)[0] > KEPT] for column in rows.of(series))
            scale = TO_HOST[UNITS[series]]
            server.observe(ids[series], [(f"{t}Z", float(v) * scale) for t, v in zip(times, values, strict=True)])

    access = f'url = "{server.address}", user = "{USER}", password = "${{STA_PASSWORD}}"'
    source = f'{{ use = "sensorthings", {access}, series = "{{name}}", timeout_s = 60 }}'
    sink = f'{{ use = "sensorthings", {access}, timeout = "2min" }}'
    broker = f'{{ use = "mqtt", url = "{mosquitto.address}" }}'
    loop = run_loop(tmp_path, Hosted(put, source, [sink, broker], {"sensorthings": "hydria_sensorthings"}))
    check_quantiles(server, loop)
    check_warnings(server, loop)
    check_reports(server, loop)
    check_broker(retained(mosquitto.port), loop)


def check_quantiles(server: SensorThings, loop) -> None:
    for bulletin in loop.bulletins:
        for row, station in enumerate(bulletin.layout.stations):
            quantity, unit = bulletin.layout.quantities[row], bulletin.layout.units[row]
            for q, quantile in enumerate(bulletin.forecast.quantiles):
                stream = named(server, f"{station} {quantity} forecast q{quantile:g} (loop)")
                assert stream["unitOfMeasurement"]["symbol"] == unit
                held = at(server, stream, bulletin.issued_at)
                assert sorted(held) == [f"{t}+00:00" for t in bulletin.forecast.valid_times()]
                told = [held[time]["result"] for time in sorted(held)]
                np.testing.assert_allclose(told, bulletin.forecast.values[row, :, q], rtol=1e-6)


def check_warnings(server: SensorThings, loop) -> None:
    for alert in loop.news:
        held = at(server, named(server, f"{alert.station} warning level (loop)"), alert.issued_at)
        (observation,) = held.values()
        assert observation["result"] == alert.rank + 1
        assert observation["parameters"]["event"] == alert.event


def check_reports(server: SensorThings, loop) -> None:
    for report in loop.reports:
        stream = named(server, f"{report.station} {report.kind} report")
        held = at(server, stream, np.datetime64(report.body["issued_at"][:-1]))
        (observation,) = held.values()
        assert observation["parameters"]["headline"] == report.headline
        assert observation["parameters"]["event"] == report.event and report.event
        assert observation["parameters"]["body"]["leads"]["median"] == report.body["leads"]["median"]


def check_broker(held: dict[str, bytes], loop) -> None:
    """It keeps the last bulletin, the last news and the last report of each station."""
    last = loop.bulletins[-1]
    for row, station in enumerate(last.layout.stations):
        told = json.loads(held[f"hydria/loop/{station}/forecast"])
        assert told["issued_at"] == f"{last.issued_at}Z"
        np.testing.assert_allclose(told["values"], last.forecast.values[row], rtol=1e-6)
        news = [alert for alert in loop.news if alert.station == station][-1]
        alert = json.loads(held[f"hydria/loop/{station}/alert"])
        assert (alert["event"], alert["sequence"], alert["level"]) == (news.event, news.sequence, news.rank + 1)
        report = [r for r in loop.reports if r.station == station][-1]
        assert json.loads(held[f"hydria/reports/{station}/{report.kind}"])["event"] == report.event == news.event
    assert held["hydria/status"] in (b"online", b"offline")


def named(server: SensorThings, name: str) -> dict:
    (stream,) = server.all("Datastreams", filter=f"name eq '{name}'")
    return stream


def at(server: SensorThings, stream: dict, issued_at: np.datetime64) -> dict[str, dict]:
    """phenomenonTime -> observation of an issue time; a time that comes twice fails."""
    path = f"Datastreams('{stream['@iot.id']}')/Observations"
    held = server.all(path, filter=f"resultTime eq {issued_at}Z")
    assert len({o["phenomenonTime"] for o in held}) == len(held)
    return {o["phenomenonTime"]: o for o in held}
