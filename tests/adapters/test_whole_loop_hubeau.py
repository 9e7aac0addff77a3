"""The whole loop with two sources: rivers from Hub'Eau, which has no rain, and rain from CSV files. Nobody can write to
Hub'Eau: what is forecast goes to CSV files, and what came is in the record, from which a backtest sees what each cycle
saw."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import numpy as np
import pytest
from hubeau_host import ROOT, Hubeau, answered, row
from web_server import Server
from whole_loop import (
    BEGIN,
    CYCLES,
    DAYS,
    STEP,
    Clock,
    Hosted,
    Rows,
    flood_record,
    registry_with,
    rows_between,
    run_loop,
    write_files,
)

from hydria_csv import CsvSource
from hydria_plugin import Host, Wanted
from hydria_plugin.config import open_store, read_config
from hydria_plugin.workshop import training

RIVERS = {"q_up": ("V711501001", "Q"), "h_down": ("V714401001", "H")}
PATH = f"{ROOT}/observations_tr"
LAST = BEGIN + (DAYS * 24 - 1) * STEP


def put_into(hubeau: Hubeau, rain: Path, rows: Rows) -> None:
    """As Hub'Eau would have it: millimetres and litres, in pages of 500, a site row beside each discharge."""
    hubeau.now = rows.times.max().astype("datetime64[us]") + np.timedelta64(150, "s")
    with (rain / f"{rows.times.max()}.csv".replace(":", "")).open("w") as file:
        file.write("time,series,value\n")
        for series, time, value in zip(rows.series, rows.times, rows.values, strict=True):
            if series not in RIVERS:
                file.write(f"{time}Z,{series},{value}\n")
                continue
            code, quantity = RIVERS[series]
            hubeau.rows.append(row(code, quantity, f"{time}Z", float(round(value * 1000))))
            if quantity == "Q":
                hubeau.rows.append(row(None, quantity, f"{time}Z", 1.0, site=code[:8]))


def sources(hubeau: Hubeau, **more: object) -> str:
    """Rivers from Hub'Eau, the rest from files."""
    names = ", ".join(f'"{code}.{quantity}" = "{ours}"' for ours, (code, quantity) in RIVERS.items())
    options = "".join(f", {name} = {value}" for name, value in more.items())
    rivers = f'use = "hubeau", url = "{hubeau.url}", record = "record", pause_s = 0, size = 500{options}'
    return f"""[
  {{ {rivers}, names = {{ {names} }}, takes = ["q_*", "h_*"] }},
  {{ use = "csv", path = "rain", settle = "0s" }},
]"""


@pytest.fixture
def hubeau(web_server: Server) -> Hubeau:
    return Hubeau(web_server)


def test_whole_loop_through_hubeau(tmp_path: Path, hubeau: Hubeau, monkeypatch: pytest.MonkeyPatch) -> None:
    rain = tmp_path / "rain"
    rain.mkdir()
    at = LAST.astype("datetime64[us]") + np.timedelta64(180, "s")
    monkeypatch.setattr(training, "now", lambda: at)  # the hour of the story, of which Hub'Eau keeps the month before
    sinks = ['{ use = "csv", path = "out", form = "long" }']
    hosted = Hosted(lambda rows: put_into(hubeau, rain, rows), sources(hubeau), sinks, {"hubeau": "hydria_hubeau"})
    loop = run_loop(tmp_path, hosted)
    assert any(a.get("cursor") for a in hubeau.asked), "the month came in pages"
    for bulletin in loop.bulletins:
        stamp = f"{str(bulletin.issued_at)[:16].replace(':', '').replace('-', '')}*r0.csv"
        with next((tmp_path / "out" / "loop").glob(stamp)).open() as lines:
            told = np.array([float(r["value"]) for r in csv.DictReader(lines)])
        np.testing.assert_allclose(told.reshape(bulletin.forecast.values.shape), bulletin.forecast.values, rtol=1e-6)
    alerts = "".join(p.read_text() for p in (tmp_path / "out" / "loop").glob("*_alerts.csv"))
    assert all(alert.event in alerts for alert in loop.news)
    events = {json.loads(p.read_text())["event"] for p in (tmp_path / "out" / "reports").glob("*.json")}
    assert events == {r.event for r in loop.reports} and "" not in events
    check_record(tmp_path)


