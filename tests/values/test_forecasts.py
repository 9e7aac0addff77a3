"""Forecasts and their truth: each axis is checked by name, and parts of a forecast are forecasts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin import Forecast, Verified
from hydria_plugin.testing import sample_forecast, sample_layout, sample_window

QUANTILES = (0.1, 0.5, 0.9)
WINDOWS = [sample_window(sample_layout(4, slots=1, past=2, horizon=h)) for h in (1, 2, 3)]
OF_STATIONS = ("values", "rung", "members", "variance", "parts", "corrections")


def whole(s: int = 3, h: int = 2) -> Forecast:
    """A forecast with all that one may carry, each number another."""

    def numbers(*shape: int) -> np.ndarray:
        return np.arange(float(np.prod(shape))).reshape(shape)

    return Forecast(
        np.datetime64("2026-03-01T12:00", "s"),
        np.timedelta64(3600, "s"),
        tuple(f"s{i}" for i in range(s)),
        QUANTILES,
        numbers(s, h, 3),
        tuple(f"made for {i}" for i in range(s)),
        np.arange(s, dtype=np.int16),
        members=numbers(s, 2, 4, h),
        variance=numbers(s, h, 3),
        parts=numbers(s, 2, h),
        part_names=("ridge", "boosting"),
        corrections=numbers(s, 1, h),
        correction_names=("error-model",),
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"values": np.zeros((3, 2))}, "Forecast.values must have axes (S, H, Q) = (3, -1, 3), not (3, 2)"),
        ({"values": np.zeros((2, 2, 3))}, "Forecast.values must have axes (S, H, Q) = (3, -1, 3), not (2, 2, 3)"),
        ({"values": np.zeros((3, 2, 4))}, "Forecast.values must have axes (S, H, Q) = (3, -1, 3), not (3, 2, 4)"),
        ({"rung": np.zeros(2, np.int16)}, "Forecast.rung must have axes (S) = (3,), not (2,)"),
        ({"made_by": ("a",)}, "Forecast.made_by must name 3 stations' forecasters, not 1"),
        ({"members": np.zeros((3, 4, 2))}, "Forecast.members must have axes (S, R, M, H) = (3, -1, -1, 2), not"),
        ({"members": np.zeros((3, 1, 4, 3))}, "Forecast.members must have axes (S, R, M, H) = (3, -1, -1, 2), not"),
        ({"variance": np.zeros((3, 2, 2))}, "Forecast.variance must have axes (S, H, 3) = (3, 2, 3), not (3, 2, 2)"),
        ({"variance": np.zeros((3, 1, 3))}, "Forecast.variance must have axes (S, H, 3) = (3, 2, 3), not (3, 1, 3)"),
        ({"part_names": ("ridge",)}, "Forecast.parts must have axes (S, J, H) = (3, 1, 2), not (3, 2, 2)"),
        ({"correction_names": ()}, "Forecast.corrections must have axes (S, C, H) = (3, 0, 2), not (3, 1, 2)"),
        ({"values": np.full((3, 2, 3), -np.inf)}, "Forecast.values must be finite or NaN, not infinite"),
        ({"values": np.array([[[3.0, 2.0, 1.0]] * 2] * 3)}, "Forecast.values must never decrease along the quantiles"),
    ],
)
def test_a_wrong_axis_is_named_with_what_it_should_be(change: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError) as refused:
        replace(whole(), **change)
    assert str(refused.value).startswith(said)


@given(st.lists(st.integers(0, 3), max_size=5), st.integers(1, 3))
@settings(max_examples=30)
def test_all_that_is_of_a_station_goes_with_it(rows: list[int], horizon: int) -> None:
    """Twice the same, none at all and any order too."""
    made = whole(4, horizon)
    part = made.only(rows)
    assert part.stations == tuple(f"s{i}" for i in rows) and part.made_by == tuple(f"made for {i}" for i in rows)
    for name in OF_STATIONS:
        np.testing.assert_array_equal(getattr(part, name), getattr(made, name)[np.array(rows, int)])
    kept = (part.part_names, part.correction_names, part.quantiles, part.issued_at, part.step, part.horizon)
    assert kept == (made.part_names, made.correction_names, QUANTILES, made.issued_at, made.step, horizon)


def test_what_a_forecast_does_not_carry_its_parts_do_not() -> None:
    part = sample_forecast().only([1])
    assert [getattr(part, name) is None for name in OF_STATIONS] == [False, False, True, True, True, True]


@given(st.data(), st.integers(0, 4), st.integers(1, 3))
@settings(max_examples=30)
def test_one_gap_takes_the_row_and_no_other(data: st.DataObject, stations: int, horizon: int) -> None:
    window = WINDOWS[horizon - 1].only(range(stations))
    values = np.zeros((stations, horizon, 7))
    lost = data.draw(st.sets(st.integers(0, stations - 1))) if stations else set()
    for row in lost:
        lead, level = data.draw(st.integers(0, horizon - 1)), data.draw(st.integers(0, 6))
        values[row, lead, level] = data.draw(st.sampled_from([np.nan, np.inf, -np.inf]))
    made = Forecast.of(window, values, "ridge")
    assert set(np.flatnonzero(~made.there).tolist()) == lost
    assert made.missing == tuple(window.stations[row] for row in sorted(lost))
    assert made.made_by == tuple("" if row in lost else "ridge" for row in range(stations))
    assert made.rung.tolist() == [-1 if row in lost else 0 for row in range(stations)]
    assert np.isnan(made.values[sorted(lost)]).all() and made.rung.dtype == np.int16


def test_making_a_forecast_leaves_the_numbers_as_they_were() -> None:
    values = np.zeros((3, 6, 7))
    values[1, 0, 0] = np.nan
    Forecast.of(sample_window(), values, "ridge")
    assert np.isnan(values).sum() == 1


@pytest.mark.parametrize("minutes", [6, 60, 1440])
@pytest.mark.parametrize("horizon", [1, 5])
def test_leads_follow_the_issue_time_step_by_step(minutes: int, horizon: int) -> None:
    made = replace(whole(1, horizon), step=np.timedelta64(60 * minutes, "s"))
    times = made.valid_times()
    assert times[0] - made.issued_at == made.step and len(times) == horizon == made.horizon
    assert (np.diff(times) == made.step).all()


def test_the_median_is_the_middle_level_wherever_it_stands() -> None:
    made = whole()
    np.testing.assert_array_equal(made.median, made.values[:, :, 1])
    skewed = replace(made, quantiles=(0.5, 0.8, 0.9))
    np.testing.assert_array_equal(skewed.median, made.values[:, :, 0])


def verified(**change: object) -> Verified:
    usual = {"forecast": np.zeros((2, 4, 3)), "truth": np.zeros(2), "flags": np.ones(2, np.uint8)}
    return Verified(np.datetime64("2026-03-01", "s"), ("a", "b"), QUANTILES, **{**usual, **change})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"forecast": np.zeros((2, 4, 2))}, "Verified.forecast must have axes (S, H, Q) = (2, -1, 3), not (2, 4, 2)"),
        ({"forecast": np.zeros((1, 4, 3))}, "Verified.forecast must have axes (S, H, Q) = (2, -1, 3), not (1, 4, 3)"),
        ({"truth": np.zeros((2, 1))}, "Verified.truth must have axes (S) = (2,), not (2, 1)"),
        ({"flags": np.ones(3, np.uint8)}, "Verified.flags must have axes (S) = (2,), not (3,)"),
    ],
)
def test_truth_is_of_the_stations_of_the_forecast(change: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError) as refused:
        verified(**change)
    assert str(refused.value) == said


def test_the_meeting_cannot_be_rewritten() -> None:
    with pytest.raises(ValueError, match="read-only"):
        verified().truth[0] = 1.0
