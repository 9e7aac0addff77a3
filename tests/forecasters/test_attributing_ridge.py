"""What a ridge's median is made of: whole, exact by step, and of the station that was asked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin.forecasters.arx import block_means, blocks, future_columns, past_columns
from hydria_plugin.forecasters.attributing_ridge import by_step, explain, explain_form, from_nothing
from hydria_plugin.forecasters.cases import Cases
from hydria_plugin.forecasters.ridge_model import columns, quantiles
from hydria_plugin.testing.samples import sample_layout
from hydria_plugin.values import ESTIMATED

from .ridges import cases, model

LAYOUT = sample_layout()
SEEDS = st.integers(0, 300)


def median(c: Cases) -> np.ndarray:
    return quantiles(model(), c)[..., model().fit.quantiles.index(0.5)]


@given(st.integers(1, 60), SEEDS, st.floats(0, 0.9))
def test_what_each_step_adds_makes_the_weighted_means_of_the_blocks(length: int, seed: int, gaps: float) -> None:
    rng, lags = np.random.default_rng(seed), blocks(length)
    values = np.where(rng.random((2, length)) < gaps, np.nan, rng.normal(size=(2, length)))
    weights = rng.normal(size=(2, 3, len(lags)))
    found = by_step(weights, values, lags)
    assert found.shape == (2, 3, length) and (found[np.broadcast_to(np.isnan(values)[:, None], found.shape)] == 0).all()
    means = np.nan_to_num(block_means(values, lags))
    np.testing.assert_allclose(found.sum(axis=2), (weights * means[:, None]).sum(axis=2), atol=1e-9)


@given(st.integers(2, 60), st.data())
def test_a_step_adds_by_the_weight_of_its_own_block(length: int, data: st.DataObject) -> None:
    lags, lag = blocks(length), data.draw(st.integers(0, length - 1))
    block = int(np.flatnonzero((lags[:, 0] <= lag) & (lag <= lags[:, 1]))[0])
    values = np.zeros((1, length))
    values[0, length - 1 - lag] = 6.0
    weights = np.arange(1.0, len(lags) + 1)[None, None]
    found = by_step(weights, values, lags)[0, 0]
    assert np.flatnonzero(found).tolist() == [length - 1 - lag]
    size = lags[block, 1] - lags[block, 0] + 1
    np.testing.assert_allclose(found.sum(), 6.0 * (block + 1) / size)


def test_the_reference_is_nothing_for_rain_and_changes_and_the_mean_for_all_else() -> None:
    c = cases(0)
    marks, lags, totals = from_nothing(c), len(blocks(c.target.shape[1])), c.totals.shape[2]
    assert len(marks) == past_columns(c, model().unit, model().centre).shape[1]
    assert marks[: lags - 1].all() and not marks[lags - 1], "the river's own changes, and its level"
    for v, kind in enumerate(c.kinds):
        start = lags + v * (lags + totals)
        own, rest = marks[start : start + lags], marks[start + lags : start + lags + totals]
        assert not rest.any()
        assert own.all() if kind == "rain" else not own[0]
        assert own[1:].any() == (kind != "pet")


@settings(max_examples=10)
@given(SEEDS, st.booleans(), st.sampled_from([0.0, 0.2]))
def test_the_parts_of_a_form_are_its_weights_times_its_columns(seed: int, ahead: bool, gaps: float) -> None:
    """Before any limit: what is there as it was read, what is missing as it is expected. Of leads up to which the rain
    is not known nothing is said: they are forecast by the other form."""
    c, m = cases(seed, gaps, future=True), model()
    form, raw = m.forms[int(ahead)], past_columns(c, m.unit, m.centre)
    found = explain_form(m, form, c, LAYOUT.stations, ahead=ahead)
    past = np.where(np.isfinite(raw), raw - m.mean, columns(m, c, c.rows))
    change = np.einsum("nhc,nc->nh", form.past, past) + form.bias
    known = np.repeat(np.isfinite(c.base)[:, None], change.shape[1], axis=1)
    if ahead:
        coming = future_columns(c, m.unit, m.centre)
        change = change + np.einsum("nhd,nhd->nh", form.ahead, np.nan_to_num(coming))
        known &= np.isfinite(coming).all(axis=2)
    np.testing.assert_allclose(found.median[known], (c.base[:, None] + change)[known], rtol=1e-4, atol=1e-4)


@settings(max_examples=10)
@given(SEEDS, st.booleans(), st.sampled_from([0.0, 0.3]))
def test_all_parts_make_the_median_limits_included(seed: int, future: bool, gaps: float) -> None:
    c = cases(seed, gaps, future)
    found = explain(model(), c, LAYOUT.stations)
    known = np.isfinite(c.base)
    np.testing.assert_allclose(found.median[known], median(c)[known], rtol=1e-5, atol=1e-5)


@settings(max_examples=10)
@given(SEEDS, st.permutations(range(len(LAYOUT.stations))))
def test_the_order_of_the_stations_changes_nothing(seed: int, order: list[int]) -> None:
    c = cases(seed, 0.1)
    one = explain(model(), c, LAYOUT.stations)
    other = explain(model(), c.take(np.array(order)), tuple(LAYOUT.stations[i] for i in order))
    for name in ("base", "own", "inputs", "before"):
        np.testing.assert_allclose(getattr(other, name), getattr(one, name)[order], rtol=1e-5, atol=1e-8, err_msg=name)


def test_rain_of_a_step_ahead_adds_nothing_to_the_leads_before_it() -> None:
    c, p, h = cases(4), LAYOUT.past, LAYOUT.horizon
    wet = replace(c, future=np.where(np.isfinite(c.future), 5.0, c.future))
    found = explain(model(), wet, LAYOUT.stations).inputs[:, :, p:]
    for lead in range(h):
        np.testing.assert_array_equal(found[:, lead, lead + 1 :], 0.0)
    assert np.abs(found).max() > 0


def test_without_rain_to_come_no_step_ahead_has_a_part_and_all_that_is_there_leaves_nothing_estimated() -> None:
    c = cases(2, future=False)
    found = explain(model(), c, LAYOUT.stations)
    np.testing.assert_array_equal(found.inputs[:, :, LAYOUT.past :], 0.0)
    raw = past_columns(c, model().unit, model().centre)
    complete = np.isfinite(raw).all(axis=1)
    np.testing.assert_array_equal(found.lines[ESTIMATED][complete], 0.0)
    silent = replace(c, inputs=np.where(np.arange(c.inputs.shape[2]) == 2, np.nan, c.inputs))
    assert np.abs(explain(model(), silent, LAYOUT.stations).lines[ESTIMATED]).max() > 0
