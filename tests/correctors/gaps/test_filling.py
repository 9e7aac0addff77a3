"""Filling: causality, whose gap is filled, by which method, and what is never touched."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin import History
from hydria_plugin.correctors.gaps.filling import (
    CLIMATOLOGY,
    FILTER,
    FRESH,
    NEIGHBOURS,
    RAIN,
    SMOOTHER,
    UPSTREAM,
    Told,
    basin_rain,
    fill,
    joined,
    named,
    next_of,
    own_steps,
    rivers_held,
    shown_of,
    usual_along,
    without_rivers,
)
from hydria_plugin.correctors.gaps.fit import fit_model, told_of
from hydria_plugin.correctors.gaps.model import Model, unfitted
from hydria_plugin.correctors.gaps.rivers import Cells, scaled
from hydria_plugin.correctors.gaps.series import ABSENT, Fills, Series, known
from hydria_plugin.correctors.gaps.web import Web

from .records import basin, first_two_thirds

RECORD = basin(1500)
MODEL = fit_model(RECORD, first_two_thirds(RECORD), 1)
SERIES = Series.of(RECORD.layout)
WEB = MODEL.web(SERIES)
DOWN, UP = SERIES.names.index("down"), SERIES.names.index("up")
GAUGES = [SERIES.names.index(name) for name in ("r1", "r2", "r3")]
LENGTH = 60
INTS = st.integers(0, 10_000)


def told(history: History = RECORD, start: int = 1300, length: int = LENGTH) -> Told:
    """A stretch of the record without gaps."""
    whole = told_of(history, SERIES, SERIES.gather(known(history.target), known(history.inputs)))
    part = slice(start, start + length)
    return replace(whole, values=whole.values[:, part], times=whole.times[part], totals=whole.totals[:, part])


def silent(t: Told, series: int | list[int], steps: slice | np.ndarray) -> Told:
    values = np.array(t.values)
    for one in [series] if isinstance(series, int) else series:
        values[one, steps] = np.nan
    return replace(t, values=values)


def holed(t: Told, seed: int, share: float = 0.3) -> Told:
    return replace(t, values=np.where(np.random.default_rng(seed).random(t.values.shape) < share, np.nan, t.values))


def table(fills: Fills, t: Told) -> np.ndarray:
    """(B, L) what is there, the fills in it."""
    out = np.array(t.values)
    out[fills.series, fills.step] = fills.values
    return out


@pytest.mark.parametrize("model", [MODEL, None], ids=["trained", "untrained"])
@settings(max_examples=12)
@given(seed=INTS, causal=st.booleans())
def test_only_gaps_are_filled_each_once_and_with_a_standard_error(model: Model | None, seed: int, causal: bool) -> None:
    t = holed(told(), seed)
    found = fill(model, WEB if model else unfitted(SERIES), t, causal)
    assert np.isnan(t.values[found.series, found.step]).all()
    assert len(set(zip(found.series.tolist(), found.step.tolist(), strict=True))) == len(found)
    assert np.isfinite(found.values).all() and (found.sigma > 0).all() and np.isfinite(found.sigma).all()
    assert (found.values[np.isin(found.series, GAUGES)] >= 0).all(), "no negative rain"


@pytest.mark.parametrize("model", [MODEL, None], ids=["trained", "untrained"])
@settings(max_examples=12)
@given(seed=INTS, now=st.integers(1, LENGTH - 2))
def test_what_comes_later_changes_no_causal_fill(model: Model | None, seed: int, now: int) -> None:
    web = WEB if model else unfitted(SERIES)
    one = holed(told(), seed)
    changed = np.array(one.values)
    changed[:, now + 1 :] = changed[::-1, now + 1 :] + 3.0
    one, two = (table(fill(model, web, t, causal=True), t) for t in (one, replace(one, values=changed)))
    np.testing.assert_allclose(one[:, : now + 1], two[:, : now + 1], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("lost", [[DOWN], [DOWN, UP], [DOWN, UP, *GAUGES]], ids=["alone", "with upstream", "all"])
def test_within_a_window_what_came_later_is_shared_out_backwards(lost: list[int]) -> None:
    gap = silent(told(), lost, slice(20, 30))
    higher = np.array(gap.values)
    higher[DOWN, 30] += 1.0
    low, high = (fill(MODEL, WEB, t, causal=False) for t in (gap, replace(gap, values=higher)))
    mine = low.series == DOWN
    rise = (high.values - low.values)[mine]
    assert (rise > 0).all() and (rise <= 1 + 1e-9).all(), "never more than what showed"
    assert rise[-1] >= rise[1]
    assert (low.method[mine] == SMOOTHER).all()


@settings(max_examples=12)
@given(seed=INTS, causal=st.booleans())
def test_the_order_of_the_series_changes_nothing(seed: int, causal: bool) -> None:
    t, order = holed(told(), seed), np.random.default_rng(seed).permutation(len(SERIES.names))
    place = np.append(np.argsort(order), ABSENT)
    moved = {f: place[getattr(WEB, f)[order]] for f in ("near", "rivers", "tells", "rain")}
    web = Web(WEB.rows[order], **moved, is_rain=WEB.is_rain[order], filled=WEB.filled[order])
    other = replace(t, values=t.values[order], home=t.home[order], refused=t.refused[order])
    mine, its = table(fill(MODEL, WEB, t, causal), t), table(fill(MODEL, web, other, causal), other)
    np.testing.assert_allclose(its, mine[order], rtol=1e-9, atol=1e-12)


@settings(max_examples=8)
@given(seed=INTS, start=st.integers(1200, 1400))
def test_windows_side_by_side_are_filled_as_each_by_itself(seed: int, start: int) -> None:
    a, b = holed(told(), seed), holed(told(start=start), seed + 1)
    both = Told(
        np.concatenate([a.values, b.values]),
        np.concatenate([np.tile(t.times, (len(SERIES.names), 1)) for t in (a, b)]),
        np.concatenate([a.totals, b.totals]),
        np.concatenate([a.rain_slots, b.rain_slots]),
        np.concatenate([a.home, b.home + 1]),
        np.concatenate([a.refused, b.refused]),
    )
    found = table(fill(MODEL, WEB.tiled(2), both, causal=False), both)
    alone = np.concatenate([table(fill(MODEL, WEB, t, causal=False), t) for t in (a, b)])
    np.testing.assert_allclose(found, alone, rtol=1e-9, atol=1e-12)


def test_a_record_without_gaps_has_no_fills_and_a_simulation_is_never_filled() -> None:
    assert len(fill(MODEL, WEB, told(), causal=False)) == 0
    web = replace(WEB, filled=np.arange(len(SERIES.names)) != UP)
    found = fill(MODEL, web, silent(told(), [UP, DOWN], slice(10, 20)), causal=True)
    assert set(found.series.tolist()) == {DOWN}


def test_the_method_says_who_spoke() -> None:
    steps, last = slice(40, 50), LENGTH - 1
    upstream = fill(MODEL, WEB, silent(told(), DOWN, slice(40, None)), causal=True)
    assert (upstream.method == UPSTREAM).all()
    rain = fill(MODEL, WEB, silent(told(), [DOWN, UP], slice(40, None)), causal=True)
    late = rain.step >= 45
    assert (rain.method[late] == RAIN).all()
    alone = fill(MODEL, WEB, silent(told(), [DOWN, UP, *GAUGES], slice(40, None)), causal=True)
    assert (alone.method[(alone.step == last) & (alone.series == DOWN)] == FILTER).all()
    gauge = fill(MODEL, WEB, silent(told(), GAUGES[0], steps), causal=False)
    assert (gauge.method == NEIGHBOURS).all()
    lonely = fill(MODEL, WEB, silent(told(), GAUGES, np.array([45])), causal=False)
    assert (lonely.method == SMOOTHER).all()
    before = fill(MODEL, WEB, silent(told(), GAUGES, np.array([45])), causal=True)
    assert (before.method == FILTER).all(), "only the step before is known"


def test_where_nothing_was_ever_seen_the_target_stays_a_gap_and_an_input_is_the_climatology() -> None:
    found = fill(MODEL, WEB, silent(told(), list(range(len(SERIES.names))), slice(None)), causal=False)
    assert DOWN not in found.series
    assert set(found.method.tolist()) == {CLIMATOLOGY}
    assert (found.values[np.isin(found.series, GAUGES)] == 0).all(), "most often it is dry"
    assert set(found.series.tolist()) == {UP, *GAUGES}


def test_without_a_gauge_the_river_tells_until_its_last_value_is_old() -> None:
    t = silent(silent(told(), GAUGES, slice(30, None)), [UP, DOWN], slice(40, None))
    found = fill(MODEL, WEB, t, causal=True)
    rain = np.isin(found.series, GAUGES)
    by_river = found.step[rain & (found.method == UPSTREAM)]
    assert by_river.max() == 39 + FRESH and set(by_river.tolist()) >= set(range(31, 39 + FRESH + 1))
    assert (found.method[rain & (found.step > 39 + FRESH)] == CLIMATOLOGY).all()


def test_the_fills_of_all_are_joined_and_what_could_not_be_filled_is_left_out() -> None:
    def some(values: list[float], at: int) -> Fills:
        n = len(values)
        return Fills(np.full(n, at), np.arange(n), np.array(values), np.full(n, 1.0 + at), np.full(n, at, np.uint16))

    found = joined(some([1.0, np.nan, 3.0], 0), Fills.none(), some([np.nan, 5.0], 1))
    assert found.values.tolist() == [1.0, 3.0, 5.0]
    assert (found.series.tolist(), found.step.tolist()) == ([0, 0, 1], [0, 2, 1])
    assert (found.sigma.tolist(), found.method.tolist()) == ([1.0, 1.0, 2.0], [0, 0, 1])


def test_a_gauges_own_steps_end_at_the_borders() -> None:
    values = np.arange(8.0).reshape(2, 4)
    b, p = np.array([0, 1, 1]), np.array([0, 1, 3])
    before, after = own_steps(values, b, p, causal=False)
    np.testing.assert_array_equal(before[:, 0], [np.nan, 4.0, 6.0])
    np.testing.assert_array_equal(after[:, 0], [1.0, 6.0, np.nan])
    assert np.isnan(own_steps(values, b, p, causal=True)[1]).all()


def test_the_next_value_at_or_after_each_step() -> None:
    last = np.array([[ABSENT, 1, 1, 3, 3], [ABSENT] * 5, [0, 0, 0, 0, 4]])
    assert next_of(last).tolist() == [[1, 1, 3, 3, ABSENT], [ABSENT] * 5, [0, 4, 4, 4, 4]]


@given(st.lists(st.booleans(), min_size=1, max_size=30))
def test_next_is_last_seen_backwards(there: list[bool]) -> None:
    steps, n = np.arange(len(there)), len(there)
    last = np.maximum.accumulate(np.where(there, steps, ABSENT))
    first_after = [next((k for k in range(s, n) if there[k]), ABSENT) for s in range(n)]
    assert next_of(last[None])[0].tolist() == first_after


def cells(q: list[int], r: list[int]) -> Cells:
    n = len(q)
    index = np.zeros(n, dtype=np.int64)
    return Cells(index, index, np.array(q), np.array(r), index, np.zeros((n, 2), np.int64), np.ones((n, 2), np.int64))


def test_a_later_value_makes_a_smoother_else_the_best_clue_names_it() -> None:
    tier = np.array([3, 2, 1, 0, 0, 3])
    asked = cells([4, 4, 4, 4, ABSENT, 4], [ABSENT] * 5 + [9])
    assert named(asked, tier).tolist() == [UPSTREAM, UPSTREAM, RAIN, FILTER, CLIMATOLOGY, SMOOTHER]
    assert (without_rivers(asked).rivers == ABSENT).all() and (asked.rivers == 0).all()


def test_rivers_are_held_and_before_their_first_value_it_is_led_back() -> None:
    t = silent(silent(told(), UP, slice(0, 5)), UP, slice(20, 30))
    z, last, here = rivers_held(MODEL, WEB, t, np.array([UP]))
    own = scaled(t.values[[UP]], MODEL.rivers.power[WEB.rows[[UP]]][:, None])[0]
    np.testing.assert_array_equal(z[0, :5], own[5])
    np.testing.assert_array_equal(z[0, 20:30], own[19])
    assert (last[0, :5] == ABSENT).all() and (last[0, 20:30] == 19).all() and last[0, 30] == 30
    assert here[UP] == 0 and (np.delete(here, UP) == ABSENT).all() and len(here) == len(SERIES.names) + 1


def test_a_river_is_shown_with_those_beside_it_held_from_the_last_value() -> None:
    t = silent(told(), DOWN, slice(0, 3))
    rows, shown = shown_of(MODEL, WEB, t, Fills.none(), np.array([DOWN]))
    assert set(rows.tolist()) == {DOWN, UP}
    mine = rows.tolist().index(DOWN)
    np.testing.assert_array_equal(shown.z[mine, :3], shown.usual[mine, :3])
    assert shown.last[mine].tolist() == [ABSENT] * 3 + list(range(3, LENGTH))


def test_the_climatology_of_a_window_at_a_time_of_its_own_is_that_of_the_times() -> None:
    t = told()
    rows = np.array([DOWN, UP])
    each = replace(t, times=np.tile(t.times, (len(SERIES.names), 1)))
    np.testing.assert_allclose(
        usual_along(MODEL, t, rows, WEB.rows[rows]), usual_along(MODEL, each, rows, WEB.rows[rows]), rtol=1e-12
    )
    b, p = np.array([UP, DOWN]), np.array([7, 9])
    np.testing.assert_array_equal(t.basis(b, p), each.basis(b, p))


def test_the_rain_of_a_basin_is_the_mean_of_the_gauges_that_spoke_and_of_those_filled() -> None:
    t = silent(told(), GAUGES, slice(10, 12))
    t = silent(t, GAUGES[0], slice(None))
    depth, spoken = basin_rain(WEB, t, Fills.none(), np.array([DOWN]))
    mean = np.nan_to_num(t.values[GAUGES[1:]].mean(axis=0))
    np.testing.assert_allclose(depth[0], np.concatenate([[0.0], np.cumsum(mean)]))
    assert spoken[0].tolist() == [*range(11), 10, 10, *range(11, LENGTH - 1)]
    one = np.array([GAUGES[0]]), np.array([10]), np.array([6.0]), np.ones(1)
    filled, heard = basin_rain(WEB, t, Fills(*one, np.array([NEIGHBOURS])), np.array([DOWN]))
    np.testing.assert_allclose(filled[0, 11:] - depth[0, 11:], 6.0)
    assert (heard[0, 11:] - spoken[0, 11:] == 1).all()
    made_up, _ = basin_rain(WEB, t, Fills(*one, np.array([UPSTREAM])), np.array([DOWN]))
    np.testing.assert_array_equal(made_up, depth), "what a river told of rain is no rain to tell a river of"
