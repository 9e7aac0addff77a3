"""A few leads stand for all: what is read between knots, and how a knot hears its leads, for every horizon."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin.correctors.lead_knots import KNOTS, between, depends, hearing, leads_of

HORIZONS = st.integers(1, 400)


@pytest.mark.parametrize(
    ("horizon", "knots"),
    [(1, [1]), (2, [1, 2]), (3, [1, 2, 3]), (4, [1, 2, 3, 4]), (6, [1, 2, 3, 6]), (24, [1, 3, 8, 24]),
     (72, [1, 4, 17, 72]), (240, [1, 6, 39, 240])],
)  # fmt: skip
def test_knots_are_the_first_lead_the_last_and_two_between(horizon: int, knots: list[int]) -> None:
    assert leads_of(horizon).tolist() == knots


@given(HORIZONS)
@settings(max_examples=40)
def test_knots_rise_and_no_more_of_them_than_leads(horizon: int) -> None:
    knots = leads_of(horizon)
    assert knots[0] == 1 and knots[-1] == horizon
    assert (np.diff(knots) > 0).all() and len(knots) <= min(KNOTS, horizon)


@given(HORIZONS)
@settings(max_examples=40)
def test_every_lead_is_read_from_its_two_neighbours(horizon: int) -> None:
    weights, knots = between(horizon), leads_of(horizon)
    assert weights.shape == (horizon, len(knots))
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, rtol=1e-12)
    assert (weights >= 0).all() and ((weights > 0).sum(axis=1) <= 2).all()
    np.testing.assert_array_equal(weights[knots - 1], np.eye(len(knots)))
    np.testing.assert_allclose(weights @ np.log(knots), np.log(np.arange(1, horizon + 1)), atol=1e-12)


@given(HORIZONS, st.floats(-100, 100), st.floats(0, 10))
@settings(max_examples=40)
def test_what_rises_over_the_knots_rises_over_the_leads_and_stays_between(
    horizon: int, start: float, step: float
) -> None:
    at_knots = start + step * np.arange(len(leads_of(horizon)))
    read = between(horizon) @ at_knots
    assert (np.diff(read) >= -1e-9).all()
    assert at_knots[0] - 1e-9 <= read.min() and read.max() <= at_knots[-1] + 1e-9


@given(HORIZONS, st.floats(-100, 100))
@settings(max_examples=40)
def test_one_error_at_all_leads_is_heard_as_it_is(horizon: int, error: float) -> None:
    ears = hearing(horizon)
    assert ears.shape == (len(leads_of(horizon)), horizon) and (ears >= 0).all()
    np.testing.assert_allclose(ears @ np.full(horizon, error), error, atol=1e-9)


@given(HORIZONS)
@settings(max_examples=40)
def test_a_knot_hears_itself_best_and_no_lead_beyond_its_neighbours(horizon: int) -> None:
    ears, knots = hearing(horizon), leads_of(horizon)
    assert (ears.argmax(axis=1) == knots - 1).all()
    for k, heard in enumerate(ears):
        low, high = knots[max(k - 1, 0)], knots[min(k + 1, len(knots) - 1)]
        leads = np.flatnonzero(heard) + 1
        assert leads.min() >= low and leads.max() <= high


@given(HORIZONS)
@settings(max_examples=40)
def test_the_longer_the_lead_the_less_a_step_teaches(horizon: int) -> None:
    slower = depends(horizon)
    assert slower[0] == 1 and (np.diff(slower) < 0).all() and (slower > 0).all()
    np.testing.assert_allclose(slower**2 * leads_of(horizon), 1.0)


@pytest.mark.parametrize("made", [leads_of, between, hearing, depends])
def test_what_all_share_nobody_can_write(made) -> None:  # type: ignore[no-untyped-def]
    assert made(24) is made(24)
    with pytest.raises(ValueError, match="read-only"):
        made(24)[...] = 0
