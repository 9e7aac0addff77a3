"""Errors alike in space and time, drawn by name: their correlations, and what they must not depend on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydria_plugin.correctors.input_error.draws import Draws, keys_of
from hydria_plugin.correctors.input_error.fields import along_time, field, places_of, rows_of

AT = np.datetime64("2026-03-01T12:00", "s")
NAMES = tuple(f"g{i}" for i in range(400))


def test_names_have_numbers_of_their_own() -> None:
    keys = keys_of(NAMES)
    assert len(set(keys.tolist())) == len(NAMES)
    np.testing.assert_array_equal(keys_of(("g7",)), keys[[7]])
    assert len(keys_of(())) == 0


def test_normal_draws_are_normal_and_independent() -> None:
    z = Draws(1, AT).normal(keys_of(NAMES), 200, 3)
    assert abs(z.mean()) < 0.02 and abs(z.std() - 1) < 0.02
    assert np.quantile(z, 0.975) == pytest.approx(1.96, abs=0.05)
    near = np.corrcoef(z[:30])[np.triu_indices(30, 1)]
    assert np.abs(near).max() < 0.35 and abs(near.mean()) < 0.02


@given(st.integers(0, 2**40), st.integers(-(10**9), 10**10), st.integers(0, 9))
def test_uniform_draws_lie_within_and_are_the_same_again(seed: int, second: int, what: int) -> None:
    draws = Draws(seed, np.datetime64(second, "s"))
    u = draws.uniform(keys_of(("a", "b")), 5, what)
    assert ((u > 0) & (u < 1)).all()
    np.testing.assert_array_equal(u[::-1], draws.uniform(keys_of(("b", "a")), 5, what))


def test_seed_issue_time_and_purpose_each_make_others() -> None:
    keys = keys_of(("a",))
    drawn = [
        Draws(1, AT).uniform(keys, 4, 0), Draws(2, AT).uniform(keys, 4, 0),
        Draws(1, AT + np.timedelta64(3600, "s")).uniform(keys, 4, 0), Draws(1, AT).uniform(keys, 4, 1),
    ]  # fmt: skip
    assert len({tuple(d[0]) for d in drawn}) == 4


@pytest.mark.parametrize("km", [0.0, 3.0, 10.0, 20.0, 45.0])
@pytest.mark.parametrize("bearing", [0.0, 0.7, 1.6, 2.9])
def test_correlation_falls_with_the_distance(km: float, bearing: float) -> None:
    places = np.array([[0.0, 0.0], [km * np.cos(bearing), km * np.sin(bearing)]]) + 5000.0
    rows = rows_of(places, keys_of(("a", "b")), 15.0, 0.5)
    assert rows[0] @ rows[0] == pytest.approx(1.0)
    assert rows[0] @ rows[1] == pytest.approx(np.exp(-km / 15.0), abs=0.1)


def test_gauges_without_a_place_share_what_is_common() -> None:
    rows = rows_of(np.full((60, 2), np.nan), keys_of(NAMES[:60]), 15.0, 0.4)
    together = (rows @ rows.T)[np.triu_indices(60, 1)]
    np.testing.assert_allclose((rows**2).sum(axis=1), 1.0)
    assert together.mean() == pytest.approx(0.4, abs=0.02) and together.std() < 0.1


def test_places_are_kilometres() -> None:
    found = places_of(("a", "b", "c"), {"a": (44.0, 4.0), "b": (44.0, 5.0)})
    assert np.hypot(*(found[1] - found[0])) == pytest.approx(80.0, abs=0.5)
    assert np.isnan(found[2]).all()


def test_in_time_it_is_an_ar_1() -> None:
    made = along_time(30, 6.0)
    covariance = made @ made.T
    np.testing.assert_allclose(np.diag(covariance), 1.0, atol=1e-6)
    assert covariance[3, 9] == pytest.approx(np.exp(-1.0), abs=1e-6)


def test_a_field_has_the_correlations_of_both() -> None:
    rows = rows_of(np.array([[0.0, 0.0], [8.0, 0.0]]), keys_of(("a", "b")), 15.0, 0.5)
    z = field(rows, 4000, 5, 3.0, np.random.default_rng(1))
    assert np.corrcoef(z[0, :, 2], z[1, :, 2])[0, 1] == pytest.approx(rows[0] @ rows[1], abs=0.05)
    assert np.corrcoef(z[0, :, 0], z[0, :, 3])[0, 1] == pytest.approx(np.exp(-1.0), abs=0.05)
    assert z.std() == pytest.approx(1.0, abs=0.03)
