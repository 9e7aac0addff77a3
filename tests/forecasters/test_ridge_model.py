"""A fitted ridge's answer: per row by its own station, never below its floor, never crossing, whatever is missing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin.forecasters.arx import past_columns
from hydria_plugin.forecasters.cases import NOWHERE
from hydria_plugin.forecasters.ridge_model import (
    BY_FORM,
    SHARED,
    assemble,
    columns,
    model_of,
    pick,
    quantiles,
    weighted,
    without_future,
)

from .ridges import cases, model

SEEDS = st.integers(0, 300)


@settings(max_examples=20)
@given(SEEDS, st.sampled_from([0.0, 0.1, 0.6]), st.booleans())
def test_quantiles_never_cross_and_never_lie_below_the_floor(seed: int, gaps: float, future: bool) -> None:
    found, m = quantiles(model(), cases(seed, gaps, future)), model()
    known = np.isfinite(found).all(axis=(1, 2))
    assert (np.diff(found[known], axis=2) >= 0).all()
    assert (found[known] >= m.floor[known][:, None, None]).all()


@settings(max_examples=20)
@given(SEEDS, st.permutations(range(3)), st.booleans())
def test_a_row_is_answered_by_its_own_station_wherever_it_stands(seed: int, order: list[int], future: bool) -> None:
    c = cases(seed, 0.2, future)
    np.testing.assert_allclose(
        quantiles(model(), c.take(np.array(order))), quantiles(model(), c)[order], rtol=1e-5, atol=1e-7
    )


@settings(max_examples=15)
@given(SEEDS, st.integers(0, 2))
def test_one_station_asked_often_is_answered_as_asked_once(seed: int, row: int) -> None:
    c = cases(seed, 0.2)
    often = quantiles(model(), c.take(np.array([row] * 4)))
    np.testing.assert_allclose(often, np.repeat(quantiles(model(), c)[[row]], 4, axis=0), rtol=1e-5, atol=1e-7)


def test_a_station_it_was_not_fitted_for_has_no_forecast_and_spoils_no_other() -> None:
    c = cases(1)
    rows = np.array(c.rows)
    rows[1] = NOWHERE
    found, whole = quantiles(model(), replace(c, rows=rows)), quantiles(model(), c)
    assert np.isnan(found[1]).all()
    np.testing.assert_allclose(found[[0, 2]], whole[[0, 2]], rtol=1e-5)


def test_rain_to_come_counts_where_it_is_known_and_only_there() -> None:
    c = cases(4)
    assert c.foreseen.any()
    dry = replace(c, future=np.where(np.isfinite(c.future), 0.0, c.future))
    wet = replace(c, future=np.where(np.isfinite(c.future), 20.0, c.future))
    assert np.abs(quantiles(model(), wet) - quantiles(model(), dry)).max() > 0.01
    unknown = without_future(c)
    assert not unknown.foreseen.any() and np.isnan(unknown.future).all() and np.isfinite(c.future).any()
    np.testing.assert_array_equal(quantiles(model(), unknown), quantiles(model(), without_future(wet)))


@settings(max_examples=20)
@given(SEEDS, st.sampled_from([0.0, 0.3, 0.9]))
def test_columns_stay_within_what_the_record_held_and_gaps_are_filled(seed: int, gaps: float) -> None:
    m, c = model(), cases(seed, gaps)
    found, raw = columns(m, c, c.rows), past_columns(c, m.unit[c.rows], m.centre[c.rows])
    low, high = m.low - m.mean, m.high - m.mean
    assert np.isfinite(found).all()
    assert ((found >= low - 1e-6) & (found <= high + 1e-6)).all()
    there = np.isfinite(raw)
    np.testing.assert_allclose(found[there], (np.clip(raw, m.low, m.high) - m.mean)[there], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("row", [0, 1])
def test_what_is_missing_is_as_expected_from_what_is_there(row: int) -> None:
    m, c = model(), cases(3)
    raw = past_columns(c, m.unit[c.rows], m.centre[c.rows])[row]
    inputs = np.array(c.inputs)
    inputs[row, :, 2] = np.nan
    lost = replace(c, inputs=inputs)
    gone = ~np.isfinite(past_columns(lost, m.unit[c.rows], m.centre[c.rows])[row]) & np.isfinite(raw)
    assert gone.any()
    found = columns(m, lost, c.rows)
    mean, low, high = m.mean[row], m.low[row], m.high[row]
    known = np.where(gone | ~np.isfinite(raw), 0.0, np.clip(raw, low, high) - mean)
    wanted = np.clip(known @ m.fill[row], low - mean, high - mean)
    np.testing.assert_allclose(found[row][gone], wanted[gone], rtol=1e-4, atol=1e-6)
    others = np.arange(len(c)) != row
    np.testing.assert_allclose(found[others], columns(m, c, c.rows)[others])


def test_what_is_expected_of_a_silent_gauge_stays_within_the_record_too() -> None:
    m, c = model(), cases(3, 0.5)
    wild = replace(m, fill=1e4 * m.fill)
    found = columns(wild, c, c.rows)
    low, high = m.low - m.mean, m.high - m.mean
    assert ((found >= low - 1e-6) & (found <= high + 1e-6)).all()
    assert np.abs(found - columns(m, c, c.rows)).max() > 0


def test_changes_stay_between_the_smallest_and_the_largest_allowed() -> None:
    m = model()
    still = [replace(f, least=np.zeros_like(f.least), most=np.zeros_like(f.most)) for f in m.forms]
    c = cases(2)
    middle = quantiles(replace(m, forms=(still[0], still[1])), c)[..., m.fit.quantiles.index(0.5)]
    wanted = np.maximum(c.base, m.floor)
    np.testing.assert_allclose(middle, np.repeat(wanted[:, None], middle.shape[1], axis=1), rtol=1e-6)


@given(st.lists(st.integers(0, 3), max_size=9))
def test_picking_is_indexing_with_and_without_copying(rows: list[int]) -> None:
    array, index = np.arange(24.0).reshape(4, 3, 2), np.array(rows, dtype=np.int64)
    np.testing.assert_array_equal(pick(array, index), array[index])
    assert pick(array, np.arange(4)) is array
    x, weights = np.arange(2.0 * len(rows)).reshape(-1, 2), array
    wanted = np.array([weights[r] @ x[i] for i, r in enumerate(rows)]).reshape(len(rows), 3)
    np.testing.assert_allclose(weighted(weights, x, index), wanted)


def test_stations_are_put_together_as_they_were_apart() -> None:
    m = model()
    arrays = {name: getattr(m, name) for name in SHARED}
    arrays |= {f"{name}.{i}": getattr(form, name) for i, form in enumerate(m.forms) for name in BY_FORM}
    apart = [{name: a[s] for name, a in arrays.items()} for s in range(len(m.unit))]
    c = cases(5, 0.1)
    for again in (assemble(m.fit, apart), model_of(m.fit, arrays)):
        np.testing.assert_array_equal(quantiles(again, c), quantiles(m, c))
    with pytest.raises(KeyError, match="floor"):
        model_of(m.fit, {name: a for name, a in arrays.items() if name != "floor"})