def test_hubeau_away_for_two_cycles(tmp_path: Path, hubeau: Hubeau) -> None:
    """The rain goes on; the bulletins say who is away; when it is back its hours are read, and the step is revised."""
    rain = tmp_path / "rain"
    rain.mkdir()
    modules = {"hubeau": "hydria_hubeau"}
    hosted = Hosted(lambda rows: put_into(hubeau, rain, rows), sources(hubeau, tries=1), modules=modules)
    path, registry = write_files(tmp_path, hosted), registry_with(modules)
    path.write_text(path.read_text().replace('["ridge", "persistence"]', '["persistence"]'))
    path.write_text(path.read_text().replace("[pipelines.loop.forecaster.ridge]\nfolds = 2\n", ""))
    settings, clock, down = read_config(path, registry=registry), Clock(), [answering(503)]
    up, observed = hubeau.server.says[PATH], []
    hosted.put(rows_between(0, DAYS * 24))
    with Host(settings, registry, open_store(settings, registry), clock) as host:
        for n in range(-1, CYCLES):
            hubeau.server.says[PATH] = down if n in (0, 1) else up
            if n >= 0:
                hosted.put(rows_between(DAYS * 24 + n, DAYS * 24 + n + 1))
            issued_at = BEGIN + (DAYS * 24 + n) * STEP
            clock.now = (issued_at + np.timedelta64(200, "s")).astype("datetime64[us]")
            observed.append(host.run_once("loop", issued_at))
        hubeau.server.says[PATH] = down
        clock.now += np.timedelta64(300, "s")
        assert host.run_once("loop", issued_at).revision == 0, "what is held stands, whoever is away"
        assert host.replay("loop", issued_at).digests["inputs"] == observed[-1].digests["inputs"]
    gaps = [np.isnan(b.summary.observed[:, -1]).tolist() for b in observed]
    assert gaps == [[False] * 2, [True] * 2, [True] * 2, [False] * 2]
    for bulletin, is_away in zip(observed, (False, True, True, False), strict=True):
        told = [p for p in bulletin.problems if p.stage == "source hubeau"]
        assert len(told) == is_away and all("HTTP 503" in p.error and "nothing after" in p.error for p in told), told
        assert (bulletin.summary.availability[0, :2] == 1).all(), "the rain is whole"
    truth = flood_record()
    for station, series in enumerate(RIVERS):
        last = observed[-1].summary.observed[station]
        expected = truth[series][DAYS * 24 + CYCLES - len(last) : DAYS * 24 + CYCLES]
        np.testing.assert_allclose(last, expected, atol=5e-4)


def answering(status: int) -> Callable[[BaseHTTPRequestHandler], None]:
    return lambda handler: answered(handler, status, b"")


def check_record(folder: Path) -> None:
    """As of each cycle the record gives what the cycle had, and nothing of what came later."""
    source, truth = CsvSource(path="record", folder=folder), flood_record()
    for n in range(CYCLES):
        issued_at = BEGIN + (DAYS * 24 + n) * STEP
        known_at = (issued_at + np.timedelta64(200, "s")).astype("datetime64[us]")
        after = LAST + 10 * STEP
        table = source.read(Wanted(tuple(RIVERS), LAST, after, known_at, after, STEP))
        for series in RIVERS:
            mine = table[table["series"] == series]
            np.testing.assert_allclose(mine["value"], truth[series][DAYS * 24 - 1 : DAYS * 24 + n + 1], atol=5e-4)
            assert set(mine["received_at"].iloc[1:].dt.strftime("%M:%S")) == {"03:20"}, "received when the cycle ran"
