"""Bulletins and reports as files: whole, the same every time, inside their folder."""

from __future__ import annotations

import gzip
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from csv_bulletins import bulletin, files, stamped

from hydria_csv import CsvSink
from hydria_plugin import ConfigError, FeedError, Forecast, Report


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


def test_old_reports_go_with_the_old_bulletins(tmp_path: Path) -> None:
    def kept(keep: str) -> set[str]:
        sink = CsvSink(path=f"out{keep}", folder=tmp_path, keep=keep)
        place = tmp_path / f"out{keep}" / "reports"
        for hour in range(3):
            sink.write_reports([Report("knox", f"s{hour}", "", "h", {"svg": "<svg/>"})])
            for file in place.glob(f"s{hour}_*"):
                os.utime(file, (1e9 + hour * 3600, 1e9 + hour * 3600))
        (place / "mine.svg").touch()
        os.utime(place / "mine.svg", (0, 0))
        sink.write_reports([Report("knox", "s2", "", "h", {"svg": "<svg/>"})])  # the same files, written now
        for file in place.glob("s2_*"):
            os.utime(file, (1e9 + 7200, 1e9 + 7200))
        sink._forget_reports()
        return {f.name.partition("_")[0].removesuffix(f.suffix) + f.suffix for f in place.iterdir()}

    mine = {"mine.svg"}
    assert kept("") == mine | {f"s{n}.{end}" for n in range(3) for end in ("json", "svg")}
    assert kept("1h") == mine | {"s2.json", "s2.svg"}


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


def test_a_picture_stands_beside_its_report(tmp_path: Path) -> None:
    sink = CsvSink(path="out", folder=tmp_path)
    picture = '<svg xmlns="http://www.w3.org/2000/svg"><title>Débit</title></svg>'
    sink.write_reports([Report("knox", "s1", "s1-1", "Rain", {"share": 0.4, "svg": picture})])
    once = files(tmp_path)
    sink.write_reports([Report("knox", "s1", "s1-1", "Rain", {"share": 0.4, "svg": picture})])
    assert files(tmp_path) == once
    (text,) = (v for k, v in once.items() if k.endswith(".json"))
    (drawn,) = ((k, v) for k, v in once.items() if k.endswith(".svg"))
    assert json.loads(text)["body"] == {"share": 0.4}
    assert drawn[1].decode() == picture
    assert drawn[0].removesuffix(".svg") + ".json" in once


@pytest.mark.parametrize("not_one", ["", "see figure 3", 7, None])
def test_what_is_no_picture_stays_in_the_report(tmp_path: Path, not_one: object) -> None:
    CsvSink(path="out", folder=tmp_path).write_reports([Report("k", "s", "", "h", {"svg": not_one})])
    ((name, text),) = files(tmp_path).items()
    assert name.endswith(".json") and json.loads(text)["body"] == {"svg": not_one}


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
