"""Splits: the largest flood held out, no leakage over the gaps, folds that cover the pool."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin import History, Split
from hydria_plugin.learning.events import station_events
from hydria_plugin.learning.splits import everything, folds, split, steady, why_degraded
from hydria_plugin.testing.samples import sample_history, sample_layout


def targets_of(steps: np.ndarray, horizon: int) -> set[int]:
    return {int(t) + f for t in steps for f in range(1, horizon + 1)}


def assert_no_shared_truth(parts: Split, horizon: int) -> None:
    for s in range(len(parts.fit)):
        sets = [targets_of(np.flatnonzero(p[s]), horizon) for p in (parts.fit | parts.stop, parts.test)]
        assert not sets[0] & sets[1]


@pytest.fixture(scope="module")
def history() -> History:
    return sample_history(steps=3000, gaps=0.005)


def test_the_largest_flood_is_in_the_test_of_every_station(history: History) -> None:
    parts = split(history)
    for s, events in enumerate(station_events(history)):
        peak = int(events.peaks[events.largest])
        about = slice(peak - history.layout.horizon, peak)  # issue times whose horizon holds the peak
        assert parts.test[s, about].any()
        assert not (parts.fit | parts.stop)[s, about].any()


def test_parts_share_no_step_and_no_truth(history: History) -> None:
    parts = split(history)
    assert not (parts.fit & parts.stop).any() and not (parts.fit & parts.test).any()
    assert_no_shared_truth(parts, history.layout.horizon)
    for part in (parts.fit, parts.stop, parts.test):
        assert part.any(axis=1).all()
        assert not part[:, : history.layout.past - 1].any()
        assert not part[:, -1].any()


def test_most_of_the_record_fits(history: History) -> None:
    parts = split(history)
    share = parts.fit.sum() / (parts.fit | parts.stop | parts.test).sum()
    assert 0.35 < share < 0.75


def test_it_is_deterministic(history: History) -> None:
    one, other = split(history), split(history)
    assert np.array_equal(one.fit, other.fit) and np.array_equal(one.test, other.test)


def test_few_events_are_split_by_time_and_said_so() -> None:
    short = sample_history(sample_layout(stations=1, slots=1, past=6, horizon=3), steps=120, gaps=0.0)
    values = np.full((1, 120), 0.5)
    values[0, 30:35] = 2.0
    object.__setattr__(short, "target", type(short.target).measured(values))
    parts = split(short)
    assert "1 independent flood events" in why_degraded(short)
    assert (
        np.flatnonzero(parts.test[0]).min() > np.flatnonzero(parts.stop[0]).max() > np.flatnonzero(parts.fit[0]).max()
    )
    assert_no_shared_truth(parts, 3)


def test_enough_events_are_not_degraded(history: History) -> None:
    assert why_degraded(history) == ""


def test_a_constant_record_splits_without_events() -> None:
    flat = sample_history(sample_layout(stations=1, slots=1), steps=200, gaps=0.0)
    object.__setattr__(flat, "target", type(flat.target).measured(np.full((1, 200), 0.7)))
    parts = split(flat)
    assert parts.fit.any() and parts.test.any() and (parts.events == -1).all()
    assert "0 independent flood events" in why_degraded(flat)


def test_folds_cover_the_pool_and_leak_nothing(history: History) -> None:
    whole = split(history)
    pool = whole.fit | whole.stop
    cut = folds(history, whole, 4)
    assert len(cut) == 4
    covered = np.zeros_like(pool)
    for fold in cut:
        assert_no_shared_truth(fold, history.layout.horizon)
        assert not (covered & fold.test).any()
        assert not (fold.test & ~pool).any() and not (fold.test & whole.test).any()
        assert fold.fit.any()
        covered |= fold.test
    assert covered.sum() > 0.8 * pool.sum()


def test_folds_have_floods_alike(history: History) -> None:
    whole = split(history)
    y = np.nan_to_num(history.target.values[0])
    peaks = [y[np.flatnonzero(fold.test[0])].max() for fold in folds(history, whole, 3)]
    assert min(peaks) > 0.4 * max(peaks)


def test_folds_without_events_are_halves_in_time() -> None:
    flat = sample_history(sample_layout(stations=1, slots=1), steps=300, gaps=0.0)
    object.__setattr__(flat, "target", type(flat.target).measured(np.full((1, 300), 0.7)))
    one, other = folds(flat, split(flat), 4)
    assert np.flatnonzero(one.test[0]).max() < np.flatnonzero(other.test[0]).min()


def test_one_fold_is_no_cross_validation(history: History) -> None:
    with pytest.raises(ValueError, match="at least 2 folds, not 1"):
        folds(history, split(history), 1)


def test_everything_uses_the_test_part_too(history: History) -> None:
    parts = split(history)
    whole = everything(history, parts)
    assert not whole.test.any()
    assert (whole.fit[parts.test]).mean() > 0.9
    assert whole.stop.sum() >= parts.stop.sum()
    assert not (whole.fit & whole.stop).any()


def test_many_stations_in_flood_all_the_time_are_cut_at_quiet_steps() -> None:
    layout = sample_layout(stations=12, slots=2, past=12, horizon=3)
    many = sample_history(layout, steps=1500, gaps=0.0)
    rng = np.random.default_rng(3)
    shifted = np.stack([np.roll(row, int(rng.integers(1500))) for row in many.target.values])
    object.__setattr__(many, "target", type(many.target).measured(shifted))
    parts = split(many)
    assert_no_shared_truth(parts, 3)
    assert parts.fit.any(axis=1).all() and parts.test.any(axis=1).all()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 2), min_size=1, max_size=60), st.integers(1, 8))
def test_steady_means_no_change_within_the_horizon(parts: list[int], horizon: int) -> None:
    row = np.array(parts)
    got = steady(row[None], horizon)[0]
    for t in range(len(row)):
        assert got[t] == (len(set(row[t : t + horizon + 1].tolist())) == 1)
