"""One table, written in every way that platforms write it."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from csv_feeds import asked, cells, problems

from hydria_csv import CsvSource

TABLE = [
    ("a", "2020-02-01T00:00", 1.5),
    ("b", "2020-02-01T00:00", -2.0),
    ("a", "2020-02-01T00:10", 2.25),
    ("b", "2020-02-01T00:20", 7.0),
]
WIDE = "time,a,b\n2020-02-01T00:00Z,1.5,-2\n2020-02-01T00:10Z,2.25,\n2020-02-01T00:20Z,,7\n"
LONG = """series,time,value
a,2020-02-01T00:00Z,1.5
b,2020-02-01T00:00Z,-2
a,2020-02-01T00:10Z,2.25
b,2020-02-01T00:20Z,7
"""
FRENCH = "time;a;b\n01/02/2020 00:00;1,5;-2\n01/02/2020 00:10;2,25;\n01/02/2020 00:20;;7,0\n"
SHAPES = {
    "wide": (WIDE, {}),
    "long": (LONG, {}),
    "columns in any order": ("b,time,a\n-2,2020-02-01T00:00Z,1.5\n,2020-02-01T00:10Z,2.25\n7,2020-02-01T00:20Z,\n", {}),
    "CR LF": (WIDE.replace("\n", "\r\n"), {}),
    "CR CR LF": (WIDE.replace("\n", "\r\r\n"), {}),
    "byte order mark": ("\ufeff" + WIDE, {}),
    "tabs": (WIDE.replace(",", "\t"), {}),
    "bars": (WIDE.replace(",", "|"), {}),
    "another separator": (WIDE.replace(",", "^"), {"separator": "^"}),
    "semicolon and comma": (WIDE.replace(",", ";").replace(".", ","), {}),
    "semicolon and point": (WIDE.replace(",", ";"), {}),
    "comma said": (WIDE.replace(",", ";").replace(".", ","), {"decimal": ","}),
    "both decimals": (WIDE.replace(",", ";").replace("2.25", "2,25"), {}),
    "French dates": (FRENCH, {"time_format": "%d/%m/%Y %H:%M"}),
    "quotation marks": (WIDE.replace("1.5", '"1.5"').replace("time", '"time"'), {}),
    "quoted decimal comma": (WIDE.replace("2.25", '"2,25"'), {}),
    "comments": ("# river Gardon\n# unit: m\n" + WIDE.replace("\n2020-02-01T00:10", "\n# sic\n2020-02-01T00:10"), {}),
    "header in a comment": ("#" + WIDE, {}),
    "preamble": ("TOA5,CR1000,4711\nmade by a logger\n" + WIDE, {}),
    "blank lines": (WIDE.replace("\n", "\n\n"), {}),
    "lines of separators": (WIDE + ",,\n,,\n", {}),
    "separators at line ends": (WIDE.replace("\n", ",\n"), {}),
    "separators at row ends only": (WIDE.replace("Z,1.5,-2", "Z,1.5,-2,,"), {}),
    "spaces": (WIDE.replace(",", " , "), {}),
    "other time column": (WIDE.replace("time", "time_utc"), {"time": "time_utc"}),
    "no header": (WIDE.split("\n", 1)[1], {"columns": ["time", "a", "b"]}),
    "no header but comments": (
        "# logger 7\n\n" + WIDE.split("\n", 1)[1].replace(",", ";"),
        {"columns": ["time", "a", "b"]},
    ),
    "a header among comments": ("#station;7\n#" + WIDE.replace(",", ";"), {}),
    "its time column as it stands": ("#station;7\n#" + WIDE.replace(",", ";"), {"time": "#time"}),
    "more columns": (WIDE.replace("time,a", "time,x,a").replace("Z,", "Z,text,"), {}),
    "header again": (WIDE + WIDE.splitlines(keepends=True)[0], {}),
    "other columns later": (
        "time,a,b\n2020-02-01T00:00Z,1.5,-2\ntime,b,a\n2020-02-01T00:10Z,,2.25\n2020-02-01T00:20Z,7,\n",
        {},
    ),
    "names": (WIDE.replace("a", "level (m)"), {"names": {"level (m)": "a"}}),
    "named series": (LONG.replace("a,", "V7144010,"), {"names": {"V7144010": "a"}}),
    "own column names": (
        LONG.replace("series,", "code,").replace("value", "level_mm"),
        {"series": "code", "value": "level_mm"},
    ),
    "scale": (WIDE.replace("1.5", "1500").replace("2.25", "2250"), {"scale": {"a": 0.001}}),
    "scale of a long series": (LONG.replace("1.5", "1500").replace("2.25", "2250"), {"scale": {"a": 0.001}}),
    "words for no value": (WIDE.replace("2.25,", "2.25,NaN").replace(",,7", ",---,7"), {}),
    "numbers for no value": (WIDE.replace("2.25,", "2.25,-9999").replace(",,7", ",-9999.0,7"), {"missing": [-9999]}),
    "own words for no value": (WIDE.replace("2.25,", "2.25,panne").replace(",,7", ",M,7"), {"missing": ["panne", "M"]}),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_gives_the_same_table(read, shape: str) -> None:
    content, options = SHAPES[shape]
    table = read(content, "a", "b", **options)
    assert sorted(cells(table)) == sorted(TABLE)
    assert problems(table) == []


@pytest.mark.parametrize(
    ("encoding", "option"),
    [
        ("utf-8", "auto"),
        ("utf-8-sig", "auto"),
        ("iso-8859-1", "auto"),
        ("iso-8859-1", "iso-8859-1"),
        ("cp1252", "cp1252"),
        ("utf-16", "auto"),
        ("utf-16", "utf-16"),
        ("utf-32", "utf-32"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_names_with_accents_in_every_encoding(read, encoding: str, option: str, packed: bool) -> None:
    text = "time,Alès,Mialet\n2020-02-01T00:00Z,1,2\n".encode(encoding)
    content = gzip.compress(text) if packed else text
    table = read(content, "Alès", "Mialet", encoding=option)
    assert cells(table) == [("Alès", "2020-02-01T00:00", 1.0), ("Mialet", "2020-02-01T00:00", 2.0)]
    assert problems(table) == []


def test_long_rows_with_accents_in_latin_1(read) -> None:
    content = "series,time,value,flag\nAlès,2020-02-01,1,Non qualifiée\n".encode("iso-8859-1")
    table = read(content, "Alès", flags={"Non qualifiée": "unknown"})
    assert cells(table) == [("Alès", "2020-02-01T00:00", 1.0)] and table["flag"].tolist() == [2]


def test_gzip_by_its_content_whatever_the_name(read) -> None:
    assert len(read(gzip.compress(WIDE.encode()), "a", "b", name="packed.csv")) == 4
    assert len(read(WIDE.encode(), "a", "b", name="plain.csv.gz")) == 4


def test_gzip_of_several_members_and_a_last_line_without_end(read) -> None:
    head, tail = WIDE[:40].encode(), WIDE[40:].rstrip().encode()
    assert sorted(cells(read(gzip.compress(head) + gzip.compress(tail), "a", "b"))) == sorted(TABLE)


def test_many_columns_are_read_like_few(read) -> None:
    """Beyond 64 columns the cells are parsed as one column; the result is the same, gaps and faults too."""
    rng = np.random.default_rng(1)
    values = np.where(rng.random((5, 300)) < 0.1, np.nan, rng.normal(size=(5, 300)).round(3))
    names = [f"s{i}" for i in range(300)]
    rows = [[f"2020-02-01T0{t}:00Z", *("" if np.isnan(v) else str(v) for v in values[t])] for t in range(5)]
    rows[2][7] = "broken"
    text = "\n".join(",".join(row) for row in [["time", *names], *rows]) + "\n"
    table = read(text, *names[:200])
    values[2, 6] = np.nan
    expected = values[:, :200][np.isfinite(values[:, :200])]
    np.testing.assert_array_equal(table["value"], expected)
    assert len(problems(table)) == 1 and "line 4: 'broken' in column 's6'" in problems(table)[0]


def test_series_from_file_names(feeds: Path) -> None:
    for name in ("anduze", "ners"):
        (feeds / f"{name}.csv").write_text("time,level\n2020-02-01,1\n")
    source = CsvSource(path="feeds", folder=feeds.parent, id="{column}@{file}")
    assert [s for s, _, _ in cells(source.read(asked(["level@anduze", "level@ners"])))] == [
        "level@anduze",
        "level@ners",
    ]


def test_patterns_choose_files_and_unfinished_ones_are_left(feeds: Path) -> None:
    (feeds / "2020").mkdir()
    for name in ("a.csv", "b.txt", ".a.csv", "a.csv.tmp", "a.csv.part", "2020/c.csv"):
        (feeds / name).write_text(f"time,{Path(name).name}\n2020-02-01,1\n")
    wanted = asked(["a.csv", "b.txt", ".a.csv", "a.csv.tmp", "a.csv.part", "c.csv"])

    def found(**options: object) -> list[str]:
        table = CsvSource(path="feeds", folder=feeds.parent, **options).read(wanted)  # type: ignore[arg-type]
        return sorted(table["series"])

    assert found() == ["a.csv"]
    assert found(pattern="*.txt") == ["b.txt"]
    assert found(pattern=["*.txt", "*.csv*"]) == ["a.csv", "b.txt"]
    assert found(pattern="**/*.csv") == ["a.csv", "c.csv"]


def test_a_single_file(feeds: Path) -> None:
    (feeds / "any.name").write_text(WIDE)
    assert len(CsvSource(path="any.name", folder=feeds).read(asked(["a", "b"]))) == 4


def test_optional_columns_have_their_types(read) -> None:
    text = "series,time,value,flag,received_at,issued_at,member\n"
    text += "a,2020-02-01T00:00Z,1,4,2020-02-01T00:03Z,,\na,2020-02-01T06:00Z,2,,,2020-02-01T00:00Z,7\n"
    table = read(text, "a", wanted=asked(["a"], issued_at="2020-02-01T01:00", horizon=48))
    assert table["flag"].tolist() == [4, 1] and table["member"].tolist() == [0, 7]
    assert [str(t) for t in table["received_at"]] == ["2020-02-01 00:03:00+00:00", "2020-02-01 00:00:00+00:00"]
    assert [str(t) for t in table["issued_at"]] == ["NaT", "2020-02-01 00:00:00+00:00"]
    assert {str(table[c].dtype) for c in ("time", "received_at", "issued_at")} == {"datetime64[us, UTC]"}


@pytest.mark.parametrize(("word", "flag"), [("good", 1), ("SUSPECT", 3), ("4", 4), ("9", 9), ("", 1), ("Douteuse", 3)])
def test_words_for_flags(read, word: str, flag: int) -> None:
    table = read(f"series,time,value,flag\na,2020-02-01,1,{word}\n", "a", flags={"Douteuse": "suspect"})
    assert table["flag"].tolist() == [flag] and problems(table) == []


def test_an_unknown_flag_is_unknown_and_said(read) -> None:
    table = read("series,time,value,flag\na,2020-02-01,1,perhaps\n", "a")
    assert table["flag"].tolist() == [2] and "line 2: flag 'perhaps' is not in `flags`" in problems(table)[0]


def test_series_called_like_a_word_for_no_value(read) -> None:
    assert cells(read("series,time,value\nNA,2020-02-01,1\n", "NA")) == [("NA", "2020-02-01T00:00", 1.0)]


def test_an_empty_long_value_withdraws_but_an_empty_wide_cell_says_nothing(read) -> None:
    long = read("series,time,value\na,2020-02-01,1\na,2020-02-01,\n", "a")
    assert long["value"].isna().tolist() == [True] and long["flag"].tolist() == [9]
    assert cells(read("time,a\n2020-02-01,1\n2020-02-01,\n", "a")) == [("a", "2020-02-01T00:00", 1.0)]


def test_a_scale_of_what_no_file_has_is_told_once(feeds: Path) -> None:
    """Millimetres would be taken for metres without a word."""
    (feeds / "a.csv").write_text("time,H (mm),b\n2020-02-01,1500,2\n")
    options: dict[str, Any] = {"path": "feeds", "folder": feeds.parent, "names": {"H (mm)": "a"}}
    source = CsvSource(**options, scale={"H(mm)": 0.001, "b": 2})
    first, again = source.read(asked(["a"])), source.read(asked(["a"]))
    (told,) = problems(first)
    assert told.endswith("no file has a column or series 'H(mm)', which `scale` names: no value is multiplied by it")
    assert problems(again) == [] and cells(first) == [("a", "2020-02-01T00:00", 1500.0)]
    for right in ("a", "H (mm)"):
        table = CsvSource(**options, scale={right: 0.001}).read(asked(["a"]))
        assert problems(table) == [] and cells(table) == [("a", "2020-02-01T00:00", 1.5)]
    (feeds / "long.csv").write_text("time,series,value\n2020-02-01,X,1\n")
    assert problems(CsvSource(**options, scale={"X": 0.001}).read(asked(["a"]))) == []
