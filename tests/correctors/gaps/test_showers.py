"""Rain that the rivers tell of: what rises counts, what falls does not, and never more than may be known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydria_plugin.correctors.gaps.series import ABSENT
from hydria_plugin.correctors.gaps.showers import (
    FEWEST,
    SINCE,
    STEPS,
    TOLD_BY,
    Showers,
    dryness,
    fit_showers,
    rises,
    told,
    width,
)

NOBODY = [ABSENT] * TOLD_BY
LENGTH = 3000


def basin(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(3, T) a gauge, a river that rises by 0.2 per mm one step after, a gauge nobody tells of; (3, T) rivers without
    gaps, and (3, 3) who tells of whom."""
    rng = np.random.default_rng(seed)
    fell = np.where(rng.random(LENGTH) < 0.1, rng.gamma(1.0, 4.0, LENGTH), 0.0)
    river = np.zeros(LENGTH)
    for t in range(1, LENGTH):
        river[t] = 0.8 * river[t - 1] + 0.2 * fell[t - 1]
    rain = np.stack([fell, np.full(LENGTH, np.nan), fell])
    return rain, np.stack([np.zeros(LENGTH), river, np.zeros(LENGTH)]), np.array([[1, ABSENT, ABSENT], NOBODY, NOBODY])


RAIN, Z, TELLS = basin()
MODEL = fit_showers(RAIN, Z, TELLS, np.array([0, 2]), seed=1)


def ask(p: np.ndarray, since: int, z: np.ndarray = Z) -> tuple[np.ndarray, np.ndarray]:
    rows, rivers = np.zeros(len(p), dtype=np.int64), np.tile(TELLS[0], (len(p), 1))
    return told(MODEL, rows, z, rivers, p, np.full(len(p), since))


@given(st.integers(0, 10_000), st.integers(0, 49), st.integers(0, SINCE[-1]))
def test_nothing_after_what_may_be_known_counts(seed: int, p: int, since: int) -> None:
    z = np.random.default_rng(seed).normal(size=(2, 50))
    changed = np.array(z)
    changed[:, p + since + 1 :] += 9.0
    at, rivers = np.array([p]), np.array([[1, 0, ABSENT]])
    one, other = (rises(x, rivers, at, np.array([since])) for x in (z, changed))
    np.testing.assert_array_equal(one, other)


@given(st.integers(0, 10_000), st.floats(-100, 100))
def test_only_rises_tell_and_the_datum_of_a_river_does_not(seed: int, datum: float) -> None:
    z = np.cumsum(np.random.default_rng(seed).normal(size=(1, 60)), axis=1)
    at, rivers, since = np.arange(60), np.tile([0, ABSENT, ABSENT], (60, 1)), np.full(60, SINCE[-1])
    found = rises(z, rivers, at, since)
    assert found.shape == (60, width()) and (found[:, 0] == 1).all() and (found >= 0).all()
    np.testing.assert_allclose(rises(z + datum, rivers, at, since), found, atol=1e-9)
    falling = rises(-np.sort(-z, axis=1), rivers, at, since)
    np.testing.assert_array_equal(falling[:, 1:], 0.0)


def test_a_rise_stands_in_the_column_of_its_steps() -> None:
    z = np.zeros((1, 40))
    z[0, 21:] = 5.0  # it rises between the rain's step 20 and the next
    found = rises(z, np.array([[ABSENT, 0, ABSENT]]), np.array([20]), np.array([SINCE[-1]]))[0]
    place = 1 + (len(STEPS) - 1) + STEPS.index(0)
    assert np.flatnonzero(found).tolist() == [0, place] and found[place] == 5.0


def test_the_rain_is_found_again_once_the_river_has_answered() -> None:
    p = np.arange(2000, 2900)
    value, sigma = ask(p, SINCE[-1])
    truth, mean = RAIN[0, p], RAIN[0, p].mean()
    assert np.sqrt(((value - truth) ** 2).mean()) < 0.3 * truth.std()
    assert value.mean() == pytest.approx(mean, rel=0.15)
    assert (value >= 0).all() and (sigma > 0).all()
    early, _ = ask(p, 0)
    assert ((early - truth) ** 2).mean() > 4 * ((value - truth) ** 2).mean(), "the river has not answered yet"


def test_it_is_about_as_often_dry_as_the_gauge() -> None:
    p = np.arange(100, 2900)
    value, sigma = ask(p, SINCE[-1])
    assert (value == 0).mean() == pytest.approx((RAIN[0, p] == 0).mean(), abs=0.05)
    assert len(np.unique(sigma[value == 0])) == 1 and sigma[value > 5].min() > sigma[value == 0].max()


def test_between_the_knots_only_the_time_that_has_passed_counts() -> None:
    p = np.arange(500, 560)
    for since, knot in ((3, 2), (5, 4), (7, 4), (8, 8)):
        np.testing.assert_array_equal(ask(p, since)[0], ask(p, knot)[0])


def test_a_gauge_of_which_no_river_tells_or_with_a_short_record_is_told_nothing() -> None:
    assert MODEL.rivers.tolist() == [[1, ABSENT, ABSENT], NOBODY, NOBODY]
    np.testing.assert_array_equal(MODEL.weights[1:], 0.0)
    short = np.where(np.arange(LENGTH) < FEWEST - 1, RAIN, np.nan)
    enough = np.where(np.arange(LENGTH) < FEWEST, RAIN, np.nan)
    assert fit_showers(short, Z, TELLS, np.array([0]), 1).rivers[0].tolist() == NOBODY
    assert fit_showers(enough, Z, TELLS, np.array([0]), 1).rivers[0].tolist() == [1, ABSENT, ABSENT]
    assert (Showers.none(2).rivers == ABSENT).all()


def test_the_same_seed_the_same_fit() -> None:
    again = fit_showers(RAIN, Z, TELLS, np.array([0, 2]), seed=1)
    np.testing.assert_array_equal(again.weights, MODEL.weights)
    np.testing.assert_array_equal(again.dry, MODEL.dry)


def test_dry_is_as_much_as_was_dry_and_as_wrong_as_what_fell_all_the_same() -> None:
    rain, said = np.array([0.0, 0.0, 1.0, 0.0, 9.0]), np.array([0.1, 0.2, 0.3, 0.4, 5.0])
    least, sigma = dryness(rain, said, np.ones(5))
    assert least == 0.3, "three of five were dry"
    assert sigma == pytest.approx(1.2533 / 3)
    assert dryness(np.zeros(5), said, np.ones(5)).tolist() == [5.0, 1e-3]
    order = np.array([4, 2, 0, 3, 1])
    np.testing.assert_allclose(dryness(rain[order], said[order], np.ones(5)), [least, sigma])
