"""A host over the made-up river with all that a test looks at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import river
from platform_files import SimulatedClock

from hydria_plugin import Bulletin, Host, Step

START = "2026-03-05T00:00:30"  # a flood passes the thresholds of the upper bridge on this day


@dataclass
class Trial:
    """A host with all that a test looks at."""

    folder: Path
    clock: SimulatedClock
    notebook: river.Notebook
    host: Host

    @property
    def steps(self) -> tuple[Step, ...]:
        return self.host.store.steps("river", np.datetime64("2020-01-01"), np.datetime64("2040-01-01"))

    @property
    def ends(self) -> dict[str, str]:
        """Issue time (month-day, hour:minute) -> how the step ended."""
        return {str(line.issued_at)[5:16]: line.state for line in self.steps}

    @property
    def diary(self) -> list[dict[str, Any]]:
        return river.entries(self.folder / "diary.jsonl")

    def bulletin(self, at: str, revision: int | None = None) -> Bulletin:
        found = self.host.store.bulletin("river", np.datetime64(at, "s"), revision)
        assert found is not None
        return found

    def go(self, minutes: float, times: int = 1) -> None:
        """Advance the clock and tick, again and again."""
        for _ in range(times):
            self.clock.advance(minutes)
            self.host.tick()


Opener = Callable[..., Trial]
