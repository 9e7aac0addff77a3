"""The pacemaker ticks: on time, one at a time, through dead schedulers, jumping clocks and failing ticks."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from hydria_plugin.schedule import ClockWatch, Pacemaker, system_clock

FAST = 0.05


class Ticks:
    """Counts ticks; can be made to fail or to take long."""

    def __init__(self) -> None:
        self.at: list[float] = []
        self.inside = self.most_inside = 0
        self.during: Callable[[], None] = lambda: None

    def __call__(self) -> None:
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        self.at.append(time.monotonic())
        try:
            self.during()
        finally:
            self.inside -= 1

    def wait(self, more: int, within: float = 60.0) -> None:
        goal, until = len(self.at) + more, time.monotonic() + within
        while len(self.at) < goal:
            assert time.monotonic() < until, f"{goal - len(self.at)} of {more} ticks did not come within {within} s"
            time.sleep(0.005)


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


@pytest.fixture
def pace(ticks: Ticks) -> Iterator[Pacemaker]:
    pacemaker = Pacemaker(ticks, FAST)
    pacemaker.start()
    yield pacemaker
    if pacemaker.running:
        pacemaker.stop()


@pytest.mark.alone
def test_ticks_at_once_and_then_at_its_interval(pace: Pacemaker, ticks: Ticks) -> None:
    ticks.wait(1)
    ticks.wait(10)
    gaps = np.diff(ticks.at)
    assert np.median(gaps) == pytest.approx(FAST, rel=0.5)


def test_stop_ends_it_and_it_can_start_again(pace: Pacemaker, ticks: Ticks) -> None:
    ticks.wait(2)
    assert pace.stop() and not pace.running
    count = len(ticks.at)
    time.sleep(4 * FAST)
    assert len(ticks.at) == count
    pace.start()
    ticks.wait(3)


def test_starting_twice_is_refused(pace: Pacemaker) -> None:
    with pytest.raises(RuntimeError, match="runs already"):
        pace.start()


def test_no_interval_no_pacemaker() -> None:
    with pytest.raises(ValueError, match="must be positive, not 0"):
        Pacemaker(lambda: None, 0)


def test_stop_does_not_wait_for_ever(pace: Pacemaker, ticks: Ticks) -> None:
    hold = threading.Event()
    ticks.during = lambda: hold.wait(20) and None
    ticks.wait(1)
    begun = time.monotonic()
    assert not pace.stop(timeout=0.2)
    assert time.monotonic() - begun < 10.0
    hold.set()


def test_never_two_ticks_at_a_time(pace: Pacemaker, ticks: Ticks) -> None:
    ticks.during = lambda: time.sleep(3 * FAST)
    for _ in range(20):
        pace.wake()
        time.sleep(FAST / 4)
    ticks.wait(3)
    assert ticks.most_inside == 1


def test_a_failing_tick_is_logged_and_the_next_one_comes(
    pace: Pacemaker, ticks: Ticks, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise RuntimeError("the disk is full")

    ticks.during = fail
    ticks.wait(3)
    assert any("tick failed" in r.message and "disk is full" in str(r.exc_text or r.exc_info) for r in caplog.records)


def test_age_is_that_of_the_last_ended_tick(pace: Pacemaker, ticks: Ticks) -> None:
    ticks.wait(3)
    assert pace.age < 5.0
    hold = threading.Event()
    ticks.during = lambda: hold.wait(5) and None
    ticks.wait(1)
    time.sleep(0.3)
    assert pace.age >= 0.3  # a hung tick is not a living one
    hold.set()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_dead_scheduler_thread_is_replaced(pace: Pacemaker, ticks: Ticks) -> None:
    """What a failing job store does to APScheduler: ``running`` stays true, the thread is gone."""
    ticks.wait(2)
    old = pace._scheduler

    def blip(*_: Any) -> None:
        raise SystemExit  # ends the scheduler's thread without a word

    old._process_jobs = blip
    old.wakeup()
    old._thread.join(30)
    assert old.running and not old._thread.is_alive()
    ticks.wait(20)
    assert pace.revivals >= 1 and pace._scheduler is not old


def test_ticks_go_on_without_any_scheduler(ticks: Ticks, monkeypatch: pytest.MonkeyPatch) -> None:
    class Dead:
        def shutdown(self, wait: bool) -> None: ...

    monkeypatch.setattr(Pacemaker, "_new_scheduler", lambda self: Dead())
    pacemaker = Pacemaker(ticks, FAST)
    pacemaker.start()
    ticks.wait(5)
    pacemaker.stop()


class ShiftedDatetime:
    """The ``datetime`` that APScheduler's modules see, off by ``offset`` seconds."""

    offset = 0.0

    @classmethod
    def now(cls, tz: Any = None) -> Any:
        from datetime import datetime, timedelta

        return datetime.now(tz) + timedelta(seconds=cls.offset)


