"""The columns of a source's table: kept as they are told, in any type that pandas gives them, the strange refused."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin import FeedError, Flag
from hydria_plugin.tables_columns import NEVER, columns, flags, microseconds, places, whole_numbers

PLACE = {"a": 0, "b": 1, "c": 2}
START = datetime(2026, 3, 1, tzinfo=UTC)
MICROS = st.integers(-(2**50), 2**51)


def times(*minutes: float | None) -> list[datetime | None]:
    return [None if m is None else START + timedelta(minutes=m) for m in minutes]


def frame(series: Sequence[Any], **more: Any) -> pd.DataFrame:
    n = len(series)
    told = {"series": list(series), "time": pd.to_datetime(times(*range(n)), utc=True), "value": np.arange(n) * 1.0}
    return pd.DataFrame(told | more)


def stamp(minute: float) -> int:
    return int((START + timedelta(minutes=minute)).timestamp() * 1e6)


def test_rows_are_kept_in_their_order_with_what_was_not_told_as_usual() -> None:
    rows = columns(frame("abca"), PLACE)
    assert rows.series.tolist() == [0, 1, 2, 0] and rows.value.tolist() == [0, 1, 2, 3]
    assert rows.stamp.tolist() == [stamp(m) for m in range(4)]
    assert (rows.flag == Flag.GOOD).all() and rows.flag.dtype == np.uint8
    assert (rows.received == NEVER).all() and (rows.issue == NEVER).all() and (rows.member == 0).all()


@settings(max_examples=25)
@given(st.lists(st.sampled_from(["a", "b", "c", "x", None]), max_size=12), st.data())
def test_only_rows_of_known_series_with_a_time_are_left_whatever_their_order(names: list[Any], data: Any) -> None:
    minutes = data.draw(st.lists(st.one_of(st.none(), st.integers(0, 99)), min_size=len(names), max_size=len(names)))
    told = pd.Series(times(*minutes), dtype="datetime64[us, UTC]")
    order = data.draw(st.permutations(range(len(names))))
    one = frame(names, time=told)
    kept = [i for i, (n, m) in enumerate(zip(names, minutes, strict=True)) if n in PLACE and m is not None]
    assert columns(one, PLACE).value.tolist() == kept
    other = columns(one.iloc[list(order)], PLACE)
    assert other.value.tolist() == [i for i in order if i in kept]
    assert other.series.tolist() == [PLACE[names[i]] for i in order if i in kept]


@pytest.mark.parametrize("lost", [["value"], ["time", "series"]])
def test_a_table_that_lacks_a_column_is_refused_and_says_which(lost: list[str]) -> None:
    said = ", ".join(c for c in ("series", "time", "value") if c in lost)
    with pytest.raises(FeedError, match=f"must have columns series, time, value; it lacks {said}$"):
        columns(frame("ab").drop(columns=lost), PLACE)


@given(st.lists(st.sampled_from(["a", "b", "x", None]), min_size=1, max_size=20))
def test_categories_and_texts_have_the_same_places(names: list[str | None]) -> None:
    wanted = [PLACE.get(name, -1) if name is not None else -1 for name in names]
    assert places(pd.Series(names, dtype=object), PLACE).tolist() == wanted
    assert places(pd.Series(names, dtype="category"), PLACE).tolist() == wanted


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", ["UTC", "Europe/Paris", "Asia/Kathmandu"])
def test_a_moment_is_the_same_in_any_unit_and_zone(unit: str, zone: str) -> None:
    column = pd.Series(pd.to_datetime(times(0, None, 61), utc=True)).dt.as_unit(unit).dt.tz_convert(zone)  # type: ignore[arg-type]
    assert microseconds(pd.DataFrame({"t": column}), "t").tolist() == [stamp(0), NEVER, stamp(61)]


@settings(max_examples=25)
@given(st.lists(st.one_of(st.none(), MICROS), min_size=1, max_size=8), st.integers(-14, 14))
def test_python_times_come_to_the_microsecond(told: list[int | None], hours: int) -> None:
    zone = timezone(timedelta(hours=hours))
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    column = [None if t is None else (epoch + timedelta(microseconds=t)).astimezone(zone) for t in told]
    found = microseconds(pd.DataFrame({"t": pd.Series(column, dtype=object)}), "t")
    assert found.tolist() == [NEVER if t is None else t for t in told]


@pytest.mark.parametrize("name", ["time", "issued_at", "received_at"])
def test_a_time_without_a_zone_is_refused_by_the_name_of_its_column(name: str) -> None:
    naive = pd.Series([None, datetime(2026, 3, 1)], dtype=object)  # noqa: DTZ001 (what is refused)
    for column in (naive, pd.to_datetime(naive)):
        with pytest.raises(FeedError, match=rf"column {name} must hold times with a zone \(UTC\), not .*2026"):
            columns(frame("ab", **{name: column}), PLACE)


def test_a_column_of_no_times_at_all_is_none() -> None:
    for column in ([None, None], [pd.NaT, pd.NaT], [np.nan, np.nan]):
        assert (columns(frame("ab", issued_at=pd.Series(column, dtype=object)), PLACE).issue == NEVER).all()


@pytest.mark.parametrize("kind", ["int64", "uint8", "float64", "Int64", "Float64", "object"])
def test_whole_numbers_come_in_any_type(kind: str) -> None:
    table = pd.DataFrame({"n": pd.Series([1, 3, 9]).astype(kind)})  # type: ignore[call-overload]
    assert whole_numbers(table, "n", 7).tolist() == [1, 3, 9]
    assert whole_numbers(table, "absent", 7).tolist() == [7, 7, 7]


@pytest.mark.parametrize("kind", ["float64", "Int64", "object"])
def test_a_number_that_is_not_told_is_the_usual_one(kind: str) -> None:
    table = pd.DataFrame({"n": pd.Series([1, None, 3], dtype=kind)})
    assert whole_numbers(table, "n", 7).tolist() == [1, 7, 3]
    assert whole_numbers(pd.DataFrame({"n": [np.inf, 2.0]}), "n", 7).tolist() == [7, 2]


@given(st.integers(-(2**40), 2**40))
def test_a_number_that_is_no_flag_is_unknown_and_never_good(number: int) -> None:
    found = int(flags(np.array([number]))[0])
    assert found == (number if number in set(Flag) else Flag.UNKNOWN)


def test_flags_beyond_a_byte_do_not_come_round_to_good() -> None:
    rows = columns(frame("abc", flag=[257, 4, -252]), PLACE)
    assert rows.flag.tolist() == [Flag.UNKNOWN, Flag.FAIL, Flag.UNKNOWN]


def test_observations_have_no_member_and_forecasts_keep_theirs() -> None:
    issue = pd.Series(times(None, 0), dtype="datetime64[us, UTC]")
    rows = columns(frame("ab", member=[5, 5], issued_at=issue), PLACE)
    assert rows.member.tolist() == [0, 5] and rows.issue.tolist() == [NEVER, stamp(0)]


def test_a_mask_picks_whole_rows_and_an_empty_table_has_none() -> None:
    rows = columns(frame("abc", flag=[1, 3, 4]), PLACE).where(np.array([True, False, True]))
    assert (rows.series.tolist(), rows.value.tolist(), rows.flag.tolist()) == ([0, 2], [0.0, 2.0], [1, 4])
    assert len(rows.number) == len(rows.lead) == len(rows.received) == 2
    assert len(columns(frame(""), PLACE).series) == 0
    missing = columns(frame("ab", value=pd.Series([1.5, None], dtype="Float64")), PLACE).value
    np.testing.assert_array_equal(missing, [1.5, np.nan])
