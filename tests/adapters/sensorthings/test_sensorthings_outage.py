"""A broker and a SensorThings server that are down for an hour of a host's cycles: the outbox holds what was made, and
once they are back they are told all of it, once, in order; the other sink of the pipeline notices nothing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from mosquitto import Listener, Mosquitto, retained
from outage import CYCLES, run_outage
from sensorthings_server import PASSWORD, USER, SensorThings
from test_sensorthings_sink import state
from test_whole_loop_sensorthings import check_broker
from whole_loop import STATIONS, Loop

from hydria_plugin.exchange import Web

MODULES = {"sensorthings": "hydria_sensorthings"}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tries within a call follow at once; the outbox waits on the clock of the test."""
    monkeypatch.setitem(Web.__init__.__kwdefaults__, "sleep", lambda seconds: None)


def test_a_broker_down_for_an_hour(mosquitto: Mosquitto, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    ears: list[Listener] = []

    def up() -> None:
        mosquitto.start()
        ears.append(Listener(mosquitto.port))
        assert ears[0].wait(lambda: ears[0]._subscribed)

    loop = run_outage(tmp_path, caplog, f'{{ use = "mqtt", url = "{mosquitto.address}" }}', MODULES, mosquitto.stop, up)
    forecasts = len(STATIONS) * (CYCLES - 1)
    assert ears[0].wait(lambda: sum(topic.endswith("/forecast") for topic, _ in ears[0].heard) >= forecasts)
    check_broker(retained(mosquitto.port), loop)
    ears[0].close()
    check_heard(ears[0].heard, loop)


def check_heard(heard: list[tuple[str, bytes]], loop: Loop) -> None:
    """What was missed and what came after, each once and in its order; an alert before what explains it."""
    told = [json.loads(text) for topic, text in heard if topic != "hydria/status"]
    late = loop.bulletins[1:]
    forecasts = [(one["station"], one["issued_at"]) for one in told if one["kind"] == "forecast"]
    assert forecasts == [(station, f"{b.issued_at}Z") for b in late for station in b.layout.stations]
    alerts = [(one["event"], one["sequence"]) for one in told if one["kind"] == "alert"]
    assert alerts == [(a.event, a.sequence) for b in late for a in b.alerts if a.is_news]
    reports = [(one["event"], one["headline"]) for one in told if one["kind"] == "report"]
    assert reports == [(r.event, r.headline) for b in late for r in b.reports]
    assert len(told) == len(forecasts + alerts + reports)
    kinds = [(one["kind"], one["event"]) for one in told if one["kind"] != "forecast"]
    assert all(kinds.index(("alert", event)) < kinds.index(("report", event)) for event, _ in reports)


def test_a_server_down_for_an_hour(
    server: SensorThings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("STA_PASSWORD", PASSWORD)
    access = f'url = "{server.address}", user = "{USER}", password = "${{STA_PASSWORD}}"'
    sink = f'{{ use = "sensorthings", {access}, timeout = "2min" }}'
    loop = run_outage(tmp_path, caplog, sink, MODULES, server.stop, server.start)
    check_held(server, loop)
    for part in ("forecast", "bulletins"):
        issues = [issue for name, issue in server.taken() if part in name]
        assert issues == sorted(issues) and len(set(issues)) == CYCLES, "in order"
    taken = server.taken()
    for report in loop.reports:
        alert, told = (
            next(n for n, (name, _) in enumerate(taken) if name.startswith(f"{report.station} {kind}"))
            for kind in ("warning level", f"{report.kind} report")
        )
        assert alert < told, "an alert before what explains it"


def check_held(server: SensorThings, loop: Loop) -> None:
    """Every number of every bulletin, its news and their reports; and nothing else."""
    held = state(server)  # fails where an observation is there twice

    def take(station: str, stream: str, issue: object, valid: object) -> tuple[float, dict]:
        value, more = held.pop((f"{station}: {station} {stream}", f"{issue}+00:00", f"{valid}+00:00"))
        return value, json.loads(more)

    for b in loop.bulletins:
        for row, station in enumerate(b.layout.stations):
            for q, quantile in enumerate(b.forecast.quantiles):
                stream = f"{b.layout.quantities[row]} forecast q{quantile:g} (loop)"
                told = [take(station, stream, b.issued_at, t)[0] for t in b.forecast.valid_times()]
                np.testing.assert_allclose(told, b.forecast.values[row, :, q], rtol=1e-6)
    for alert in loop.news:
        level, more = take(alert.station, "warning level (loop)", alert.issued_at, alert.issued_at)
        assert (level, more["event"], more["sequence"]) == (alert.rank + 1, alert.event, alert.sequence)
    for report in loop.reports:
        issue = np.datetime64(report.body["issued_at"][:-1])
        assert take(report.station, f"{report.kind} report", issue, issue)[1]["headline"] == report.headline
    assert {name for name in held if isinstance(name, tuple) and "bulletins" not in name[0]} == set()
