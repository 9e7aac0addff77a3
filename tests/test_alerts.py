"""Alerts against scripted rivers: what raises, what lowers, what must do neither, and how fast it is."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin.alerts import AlertRules, RateOfRise, Thresholds, crossings, with_reasons, worst_only
from hydria_plugin.testing import sample_layout
from hydria_plugin.values import Alert, Basis, Flag, Floats, Forecast, Reason, Signal, Window

GAP = float("nan")
T0 = np.datetime64("2026-03-01T12:00:00", "s")
HOUR = np.timedelta64(3600, "s")
SPREAD = np.array([-1.645, -1.282, -0.674, 0.0, 0.674, 1.282, 1.645])
THREE = ("yellow", "orange", "red")


def window(observed: Floats, at: np.datetime64 = T0, horizon: int = 4, flags: Any = None) -> Window:
    """A window of stations s1.. with only an observed past (S, P)."""
    observed = np.atleast_2d(np.asarray(observed, dtype=float))
    layout = sample_layout(len(observed), 0, past=observed.shape[1], horizon=horizon)
    nothing = np.empty((len(observed), 1, observed.shape[1], 0))
    return Window(
        at,
        at,
        layout,
        Signal.measured(observed[:, None], flags),
        Signal.measured(nothing),
        Signal.measured(np.empty((len(observed), 1, horizon, 0))),
        np.empty((len(observed), 0, 0)),
    )


def forecast(w: Window, median: Floats, sigma: float = 0.05) -> Forecast:
    """Normal quantiles around ``median`` (S, H); NaN rows = no forecast."""
    return Forecast.of(w, np.asarray(median, float)[:, :, None] + sigma * SPREAD, "scripted")


def play(
    observed: Sequence[float],
    ahead: Sequence[float],
    rules: AlertRules,
    limits: Sequence[float] = (1.0,),
    past: int = 8,
) -> list[Alert | None]:
    """Step by step: ``observed[t]`` arrives, ``ahead[t]`` is forecast for all leads; what the one station is told."""
    padded = np.concatenate([np.full(past - 1, GAP), np.asarray(observed, float)])
    thresholds = Thresholds(THREE[: len(limits)], np.array([limits], float))
    told: list[Alert | None] = []
    last: tuple[Alert, ...] = ()
    for t, median in enumerate(ahead):
        w = window(padded[t : t + past], T0 + t * HOUR)
        f = forecast(w, np.full((1, 4), median))
        alerts = with_reasons(worst_only(crossings(f, w, thresholds, rules)), last, rules)
        last = tuple(a for a in alerts if a.reason is not Reason.CLEARED)
        told.append(alerts[0] if alerts else None)
    return told


def news(told: Sequence[Alert | None]) -> list[tuple[int, str, str]]:
    return [(t, str(a.reason), a.threshold) for t, a in enumerate(told) if a is not None and a.is_news]


def hours(n: int) -> np.timedelta64:
    return n * HOUR


# ---- raising ----------------------------------------------------------------------------------------------------


def test_a_forecast_above_raises_before_the_river_does() -> None:
    told = play([0.2, 0.3, 0.4], [0.3, 1.2, 1.4], AlertRules())
    assert news(told) == [(1, "FIRST", "yellow")]
    first = told[1]
    assert first is not None
    assert (first.basis, first.sequence, first.rank, first.limit) == (Basis.FORECAST, 0, 0, 1.0)
    assert first.event == "s1-20260301T1300Z" and first.crosses_at == T0 + hours(2)
    assert first.probability > 0.99 and first.is_lower_bound
    assert (first.peak, first.peak_at, first.observed) == (pytest.approx(1.2), T0 + hours(2), 0.3)
    assert told[2] is not None and told[2].event == first.event and told[2].reason is Reason.NOTHING_NEW


def test_the_observation_raises_without_any_forecast_and_says_so() -> None:
    told = play([0.2, 1.1, 1.3], [GAP, GAP, GAP], AlertRules())
    assert news(told) == [(1, "FIRST", "yellow")]
    alert = told[1]
    assert alert is not None and alert.basis is Basis.OBSERVED and alert.note == "no forecast"
    assert np.isnan(alert.probability) and alert.peak == 1.1 and alert.crosses_at == alert.issued_at


def test_probability_decides() -> None:
    for wanted, raised in ((0.5, False), (0.2, True), (0.1, True)):  # P(> 1.0) is 0.25 for 1.0 - 0.674 sigma
        told = play([0.2], [1.0 - 0.674 * 0.05], AlertRules(probability=wanted))
        assert (told[0] is not None) is raised
    assert play([0.2], [1.0], AlertRules(probability=0.5))[0] is not None  # the median at the limit is one in two


def test_the_worst_threshold_is_told() -> None:
    told = play([0.2, 2.5], [2.2, 3.5], AlertRules(), (1, 2, 3))
    assert news(told) == [(0, "FIRST", "orange"), (1, "HIGHER", "red")]


def test_a_flagged_observation_does_not_raise() -> None:
    flags = np.full((1, 1, 8), Flag.GOOD, np.uint8)
    flags[..., -3:] = Flag.FAIL
    w = window(np.array([[0.2] * 5 + [9.0] * 3]), flags=flags)
    thresholds = Thresholds(("yellow",), np.array([[1.0]]))
    standing = crossings(forecast(w, np.full((1, 4), 0.3)), w, thresholds, AlertRules())
    assert not standing.passed.any() and np.isnan(standing.observed[0])


def test_an_estimated_value_is_not_an_observation() -> None:
    w = window(np.full((1, 8), 9.0))
    doubtful = replace(w, observed=replace(w.observed, sigma=np.full((1, 1, 8), 0.1)))
    thresholds = Thresholds(("yellow",), np.array([[1.0]]))
    assert crossings(forecast(w, np.full((1, 4), 0.3)), w, thresholds, AlertRules()).passed.all()
    assert not crossings(forecast(w, np.full((1, 4), 0.3)), doubtful, thresholds, AlertRules()).passed.any()


def test_the_newest_observation_may_be_a_few_steps_old() -> None:
    assert news(play([0.2, 1.1, GAP, GAP, GAP], [GAP] * 5, AlertRules(fresh=3))) == [(1, "FIRST", "yellow")]
    thresholds = Thresholds(("yellow",), np.array([[1.0]]))
    for gap, seen in ((0, True), (2, True), (3, False)):
        w = window(np.array([[0.2] * 4 + [1.4] + [GAP] * gap]))
        assert crossings(forecast(w, np.full((1, 4), 0.3)), w, thresholds, AlertRules()).seen.any() == seen


def test_when_the_observation_crossed() -> None:
    w = window(np.array([[1.2, 0.8, 1.1, GAP, 1.3, 1.2]]))
    standing = crossings(
        forecast(w, np.full((1, 4), 0.2)), w, Thresholds(("a", "b"), np.array([[1.0, 1.25]])), AlertRules()
    )
    assert standing.crosses_at[0].tolist() == [(T0 - hours(3)).item(), None]
    assert standing.peak[0] == 1.2 and standing.peak_at[0] == T0


def test_stations_without_a_threshold_are_left_alone() -> None:
    w = window(np.full((2, 4), 5.0))
    thresholds = Thresholds(("yellow", "red"), np.array([[GAP, GAP], [GAP, 4.0]]))
    rules = AlertRules()
    alerts = with_reasons(worst_only(crossings(forecast(w, np.full((2, 4), 5.0)), w, thresholds, rules)), (), rules)
    assert [(a.station, a.threshold, a.rank) for a in alerts] == [("s2", "red", 1)]


# ---- lowering and clearing --------------------------------------------------------------------------------------

HOLD = AlertRules(tolerance=0.1, hold=np.timedelta64(2, "h"))


def test_clearing_waits_for_the_whole_hold_below_the_dead_band() -> None:
    river = [1.1, 0.95, 0.85, 0.95, 0.8, 0.8, 0.8, 0.8]
    told = play(river, river, HOLD)
    assert news(told) == [(0, "FIRST", "yellow"), (6, "CLEARED", "yellow")]
    assert told[7] is None
    cleared = told[6]
    assert cleared is not None and (cleared.rank, cleared.sequence) == (-1, 1) and np.isnat(cleared.below_since)
    assert told[4] is not None and told[4].below_since == T0 + hours(4)


@pytest.mark.parametrize("what", ["observed", "ahead", "both"])
def test_what_is_missing_never_clears(what: str) -> None:
    low = [0.2] * 12
    gone = [1.1] + [GAP] * 11
    observed = gone if what != "ahead" else [1.1, *low[1:]]
    ahead = gone if what != "observed" else [1.1, *low[1:]]
    told = play(observed, ahead, HOLD)
    assert news(told) == [(0, "FIRST", "yellow")]
    assert told[-1] is not None and told[-1].reason is Reason.NOTHING_NEW and told[-1].note


def test_a_break_in_what_is_known_starts_the_hold_again() -> None:
    ahead = [1.1, 0.2, 0.2, GAP, 0.2, 0.2, 0.2, 0.2]
    assert news(play([1.1] + [0.2] * 7, ahead, HOLD))[-1] == (6, "CLEARED", "yellow")


def test_a_pause_of_the_service_cannot_vouch_for_a_hold() -> None:
    thresholds = Thresholds(("yellow",), np.array([[1.0]]))
    w = window(np.full((1, 8), 0.2))
    standing = crossings(forecast(w, np.full((1, 4), 0.2)), w, thresholds, HOLD)
    before = play([1.1, 0.2], [1.1, 0.2], HOLD)[-1]
    assert before is not None
    for ago, reason in ((2, Reason.CLEARED), (30, Reason.NOTHING_NEW)):
        shift = T0 - hours(ago) - before.issued_at
        old = replace(before, issued_at=before.issued_at + shift, below_since=before.below_since + shift)
        assert with_reasons(standing, [old], HOLD)[0].reason is reason


def test_a_deep_fall_goes_down_by_the_lowest_threshold() -> None:
    told = play([3.5, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1], [3.5] + [0.1] * 6, HOLD, (1, 2, 3))
    assert news(told) == [(0, "FIRST", "red"), (3, "LOWER", "yellow"), (5, "CLEARED", "yellow")]


def test_a_slow_fall_names_where_it_stands() -> None:
    told = play([3.5, 2.5, 2.5, 2.5, 2.5], [3.5, 2.5, 2.5, 2.5, 2.5], HOLD, (1, 2, 3))
    assert news(told) == [(0, "FIRST", "red"), (3, "LOWER", "orange")]
    assert told[3] is not None and np.isnat(told[3].below_since) and told[3].sequence == 1


def test_a_second_rise_during_the_hold_is_the_same_event() -> None:
    river = [1.1, 0.2, 1.2, 0.2, 0.2, 0.2, 1.3]
    told = play(river, river, HOLD)
    assert news(told) == [(0, "FIRST", "yellow"), (5, "CLEARED", "yellow"), (6, "FIRST", "yellow")]
    assert told[5] is not None and told[6] is not None and told[5].event != told[6].event


def test_without_a_hold_it_clears_at_once() -> None:
    assert news(play([1.1, 0.9], [1.1, 0.9], AlertRules())) == [(0, "FIRST", "yellow"), (1, "CLEARED", "yellow")]


def test_repeat_by_interval() -> None:
    told = play([1.1] * 8, [1.1] * 8, AlertRules(repeat=np.timedelta64(3, "h")))
    assert news(told) == [(0, "FIRST", "yellow"), (3, "REPEAT", "yellow"), (6, "REPEAT", "yellow")]
    assert [a.sequence for a in told if a is not None] == [0, 0, 0, 1, 1, 1, 2, 2]


def test_a_threshold_taken_out_of_the_configuration_does_not_hold_an_event_for_ever() -> None:
    before = play([1.1], [1.1], AlertRules())[0]
    assert before is not None
    for now, reason in ((0.2, Reason.CLEARED), (5.0, Reason.HIGHER)):
        w = window(np.full((1, 8), now), T0 + HOUR)
        other = Thresholds(("danger",), np.array([[4.0]]))
        standing = worst_only(crossings(forecast(w, np.full((1, 4), now)), w, other, AlertRules()))
        assert with_reasons(standing, [before], AlertRules())[0].reason is reason


def test_a_revision_of_the_same_step_tells_only_what_is_new() -> None:
    thresholds = Thresholds(("yellow", "red"), np.array([[1.0, 2.0]]))
    first = play([1.1], [1.1], AlertRules(), (1, 2))[0]
    assert first is not None
    for ahead, reason, sequence in ((1.1, Reason.NOTHING_NEW, 0), (2.5, Reason.HIGHER, 1)):
        w = window(np.full((1, 8), 1.1))
        standing = worst_only(crossings(forecast(w, np.full((1, 4), ahead)), w, thresholds, AlertRules()))
        (again,) = with_reasons(standing, [first], AlertRules())
        assert (again.reason, again.sequence, again.event) == (reason, sequence, first.event)


# ---- rates of rise ----------------------------------------------------------------------------------------------


def test_a_rate_of_rise_raises_on_the_lowest_rung() -> None:
    rules = AlertRules(rates=(RateOfRise("fast", 2, np.array([0.3])),), hold=np.timedelta64(1, "h"))
    river = [0.1, 0.2, 0.5, 1.2, 1.2, 1.2, 1.2, 0.9, 0.9]
    told = play(river, river, rules)
    assert news(told) == [
        (2, "FIRST", "fast"),
        (3, "HIGHER", "yellow"),
        (8, "CLEARED", "yellow"),
    ]
    assert told[2] is not None and (told[2].rank, told[2].limit, told[2].basis) == (0, 0.3, Basis.OBSERVED)
    assert told[3] is not None and (told[3].rank, told[3].limit) == (1, 1.0)


def test_a_forecast_rise_counts_and_a_gap_does_not() -> None:
    rules = AlertRules(rates=(RateOfRise("fast", 2, np.array([0.3, 0.3, 0.3])),))
    w = window(np.array([[0.1] * 4, [0.1] * 4, [0.1, GAP, GAP, GAP]]))
    f = forecast(w, np.array([[0.1, 0.2, 0.5, 0.5], [0.1] * 4, [GAP] * 4]))
    standing = crossings(f, w, Thresholds(("yellow",), np.full((3, 1), 2.0)), rules)
    assert standing.passed[:, 0].tolist() == [True, False, False]
    assert standing.below[:, 0].tolist() == [False, True, False]
    assert standing.crosses_at[0, 0] == T0 + hours(3)
    np.testing.assert_array_equal(standing.probability[:, 0], [0.5, 0.0, GAP])


# ---- whatever the river does ------------------------------------------------------------------------------------


@settings(max_examples=3, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.02, 0.2))
def test_noise_around_a_threshold_makes_one_raise_and_one_clear_per_crossing(seed: int, noise: float) -> None:
    """1,000 steps of a slow wave with noise smaller than half the dead-band: as many events as waves."""
    rng = np.random.default_rng(seed)
    truth = 1.0 + 0.6 * np.sin(np.arange(1000) / 1000 * 2 * np.pi * 4 - 0.5)
    river = truth + np.clip(rng.normal(0, noise / 3, 1000), -noise, noise)
    rules = AlertRules(tolerance=2 * noise, hold=np.timedelta64(5, "h"))
    told = play(river, river, rules)
    reasons = [r for _, r, _ in news(told)]
    assert reasons == ["FIRST", "CLEARED"] * 4
    above = np.flatnonzero(np.diff((river >= 1.0).astype(int), prepend=0) == 1)
    raised = [t for t, r, _ in news(told) if r == "FIRST"]
    assert all(min(abs(above - t)) <= 1 for t in raised)


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.05, 0.5))
def test_with_holes_everywhere_nothing_is_raised_or_cleared_on_a_hole(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    river = 1.0 + np.cumsum(rng.normal(0, 0.15, 300))
    observed = np.where(rng.random(300) < share, GAP, river)
    ahead = np.where(rng.random(300) < share, GAP, river)
    told = play(observed, ahead, HOLD, (1, 2, 3))
    newest = [observed[max(t - 2, 0) : t + 1] for t in range(300)]
    for t, reason, threshold in news(told):
        recent = newest[t][np.isfinite(newest[t])]
        if reason in ("FIRST", "HIGHER"):
            limit = 1.0 + THREE.index(threshold)
            assert ahead[t] >= limit - 1e-9 or (len(recent) and recent[-1] >= limit)
        else:
            assert np.isfinite(ahead[t]) and len(recent)
    for t in range(300):  # latency: what is seen now is told now
        if observed[t] >= 1.0:
            alert = told[t]
            assert alert is not None and alert.rank >= min(int(observed[t]), 3) - 1


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_order_of_the_stations_does_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    w = window(rng.normal(1.5, 1, (12, 6)) * np.where(rng.random((12, 6)) < 0.3, GAP, 1))
    f = forecast(w, rng.normal(1.5, 1, (12, 4)) * np.where(rng.random((12, 1)) < 0.3, GAP, 1))
    limits = np.sort(rng.uniform(0.5, 3, (12, 3)), axis=1)
    before = replace(w, issued_at=T0 - HOUR)
    last = with_reasons(
        crossings(forecast(before, np.full((12, 4), 1.7)), before, Thresholds(THREE, limits), HOLD), (), HOLD
    )
    order = rng.permutation(12)
    alerts = with_reasons(worst_only(crossings(f, w, Thresholds(THREE, limits), HOLD)), last, HOLD)
    turned = with_reasons(
        worst_only(crossings(f.only(order), w.only(order), Thresholds(THREE, limits[order]), HOLD)), last[::-1], HOLD
    )
    assert sorted(map(repr, alerts)) == sorted(map(repr, turned))


def test_of_what_is_passed_only_the_worst_remains() -> None:
    w = window(np.array([[2.5], [0.1]]))
    standing = crossings(
        forecast(w, np.full((2, 4), 0.1)), w, Thresholds(THREE, np.array([[1.0, 2, 3]] * 2)), AlertRules()
    )
    assert standing.passed.tolist() == [[True, True, False], [False] * 3]
    assert worst_only(standing).passed.tolist() == [[False, True, False], [False] * 3]


@pytest.mark.alone
def test_ten_thousand_stations_are_quick() -> None:
    rng = np.random.default_rng(3)
    stations = 10_000
    w = window(rng.normal(1.0, 0.5, (stations, 72)), horizon=24)
    f = forecast(w, rng.normal(1.0, 0.5, (stations, 24)))
    thresholds = Thresholds(THREE, np.sort(rng.uniform(2, 6, (stations, 3)), axis=1))
    rules = AlertRules(tolerance=0.05, hold=np.timedelta64(1, "h"))
    started = time.perf_counter()
    alerts = with_reasons(worst_only(crossings(f, w, thresholds, rules)), (), rules)
    assert 0 < len(alerts) < stations
    assert time.perf_counter() - started < 3.0  # 0.5 s alone on the machine; the bound leaves room for neighbours


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Thresholds(("a", "a"), np.zeros((1, 2))),
        lambda: Thresholds(("a", "b"), np.array([[2.0, 1.0]])),
        lambda: Thresholds(("a", "b", "c"), np.array([[2.0, GAP, 1.0]])),
        lambda: Thresholds(("a",), np.zeros((1, 2))),
        lambda: AlertRules(probability=0.0),
        lambda: AlertRules(tolerance=-1.0),
        lambda: AlertRules(hold=np.timedelta64(-1, "h")),
        lambda: RateOfRise("fast", 0, np.zeros(1)),
    ],
)
def test_what_makes_no_sense_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="must"):
        wrong()
