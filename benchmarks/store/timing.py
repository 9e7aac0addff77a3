"""Medians of writing and reading, and the table they are shown in."""

from __future__ import annotations

import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

Cost = tuple[float, float]  # milliseconds that passed, milliseconds of the processor
Row = tuple[str, Cost, Cost, float]  # form, write, read, MB on disk a step
Do = Callable[[], object]
Steps = Iterator[tuple[Do, Do]]  # how to write, and how to read back, one step after the other


def timed(do: Do) -> Cost:
    started, worked = time.perf_counter(), time.process_time()
    do()
    return 1e3 * (time.perf_counter() - started), 1e3 * (time.process_time() - worked)


def median(costs: list[Cost]) -> Cost:
    """Of both, the first (tables, layout, page cache) not counted."""
    passed, worked = zip(*costs[1:], strict=True)
    return statistics.median(passed), statistics.median(worked)


def measured(name: str, path: Path, steps: Steps, n: int, close: Do) -> Row:
    """Medians of writing and reading over ``n`` steps, and the size once it is closed (and the WAL written home)."""
    writes, reads = [], []
    for _ in range(n + 1):
        write, read = next(steps)
        writes.append(timed(write))
        reads.append(timed(read))
    close()
    return name, median(writes), median(reads), path.stat().st_size / 1e6 / (n + 1)


def connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def table(title: str, rows: list[Row]) -> str:
    lines = [f"### {title}", "", "| form | write ms (cpu) | read back ms (cpu) | MB a step |", "|---|---|---|---|"]
    lines += [
        f"| {name} | {write[0]:.1f} ({write[1]:.1f}) | {read[0]:.1f} ({read[1]:.1f}) | {size:.2f} |"
        for name, write, read, size in rows
    ]
    return "\n".join([*lines, ""])
