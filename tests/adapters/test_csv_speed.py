"""What must stay fast, in processor time: the machine may do other things. Figures: ``python -m benchmarks.feeds``."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from csv_feeds import asked

from hydria_csv import CsvSource

pytestmark = pytest.mark.alone
SERIES = [f"s{i:05d}" for i in range(10_000)]
TIMES = [f"2020-02-01T00:{5 * i:02d}:00Z" for i in range(5)]
VALUES = np.random.default_rng(1).gamma(2.0, 1.0, (5, 10_000)).round(3)


def seconds(act: Callable[[], object]) -> float:
    before = time.process_time()
    act()
    return time.process_time() - before


def content(form: str) -> str:
    if form == "wide":
        rows = [",".join([t, *map(str, row)]) for t, row in zip(TIMES, VALUES.tolist(), strict=True)]
        return "\n".join([",".join(["time", *SERIES]), *rows]) + "\n"
    pairs = [(t, s, v) for t, row in zip(TIMES, VALUES.tolist(), strict=True) for s, v in zip(SERIES, row, strict=True)]
    return "series,time,value\n" + "".join(f"{s},{t},{v}\n" for t, s, v in pairs)


@pytest.mark.parametrize("form", ["wide", "long"])
def test_fifty_thousand_values_in_well_under_a_second(feeds: Path, form: str) -> None:
    (feeds / "a.csv").write_text(content(form))
    source = CsvSource(path="feeds", folder=feeds.parent)
    assert seconds(lambda: source.read(asked(SERIES))) < 0.5
    table = source.read(asked(SERIES))
    np.testing.assert_array_equal(table["value"].to_numpy().reshape(5, -1), VALUES)


def test_the_newest_step_of_an_archive_costs_milliseconds(feeds: Path) -> None:
    """A million values, then one line more: only that line is read, and only its values are looked at."""
    steps, file = 200_000, feeds / "a.csv"
    times = np.datetime64("2018-01-01T00:00") + np.arange(steps) * np.timedelta64(5, "m")
    file.write_text("time,a,b,c,d,e\n" + "".join(f"{t}Z,1,2,3,4,5\n" for t in times))
    source, names = CsvSource(path="feeds", folder=feeds.parent), list("abcde")
    first = seconds(lambda: source.read(asked(names, "2018-01-01", "2018-01-01")))
    last = str(times[-1])
    with file.open("a") as out:
        out.write(f"{times[-1] + np.timedelta64(5, 'm')}Z,6,7,8,9,10\n")
    appended = seconds(lambda: source.read(asked(names, last, str(times[-1] + np.timedelta64(5, "m")))))
    same = min(seconds(lambda: source.read(asked(names, last, last))) for _ in range(3))
    assert appended < 0.1 and same < 0.03, (first, appended, same)
    assert source.read(asked(names, last, "2019-12-31"))["value"].tolist()[-5:] == [6.0, 7.0, 8.0, 9.0, 10.0]


def test_a_folder_of_many_small_files(feeds: Path) -> None:
    for i in range(500):
        time_ = np.datetime64("2020-02-01T00:00") + i * np.timedelta64(10, "m")
        (feeds / f"{i:04d}.csv").write_text(f"series,time,value\nstation_a,{time_}Z,{i}\nstation_b,{time_}Z,-1.5\n")
    source = CsvSource(path="feeds", folder=feeds.parent)
    wanted = asked(["station_a", "station_b"])
    assert seconds(lambda: source.read(wanted)) < 2.0
    assert seconds(lambda: source.read(wanted)) < 0.2
    assert source.read(wanted)["value"].tolist() == [v for i in range(500) for v in (float(i), -1.5)]
