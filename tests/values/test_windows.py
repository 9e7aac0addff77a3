"""What is known, over a record and at one time: parts, blocks and single stations hold what the whole holds there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin import Flag, History, Layout, Signal, Window
from hydria_plugin.testing import sample_history, sample_layout, sample_window
from hydria_plugin.testing.samples import window_of

LAYOUT = sample_layout(4, past=3, horizon=2)
DAYS = (np.timedelta64(1, "D"), np.timedelta64(30, "D"))
MADE = sample_history(LAYOUT, 20, gaps=0.2)
RECORD = replace(
    MADE,
    totals=np.arange(4 * 20 * 3 * 2.0).reshape(4, 20, 3, 2),
    durations=DAYS,
    forecasts={"rain.1": np.arange(4 * 20 * 2.0).reshape(4, 20, 2)},
)
ROWS = st.lists(st.integers(0, 3), unique=True, max_size=4)
SIGNAL = ("values", "sigma", "flags", "method", "raw")


def same(a: History, b: History) -> None:
    assert a.layout.stations == b.layout.stations and a.durations == b.durations
    np.testing.assert_array_equal(a.times, b.times)
    np.testing.assert_array_equal(a.totals, b.totals)
    assert list(a.forecasts) == list(b.forecasts)
    for slot in a.forecasts:
        np.testing.assert_array_equal(a.forecasts[slot], b.forecasts[slot])
    for name in SIGNAL:
        np.testing.assert_array_equal(getattr(a.target, name), getattr(b.target, name))
        np.testing.assert_array_equal(getattr(a.inputs, name), getattr(b.inputs, name))


@given(ROWS, st.integers(0, 20), st.integers(0, 20))
@settings(max_examples=40)
def test_stations_and_steps_are_taken_in_either_order(rows: list[int], first: int, last: int) -> None:
    """None of them too."""
    one, other = RECORD.only(rows).between(first, last), RECORD.between(first, last).only(rows)
    same(one, other)
    assert len(one) == max(last - first, 0) and one.layout.stations == tuple(f"s{i + 1}" for i in rows)
    np.testing.assert_array_equal(one.totals, RECORD.totals[np.array(rows, int)][:, first:last])
    np.testing.assert_array_equal(
        one.forecasts["rain.1"], RECORD.forecasts["rain.1"][np.array(rows, int)][:, first:last]
    )


@given(st.integers(1, 6), st.integers(0, 4))
@settings(max_examples=25)
def test_blocks_are_all_stations_once_in_order(size: int, stations: int) -> None:
    record = RECORD.only(range(stations))
    blocks = list(record.blocks(size))
    assert [len(b.layout.stations) for b in blocks[:-1]] == [size] * (len(blocks) - 1)
    assert sum((b.layout.stations for b in blocks), ()) == record.layout.stations
    assert all(0 < len(b.layout.stations) <= size and len(b) == 20 for b in blocks)
    if blocks:
        np.testing.assert_array_equal(np.concatenate([b.totals for b in blocks]), record.totals)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"target": RECORD.target.each(lambda a: a[:, 1:])}, "History.target must have axes (S, T) = (4, 20), not"),
        ({"inputs": RECORD.inputs.each(lambda a: a[..., :2])}, "History.inputs must have axes (S, T, V) = (4, 20, 3)"),
        ({"totals": RECORD.totals[..., :1]}, "History.totals must have axes (S, T, V, A) = (4, 20, 3, 2), not (4, 20,"),
        ({"durations": ()}, "History.totals must have axes (S, T, V, A) = (4, 20, 3, 0), not (4, 20, 3, 2)"),
        ({"times": RECORD.times[:5]}, "History.target must have axes (S, T) = (4, 5), not (4, 20)"),
        (
            {"forecasts": {"rain.1": np.zeros((4, 20, 2)), "rain.2": np.zeros((4, 20, 3))}},
            "History.forecasts[rain.2] must have axes (S, T, H) = (4, 20, 2), not (4, 20, 3)",
        ),
    ],
)
def test_a_record_names_the_axis_that_is_wrong(change: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError) as refused:
        replace(RECORD, **change)  # type: ignore[arg-type]
    assert str(refused.value).startswith(said)


def window(layout: Layout = LAYOUT) -> Window:
    made = sample_window(layout)
    return replace(made, antecedent=np.zeros((len(layout.stations), 3, 2)), durations=DAYS)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"observed": Signal.measured(np.zeros((4, 1, 2)))}, "Window.observed must have axes (S, R, P) = (4, 1, 3), "),
        ({"observed": Signal.measured(np.zeros((4, 5, 3)))}, "Window.past must have axes (S, R, P, V) = (4, 5, 3, 3)"),
        ({"past": Signal.measured(np.zeros((4, 1, 3, 2)))}, "Window.past must have axes (S, R, P, V) = (4, 1, 3, 3)"),
        ({"future": Signal.measured(np.zeros((4, 1, 3, 3)))}, "Window.future must have axes (S, R, H, V) = (4, 1, 2"),
        ({"antecedent": np.zeros((4, 3, 1))}, "Window.antecedent must have axes (S, V, A) = (4, 3, 2), not (4, 3, 1)"),
    ],
)
def test_a_window_names_the_axis_that_is_wrong(change: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError) as refused:
        replace(window(), **change)  # type: ignore[arg-type]
    assert str(refused.value).startswith(said)


@given(ROWS)
@settings(max_examples=20)
def test_a_window_of_some_stations_is_that_of_a_record_of_them(rows: list[int]) -> None:
    one, other = window_of(RECORD, 10, True).only(rows), window_of(RECORD.only(rows), 10, True)
    assert one.stations == other.stations and one.layout.static.tolist() == other.layout.static.tolist()
    for name in ("observed", "past", "future"):
        np.testing.assert_array_equal(getattr(one, name).values, getattr(other, name).values)
    np.testing.assert_array_equal(one.antecedent, other.antecedent)
    assert (one.issued_at, one.scenarios, one.step, one.quantiles) == (
        RECORD.times[10],
        1,
        LAYOUT.step,
        other.quantiles,
    )


@pytest.mark.parametrize(
    ("flag", "believed"),
    [(Flag.GOOD, True), (Flag.UNKNOWN, True), (Flag.SUSPECT, False), (Flag.FAIL, False), (Flag.MISSING, True)],
)
def test_a_station_is_not_believed_by_its_newest_flag_alone(flag: Flag, believed: bool) -> None:
    made = window()
    flags = np.full((4, 1, 3), Flag.FAIL, np.uint8)
    flags[:, 0, -1] = Flag.GOOD
    flags[2, 0, -1] = flag
    doubted = replace(made, observed=replace(made.observed, flags=flags))
    assert doubted.believed.tolist() == [True, True, believed, True]


@pytest.mark.parametrize("at", [-1, 1, 20])
def test_a_step_without_its_past_has_no_window(at: int) -> None:
    with pytest.raises(ValueError, match=f"step {at} has no window: 2 <= step < 20"):
        window_of(RECORD, at)
