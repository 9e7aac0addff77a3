"""Broken CSV files: what is left is read, what is not is told, and nothing is raised."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from csv_feeds import asked
from mutations import check_survives

from hydria_csv import CsvSource

WIDE = "time,a,b,flag\n" + "".join(f"2020-02-01T{h:02d}:00:00Z,{h}.5,-{h},1\n" for h in range(12))
LONG = "series,time,value,flag,received_at\n" + "".join(
    f"{s},2020-02-01T{h:02d}:00Z,{h},good,2020-02-01T{h:02d}:05Z\n" for h in range(6) for s in "ab"
)
FORECAST = "time,issued_at,member,a\n" + "".join(
    f"2020-02-01T{h:02d}:00Z,2020-02-01T00:00Z,{h % 3},1\n" for h in range(9)
)
FRENCH = "# logger\n\ntime;a;b\n01/02/2020 00:00;1,5;-2\n01/02/2020 00:10;2,25;\n"
QUOTED = 'time,a,"b"\n"2020-02-01T00:00Z","1,5",2\n2020-02-01T01:00Z,a"b,"c"\ntime,b,a\n2020-02-01T02:00Z,1,2\n'
MESSAGES = [
    *(text.encode() for text in (WIDE, LONG, FORECAST, FRENCH, QUOTED)),
    WIDE.encode("utf-16"),
    FRENCH.replace("logger", "Alès").encode("iso-8859-1"),
]
WANTED = asked(["a", "b"], "2020-01-31", "2020-02-02")


def reading(folder: Path) -> Callable[[bytes], int]:
    """How many problems were told of a file; its rows are what a source may give."""
    file = folder / "feeds" / "a.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    issued_at = WANTED.issued_at.astype("datetime64[us]")
    ways = [{}, {"time_format": "%d/%m/%Y %H:%M", "timezone": "Europe/Paris"}, {"columns": ["time", "a", "b"]}]

    def read(data: bytes) -> int:
        file.write_bytes(data)
        told = 0
        for options in ways:
            table = CsvSource(path="feeds", folder=folder, **options).read(WANTED)
            assert set(table["series"]) <= {"a", "b"}
            assert (
                table["time"].dt.tz_localize(None).to_numpy("datetime64[us]") <= issued_at
            ).all() or "issued_at" in table
            assert not np.isinf(table["value"]).any() and (table["value"].abs().fillna(0) < 1e15).all()
            assert all(len(p.error) < 1000 for p in table.attrs["problems"])
            told += len(table.attrs["problems"])
        return told

    return read


def test_what_is_broken_here_is_read_when_whole(tmp_path: Path) -> None:
    (tmp_path / "feeds").mkdir()
    for name, text in (("wide", WIDE), ("long", LONG), ("forecast", FORECAST)):
        (tmp_path / "feeds" / f"{name}.csv").write_text(text)
        table = CsvSource(path=f"feeds/{name}.csv", folder=tmp_path).read(WANTED)
        assert len(table) >= 9 and [p for p in table.attrs["problems"] if "no file has" not in p.error] == []


@pytest.mark.parametrize("count", [200, pytest.param(10_000, marks=pytest.mark.soak)])
def test_broken_files(tmp_path: Path, count: int) -> None:
    read, told = reading(tmp_path), []
    check_survives(lambda data: told.append(read(data)), MESSAGES, count, seed=21)
    assert np.count_nonzero(told) > count // 2, "most of them are broken"
