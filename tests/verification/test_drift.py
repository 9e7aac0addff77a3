"""The drift test at work: few false alarms on rivers with floods and seasons, found soon after errors grow."""

from __future__ import annotations

from time import perf_counter

import numpy as np
import pytest

from benchmarks.uncertainty.drift import BEGIN, DAY, HORIZON, HOUR, LEVELS, met, watched
from hydria_plugin import Verified
from hydria_plugin.verification.drift import (
    BAND,
    ERROR,
    FIRST,
    KEPT,
    LIMIT,
    MOST,
    NEVER,
    POWER,
    Drift,
    begun,
    bet,
    measured,
)


@pytest.mark.parametrize("memory", [0.0, 0.9])
def test_false_alarms_are_no_more_than_stated(memory: float) -> None:
    days, stations = 200, 400
    first, state = watched(met(1, days, stations, memory=memory))
    blocks = state["blocks"].mean()
    assert blocks == pytest.approx(days, abs=1)
    allowed = 2 * blocks / LIMIT  # both numbers
    assert (first >= 0).mean() <= allowed, f"{(first >= 0).sum()} of {stations}, allowed {allowed:.0%}"


@pytest.mark.parametrize("wider", [False, True])
def test_errors_that_grow_two_and_a_half_times_are_found(wider: bool) -> None:
    shift = 120
    first, _ = watched(met(2, shift + 60, 150, shift=shift, wider=wider))
    found = first >= shift * DAY
    assert found.mean() > 0.85, found.mean()
    delay = np.median(first[found] - shift * DAY)
    assert delay <= 20 * DAY, delay


def test_what_is_told_is_how_much_larger_errors_are() -> None:
    _, state = watched(met(3, 160, 100, shift=120))
    shown = np.exp(state["recent"][state["drifted"][:, ERROR] > 0, ERROR])
    assert 1.7 < np.median(shown) < 3.2, np.median(shown)
    assert np.median(state["recent"][:, BAND]) > 0.45


def test_errors_that_shrink_are_no_drift() -> None:
    first, _ = watched(met(4, 150, 100, shift=90, factor=0.4))
    assert (first >= 0).mean() <= 0.05


def test_the_alarm_ends_when_the_model_is_good_again() -> None:
    good, bad = met(5, 100, 60), met(6, 60, 60, shift=1)
    school = Drift(HOUR, HORIZON)
    state: dict = {}
    for part in (good, bad):
        for verified in part:
            state = dict(school.learn(verified, state))
    drifted = state["drifted"].any(axis=1)
    assert drifted.mean() > 0.8
    for verified in met(7, 40, 60):
        state = dict(school.learn(verified, state))
    assert state["drifted"][drifted].any(axis=1).mean() < 0.1


def test_other_models_begin_anew() -> None:
    _, state = watched(met(8, 40, 3))
    verified = next(met(8, 1, 3))
    assert Drift(HOUR, HORIZON, model=0).learn(verified, state)["blocks"].min() > 30
    assert Drift(HOUR, HORIZON, model=7).learn(verified, state)["blocks"].max() == 0
    assert Drift(HOUR, HORIZON).learn(next(met(8, 1, 2)), state)["blocks"].shape == (2,)


def test_learning_is_a_function_of_what_was_met() -> None:
    one, two = watched(met(9, 50, 4))[1], watched(met(9, 50, 4))[1]
    for name in one:
        np.testing.assert_array_equal(one[name], two[name])


def test_a_state_that_was_given_is_not_changed() -> None:
    _, state = watched(met(9, 40, 4))
    before = {name: array.copy() for name, array in state.items()}
    Drift(HOUR, HORIZON).learn(next(met(9, 1, 4)), state)
    for name, array in before.items():
        np.testing.assert_array_equal(state[name], array)


