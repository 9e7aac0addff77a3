"""The whole loop through a folder of CSV files: the harness itself, and the adapter that all others are like."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
from whole_loop import CYCLES, DAYS, SERIES, Hosted, Rows, flood_record, rows_between, run_loop


def test_whole_loop_through_csv(tmp_path: Path) -> None:
    feeds = tmp_path / "feeds"
    feeds.mkdir()

    def put(rows: Rows) -> None:
        with (feeds / f"{rows.times.max()}.csv".replace(":", "")).open("w") as file:
            file.write("time,series,value\n")
            file.writelines(f"{t}Z,{s},{v}\n" for s, t, v in zip(rows.series, rows.times, rows.values, strict=True))

    source = '{ use = "csv", path = "feeds", series = "series", value = "value", settle = "0s" }'
    loop = run_loop(tmp_path, Hosted(put, source, ['{ use = "csv", path = "out", form = "long" }']))
    for bulletin in loop.bulletins:
        file = next(
            (tmp_path / "out" / "loop").glob(f"{str(bulletin.issued_at)[:16].replace(':', '').replace('-', '')}*r0.csv")
        )
        with file.open() as lines:
            rows = list(csv.DictReader(lines))
        told = np.array([float(r["value"]) for r in rows]).reshape(bulletin.forecast.values.shape)
        np.testing.assert_allclose(told, bulletin.forecast.values, rtol=1e-6)
    alerts = "".join(p.read_text() for p in (tmp_path / "out" / "loop").glob("*_alerts.csv"))
    assert all(alert.event in alerts for alert in loop.news)
    told_events = {json.loads(p.read_text())["event"] for p in (tmp_path / "out" / "reports").glob("*.json")}
    assert told_events == {r.event for r in loop.reports} and "" not in told_events


def test_the_record_has_a_flood_and_every_row_once() -> None:
    record, last = flood_record(), DAYS * 24 - 1
    assert record["q_up"][last] > 30 and record["h_down"][last + CYCLES] > 1.2
    rows = rows_between(0, 10)
    assert len(rows.series) == 10 * len(SERIES) == len(set(zip(rows.series, rows.times.tolist(), strict=True)))
    assert len(rows.of("r1")[0]) == 10
