"""The whole platform in one database: observations, forecasts, alerts, reports, and hydria's own memory beside them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import whole_loop
from sql_places import Place
from whole_loop import Hosted, Rows, run_loop


def test_whole_loop_through_one_database(place: Place, tmp_path: Path, monkeypatch) -> None:
    if place.is_postgresql:  # the store stands in the same database
        monkeypatch.setattr(whole_loop, "TOML", whole_loop.TOML.replace("sqlite:///hydria.db", place.url))
    place.run("CREATE TABLE series (id integer PRIMARY KEY, code text)")
    place.run("INSERT INTO series VALUES (1, 'q_up'), (2, 'h_down'), (3, 'r1'), (4, 'r2'), (5, 'r3')")
    place.run(
        f"CREATE TABLE readings (series_id integer, ts {place.stamp}, reading numeric, quality text, "
        f"received {place.stamp}, PRIMARY KEY (series_id, ts))"
    )
    number = {"q_up": 1, "h_down": 2, "r1": 3, "r2": 4, "r3": 5}
    factor = {"q_up": 1000.0, "h_down": 1000.0}  # the platform has l/s and mm

    def put(rows: Rows) -> None:
        given = [
            (number[s], f"{t}Z", v * factor.get(s, 1.0), "ok", f"{t + np.timedelta64(60, 's')}Z")
            for s, t, v in zip(rows.series, rows.times, rows.values, strict=True)
        ]
        place.add(given, ("series_id", "ts", "reading", "quality", "received"), "readings")

    names = ", ".join(f'"{i}" = "{s}"' for s, i in number.items())
    source = (
        f'{{ use = "sql", database = "{place.url}", table = "readings", series = "series_id", time = "ts", '
        f'value = "reading", flag = "quality", flags = {{ ok = "good" }}, received_at = "received", '
        f'names = {{ {names} }}, units = {{ level = "mm", discharge = "l/s" }} }}'
    )
    sink = f'{{ use = "sql", database = "{place.url}", create = true, units = {{ discharge = "l/s" }} }}'
    loop = run_loop(tmp_path, Hosted(put, source, [sink], {"sql": "hydria_sql"}))
    for bulletin in loop.bulletins:
        f = bulletin.forecast
        rows = place.all(
            "SELECT station, lead, quantile, value, unit FROM forecasts WHERE issued_at = :t",
            t=f"{bulletin.issued_at}Z",
        )
        assert len(rows) == f.values.size
        for station, lead, quantile, value, unit in rows:
            expected = f.values[f.stations.index(station), lead - 1, f.quantiles.index(quantile)]
            assert unit == {"up": "l/s", "down": "m"}[station]
            np.testing.assert_allclose(value, expected * (1000 if unit == "l/s" else 1), rtol=1e-9)
    told = place.all("SELECT event, sequence, station, reason, threshold FROM alerts")
    assert sorted(told) == sorted((a.event, a.sequence, a.station, str(a.reason), a.threshold) for a in loop.news)
    events = {row[0] for row in place.all("SELECT event FROM reports")}
    assert events == {r.event for r in loop.reports} <= {row[0] for row in told}
