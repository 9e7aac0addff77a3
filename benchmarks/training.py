"""The training budget: ``hydria train`` with defaults on 30,000 rows of one station, and the cost of a backtest cycle.

    python -m benchmarks.training [--rows 30000]

The record is the fictitious basin's (simulated); asked: at most 6 minutes on 2 cores, and 25 ms a cycle.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from hydria_plugin.config import read_config
from hydria_plugin.plugins import load_plugins
from hydria_plugin.testing import sample_history, sample_layout
from hydria_plugin.values import History, Strings
from hydria_plugin.workshop import run_backtest, train_pipelines

CONFIG = """
[platform]
name = "training budget"

[pipelines.p]
step = "1h"
past = "72h"
horizon = "24h"
stations = "stations.csv"
inputs = "inputs.csv"
source = { use = "csv", path = "feed.csv", time = "time" }
forecasters = ["blend", "persistence"]
"""


def write_platform(folder: Path, rows: int) -> History:
    """One station with three rain gauges and an upstream level, ``rows`` hourly steps."""
    layout = sample_layout(stations=1, slots=4, past=72, horizon=24)
    history = sample_history(layout, rows)
    (folder / "hydria.toml").write_text(CONFIG)
    (folder / "stations.csv").write_text("station,name,lat,lon,target,quantity,unit\ns1,S,44,4,h,level,m\n")
    slots = "".join(f"s1,{slot},{slot},{kind}\n" for slot, kind in zip(layout.slots, layout.kinds, strict=True))
    (folder / "inputs.csv").write_text("station,slot,series,kind\n" + slots)
    values = np.column_stack([history.target.values[0], history.inputs.values[0]])
    lines = [",".join(["time", "h", *layout.slots])]
    lines += [f"{t}Z,{','.join(words(row))}" for t, row in zip(history.times, values, strict=True)]
    (folder / "feed.csv").write_text("\n".join(lines) + "\n")
    return history


def words(row: np.ndarray) -> Strings:
    return np.array(["" if np.isnan(v) else f"{v:.4f}" for v in row])


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.training", description=__doc__)
    parser.add_argument("--rows", type=int, default=30_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        history = write_platform(folder, rows)
        begun = time.monotonic()
        train_pipelines(folder / "hydria.toml")
        trained = time.monotonic() - begun
        registry = load_plugins()
        settings = read_config(folder / "hydria.toml", registry=registry)
        first, last = history.times[-1000], history.times[-500]
        ends: list[tuple[float, float]] = []
        note = lambda what, share: ends.append((time.perf_counter(), time.process_time()))  # noqa: E731
        run_backtest(settings, "p", registry, first, last, progress=note)
        cycle, processor = np.median(np.diff(np.array(ends), axis=0), axis=0)  # the first reads the record
    print("| what | measured | asked |\n|---|---|---|")
    print(f"| hydria train, defaults, {rows} rows, 1 station, 24 leads | {trained:.0f} s | 360 s |")
    figures = f"{1000 * cycle:.1f} ms ({1000 * processor:.1f} ms)"
    print(f"| one backtest cycle of the blend, median (processor time) | {figures} | 25 ms |")


if __name__ == "__main__":
    main()
