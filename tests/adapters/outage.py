"""A host that runs by itself, in steps of ten minutes, while one of its two sinks is away for an hour, in a flood.

    hour = run_outage(tmp_path, caplog, '{ use = "mqtt", ... }', {"mqtt": "hydria_sensorthings"}, down, up)
    # read the host: are hour.bulletins, hour.news and hour.reports there, each once?

The clock is ours and goes minute by minute. The other sink is a folder: what lies there is written once, at its time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from whole_loop import BEGIN, DAYS, Clock, Hosted, Loop, Rows, registry_with, rows_between, undelivered, write_files

from hydria_plugin import Host
from hydria_plugin.config import open_store, read_config
from hydria_plugin.delivery import PATIENCE
from hydria_plugin.workshop.training import train_one

MINUTE = np.timedelta64(60, "s")
STEP = 10 * MINUTE
FIRST = DAYS * 24 - 6  # the first cycle, told before the host goes; the flood begins with the next one
CYCLES, MISSED = 9, 6
GOES, RETURNS = 5, 65  # minutes after the first issue time: after a delivery, and after one more than the missed ones
SOURCE = '{ use = "csv", path = "feeds", series = "series", value = "value", settle = "0s" }'
FOLDER = '{ use = "csv", path = "out", form = "long" }'
REFUSED = re.compile(r"stage=sink (\S+) error=refused the (\w+) of (\S+) revision 0 \(try (\d+); next in (\d+) s\)")


@dataclass
class Site:
    """A trained host, its clock, and the folder of the sink that is always there."""

    host: Host
    clock: Clock
    folder: Path
    written: dict[str, tuple[int, int]]  # file -> inode and time of change

    def minute(self, number: int) -> None:
        """The tick of a minute after the first issue time; values come with each step."""
        if number % 10 == 0:
            put(self.folder, FIRST + number // 10, FIRST + number // 10 + 1)
        self.clock.now = (issue(0) + number * MINUTE).astype("datetime64[us]")
        self.host.tick()
        found = {
            str(p): (p.stat().st_ino, p.stat().st_mtime_ns) for p in (self.folder / "out").rglob("*") if p.is_file()
        }
        assert self.written.items() <= found.items(), "the other sink was told something again"
        self.written = found

    def waiting(self) -> dict[str, list[np.datetime64]]:
        """Issue times of what waits in the outbox, by sink."""
        found: dict[str, list[np.datetime64]] = {name: [] for name in self.host.pipelines["loop"].sinks}
        for one in undelivered(self.host, self.clock.now):
            found[one.sink] += [one.issued_at] if one.kind == "bulletin" else []  # type: ignore[attr-defined]
        return found


def issue(n: int) -> np.datetime64:
    moment: np.datetime64 = BEGIN + (FIRST + n) * STEP
    return moment


def rows_of(first: int, last: int) -> Rows:
    """The record of the whole loops, an hour of it in ten minutes."""
    rows = rows_between(first, last)
    return replace(rows, times=BEGIN + (rows.times - BEGIN) // 6)


def put(folder: Path, first: int, last: int) -> None:
    rows = rows_of(first, last)
    (folder / "feeds").mkdir(exist_ok=True)
    lines = [f"{t}Z,{s},{v}\n" for s, t, v in zip(rows.series, rows.times, rows.values, strict=True)]
    (folder / "feeds" / f"{last}.csv").write_text("time,series,value\n" + "".join(lines))


def run_outage(
    folder: Path,
    caplog: pytest.LogCaptureFixture,
    sink: str,
    modules: Mapping[str, str],
    down: Callable[[], object],
    up: Callable[[], object],
) -> Loop:
    """What was made meanwhile; AssertionError where the outage cost a forecast, an order or another sink's peace."""
    path = write_files(folder, Hosted(lambda rows: None, SOURCE, [sink, FOLDER], modules))
    text = path.read_text().replace('step = "1h"', 'step = "10min"').replace('"12h"', '"2h"')
    path.write_text(text.replace('horizon = "6h"', 'horizon = "100min"'))
    put(folder, 0, FIRST + 1)
    registry, clock = registry_with(modules), Clock()
    settings = read_config(path, registry=registry)
    assert train_one(settings, "loop", registry, (None, None), 0, lambda what, share: None)
    with Host(settings, registry, open_store(settings, registry), clock) as host:
        site = Site(host, clock, folder, {})
        away, other = site.waiting()
        for number in range(3, 10 * CYCLES):  # a step is due three minutes after its time
            if number == GOES:
                assert site.waiting() == {away: [], other: []}
                down()
            if number == RETURNS:
                assert site.waiting() == {away: [issue(n) for n in range(1, MISSED + 1)], other: []}
                check_patience(caplog, away)
                up()
            site.minute(number)
        assert site.waiting() == {away: [], other: []} and not undelivered(host, clock.now)
        made = [host.store.bulletin("loop", issue(n)) for n in range(CYCLES)]
    bulletins = tuple(one for one in made if one is not None)
    assert len(bulletins) == CYCLES and all(set(b.forecast.made_by) == {"ridge"} for b in bulletins)
    loop = Loop(folder, bulletins, tuple(r for b in bulletins for r in b.reports))
    missed = [alert for b in bulletins[1 : MISSED + 1] for alert in b.alerts if alert.is_news]
    assert missed and loop.reports, "the flood must be news in the hour"
    assert len([name for name in site.written if name.endswith("r0.csv")]) == CYCLES
    return loop


def check_patience(caplog: pytest.LogCaptureFixture, sink: str) -> None:
    """Only the first that waits is tried, ever less often."""
    tries = [found.groups() for text in caplog.messages if (found := REFUSED.search(text))]
    assert {(name, kind, at) for name, kind, at, *_ in tries} == {(sink, "bulletin", str(issue(1)))}
    assert [int(number) for *_, number, _ in tries] == list(range(1, len(tries) + 1))
    waits = [int(PATIENCE.after(n + 1) / np.timedelta64(1, "s")) for n in range(len(tries))]
    assert [int(wait) for *_, wait in tries] == waits and waits[-1] == 300 and len(tries) < 20
