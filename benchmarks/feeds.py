"""What CSV feeds cost: values per second read and written, beside pandas on the same files in the same run.

    python -m benchmarks.feeds [--folder DIR] [--repeats N]

"values" are the numbers in the file. "ours" is ``CsvSource.read``: choice of series, times with their zones, faults,
both clocks, duplicates; "pandas" is ``read_csv(parse_dates=...)``, which does none of that. "+buffer" adds the grid of
the pipeline (``SeriesBuffer.window``) to ours. "again" is the next read of the same source when one step has been
appended to the file, "newest" when nothing has. Processor time, best of the repeats, one core.
"""

from __future__ import annotations

import argparse
import platform
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from hydria_csv import CsvSink, CsvSource
from hydria_plugin import Bulletin, Forecast, Layout, Summary, Wanted
from hydria_plugin.buffer import SeriesBuffer

START = np.datetime64("2026-03-01T00:00:00", "s")
STEP = np.timedelta64(300, "s")
QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)


def stamps(steps: int) -> list[str]:
    return [f"{START + i * STEP}Z" for i in range(steps)]


def wide(series: list[str], steps: int) -> str:
    values = np.random.default_rng(1).gamma(2.0, 1.0, (steps, len(series))).round(3)
    rows = [",".join([stamp, *map(str, row.tolist())]) for stamp, row in zip(stamps(steps), values, strict=True)]
    return "\n".join([",".join(["time", *series]), *rows]) + "\n"


def long(series: list[str], steps: int) -> str:
    values = np.random.default_rng(1).gamma(2.0, 1.0, (steps, len(series))).round(3).tolist()
    rows = [
        f"{s},{stamp},{v}"
        for stamp, row in zip(stamps(steps), values, strict=True)
        for s, v in zip(series, row, strict=True)
    ]
    return "\n".join(["series,time,value", *rows]) + "\n"


FILES: dict[str, tuple[Callable[[list[str], int], str], int, int]] = {
    "long, 10,000 series": (long, 10_000, 5),
    "wide, 10,000 series": (wide, 10_000, 5),
    "wide, 50,000 series": (wide, 50_000, 1),
    "wide, 5 series": (wide, 5, 10_000),
    "wide, 10 series, a year of 5 min": (wide, 10, 105_120),
}


def asked(series: list[str], steps: int, only_last: bool = False) -> Wanted:
    last = START + (steps - 1) * STEP
    return Wanted(tuple(series), last if only_last else START, last, last.astype("M8[us]"), last + 6 * STEP, STEP)


def best(act: Callable[[], object], repeats: int) -> float:
    """Milliseconds of the processor."""
    found = []
    for _ in range(repeats):
        before = time.process_time()
        act()
        found.append(time.process_time() - before)
    return 1000 * min(found)


def layout_of(series: list[str], steps: int) -> Layout:
    n = len(series)
    return Layout(
        tuple(series), tuple(series), ("level",) * n, ("m",) * n, (), (), np.empty((n, 0), dtype=str), STEP,
        max(steps, 2), 6, QUANTILES,
    )  # fmt: skip


def read_row(name: str, folder: Path, repeats: int) -> tuple[str, int, float, float, float, float, float]:
    write, n, steps = FILES[name]
    series = [f"s{i:05d}" for i in range(n)]
    file = folder / "feed.csv"
    file.write_text(write(series, steps))
    wanted, values = asked(series, steps), n * steps

    def fresh() -> CsvSource:
        return CsvSource(path="feed.csv", folder=folder)

    ours = best(lambda: fresh().read(wanted), repeats)
    plain = best(lambda: pd.read_csv(file, parse_dates=["time"]), repeats)
    layout = layout_of(series, steps)

    def buffered() -> None:
        buffer = SeriesBuffer(layout, fresh(), overlap=0 * STEP)
        buffer.window(wanted.issued_at, wanted.known_at)

    gridded = best(buffered, repeats)
    source = fresh()
    assert len(source.read(wanted)) == values, name
    newest = best(lambda: source.read(asked(series, steps, only_last=True)), repeats)
    append_step(file, write, series, steps)
    again = best(lambda: source.read(asked(series, steps + 1, only_last=True)), 1)
    return name, values, ours, plain, gridded, again, newest


def append_step(file: Path, write: Callable[[list[str], int], str], series: list[str], steps: int) -> None:
    lines = write(series, steps + 1).splitlines()[-(len(series) if write is long else 1) :]
    with file.open("a") as out:
        out.write("\n".join(lines) + "\n")


def bulletin(stations: int, leads: int) -> Bulletin:
    names = tuple(f"s{i:05d}" for i in range(stations))
    layout = replace(layout_of(list(names), 2), horizon=leads)
    values = np.sort(np.random.default_rng(1).gamma(2.0, 1.0, (stations, leads, len(QUANTILES))), axis=2)
    forecast = Forecast(START, STEP, names, QUANTILES, values, ("blend",) * stations, np.zeros(stations, np.int16))
    summary = Summary(np.zeros((stations, 2), np.float32), np.zeros((stations, 0), np.float32))
    return Bulletin("bench", START, START.astype("M8[us]"), 0, layout, summary, forecast, forecast)


def write_rows(folder: Path, repeats: int) -> None:
    made = bulletin(10_000, 24)
    print(f"\n{'written: 10,000 stations, 24 leads, 7 quantiles':<48}{'ms':>8}{'values/s':>14}{'MB':>8}")
    table = pd.DataFrame(made.forecast.values.reshape(-1, len(QUANTILES)))
    peer = best(lambda: table.to_csv(folder / "peer.csv", float_format="%.7g"), 1)
    rows = [("pandas to_csv, the numbers of the wide form only", peer, folder / "peer.csv")]
    for form in ("wide", "long"):
        for gzip in (False, True):
            place = f"{form}{gzip}"
            sink = CsvSink(path=place, folder=folder, form=form, gzip=gzip)
            cost = best(lambda sink=sink: sink.write(made), repeats)  # type: ignore[misc]
            rows.append((f"ours, {form}{', gzip' if gzip else ''}", cost, next((folder / place / "bench").iterdir())))
    for name, cost, file in rows:
        rate = made.forecast.values.size / cost * 1000
        print(f"{name:<48}{cost:>8.0f}{rate:>14,.0f}{file.stat().st_size / 1e6:>8.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="where the files are written (default: a temporary folder)")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    versions = f"Python {platform.python_version()}, pandas {pd.__version__}, numpy {np.__version__}"
    print(f"{versions}, {platform.machine()}; milliseconds of the processor, best of {options.repeats}\n")
    print(f"{'read':<36}{'values':>10}{'ours':>8}{'pandas':>8}{'values/s':>12}{'+buffer':>9}{'again':>8}{'newest':>8}")
    with tempfile.TemporaryDirectory(dir=options.folder) as made:
        for name in FILES:
            _, values, ours, plain, gridded, again, newest = read_row(name, Path(made), options.repeats)
            rate = values / ours * 1000
            print(
                f"{name:<36}{values:>10,}{ours:>8.0f}{plain:>8.0f}{rate:>12,.0f}{gridded:>9.0f}{again:>8.1f}{newest:>8.1f}"
            )
        write_rows(Path(made), options.repeats)


if __name__ == "__main__":
    main()
