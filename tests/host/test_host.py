"""The host: one step when asked, alone when started, one instance per store, and nothing left behind in its process."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from platform_files import write_platform
from trial_host import Opener, Trial

from hydria_plugin import Bulletin, ConfigError, FeedError, HydriaError, StoreError, hookimpl, open_host
from hydria_plugin.host import pruning
from hydria_plugin.schedule import ClockWatch, Pacemaker


def at(text: str) -> np.datetime64:
    return np.datetime64(text, "s")


# ---- one step ----


def test_one_step_from_feed_to_sink(trial: Trial) -> None:
    bulletin = trial.host.run_once()
    assert bulletin.issued_at == at("2026-03-05T00:00") and bulletin.forecast.made_by == ("persistence",) * 2
    assert trial.diary == [{"at": "2026-03-05T00:00:00", "revision": 0, "news": []}]
    assert trial.notebook.bulletins == [("2026-03-05T00:00:00", 0)]
    assert [(s.state, s.revision) for s in trial.steps] == [("issued", 0)]


def test_the_same_step_again_gives_the_bulletin_that_is_there(trial: Trial) -> None:
    first = trial.host.run_once()
    again = trial.host.run_once("river", at("2026-03-05T00:00"))
    np.testing.assert_array_equal(first.forecast.values, again.forecast.values)
    assert len(trial.diary) == len(trial.notebook.bulletins) == 1


def test_news_reach_listeners_and_sinks_once(trial: Trial) -> None:
    for _ in range(36):
        trial.go(15)
    told = [(a.station, str(a.reason), a.threshold) for a in trial.notebook.alerts]
    written = [tuple(news[2:]) for line in trial.diary for news in line["news"]]
    assert written == [(station, reason) for station, reason, _ in told]
    assert ("upper", "FIRST", "yellow") in told and ("upper", "HIGHER", "orange") in told
    assert len({(a.event, a.sequence) for a in trial.notebook.alerts}) == len(told)


def test_a_pipeline_that_is_not_there_is_named(trial: Trial) -> None:
    with pytest.raises(HydriaError, match="no pipeline 'rhone'; configured: river"):
        trial.host.run_once("rhone")


def test_a_failing_listener_silences_nobody(open_trial: Opener) -> None:
    class Broken:
        @hookimpl
        def hydria_bulletin_issued(self, bulletin: Bulletin) -> None:
            raise RuntimeError("out of order")

    trial = open_trial(plugins=(Broken(),))
    trial.host.run_once()
    assert len(trial.notebook.bulletins) == len(trial.diary) == 1


def test_a_failing_feed_is_told_and_is_an_end_when_nobody_tries_again(trial: Trial) -> None:
    (trial.folder / "down").touch()
    with pytest.raises(FeedError, match="does not answer"):
        trial.host.run_once()
    assert [(s.state, s.reason) for s in trial.steps] == [("failed", "the river's server does not answer")]
    assert trial.notebook.failures == [("2026-03-05T00:00:00", "the river's server does not answer")]
    (trial.folder / "down").unlink()
    trial.host.run_once()
    assert [s.state for s in trial.steps] == ["issued"]


@pytest.mark.parametrize(
    ("asked", "told"),
    [("2026-03-05T00:00:07", "is no step of 'river'; allowed: multiples of"), ("2026-03-05T00:15", "is in the future")],
)
def test_what_is_no_step_or_is_to_come_leaves_no_trace(trial: Trial, asked: str, told: str) -> None:
    with pytest.raises(HydriaError, match=told):
        trial.host.run_once(issued_at=at(asked))
    assert trial.steps == ()


def test_a_pipeline_in_unforeseen_trouble_does_not_hold_up_the_next(
    open_trial: Opener, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    more = '[pipelines.second]\nstep = "15min"\npast = "3h"\nhorizon = "6h"\nstations = "stations.csv"\n'
    trial = open_trial(more=more + 'source = { use = "river" }\nforecasters = ["persistence"]\n')
    real = trial.host.store.undelivered

    def broken(pipeline: str, sink: str, now: np.datetime64) -> Any:
        if pipeline == "river":
            raise ValueError("a row that nobody can read")
        return real(pipeline, sink, now)

    monkeypatch.setattr(trial.host.store, "undelivered", broken)
    trial.go(15)
    assert "a row that nobody can read" in caplog.text
    assert trial.host.store.bulletin("second", at("2026-03-05T00:15")) is not None


# ---- one instance ----


def test_a_second_instance_on_the_store_is_refused_with_a_sentence(trial: Trial, open_trial: Opener) -> None:
    trial.host.start(every=0.05)
    other = open_trial()
    for refused in (other.host.start, other.host.run_once, other.host.tick):
        with pytest.raises(StoreError, match="another hydria is running on this store .*hydria.db.lock.*: stop it"):
            refused()
    trial.host.stop()
    other.host.run_once()
    trial.host.run_once()  # each takes it briefly


def test_looking_needs_no_lock(trial: Trial, open_trial: Opener) -> None:
    trial.host.run_once()
    trial.host.start(every=0.05)
    other = open_trial()
    assert other.host.status()["pipelines"]["river"]["state"] == "issued"
    assert other.host.replay("river", at("2026-03-05T00:00")).issued_at == at("2026-03-05T00:00")


# ---- by itself ----


def until(condition: Any, within: float = 60.0) -> None:
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.01)


def test_started_it_runs_by_itself_until_stopped(trial: Trial) -> None:
    trial.host.start(every=0.02)
    for minutes in range(15, 75, 15):
        trial.clock.advance(15)
        until(lambda m=minutes: f"03-05T{m // 60:02}:{m % 60:02}" in trial.ends)
    assert trial.host.status()["alive"] and trial.host.tick_age is not None
    with pytest.raises(HydriaError, match="running already"):
        trial.host.start()
    trial.host.stop()
    trial.clock.advance(15)
    time.sleep(0.1)
    assert list(trial.ends.values()) == ["issued"] * len(trial.ends) and "03-05T01:15" not in trial.ends
    assert not [t for t in threading.enumerate() if t.name.startswith("hydria")]
    trial.host.start(every=0.02)
    until(lambda: "03-05T01:15" in trial.ends)


def test_run_once_beside_the_running_host(trial: Trial) -> None:
    trial.host.start(every=0.01)
    errors: list[BaseException] = []

    def ask() -> None:
        try:
            for _ in range(10):
                trial.host.run_once()
                trial.host.status()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        trial.clock.advance(15)
        time.sleep(0.05)
    for thread in threads:
        thread.join()
    until(lambda: len(trial.ends) == 6)
    assert not errors
    assert len(trial.notebook.bulletins) == len(set(trial.notebook.bulletins)) == len(trial.diary)


# ---- from outside ----


def test_status_is_plain_facts(trial: Trial) -> None:
    before = trial.host.status()["pipelines"]["river"]
    assert before["state"] == "never ran" and before["issued_at"] is None
    trial.go(15, times=17)
    (trial.folder / "closed").touch()
    trial.go(15)
    status = json.loads(json.dumps(trial.host.status()))
    assert status["platform"] == "Trial" and status["running"] is False and status["tick_age_s"] is None
    river = status["pipelines"]["river"]
    assert river["issued_at"] == "2026-03-05T04:30:00Z" and river["age_s"] == pytest.approx(30)
    assert river["state"] == "issued" and river["rungs"] == {"0": 2} and river["alerts"] == 1
    assert river["outbox"] == {"diary": 1}
    trial.host.store.close()
    assert trial.host.status()["pipelines"]["river"]["state"] == "unknown"


def test_status_tells_of_the_last_step_however_long_ago(trial: Trial) -> None:
    trial.go(15)
    trial.clock.advance(60 * 24 * 40)
    status = trial.host.status()["pipelines"]["river"]
    assert status["state"] == "issued" and status["issued_at"] == "2026-03-05T00:15:00Z"
    assert status["age_s"] == pytest.approx(40 * 86400 + 30)


def test_reload_keeps_what_has_not_changed(trial: Trial) -> None:
    trial.go(15)
    kept = trial.host.pipelines["river"]
    more = '[pipelines.second]\nstep = "1h"\npast = "3h"\nhorizon = "6h"\nstations = "stations.csv"\n'
    more += 'source = { use = "river" }\nforecasters = ["persistence"]\n'
    write_platform(trial.folder, more=more)
    trial.host.reload()
    assert set(trial.host.pipelines) == {"river", "second"} and trial.host.pipelines["river"] is kept
    trial.go(60)
    assert trial.host.status()["pipelines"]["second"]["state"] == "issued"
    write_platform(trial.folder, late=3)
    trial.host.reload()
    assert set(trial.host.pipelines) == {"river"} and trial.host.pipelines["river"] is not kept
    trial.go(15)
    assert "running" not in trial.ends.values()


def test_reload_refuses_a_bad_configuration_and_goes_on_with_the_old_one(trial: Trial) -> None:
    trial.go(15)
    before = trial.host.pipelines["river"]
    good = (trial.folder / "hydria.toml").read_text()
    for bad in (good.replace("persistence", "magic"), good.replace('"6h"', '"50min"'), "[platform", good + "[oops]\n"):
        (trial.folder / "hydria.toml").write_text(bad)
        with pytest.raises(ConfigError):
            trial.host.reload()
    (trial.folder / "hydria.toml").write_text(good.replace("hydria.db", "other.db"))
    with pytest.raises(ConfigError, match=r"platform\.store has changed"):
        trial.host.reload()
    assert trial.host.pipelines["river"] is before
    trial.go(15)
    assert set(trial.ends.values()) == {"issued"}


def test_retention_forgets_once_a_day(open_trial: Opener) -> None:
    form = {"timezone": 'UTC"\nretention = "1d'}
    trial = open_trial(**form)
    trial.go(60, times=60)
    oldest = trial.steps[0].issued_at
    assert trial.clock() - np.timedelta64(49, "h") <= oldest <= trial.clock() - np.timedelta64(24, "h")


def test_a_clock_that_jumped_ahead_erases_nothing_and_stops_no_pruning(open_trial: Opener) -> None:
    trial = open_trial(timezone='UTC"\nretention = "1d')
    trial.go(60, times=30)
    host, before, wrong = trial.host, trial.steps, trial.clock() + np.timedelta64(365, "D")
    for watch in host._watches.values():
        watch.pruned_at = None
    gained = Pacemaker(host.tick, watch=ClockWatch(jumps=1, ahead=365 * 86400.0))
    pruning.prune(host.settings, host._watches, wrong, gained)
    assert trial.steps[0].issued_at >= before[0].issued_at and len(trial.steps) >= 24
    back = Pacemaker(host.tick, watch=ClockWatch(jumps=2, ahead=0.0))
    pruning.prune(host.settings, host._watches, trial.clock() + np.timedelta64(12, "h"), back)
    assert trial.steps[0].issued_at >= trial.clock() - np.timedelta64(13, "h")


EMBEDDED = """
import logging, signal, sys, threading, warnings, locale, os
sys.path[:0] = {paths!r}
import river
from platform_files import SimulatedClock
signals = [signal.getsignal(s) for s in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)]
def state():
    return ([signal.getsignal(s) for s in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)], list(logging.root.handlers),
            logging.root.level, logging.getLogger("hydria").handlers, sys.excepthook, threading.excepthook,
            dict(os.environ), os.getcwd(), locale.getlocale(), signal.getitimer(signal.ITIMER_REAL))
before = state()
from hydria_plugin import open_host
host = open_host({config!r}, plugins=(river,), clock=SimulatedClock("2026-03-05T00:00:30"))
host.run_once()
host.start(every=0.05)
host.stop()
host.close()
assert state() == before, (state(), before)
assert not [t for t in threading.enumerate() if t is not threading.main_thread()], threading.enumerate()
print("clean", [m for m in ("torch", "lightgbm") if m in sys.modules])
"""


def test_embedded_it_leaves_the_process_as_it_was(tmp_path: Path) -> None:
    config = str(write_platform(tmp_path))
    code = EMBEDDED.format(paths=[str(Path(__file__).parent)], config=config)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "clean []\n", done.stderr
    assert done.stderr == ""


def test_opening_a_bad_configuration_says_every_fault(tmp_path: Path) -> None:
    path = write_platform(tmp_path, forecasters='"magic"', more="ratings = 'none.csv'")
    with pytest.raises(ConfigError) as told:
        open_host(path)
    assert len(told.value.faults) >= 3  # no source river without the plug-in, no magic, no ratings
