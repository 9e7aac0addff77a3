"""What lasts is taken off; what does not is left; nothing suspected is learned from."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin import Flag, Forecast, ForecastCorrector, Learning, State, Verified, Window
from hydria_plugin.correctors.error_model.corrector import ErrorModel, shifted, with_shift
from hydria_plugin.correctors.error_model.memory import MOST, Memory, back, leads_of, shown
from hydria_plugin.testing import check_corrector, sample_history, sample_layout
from hydria_plugin.testing.samples import window_of

LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
OFFSETS = np.linspace(-0.3, 0.3, 7)
H, S = 6, 2
LAYOUT = replace(sample_layout(stations=S, past=24, horizon=H), quantities=("level", "discharge"))


@cache
def window() -> Window:
    return window_of(sample_history(LAYOUT, steps=100, gaps=0.0), 60)


def model() -> ErrorModel:
    return ErrorModel(layout=LAYOUT)


def met(truth: np.ndarray, median: np.ndarray, flag: Flag = Flag.GOOD) -> Verified:
    """Truth (S) for which ``median`` (S, H) had been issued."""
    raw = median[..., None] + OFFSETS
    return Verified(
        np.datetime64("2026-01-01", "s"), LAYOUT.stations, LEVELS, raw, truth, np.full(S, flag, np.uint8), raw=raw
    )


def lived(memory: float, steps: int = 600, seed: int = 0, noise: float = 0.1) -> tuple[State, np.ndarray, np.ndarray]:
    """A model whose error is autoregressive with ``memory`` per step: the state, and (T, H) errors of raw and
    corrected forecasts at the first station, by issue time."""
    rng, subject, state = np.random.default_rng(seed), model(), {}
    error = np.zeros(steps + H)
    for t in range(1, steps + H):
        error[t] = memory * error[t - 1] + np.sqrt(1 - memory**2) * noise * rng.normal()
    centre = np.full((S, H), 5.0)
    raw, corrected = [], []
    for t in range(steps):
        state = subject.learn(met(np.full(S, 5.0 + error[t]), centre), state)
        given_ = Forecast.of(window(), centre[..., None] + OFFSETS, "model")
        after = subject.correct_forecast(given_, replace(window(), learned={"error-model": state}))
        truth = 5.0 + error[t + 1 : t + 1 + H]
        raw.append(truth - given_.median[0])
        corrected.append(truth - after.median[0])
    return state, np.array(raw), np.array(corrected)


def test_it_is_what_it_says() -> None:
    for power in (ForecastCorrector, Learning):
        assert isinstance(model(), power)
    check_corrector(ErrorModel(layout=sample_layout()))


def test_without_anything_learned_nothing_changes() -> None:
    given_ = Forecast.of(window(), np.full((S, H, 1), 5.0) + OFFSETS, "model")
    assert model().correct_forecast(given_, window()) is given_


def test_an_error_that_lasts_is_taken_off() -> None:
    _, raw, corrected = lived(0.97)
    ratio = (corrected[200:] ** 2).mean(axis=0) / (raw[200:] ** 2).mean(axis=0)
    best = 1 - 0.97 ** (2 * np.arange(1, H + 1))  # what an error model that knew rho would leave
    assert (ratio < best + 0.25).all()
    assert (np.diff(ratio) > -0.05).all(), "less is known of the far than of the near"


def test_an_error_that_does_not_last_is_left_nearly_as_it_is() -> None:
    _, raw, corrected = lived(0.0)
    assert (corrected[200:] ** 2).mean() <= 1.03 * (raw[200:] ** 2).mean()


def test_where_correcting_has_done_harm_it_is_silent() -> None:
    held = Memory.none(S, H)
    for _ in range(60):
        held = held.met(np.full((S, len(leads_of(H))), 1.0), H)
    assert (held.correction(H) > 0.5).all()
    sign = 1.0
    for _ in range(40):
        sign = -sign
        held = held.met(np.full((S, len(leads_of(H))), 3.0 * sign), H)
    odd = [k for k, lead in enumerate(leads_of(H)) if lead % 2]  # it turns with every step
    assert not held.helps[:, odd].any()
    assert not held.correction(H)[:, [leads_of(H)[k] - 1 for k in odd]].any()


@pytest.mark.parametrize("flag", [Flag.SUSPECT, Flag.FAIL])
def test_suspected_truth_only_makes_the_memory_older(flag: Flag) -> None:
    state, _, _ = lived(0.97, steps=100)
    centre = np.full((S, H), 5.0)
    doubted = model().learn(met(np.full(S, 99.0), centre, flag), state)
    missing = model().learn(met(np.full(S, np.nan), centre), state)
    for name, array in missing.items():
        np.testing.assert_array_equal(doubted[name], array, err_msg=name)
    assert (doubted["age"] == 1).all()
    fresh, older = (np.abs(Memory.of(s, S, H).correction(H)) for s in (state, doubted))
    assert (older <= fresh + 1e-12).all()


def test_a_correction_is_at_most_two_usual_errors() -> None:
    held = Memory.none(S, H)
    rng = np.random.default_rng(1)
    for _ in range(2000):
        held = held.met(1.0 + 0.1 * rng.normal(size=(S, len(leads_of(H)))), H)
    held = held.met(np.full((S, len(leads_of(H))), 50.0), H)
    usual = np.sqrt(held.raw.max() * 0.005)
    assert (np.abs(held.correction(H)) <= MOST * usual * 1.001).all()


@settings(deadline=None, max_examples=30)
@given(values=st.lists(st.floats(-5, 500), min_size=2, max_size=2))
def test_a_power_and_back(values: list[float]) -> None:
    given_, powers = np.array(values), np.array([1.0, 0.4])
    np.testing.assert_allclose(back(shown(given_, powers), powers), given_, rtol=1e-9, atol=1e-12)


@settings(deadline=None, max_examples=30)
@given(error=st.floats(-3, 3), level=st.floats(0, 20))
def test_quantiles_never_cross_and_stay_above_nothing(error: float, level: float) -> None:
    held = Memory.none(S, H)
    for _ in range(30):
        held = held.met(np.full((S, len(leads_of(H))), error), H)
    values = np.maximum(level + OFFSETS, 0.0) * np.ones((S, H, 1))
    given_ = Forecast.of(window(), values, "model", members=values.transpose(0, 2, 1)[:, None])
    after = model().correct_forecast(given_, replace(window(), learned={"error-model": held.arrays()}))
    assert (np.diff(after.values, axis=2) >= 0).all() and (after.values >= 0).all()
    np.testing.assert_allclose(np.asarray(after.members)[:, 0].transpose(0, 2, 1), after.values, rtol=1e-6)


def test_the_errors_of_a_lead_come_back_when_their_lead_is_over() -> None:
    held = Memory.none(1, H)
    leads = leads_of(H)
    for t in range(10):
        held = held.met(np.full((1, len(leads)), float(t)), H)
    ends = np.cumsum(leads)
    np.testing.assert_array_equal(held.errors[0, ends - 1], [9.0 - (lead - 1) for lead in leads])
    np.testing.assert_array_equal(held.newest, 9.0)


def test_learning_is_pure_and_other_shapes_are_not_used() -> None:
    state, _, _ = lived(0.9, steps=30)
    before = {n: a.copy() for n, a in state.items()}
    model().learn(met(np.full(S, 7.0), np.full((S, H), 5.0)), state)
    for name in state:
        np.testing.assert_array_equal(state[name], before[name])
    alone = window().only([0])
    given_ = Forecast.of(alone, np.full((1, H, 1), 5.0) + OFFSETS, "model")
    assert model().correct_forecast(given_, replace(alone, learned={"error-model": state})) is given_


@settings(max_examples=20)
@given(st.integers(0, 10_000), st.floats(0, 1), st.sampled_from([np.float32, np.float64]))
def test_only_the_stations_with_a_shift_are_worked_on(seed: int, still: float, kind: type) -> None:
    rng = np.random.default_rng(seed)
    values, powers = rng.gamma(2.0, 10.0, (6, 4, 3)).astype(kind), rng.choice([0.4, 1.0], 6)
    shift = np.where(rng.random((6, 1, 1)) < still, 0.0, rng.normal(size=(6, 4, 1)))
    some = np.flatnonzero(shift.any(axis=(1, 2)))
    found, whole = with_shift(values, some, shift[some], powers[some]), shifted(values, shift, powers)
    np.testing.assert_array_equal(found, whole)
    assert found.dtype == whole.dtype
