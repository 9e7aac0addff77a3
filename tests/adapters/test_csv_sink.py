"""Bulletins as tables: the columns, the cells, nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from csv_bulletins import bulletin, files, named, stamped
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hydria_csv import CsvSink, CsvSource
from hydria_plugin import Alert, Probing, Reason, ReportSink
from hydria_plugin.testing import check_sink, sample_alert


@pytest.mark.parametrize("form", ["wide", "long"])
@pytest.mark.parametrize("packed", [False, True])
def test_the_promises_of_a_sink(tmp_path: Path, form: str, packed: bool) -> None:
    sink = CsvSink(path="out", folder=tmp_path, form=form, gzip=packed)
    check_sink(sink, lambda: files(tmp_path))
    assert isinstance(sink, ReportSink) and isinstance(sink, Probing)


def test_names_of_files(tmp_path: Path) -> None:
    made = bulletin()
    CsvSink(path="out", folder=tmp_path).write(made)
    CsvSink(path="out", folder=tmp_path, gzip=True).write(replace(made, revision=3, alerts=()))
    stamp = stamped(made)
    assert list(files(tmp_path / "out")) == [
        f"sample/{stamp}_r0.csv",
        f"sample/{stamp}_r0_alerts.csv",
        f"sample/{stamp}_r3.csv.gz",
    ]


def test_the_wide_table(tmp_path: Path) -> None:
    made = bulletin()
    CsvSink(path="out", folder=tmp_path).write(made)
    table = pd.read_csv(tmp_path / "out" / "sample" / f"{stamped(made)}_r0.csv")
    forecast = made.forecast
    quantiles = [f"q{q:g}" for q in forecast.quantiles]
    assert table.columns.tolist() == [
        "pipeline",
        "station",
        "issued_at",
        "valid_at",
        "lead",
        "unit",
        "made_by",
        *quantiles,
    ]
    s, h, q = forecast.values.shape
    np.testing.assert_allclose(table[quantiles].to_numpy().reshape(s, h, q), forecast.values, rtol=5e-7)
    assert table["station"].tolist() == [name for name in forecast.stations for _ in range(h)]
    assert table["lead"].tolist() == list(range(1, h + 1)) * s
    assert table["issued_at"].unique().tolist() == [f"{forecast.issued_at}Z"]
    assert table["valid_at"].tolist() == [f"{t}Z" for t in forecast.valid_times()] * s
    assert set(table["unit"]) == {"m"} and set(table["made_by"]) == {"sample"}


def test_the_long_table_has_the_columns_of_the_design(tmp_path: Path) -> None:
    made = bulletin()
    CsvSink(path="out", folder=tmp_path, form="long").write(made)
    table = pd.read_csv(tmp_path / "out" / "sample" / f"{stamped(made)}_r0.csv")
    assert ",".join(table.columns) == "pipeline,station,issued_at,valid_at,lead,quantile,value,unit"
    np.testing.assert_allclose(table["value"].to_numpy(), made.forecast.values.ravel(), rtol=5e-7)
    assert table["quantile"].tolist() == list(made.forecast.quantiles) * (3 * made.forecast.horizon)


def test_the_source_reads_what_the_sink_wrote(tmp_path: Path) -> None:
    """As a forecast of another pipeline would be read: station as series, the median as value."""
    from csv_feeds import asked

    made = bulletin()
    CsvSink(path="out", folder=tmp_path).write(made)
    source = CsvSource(
        path="out/sample", folder=tmp_path, pattern="*_r?.csv", time="valid_at", series="station", value="q0.5"
    )
    known = str(made.issued_at)
    table = source.read(asked(made.forecast.stations, known, known, step=60, horizon=made.forecast.horizon))
    assert len(table) == 3 * made.forecast.horizon
    found = table.pivot(index="series", columns="time", values="value").loc[list(made.forecast.stations)]
    np.testing.assert_allclose(found.to_numpy(), made.forecast.median, rtol=5e-7)
    assert set(table["issued_at"]) == {pd.Timestamp(known, tz="UTC")}


@pytest.mark.parametrize("form", ["wide", "long"])
def test_a_station_without_forecast_has_empty_cells(tmp_path: Path, form: str) -> None:
    made = bulletin()
    values = made.forecast.values.copy()
    values[1] = np.nan
    forecast = replace(made.forecast, values=values, made_by=("a", "", "a"))
    CsvSink(path="out", folder=tmp_path, form=form).write(replace(made, forecast=forecast))
    table = pd.read_csv(tmp_path / "out" / "sample" / f"{stamped(made)}_r0.csv")
    numbers = table[[c for c in table if c == "value" or (c[0] == "q" and c != "quantile")]]
    gone = table["station"] == made.forecast.stations[1]
    assert numbers[gone].isna().to_numpy().all() and numbers[~gone].notna().to_numpy().all() and gone.sum() > 0
    assert "nan" not in (tmp_path / "out" / "sample" / f"{stamped(made)}_r0.csv").read_text()


def table_of(file: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.read_text(), newline="")))


def alert(reason: Reason, **changes: Any) -> Alert:
    return replace(sample_alert(), reason=reason, **changes)


def test_alerts_are_a_file_of_their_own_with_the_reason(tmp_path: Path) -> None:
    made = bulletin(
        alerts=(alert(Reason.HIGHER, note="rising fast, see river"), alert(Reason.NOTHING_NEW, station="s2"))
    )
    CsvSink(path="out", folder=tmp_path).write(made)
    (row,) = table_of(tmp_path / "out" / "sample" / f"{stamped(made)}_r0_alerts.csv")
    assert row["reason"] == "HIGHER" and row["station"] == "s1" and row["unit"] == "m" and row["basis"] == "forecast"
    assert row["note"] == "rising fast, see river" and float(row["probability"]) == 0.7 and row["event"]
    assert row["crosses_at"].endswith("Z") and row["is_lower_bound"] == "true" and row["threshold"] == "yellow"


def test_nothing_new_is_no_file_unless_asked_for(tmp_path: Path) -> None:
    made = bulletin(alerts=(alert(Reason.NOTHING_NEW, probability=np.nan, crosses_at=np.datetime64("NaT")),))
    CsvSink(path="news", folder=tmp_path).write(made)
    CsvSink(path="all", folder=tmp_path, alerts="all").write(made)
    assert not list((tmp_path / "news").rglob("*_alerts.csv"))
    (row,) = table_of(tmp_path / "all" / "sample" / f"{stamped(made)}_r0_alerts.csv")
    assert row["reason"] == "NOTHING_NEW" and row["probability"] == "" and row["crosses_at"] == ""


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
@pytest.mark.parametrize("form", ["wide", "long"])
def test_no_cell_is_a_formula_and_numbers_stay_numbers(tmp_path: Path, start: str, form: str) -> None:
    made = named(
        (f"{start}cmd|' /C calc'!A0", "b,c", 'd"e'), unit=f"{start}m", made_by=f"{start}x", pipeline=f"{start}p"
    )
    low = replace(made.forecast, values=made.forecast.values - 100.0)
    CsvSink(path="out", folder=tmp_path, form=form).write(replace(made, forecast=low))
    (content,) = files(tmp_path / "out").values()
    rows = list(csv.DictReader(io.StringIO(content.decode(), newline="")))
    assert {row["station"] for row in rows} >= {"b,c", 'd"e'}
    for row in rows:
        for name, cell in row.items():
            is_number = name == "value" or (name[0] == "q" and name != "quantile")
            assert (float(cell) < 0) if is_number else not cell.startswith(("=", "+", "-", "@", "\t", "\r"))


names = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), min_size=1, max_size=20)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stations=st.lists(names, min_size=3, max_size=3, unique=True), made_by=names, scale=st.floats(-1e8, 1e8))
def test_any_name_and_value_survive(tmp_path: Path, stations: list[str], made_by: str, scale: float) -> None:
    made = named(tuple(stations), made_by=made_by)
    values = np.sort(made.forecast.values * scale, axis=2)
    made = replace(made, forecast=replace(made.forecast, values=values))
    CsvSink(path="out", folder=tmp_path).write(made)
    text = (tmp_path / "out" / "sample" / f"{stamped(made)}_r0.csv").read_bytes().decode()
    rows = list(csv.reader(io.StringIO(text, newline="")))
    spelt = [n if n[0] not in "=+-@\t" else f"'{n}" for n in stations]
    assert [row[1] for row in rows[1 :: made.forecast.horizon]] == spelt
    found = np.array([[float(cell) for cell in row[7:]] for row in rows[1:]])
    np.testing.assert_allclose(found, values.reshape(found.shape), rtol=5e-7)
