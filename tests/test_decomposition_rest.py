"""The rest of the doubt, learned from what verified forecasts missed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hydria_plugin import Flag, State, Verified
from hydria_plugin.decomposition import INPUT, MODEL, RESIDUAL, apart, explained_of
from hydria_plugin.decomposition_rest import BEFORE, LEADS, MISSED, NAME, Rest, leads_of, rest_of, weights
from hydria_plugin.testing import sample_window
from hydria_plugin.values import Floats, band_variance
from tests.test_decomposition import drawn, forecast_of

AT = np.datetime64("2026-11-01T00:00:00", "s")
LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
NORMAL = np.array([-1.645, -1.282, -0.674, 0.0, 0.674, 1.282, 1.645])
UNIT = float(band_variance(NORMAL[None, None], LEVELS)[0, 0])  # of a band one wide


def met(wide: Floats, explained: Floats, missed: Floats, flag: Flag = Flag.GOOD) -> Verified:
    """Forecasts of 0 that were ``wide`` (S, H), told ``explained`` (S, H), and met a truth of ``missed`` (S)."""
    band = wide[..., None] * NORMAL
    names = tuple(f"s{i}" for i in range(len(wide)))
    flags = np.full(len(wide), flag, np.uint8)
    return Verified(AT, names, LEVELS, band, missed, flags, raw=band, explained=explained)


def taught(steps: int, rng: np.random.Generator, wide: Floats, explained: Floats, sigma: Floats) -> State:
    """After forecasts that were ``wide`` (S, H) and missed by ``sigma`` (S)."""
    state: State = {}
    for _ in range(steps):
        state = Rest().learn(met(wide, explained, sigma * rng.normal(size=len(sigma))), state)
    return state


@pytest.mark.parametrize("wide", [0.5, 1.0, 3.0])
def test_what_is_told_adds_up_to_what_is_missed_however_wide_the_band(wide: float) -> None:
    ones = np.ones((1, 3))
    state = taught(4000, np.random.default_rng(1), wide * ones, 0.4 * ones, np.array([1.0]))
    rest = rest_of(state, UNIT * wide**2 * ones, 99.0 * ones)
    np.testing.assert_allclose(rest, 0.6 + BEFORE / 4000 * 99.0, rtol=0.12)


def test_nothing_is_left_where_more_was_explained_than_missed() -> None:
    ones = np.ones((1, 3))
    state = taught(500, np.random.default_rng(1), ones, 2.0 * ones, np.array([1.0]))
    np.testing.assert_allclose(rest_of(state, UNIT * ones, np.zeros_like(ones)), 0.0)


def test_a_forecast_is_not_clipped_for_itself() -> None:
    """Model and inputs exceed the band of this forecast; on the average they do not."""
    window = sample_window()
    ones = np.ones((3, window.layout.horizon))
    state = taught(500, np.random.default_rng(1), 0.1 * ones, 0.2 * ones, np.ones(3))
    issued = forecast_of(window, drawn(window), width=0.1)
    told = apart(issued, issued, replace(window, learned={NAME: state})).variance
    assert told is not None
    assert (told[..., MODEL] + told[..., INPUT] > band_variance(issued.values, issued.quantiles)).all()
    np.testing.assert_allclose(told[..., RESIDUAL], 0.8, rtol=0.15)


def test_small_water_and_floods_are_told_apart() -> None:
    ones, rng = np.ones((1, 2)), np.random.default_rng(1)
    state: State = {}
    for n in range(3000):  # one in ten is a flood: ten times as wide, and nothing but inputs
        size, explained = (10.0, 100.0) if n % 10 == 0 else (1.0, 0.1)
        verified = met(size * ones, explained * ones, size * rng.normal(size=1))
        state = Rest().learn(verified, state)
    small, flood = (rest_of(state, UNIT * size**2 * ones, 0 * ones)[0, 0] for size in (1.0, 10.0))
    assert small == pytest.approx(0.9, rel=0.1) and flood < 20.0


def test_the_issued_band_s_rest_is_told_until_something_comparable_was_verified() -> None:
    ones = np.ones((1, 2))
    state = taught(100, np.random.default_rng(1), ones, 0.5 * ones, np.array([1.0]))
    flood = rest_of(state, 1e6 * UNIT * ones, 7.0 * ones)
    np.testing.assert_allclose(flood, 7.0, rtol=1.0)  # not half a million
    np.testing.assert_array_equal(rest_of({}, UNIT * ones, 7.0 * ones), 7.0 * ones)


def test_the_issued_band_s_rest_counts_a_few_forecasts() -> None:
    ones = np.ones((1, 2))
    state = taught(int(BEFORE), np.random.default_rng(1), ones, 0.0 * ones, np.array([1.0]))
    learned, both = (rest_of(state, UNIT * ones, other * ones) for other in (0.0, 7.0))
    np.testing.assert_allclose(both, learned + 3.5, rtol=1e-3)


def test_what_the_issued_forecast_missed_counts() -> None:
    ones = np.ones((1, 2))
    verified = met(ones, 0.5 * ones, np.array([5.0]))
    issued = replace(verified, forecast=verified.forecast + 3.0)
    np.testing.assert_allclose(Rest().learn(issued, {})["sums"].sum(axis=2)[0, :, MISSED], 4.0)


@pytest.mark.parametrize(("steps", "wanted"), [(500, [2.0, 8.0]), (4500, [2.0**0.2, 16 / 2.0**0.2])])
def test_a_station_that_saw_little_is_drawn_to_all(steps: int, wanted: list[float]) -> None:
    """They miss 1 and 16 on the average, 4 in the geometric mean."""
    ones = np.ones((2, 2))
    state = taught(steps, np.random.default_rng(4), ones, 0.0 * ones, np.array([1.0, 4.0]))
    rest = rest_of(state, UNIT * ones, np.array([[1.0], [16.0]]) * ones)
    np.testing.assert_allclose(rest[:, 0], wanted, rtol=0.12)


def test_a_station_that_is_alone_is_drawn_to_none() -> None:
    ones = np.ones((1, 2))
    state = taught(200, np.random.default_rng(2), ones, 0.0 * ones, np.array([4.0]))
    np.testing.assert_allclose(rest_of(state, UNIT * ones, 16 * ones)[0], 16.0, rtol=0.15)


def test_stations_of_different_units_have_one_quotient() -> None:
    rng, unit = np.random.default_rng(3), np.array([1.0, 128.0, 1 / 128])[:, None]
    misses, wide, ones = rng.normal(size=(60, 3)), rng.gamma(2.0, 0.5, (60, 3, 4)), np.ones((3, 4))
    state: State = {}
    scaled: State = {}
    for one, band in zip(misses, wide, strict=True):
        state = Rest().learn(met(band, 0.2 * band, one), state)
        scaled = Rest().learn(met(unit * band, 0.2 * unit**2 * band, unit[:, 0] * one), scaled)
    plain = rest_of(state, 2 * ones, 0.3 * ones)
    np.testing.assert_allclose(rest_of(scaled, 2 * unit**2 * ones, 0.3 * unit**2 * ones), unit**2 * plain, rtol=1e-4)


# ---- what teaches nothing


@pytest.mark.parametrize("flag", [Flag.SUSPECT, Flag.FAIL])
def test_suspected_truth_teaches_nothing(flag: Flag) -> None:
    ones = np.ones((2, 3))
    assert Rest().learn(met(ones, ones, np.full(2, 50.0), flag), {}) == {}


def test_forecasts_whose_doubt_was_not_told_teach_nothing() -> None:
    ones = np.ones((2, 3))
    one = met(ones, ones, np.full(2, 50.0))
    assert Rest().learn(replace(one, explained=None), {}) == {}
    assert Rest().learn(replace(one, raw=None), {}) == {}
    assert Rest().learn(replace(one, explained=np.full((2, 3), np.nan)), {}) == {}


def test_a_state_of_other_stations_is_none() -> None:
    ones = np.ones((2, 3))
    state = Rest().learn(met(ones, 0.1 * ones, np.full(2, 5.0)), {})
    three = np.ones((3, 3))
    np.testing.assert_array_equal(rest_of(state, three, 7 * three), 7 * three)
    assert Rest().learn(met(three, 0.1 * three, np.full(3, 5.0)), state)["sums"].shape == (3, 3, 2, 4)


def test_a_part_that_is_not_known_is_no_part_of_what_is_explained() -> None:
    told = np.array([[[1.0, np.nan, 5.0], [np.nan, np.nan, np.nan], [1.0, 2.0, np.nan]]])
    np.testing.assert_array_equal(explained_of(told), [[1.0, np.nan, 3.0]])
    assert explained_of(None) is None


# ---- properties

NUMBERS = st.one_of(st.floats(0, 1e6), st.just(np.nan))


@settings(deadline=None)
@given(
    arrays(np.float64, (5, 2, 3, 2), elements=NUMBERS),
    arrays(np.float64, (5, 2), elements=st.one_of(st.floats(-1e6, 1e6), st.just(np.nan))),
    arrays(np.float64, (2, 3), elements=st.floats(0, 1e6)),
    arrays(np.float64, (2, 3), elements=st.floats(0, 1e6)),
)
def test_the_rest_is_never_negative_and_always_known(said: Floats, truth: Floats, scale: Floats, band: Floats) -> None:
    state: State = {}
    for one, y in zip(said, truth, strict=True):
        state = Rest().learn(met(one[..., 0], one[..., 1], y), state)
    rest = rest_of(state, scale, band)
    assert np.isfinite(rest).all() and (rest >= 0).all()


@given(st.integers(1, 96))
def test_leads_stand_for_all(horizon: int) -> None:
    leads = leads_of(horizon)
    assert leads[0] == 1 and leads[-1] == horizon and len(leads) <= LEADS and (np.diff(leads) > 0).all()
    between = weights(leads, horizon)
    np.testing.assert_allclose(between.sum(axis=1), 1.0)
    np.testing.assert_allclose(between[leads - 1], np.eye(len(leads)), atol=1e-12)
