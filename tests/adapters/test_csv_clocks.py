"""Two clocks: nothing stamped after the issue time, nothing received after ``known_at``, ever."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from csv_feeds import asked, cells, problems
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hydria_csv import CsvSource
from hydria_plugin.testing import check_source

MINUTES = st.integers(0, 600)
START = datetime(2020, 2, 1, tzinfo=UTC)
quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def at(minutes: int) -> str:
    return (START + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M")


def test_the_window_is_open_at_its_start_and_closed_at_its_end(read) -> None:
    text = "time,a\n" + "".join(f"2020-02-01T00:{m:02d}Z,{m}\n" for m in range(0, 50, 5))
    table = read(text, "a", wanted=asked(["a"], "2020-02-01T00:20", "2020-02-01T00:40"))
    assert table["value"].tolist() == [15.0, 20.0, 25.0, 30.0, 35.0, 40.0]  # all that make up the steps 00:20 to 00:40


def test_late_rows_come_when_they_were_received(read) -> None:
    text = "series,time,value,received_at\n"
    text += "a,2020-02-01T00:00Z,1,2020-02-01T00:02Z\na,2020-02-01T00:10Z,2,2020-02-01T05:00Z\n"
    early = asked(["a"], issued_at="2020-02-01T01:00", known_at="2020-02-01T01:05")
    late = asked(["a"], issued_at="2020-02-01T01:00", known_at="2020-02-01T05:00")
    assert read(text, "a", wanted=early)["value"].tolist() == [1.0]
    assert read(text, "a", wanted=late)["value"].tolist() == [1.0, 2.0]


def test_a_correction_counts_from_its_reception_on(read) -> None:
    """Whatever its place in the file; what it corrects comes before it, for whoever asks what was known earlier."""
    text = "series,time,value,received_at\n"
    text += "a,2020-02-01T00:00Z,9,2020-02-01T03:00Z\na,2020-02-01T00:00Z,1,2020-02-01T00:02Z\n"
    before = asked(["a"], issued_at="2020-02-01T01:00", known_at="2020-02-01T02:00")
    after = asked(["a"], issued_at="2020-02-01T01:00", known_at="2020-02-01T03:00")
    assert read(text, "a", wanted=before)["value"].tolist() == [1.0]
    table = read(text, "a", wanted=after)
    assert table["value"].tolist() == [1.0, 9.0] and table["received_at"].is_monotonic_increasing


def test_of_duplicates_the_later_row_counts_and_order_does_not_matter(read) -> None:
    text = "time,a,b\n2020-02-01T00:20Z,3,\n2020-02-01T00:00Z,1,5\n2020-02-01T00:10Z,2,\n2020-02-01T00:00Z,8,\n"
    assert cells(read(text, "a", "b")) == [
        ("a", "2020-02-01T00:00", 8.0),
        ("b", "2020-02-01T00:00", 5.0),
        ("a", "2020-02-01T00:10", 2.0),
        ("a", "2020-02-01T00:20", 3.0),
    ]


def test_of_two_files_the_later_name_counts(feeds: Path) -> None:
    (feeds / "2.csv").write_text("time,a\n2020-02-01,2\n")
    (feeds / "1.csv").write_text("time,a\n2020-02-01,1\n")
    assert cells(CsvSource(path="feeds", folder=feeds.parent).read(asked(["a"]))) == [("a", "2020-02-01T00:00", 2.0)]


def test_forecasts_with_their_issue_time(read) -> None:
    text = "series,time,value,issued_at,member\n"
    for issue in (0, 60, 120):
        for lead in (60, 120):
            text += "".join(f"rain,{at(issue + lead)}Z,{issue + lead / 1000},{at(issue)}Z,{m}\n" for m in (0, 1))
    wanted = asked(["rain"], at(60), at(60), step=60, horizon=1)
    table = read(text, "rain", wanted=wanted)
    issued = table["issued_at"].dt.strftime("%H:%M").tolist()
    found = list(zip(table["time"].dt.strftime("%H:%M"), issued, table["member"], strict=True))
    # valid up to 02:00, issued by 01:00: not those issued at 02:00, and not the one for 03:00
    assert sorted(found) == [("01:00", "00:00", m) for m in (0, 1)] + [
        ("02:00", issue, m) for issue in ("00:00", "01:00") for m in (0, 1)
    ]


def test_observations_and_forecasts_in_one_file(read) -> None:
    text = f"series,time,value,issued_at\na,{at(0)}Z,1,\na,{at(60)}Z,2,{at(0)}Z\na,{at(60)}Z,3,\n"
    table = read(text, "a", wanted=asked(["a"], at(0), at(0), step=60))
    assert table["value"].tolist() == [1.0, 2.0] and table["issued_at"].isna().tolist() == [True, False]


rows = st.lists(
    st.tuples(
        st.sampled_from("ab"),
        MINUTES,
        st.floats(-1e6, 1e6).map(lambda x: round(x, 3)),
        st.one_of(st.none(), MINUTES),
        st.one_of(st.none(), MINUTES),
    ),
    max_size=30,
)


def written(file: Path, lines: list[tuple[str, int, float, int | None, int | None]]) -> None:
    text = "series,time,value,received_at,issued_at\n"
    for series, time, value, received, issued in lines:
        stamps = ["" if m is None else f"{at(m)}Z" for m in (received, issued)]
        text += f"{series},{at(time)}Z,{value},{','.join(stamps)}\n"
    file.write_text(text)


def expected(lines: list[Any], issued_at: int, known_at: int, first: int, end: int) -> dict[tuple[Any, ...], float]:
    """The same choice, row by row, in plain Python."""
    best: dict[tuple[Any, ...], tuple[int, float]] = {}
    for series, time, value, received, issued in lines:
        base = time if issued is None else issued
        received = base if received is None else received
        key, is_in = (series, time, issued), first < time <= (issued_at if issued is None else end)
        if is_in and base <= issued_at and received <= known_at and (key not in best or received >= best[key][0]):
            best[key] = (received, value)
    return {key: value for key, (_, value) in best.items()}


@quick
@given(lines=rows, issued_at=MINUTES, delay=st.integers(-60, 120), earlier=st.integers(0, 200))
def test_exactly_what_was_known_is_read(
    feeds: Path, lines: list[Any], issued_at: int, delay: int, earlier: int
) -> None:
    """Each cell as it was known in the end and, of the same rows, as it was known at any moment before."""
    written(feeds / "a.csv", lines)
    wanted = asked(["a", "b"], at(100), at(issued_at), at(issued_at + delay), step=10, horizon=6)
    table = CsvSource(path="feeds", folder=feeds.parent).read(wanted)
    issues = table["issued_at"] if "issued_at" in table else [None] * len(table)
    received = table["received_at"] if "received_at" in table else table["time"]
    found = [
        (minutes(r), (s, minutes(t), minutes(i)), v)
        for r, s, t, i, v in zip(received, table["series"], table["time"], issues, table["value"], strict=True)
    ]
    for known_at in (issued_at + delay, issued_at + delay - earlier):
        as_of_then = {cell: value for told, cell, value in found if told is not None and told <= known_at}
        assert as_of_then == expected(lines, issued_at, known_at, 90, issued_at + 60)
    assert len({(told, cell) for told, cell, _ in found}) == len(found), "one that was received at one moment"


def minutes(time: Any) -> int | None:
    return None if time is None or time is pd.NaT else round((time - START).total_seconds() / 60)


@quick
@given(lines=rows, other=rows, issued_at=MINUTES)
def test_what_comes_later_changes_nothing(feeds: Path, lines: list[Any], other: list[Any], issued_at: int) -> None:
    """Rows stamped or received after the clocks may say anything, or not be there."""
    later = [(s, issued_at + 1 + t, v, None, None) for s, t, v, _, _ in other]
    later += [(s, t, v, issued_at + 1 + t, None) for s, t, v, _, _ in other]
    later += [(s, t, v, None, issued_at + 1 + t) for s, t, v, _, _ in other]
    wanted = asked(["a", "b"], at(0), at(issued_at))
    written(feeds / "a.csv", lines)
    without = CsvSource(path="feeds", folder=feeds.parent).read(wanted)
    written(feeds / "a.csv", [*later, *lines])
    assert cells(CsvSource(path="feeds", folder=feeds.parent).read(wanted)) == cells(without)


def test_the_promises_of_a_source(feeds: Path) -> None:
    written(feeds / "a.csv", [("a", 5, 1.0, None, None), ("a", 15, 2.0, 400, None), ("b", 90, 3.0, None, 20)])
    source = CsvSource(path="feeds", folder=feeds.parent)
    check_source(source, asked(["a", "b"], at(0), at(30), step=10, horizon=12))
    with pytest.raises(AssertionError, match="asked for"):
        check_source(Nosy(), asked(["a"], at(0), at(30)))


class Nosy:
    """A source that gives more than was asked for: the check sees it."""

    def read(self, wanted: Any) -> Any:
        return pd.DataFrame({"series": ["x"], "time": pd.to_datetime(["2020-01-01T00:00Z"], utc=True), "value": [1.0]})


def test_series_asked_for_later_are_read_too(feeds: Path) -> None:
    (feeds / "a.csv").write_text("time,a,b\n2020-02-01,1,2\n")
    source = CsvSource(path="feeds", folder=feeds.parent)
    assert source.read(asked(["a"]))["series"].tolist() == ["a"]
    assert source.read(asked(["b"]))["series"].tolist() == ["b"]
    assert source.read(asked(["a", "b"]))["series"].tolist() == ["a", "b"]


def test_series_that_no_file_has_are_named_once(feeds: Path) -> None:
    (feeds / "a.csv").write_text("time,a\n2020-02-01,1\n")
    source = CsvSource(path="feeds", folder=feeds.parent)
    wanted = asked(["a", *(f"x{i}" for i in range(9))])
    first, again = source.read(wanted), source.read(wanted)
    assert "no file has 'x0', 'x1', 'x2', 'x3', 'x4' and 4 more" in problems(first)[0] and problems(again) == []
