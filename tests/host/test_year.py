"""A year of quarter hours, both clock changes and a leap day, in three zones: every step has exactly one end.

The clock does not tick evenly, the host is down for hours, restarts, loses its feed and its sink.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import river
from checker import ENDS, check_events, check_ledger
from platform_files import SimulatedClock, write_platform
from trial_host import Trial

from hydria_plugin import open_host

ZONES = ("UTC", "Europe/Paris", "America/St_Johns")
QUARTER = np.timedelta64(900, "s")


@pytest.fixture(params=ZONES)
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The machine's zone, and the platform's."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


class Life:
    """Lives through a span of time, with its mishaps, as a seeded generator has them."""

    def __init__(self, folder: Path, zone: str, store: str, first: str, seed: int) -> None:
        self.config = write_platform(folder, timezone=zone, store=store, late=5)
        self.rng, self.clock, self.folder = np.random.default_rng(seed), SimulatedClock(first), folder
        self.restarts = store != "memory:"
        self.notebook = river.Notebook()
        self.seen: Counter[str] = Counter()
        self.host = self.opened()

    def opened(self) -> Trial:
        return Trial(
            self.folder, self.clock, self.notebook,
            open_host(self.config, plugins=(river, self.notebook), clock=self.clock),
        )  # fmt: skip

    def live(self, until: str) -> None:
        while self.clock() < np.datetime64(until, "us"):
            self.mishap()
            self.clock.advance(float(self.rng.choice([5.0, 10.0, 15.0], p=[0.1, 0.1, 0.8])))
            self.host.host.tick()
        for name in ("down", "closed"):
            (self.folder / name).unlink(missing_ok=True)
        self.host.go(10, times=30)

    def mishap(self) -> None:
        """Once in a few days: hours without ticks, a restart, a dead feed or sink, or its return."""
        kind = self.rng.choice(["", "away", "restart", "down", "closed"], p=[0.985, 0.004, 0.003, 0.004, 0.004])
        self.seen[str(kind)] += 1
        if kind == "away":
            self.clock.advance(float(self.rng.exponential(300)))
        elif kind == "restart" and self.restarts:
            self.host.host.close()
            self.host = self.opened()
        elif kind in ("down", "closed"):
            (self.folder / str(kind)).touch()
        for name in ("down", "closed"):
            if self.rng.random() < 0.05:
                (self.folder / name).unlink(missing_ok=True)

    def check(self) -> str:
        """Every step once with one end; every bulletin announced once; every alert once, in order."""
        steps = self.host.steps
        check_ledger(steps, steps[0].issued_at, steps[-1].issued_at, QUARTER)
        twice = [key for key, n in Counter(self.notebook.bulletins).items() if n > 1]
        assert not twice, f"announced twice: {twice[:3]}"
        told = [(a.event, a.sequence) for a in self.notebook.alerts]
        assert len(told) == len(set(told))
        check_events(told)
        ends = Counter(line.state for line in steps)
        assert set(ends) <= ENDS and ends["issued"] > 0.5 * len(steps)
        made = {issued_at for issued_at, _ in self.notebook.bulletins}
        assert made == {str(s.issued_at) for s in steps if s.state in ("issued", "degraded")}
        return f"{len(steps)} steps {dict(ends)}, {len(told)} alerts, mishaps {dict(self.seen)}"


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2024-02-28T21:00", "2024-03-01T03:00"),  # the leap day
        ("2024-03-30T23:00", "2024-03-31T06:00"),  # Paris springs forward
        ("2024-10-26T23:00", "2024-10-27T06:00"),  # Paris falls back
        ("2024-11-03T00:00", "2024-11-03T08:00"),  # St John's falls back
    ],
)
def test_days_on_which_calendars_stumble(tmp_path: Path, zone: str, first: str, last: str) -> None:
    life = Life(tmp_path, zone, "sqlite:///hydria.db", first, seed=20241027)
    life.live(last)
    life.check()
    life.host.host.close()


def test_a_week_with_mishaps(tmp_path: Path) -> None:
    life = Life(tmp_path, "Europe/Paris", "memory:", "2024-03-24T00:00", seed=7)
    life.live("2024-03-31T12:00")
    life.check()
    life.host.host.close()


@pytest.mark.soak
@pytest.mark.parametrize("store", ["sqlite:///hydria.db"])
def test_a_year(tmp_path: Path, zone: str, store: str) -> None:
    life = Life(tmp_path, zone, store, "2023-11-01T00:00", seed=ZONES.index(zone))
    life.live("2024-10-31T00:00")
    assert len(life.host.steps) >= 35_040
    print(zone, life.check())
    life.host.host.close()
