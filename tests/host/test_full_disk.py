"""The disk fills in the night: what the store cannot keep is tried again when there is room, and nothing is lost."""

from __future__ import annotations

import os
import resource
import signal
from pathlib import Path

import numpy as np
import pytest

from hydria_plugin.host import open_host
from tests.site_files import FILES, write_site

HOUR = np.timedelta64(3600, "s")
FIRST = np.datetime64("2021-03-05T00:00:00", "s")


class At:
    """A clock that stands where it was set."""

    def __init__(self) -> None:
        self.now = FIRST.astype("datetime64[us]")

    def __call__(self) -> np.datetime64:
        return self.now

    def step(self, number: int) -> None:
        self.now = (FIRST + number * HOUR + np.timedelta64(185, "s")).astype("datetime64[us]")


def site(folder: Path) -> Path:
    """With a ladder that needs no training."""
    toml = FILES["hydria.toml"].replace('["ridge", "persistence"]', '["persistence"]')
    toml = toml.replace("[pipelines.river.forecaster.ridge]\nfolds = 4\n\n", "")
    return write_site(folder, {"hydria.toml": toml}, days=8)


def ticks(config: Path, first: int, last: int, room: int | None = None) -> None:
    """Tick at every step; ``room``: the bytes that a file may have from the second step on."""
    clock = At()
    clock.step(first)
    with open_host(config, clock=clock) as host:
        for number in range(first, last + 1):
            if room is not None and number == first + 1:
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
            clock.step(number)
            host.tick()  # raises nothing: what fails is told, and tried again


def in_a_child(config: Path, first: int, last: int, room: int) -> int:
    child = os.fork()
    if child == 0:
        code = 3
        try:
            ticks(config, first, last, room)
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.parametrize("room", [0, 30_000, 120_000])
def test_a_full_disk_costs_no_step_and_doubles_none(tmp_path: Path, room: int) -> None:
    config = site(tmp_path)
    ticks(config, 0, 1)
    assert in_a_child(config, 2, 5, room) == 0, "the host must outlive it"
    ticks(config, 6, 8)
    with open_host(config, clock=At()) as host:
        steps = host.store.steps("river", FIRST, FIRST + 8 * HOUR)
        sent = [host.store.undelivered("river", "csv", (FIRST + 99 * HOUR).astype("datetime64[us]"))]
    assert [step.issued_at for step in steps] == [FIRST + n * HOUR for n in range(9)]
    assert {step.state for step in steps} <= {"issued", "degraded"}
    assert sent == [()]
    told = [p for p in (tmp_path / "out").rglob("*") if p.is_file()]
    assert told and all(p.stat().st_size for p in told), "no empty or half file is left"