@pytest.mark.parametrize("shift", [-3600.0, 3600.0, 10 * 365 * 86400.0])
def test_a_jumping_clock_silences_nothing(ticks: Ticks, monkeypatch: pytest.MonkeyPatch, shift: float) -> None:
    import apscheduler.schedulers.base as base

    monkeypatch.setattr(base, "datetime", ShiftedDatetime)
    monkeypatch.setattr(ShiftedDatetime, "offset", 0.0)
    pacemaker = Pacemaker(ticks, FAST)
    pacemaker.start()
    ticks.wait(5)
    ShiftedDatetime.offset = shift
    begun, count = time.monotonic(), len(ticks.at)
    ticks.wait(20)
    assert len(ticks.at) - count < 3 * (time.monotonic() - begun) / FAST  # no burst of missed runs either
    pacemaker.stop()


def test_the_trigger_makes_one_missed_run_of_ten_years() -> None:
    from datetime import UTC, datetime, timedelta

    from hydria_plugin.schedule import _trigger

    trigger, now = _trigger(5.0), datetime(2036, 1, 1, tzinfo=UTC)
    assert trigger.get_next_fire_time(now - timedelta(days=3650), now) == now + timedelta(seconds=5)


def test_a_scheduler_found_silent_while_it_is_stopped_is_not_replaced() -> None:
    """The watchdog may be past its last look at the time when ``stop`` comes: what it made would never be stopped."""
    pace = Pacemaker(lambda: None, every=0.05)
    pace.start()
    assert pace.stop()
    pace._revive(1.0)
    assert pace._scheduler is None and pace.revivals == 0
    assert not [t for t in threading.enumerate() if t.name.startswith("APScheduler")]


def test_clock_watch_sees_jumps_both_ways(caplog: pytest.LogCaptureFixture) -> None:
    wall, steady = [np.datetime64("2026-03-29T00:59:58", "us")], [100.0]
    watch = ClockWatch(lambda: wall[0], lambda: steady[0])

    def go(wall_seconds: float, steady_seconds: float) -> float:
        wall[0] = wall[0] + np.timedelta64(int(wall_seconds * 1e6), "us")
        steady[0] += steady_seconds
        return watch.check()

    with caplog.at_level(logging.WARNING, "hydria.schedule"):
        assert watch.check() == 0.0
        assert go(5, 5) == 0.0 and go(6.5, 5) == 0.0
        assert not caplog.records
        assert go(3605, 5) == pytest.approx(3600)
        assert go(-55, 5) == pytest.approx(-60)
    assert watch.ahead == pytest.approx(3540)
    assert watch.jumps == 2 and [r.message.split()[2] for r in caplog.records] == ["seconds=+3600.0", "seconds=-60.0"]


def test_system_clock_is_utc_to_the_microsecond() -> None:
    now = system_clock()
    assert now.dtype == np.dtype("datetime64[us]")
    assert abs(float(now.astype(np.int64)) / 1e6 - time.time()) < 1.0


def test_importing_it_imports_no_scheduler() -> None:
    import subprocess
    import sys

    code = "import sys, hydria_plugin.schedule; print('apscheduler' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
