"""The table of a source: what of it was wanted, and known."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta, timezone

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydria_plugin import Problem, Wanted
from hydria_plugin.exchange import feed_table, iso_utc, moment, moments, no_rows
from hydria_plugin.testing import check_source

H = np.timedelta64(1, "h")
NOON = np.datetime64("2026-03-01T12:00:00", "s")
ASKED = Wanted(("a", "b"), NOON - 3 * H, NOON, NOON + np.timedelta64(5, "m"), NOON + 6 * H, H.astype("m8[s]"))


def at(*hours: float) -> np.ndarray:
    return np.array([NOON + np.timedelta64(int(h * 3600), "s") for h in hours], dtype="datetime64[us]")


def test_observations_of_the_span_only() -> None:
    table = feed_table(list("aabca"), at(-4, -3.9, 0, 0, 0.01), range(5), wanted=ASKED)
    assert table[["series", "value"]].to_numpy().tolist() == [["a", 1.0], ["b", 2.0]]


def test_forecasts_issued_by_then_and_valid_up_to_the_end() -> None:
    never = np.datetime64("NaT", "us")
    issued = np.concatenate([at(0, 0, 0.5, -1), [never]])
    table = feed_table(["a"] * 5, at(6, 7, 1, 1, 1), range(5), issued_at=issued, wanted=ASKED)
    assert sorted(table["value"]) == [0.0, 3.0]


def test_nothing_received_later_and_the_newest_of_what_was() -> None:
    received = at(0.05, 0.5, -0.5, 0.01)
    table = feed_table(list("aaab"), at(0, 0, 0, -1), [1, 2, 3, 4], received_at=received, wanted=ASKED)
    assert table[["series", "value"]].to_numpy().tolist() == [["b", 4.0], ["a", 1.0]]


def test_without_reception_the_later_row_stands() -> None:
    assert feed_table(["a", "a"], at(0, 0), [1, 2], wanted=ASKED)["value"].tolist() == [2.0]


def test_the_empty_table_has_its_columns_and_tells_its_problems() -> None:
    problem = Problem("source", None, "nothing")
    table = no_rows([problem])
    assert list(table.columns) == ["series", "time", "value"] and table.attrs["problems"] == [problem]
    assert isinstance(table["time"].dtype, pd.DatetimeTZDtype)


class Fixed:
    def __init__(self, **columns: object) -> None:
        self.columns = columns

    def read(self, wanted: Wanted) -> pd.DataFrame:
        return feed_table(**self.columns, wanted=wanted)  # type: ignore[arg-type]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(-400, 400), st.integers(-400, 400)), max_size=30))
def test_whatever_comes_a_source_keeps_its_promises(rows: list[tuple[str, int, int]]) -> None:
    series, stamps, told = zip(*rows, strict=True) if rows else ((), (), ())
    minute = np.timedelta64(1, "m")
    times = np.array([NOON + s * minute for s in stamps], dtype="datetime64[us]")
    received = np.array([NOON + s * minute for s in told], dtype="datetime64[us]")
    check_source(Fixed(series=series, time=times, value=np.arange(len(rows)), received_at=received), ASKED)


Row = tuple[str, int, int | None, int | None, int]  # series, time, received, issued, member; hours from noon


def one_by_one(rows: list[Row]) -> list[tuple[str, int, int | None, int, int]]:
    """What must be left of the rows, by looking at each: (series, time, issued, member, place)."""
    kept: dict[tuple[str, int, int | None, int], tuple[float, int]] = {}
    for place, (series, time, received, issued, member) in enumerate(rows):
        told = received if received is not None else time if issued is None else issued
        until = 0 if issued is None else 6
        known = told <= 0 and (issued is None or issued <= 0)
        if series in ASKED.series and -4 < time <= until and known:
            cell, age = (series, time, issued, member), -np.inf if received is None else received
            kept[cell] = max(kept.get(cell, (-np.inf, -1)), (age, place))
    return [(*cell, kept[cell][1]) for cell in sorted(kept, key=lambda cell: (cell[1], cell[0], *kept[cell]))]


HOURS = st.integers(-6, 8)
ROWS = st.tuples(st.sampled_from("abc"), HOURS, st.none() | HOURS, st.none() | HOURS, st.integers(0, 2))


@given(st.lists(ROWS, max_size=40))
def test_what_stands_is_what_a_look_at_each_row_finds(rows: list[Row]) -> None:
    def stamps(column: int) -> np.ndarray:
        return np.array([np.datetime64("NaT") if r[column] is None else NOON + r[column] * H for r in rows], "M8[us]")

    table = feed_table(
        [r[0] for r in rows], stamps(1), range(len(rows)), received_at=stamps(2), issued_at=stamps(3),
        member=[r[4] for r in rows], flag=[r[4] for r in rows], wanted=ASKED,
    )  # fmt: skip
    expected = one_by_one(rows)
    assert table["value"].tolist() == [float(found[-1]) for found in expected]
    assert table["series"].tolist() == [found[0] for found in expected]
    hours = (table["time"].dt.tz_localize(None).to_numpy() - NOON) // H
    assert hours.tolist() == [found[1] for found in expected] and table["flag"].tolist() == table["member"].tolist()


def test_rows_without_a_series_are_nobodys() -> None:
    table = feed_table(["a", None, np.nan, "b"], at(0, 0, 0, 0), range(4), wanted=ASKED)
    assert table["value"].tolist() == [0.0, 3.0] and list(table.index) == [0, 1]


def test_times_as_hosts_write_them() -> None:
    east = timezone(timedelta(hours=2))
    expected = np.datetime64("2026-03-01T10:00:00", "us")
    for text in ("2026-03-01T10:00:00", "2026-03-01T10:00:00Z", "2026-03-01T12:00:00+02", " 2026-03-01 12:00:00+02:00"):
        assert moment(text) == expected
    assert moment("2026-03-01T12:00:00", east) == expected
    assert moments(["2026-03-01T10:00:00.25", "no", "", "24:00"]).tolist()[0].microsecond == 250_000
    assert np.isnat(moments(["no", "", "2026-13-01"])).all()
    assert iso_utc(expected) == "2026-03-01T10:00:00Z"


@given(st.datetimes(timezones=st.timezones()))
def test_any_time_comes_back(when: object) -> None:
    from datetime import datetime

    assert isinstance(when, datetime)
    back = moment(when.isoformat())
    assert back == np.datetime64(when.astimezone(UTC).replace(tzinfo=None), "us")


def test_a_time_that_is_none() -> None:
    with pytest.raises(ValueError):
        moment("yesterday")
    assert replace(ASKED, series=()).series == ()
