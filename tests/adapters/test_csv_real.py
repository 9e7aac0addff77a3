"""Real files: every gzip CSV of ../shared/data, read by the adapter and by plain pandas, must hold the same values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from csv_feeds import asked, problems

from hydria_csv import CsvSource

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
FILES = sorted(DATA.glob("*/*.csv.gz")) if DATA.is_dir() else []
WIDE = [f for f in FILES if "raw_long" not in f.name]
LONG = [f for f in FILES if "raw_long" in f.name]

pytestmark = pytest.mark.skipif(not FILES, reason="../shared/data is not beside this checkout")


def name_of(file: Path) -> str:
    return f"{file.parent.name}/{file.name}"


def everything(series: list[str]):
    return asked(series, "1900-01-01", "2030-01-01", horizon=1)


@pytest.mark.parametrize("file", WIDE, ids=name_of)
def test_wide(file: Path) -> None:
    plain = pd.read_csv(file)
    series = [c for c in plain.columns if (c != "time_utc" and plain[c].dtype == float) or plain[c].dtype == int]
    table = CsvSource(path=file.name, folder=file.parent, time="time_utc").read(everything(series))
    assert [p for p in problems(table) if "no file has" not in p] == []
    expected = plain.assign(time=pd.to_datetime(plain["time_utc"], utc=True)).drop_duplicates("time", keep="last")
    for name in series:
        found = table[table["series"] == name]
        there = expected[expected[name].notna()].sort_values("time")
        np.testing.assert_allclose(found["value"], there[name], rtol=1e-12)
        np.testing.assert_array_equal(
            found["time"].astype("int64"), there["time"].astype("datetime64[us, UTC]").astype("int64")
        )


@pytest.mark.parametrize("file", LONG, ids=name_of)
def test_long(file: Path) -> None:
    """The raw levels of Hub'Eau: irregular times, in mm, turned into m, flagged as not qualified."""
    plain = pd.read_csv(file, dtype={"code_station": str})
    stations = sorted(plain["code_station"].unique())
    source = CsvSource(
        path=file.name,
        folder=file.parent,
        time="time_utc",
        series="code_station",
        value="level_mm",
        scale=dict.fromkeys(stations, 0.001),
        flag="qualification",
        flags={"Non qualifiée": "unknown"},
    )
    table = source.read(everything(stations))
    expected = plain.drop_duplicates(["code_station", "time_utc"], keep="last")
    assert problems(table) == [] and set(table["flag"]) == {2}
    assert table.groupby("series").size().to_dict() == expected.groupby("code_station").size().to_dict()
    np.testing.assert_allclose(table["value"].sum(), expected["level_mm"].sum() / 1000, rtol=1e-9)


def test_the_morning_of_the_gardon_flood_step_by_step() -> None:
    """Read as it would have been, every ten minutes: what is read at a step is what the whole file holds until then."""
    folder, name = DATA / "hubeau_occitanie_2020", "gardon_2020-09_10min.csv.gz"
    series = ["level_mm_V7144010", "level_mm_V7115010"]
    source = CsvSource(path=name, folder=folder, time="time_utc")
    whole = source.read(asked(series, "2020-09-19T00:00", "2020-09-19T12:00"))
    for step in range(0, 12 * 60, 10):
        now = str(np.datetime64("2020-09-19T00:00") + np.timedelta64(step, "m"))
        table = source.read(asked(series, "2020-09-19T00:00", now))
        pd.testing.assert_frame_equal(table, whole[whole["time"] <= pd.Timestamp(now, tz="UTC")])
    assert whole["value"][whole["series"] == series[0]].max() > 5000  # Anduze: more than 5 m
