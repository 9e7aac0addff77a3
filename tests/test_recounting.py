"""Running totals follow what correctors did to the window: as the buffer would have counted it, in cycle and record."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin import Flag, History, Signal
from hydria_plugin.recounting import recounted, recounted_history
from hydria_plugin.testing.samples import HOUR, sample_history, sample_layout, window_of
from hydria_plugin.totals import totals_over
from hydria_plugin.values import Floats

PAST = 12
DURATIONS = tuple(n * HOUR for n in (4, 12, 40))


def record(gaps: float = 0.0, seed: int = 1) -> History:
    """Two stations with a rain gauge and a level; totals as the buffer counts them."""
    history = sample_history(sample_layout(2, 2, PAST, 4), 200, seed, gaps)
    return replace(history, totals=totals_of(history.inputs.values), durations=DURATIONS)


def totals_of(inputs: Floats) -> Floats:
    s, t, v = inputs.shape
    columns = inputs.transpose(1, 0, 2).reshape(t, s * v)
    known = totals_over(columns, 0, np.arange(t), [4, 12, 40], np.tile([True, False], s))
    return known.reshape(t, s, v, len(DURATIONS)).transpose(1, 0, 2, 3)


def with_inputs(history: History, values: Floats) -> History:
    return replace(history, inputs=Signal.measured(values))


def test_nothing_changed_keeps_the_totals() -> None:
    window = window_of(record(), 100)
    assert recounted(window, window) is window
    same = replace(window, past=window.past.each(lambda a: a.copy()))
    assert recounted(window, same) is same


def test_a_removed_value_is_a_gap_of_the_totals() -> None:
    """The buffer counts a gap the same way: the sum of the rest, scaled up."""
    history = record()
    values = history.inputs.values.copy()
    values[0, 95, 0], values[1, 99, 1] = np.nan, np.nan
    broken = with_inputs(history, values)
    after = recounted(window_of(history, 100), window_of(broken, 100))
    np.testing.assert_allclose(after.antecedent, totals_of(values)[:, 100], rtol=1e-6)


def test_a_filled_value_counts() -> None:
    history = record()
    values = history.inputs.values.copy()
    gaps = values.copy()
    gaps[:, 92:97] = np.nan
    received = replace(with_inputs(history, gaps), totals=totals_of(gaps))
    after = recounted(window_of(received, 100), window_of(history, 100))
    np.testing.assert_allclose(after.antecedent, history.totals[:, 100], rtol=1e-6)


def test_what_failed_in_the_host_was_never_counted() -> None:
    history = record()
    values = history.inputs.values.copy()
    values[0, 98, 0] = 500.0
    flags = np.full(values.shape, np.uint8(Flag.GOOD))
    flags[0, 98, 0] = Flag.FAIL
    counted = history.inputs.values.copy()
    counted[0, 98, 0] = np.nan
    host = replace(history, inputs=Signal.measured(values, flags), totals=totals_of(counted))
    cleaned = replace(host, inputs=replace(host.inputs, values=counted))
    after = recounted(window_of(host, 100), window_of(cleaned, 100))
    np.testing.assert_allclose(after.antecedent, host.totals[:, 100], rtol=1e-6)


def test_too_few_values_are_no_total() -> None:
    history = record()
    values = history.inputs.values.copy()
    values[0, 89:101, 0] = np.nan
    after = recounted(window_of(history, 100), window_of(with_inputs(history, values), 100))
    assert np.isnan(after.antecedent[0, 0, :2]).all() and np.isfinite(after.antecedent[0, 0, 2])
    np.testing.assert_allclose(after.antecedent[1], history.totals[1, 100])


def test_a_total_that_fits_in_the_window_comes_back_with_its_values() -> None:
    """Long silent in the buffer; where a corrector fills the window, the short totals are known again."""
    history = record()
    gaps = history.inputs.values.copy()
    gaps[:, 40:101] = np.nan
    received = replace(with_inputs(history, gaps), totals=totals_of(gaps))
    before = window_of(received, 100)
    after = recounted(before, replace(window_of(history, 100), antecedent=before.antecedent))
    np.testing.assert_allclose(after.antecedent[:, :, :2], history.totals[:, 100, :, :2], rtol=1e-6)
    assert np.isnan(after.antecedent[:, :, 2]).all(), "the window knows nothing of the steps before it"
    told = recounted(before, window_of(history, 100))
    np.testing.assert_allclose(
        told.antecedent, history.totals[:, 100], rtol=1e-6
    )  # what a corrector says of them stands


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_a_record_is_recounted_as_its_windows_are(seed: int) -> None:
    rng = np.random.default_rng(seed)
    history = record(gaps=0.1, seed=seed)
    values = history.inputs.values.copy()
    lost, filled = rng.random(values.shape) < 0.05, np.isnan(values) & (rng.random(values.shape) < 0.5)
    values[lost], values[filled] = np.nan, 1.0
    after = recounted_history(history, with_inputs(history, values))
    for at in rng.integers(PAST - 1, 200, 5):
        window = recounted(window_of(history, int(at)), window_of(after, int(at)))
        np.testing.assert_allclose(after.totals[:, at], window.antecedent, rtol=1e-9, atol=1e-9)
