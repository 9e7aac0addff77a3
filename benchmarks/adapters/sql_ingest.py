"""What a database costs: the newest values of 10,000 stations read, and a bulletin for 1,000 written.

    python -m benchmarks.adapters.sql_ingest [--stations N] [--steps N] [--repeats N]

A table as platforms have it, (series, time, value, quality, received) with its key on (series, time), filled with
``--steps`` values per station. "newest" is one read of a cycle that wants each station's last value; "a window" one
that wants 24 steps; "+buffer" is a whole next cycle's ingest: read, gridded, in the window. Wall clock, best of the
repeats; the adapter's connection is open. PostgreSQL is started for the purpose, on loopback. "first" is the first read
of a fresh source, its connection included.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import sqlalchemy as sa

from hydria_plugin import Bulletin, Layout, Wanted
from hydria_plugin.buffer import SeriesBuffer
from hydria_plugin.testing import sample_bulletin, sample_layout
from hydria_sql.sink import SqlSink
from hydria_sql.source import SqlSource

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))
from postgresql_server import Server, need_postgresql

START, STEP = np.datetime64("2026-03-01T00:00:00", "s"), np.timedelta64(3600, "s")


def fill(engine: sa.Engine, stations: int, steps: int) -> None:
    """The platform's table, with its index and its statistics."""
    stamp = "timestamptz" if engine.dialect.name == "postgresql" else "text"
    rng = np.random.default_rng(1)
    with engine.begin() as connection:
        connection.execute(
            sa.text(
                f"CREATE TABLE readings (series text, time {stamp}, value double precision, flag smallint, "
                f"received_at {stamp}, PRIMARY KEY (series, time))"
            )
        )
        insert = sa.text("INSERT INTO readings VALUES (:s, :t, :v, 1, :r)")
        for step in range(steps):
            stamped, received = f"{START + step * STEP}Z", f"{START + step * STEP + np.timedelta64(90, 's')}Z"
            values = rng.gamma(2.0, 1.0, stations).round(3).tolist()
            rows = [{"s": f"gauge-{i}", "t": stamped, "v": v, "r": received} for i, v in enumerate(values)]
            connection.execute(insert, rows)
    with engine.connect() as connection:
        connection.execute(sa.text("ANALYZE"))


def asked(stations: int, steps: int, wanted: int) -> Wanted:
    issued_at = START + (steps - 1) * STEP
    known_at = (issued_at + np.timedelta64(180, "s")).astype("datetime64[us]")
    series = tuple(f"gauge-{i}" for i in range(stations))
    return Wanted(series, issued_at - (wanted - 1) * STEP, issued_at, known_at, issued_at + 6 * STEP, STEP)


def layout_of(stations: int, past: int) -> Layout:
    names = tuple(f"gauge-{i}" for i in range(stations))
    plain = sample_layout(stations=2, slots=0, past=past)
    empty = np.empty((stations, 0), dtype=str)
    return replace(
        plain,
        stations=names,
        targets=names,
        quantities=("level",) * stations,
        units=("m",) * stations,
        series=empty,
        static=np.zeros((stations, 1)),
    )


def best(what: Callable[[], object], repeats: int) -> float:
    took = []
    for _ in range(repeats):
        begun = time.perf_counter()
        what()
        took.append(time.perf_counter() - begun)
    return min(took)


def next_cycle(source: SqlSource, stations: int, steps: int) -> float:
    """Seconds for the second of two cycles: what is new is read and put into the window of 24 steps."""
    before, now = asked(stations, steps - 1, 24), asked(stations, steps, 24)
    buffer = SeriesBuffer(layout_of(stations, 24), source, overlap=0 * STEP)
    buffer.window(before.issued_at, before.known_at)
    begun = time.perf_counter()
    buffer.window(now.issued_at, now.known_at)
    return time.perf_counter() - begun


def bulletin_of(stations: int) -> Bulletin:
    made = sample_bulletin(layout=sample_layout(stations=stations, slots=1, past=24, horizon=24))
    return replace(made, window=None, received=None)


def measured(url: str, stations: int, steps: int, repeats: int) -> list[tuple[str, float, int]]:
    """(what, seconds, rows)."""
    engine = sa.create_engine(url)
    fill(engine, stations, steps)
    newest, day = asked(stations, steps, 1), asked(stations, steps, 24)
    begun = time.perf_counter()
    source = SqlSource(database=url, table="readings")
    first = len(source.read(newest))
    took = time.perf_counter() - begun
    assert first == stations, first
    rows = [("newest values, first", took, first)]
    rows.append(("newest values", best(lambda: source.read(newest), repeats), stations))
    rows.append(("newest values, +buffer", min(next_cycle(source, stations, steps) for _ in range(2)), stations))
    rows.append(("a window of 24 steps", best(lambda: source.read(day), repeats), 24 * stations))
    sink, made = SqlSink(database=url, create=True), bulletin_of(1000)
    written = made.forecast.values.size
    begun = time.perf_counter()
    sink.write(made)
    rows.append(("bulletin of 1,000 stations", time.perf_counter() - begun, written))
    rows.append(("the same again", best(lambda: sink.write(made), 2), written))
    source.close()
    sink.close()
    engine.dispose()
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--stations", type=int, default=10_000)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    folder = Path(tempfile.gettempdir()) / f"hydria-pg-{uuid.uuid4().hex[:8]}"
    folder.mkdir()
    server = None
    try:
        server = Server(need_postgresql(), folder)
        (folder / "platform.db").touch()
        urls = {"postgresql": server.database(), "sqlite": f"sqlite:///{folder / 'platform.db'}"}
        print(f"Python {platform.python_version()}, SQLAlchemy {sa.__version__}, {os.cpu_count()} cores; ", end="")
        print(f"{given.stations:,} stations, {given.steps} steps in the table\n")
        print(f"{'database':<12} {'what':<28} {'seconds':>8} {'rows':>9} {'rows/s':>10}")
        for name, url in urls.items():
            for what, seconds, rows in measured(url, given.stations, given.steps, given.repeats):
                print(f"{name:<12} {what:<28} {seconds:>8.3f} {rows:>9,} {rows / seconds:>10,.0f}", flush=True)
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
