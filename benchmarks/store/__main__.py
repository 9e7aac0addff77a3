"""What the store costs for ten thousand stations, beside the forms it could have had instead.

    python -m benchmarks.store [--stations 10000] [--folder DIR]

Medians over repeats on one SQLite file each (WAL, synchronous=FULL: every commit is on the disk). Beside the time that
passed stands the processor time: their difference is the disk of ``--folder``, and whatever else the machine does.
"""

from __future__ import annotations

import argparse
import platform
import sqlite3
import tempfile
from pathlib import Path

import numpy as np

from .instead import bulletins_by_value, observations_by_pandas, observations_by_value
from .large import LEADS, MEMBERS, PAST, QUANTILES, large_layout
from .ours import alerts_in_store, bulletins_in_blocks, observations_in_store
from .timing import table


def main() -> None:
    parser = argparse.ArgumentParser(description="What the store costs.")
    parser.add_argument("--stations", type=int, default=10_000)
    parser.add_argument("--folder", type=Path, default=None)
    asked = parser.parse_args()
    layout = large_layout(asked.stations)
    n = asked.stations
    with tempfile.TemporaryDirectory(dir=asked.folder) as name:
        folder = Path(name)
        print(f"Python {platform.python_version()}, numpy {np.__version__}, SQLite {sqlite3.sqlite_version}\n")
        rows = [observations_in_store(folder, layout)]
        rows += [observations_by_value(folder, layout), observations_by_pandas(folder, layout)]
        print(table(f"the newest step of {n:,} stations x 5 series ({5 * n:,} observations)", rows))
        print(table(f"alerts of {n:,} stations at once", [alerts_in_store(folder, layout)]))
        rows = [bulletins_in_blocks(folder, layout, block) for block in (1000, 100, n, 1)]
        rows.append(bulletins_by_value(folder, layout))
        shape = f"{PAST} past, {LEADS} leads, {len(QUANTILES)} quantiles, {MEMBERS} parts"
        print(table(f"the bulletin of {n:,} stations ({shape})", rows))


if __name__ == "__main__":
    main()
