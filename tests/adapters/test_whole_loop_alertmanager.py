"""The whole loop into a real Alertmanager, now, as it forgets what has ended: what it shows is what stands."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import whole_loop
from test_webhook_alertmanager import Alertmanager, real
from whole_loop import CYCLES, DAYS, STEP, Hosted, Rows, run_loop

from hydria_plugin import Reason


@pytest.fixture
def alertmanager(tmp_path: Path) -> Iterator[Alertmanager]:
    made = Alertmanager(tmp_path / "alertmanager")
    made.start()
    yield made
    made.stop()


@real
def test_whole_loop_into_alertmanager(
    tmp_path: Path, alertmanager: Alertmanager, monkeypatch: pytest.MonkeyPatch
) -> None:
    hour = np.datetime64(int(time.time()), "s").astype("datetime64[h]").astype("datetime64[s]")
    monkeypatch.setattr(whole_loop, "BEGIN", hour - (DAYS * 24 + CYCLES - 1) * STEP)
    feeds = tmp_path / "feeds"
    feeds.mkdir()

    def put(rows: Rows) -> None:
        with (feeds / f"{rows.times.max()}.csv".replace(":", "")).open("w") as file:
            file.write("time,series,value\n")
            file.writelines(f"{t}Z,{s},{v}\n" for s, t, v in zip(rows.series, rows.times, rows.values, strict=True))

    source = '{ use = "csv", path = "feeds", series = "series", value = "value", settle = "0s" }'
    sink = f'{{ use = "webhook", url = "{alertmanager.address}", mode = "alertmanager" }}'
    loop = run_loop(tmp_path, Hosted(put, source, [sink], {"webhook": "hydria_webhook"}))
    shown = {a["labels"]["station"]: a for a in alertmanager.alerts()}
    standing = {a.station: a for a in loop.bulletins[-1].alerts if a.reason is not Reason.CLEARED}
    assert len(alertmanager.alerts()) == len(standing) > 0 and set(shown) == set(standing), "none twice, none lost"
    assert any(a.reason is Reason.CLEARED for a in loop.news), "what is over is not shown"
    explained = {r.event for r in loop.reports}
    for station, alert in standing.items():
        one = shown[station]
        assert one["labels"]["threshold"] == alert.threshold and one["labels"]["pipeline"] == "loop"
        assert one["annotations"]["event"] == alert.event and alert.event in explained
        assert one["endsAt"].startswith(str(loop.bulletins[-1].issued_at + 6 * STEP))
        first = next(a for a in loop.news if a.station == station)
        assert one["startsAt"].startswith(str(min(first.issued_at, first.told_at))), "it began with the first news"
        limit = f"{alert.limit:g}"
        assert limit in one["annotations"]["summary"] + one["annotations"]["description"]
