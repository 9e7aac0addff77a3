"""Laws of what learning sees: no flood on both sides, in whatever order the stations stand, nothing from later."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hydria_plugin import History, Signal, Split
from hydria_plugin.learning.events import find_events, station_events, units
from hydria_plugin.learning.judging import last_of, truth_of
from hydria_plugin.learning.splits import everything, folds, quiet_near, split, why_degraded
from hydria_plugin.testing.samples import sample_history, sample_layout

HORIZON = 4
PARTS = ("fit", "stop", "test")


def of_target(values: np.ndarray) -> History:
    """(S, T) as a record without inputs."""
    layout = sample_layout(stations=len(values), slots=0, past=8, horizon=HORIZON)
    history = sample_history(layout, steps=values.shape[1], gaps=0.0)
    return replace(history, target=Signal.measured(values))


@st.composite
def records(draw: st.DrawFn, stations: int = 4, fewest: int = 0) -> np.ndarray:
    """(S, T) floods of any height, width and place at every station, some common to all; and gaps."""
    s, t = draw(st.integers(1, stations)), draw(st.integers(200, 500))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    values = 0.5 + 0.01 * rng.random((s, t))
    for _ in range(draw(st.integers(fewest, 12))):
        at, width, height = rng.integers(0, t), rng.integers(1, 15), rng.uniform(0.2, 5)
        bump = height * np.exp(-0.5 * ((np.arange(t) - at) / width) ** 2)
        values += bump * (rng.random((s, 1)) < 0.6)
    values[rng.random((s, t)) < draw(st.sampled_from([0.0, 0.01, 0.3]))] = np.nan
    return values


@settings(max_examples=60)
@given(records(stations=1))
def test_no_flood_of_a_station_is_learned_from_and_tested_on(record: np.ndarray) -> None:
    """Where a tenth of the record has room beside it, in the short ones without three floods too."""
    history = of_target(record)
    parts = split(history)
    (events,) = station_events(history)
    t = len(history)
    for i, (start, stop) in enumerate(zip(events.starts, events.stops, strict=True)):
        if why_degraded(history) and stop - start >= t // 10:
            continue
        about = parts.events[0] == i  # the issue times whose horizon touches it
        learned, tested = (parts.fit | parts.stop)[0, about].any(), parts.test[0, about].any()
        assert not (learned and tested), (start, stop)


@settings(max_examples=60)
@given(records(), st.randoms(use_true_random=False))
def test_the_order_of_the_stations_changes_nothing(record: np.ndarray, random: object) -> None:
    history = of_target(record)
    order = list(range(len(history.layout.stations)))
    random.shuffle(order)  # type: ignore[attr-defined]
    turned = of_target(history.target.values[order])
    mine, its = split(history), split(turned)
    for name in (*PARTS, "events"):
        assert np.array_equal(getattr(mine, name)[order], getattr(its, name)), name
    assert why_degraded(history) == why_degraded(turned)
    for one, other in zip(folds(history, mine, 3), folds(turned, its, 3), strict=True):
        assert np.array_equal(one.test[order], other.test)


def no_shared_truth(parts: Split) -> None:
    for row in range(len(parts.fit)):
        of_test = {t + f for t in np.flatnonzero(parts.test[row]) for f in range(1, HORIZON + 1)}
        of_rest = {t + f for t in np.flatnonzero((parts.fit | parts.stop)[row]) for f in range(1, HORIZON + 1)}
        assert not of_test & of_rest


@settings(max_examples=40)
@given(records(), st.integers(2, 5))
def test_parts_and_folds_never_share_a_step_or_a_truth(record: np.ndarray, k: int) -> None:
    history = of_target(record)
    parts = split(history)
    assert not (parts.fit & parts.stop).any() and not ((parts.fit | parts.stop) & parts.test).any()
    no_shared_truth(parts)
    for fold in folds(history, parts, k):
        no_shared_truth(fold)
        assert not (fold.test & parts.test).any()
    whole = everything(history, parts)
    assert not whole.test.any() and not (whole.fit & whole.stop).any() and (whole.stop >= parts.stop).all()


@settings(max_examples=40)
@given(records(fewest=1), st.floats(-100, 100), st.floats(0.01, 100))
def test_floods_are_the_same_in_any_unit_and_from_any_datum(record: np.ndarray, datum: float, scale: float) -> None:
    history = of_target(record)
    values = history.target.values[0]
    assume(len(np.unique(values[np.isfinite(values)])) > 50)
    one, other = find_events(values, 24), find_events(values * scale + datum, 24)
    assert np.array_equal(one.peaks, other.peaks) and np.array_equal(one.starts, other.starts)
    assert other.heights == pytest.approx(one.heights * scale, rel=1e-6, abs=1e-9)


@settings(max_examples=40)
@given(records(), st.data())
def test_what_a_model_is_judged_by_knows_no_later_value(record: np.ndarray, data: st.DataObject) -> None:
    """The last value held comes from before the issue time, the truth from after it."""
    history = of_target(record)
    at = np.array([data.draw(st.integers(8, len(history) - 2))])
    values = np.array(history.target.values)
    later, earlier = values.copy(), values.copy()
    later[:, at[0] + 1 :] += 7.0
    earlier[:, : at[0] + 1] += 7.0
    assert np.array_equal(last_of(history, at), last_of(of_target(later), at), equal_nan=True)
    assert np.array_equal(truth_of(history, at), truth_of(of_target(earlier), at), equal_nan=True)


def test_a_lone_flood_at_the_boundary_stays_whole() -> None:
    values = np.full((1, 500), 0.5)
    values[0, 290:310] = 3.0
    values[0, 395:405] = 2.0
    history = of_target(values)
    assert why_degraded(history)
    parts = split(history)
    for flood in (slice(290, 310), slice(395, 405)):
        assert sum(bool(getattr(parts, name)[0, flood].any()) for name in PARTS) == 1
    assert all(getattr(parts, name)[0].any() for name in PARTS)


def test_a_flood_without_end_is_cut_where_it_was_asked() -> None:
    events = (find_events(np.r_[np.zeros(10), np.ones(490)], 24, threshold=0.5),)
    assert quiet_near(300, 500, events) == 300


@given(st.lists(st.integers(-1, 3), min_size=1, max_size=60))
def test_every_step_belongs_to_the_nearest_flood(row: list[int]) -> None:
    numbers = np.array([row])
    found = units(numbers)[0]
    there = np.flatnonzero(numbers[0] >= 0)
    for t, unit in enumerate(found):
        if len(there):
            near = np.abs(there - t)
            assert unit in numbers[0, there[near == near.min()]]
        else:
            assert unit == 0
