"""The whole loop with Hub'Eau as the source of rivers. Nobody can write to Hub'Eau: what is forecast goes to CSV files,
and what came is in the record, from which a backtest sees what each cycle saw."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from hubeau_host import Hubeau, row
from web_server import Server
from whole_loop import BEGIN, CYCLES, DAYS, STEP, Hosted, Rows, flood_record, run_loop

from hydria_csv import CsvSource
from hydria_plugin import Wanted
from hydria_plugin.workshop import training

RIVERS = {"q_up": ("V711501001", "Q"), "h_down": ("V714401001", "H")}
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


@pytest.fixture
def hubeau(web_server: Server) -> Hubeau:
    return Hubeau(web_server)


def test_whole_loop_through_hubeau(tmp_path: Path, hubeau: Hubeau, monkeypatch: pytest.MonkeyPatch) -> None:
    rain = tmp_path / "rain"
    rain.mkdir()
    at = LAST.astype("datetime64[us]") + np.timedelta64(180, "s")
    monkeypatch.setattr(training, "now", lambda: at)  # the hour of the story, of which Hub'Eau keeps the month before
    names = ", ".join(f'"{code}.{quantity}" = "{ours}"' for ours, (code, quantity) in RIVERS.items())
    source = f'use = "hubeau-and-rain", url = "{hubeau.url}", rain = "rain", record = "record", names = {{ {names} }}'
    sinks = ['{ use = "csv", path = "out", form = "long" }']
    hosted = Hosted(
        lambda rows: put_into(hubeau, rain, rows), f"{{ {source} }}", sinks, {"hubeau-and-rain": "hubeau_and_rain"}
    )
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
