"""Bulletins and reports as files: whole, the same every time, harmless in a spreadsheet."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hydria_csv import CsvSink, CsvSource
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hydria_plugin import Alert, Bulletin, ConfigError, FeedError, Forecast, Probing, Reason, Report, ReportSink
from hydria_plugin.testing import check_sink, sample_alert, sample_bulletin


def bulletin(**changes: Any) -> Bulletin:
    """A bulletin as it is read back from the store."""
    return replace(sample_bulletin(), window=None, received=None, **changes)


def named(stations: tuple[str, ...], **changes: Any) -> Bulletin:
    """A bulletin whose stations, forecaster and unit have other names."""
    made = bulletin()
    forecast = replace(made.forecast, stations=stations, made_by=(changes.pop("made_by", "blend"),) * 3)
    layout = replace(made.layout, stations=stations, units=(changes.pop("unit", "m"),) * 3)
    return replace(made, forecast=forecast, layout=layout, alerts=(), **changes)


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def stamped(made: Bulletin) -> str:
    return f"{made.issued_at}Z".replace("-", "").replace(":", "")


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


@pytest.mark.parametrize("name", ["../../etc", "a/b", "..", ".hidden", "a b", "é" * 300, "", "con:1"])
def test_no_pipeline_name_leaves_the_folder(tmp_path: Path, name: str) -> None:
    CsvSink(path="out", folder=tmp_path).write(bulletin(pipeline=name))
    (place,) = (tmp_path / "out").iterdir()
    assert place.is_dir() and not place.name.startswith(".") and len(list(place.iterdir())) == 2


def test_names_that_are_made_safe_stay_apart(tmp_path: Path) -> None:
    sink = CsvSink(path="out", folder=tmp_path)
    for name in ("a/b", "a_b", "a:b", "A/b"):
        sink.write(bulletin(pipeline=name))
    assert len(list((tmp_path / "out").iterdir())) == 4


def test_half_a_file_is_never_seen(tmp_path: Path) -> None:
    """A crash while writing leaves a hidden temporary file; the next try overwrites it and leaves none."""
    made, place = bulletin(alerts=()), tmp_path / "out" / "sample"
    place.mkdir(parents=True)
    (place / f".{stamped(made)}_r0.csv.tmp").write_text("half a fi")
    CsvSink(path="out", folder=tmp_path).write(made)
    assert [p.name for p in place.iterdir()] == [f"{stamped(made)}_r0.csv"]


def test_old_files_are_kept_unless_told(tmp_path: Path) -> None:
    made = bulletin()
    times = [made.issued_at + np.timedelta64(h, "h") for h in (0, 24, 48, 49)]

    def written(**options: Any) -> list[str]:
        sink = CsvSink(path=str(len(options)), folder=tmp_path, **options)
        (tmp_path / str(len(options)) / "sample").mkdir(parents=True)
        (tmp_path / str(len(options)) / "sample" / "mine.csv").touch()
        for time in times:
            forecast = replace(made.forecast, issued_at=time)
            sink.write(replace(made, issued_at=time, forecast=forecast))
        return sorted(f[16:] for f in files(tmp_path / str(len(options)) / "sample"))

    assert len(written()) == 9
    assert written(keep="1d") == ["", "_r0.csv", "_r0.csv", "_r0_alerts.csv", "_r0_alerts.csv"]  # "" is mine.csv


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file stands in the way")
    sink = CsvSink(path="out", folder=tmp_path)
    for act in (lambda: sink.write(bulletin()), lambda: sink.write_reports([Report("k", "s", "", "h")]), sink.probe):
        with pytest.raises(FeedError, match="out.* cannot be written"):
            act()


def test_the_probe_leaves_nothing(tmp_path: Path) -> None:
    said = CsvSink(path="not/yet/there", folder=tmp_path).probe()
    assert "can be written" in said and "GB free" in said and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"form": "tall"}, "sink csv: form = 'tall' must be 'wide' or 'long'"),
        ({"alerts": "none"}, "sink csv: alerts = 'none' must be 'news' or 'all'"),
        ({"keep": "a while"}, "sink csv: keep = 'a while' must be a duration such as '30d'"),
        ({"keep": 30}, "sink csv: keep = 30 must be a duration"),
        ({"gzip": "yes"}, "sink csv: gzip = 'yes' must be true or false"),
    ],
)
def test_wrong_options(options: dict[str, Any], fault: str) -> None:
    with pytest.raises(ConfigError) as error:
        CsvSink(path="out", **options)
    assert fault in str(error.value)


def test_all_wrong_options_at_once() -> None:
    with pytest.raises(ConfigError) as error:
        CsvSink(path="out", form="x", alerts="y", keep="z")
    assert len(error.value.faults) == 3


def test_gzip_is_the_same_text(tmp_path: Path) -> None:
    made = bulletin()
    CsvSink(path="a", folder=tmp_path).write(made)
    CsvSink(path="b", folder=tmp_path, gzip=True).write(made)
    plain = files(tmp_path / "a")
    assert {k.removesuffix(".gz"): gzip.decompress(v) for k, v in files(tmp_path / "b").items()} == plain


def test_reports_are_json_once_each(tmp_path: Path) -> None:
    sink = CsvSink(path="out", folder=tmp_path)
    body = {
        "share": np.float64(0.25),
        "lags": np.arange(3),
        "none": float("nan"),
        "deep": [{"inf": float("inf")}],
        "é": 1,
    }
    reports = [Report("knox", "s1", "s1-1", "Rain ruled", body), Report("knox", "s/2", "", "Also")]
    sink.write_reports(reports)
    once = files(tmp_path)
    sink.write_reports(reports)
    assert files(tmp_path) == once and len(once) == 2
    first = json.loads(next(v for k, v in once.items() if "s1_knox" in k), parse_constant=pytest.fail)
    assert first["body"] == {"share": 0.25, "lags": [0, 1, 2], "none": None, "deep": [{"inf": None}], "é": 1}
    assert first["headline"] == "Rain ruled" and first["event"] == "s1-1" and first["station"] == "s1"
    assert all(os.path.dirname(k) == "out/reports" for k in once)


def test_many_stations_are_written_in_pieces(tmp_path: Path) -> None:
    """More stations than one piece holds: the same as each alone."""
    made, n = bulletin(alerts=()), 600
    stations = tuple(f"s{i}" for i in range(n))
    values = np.sort(np.random.default_rng(1).gamma(1, 20, (n, 2, 7)), axis=2)
    forecast = Forecast(
        made.issued_at, made.forecast.step, stations, made.forecast.quantiles, values, ("m",) * n, np.zeros(n, np.int16)
    )
    layout = replace(
        made.layout,
        stations=stations,
        targets=stations,
        quantities=("level",) * n,
        units=("m",) * n,
        series=np.resize(made.layout.series, (n, made.layout.series.shape[1])),
        static=np.zeros((n, 1)),
    )
    CsvSink(path="out", folder=tmp_path).write(replace(made, layout=layout, forecast=forecast))
    table = pd.read_csv(tmp_path / "out" / "sample" / f"{stamped(made)}_r0.csv")
    np.testing.assert_allclose(table.filter(regex="^q").to_numpy().reshape(n, 2, 7), values, rtol=5e-7)
    assert table["station"].tolist() == [s for s in stations for _ in range(2)]
