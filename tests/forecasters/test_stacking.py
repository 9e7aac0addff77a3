"""Weights by independent events: the laws they obey, and that luck does not make weight."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hydria_plugin.forecasters.stacking import (
    belief_at,
    belief_by_size,
    member_weights,
    moments,
    nonnegative,
    onto_simplex,
    present_weights,
    smooth,
)

FINITE = st.floats(-10, 10, allow_nan=False)


def record(events: int, skill: float, seed: int = 0, leads: int = 4, per_event: int = 40) -> tuple[np.ndarray, ...]:
    """True movements, and a member that sees ``skill`` of their variance, per event of unequal size."""
    rng = np.random.default_rng(seed)
    units = np.repeat(np.arange(events), per_event)
    size = rng.gamma(2.0, 1.0, events)[units][:, None]
    signal, noise = rng.normal(size=(2, len(units), leads)) * size
    truth = np.sqrt(skill) * signal + np.sqrt(1 - skill) * noise
    return np.sqrt(skill) * signal[:, None], truth, units


def weights_of(moves: np.ndarray, truth: np.ndarray, units: np.ndarray, events: int | None = None) -> np.ndarray:
    found = len(np.unique(units)) if events is None else events
    return member_weights(moments(moves, truth, units), np.random.default_rng(1), found)


@settings(max_examples=60, deadline=None)
@given(arrays(float, st.tuples(st.integers(1, 5), st.integers(1, 4)), elements=FINITE))
def test_the_nearest_point_of_the_simplex(w: np.ndarray) -> None:
    near = onto_simplex(w)
    assert (near >= 0).all() and (near.sum(axis=-1) <= 1 + 1e-9).all()
    rng = np.random.default_rng(0)
    for _ in range(20):
        other = rng.dirichlet(np.ones(w.shape[-1] + 1), size=len(w))[:, :-1]
        assert (((near - w) ** 2).sum(-1) <= ((other - w) ** 2).sum(-1) + 1e-9).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 4), st.integers(0, 10_000))
def test_the_quadratic_problem_is_solved(k: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(50, k)), rng.normal(size=50)
    x += rng.normal(size=(50, 1)) * 2  # members resemble each other
    gram, cross = x.T @ x, x.T @ y
    best = nonnegative(gram, cross)
    value = best @ gram @ best - 2 * best @ cross
    for w in rng.dirichlet(np.ones(k + 1), size=300)[:, :-1]:
        assert value <= w @ gram @ w - 2 * w @ cross + 1e-3 * abs(value) + 1e-6


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 40), st.floats(0.0, 0.99), st.integers(0, 1000))
def test_weights_are_weights(events: int, skill: float, seed: int) -> None:
    moves, truth, units = record(max(events, 1), skill, seed)
    both = np.concatenate([moves, moves + np.random.default_rng(seed).normal(size=moves.shape)], axis=1)
    w = weights_of(both, truth, units, events)
    assert w.shape == (4, 2) and np.isfinite(w).all()
    assert (w >= 0).all() and (w.sum(axis=1) <= 1 + 1e-9).all()


@pytest.mark.parametrize("events", [0, 1, 2])
def test_too_few_events_leave_persistence_alone(events: int) -> None:
    moves, truth, units = record(max(events, 1), 0.99)
    assert (weights_of(moves, truth, units, events) == 0).all()


def test_weight_grows_with_the_number_of_events() -> None:
    few, some, many = (np.mean([weights_of(*record(n, 0.5, seed)).mean() for seed in range(8)]) for n in (3, 8, 60))
    assert few < some < many
    assert many > 0.85


def test_a_member_without_skill_gets_next_to_nothing() -> None:
    rng = np.random.default_rng(4)
    moves, truth, units = record(30, 0.5)
    noise = rng.normal(size=moves.shape) * np.std(moves)
    assert weights_of(noise, truth, units).max() < 0.1
    both = weights_of(np.concatenate([moves, noise], axis=1), truth, units)
    assert both[:, 0].min() > 0.75 and both[:, 1].max() < 0.1


def test_one_great_flood_is_one_event() -> None:
    """A member that is right about one flood and wild in quiet water, as ridge on six weeks of the Cance."""
    rng = np.random.default_rng(2)
    units = np.repeat(np.arange(4), 50)
    truth = rng.normal(size=(200, 3)) * np.where(units == 0, 100.0, 1.0)[:, None]
    moves = np.where(units[:, None] == 0, truth, rng.normal(size=(200, 3)) * 8.0)[:, None]
    announced = weights_of(moves, truth, units).T * moves[:, 0]
    followed = announced * belief_at(np.abs(announced), *belief_by_size(announced, truth, units, 4, rng))
    quiet = units > 0
    index = 1 - ((truth - followed)[quiet] ** 2).sum(axis=0) / (truth[quiet] ** 2).sum(axis=0)
    assert (index >= -0.1).all()
    assert 1 - ((truth - announced)[quiet] ** 2).sum() / (truth[quiet] ** 2).sum() < -10


def test_belief_grows_with_the_size_where_small_movements_are_noise() -> None:
    rng = np.random.default_rng(7)
    units = np.repeat(np.arange(40), 50)
    announced = rng.gamma(0.3, 2.0, size=(2000, 2))
    moved = np.where(announced > 1.0, announced, 0.0) + 0.1 * rng.normal(size=announced.shape)
    sizes, belief = belief_by_size(announced, moved, units, 40, rng)
    assert belief[:, 0].max() < 0.2 and belief[:, -1].min() > 0.9
    assert (np.diff(belief, axis=1) >= 0).all() and (np.diff(sizes, axis=1) >= 0).all()


@pytest.mark.parametrize("events", [0, 2])
def test_without_events_nothing_is_believed(events: int) -> None:
    moves, truth, units = record(max(events, 1), 0.9)
    assert (belief_by_size(moves[:, 0], truth, units, events, np.random.default_rng(0))[1] == 0).all()


def test_belief_is_linear_between_the_knots() -> None:
    sizes, belief = np.array([1.0, 2.0, 4.0, 4.0]), np.array([0.0, 0.5, 0.9, 1.0])
    got = belief_at(np.array([0.0, 1.0, 1.5, 3.0, 4.0, 99.0]), np.tile(sizes, (6, 1)), np.tile(belief, (6, 1)))
    assert got == pytest.approx([0.0, 0.0, 0.25, 0.7, 0.9, 1.0])


def test_gaps_are_left_out_lead_by_lead() -> None:
    moves, truth, units = record(20, 0.7)
    truth = truth.copy()
    truth[::7, 2] = np.nan
    held = moments(moves, truth, units)
    known = np.isfinite(truth[:, 2])
    assert held.energy[:, 2].sum() == pytest.approx((truth[known, 2] ** 2).sum())
    assert held.cross[:, 0].sum() == pytest.approx((moves[:, 0, 0] * truth[:, 0]).sum())
    assert np.isfinite(weights_of(moves, truth, units)).all()


def test_the_same_draws_give_the_same_weights() -> None:
    assert np.array_equal(weights_of(*record(10, 0.5)), weights_of(*record(10, 0.5)))


def test_smoothing_keeps_sums_and_bounds() -> None:
    w = np.random.default_rng(0).dirichlet(np.ones(3), size=12)
    assert smooth(w).sum(axis=1) == pytest.approx(1.0)
    assert np.abs(np.diff(smooth(w), axis=0)).max() < np.abs(np.diff(w, axis=0)).max()


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_present_weights_sum_to_one_over_who_is_there(data: st.DataObject) -> None:
    j = data.draw(st.integers(1, 5))
    weights = np.array(data.draw(st.lists(st.floats(0, 1), min_size=j, max_size=j)))
    weights = weights / weights.sum() if weights.sum() > 1e-6 else weights
    there = np.array(data.draw(st.lists(st.booleans(), min_size=j, max_size=j)))
    got = present_weights(weights, there)
    assert (got[~there] == 0).all() and (got >= 0).all()
    assert got.sum() == pytest.approx(1.0 if there.any() else 0.0)
    if there.all() and weights.sum() > 1e-6:
        assert got == pytest.approx(weights)
