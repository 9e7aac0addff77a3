"""Rain by any subset of neighbours, from products kept once."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin.correctors.gaps.neighbours import NEAR, SIDES, estimate, fit_neighbours
from hydria_plugin.correctors.gaps.series import ABSENT
from hydria_plugin.values import Floats

RNG = np.random.default_rng(2)


def field(steps: int = 3000, gauges: int = 5) -> Floats:
    """(N, T) gauges that share storms, each with an exposure of its own; the last stands far away."""
    storm = np.where(RNG.random(steps) < 0.05, RNG.gamma(1.0, 5.0, steps), 0.0)
    rain = storm * np.linspace(0.6, 1.6, gauges)[:, None] * RNG.gamma(20.0, 1 / 20, (gauges, steps))
    rain[-1] = np.where(RNG.random(steps) < 0.05, RNG.gamma(1.0, 5.0, steps), 0.0)
    return np.asarray(rain)


RAIN = field()
MODEL = fit_neighbours(RAIN, np.ones(5, dtype=bool))


def beside(row: int, step: int) -> Floats:
    near = MODEL.near[[row]]
    return np.where(near == ABSENT, np.nan, RAIN[np.maximum(near, 0), step])


def test_neighbours_are_those_that_share_its_storms() -> None:
    for row in range(4):
        assert set(MODEL.near[row][:3].tolist()) == set(range(4)) - {row}
        assert 4 not in MODEL.near[row]
    assert (MODEL.near[4] == ABSENT).all()


def test_a_gauge_without_neighbours_is_told_nothing() -> None:
    value, sigma = estimate(MODEL, np.array([4]), np.full((1, NEAR), np.nan))
    assert np.isnan(value).all() and np.isnan(sigma).all()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 3), st.lists(st.booleans(), min_size=NEAR, max_size=NEAR))
def test_any_subset_speaks_and_fewer_are_less_sure(row: int, silent: list[bool]) -> None:
    step = int(np.argmax(RAIN[row]))
    whole, part = beside(row, step), beside(row, step)
    part[0, silent] = np.nan
    (value,), (sigma,) = estimate(MODEL, np.array([row]), part)
    if np.isnan(part).all():
        assert np.isnan(value)
        return
    assert value >= 0 and sigma > 0 and abs(value - RAIN[row, step]) < RAIN[row, step]
    _, (surest,) = estimate(MODEL, np.array([row]), whole)
    assert sigma / max(value, 1.0) > 0.5 * surest / max(value, 1.0)


def test_dry_neighbours_give_no_rain_and_the_volume_is_its_own() -> None:
    rows = np.zeros(RAIN.shape[1], dtype=np.int64)
    near = MODEL.near[rows]
    values = np.where(near == ABSENT, np.nan, RAIN[np.maximum(near, 0), np.arange(RAIN.shape[1])[:, None]])
    told, _ = estimate(MODEL, rows, values)
    dry = (RAIN[1:4] == 0).all(axis=0)
    assert (told[dry] == 0).all()
    assert abs(told.sum() / RAIN[0].sum() - 1) < 0.05
    assert abs(RAIN[1:4].mean(axis=0).sum() / RAIN[0].sum() - 1) > 0.4


def test_gauges_that_never_spoke_together_tell_nothing_of_each_other() -> None:
    apart = np.array(RAIN[:2])
    apart[0, 1500:], apart[1, :1500] = np.nan, np.nan
    model = fit_neighbours(apart, np.ones(2, dtype=bool))
    assert (model.near == ABSENT).all()


def test_a_gauge_alone_is_told_by_its_own_steps_before_and_after() -> None:
    """A storm that lasts: between two wet steps it rains, between two dry ones it does not."""
    rng = np.random.default_rng(4)
    cloud = np.convolve(np.where(rng.random(4000) < 0.02, rng.gamma(2.0, 4.0, 4000), 0.0), [0.2, 0.3, 0.3, 0.2], "same")
    model = fit_neighbours(cloud[None], np.ones(1, dtype=bool))
    sides = np.full((len(cloud) - 2, SIDES), np.nan)
    sides[:, NEAR], sides[:, NEAR + 1] = cloud[:-2], cloud[2:]
    told, sigma = estimate(model, np.zeros(len(sides), dtype=np.int64), sides)
    assert ((told - cloud[1:-1]) ** 2).mean() < 0.2 * (cloud**2).mean()
    assert (told[(cloud[:-2] == 0) & (cloud[2:] == 0)] == 0).all() and (sigma > 0).all()
    sides[:, NEAR + 1] = np.nan
    _, unsure = estimate(model, np.zeros(len(sides), dtype=np.int64), sides)
    wet = cloud[:-2] > 1.0
    assert (unsure[wet] / np.maximum(told[wet], 1.0)).mean() > (sigma[wet] / np.maximum(told[wet], 1.0)).mean()
