"""Values: axes are checked at birth, arrays cannot be written, wrong states cannot exist."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin import METHODS, Flag, Forecast, Layout, Signal, Verified
from hydria_plugin.testing import (
    sample_bulletin,
    sample_forecast,
    sample_history,
    sample_layout,
    sample_window,
)
from hydria_plugin.testing.samples import window_of


def test_signal_as_received() -> None:
    signal = Signal.measured(np.array([1.0, np.nan, 3.0]))
    assert signal.flags.tolist() == [Flag.GOOD, Flag.MISSING, Flag.GOOD]
    assert signal.trusted.tolist() == [True, False, True]
    assert signal.sigma.sum() == 0


def test_a_failed_or_filled_value_is_not_trusted() -> None:
    signal = Signal.measured(np.array([1.0, 2.0]))
    failed = replace(signal, flags=np.array([Flag.GOOD, Flag.FAIL], np.uint8))
    filled = replace(signal, sigma=np.array([0.1, 0.0]))
    assert failed.trusted.tolist() == [True, False]
    assert filled.trusted.tolist() == [False, True]
    assert np.isnan(failed.told[1]) and failed.told[0] == 1.0 and np.isnan(filled.told[0])


def test_the_methods_are_named_once_and_as_received_comes_first() -> None:
    assert METHODS[0] == "" and METHODS[1] == "manual" and METHODS[-1] == "last"
    assert len(set(METHODS)) == len(METHODS) < np.iinfo(np.uint16).max


def test_signal_refuses_arrays_of_other_shape() -> None:
    with pytest.raises(ValueError, match=r"Signal.sigma must have axes of values = \(2,\), not \(3,\)"):
        Signal(np.zeros(2), np.zeros(3), np.ones(2, np.uint8), np.zeros(2, np.uint16), np.zeros(2))


def test_arrays_are_read_only_and_the_callers_stay_writable() -> None:
    mine = np.zeros(3)
    signal = Signal.measured(mine)
    with pytest.raises(ValueError, match="read-only"):
        signal.values[0] = 1.0
    mine[0] = 1.0


def test_arrays_that_nobody_can_write_are_kept_as_they_are() -> None:
    signal = Signal.measured(np.zeros(3))
    assert signal.each(lambda a: a).values is signal.values
    mapped = np.zeros(3).view(np.recarray)
    mapped.flags.writeable = False
    assert type(signal.each(lambda a: mapped if a is signal.sigma else a).sigma) is np.ndarray


def test_fields_cannot_be_set() -> None:
    with pytest.raises(FrozenInstanceError):
        sample_window().issued_at = np.datetime64("2020-01-01")  # type: ignore[misc]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"quantiles": (0.1, 0.9)}, "contain 0.5"),
        ({"quantiles": (0.5, 0.1)}, "must rise"),
        ({"kinds": ("snow", "rain", "level")}, "'snow' is not one of rain"),
        ({"stations": ("a", "a", "b")}, "different names"),
        ({"horizon": 0}, "must be positive"),
        ({"series": np.array([["x"]])}, r"Layout.series must have axes \(S, V\)"),
    ],
)
def test_layout_refuses(change: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        replace(sample_layout(), **change)


def test_layout_knows_absent_slots_and_every_series_once() -> None:
    layout = sample_layout()
    assert layout.present.tolist() == [[True, True, True], [True, True, True], [True, False, True]]
    series = layout.all_series()
    assert len(series) == len(set(series)) == 3 + 8
    assert series[:3] == layout.targets


@given(st.permutations(range(3)))
@settings(max_examples=6)
def test_taking_stations_commutes(order: list[int]) -> None:
    window = sample_window()
    assert window.only(order).only([0]).layout.targets == (window.layout.targets[order[0]],)
    np.testing.assert_array_equal(window.only(order).past.values, window.past.values[order])
    forecast = sample_forecast(window)
    np.testing.assert_array_equal(forecast.only(order).values, forecast.values[order])


def test_window_refuses_wrong_axes() -> None:
    window = sample_window()
    with pytest.raises(ValueError, match=r"Window.future must have axes \(S, R, H, V\)"):
        replace(window, future=window.past)


def test_a_window_is_a_slice_of_its_history() -> None:
    history = sample_history(steps=200)
    window = window_of(history, 150, future=True)
    assert window.issued_at == history.times[150]
    np.testing.assert_array_equal(window.observed.values[:, 0, -1], history.target.values[:, 150])
    np.testing.assert_array_equal(window.future.values[:, 0, 0], history.inputs.values[:, 151])
    with pytest.raises(ValueError, match="has no window"):
        window_of(history, 3)


def test_history_parts() -> None:
    history = sample_history(steps=100)
    assert len(history.between(10, 30)) == 20
    assert [h.layout.stations for h in history.blocks(2)] == [("s1", "s2"), ("s3",)]
    np.testing.assert_array_equal(history.only([2]).target.values, history.target.values[[2]])


def quantiles_of(window_values: np.ndarray) -> Forecast:
    window = sample_window()
    return Forecast.of(window, np.broadcast_to(window_values, (3, window.layout.horizon, 7)).copy(), "x")


def test_forecast_refuses_crossing_quantiles_and_infinities() -> None:
    with pytest.raises(ValueError, match="never decrease"):
        quantiles_of(np.array([1.0, 2, 3, 2, 5, 6, 7]))
    good = quantiles_of(np.arange(7.0))
    with pytest.raises(ValueError, match="not infinite"):
        replace(good, values=np.where(good.values == 6, np.inf, good.values))


def test_a_row_with_any_gap_is_no_forecast() -> None:
    window = sample_window()
    values = np.zeros((3, window.layout.horizon, 7))
    values[1, 2, 3] = np.nan
    forecast = Forecast.of(window, values, "x")
    assert forecast.missing == ("s2",)
    assert forecast.made_by == ("x", "", "x")
    assert forecast.rung.tolist() == [0, -1, 0]
    assert np.isnan(forecast.values[1]).all()


def test_valid_times_are_the_leads() -> None:
    forecast = sample_forecast()
    assert forecast.valid_times()[0] == forecast.issued_at + forecast.step
    assert len(forecast.valid_times()) == forecast.horizon


def test_members_and_parts_have_their_axes_checked() -> None:
    forecast = sample_forecast()
    with pytest.raises(ValueError, match="Forecast.members"):
        replace(forecast, members=np.zeros((3, 1, 4, 99)))
    with pytest.raises(ValueError, match="Forecast.parts"):
        replace(forecast, parts=np.zeros((3, 2, 6)), part_names=("a",))
    with pytest.raises(ValueError, match="Verified.truth"):
        Verified(forecast.issued_at, forecast.stations, forecast.quantiles, forecast.values, np.zeros(2), np.zeros(3))


def test_bulletin_says_why_it_is_degraded() -> None:
    bulletin = sample_bulletin()
    assert bulletin.degraded == ("quality: gauge rain.1 is silent since 03:00",)
    second = replace(bulletin.forecast, rung=np.array([0, 1, -1], np.int16), made_by=("blend", "persistence", ""))
    fallen = replace(bulletin, forecast=second, problems=())
    assert fallen.degraded == ("s2: persistence", "s3: no forecast")


def test_summary_counts_what_was_there() -> None:
    bulletin = sample_bulletin()
    there = bulletin.summary.availability
    assert np.isnan(there[2, 1])
    assert ((there >= 0.8) & (there <= 1.0))[np.isfinite(there)].all()


def test_layout_is_hashable_by_identity_only() -> None:
    assert sample_layout() != sample_layout()
    assert isinstance(sample_layout(), Layout)
