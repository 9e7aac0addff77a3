"""The spread: the closed form of the stretch, quantiles around a centre, weights that lower the loss."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin.forecasters.reliability import (
    FACTORS,
    around,
    pinball,
    quantile_weights,
    stretch,
    trust,
    weighted_ratio,
)

LEVELS = np.array([0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95])
NORMAL = np.array([-1.645, -1.282, -0.674, 0.0, 0.674, 1.282, 1.645])
MIDDLE = 3


def normal_quantiles(centre: np.ndarray, sigma: float) -> np.ndarray:
    return centre[..., None] + sigma * NORMAL


def test_pinball_is_the_textbook_loss() -> None:
    got = pinball(np.array([[2.0]]), np.array([[[1.0, 3.0]]]), np.array([0.1, 0.9]))
    assert got[0, 0] == pytest.approx([0.1 * 1.0, 0.1 * 1.0])


@settings(max_examples=60, deadline=None)
@given(st.integers(5, 60), st.sampled_from([0.75, 0.9, 0.95]), st.integers(0, 10_000))
def test_no_factor_has_a_lower_loss_than_the_closed_form(n: int, level: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    far, miss = rng.gamma(2.0, 1.0, n), rng.normal(size=n) * 2

    def cost(f: float) -> float:
        return float(pinball(miss[:, None], (f * far)[:, None, None], np.array([level])).sum())

    best = weighted_ratio(far, miss, level)
    for f in [*(miss / far), *np.linspace(-3, 6, 40)]:
        assert cost(best) <= cost(float(f)) + 1e-9


def test_without_data_the_factor_is_one() -> None:
    assert weighted_ratio(np.zeros(5), np.ones(5), 0.9) == 1.0


@pytest.mark.parametrize(("claimed", "truly"), [(1.0, 1.5), (1.0, 0.7), (1.0, 1.0)])
def test_a_spread_too_narrow_or_too_wide_is_mended(claimed: float, truly: float) -> None:
    rng = np.random.default_rng(3)
    centre = rng.normal(size=(8000, 2))
    truth = centre + truly * rng.normal(size=centre.shape)
    factors = stretch(normal_quantiles(centre, claimed), centre, truth, LEVELS, events=1000)
    assert factors[:, MIDDLE] == pytest.approx(1.0)
    for q in (0, 1, 2, 4, 5, 6):
        assert factors[:, q] == pytest.approx(truly / claimed, rel=0.12)
    mended = around(centre, normal_quantiles(centre, claimed), factors, MIDDLE)
    inside = (truth >= mended[..., 1]) & (truth <= mended[..., 5])
    assert inside.mean() == pytest.approx(0.8, abs=0.02)


def test_few_events_hardly_stretch_and_no_stretch_leaves_its_bounds() -> None:
    rng = np.random.default_rng(3)
    centre = np.zeros((2000, 1))
    truth = 50.0 * rng.normal(size=centre.shape)
    few, many = (stretch(normal_quantiles(centre, 1.0), centre, truth, LEVELS, n) for n in (1, 400))
    assert few.max() < many.max() <= FACTORS[1]
    assert few[0, 0] == pytest.approx(FACTORS[1] ** 0.2)


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.1, 3.0))
def test_quantiles_never_cross_and_the_middle_is_the_centre(seed: int, factor: float) -> None:
    rng = np.random.default_rng(seed)
    centre, quantiles = rng.normal(size=(3, 2)) * 3, np.sort(rng.normal(size=(3, 2, 7)), axis=-1)
    values = around(centre, quantiles, np.full((2, 7), factor), MIDDLE)
    assert (np.diff(values, axis=-1) >= 0).all()
    assert values[..., MIDDLE] == pytest.approx(centre)


def test_quantiles_on_their_own_side_stay_as_they_are() -> None:
    centre = np.array([[0.5]])
    quantiles = np.array([[[-2.0, -1.0, 0.0, 0.4, 1.0, 2.0, 3.0]]])
    values = around(centre, quantiles, np.ones(7), MIDDLE)
    assert values[0, 0].tolist() == [-2.0, -1.0, 0.0, 0.5, 1.0, 2.0, 3.0]


def test_weight_goes_to_the_reliable_member() -> None:
    rng = np.random.default_rng(5)
    centre = rng.normal(size=(3000, 2))
    truth = centre + rng.normal(size=centre.shape)
    members = np.stack([normal_quantiles(centre, 1.0), normal_quantiles(centre + 3.0, 0.1)], axis=1)
    weights = quantile_weights(members, truth, LEVELS)
    assert weights.sum(axis=1) == pytest.approx(1.0) and (weights >= 0).all()
    assert weights[:, 0].min() > 0.85


def test_trust_goes_to_the_better_quantiles_and_only_with_events() -> None:
    rng = np.random.default_rng(6)
    centre = rng.normal(size=(1200, 1))
    truth = centre + rng.normal(size=centre.shape)
    good, poor = normal_quantiles(centre, 1.0), normal_quantiles(centre * 0.0, 2.5)
    units = np.repeat(np.arange(30), 40)
    assert trust(good, poor, truth, LEVELS, units, rng) == pytest.approx(1.0)
    assert trust(poor, good, truth, LEVELS, units, rng) == pytest.approx(0.0)
