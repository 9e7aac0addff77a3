"""``kill -9`` at random moments of a running host: nothing lost, nothing doubled."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import river
from checker import check_diary, check_events, check_forecasts, check_ledger, news_in
from platform_files import write_platform

from hydria_plugin.stores.sql import SqlStore

RATE = 450.0  # fifteen minutes pass in two seconds
HORIZON = "24h"  # downtime must stay below it: what is older is dropped, as it should be
ALWAYS = np.datetime64("2020-01-01"), np.datetime64("2040-01-01")
HERE = Path(__file__).parent


@dataclass
class Shift:
    """Starts and kills the serving process on one platform, whose clock never stops."""

    config: Path
    epoch: float

    def start(self) -> subprocess.Popen[str]:
        command = [sys.executable, str(HERE / "serving.py"), str(self.config), str(self.epoch), str(RATE), "0.02"]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, seconds: float, when_ready: bool = True) -> None:
        """Until ``seconds`` after it is ready, or after it was started; then kill -9."""
        with self.start() as process:
            assert process.stdout and process.stderr
            if when_ready:
                assert process.stdout.readline() == "ready\n", process.stderr.read()
            time.sleep(seconds)
            process.kill()

    def finish(self) -> np.datetime64:
        """Let it run in peace until it has caught up, and stop it cleanly; up to which step it had caught up."""
        with self.start() as process:
            assert process.stdout and process.stderr
            assert process.stdout.readline() == "ready\n", process.stderr.read()
            until = time.monotonic() + 90
            while (last := self.caught_up()) is None:
                assert time.monotonic() < until, "it does not catch up"
                time.sleep(0.2)
            begun = time.monotonic()
            process.terminate()
            told = process.stderr.read()
            assert process.wait(15) == 0, told
            assert time.monotonic() - begun < 10
        return last

    def caught_up(self) -> np.datetime64 | None:
        """The newest step, if some are there and all up to it have an end."""
        store = self.store()
        steps = store.steps("river", *ALWAYS)
        store.close()
        ended = [line for line in steps if line.state != "running"]
        width = np.timedelta64(900, "s")
        whole = len(ended) > 2 and len(ended) == (steps[-1].issued_at - steps[0].issued_at) // width + 1
        return steps[-1].issued_at if whole else None

    def store(self) -> SqlStore:
        return SqlStore(f"sqlite:///{self.config.parent / 'hydria.db'}")


def trial(folder: Path, kills: int, seed: int) -> str:
    """Kill it ``kills`` times; check the history; what was seen."""
    rng = np.random.default_rng(seed)
    shift = Shift(write_platform(folder, late=3, horizon=HORIZON, forecasters='"plain", "persistence"'), time.time())
    for _ in range(kills):
        shift.run(float(rng.exponential(rng.choice([0.3, 3.0]))), when_ready=bool(rng.random() < 0.8))
    last = shift.finish()
    store = shift.store()
    try:
        steps = store.steps("river", *ALWAYS)
        # what fell due after it had caught up may wait for the next start, newest first
        check_ledger([s for s in steps if s.issued_at <= last], steps[0].issued_at, last, np.timedelta64(900, "s"))
        check_forecasts(store, "river", steps)
        news = news_in(store, "river", steps)
        check_events(news)
        diary = river.entries(folder / "diary.jsonl")
        check_diary(diary, store, "river", steps)
        keys = [(e["at"], e["revision"]) for e in diary]
        again = len(keys) - len(set(keys))
        return f"seed {seed}: {kills} kills, {len(steps)} steps, {len(keys)} lines, {again} twice, {len(news)} alerts"
    finally:
        store.close()


@pytest.mark.slow
def test_a_few_kills(tmp_path: Path) -> None:
    print(trial(tmp_path, kills=4, seed=20261123))


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(5))
def test_fifty_kills(tmp_path: Path, seed: int) -> None:
    """Ten kills each on five platforms."""
    print(trial(tmp_path, kills=10, seed=seed))


def test_the_checker_sees_what_is_wrong(tmp_path: Path) -> None:
    """No test that cannot fail: a lost line, an alert told twice, a missing step."""
    shift = Shift(write_platform(tmp_path), time.time())
    shift.finish()
    store = shift.store()
    steps = store.steps("river", *ALWAYS)
    diary = river.entries(tmp_path / "diary.jsonl")
    check_diary(diary, store, "river", steps)
    with pytest.raises(AssertionError, match="lost"):
        check_diary(diary[:-1], store, "river", steps)
    with pytest.raises(AssertionError, match="alerts lost"):
        check_diary([{**diary[0], "news": [["upper-1", 0, "upper", "FIRST"]]}, *diary[1:]], store, "river", steps)
    with pytest.raises(AssertionError, match="steps instead of"):
        check_ledger([*steps[:2], *steps[3:]], steps[0].issued_at, steps[-1].issued_at, np.timedelta64(900, "s"))
    with pytest.raises(AssertionError, match="upper-1"):
        check_events([("upper-1", 0), ("upper-1", 2)])
    store.close()
