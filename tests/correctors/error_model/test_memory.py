"""The memory of errors: what it keeps, in which order, how it fades, and what it never adds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin.correctors.error_model.memory import CLEARLY, MOST, Memory, back, forgotten, shown
from hydria_plugin.correctors.lead_knots import KNOTS, between, leads_of

H, S = 6, 3
K = len(leads_of(H))


def after(errors: np.ndarray, horizon: int = H) -> Memory:
    """After (T, S, K) errors, oldest first."""
    memory = Memory.none(errors.shape[1], horizon)
    for one in errors:
        memory = memory.met(one, horizon)
    return memory


def lasting(rho: float, steps: int, seed: int = 0, horizon: int = H) -> np.ndarray:
    """(T, 1, K) errors of which the share ``rho`` lasts over the lead of each knot."""
    rng, leads = np.random.default_rng(seed), leads_of(horizon)
    out = rng.normal(size=(steps, 1, len(leads)))
    for t in range(steps):
        for k, lead in enumerate(leads):
            if t >= lead:
                out[t, 0, k] = rho * out[t - lead, 0, k] + np.sqrt(1 - rho**2) * out[t, 0, k]
    return out


@given(st.integers(1, 200))
def test_leads_rise_from_the_first_to_the_last_and_their_weights_share_one_whole(horizon: int) -> None:
    leads, weights = np.array(leads_of(horizon)), between(horizon)
    assert leads[0] == 1 and leads[-1] == horizon and (np.diff(leads) > 0).all() and len(leads) <= KNOTS
    np.testing.assert_allclose(weights.sum(axis=1), 1.0)
    np.testing.assert_allclose(weights[leads - 1], np.eye(len(leads)), atol=1e-12)
    assert weights.shape == (horizon, len(leads)) and (weights >= 0).all() and not weights.flags.writeable


@given(st.lists(st.floats(-1e4, 1e4), min_size=3, max_size=3), st.lists(st.floats(0.2, 2), min_size=3, max_size=3))
def test_a_power_keeps_sign_and_order_and_goes_back(values: list[float], powers: list[float]) -> None:
    x, p = np.array(values), np.array(powers)
    np.testing.assert_allclose(back(shown(x, p), p), x, rtol=1e-9, atol=1e-9)
    assert (np.sign(shown(x, p)) == np.sign(x)).all() or (np.abs(x) < 1e-100).any()
    rising = np.sort(np.stack([x, x + 1.0], axis=1), axis=1)
    assert (np.diff(shown(rising, p), axis=1) >= 0).all()


@settings(max_examples=8)
@given(st.integers(0, 10_000), st.permutations(range(S)))
def test_the_order_of_the_stations_changes_nothing(seed: int, order: list[int]) -> None:
    rng = np.random.default_rng(seed)
    errors = np.where(rng.random((40, S, K)) < 0.2, np.nan, rng.normal(size=(40, S, K)))
    one, other = after(errors), after(errors[:, order])
    for name, array in one.arrays().items():
        np.testing.assert_array_equal(other.arrays()[name], array[order], err_msg=name)
    np.testing.assert_allclose(other.correction(H), one.correction(H)[order], rtol=1e-9, atol=1e-15)


@settings(max_examples=8)
@given(st.integers(0, 10_000))
def test_the_unit_of_a_river_changes_nothing_but_the_unit(seed: int) -> None:
    errors = lasting(0.9, 50, seed)
    one, thousand = after(errors), after(1000.0 * errors)
    np.testing.assert_allclose(thousand.lasting(H), one.lasting(H), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(thousand.correction(H), 1000 * one.correction(H), rtol=1e-3, atol=1e-3)


@settings(max_examples=8)
@given(st.integers(0, 10_000), st.floats(0, 0.8))
def test_rho_is_a_share_and_a_correction_is_bounded_and_finite(seed: int, gaps: float) -> None:
    rng = np.random.default_rng(seed)
    errors = np.where(rng.random((60, S, K)) < gaps, np.nan, rng.standard_cauchy(size=(60, S, K)))
    memory = after(errors)
    assert ((memory.lasting(H) >= 0) & (memory.lasting(H) <= 1)).all()
    most = MOST * np.sqrt(memory.raw * forgotten(leads_of(H)))
    correction = memory.correction(H)
    assert np.isfinite(correction).all()
    assert (np.abs(correction) <= most @ between(H).T * (1 + 1e-6) + 1e-12).all()


def test_an_error_is_compared_with_the_one_of_its_lead_before() -> None:
    """A single error at t comes back as a product exactly ``lead`` valid times later, at each knot."""
    leads = leads_of(H)
    errors = np.ones((12, 1, K))
    errors[0] = 100.0
    memory, found = Memory.none(1, H), np.zeros((12, K))
    for t, one in enumerate(errors):
        before, memory = memory, memory.met(one, H)
        kept = before.together * (1 - forgotten(leads_of(H)) * (memory.before != before.before))
        found[t] = (memory.together - kept)[0]
    for k, lead in enumerate(leads):
        assert np.flatnonzero(found[:, k] > 50).tolist() == [lead]


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_what_lasts_is_found(rho: float) -> None:
    found = after(lasting(rho, 1500)).lasting(H)[0]
    np.testing.assert_allclose(found, rho, atol=0.12)


def test_what_lasts_is_held_below_the_whole_and_needs_an_error_that_was_there() -> None:
    assert (after(np.ones((400, 1, K))).lasting(H) < 1).all()
    assert (after(np.zeros((400, 1, K))).lasting(H) == 0).all()
    assert (after(np.ones((1, 1, K))).lasting(H) == 0).all(), "one error is compared with none"


def test_an_error_that_turns_round_each_time_lasts_not_at_all() -> None:
    errors = np.where(np.arange(200) % 2, 1.0, -1.0)[:, None, None] * np.ones((1, 1, 1))
    memory = after(errors, horizon=1)
    assert memory.lasting(1)[0, 0] == 0.0 and (memory.correction(1) == 0).all()


def test_it_speaks_only_where_it_has_clearly_helped() -> None:
    memory = after(lasting(0.95, 400))
    assert (memory.helps == 1).all() and (memory.correction(H) != 0).all()
    hardly = replace(memory, corrected=(CLEARLY * 1.01 * memory.raw).astype(np.float32))
    clearly = replace(memory, corrected=(CLEARLY * 0.99 * memory.raw).astype(np.float32))
    assert (hardly.helps == 0).all() and (hardly.correction(H) == 0).all()
    assert (clearly.helps == 1).all()
    assert (Memory.none(1, H).helps == 0).all() and (Memory.none(1, H).correction(H) == 0).all()


def test_the_correction_has_the_sign_of_the_newest_error_and_is_no_larger() -> None:
    memory = after(lasting(0.95, 400))
    for sign in (1.0, -1.0):
        found = replace(memory, newest=np.full((1, K), sign, np.float32)).correction(H)
        assert (found * sign > 0).all() and (np.abs(found) <= 1).all()


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_one_gross_error_is_corrected_by_no_more_than_errors_usually_are(sign: float) -> None:
    memory = after(lasting(0.95, 400))
    gross = replace(memory, newest=np.full((1, K), sign * 1e6, np.float32))
    most = MOST * np.sqrt(memory.raw.astype(float) * forgotten(leads_of(H))) @ between(H).T
    np.testing.assert_allclose(gross.correction(H), sign * most, rtol=1e-5)


def test_truth_that_does_not_come_makes_it_older_and_nothing_else() -> None:
    memory = after(lasting(0.95, 400))
    older = memory.met(np.full((1, K), np.nan), H)
    np.testing.assert_array_equal(older.age, memory.age + 1)
    for name in ("newest", "together", "before", "raw", "corrected"):
        np.testing.assert_array_equal(getattr(older, name), getattr(memory, name), err_msg=name)
    sizes = []
    for _ in range(5):
        sizes.append(np.abs(memory.correction(H)).max())
        memory = memory.met(np.full((1, K), np.nan), H)
    assert (np.diff(sizes) < 0).all(), "the older, the less it counts"
    again = memory.met(np.full((1, K), 0.5), H)
    assert (again.age == 0).all() and (again.newest == 0.5).all()


def test_after_the_leads_are_over_a_gap_is_forgotten() -> None:
    errors = np.ones((40, 1, K))
    errors[10] = np.nan
    holed = after(errors)
    assert np.isfinite(holed.errors).all()
    assert (holed.before < after(np.ones((40, 1, K))).before).all(), "but it taught less"


def test_learning_is_pure_and_a_state_comes_back_whole_or_not_at_all() -> None:
    memory = after(lasting(0.9, 30))
    held = {name: array.copy() for name, array in memory.arrays().items()}
    memory.met(np.ones((1, K)), H)
    for name, array in memory.arrays().items():
        np.testing.assert_array_equal(array, held[name])
        assert array.dtype == np.float32, name
    back_again = Memory.of(held, 1, H)
    assert all(np.array_equal(a, held[name], equal_nan=True) for name, a in back_again.arrays().items())
    for other in (held | {"age": np.zeros((2, K))}, {k: a for k, a in held.items() if k != "raw"}, {}):
        assert np.isnan(Memory.of(other, 1, H).newest).all()
    assert np.isnan(Memory.of(held, 1, H + 20).errors).all()
