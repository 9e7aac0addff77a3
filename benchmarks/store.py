"""What the store costs for ten thousand stations, beside the forms it could have had instead.

    python -m benchmarks.store [--stations 10000] [--folder DIR]

Medians over repeats on one SQLite file each (WAL, synchronous=FULL: every commit is on the disk). Beside the time that
passed stands the processor time: their difference is the disk of ``--folder``, and whatever else the machine does.
"""

from __future__ import annotations

import argparse
import platform
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from hydria_plugin import Bulletin, Forecast, Layout, Observations, Summary
from hydria_plugin.stores import forms
from hydria_plugin.stores.sql import SqlStore
from hydria_plugin.testing import sample_alert

START = np.datetime64("2026-03-01T00:00:00", "s")
STEP = np.timedelta64(900, "s")
QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
PAST, LEADS, INPUTS, MEMBERS = 72, 24, 4, 3
REPEATS = 7
Cost = tuple[float, float]  # milliseconds that passed, milliseconds of the processor
Row = tuple[str, Cost, Cost, float]  # form, write, read, MB on disk a step


def large_layout(stations: int) -> Layout:
    names = tuple(f"s{i:05d}" for i in range(stations))
    slots = tuple(f"rain.{i + 1}" for i in range(INPUTS))
    series = np.array([[f"{slot}@{name}" for slot in slots] for name in names])
    return Layout(
        names, tuple(f"level@{name}" for name in names), ("level",) * stations, ("m",) * stations, slots,
        ("rain",) * INPUTS, series, STEP, PAST, LEADS, QUANTILES,
    )  # fmt: skip


def large_bulletins(layout: Layout) -> Iterator[Bulletin]:
    """One per step: blend's quantiles and parts, random digits (nothing that would compress by luck)."""
    rng, s = np.random.default_rng(1), len(layout.stations)
    values = np.sort(rng.gamma(2.0, 1.0, (s, LEADS, len(QUANTILES))), axis=2)
    parts, observed = rng.gamma(2.0, 1.0, (s, MEMBERS, LEADS)), rng.gamma(2.0, 1.0, (s, PAST)).astype(np.float32)
    summary = Summary(observed, np.ones((s, INPUTS), np.float32))
    made_by, rung = ("blend",) * s, np.zeros(s, np.int16)
    for i in range(10**6):
        at = START + i * STEP
        forecast = Forecast(
            at, STEP, layout.stations, QUANTILES, values + i, made_by, rung, None, None, parts, ("a", "b", "c")
        )
        yield Bulletin("bench", at, at.astype("M8[us]"), 0, layout, summary, forecast, forecast)


def large_observations(layout: Layout, at: np.datetime64) -> Observations:
    """The newest step of every series: its values, all received together."""
    series, n = layout.all_series(), len(layout.all_series())
    zero = np.zeros(n, np.int32)
    values = np.random.default_rng(int(at.astype(np.int64))).gamma(2.0, 1.0, n)
    return Observations(
        series, np.arange(n, dtype=np.int32), np.full(n, at), values, np.ones(n, np.uint8), zero, zero,
        np.full(n, at.astype("M8[us]")),
    )  # fmt: skip


def timed(do: Callable[[], object]) -> Cost:
    started, worked = time.perf_counter(), time.process_time()
    do()
    return 1e3 * (time.perf_counter() - started), 1e3 * (time.process_time() - worked)


def median(costs: list[Cost]) -> Cost:
    """Of both, the first (tables, layout, page cache) not counted."""
    passed, worked = zip(*costs[1:], strict=True)
    return statistics.median(passed), statistics.median(worked)


def measured(name: str, path: Path, steps: Iterator[tuple[Callable[[], object], Callable[[], object]]], n: int) -> Row:
    """Medians of writing and reading over ``n`` steps."""
    writes, reads = [], []
    for _ in range(n + 1):
        write, read = next(steps)
        writes.append(timed(write))
        reads.append(timed(read))
    return name, median(writes), median(reads), path.stat().st_size / 1e6 / (n + 1)


def bulletins_in_blocks(folder: Path, layout: Layout, block: int) -> Row:
    """The store itself, with blocks of ``block`` stations."""
    path, was = folder / f"blocks-{block}.db", forms.BLOCK
    forms.BLOCK = block
    store = SqlStore(f"sqlite:///{path}")

    def steps() -> Iterator[tuple[Callable[[], object], Callable[[], object]]]:
        for bulletin in large_bulletins(layout):
            yield (
                lambda b=bulletin: store.put(b, ("csv",)),  # type: ignore[misc]
                lambda b=bulletin: store.bulletin("bench", b.issued_at),  # type: ignore[misc]
            )

    row = measured(f"store, blocks of {block:,} stations", path, steps(), REPEATS)
    store.close()
    forms.BLOCK = was
    return row


