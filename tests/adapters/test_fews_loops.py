"""FEWS beside a host that runs by itself: the whole loop through files, and hosts that are away, late or off."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import fewsxml
import numpy as np
import pytest
from fews_platform import MODULES, NAMES, put_file, series_of
from fews_service import PiServer, serving
from whole_loop import (
    BEGIN,
    CYCLES,
    DAYS,
    STEP,
    Clock,
    Hosted,
    Rows,
    check_whole,
    registry_with,
    rows_between,
    run_loop,
    undelivered,
    write_files,
)

from hydria_fews.pi_json import pi_json
from hydria_fews.pi_reading import read_pi
from hydria_plugin import Bulletin, FeedError, Host
from hydria_plugin.config import open_store, read_config
from hydria_plugin.exchange import Web
from hydria_plugin.workshop.training import train_one

HISTORY = DAYS * 24
PLACES = (("Q_UP", "Q.fc"), ("H_DOWN", "H.fc"))
WORDS = 'parameters = { discharge = "Q.fc", level = "H.fc" }'


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(Web.__init__.__kwdefaults__, "sleep", lambda seconds: None)


def step(n: int) -> np.datetime64:
    """The issue time of a cycle."""
    moment: np.datetime64 = BEGIN + (HISTORY + n) * STEP
    return moment


def test_whole_loop_through_files(tmp_path: Path) -> None:
    """A folder that FEWS exports into, and one that it imports from; what lies there an independent reader reads."""

    def put(rows: Rows) -> None:
        put_file(tmp_path / "export" / f"{str(rows.times.min())[:13]}.xml", series_of(rows))

    sinks = (f'{{ use = "fews", path = "import", timezone = 1.0, {WORDS} }}',)
    loop = run_loop(tmp_path, Hosted(put, '{ use = "fews", path = "export" }', sinks, MODULES, NAMES))
    files = sorted((tmp_path / "import").glob("*.xml"))
    assert len([p for p in files if not p.stem.endswith("_reports")]) == len(loop.bulletins) == CYCLES
    stories: list[str] = []
    for bulletin in loop.bulletins:
        stamp = str(bulletin.issued_at).replace("-", "").replace(":", "")
        theirs = fewsxml.read(str(tmp_path / "import" / f"loop_{stamp}Z.xml"))
        told = {(o.header.locationId, o.header.parameterId, *(o.header.qualifierId or ())): o for o in theirs.series}
        for s, place in enumerate(PLACES):
            for k, quantile in enumerate(("q0.1", "q0.5", "q0.9")):
                values = [float(event.value) for event in told[(*place, quantile)].event]
                np.testing.assert_allclose(values, bulletin.forecast.values[s, :, k], rtol=1e-12)
        levels = {a.station: float(a.rank + 1) for a in bulletin.alerts}
        for station, (location, _) in zip(bulletin.layout.stations, PLACES, strict=True):
            (event,) = told[location, "alert.level"].event
            assert float(event.value) == levels.get(station, 0.0)
            local = str((bulletin.issued_at + STEP).astype("M8[s]"))
            assert f"{event.date}T{event.time}" == local, "as of a clock one hour ahead"
    for file in files:
        content = read_pi(file.read_bytes(), file.name)
        assert content.faults == ()
        stories += [text for one in content.series for text in one.more.get("comment", ())]
    assert loop.news and all(any(alert.event in text for text in stories) for alert in loop.news)
    assert all(any(r.event in text and r.headline in text for text in stories) for r in loop.reports)


@dataclass
class Site:
    """A trained configuration, run step by step."""

    host: Host
    clock: Clock

    def run(self, n: int) -> Bulletin:
        self.clock.now = (step(n) + np.timedelta64(200, "s")).astype("datetime64[us]")
        self.host.run_once("loop", step(n))
        made = self.host.store.bulletin("loop", step(n))
        assert made is not None
        return made

    def waiting(self) -> int:
        return len(undelivered(self.host, self.clock.now))


def opened(folder: Path, source: str, sinks: tuple[str, ...]) -> Iterator[Site]:
    hosted = Hosted(lambda rows: None, source, sinks, MODULES, NAMES)
    path, registry = write_files(folder, hosted), registry_with(MODULES)
    settings, clock = read_config(path, registry=registry), Clock()
    assert train_one(settings, "loop", registry, (None, None), 0, lambda what, share: None)
    with Host(settings, registry, open_store(settings, registry), clock) as host:
        yield Site(host, clock)


def put(host: PiServer, rows: Rows) -> None:
    host.keep("application/json", json.dumps(pi_json(series_of(rows))).encode())


def t0s(host: PiServer, parameter: str) -> list[str]:
    """The forecasts that the host holds of one parameter at the upper station."""
    return sorted({key[4] for key in host.held if key[0] == "Q_UP" and key[1] == parameter})


@pytest.mark.parametrize("form", ["json", "xml"])
def test_a_sink_that_is_down_for_an_hour_is_told_everything_in_order(tmp_path: Path, form: str) -> None:
    put_file(tmp_path / "export" / "history.xml", series_of(rows_between(0, HISTORY + 1)))
    with serving() as host:
        url, port = host.url, host.port
    sinks = (f'{{ use = "fews-rest", url = "{url}", form = "{form}", {WORDS} }}',)
    for site in opened(tmp_path, '{ use = "fews", path = "export" }', sinks):
        with serving(port) as host:
            first, held = site.run(0), host.held
        put_file(tmp_path / "export" / "1.xml", series_of(rows_between(HISTORY + 1, HISTORY + 2)))
        second = site.run(1)
        assert site.waiting() > 0, "it is kept for the host"
        put_file(tmp_path / "export" / "2.xml", series_of(rows_between(HISTORY + 2, HISTORY + 3)))
        with serving(port) as host:
            host.held = held
            third = site.run(2)
            expected = [str(b.issued_at) for b in (first, second, third)]
            assert t0s(host, "alert.level") == t0s(host, "Q.fc") == expected and site.waiting() == 0
            stories = [e["comment"] for _, events in host.held.values() for e in events.values() if "comment" in e]
            news = [a.event for b in (first, second, third) for a in b.alerts if a.is_news]
            assert news and all(any(event in text for text in stories) for event in news)


def test_a_source_that_is_down_for_an_hour_has_no_gap_afterwards(tmp_path: Path) -> None:
    """Corrected and late values, in no order, are read with the next question, too."""
    with serving() as host:
        put(host, rows_between(0, HISTORY + 1))
        url, port, held = host.url, host.port, host.held
        for site in opened(tmp_path, f'{{ use = "fews-rest", url = "{url}" }}', ()):
            check_whole(site.run(0))
            host.close()
            with pytest.raises(FeedError, match="no whole answer"):
                site.run(1)
            with serving(port) as again:
                again.held = held
                put(again, rows_between(HISTORY + 2, HISTORY + 3))
                late = rows_between(HISTORY + 1, HISTORY + 2)
                put(again, replace(late, values=late.values + 1.0))  # raw values first, corrected ones then
                put(again, late)
                made = site.run(2)
                check_whole(made)
                flow = made.summary.observed[0]
                np.testing.assert_allclose(flow[-3:], rows_between(HISTORY, HISTORY + 3).of("q_up")[1], rtol=1e-6)


def test_a_host_whose_clock_is_ahead_changes_no_forecast(tmp_path: Path) -> None:
    """It stamps what it measured an hour too late: beyond the step nothing is believed, and nothing is lost."""
    put_file(tmp_path / "export" / "history.xml", series_of(rows_between(0, HISTORY + 1)))
    for site in opened(tmp_path, '{ use = "fews", path = "export" }', ()):
        ahead = rows_between(HISTORY + 1, HISTORY + 3)
        put_file(tmp_path / "export" / "ahead.xml", series_of(replace(ahead, values=ahead.values + 50.0)))
        made = site.run(0)
        check_whole(made)
        np.testing.assert_allclose(made.summary.observed[0][-1], rows_between(HISTORY, HISTORY + 1).of("q_up")[1][0])


def test_a_host_that_stays_away_is_told_of_at_each_step(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """While the host is down, each step says so, and nothing that was issued is missing in the store."""
    put_file(tmp_path / "export" / "history.xml", series_of(rows_between(0, HISTORY + 3)))
    with serving() as host:
        url = host.url
    for site in opened(tmp_path, '{ use = "fews", path = "export" }', (f'{{ use = "fews-rest", url = "{url}" }}',)):
        for n in range(CYCLES):
            check_whole(site.run(n))
        refused = [m for m in caplog.messages if "refused the bulletin" in m]
        assert len(refused) == CYCLES and all(url.split("/")[2] in m for m in refused)
        assert site.waiting() == CYCLES + 2, "the bulletins, and the reports of two of them"
