"""The pacemaker: something wakes the host every few seconds, whatever happens to clocks and threads.

APScheduler only wakes; what is due is the ledger's business. Its traps (reference in brackets: its issue tracker) are
designed around: no misfire limit, which by default drops late runs (#292); one job in memory, so that no database blip
kills its thread (#109); a trigger that counts from now, so that a clock put forward does not enumerate every missed run
(#526); and, since a clock put back silences it until the wall clock has caught up (#351) and a dead scheduler thread
still says ``running``, the worker waits on the monotonic clock too and a watchdog replaces a silent scheduler.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

log = logging.getLogger("hydria.schedule")

Clock = Callable[[], np.datetime64]
SILENT_AFTER = 3.0  # intervals without a wake until the scheduler counts as silent


def system_clock() -> np.datetime64:
    """Now, UTC, as datetime64[us]."""
    return np.datetime64(time.time_ns() // 1000, "us")


@dataclass
class ClockWatch:
    """Compares the wall clock with the monotonic one: a jump of either is worth a line in the log."""

    clock: Clock = system_clock
    monotonic: Callable[[], float] = time.monotonic
    tolerance: float = 2.0  # seconds
    jumps: int = 0
    ahead: float = 0.0  # seconds that the wall clock has gained by jumps, since the start
    _last: tuple[np.datetime64, float] | None = field(default=None, repr=False)

    def check(self) -> float:
        """Seconds the wall clock has jumped since the last check; 0.0 within the tolerance."""
        wall, steady = self.clock(), self.monotonic()
        before, self._last = self._last, (wall, steady)
        if before is None:
            return 0.0
        jump = float((wall - before[0]) / np.timedelta64(1, "us")) / 1e6 - (steady - before[1])
        if abs(jump) <= self.tolerance:
            return 0.0
        self.jumps, self.ahead = self.jumps + 1, self.ahead + jump
        log.warning("clock jumped seconds=%+.1f now=%sZ", jump, wall.astype("datetime64[s]"))
        return jump


class Pacemaker:
    """Calls ``tick`` about every ``every`` seconds on a thread of its own, never twice at a time.

    ``tick`` must not raise; if it does, that is logged and the next one comes. ``age`` is the liveness: seconds of the
    monotonic clock since a tick last ended.
    """

    def __init__(self, tick: Callable[[], None], every: float = 5.0, watch: ClockWatch | None = None) -> None:
        if every <= 0:
            raise ValueError(f"the interval between ticks must be positive, not {every} s")
        self.every, self.watch = every, watch or ClockWatch()
        self._tick = tick
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._scheduler: Any = None
        self._swapping = threading.Lock()  # a silent scheduler must not be replaced while it is stopped
        self._threads: list[threading.Thread] = []
        self._last_wake = self._last_tick = time.monotonic()
        self._overrun_told = False
        self.revivals = 0  # how often a silent scheduler was replaced

    # ---- from outside ----

    def start(self) -> None:
        """Begin; the first tick comes at once."""
        if self._threads:
            raise RuntimeError("the pacemaker runs already")
        self._wake, self._stopping = threading.Event(), threading.Event()  # not those of a thread that still hangs
        self._last_wake = self._last_tick = time.monotonic()
        self._scheduler = self._new_scheduler()
        self._threads = [
            threading.Thread(target=self._work, name="hydria-cycles", daemon=True),
            threading.Thread(target=self._guard, name="hydria-watchdog", daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        self.wake()

    def stop(self, timeout: float = 10.0) -> bool:
        """End after the running tick, at most ``timeout`` seconds from now; whether the tick came to its end."""
        with self._swapping:
            self._stopping.set()
            scheduler, self._scheduler = self._scheduler, None
        self._wake.set()
        _discard(scheduler)
        until = time.monotonic() + timeout
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(max(0.0, until - time.monotonic()))
        finished = not any(thread.is_alive() for thread in self._threads)
        self._threads = []
        return finished

    def wake(self) -> None:
        """A tick as soon as the running one has ended; all that the scheduler ever does."""
        self._last_wake = time.monotonic()
        self._wake.set()

    @property
    def running(self) -> bool:
        return bool(self._threads)

    @property
    def age(self) -> float:
        """Seconds since a tick last ended (or since the start)."""
        return time.monotonic() - self._last_tick

    @property
    def overdue(self) -> bool:
        """No tick has ended for a minute, and for twelve intervals: somebody should look."""
        return self.age > max(60.0, 12 * self.every)

    # ---- threads ----

    def _work(self) -> None:
        stopping = self._stopping
        while not stopping.is_set():
            self._wake.wait(2 * self.every)  # on the monotonic clock: goes on without any scheduler
            self._wake.clear()
            if stopping.is_set():
                return
            try:
                self._tick()
            except Exception:
                log.exception("tick failed")
            self._last_tick, self._overrun_told = time.monotonic(), False

    def _guard(self) -> None:
        stopping = self._stopping
        while not stopping.wait(self.every):
            self.watch.check()
            silent = time.monotonic() - self._last_wake
            if silent > SILENT_AFTER * self.every:
                self._revive(silent)
            if self.overdue and not self._overrun_told:
                self._overrun_told = True
                log.error("tick has been running for seconds=%.0f", self.age)

    def _revive(self, silent: float) -> None:
        """Replace a scheduler that no longer wakes: its thread died, or the wall clock went back."""
        with self._swapping:
            if self._stopping.is_set():
                return
            log.warning("scheduler silent for seconds=%.1f: replaced", silent)
            old, self._scheduler = self._scheduler, self._new_scheduler()
        self.revivals += 1
        self.wake()
        # it may hang in its own lock: nobody waits for it
        threading.Thread(target=_discard, args=(old,), name="hydria-old-scheduler", daemon=True).start()

    def _new_scheduler(self) -> Any:
        from apscheduler.executors.pool import ThreadPoolExecutor
        from apscheduler.jobstores.memory import MemoryJobStore
        from apscheduler.schedulers.background import BackgroundScheduler

        scheduler = BackgroundScheduler(
            timezone=UTC,
            jobstores={"default": MemoryJobStore()},
            executors={"default": ThreadPoolExecutor(1)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            logger=logging.getLogger("hydria.schedule.apscheduler"),
        )
        scheduler.add_job(self.wake, _trigger(self.every), id="tick")
        scheduler.start()
        return scheduler


def _discard(scheduler: Any) -> None:
    try:
        if scheduler is not None:
            scheduler.shutdown(wait=False)
    except Exception as error:  # already dead
        log.debug("scheduler shutdown: %s", error)


def _trigger(every: float) -> Any:
    """An interval that counts from now: after a jump of the clock there is one missed run, not a million."""
    from apscheduler.triggers.base import BaseTrigger

    class FromNow(BaseTrigger):  # type: ignore[misc]
        def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
            return now + timedelta(seconds=every)

    return FromNow()
