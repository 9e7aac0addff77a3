"""How wrong a filled river is said to be, and which changes count."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hydria_plugin.correctors.gaps.clues import BESIDE, LAGS, OWN, RAIN_LAGS, columns, width
from hydria_plugin.correctors.gaps.doubt import KINDS, doubts, fit_doubt, variance_of
from hydria_plugin.correctors.gaps.river_fit import threshold
from hydria_plugin.correctors.gaps.rivers import heeded, scaled, unscaled, unscaled_sigma

RNG = np.random.default_rng(8)


def test_the_clues_are_where_the_doubt_looks_for_them() -> None:
    own, first, second, rain = columns(3)
    assert len(own) == width(3) == OWN + 2 * LAGS * BESIDE + len(RAIN_LAGS) + 3 + 1
    facts = np.zeros((1, width(3)))
    facts[0, np.flatnonzero(rain)[0]] = 2.0
    facts[0, np.flatnonzero(first)[0]] = 3.0
    assert doubts(facts, np.array([1.5]), np.array([7]))[0].tolist() == [1.0, 1.5, 0.0, 0.0, 2.0, 3.0]
    assert doubts(facts, np.array([1.5]), np.array([0]))[0].tolist() == [1.0, 1.5, 0.0, 0.0, 0.0, 0.0]
    assert second.sum() == first.sum() == 2 * LAGS


def test_quiet_water_is_told_from_floods() -> None:
    n = 4000
    doubt = np.zeros((n, KINDS))
    doubt[:, 0], doubt[:, 1] = 1.0, np.where(np.arange(n) % 20 == 0, 10.0, 0.0)
    missed = RNG.normal(size=n) * (0.1 + 0.3 * doubt[:, 1])
    weights = fit_doubt(doubt, missed, np.ones(n))
    quiet, flood = np.sqrt(variance_of(doubt[[1, 0]], np.tile(weights, (2, 1))))
    assert 0.08 < quiet < 0.13 and 2.4 < flood < 4.0
    assert (weights >= 0).all()


def test_no_error_at_all_is_still_some_doubt() -> None:
    doubt = np.ones((50, KINDS))
    assert (variance_of(doubt, np.tile(fit_doubt(doubt, np.zeros(50), np.ones(50)), (50, 1))) > 0).all()


@given(st.floats(-1e3, 1e3), st.floats(0, 1e3))
def test_a_change_is_never_turned_round_nor_enlarged(change: float, least: float) -> None:
    found = float(heeded(np.array([change]), least)[0])
    assert abs(found) <= abs(change) and found * change >= 0
    assert found == 0 if abs(change) <= least else True


def test_small_changes_of_a_gauge_that_reads_in_steps_count_as_nothing() -> None:
    n = 3000
    moving = np.arange(n) % 15 == 0
    change = np.where(moving, RNG.normal(0, 1.0, n), 0.0)
    told = change + RNG.normal(0, 0.05, n)
    least = threshold(told, change, np.ones(n))
    assert 0.02 < least < 0.3
    assert np.median(np.abs(heeded(told, least)[~moving])) == 0


def test_where_every_change_is_true_all_count() -> None:
    change = RNG.normal(0, 1.0, 2000)
    assert threshold(change, change, np.ones(2000)) == 0.0


@given(st.floats(-100, 100), st.floats(0.0, 5.0), st.sampled_from([0.4, 1.0]))
def test_there_and_back(value: float, sigma: float, power: float) -> None:
    z = scaled(np.array([value]), np.array([power]))
    np.testing.assert_allclose(unscaled(z, np.array([power])), [value], rtol=1e-9, atol=1e-12)
    wide = float(unscaled_sigma(z, np.array([sigma]), np.array([power]))[0])
    assert wide >= 0 and (power < 1 or abs(wide - sigma) < 1e-9)
