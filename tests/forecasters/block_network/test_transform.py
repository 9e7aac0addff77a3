"""The target as a network is shown it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydria_plugin.forecasters.block_network.transform import LEAST, Transform, shift_of

POWERS = (0.0, 0.2, 0.5, 1.0)
powers = st.sampled_from(POWERS)


def transform(power: float, shift: float = -1.0, unit: float = 2.0) -> Transform:
    return Transform(power, np.asarray(shift), np.asarray(unit))


@given(powers, st.lists(st.floats(-0.9, 1e4), min_size=1, max_size=8))
def test_back_undoes_forward(power: float, values: list[float]) -> None:
    t = transform(power)
    np.testing.assert_allclose(t.back(t.forward(np.array(values))), values, rtol=1e-6, atol=1e-6)


@given(powers, st.floats(-0.9, 1e4), st.floats(1e-3, 10.0))
def test_order_is_kept(power: float, value: float, more: float) -> None:
    t = transform(power)
    assert t.forward(np.array([value + more]))[0] > t.forward(np.array([value]))[0]


@pytest.mark.parametrize("power", POWERS)
def test_a_gap_stays_a_gap(power: float) -> None:
    t = transform(power)
    assert np.isnan(t.forward(np.array([np.nan]))).all()
    assert np.isnan(t.back(np.array([np.nan]))).all()


@pytest.mark.parametrize("power", POWERS)
def test_values_below_any_seen_are_finite(power: float) -> None:
    assert np.isfinite(transform(power).forward(np.array([-1e6, -1.0]))).all()


@pytest.mark.parametrize("power", (0.0, 0.2, 0.5))
def test_below_the_shift_all_values_are_the_least(power: float) -> None:
    t = transform(power)
    np.testing.assert_allclose(t.back(t.forward(np.array([-50.0]))), -1.0 + 2.0 * LEAST)


def test_power_one_is_the_value_itself() -> None:
    values = np.array([3.0, np.nan])
    assert transform(1.0).forward(values) is values
    assert transform(1.0).back(values) is values


def test_power_nought_is_the_logarithm() -> None:
    np.testing.assert_allclose(Transform(0.0, np.asarray(0.0), np.asarray(1.0)).forward(np.array([np.e])), 1.0)


def test_a_small_power_is_nearly_the_logarithm() -> None:
    values = np.linspace(0.0, 30.0, 7)
    near, log = transform(1e-6).forward(values), transform(0.0).forward(values)
    np.testing.assert_allclose(near, log, atol=1e-4)


def test_each_row_has_its_own_shift_and_unit() -> None:
    rows = Transform(0.0, np.array([0.0, 10.0]), np.array([1.0, 2.0]))
    values = np.array([[1.0, np.e], [12.0, 10.0 + 2.0 * np.e]])
    np.testing.assert_allclose(rows.forward(values), [[0.0, 1.0], [0.0, 1.0]], atol=1e-12)
    np.testing.assert_allclose(rows.back(rows.forward(values)), values)
    np.testing.assert_allclose(rows.forward(values[:, 0]), [0.0, 0.0], atol=1e-12)


def test_the_shift_lies_below_the_lowest() -> None:
    assert shift_of(np.array([2.0, 5.0]), 1.0) == pytest.approx(1.9)
    assert shift_of(np.empty(0), 1.0) == 0.0
