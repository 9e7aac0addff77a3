"""The mixture over the members of a rain ensemble."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hydria_plugin.forecasters.scenarios import mixture

LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
NORMAL = np.array([-1.645, -1.282, -0.674, 0.0, 0.674, 1.282, 1.645])


def test_one_scenario_is_itself() -> None:
    values = np.sort(np.random.default_rng(1).normal(size=(4, 1, 3, 7)), axis=3)
    np.testing.assert_array_equal(mixture(values, LEVELS), values[:, 0])


@given(arrays(np.float64, 7, elements=st.floats(-1e3, 1e3)), st.integers(2, 5))
def test_equal_scenarios_are_that_scenario(one: np.ndarray, count: int) -> None:
    one = np.sort(one)
    values = np.broadcast_to(one, (1, count, 1, 7))
    np.testing.assert_allclose(mixture(values, LEVELS)[0, 0], one, atol=1e-4)


@given(arrays(np.float64, (3, 7), elements=st.floats(-1e3, 1e3)))
def test_it_never_crosses_and_stays_within_the_members(members: np.ndarray) -> None:
    members = np.sort(members, axis=1)
    mixed = mixture(members[None, :, None], LEVELS)[0, 0]
    assert np.all(np.diff(mixed) >= 0)
    room = 1e-3 + 0.6 * np.abs(members).max()  # tails reach a little beyond the outer quantiles
    assert mixed[0] >= members.min() - room and mixed[-1] <= members.max() + room
    assert mixed[3] >= members[:, 3].min() - 1e-3 and mixed[3] <= members[:, 3].max() + 1e-3


def test_two_far_members_against_the_true_mixture() -> None:
    members = np.stack([NORMAL, 10.0 + NORMAL])
    mixed = mixture(members[None, :, None], LEVELS)[0, 0]
    draws = np.concatenate(
        [np.random.default_rng(1).normal(size=200_000), np.random.default_rng(2).normal(10, 1, 200_000)]
    )
    want = np.quantile(draws, LEVELS)
    outer = [0, 1, 2, 4, 5, 6]  # the median of two far humps is anywhere between
    np.testing.assert_allclose(mixed[outer], want[outer], atol=0.35)
    assert want[2] < mixed[3] < want[4]


def test_a_gap_in_one_member_is_a_gap() -> None:
    values = np.broadcast_to(NORMAL, (2, 3, 2, 7)).copy()
    values[0, 1, 1, 3] = np.nan
    mixed = mixture(values, LEVELS)
    assert np.isnan(mixed[0, 1]).all()
    assert np.isfinite(mixed[1]).all() and np.isfinite(mixed[0, 0]).all()


@pytest.mark.parametrize("levels", [(0.5,), (0.1, 0.5, 0.9)])
def test_any_number_of_quantiles(levels: tuple[float, ...]) -> None:
    values = np.broadcast_to(np.linspace(0, 1, len(levels)), (1, 2, 1, len(levels)))
    np.testing.assert_allclose(mixture(values, levels)[0, 0], np.linspace(0, 1, len(levels)), atol=1e-6)
