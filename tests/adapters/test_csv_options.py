"""Options of the source: each wrong one is named with its value and what is allowed; the probe; the packaging."""

from __future__ import annotations

import inspect
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hydria_csv
from hydria_csv import CsvSink, CsvSource
from hydria_plugin import ConfigError, FeedError, Probing, Sink, Source
from hydria_plugin.testing import sample_layout

PACKAGE = Path(hydria_csv.__file__).parent


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"timezone": "Europe/Pairs"}, "timezone = 'Europe/Pairs' must be a zone such as 'Europe/Paris'"),
        ({"timezone": "/etc/passwd"}, "timezone = '/etc/passwd'"),
        ({"timezone": 1}, "timezone = 1 must be a text"),
        ({"encoding": "utf-9"}, "encoding = 'utf-9' must be an encoding"),
        ({"separator": ";;"}, "separator = ';;' must be one character or 'auto'"),
        ({"separator": '"'}, "separator = '\"' must be one character"),
        ({"decimal": "point"}, "decimal = 'point' must be '.', ',' or 'auto'"),
        ({"decimal": ",", "separator": ","}, "separator and decimal are both ','"),
        ({"scale": {"a": "0.001"}}, "scale.a = '0.001' must be a number other than 0"),
        ({"scale": {"a": 0}}, "scale.a = 0 must be a number other than 0"),
        ({"scale": {"a": float("nan")}}, "scale.a = nan"),
        ({"scale": 0.001}, "scale = 0.001 must be a table: column = factor"),
        ({"names": {"a": 1}}, "names.a = 1 must be the id of a series"),
        ({"names": ["a"]}, "names = ['a'] must be a table"),
        ({"id": "{col}"}, "id = '{col}' may hold {column} and {file} only"),
        ({"id": "{column"}, "id = '{column' may hold"),
        ({"flags": {"bon": "fine"}}, "flags.bon = 'fine' must be one of good, unknown, suspect, fail, missing"),
        ({"missing": "M"}, "missing = 'M' must be a list of numbers and texts"),
        ({"missing": [None]}, "missing: None must be a number or a text"),
        ({"columns": "time,a"}, "columns = 'time,a' must be a list of column names"),
        ({"columns": ["a", "b"]}, "columns = ['a', 'b'] must hold the time column 'time'"),
        ({"settle": "soon"}, "settle = 'soon' must be a duration"),
        ({"pattern": 7}, "pattern = 7 must be a text such as '*.csv', or a list of them"),
        ({"path": 7}, "path = 7 must be a text"),
        ({"time_format": "%Q"}, "time_format = '%Q' must be"),
    ],
)
def test_wrong_options(options: dict[str, Any], fault: str) -> None:
    with pytest.raises(ConfigError) as error:
        CsvSource(**{"path": "feeds", **options})
    assert f"source csv: {fault}" in str(error.value)


def test_all_wrong_options_at_once() -> None:
    with pytest.raises(ConfigError) as error:
        CsvSource(path="feeds", timezone="x", encoding="y", decimal="z", settle="w")
    assert len(error.value.faults) == 4


