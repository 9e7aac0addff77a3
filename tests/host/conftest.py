"""A platform over the made-up river, on a simulated clock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import river
from platform_files import SimulatedClock, write_platform
from trial_host import START, Opener, Trial

from hydria_plugin import Host, open_host


@pytest.fixture
def open_trial(tmp_path: Path) -> Iterator[Opener]:
    """Opens a platform in the same folder each time it is called: again = a restart."""
    opened: list[Host] = []

    def opener(now: str = START, plugins: tuple[object, ...] = (), isolate: bool = False, **form: Any) -> Trial:
        clock, notebook = SimulatedClock(now), river.Notebook()
        path = write_platform(tmp_path, **form)
        host = open_host(path, plugins=(river, notebook, *plugins), clock=clock, isolate=isolate)
        opened.append(host)
        return Trial(tmp_path, clock, notebook, host)

    yield opener
    for host in opened:
        host.close()


@pytest.fixture
def trial(open_trial: Opener) -> Trial:
    return open_trial()
