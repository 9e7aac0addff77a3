"""Gaps for training come in streaks, and never take all that a forecast starts from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydria_plugin.forecasters.lstm.gaps import LAST_OUT, RAIN_OUT, SLOT_OUT, lately, neighbours, streaks, with_gaps
from hydria_plugin.forecasters.lstm.sequences import read

from .small import MAX_AGE, lessons, record, some_sequences

KINDS = record().layout.kinds


@given(st.integers(1, 40), st.integers(1, 60), st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_a_streak_is_one_run(n: int, t: int, share: float, seed: int) -> None:
    out = streaks(n, t, share, np.random.default_rng(seed))
    starts = (np.diff(out.astype(int), axis=1, prepend=0) == 1).sum(axis=1)
    assert out.shape == (n, t)
    assert starts.max() <= 1


def test_streaks_are_as_frequent_as_said_and_many_reach_the_newest_step() -> None:
    out = streaks(20_000, 48, 0.2, np.random.default_rng(1))
    hit = out.any(axis=1)
    assert hit.mean() == pytest.approx(0.2, abs=0.01)
    assert 0.4 < out[hit][:, -1].mean() < 0.7, "an outage at the issue time is what matters most"


@given(st.integers(0, 8), st.integers(0, 2**32 - 1))
def test_the_newest_steps_fall_silent_for_no_longer_than_is_carried(max_age: int, seed: int) -> None:
    out = lately(200, 30, max_age, np.random.default_rng(seed))
    assert out.sum(axis=1).max() <= max_age
    np.testing.assert_array_equal(out, np.maximum.accumulate(out, axis=1))


def test_every_case_keeps_a_value_to_start_from() -> None:
    s = lessons().cases
    for seed in range(5):
        gapped = with_gaps(s, KINDS, MAX_AGE, np.random.default_rng(seed))
        assert np.isfinite(read(gapped, MAX_AGE).base).all()


def test_gaps_hide_and_never_invent() -> None:
    s = lessons().cases
    gapped = with_gaps(s, KINDS, MAX_AGE, np.random.default_rng(3))
    level = [v for v, kind in enumerate(KINDS) if kind != "rain"]
    for before, after in ((s.target, gapped.target), (s.inputs[:, :, level], gapped.inputs[:, :, level])):
        same = (before == after) | np.isnan(after)
        assert same.all()
        assert np.isnan(after).sum() > np.isnan(before).sum()


def test_as_many_gauges_fall_silent_as_said() -> None:
    s = some_sequences(count=500)
    whole = np.flatnonzero(np.isfinite(s.target).all(axis=1) & np.isfinite(s.inputs).all(axis=(1, 2)))
    gapped = with_gaps(s.take(whole), KINDS, MAX_AGE, np.random.default_rng(4))
    river, rain = np.isnan(gapped.inputs[:, :, 2]).any(axis=1), np.isnan(gapped.inputs[:, :, 0]).any(axis=1)
    assert river.mean() == pytest.approx(SLOT_OUT, abs=0.04)
    assert rain.mean() == pytest.approx(RAIN_OUT, abs=0.03)
    assert np.isnan(gapped.target[:, -1]).mean() > 0.5 * LAST_OUT


def test_a_silent_rain_gauge_reports_the_mean_of_the_others() -> None:
    gauges = np.array([[[1.0, 3.0, 5.0], [2.0, 4.0, 6.0]]])
    left = gauges.copy()
    left[0, 0, 0] = np.nan
    left[0, 1] = np.nan
    filled = neighbours(left, gauges)
    np.testing.assert_array_equal(filled, [[[4.0, 3.0, 5.0], [2.0, 4.0, 6.0]]])


def test_a_lone_gauge_that_falls_silent_is_left_as_it_was() -> None:
    """Its own outages come by the draw for all gauges at once."""
    gauges = np.ones((2, 3, 1))
    np.testing.assert_array_equal(neighbours(np.full_like(gauges, np.nan), gauges), gauges)


def test_the_same_generator_draws_the_same_gaps() -> None:
    s = some_sequences()
    a, b = (with_gaps(s, KINDS, MAX_AGE, np.random.default_rng(8)) for _ in range(2))
    np.testing.assert_array_equal(a.target, b.target)
    np.testing.assert_array_equal(a.inputs, b.inputs)


def test_no_inputs_no_gaps() -> None:
    s = some_sequences()
    bare = with_gaps(type(s)(s.inputs[:, :, :0], *(getattr(s, f) for f in list(s.__dataclass_fields__)[1:])), (), 0,
                     np.random.default_rng(1))  # fmt: skip
    assert bare.inputs.shape[2] == 0
