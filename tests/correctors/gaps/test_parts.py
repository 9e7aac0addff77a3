"""How the gaps are parted, and on how many threads they are filled, changes no fill."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin import Signal
from hydria_plugin.correctors.gaps import filling, rivers
from hydria_plugin.correctors.gaps.filling import fill
from hydria_plugin.correctors.gaps.fit import fit_model, told_of
from hydria_plugin.correctors.gaps.neighbours import estimate, left_over, weights_for
from hydria_plugin.correctors.gaps.series import Fills, Series, known
from tests.correctors.threads import threads

from .records import basin, first_two_thirds, record

RECORD = basin(1500)
MODEL = fit_model(RECORD, first_two_thirds(RECORD), 1)
SERIES = Series.of(RECORD.layout)
WEB = MODEL.web(SERIES)


def filled(seed: int, causal: bool) -> Fills:
    """A stretch of the record of which a part is lost, at random and throughout."""
    rng, start = np.random.default_rng(seed), int(np.random.default_rng(seed).integers(0, 1400))
    target, inputs = (np.array(s.values)[:, start : start + 60] for s in (RECORD.target, RECORD.inputs))
    target[rng.random(target.shape) < 0.3] = np.nan
    inputs[rng.random(inputs.shape) < rng.choice([0.02, 0.3])] = np.nan
    inputs[:, 20:35, int(rng.integers(0, 4))] = np.nan
    history = record(RECORD.layout, target, inputs)
    assert isinstance(history.target, Signal)
    told = told_of(history, SERIES, SERIES.gather(known(history.target), known(history.inputs)))
    return fill(MODEL, WEB, told, causal)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.booleans(), st.integers(1, 5), st.integers(1, 40))
def test_neither_the_parts_nor_the_threads_change_a_fill(seed: int, causal: bool, many: int, cells: int) -> None:
    expected = filled(seed, causal)
    assert len(expected) > 20
    with pytest.MonkeyPatch.context() as patch, threads(many):
        patch.setattr(rivers, "CELLS", cells)
        patch.setattr(filling, "CELLS", cells)
        found = filled(seed, causal)
    for name in (f.name for f in fields(Fills)):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)


@given(st.integers(0, 10_000))
def test_a_gauge_asked_for_often_is_as_sure_as_asked_for_once(seed: int) -> None:
    rng = np.random.default_rng(seed)
    gauges = np.flatnonzero(SERIES.is_rain)
    rows = WEB.rows[rng.choice(gauges, 12)]
    beside = rng.gamma(1.0, 2.0, (12, MODEL.neighbours.products.shape[1] - 1))
    beside[rng.random(beside.shape) < 0.4] = np.nan
    value, sigma = estimate(MODEL.neighbours, rows, beside)
    for c in range(12):
        (one,), (sure,) = estimate(MODEL.neighbours, rows[[c]], beside[[c]])
        np.testing.assert_equal((value[c], sigma[c]), (one, sure))
        products, speaks = MODEL.neighbours.products[rows[[c]]], np.isfinite(beside[[c]])
        least = left_over(products, weights_for(products, np.ones(speaks.shape, dtype=bool)))
        low, high = MODEL.neighbours.error[rows[c]]
        if np.isfinite(one):
            wider = left_over(products, weights_for(products, speaks)) / np.maximum(least, 1e-12)
            np.testing.assert_allclose(sure**2, (low + high * one**2) * np.maximum(wider, 1.0))
