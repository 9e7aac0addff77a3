"""The regression all fills rest on: what is told is told without the case's own block, and noise is not followed."""

from __future__ import annotations

import numpy as np

from hydria_plugin.correctors.gaps.regression import BLOCKS, MOST, Sums, squared_error, thinned

RNG = np.random.default_rng(5)


def made(noise: float, n: int = 800) -> Sums:
    x = np.concatenate([np.ones((n, 1)), RNG.normal(size=(n, 4))], axis=1)
    y = x @ np.array([0.5, 2.0, -1.0, 0.0, 0.0]) + noise * RNG.normal(size=n)
    return Sums.of(x, y, np.ones(n), np.arange(n))


def test_it_finds_the_weights() -> None:
    weights, told = made(0.01).best(np.arange(5))
    np.testing.assert_allclose(weights, [0.5, 2.0, -1.0, 0.0, 0.0], atol=0.02)
    assert len(told) == 800


def test_clues_that_may_not_be_used_get_no_weight() -> None:
    weights, _ = made(0.01).best(np.array([0, 1]))
    assert (weights[2:] == 0).all()


def test_noise_is_hardly_followed() -> None:
    n = 60
    x, y = RNG.normal(size=(n, 30)), RNG.normal(size=n)
    sums = Sums.of(x, y, np.ones(n), np.arange(n))
    _, told = sums.best(np.arange(30))
    assert (told**2).mean() < 0.3 * (y**2).mean()
    assert ((y - told) ** 2).mean() <= (y**2).mean() + 1e-9


def test_each_block_is_told_without_itself() -> None:
    sums = made(0.1)
    y = np.array(sums.y)
    y[sums.block == 0] += 1000.0
    spoilt = Sums.by_block(sums.x * sums.size, y, sums.weight, sums.block)
    mine, its = (s.held_out(np.arange(5), 1e-3) for s in (sums, spoilt))
    np.testing.assert_allclose(mine[sums.block == 0], its[sums.block == 0])
    assert set(sums.block.tolist()) == set(range(BLOCKS))


def test_calmer_weights_turn_to_quiet_water() -> None:
    n = 1000
    x = np.concatenate([np.ones((n, 1)), RNG.normal(size=(n, 1))], axis=1)
    flood = np.arange(n) % 10 == 0
    x[flood, 1] *= 30
    y = np.where(flood, 1.3, 1.0) * x[:, 1] + 0.01 * RNG.normal(size=n)
    sums = Sums.of(x, y, np.ones(n), np.arange(n))
    plain, calm = sums.best(np.arange(2))[0][1], sums.calmed(np.arange(2)).best(np.arange(2))[0][1]
    assert 1.0 < calm < plain


def test_many_cases_are_thinned_to_the_active_and_a_sample_that_weighs_more() -> None:
    activity = RNG.random(3 * MOST)
    keep, weight = thinned(activity, np.random.default_rng(1))
    assert len(keep) == MOST and len(np.unique(keep)) == MOST
    assert weight.sum() == len(activity)
    assert np.isin(np.argsort(-activity)[: MOST // 2], keep).all()
    few, ones = thinned(activity[:10], np.random.default_rng(1))
    assert len(few) == 10 and (ones == 1).all()


def test_the_error_at_rest_and_in_movement() -> None:
    told = np.concatenate([np.full(900, 0.1), np.full(100, 10.0)])
    missed = np.concatenate([np.full(900, 0.2), np.full(100, 5.0)])
    rest, moving = squared_error(missed, told, np.ones(1000))
    assert abs(rest - 0.04) < 1e-3 and abs(moving - 0.25) < 0.01
