"""Steps and their stamps: numbered since 1970, before it too, and back without loss."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin.config.durations import format_duration, parse_duration, whole_steps
from hydria_plugin.depth import LEAST_DEPTH, depth_of, memory_of, span_of
from hydria_plugin.depth import whole_steps as steps_of_overlap
from hydria_plugin.steps import iso, microsecond, microseconds_in, number_of, numbers_of, stamps
from hydria_plugin.testing import sample_layout
from hydria_plugin.totals import bin_width, reach, steps_in

SECONDS = st.sampled_from([60, 300, 360, 900, 3600, 86_400])
NUMBERS = st.integers(-(10**6), 10**6)


def span(seconds: int) -> np.timedelta64:
    return np.timedelta64(seconds, "s")


@given(st.lists(NUMBERS, max_size=6), SECONDS)
@settings(max_examples=40)
def test_a_number_has_a_stamp_and_the_stamp_its_number(numbers: list[int], seconds: int) -> None:
    step = span(seconds)
    times = stamps(np.array(numbers, np.int64), step)
    assert times.dtype == "datetime64[s]" and numbers_of(times, step).tolist() == numbers
    assert [number_of(time, step) for time in times] == numbers


@given(NUMBERS, SECONDS, st.data())
@settings(max_examples=40)
def test_a_time_belongs_to_the_last_step_that_ended(number: int, seconds: int, data: st.DataObject) -> None:
    """To the microsecond, and before 1970 as after it."""
    within = data.draw(st.integers(0, seconds * 10**6 - 1))
    end = stamps(np.array([number]), span(seconds))[0]
    time = end.astype("datetime64[us]") + np.timedelta64(within, "us")
    assert number_of(time, span(seconds)) == number
    assert microsecond(time) == number * microseconds_in(span(seconds)) + within


@pytest.mark.parametrize(
    ("time", "told"),
    [("1969-12-31T23:59:59.999999", "1969-12-31T23:59:59Z"), ("2026-03-01T12", "2026-03-01T12:00:00Z"),
     ("2026-03-01", "2026-03-01T00:00:00Z"), ("2026-03-01T12:00:00.5", "2026-03-01T12:00:00Z")],
)  # fmt: skip
def test_times_are_told_in_whole_seconds_of_utc(time: str, told: str) -> None:
    assert iso(np.datetime64(time)) == told


@given(st.integers(1, 10**7), SECONDS)
@settings(max_examples=40)
def test_steps_of_a_duration_cover_it_and_none_is_spare(seconds: int, step: int) -> None:
    count = steps_in(span(seconds), span(step))
    assert (count - 1) * step < seconds <= count * step
    whole = whole_steps(span(seconds), span(step))
    assert whole == (count if count * step == seconds else None)
    assert parse_duration(format_duration(span(seconds))) == span(seconds)


@given(st.lists(st.integers(1, 5000), max_size=4))
@settings(max_examples=40)
def test_bins_are_powers_of_two_and_a_small_part_of_what_they_total(durations: list[int]) -> None:
    for d in durations:
        width = bin_width(d)
        assert width & (width - 1) == 0 and (width == 1 or d / 64 < width <= d / 32)
    assert reach(durations) == max([d + bin_width(d) for d in durations], default=0)
    assert [bin_width(d) for d in sorted(durations)] == sorted(bin_width(d) for d in durations)


@pytest.mark.parametrize(
    ("hours", "horizon", "depth"), [(0, 1, LEAST_DEPTH), (-1, 30, 30), (1, 30, 30), (48, 6, 48), (47.5, 6, 48)]
)
def test_the_buffer_reaches_back_over_the_overlap_the_horizon_and_a_day(hours: float, horizon: int, depth: int) -> None:
    layout = sample_layout(past=10, horizon=horizon)
    overlap = span(int(3600 * hours))
    assert depth_of(layout, steps_of_overlap(overlap, layout)) == depth
    for durations, reached in (
        ([], 10),
        ([span(3600)], 10),
        ([span(36_000)], 11),
        ([span(3600), span(86_400 * 30)], 736),
    ):
        steps = [steps_in(d, layout.step) for d in durations]
        assert span_of(layout, steps, depth) == reached + depth
        assert memory_of(layout, durations, overlap) == (reached + depth + 1) * layout.step
