"""Times as platforms write them: zones, changes of the clocks, other calendars' tricks."""

from __future__ import annotations

from pathlib import Path

import pytest
from csv_feeds import asked, cells, problems

from hydria_csv import CsvSource


def times(table) -> list[str]:
    return [t for _, t, _ in cells(table)]


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2020-06-01T12:00:00Z", "2020-06-01T12:00"),
        ("2020-06-01T12:00Z", "2020-06-01T12:00"),
        ("2020-06-01 12:00", "2020-06-01T12:00"),
        ("2020-06-01 12:00:30.25", "2020-06-01T12:00:30"),
        ("2020-06-01T12:00+02:00", "2020-06-01T10:00"),
        ("2020-06-01T12:00:00-0330", "2020-06-01T15:30"),
        ("2020-06-01T12:00+02", "2020-06-01T10:00"),
        ("2020-06-01", "2020-06-01T00:00"),
        ("20200601T120000Z", "2020-06-01T12:00"),
        ("2020-6-1 12:00", "2020-06-01T12:00"),
        ("2020-05-31T24:00:00Z", "2020-06-01T00:00"),
        ("2020-05-31 24:00", "2020-06-01T00:00"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00"),
        ("2016-12-31 23:59:60", "2017-01-01T00:00"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00"),
        ("1901-12-13T20:45:52Z", "1901-12-13T20:45:52"),
        ("2038-01-19T03:14:08Z", "2038-01-19T03:14:08"),
    ],
)
def test_iso_8601(read, text: str, utc: str) -> None:
    table = read(f"time,a\n{text},1\n", "a", wanted=asked(["a"], "1900-01-01", "2040-01-01"))
    assert times(table) == [utc]


@pytest.mark.parametrize(
    "text",
    [
        *("", "now", "today", "yesterday", "NaT", "NA", "2020", "12", "1577836800", "1e308"),
        *("2020-13-01", "2020-02-30", "2020-02-01T25:00", "2020-02-01T23:59:61Z", "2020-02-01T00:00 CET", "2020-W05-1"),
        *("01/02/2020 00:00", "0000-00-00 00:00:00", "0001-01-01", "-2020-01-01", "99999-01-01"),
        *("9999-12-31T23:59:59Z", "2106-02-07T06:28:15Z"),
    ],
)
def test_what_is_no_time_is_said_and_its_row_not_used(read, text: str) -> None:
    table = read(f"time,a\n2020-02-01,1\n{text},2\n", "a", wanted=asked(["a"], "1700-01-01", "2100-01-01"))
    assert times(table) == ["2020-02-01T00:00"]
    (said,) = problems(table)
    assert said.startswith(f"a.csv line 3: time {text!r} cannot be read: ISO 8601")


@pytest.mark.parametrize(
    ("zone", "utc"),
    [
        ("UTC", "2020-06-01T12:00"),
        ("Europe/Paris", "2020-06-01T10:00"),
        ("+05:30", "2020-06-01T06:30"),
        ("UTC-3", "2020-06-01T15:00"),
        ("America/St_Johns", "2020-06-01T14:30"),
    ],
)
def test_the_zone_of_naive_times(read, zone: str, utc: str) -> None:
    table = read("time,a\n2020-06-01 12:00,1\n2020-06-01T20:00Z,2\n", "a", timezone=zone)
    assert times(table) == [utc, "2020-06-01T20:00"]  # with an offset a time says for itself what it is


def test_mixed_zones_in_one_file(read) -> None:
    text = "time,a\n2020-06-01 12:00,1\n2020-06-01T12:00Z,2\n2020-06-01T12:00+09:00,3\n2020-06-02,4\n"
    table = read(text, "a", timezone="Europe/Paris")
    assert cells(table) == [
        ("a", "2020-06-01T03:00", 3.0),
        ("a", "2020-06-01T10:00", 1.0),
        ("a", "2020-06-01T12:00", 2.0),
        ("a", "2020-06-01T22:00", 4.0),
    ]


