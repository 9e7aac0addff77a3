"""Asking many networks at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin.forecasters.block_network import serving
from hydria_plugin.forecasters.block_network.network import Networks
from hydria_plugin.forecasters.block_network.serving import Stack, in_order, parts_of, stack_of, stacked, tanh_of_half

SHAPES = {"m": 3, "z": 2, "lags": 5, "n": 2, "k": 4}


def networks(rng: np.random.Generator, m: int = 3, z: int = 2, lags: int = 5, n: int = 2, k: int = 4) -> Networks:
    draw = rng.standard_normal
    return Networks(
        draw((m, z, lags)), draw((m, n, z)), draw((m, n, k)), draw((m, n)), draw((m, n)), draw(m), draw((m, z)),
        draw((m, k)),
    )  # fmt: skip


def stations(count: int, knots: int = 2, **shape: int) -> tuple[Stack, list[list[Networks]]]:
    rng = np.random.default_rng(count)
    each = [[networks(rng, **shape) for _ in range(knots)] for _ in range(count)]
    arrays = [stacked(one) for one in each]
    return stack_of({name: np.stack([a[name] for a in arrays]) for name in arrays[0]}), each


def inputs(n: int, z: int = 2, lags: int = 5, k: int = 4) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(7)
    return rng.gamma(1.0, 1.0, (n, 1, z, lags)), rng.standard_normal((n, k))


def one_by_one(each: list[list[Networks]], rows: np.ndarray, lagged: np.ndarray, state: np.ndarray) -> np.ndarray:
    """(N, J) by the networks themselves."""
    return np.stack(
        [
            np.concatenate(
                [
                    net.output(lagged[i : i + 1, k % lagged.shape[1]], state[i : i + 1])[:, 0]
                    for k, net in enumerate(each[row])
                ]
            )
            for i, row in enumerate(rows)
        ]
    )


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 4), st.integers(1, 4), st.integers(0, 5), st.integers(1, 7))
def test_the_stack_says_what_its_networks_say(count: int, z: int, lags: int, n: int, k: int, cases: int) -> None:
    stack, each = stations(count, m=2, z=z, lags=lags, n=n, k=k)
    lagged, state = inputs(cases, z, lags, k)
    rows = np.arange(cases) % count
    np.testing.assert_allclose(
        stack.answer(lagged, state, rows), one_by_one(each, rows, lagged, state), rtol=1e-9, atol=1e-12
    )


@pytest.mark.parametrize("rows", [[0] * 6, [0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [2, 3, 4, 2, 2, 0], [3, 4, 5]])
def test_any_order_of_stations(rows: list[int]) -> None:
    stack, each = stations(6)
    lagged, state = inputs(len(rows))
    expected = one_by_one(each, np.array(rows), lagged, state)
    np.testing.assert_allclose(stack.answer(lagged, state, np.array(rows)), expected, rtol=1e-9, atol=1e-12)


def test_in_pieces_it_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    stack, _ = stations(5)
    lagged, state = inputs(5)
    for rows in (np.arange(5), np.zeros(5, int)):
        whole = stack.answer(lagged, state, rows)
        monkeypatch.setattr(serving, "AT_ONCE", 40)
        monkeypatch.setattr(serving, "STATIONS_AT_ONCE", 40)
        np.testing.assert_allclose(stack.answer(lagged, state, rows), whole, rtol=1e-12)
        monkeypatch.undo()


def test_each_knot_may_have_rain_of_its_own() -> None:
    stack, each = stations(4)
    lagged, state = inputs(4)
    two = np.concatenate([lagged, 2.0 * lagged], axis=1)
    for rows in (np.arange(4), np.ones(4, int)):
        expected = one_by_one(each, rows, two, state)
        np.testing.assert_allclose(stack.answer(two, state, rows), expected, rtol=1e-9, atol=1e-12)


def test_the_networks_come_back_as_they_were() -> None:
    stack, each = stations(3)
    back = stack.networks(1, slice(3, 6))
    for name, array in each[1][1].arrays().items():
        np.testing.assert_array_equal(back.arrays()[name], array, err_msg=name)


def test_no_case_no_answer() -> None:
    stack, _ = stations(2)
    lagged, state = inputs(0)
    assert stack.answer(lagged, state, np.empty(0, int)).shape == (0, 6)


def test_rows_that_follow_one_another_are_a_slice() -> None:
    assert in_order(np.array([3, 4, 5])) == slice(3, 6)
    np.testing.assert_array_equal(in_order(np.array([3, 5])), [3, 5])


@given(st.floats(-1e308, 1e308))
def test_the_quicker_tanh_is_the_tanh(x: float) -> None:
    half = np.array([x / 2.0, x / 2e300, 0.0])
    np.testing.assert_allclose(tanh_of_half(2.0 * half), np.tanh(half), rtol=0, atol=1e-15)


def test_the_quicker_tanh_of_what_is_not_known_is_not_known() -> None:
    np.testing.assert_array_equal(tanh_of_half(np.array([np.nan, np.inf, -np.inf])), [np.nan, 1.0, -1.0])


def test_neurons_beyond_all_measure_say_what_they_said_and_warn_of_nothing() -> None:
    stack, each = stations(2)
    lagged, state = inputs(2)
    expected = one_by_one(each, np.arange(2), 1e4 * lagged, 1e4 * state)
    np.testing.assert_allclose(stack.answer(1e4 * lagged, 1e4 * state, np.arange(2)), expected, rtol=1e-12)


def test_what_is_asked_is_left_as_it_is() -> None:
    stack, _ = stations(3)
    lagged, state = inputs(3)
    for rows in (np.arange(3), np.zeros(3, int)):
        before = lagged.copy(), state.copy()
        stack.answer(lagged, state, rows)
        np.testing.assert_array_equal(lagged, before[0])
        np.testing.assert_array_equal(state, before[1])


def test_equal_parts() -> None:
    assert parts_of(6, 3) == [(0, slice(0, 2)), (1, slice(2, 4)), (2, slice(4, 6))]
    assert parts_of(6, 1) == [(0, slice(0, 6))]
