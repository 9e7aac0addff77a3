"""Where stations stand against their limits: the dense arrays against a plain walk, station by station."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin.alerts import AlertRules, RateOfRise, Thresholds, crossings, worst_only
from hydria_plugin.exceedance import within_horizon
from hydria_plugin.standing import Standing
from hydria_plugin.testing import sample_layout
from hydria_plugin.values import Floats, Forecast, Signal, Window

T0 = np.datetime64("2026-03-01T12:00:00", "s")
HOUR = np.timedelta64(3600, "s")
GAP = float("nan")
BAND = np.array([-0.5, -0.4, -0.2, 0.0, 0.2, 0.4, 0.5])
Row = list[float]
LEVELS = st.sampled_from([0.5, 1.0, 1.5, 2.0, 2.5, 3.5, GAP])


def window(observed: Floats, horizon: int) -> Window:
    s, past = observed.shape
    layout = sample_layout(s, 0, past=past, horizon=horizon)
    return Window(
        T0,
        T0,
        layout,
        Signal.measured(observed[:, None]),
        Signal.measured(np.empty((s, 1, past, 0))),
        Signal.measured(np.empty((s, 1, horizon, 0))),
        np.empty((s, 0, 0)),
    )


def standing(observed: Floats, ahead: Floats, limits: Floats, rules: AlertRules) -> tuple[Standing, Forecast]:
    w = window(np.asarray(observed, float), np.shape(ahead)[1])
    forecast = Forecast.of(w, np.asarray(ahead, float)[:, :, None] + BAND, "walked")
    names = tuple(f"t{k}" for k in range(np.shape(limits)[1]))
    return crossings(forecast, w, Thresholds(names, np.asarray(limits, float)), rules), forecast


# ---- the plain walk ---------------------------------------------------------------------------------------------


def newest(past: Row, fresh: int) -> tuple[float, int]:
    """The newest value of the last steps, and its age."""
    found = [(value, age) for age, value in enumerate(past[::-1][:fresh]) if not math.isnan(value)]
    return found[0] if found else (GAP, 0)


def since(past: Row, limit: float) -> int:
    """How long ago the observation came to the limit it has not left; a gap goes on."""
    first = 0
    for age, value in enumerate(past[::-1]):
        if value < limit:
            break
        first = age if value >= limit else first
    return -first


def first_over(median: Row, limit: float) -> int | None:
    return next((lead for lead, value in enumerate(median, 1) if value >= limit), None)


def at(step: int | None) -> np.datetime64:
    return np.datetime64("NaT") if step is None else T0 + step * HOUR


def climbs(path: Row, over: int, last: int) -> list[float]:
    """The rise to each of the ``last`` steps from the lowest of the ``over`` before; NaN where there is none."""
    steps = range(max(len(path) - last, 1), len(path))
    before = [[v for v in path[max(t - over, 0) : t] if not math.isnan(v)] for t in steps]
    return [path[t] - min(low) if low else GAP for t, low in zip(steps, before, strict=True)]


@st.composite
def rivers(draw: st.DrawFn) -> tuple[Floats, Floats, Floats]:
    """(S, P) observed, (S, H) median, (S, K) rising limits; gaps everywhere, at most of everything few."""
    s, past, horizon, k = (draw(st.integers(low, high)) for low, high in ((0, 3), (1, 6), (1, 4), (0, 3)))

    def numbers(shape: tuple[int, int]) -> Floats:
        row = st.lists(LEVELS, min_size=shape[1], max_size=shape[1])
        return np.array([draw(row) for _ in range(shape[0])], float).reshape(shape)

    limits = 1.0 + np.arange(k) + np.zeros((s, 1))
    return numbers((s, past)), numbers((s, horizon)), np.where(np.isnan(numbers((s, k))), GAP, limits)


@given(rivers(), st.sampled_from([0.05, 0.5, 1.0]), st.sampled_from([0.0, 0.75]), st.integers(1, 4))
@settings(max_examples=40)
def test_against_thresholds_all_stations_stand_as_each_does(
    river: tuple[Floats, Floats, Floats], probability: float, tolerance: float, fresh: int
) -> None:
    found, forecast = standing(*river, AlertRules(probability=probability, tolerance=tolerance, fresh=fresh))
    chance, near = (within_horizon(forecast, river[2] - less)[0] for less in (0.0, tolerance))
    np.testing.assert_array_equal(found.probability, chance)
    for s, (past, ahead, limits) in enumerate(zip(*(a.tolist() for a in river), strict=True)):
        observed, age = newest(past, fresh)
        there = not any(math.isnan(v) for v in ahead)
        np.testing.assert_array_equal(found.observed[s], observed)
        for k, limit in enumerate(limits):
            seen = observed >= limit
            assert found.seen[s, k] == seen
            assert found.passed[s, k] == (seen or chance[s, k] >= probability - 1e-9)
            low = observed < limit - tolerance and near[s, k] < probability - 1e-9
            assert found.below[s, k] == (math.isnan(limit) or low)
            assert not (found.below[s, k] and found.passed[s, k])
            crosses = since(past, limit) if seen else first_over(ahead, limit) if there else None
            np.testing.assert_array_equal(found.crosses_at[s, k], at(crosses))
        tops = [(value, -step) for step, value in enumerate(ahead, 1)] if there else []
        tops += [(observed, age)] if not math.isnan(observed) else []
        peak, when = max(tops, default=(GAP, None))
        np.testing.assert_array_equal((found.peak[s], found.there[s]), (peak, there))
        np.testing.assert_array_equal(found.peak_at[s], at(None if when is None else -when))


@given(rivers(), st.integers(1, 3), st.integers(1, 3), st.sampled_from([0.5, 1.0, 2.0, GAP]))
@settings(max_examples=40)
def test_against_a_rate_of_rise_all_stations_stand_as_each_does(
    river: tuple[Floats, Floats, Floats], over: int, fresh: int, limit: float
) -> None:
    rate = RateOfRise("fast", over, np.full(len(river[0]), limit))
    found, _ = standing(*river, AlertRules(rates=(rate,), fresh=fresh))
    assert found.names[0] == "fast" and found.rates == 1 and found.is_lower_bound[:, 0].all()
    for s, (past, ahead) in enumerate(zip(river[0].tolist(), river[1].tolist(), strict=True)):
        was = [v for v in climbs(past, over, fresh) if v >= limit - 1e-9]
        path = climbs([*past[-over:], *ahead], over, len(ahead))
        told = not all(math.isnan(v) for v in path) and not any(math.isnan(v) for v in ahead)
        leads = [lead for lead, v in enumerate(path, 1 + len(ahead) - len(path)) if told and v >= limit - 1e-9]
        assert (found.seen[s, 0], found.passed[s, 0]) == (bool(was), bool(was or leads))
        expected = (0.5 if leads else 0.0) if told and not math.isnan(limit) else GAP
        np.testing.assert_array_equal(found.probability[s, 0], expected)
        crosses = 0 if was else leads[0] if leads else None
        np.testing.assert_array_equal(found.crosses_at[s, 0], at(crosses))


def test_of_an_observed_and_a_foreseen_peak_of_one_height_the_observed_is_told() -> None:
    found, _ = standing([[2.0, GAP]], [[1.0, 2.0]], [[3.0]], AlertRules())
    assert (found.peak[0], found.peak_at[0]) == (2.0, T0 - HOUR)
    found, _ = standing([[1.0, GAP]], [[2.0, 2.0]], [[3.0]], AlertRules())
    assert (found.peak[0], found.peak_at[0]) == (2.0, T0 + HOUR)


@pytest.mark.parametrize(
    ("observed", "tolerance", "below"), [(0.9, 0.0, True), (0.9, 0.25, False), (0.7, 0.25, True), (GAP, 0.0, False)]
)
def test_within_the_dead_band_or_unseen_a_station_is_not_below(observed: float, tolerance: float, below: bool) -> None:
    found, _ = standing([[observed]], [[0.0]], [[1.0]], AlertRules(tolerance=tolerance))
    assert found.below[0, 0] == below and not found.passed[0, 0]


@pytest.mark.parametrize(
    ("passed", "kept"),
    [([], []), ([0, 0, 0], [0, 0, 0]), ([1, 1, 1], [0, 0, 1]), ([1, 0, 1], [0, 0, 1]), ([1, 1, 0], [0, 1, 0])],
)
def test_of_all_passed_the_worst_is_told(passed: Sequence[int], kept: Sequence[int]) -> None:
    limits = np.where(np.array([passed], bool).reshape(1, -1), np.arange(len(passed)) + 1.0, GAP)
    found, _ = standing(np.full((1, 2), 9.0), np.full((1, 3), 9.0), limits, AlertRules())
    once = worst_only(found)
    assert once.passed.astype(int).tolist() == [list(kept)] and found.passed.astype(int).tolist() == [list(passed)]
    np.testing.assert_array_equal(worst_only(once).passed, once.passed)
    assert once.worst(0) == found.worst(0) == max((k for k, p in enumerate(passed) if p), default=-1)