def bulletins_by_value(folder: Path, layout: Layout) -> Row:
    """A row per station, lead and quantile, as forecast tables usually are; the quantiles only."""
    path = folder / "values.db"
    connection = connect(path)
    connection.execute(
        "CREATE TABLE forecast (issued INTEGER, station TEXT, lead INTEGER, quantile REAL, value REAL,"
        " PRIMARY KEY (issued, station, lead, quantile)) WITHOUT ROWID"
    )

    def write(bulletin: Bulletin) -> None:
        at = int(bulletin.issued_at.astype(np.int64))
        keys = ((at, s, h, q) for s in layout.stations for h in range(1, LEADS + 1) for q in QUANTILES)
        rows = ((*key, v) for key, v in zip(keys, bulletin.forecast.values.ravel().tolist(), strict=True))
        with connection:
            connection.executemany("INSERT INTO forecast VALUES (?,?,?,?,?)", rows)

    def read(bulletin: Bulletin) -> None:
        at = int(bulletin.issued_at.astype(np.int64))
        np.array(connection.execute("SELECT value FROM forecast WHERE issued = ?", (at,)).fetchall())

    def steps() -> Iterator[tuple[Callable[[], object], Callable[[], object]]]:
        for b in large_bulletins(layout):
            yield lambda b=b: write(b), lambda b=b: read(b)  # type: ignore[misc]

    row = measured("a row per value (quantiles only)", path, steps(), 1)
    connection.close()
    return row


def observations_in_store(folder: Path, layout: Layout) -> Row:
    """Observations through ``put``, with the bulletin of a single station: ingest, ledger and commit."""
    path = folder / "observations.db"
    store = SqlStore(f"sqlite:///{path}")

    def steps() -> Iterator[tuple[Callable[[], object], Callable[[], object]]]:
        series = layout.all_series()
        for small in large_bulletins(large_layout(1)):
            received = replace(large_observations(layout, small.issued_at), series=series)
            whole = replace(small, received=received)
            at = small.issued_at
            yield (
                lambda b=whole: store.put(b),  # type: ignore[misc]
                lambda at=at: store.observations("bench", at, at, at),  # type: ignore[misc]
            )

    row = measured("store, a row of columns per cycle", path, steps(), 20)
    store.close()
    return row


def observations_by_value(folder: Path, layout: Layout) -> Row:
    path = folder / "observation-values.db"
    connection = connect(path)
    connection.execute(
        "CREATE TABLE observation (time INTEGER, series TEXT, value REAL, received INTEGER,"
        " PRIMARY KEY (time, series)) WITHOUT ROWID"
    )

    def write(received: Observations) -> None:
        times, known = received.times.astype(np.int64).tolist(), received.received_at.astype(np.int64).tolist()
        with connection:
            rows = zip(times, received.series, received.values.tolist(), known, strict=True)
            connection.executemany("INSERT INTO observation VALUES (?,?,?,?)", rows)

    def read(received: Observations) -> None:
        at = int(received.times[0].astype(np.int64))
        np.array(connection.execute("SELECT value FROM observation WHERE time = ?", (at,)).fetchall())

    def steps() -> Iterator[tuple[Callable[[], object], Callable[[], object]]]:
        for i in range(10**6):
            received = large_observations(layout, START + i * STEP)
            yield lambda r=received: write(r), lambda r=received: read(r)  # type: ignore[misc]

    row = measured("a row per value", path, steps(), REPEATS)
    connection.close()
    return row


def observations_by_pandas(folder: Path, layout: Layout) -> Row:
    """``DataFrame.to_sql`` and ``read_sql``: what a platform script would do."""
    import pandas as pd

    path = folder / "pandas.db"
    connection = connect(path)

    def write(received: Observations) -> None:
        table = {"time": received.times.astype(np.int64), "series": received.series, "value": received.values}
        with connection:
            pd.DataFrame(table).to_sql("observation", connection, if_exists="append", index=False)

    def read(received: Observations) -> None:
        at = int(received.times[0].astype(np.int64))
        pd.read_sql("SELECT * FROM observation WHERE time = ?", connection, params=(at,))

    def steps() -> Iterator[tuple[Callable[[], object], Callable[[], object]]]:
        for i in range(10**6):
            received = large_observations(layout, START + i * STEP)
            yield lambda r=received: write(r), lambda r=received: read(r)  # type: ignore[misc]

    row = measured("pandas to_sql / read_sql", path, steps(), REPEATS)
    connection.close()
    return row


def alerts_in_store(folder: Path, layout: Layout) -> Row:
    """The worst night: every station has an open event, and news in every step."""
    path = folder / "alerts.db"
    store = SqlStore(f"sqlite:///{path}")

    def steps() -> Iterator[tuple[Callable[[], object], Callable[[], object]]]:
        for small in large_bulletins(large_layout(1)):
            at = small.issued_at
            worst = replace(small, alerts=tuple(sample_alert(at, station) for station in layout.stations))
            yield (
                lambda b=worst: store.put(b),  # type: ignore[misc]
                lambda at=at: store.last_alerts("bench", at + STEP),  # type: ignore[misc]
            )

    row = measured("store, a row per alert", path, steps(), REPEATS)
    store.close()
    return row


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
