"""The training budget: ``hydria train`` with defaults on the rows of one station, and the cost of a backtest cycle.

    python -m benchmarks.training [--forecaster blend] [--rows 30000] [--gauges 3]
    python -m benchmarks.training --forecaster block-network --rows 4000 --gauges 4

The record is made up. Asked on 2 cores: of the blend at most 6 minutes for 30,000 rows, and 25 ms a cycle; of the block
network, selection included, at most 4 minutes for 4,000 rows and 4 gauges. Processor time, of all threads together, is
printed beside: on a machine that does other work it is the figure to go by.
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
forecasters = ["{forecaster}", "persistence"]
"""
ASKED = {"blend": (30_000, 3, 360), "block-network": (4_000, 4, 240)}  # rows, rain gauges, seconds


def write_platform(folder: Path, rows: int, gauges: int, forecaster: str) -> History:
    """One station with some rain gauges and an upstream level, ``rows`` hourly steps."""
    layout = sample_layout(stations=1, slots=gauges + 1, past=72, horizon=24)
    history = sample_history(layout, rows)
    (folder / "hydria.toml").write_text(CONFIG.replace("{forecaster}", forecaster))
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


def backtest_cycle(folder: Path, history: History) -> tuple[float, float]:
    """Seconds of one cycle, median, and of them processor time."""
    registry = load_plugins()
    settings = read_config(folder / "hydria.toml", registry=registry)
    first, last = history.times[-1000], history.times[-500]
    ends: list[tuple[float, float]] = []
    note = lambda what, share: ends.append((time.perf_counter(), time.process_time()))  # noqa: E731
    run_backtest(settings, "p", registry, first, last, progress=note)
    cycle, processor = np.median(np.diff(np.array(ends), axis=0), axis=0)  # the first reads the record
    return float(cycle), float(processor)


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.training", description=__doc__)
    parser.add_argument("--forecaster", choices=ASKED, default="blend")
    parser.add_argument("--rows", type=int, help="default: as asked")
    parser.add_argument("--gauges", type=int, help="rain gauges; default: as asked")
    options = parser.parse_args()
    most_rows, most_gauges, asked = ASKED[options.forecaster]
    rows, gauges = options.rows or most_rows, options.gauges or most_gauges
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        history = write_platform(folder, rows, gauges, options.forecaster)
        begun, processor_begun = time.monotonic(), time.process_time()
        train_pipelines(folder / "hydria.toml")
        trained, worked = time.monotonic() - begun, time.process_time() - processor_begun
        what = f"hydria train, {options.forecaster}, {rows} rows, 1 station, {gauges} gauges, 24 leads"
        print("| what | measured | processor time | asked |\n|---|---|---|---|")
        print(f"| {what} | {trained:.0f} s | {worked:.0f} s | {asked} s on 2 cores |", flush=True)
        cycle, processor = backtest_cycle(folder, history)
    print(f"| one backtest cycle, median | {1000 * cycle:.1f} ms | {1000 * processor:.1f} ms | 25 ms |")


if __name__ == "__main__":
    main()