def test_building_touches_no_disk(tmp_path: Path) -> None:
    CsvSource(path="nowhere", folder=tmp_path)
    CsvSink(path="nowhere", folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_probe_counts_files_series_and_age(feeds: Path) -> None:
    (feeds / "a.csv").write_text("time,a,b\n2020-02-01,1,2\n2020-02-03,3,\nx,1,1\n")
    (feeds / "b.csv").write_text("time,c\n2020-02-04,7\n")
    said = CsvSource(path="feeds", folder=feeds.parent).probe()
    assert "2 files, 3 of 3 series, 4 values, the newest c = 7 of 2020-02-04T00:00:00Z; times without offset" in said
    assert "Not used: a.csv line 4: time 'x'" in said


def test_the_probe_says_value_unit_age_and_zone(feeds: Path) -> None:
    (feeds / "a.csv").write_text("time,level@s1\n2020-02-03 10:00,3\n2020-02-03 11:00,4.5\n")
    clock = lambda: np.datetime64("2020-02-03T10:12:00", "us")  # noqa: E731
    source = CsvSource(path="feeds", folder=feeds.parent, timezone="Europe/Paris", layout=sample_layout(), clock=clock)
    told = "the newest level@s1 = 4.5 m of 2020-02-03T10:00:00Z, 12 min ago; times without offset are Europe/Paris."
    assert told in source.probe()


def test_the_probe_names_series_that_are_nowhere(feeds: Path) -> None:
    layout = sample_layout()
    (feeds / "a.csv").write_text(f"time,{layout.targets[0]}\n2020-02-01,1\n")
    source = CsvSource(path="feeds", folder=feeds.parent, layout=layout)
    assert isinstance(source, Probing)
    said = source.probe()
    absent = sorted(layout.all_series())[0]
    assert f"1 of {len(layout.all_series())} series" in said and f"no file has {absent!r}" in said


def test_the_probe_of_long_files(feeds: Path) -> None:
    (feeds / "a.csv").write_text("series,time,value\na,2020-02-01,1\n")
    assert "1 file" in CsvSource(path="feeds", folder=feeds.parent).probe()


def test_the_probe_refuses_what_cannot_work(feeds: Path) -> None:
    with pytest.raises(ConfigError, match=r"path '.*nowhere' does not exist"):
        CsvSource(path="nowhere", folder=feeds).probe()
    with pytest.raises(FeedError, match=r"no file matches \*\.csv"):
        CsvSource(path="feeds", folder=feeds.parent).probe()
    (feeds / "a.csv").write_text("time,a\n2020-02-01,1\n")
    with pytest.raises(FeedError, match="no file has"):
        CsvSource(path="feeds", folder=feeds.parent, layout=sample_layout()).probe()


def test_the_hooks_offer_both() -> None:
    assert hydria_csv.hydria_sources() == {"csv": CsvSource} and hydria_csv.hydria_sinks() == {"csv": CsvSink}
    assert isinstance(CsvSource(path="x"), Source) and isinstance(CsvSink(path="x"), Sink)


def test_importing_it_loads_no_pandas() -> None:
    code = "import sys, hydria_csv; hydria_csv.CsvSource(path='x'); sys.exit('pandas' in sys.modules)"
    root = PACKAGE.parent.parent
    done = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": f"{root}:{PACKAGE.parent}"}, check=False)
    assert done.returncode == 0


def options_of(factory: Any) -> set[str]:
    return {n for n, p in inspect.signature(factory).parameters.items() if p.kind is p.KEYWORD_ONLY}


GIVEN = {"folder", "clock", "layout"}


def test_the_readme_has_every_option_and_the_fixed_headings() -> None:
    text = (PACKAGE / "README.md").read_text()
    headings = [line[3:] for line in text.splitlines() if line.startswith("## ")]
    assert headings == ["What it reads", "What it writes", "Configuration", "Limits", "Example"]
    for option in (options_of(CsvSource) | options_of(CsvSink)) - GIVEN:
        assert f"| `{option}` |" in text, option


def test_the_sample_builds_a_source_and_a_sink(tmp_path: Path) -> None:
    sample = tomllib.loads((PACKAGE / "sample.toml").read_text())
    (pipeline,) = sample["pipelines"].values()
    source, sinks = dict(pipeline["source"]), [dict(sink) for sink in pipeline["sinks"]]
    assert source.pop("use") == "csv" and all(sink.pop("use") == "csv" for sink in sinks)
    assert set(source) <= options_of(CsvSource)
    CsvSource(folder=tmp_path, **source)
    for sink in sinks:
        CsvSink(folder=tmp_path, **sink)


def test_the_example_of_the_readme_works(tmp_path: Path) -> None:
    """The files and the options that the README shows are read as it says."""
    from csv_feeds import asked, cells

    blocks = (PACKAGE / "README.md").read_text().split("```")[1::2]
    feed = next(b.split("\n", 1)[1] for b in blocks if b.startswith("csv"))
    config = tomllib.loads(next(b.split("\n", 1)[1] for b in reversed(blocks) if b.startswith("toml")))
    (tmp_path / "feeds").mkdir()
    (tmp_path / "feeds" / "gardon.csv").write_text(feed, encoding="iso-8859-1")
    options = {k: v for k, v in config["source"].items() if k != "use"}
    table = CsvSource(folder=tmp_path, **options).read(asked(["anduze", "pluie-ales"]))
    assert cells(table) == [
        ("anduze", "2020-09-19T04:00", 1.204),
        ("pluie-ales", "2020-09-19T04:00", 3.5),
        ("anduze", "2020-09-19T04:10", 1.571),
    ]
    assert np.isfinite(table["value"]).all() and table.attrs["problems"] == []
