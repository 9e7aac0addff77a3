"""One size of the speed benchmark: whole cycles over N stations, each stage timed; prints JSON.

    python -m benchmarks.speed.cycle --stations 10000 --models DIR [--cycles 5] [--days 30]

The stages are timed by proxies around the pipeline's parts: what runs is ``run_cycle`` and ``deliver`` themselves.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from hydria_csv import CsvSink, CsvSource
from hydria_plugin.alerts import AlertRules, Thresholds
from hydria_plugin.buffer import SeriesBuffer
from hydria_plugin.cycle import Pipeline, run_cycle
from hydria_plugin.delivery import deliver
from hydria_plugin.digest import digest_of
from hydria_plugin.forecasters.blend import Blend
from hydria_plugin.stores.sql import SqlStore
from hydria_plugin.verification.online import OnlineLearner

from .feed import BEGIN, LEADS, PAST, STEP, MadeRegion, Silent, Switched, append_csv, layout_for
from .models import grown, trained

Spent = dict[str, float]
CLOCKS = {"wall": time.perf_counter, "processor": time.process_time}
clock = CLOCKS["wall"]  # chosen by --clock


class Timed:
    """``part`` as it is, but what its methods take is added to ``spent`` under a name."""

    def __init__(self, part: object, spent: Spent, names: Mapping[str, str]) -> None:
        self._part, self._spent, self._names = part, spent, names

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._part, name)
        stage = self._names.get(name)
        if stage is None:
            return found

        def timed(*args: object, **more: object) -> object:
            started = clock()
            try:
                return found(*args, **more)
            finally:
                self._spent[stage] += clock() - started

        return timed


def timed_blend(blend: Blend, spent: Spent) -> Blend:
    """The blend, its members timed one by one."""
    fitted = blend.ready()
    members = {name: Timed(m, spent, {"forecast": f"  {name}"}) for name, m in fitted.members.items()}
    return blend.with_trained(replace(fitted, members=members))  # type: ignore[arg-type]


class Site:
    """A platform of ``stations`` stations in a folder: feed, store, models, sink."""

    def __init__(self, stations: int, models: Path, folder: Path) -> None:
        self.layout, self.folder = layout_for(stations), folder
        self.region = MadeRegion(self.layout)
        self.spent: Spent = defaultdict(float)
        blend = timed_blend(grown(trained(models), folder / "models", stations), self.spent)
        self.start = BEGIN + 4000 * STEP
        self.source = Switched(self.region, self.start)
        feed = Timed(self.source, self.spent, {"read": "  read CSV"})
        self.buffer = SeriesBuffer(self.layout, feed, durations=blend.antecedent, overlap=4 * STEP)  # type: ignore[arg-type]
        self.store = SqlStore(f"sqlite:///{folder / 'hydria.db'}")
        self.sink = CsvSink(path=str(folder / "out"))
        self.pipeline = self.pipeline_of(blend)

    def pipeline_of(self, blend: Blend) -> Pipeline:
        spent = self.spent
        names = {"put": "store: put", "bulletin": "store: read back", "last_alerts": "store: last alerts"}
        limits = np.tile([0.8, 1.2, 2.0], (len(self.layout.stations), 1))
        forecasters: dict[str, Any] = {"blend": Timed(blend, spent, {"forecast": "blend"})}
        return Pipeline(
            "region", self.layout, Timed(self.buffer, spent, {"window": "buffer: window"}), forecasters,  # type: ignore[arg-type]
            Timed(self.store, spent, names), Thresholds(("yellow", "orange", "red"), limits), AlertRules(),  # type: ignore[arg-type]
            sinks={"csv": self.sink}, learner=Timed(OnlineLearner({"blend": blend}), spent, {"update": "learning"}),  # type: ignore[arg-type]
        )  # fmt: skip

    def fill(self, days: int) -> np.datetime64:
        """Take in ``days`` of the record, a few steps at a time; the last step."""
        some = max(1, 2_000_000 // len(self.layout.all_series()))
        step, last = 0, days * 96
        while step < last:
            step = min(step + some, last)
            at = self.start + step * STEP
            self.buffer.window(at, at.astype("M8[us]"))
            self.buffer.commit()
        self.source.source = CsvSource(path=str(self.folder / "feed"), layout=self.layout)
        (self.folder / "feed").mkdir()
        return self.start + last * STEP

    def cycle(self, at: np.datetime64) -> dict[str, float]:
        """One step, from the new rows in the file to the file of the sink; seconds by stage."""
        rows = append_csv(self.folder / "feed" / "feed.csv", self.region, at)
        self.spent.clear()
        started = clock()
        bulletin = run_cycle(self.pipeline, at, at.astype("M8[us]"))
        made = clock()
        sinks = {"csv": Timed(self.sink, self.spent, {"write": "sink: write CSV"})}
        faults = deliver(self.pipeline.store, "region", sinks, at.astype("M8[us]"), LEADS * STEP)  # type: ignore[arg-type]
        ended = clock()
        assert not faults and bulletin.forecast.there.mean() > 0.9, (faults, bulletin.degraded[:3])
        assert bulletin.received is not None and len(bulletin.received) >= rows
        return {**self.spent, "cycle": made - started, "delivery": ended - made, "total": ended - started, "rows": rows}

    def bounds(self, at: np.datetime64) -> dict[str, float]:
        """What the memory alone would take, and the digest on its own (part of the cycle)."""
        window = self.buffer.window(at, at.astype("M8[us]"))
        held = PAST * (self.layout.series.size + len(self.layout.stations)) * 9 + window.antecedent.nbytes
        self.source.source = Silent()
        again = [timed_once(lambda: self.buffer.window(at, at.astype("M8[us]"))) for _ in range(5)]
        return {
            "window off the arrays": statistics.median(again),
            "window at memory speed": held / copy_speed(),
            "digest": timed_once(lambda: digest_of(window)),
        }


def timed_once(do: Callable[[], object]) -> float:
    started = clock()
    do()
    return clock() - started


def copy_speed() -> float:
    """Bytes copied per second into fresh memory."""
    block = np.ones(30_000_000 // 8)
    return block.nbytes / min(timed_once(block.copy) for _ in range(5))


def peak_mb(reset: bool = False) -> float:
    """The most memory held, in MB, since the last reset (Linux)."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    text = Path("/proc/self/status").read_text()
    return float(text.split("VmHWM:")[1].split()[0]) / 1024


def measured(stations: int, models: Path, cycles: int, days: int) -> dict[str, float]:
    """Medians over ``cycles`` cycles, after two that are not counted."""
    with tempfile.TemporaryDirectory() as folder:
        site = Site(stations, models, Path(folder))
        at = site.fill(days)
        peak_mb(reset=True)
        runs = []
        for _ in range(cycles + 2):
            at += STEP
            runs.append(site.cycle(at))
        stages = {name: statistics.median(run.get(name, 0.0) for run in runs[2:]) for name in runs[-1]}
        peak = peak_mb()
        site.store.close()
        return {"stations": stations, **stages, **site.bounds(at), "peak_mb": peak}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--stations", type=int, default=10_000)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--cycles", type=int, default=5)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="processor: of all threads, on a busy machine")
    options = parser.parse_args()
    globals()["clock"] = CLOCKS[options.clock]
    print(json.dumps(measured(options.stations, options.models, options.cycles, options.days)))


if __name__ == "__main__":
    main()