def test_missing_truth_adds_nothing_and_its_time_is_kept() -> None:
    school, state = Drift(HOUR, HORIZON), {}
    for verified in met(10, 30, 2):
        gone = np.array([np.nan, verified.truth[1]])
        given = Verified(
            verified.valid_at, verified.stations, LEVELS, verified.forecast, gone, verified.flags, base=verified.base
        )
        state = school.learn(given, state)
    assert state["blocks"].tolist() == [0, 30]
    assert state["newest"][0] == NEVER
    assert np.datetime64(int(state["newest"][1]), "s") == verified.valid_at


def test_a_river_that_stands_still_and_is_forecast_so_is_no_drift() -> None:
    school, state, names = Drift(HOUR, HORIZON), {}, ("s",)
    for t in range(200 * DAY):
        flat = Verified(
            BEGIN + t * HOUR, names, LEVELS, np.ones((1, HORIZON, 7)), np.ones(1), np.zeros(1, np.uint8),
            base=np.ones((1, HORIZON)),
        )  # fmt: skip
        state = school.learn(flat, state)
    assert state["blocks"][0] == 200 and not state["drifted"].any()
    assert all(np.isfinite(state[name]).all() for name in ("evidence", "recent", "open"))


def test_a_bet_is_worth_no_more_than_its_stake() -> None:
    for n in (FIRST + 1, MOST + 1):
        share = np.arange(1, n + 1) / n  # every rank alike
        assert ((1 - POWER) * share**-POWER).mean() <= 1.0


def test_evidence_multiplies_and_the_alarm_stays_until_it_is_gone() -> None:
    known, rows = begun(0, 1), np.array([0])
    bet(known, rows, np.array([[2.0, 0.5]]))
    bet(known, rows, np.array([[3.0, 0.5]]))
    assert known["evidence"][0].tolist() == [9.0, 0.75]
    bet(known, rows, np.array([[LIMIT, 1.0]]))
    assert known["drifted"][0].tolist() == [1, 0]
    assert known["evidence"][0, ERROR] == LIMIT, "no more than the limit"
    bet(known, rows, np.array([[0.05, 1.0]]))
    assert known["drifted"][0, ERROR] == 1, "still some evidence"
    bet(known, rows, np.array([[0.05, 1.0]]))
    assert known["drifted"][0, ERROR] == 0


def test_a_full_memory_keeps_the_oldest_blocks() -> None:
    school, state = Drift(HOUR, HORIZON), {}
    oldest = None
    for verified in met(11, MOST + 3, 2):
        state = school.learn(verified, state)
        if state["blocks"][0] == KEPT and oldest is None:
            oldest = state["bag"][0, :KEPT].copy()
    assert oldest is not None
    np.testing.assert_array_equal(state["bag"][0, :KEPT], oldest)
    assert np.isfinite(state["bag"][0, :, 0]).sum() == KEPT + 3


@pytest.mark.alone
def test_ten_thousand_stations_are_quick() -> None:
    verified = next(met(12, 1, 10_000))
    school, spent = Drift(HOUR, HORIZON), []
    state: dict = {}
    for _ in range(26):
        begun_at = perf_counter()
        state = dict(school.learn(verified, state))
        spent.append(perf_counter() - begun_at)
    assert state["blocks"].min() == 1
    assert max(spent) < 2.0 and np.median(spent) < 0.2, spent


@pytest.mark.parametrize(("levels", "share"), [((0.1, 0.5, 0.9), 1.0), ((0.25, 0.5, 0.75), 0.0), ((0.5,), 0.0)])
def test_quantiles_that_hold_no_such_band_say_nothing_of_it(levels: tuple[float, ...], share: float) -> None:
    """Half of the truth lies outside of the 25-75 % band of a good model: no reason to call its 10-90 % band bad."""
    forecast = np.zeros((2, 3, len(levels)))
    verified = Verified(BEGIN, ("a", "b"), levels, forecast, np.ones(2), np.ones(2, np.uint8), base=np.zeros((2, 3)))
    assert measured(verified)[2].tolist() == [share, share]
