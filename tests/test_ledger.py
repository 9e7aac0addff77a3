"""The ledger's arithmetic against slow, obvious definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydria_plugin import Step
from hydria_plugin.ledger import ENDS, RUNNING, due, is_stale, newest_due

EPOCH = np.datetime64(0, "s")
widths = st.sampled_from([60, 300, 600, 900, 3600, 3 * 3600, 86400, 7])
moments = st.integers(-(10**15), 4 * 10**15)  # microseconds: 1938 to 2096
delays = st.integers(0, 7200)


def seconds(n: int) -> np.timedelta64:
    return np.timedelta64(n, "s")


def line(t: np.datetime64, state: str) -> Step:
    return Step("p", t, state, "", -1, t)


@given(moments, widths, delays)
def test_newest_due_is_on_the_grid_has_waited_and_the_next_one_has_not(moment: int, width: int, delay: int) -> None:
    known_at, step, wait = np.datetime64(moment, "us"), seconds(width), seconds(delay)
    newest = newest_due(known_at, step, wait)
    assert newest.dtype == np.dtype("M8[s]")
    assert (newest - EPOCH) % step == seconds(0)
    assert newest + wait <= known_at < newest + step + wait


@given(moments, widths, delays)
def test_only_the_newest_step_is_fresh(moment: int, width: int, delay: int) -> None:
    known_at, step, wait = np.datetime64(moment, "us"), seconds(width), seconds(delay)
    newest = newest_due(known_at, step, wait)
    assert not is_stale(newest, known_at, step, wait)
    assert not is_stale(newest + step, known_at, step, wait)
    assert is_stale(newest - step, known_at, step, wait)


def test_a_step_is_due_to_the_microsecond() -> None:
    step, wait = np.timedelta64(10, "m"), np.timedelta64(3, "m")
    assert newest_due(np.datetime64("2020-09-19T10:02:59.999999"), step, wait) == np.datetime64("2020-09-19T09:50")
    assert newest_due(np.datetime64("2020-09-19T10:03:00.000000"), step, wait) == np.datetime64("2020-09-19T10:00")


def test_daily_steps_stand_at_midnight_utc_through_clock_changes_and_leap_days() -> None:
    for day in ("2024-02-29", "2024-03-31", "2024-10-27"):
        assert newest_due(np.datetime64(f"{day}T23:59:59"), np.timedelta64(1, "D"), seconds(0)) == np.datetime64(day)


@pytest.mark.parametrize(
    ("known_at", "step", "delay"),
    [
        (np.datetime64("NaT"), seconds(60), seconds(0)),
        (EPOCH, seconds(0), seconds(0)),
        (EPOCH, seconds(-60), seconds(0)),
        (EPOCH, np.timedelta64("NaT"), seconds(0)),
        (EPOCH, np.timedelta64(1500, "ms"), seconds(0)),
        (EPOCH, seconds(60), seconds(-1)),
        (EPOCH, seconds(60), np.timedelta64("NaT")),
    ],
)
def test_what_has_no_grid_is_refused_with_the_value(
    known_at: np.datetime64, step: np.timedelta64, delay: np.timedelta64
) -> None:
    with pytest.raises(ValueError, match="must"):
        newest_due(known_at, step, delay)


@given(
    widths,
    st.integers(-1000, 1000),
    st.integers(-5, 60),
    st.dictionaries(st.integers(0, 60), st.sampled_from([*ENDS, RUNNING])),
    st.one_of(st.none(), st.integers(0, 80)),
)
def test_due_is_what_has_no_end_newest_first(
    width: int, start: int, count: int, states: dict[int, str], limit: int | None
) -> None:
    grid = [EPOCH + seconds(width) * (start + i) for i in range(count + 1)]
    first = EPOCH + seconds(width) * start
    ledger = [line(first + seconds(width) * i, state) for i, state in states.items()]
    ended = {s.issued_at for s in ledger if s.state != RUNNING}
    expected = [t for t in reversed(grid) if t not in ended]
    found = due(ledger, first, first + seconds(width) * count, limit, seconds(width))
    assert list(found) == expected[: len(expected) if limit is None else limit]


def test_bounds_off_the_grid_are_moved_inwards() -> None:
    first, newest = np.datetime64("2020-01-01T00:00:00.000001"), np.datetime64("2020-01-01T02:59:59")
    found = due([], first, newest, None, seconds(3600))
    assert found == (np.datetime64("2020-01-01T02:00"), np.datetime64("2020-01-01T01:00"))


def test_a_step_that_was_running_when_the_process_died_is_made_again() -> None:
    t = np.datetime64("2020-01-01T00:00", "s")
    assert due([line(t, RUNNING)], t, t, None, seconds(60)) == (t,)


@pytest.mark.parametrize("state", ENDS)
def test_an_end_is_final(state: str) -> None:
    t = np.datetime64("2020-01-01T00:00", "m")  # another unit of the same moment
    assert due([line(t, state)], t, t, None, seconds(60)) == ()


def test_a_year_of_quarter_hours_has_35040_steps_each_once() -> None:
    first = np.datetime64("2025-01-01T00:00")
    found = due([], first, np.datetime64("2025-12-31T23:45"), None, np.timedelta64(15, "m"))
    assert len(found) == len(set(found)) == 35040
    assert list(found) == sorted(found, reverse=True)