LOCAL = ["01:30", "02:00", "02:30", "02:00", "02:30", "03:00"]  # 25 October 2020 in Paris: 2 to 3 o'clock comes twice
UTC = ["2020-10-24T23:30", "2020-10-25T00:00", "2020-10-25T00:30", "2020-10-25T01:00", "2020-10-25T01:30"]
UTC += ["2020-10-25T02:00"]


def test_the_hour_that_comes_twice_is_told_apart_by_order(read) -> None:
    text = "time,a\n" + "".join(f"2020-10-25 {clock},{i}\n" for i, clock in enumerate(LOCAL))
    table = read(text, "a", timezone="Europe/Paris")
    assert cells(table) == [("a", t, float(i)) for i, t in enumerate(UTC)]


def test_the_hour_that_comes_twice_series_by_series(read) -> None:
    rows = [f"{s},2020-10-25 {clock},{i}\n" for s in "ab" for i, clock in enumerate(LOCAL)]
    table = read("series,time,value\n" + "".join(rows), "a", "b", timezone="Europe/Paris")
    assert sorted(cells(table)) == [(s, t, float(i)) for s in "ab" for i, t in enumerate(UTC)]


def test_the_hour_that_comes_twice_in_a_file_that_grows(feeds: Path) -> None:
    """A line of the second hour looks like one of the first: only the lines before it tell."""
    source = CsvSource(path="feeds", folder=feeds.parent, timezone="Europe/Paris")
    file = feeds / "a.csv"
    file.write_text("time,a\n")
    for i, clock in enumerate(LOCAL):
        with file.open("a") as out:
            out.write(f"2020-10-25 {clock},{i}\n")
        table = source.read(asked(["a"]))
        assert cells(table) == [("a", t, float(k)) for k, t in enumerate(UTC[: i + 1])]


def test_the_hour_that_does_not_exist_is_said(read) -> None:
    table = read("time,a\n2020-03-29 01:50,1\n2020-03-29 02:10,2\n2020-03-29 03:00,3\n", "a", timezone="Europe/Paris")
    assert times(table) == ["2020-03-29T00:50", "2020-03-29T01:00"]
    assert "line 3: time '2020-03-29 02:10'" in problems(table)[0] and "exists in Europe/Paris" in problems(table)[0]


@pytest.mark.parametrize(
    ("time_format", "text", "utc"),
    [
        ("%d/%m/%Y %H:%M", "03/02/2020 10:20", "2020-02-03T10:20"),
        ("%m/%d/%Y %H:%M", "03/02/2020 10:20", "2020-03-02T10:20"),
        ("%Y%m%d%H%M", "202002031020", "2020-02-03T10:20"),
        ("%d.%m.%Y %H:%M%z", "03.02.2020 10:20+0100", "2020-02-03T09:20"),
        ("unix", "1580725200", "2020-02-03T10:20"),
        ("unix", "1580725200.0", "2020-02-03T10:20"),
        ("unix_ms", "1580725200000", "2020-02-03T10:20"),
    ],
)
def test_other_formats(read, time_format: str, text: str, utc: str) -> None:
    table = read(f"time,a\n{text},1\nnever,2\n", "a", time_format=time_format)
    assert times(table) == [utc]
    assert problems(table)[0].startswith(f"a.csv line 3: time 'never' cannot be read: {time_format}")


def test_a_format_without_offset_uses_the_zone(read) -> None:
    table = read("time,a\n03/07/2020 10:20,1\n", "a", time_format="%d/%m/%Y %H:%M", timezone="Europe/Paris")
    assert times(table) == ["2020-07-03T08:20"]


def test_stamps_after_the_file_was_written_are_said_once_and_kept(feeds: Path) -> None:
    """A clock is wrong, or a zone. Nothing of it reaches a read before its time."""
    (feeds / "a.csv").write_text("time,a\n2020-02-01,1\n2095-01-01,2\n")
    source = CsvSource(path="feeds", folder=feeds.parent)
    first, again = source.read(asked(["a"])), source.read(asked(["a"]))
    assert times(first) == times(again) == ["2020-02-01T00:00"]
    assert "a.csv line 3: is stamped 2095-01-01" in problems(first)[0] and problems(again) == []
    assert times(source.read(asked(["a"], issued_at="2096-01-01"))) == ["2020-02-01T00:00", "2095-01-01T00:00"]
