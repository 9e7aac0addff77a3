"""The whole loop through a real SensorThings server, whose own answers say what reached it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from sensorthings_server import PASSWORD, USER, SensorThings
from whole_loop import SERIES, Hosted, Rows, run_loop

UNITS = {"q_up": "l/s", "h_down": "cm", "r1": "mm", "r2": "mm", "r3": "mm"}  # what the host measures in
TO_HOST = {"l/s": 1000.0, "cm": 100.0, "mm": 1.0}


def test_whole_loop_through_a_server(server: SensorThings, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("STA_PASSWORD", PASSWORD)
    ids = {s: server.station(f"Station {s}", {s: (UNITS[s], s)})[s] for s in SERIES}

    def put(rows: Rows) -> None:
        for series in dict.fromkeys(rows.series):
            times, values = rows.of(series)
            scale = TO_HOST[UNITS[series]]
            server.observe(ids[series], [(f"{t}Z", float(v) * scale) for t, v in zip(times, values, strict=True)])

    access = f'address = "{server.address}", user = "{USER}", password = "${{STA_PASSWORD}}"'
    source = f'{{ use = "sensorthings", {access}, series = "{{name}}" }}'
    sink = f'{{ use = "sensorthings", {access}, timeout = "2min" }}'
    loop = run_loop(tmp_path, Hosted(put, source, [sink], {"sensorthings": "hydria_sensorthings"}))
    check_quantiles(server, loop)
    check_warnings(server, loop)
    check_reports(server, loop)


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


def named(server: SensorThings, name: str) -> dict:
    (stream,) = server.all("Datastreams", filter=f"name eq '{name}'")
    return stream


def at(server: SensorThings, stream: dict, issued_at: np.datetime64) -> dict[str, dict]:
    """phenomenonTime -> observation of an issue time; a time that comes twice fails."""
    path = f"Datastreams('{stream['@iot.id']}')/Observations"
    held = server.all(path, filter=f"resultTime eq {issued_at}Z")
    assert len({o["phenomenonTime"] for o in held}) == len(held)
    return {o["phenomenonTime"]: o for o in held}
