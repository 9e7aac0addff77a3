"""What a blend learns of how far to follow itself."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin import Verified
from hydria_plugin.forecasters.belief import (
    GREAT,
    hearing,
    knots_of,
    learn_met,
    met_of,
    shares,
    still_believed,
)
from hydria_plugin.forecasters.tilt import BANDS, band_of_leads

HORIZON, CLASSES = 8, len(GREAT)
SIZES = np.array([0.1, 0.5, 2.0, 10.0])
KNOTS = knots_of(np.tile(SIZES, (2, 1, HORIZON, 1)))
ENERGY, EVENTS, AT = np.full((1, HORIZON), 4.0), np.array([20]), np.array([0])
TRUSTED = np.ones((1, HORIZON, CLASSES))


def truth_of(value: float, flag: int = 1) -> Verified:
    nothing = np.full((1, HORIZON, 1), np.nan)
    when = np.datetime64("2026-11-01T00:00:00", "s")
    return Verified(when, ("s1",), (0.5,), nothing, np.full(1, value), np.full(1, flag, np.uint8))


def taught(moves: list[tuple[float, float]], state: dict | None = None) -> dict:
    """The state after (announced, true) movements, the same at all leads."""
    held = dict(state or {})
    for announced, came in moves:
        there = np.full((1, HORIZON), announced)
        held = dict(learn_met(truth_of(came), held, there, np.zeros((1, HORIZON)), AT, KNOTS, ENERGY))
    return held


def left(state: dict, size: float, events: int = 20) -> np.ndarray:
    """(H) what is left of full belief in a movement of ``size``."""
    met = met_of(state, 1, CLASSES)
    assert met is not None
    return still_believed(np.full((1, HORIZON), size), met, TRUSTED, KNOTS, ENERGY, np.array([events]))[0]


def test_knots_reach_beyond_what_was_trained() -> None:
    assert KNOTS.shape == (1, HORIZON, CLASSES)
    assert KNOTS[0, 0].tolist() == [0.1, 0.5, 2.0, 10.0, 40.0]


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 1e6), st.lists(st.floats(0, 1e3), min_size=CLASSES, max_size=CLASSES))
def test_shares_are_shares_and_give_the_size_back(size: float, knots: list[float]) -> None:
    points = np.sort(np.array(knots))
    found = shares(np.array(size), points)
    assert found.sum() == pytest.approx(1.0) and (found >= -1e-12).all()
    assert found @ points == pytest.approx(np.clip(size, points[0], points[-1]), abs=1e-6)


def test_each_band_hears_itself_and_the_shorter_leads() -> None:
    heard, band = hearing(24), band_of_leads(24)
    for b in range(BANDS):
        assert (heard[b, band > b] == 0).all() and (heard[b, band <= b] > 0).all()
        assert heard[b].sum() == pytest.approx(b + 1)
    assert np.isfinite(hearing(1)).all() and np.isfinite(hearing(2)).all()


def test_drift_in_quiet_water_ends_within_a_horizon_or_two() -> None:
    quiet = taught([(0.5, 0.0)] * (2 * HORIZON))
    assert (left(quiet, 0.5) < 0.15).all()
    opposite = taught([(0.5, -0.4)] * HORIZON)
    assert (left(opposite, 0.5) == 0).all(), "persistence, never the mirror image"


def test_quiet_water_takes_nothing_from_floods() -> None:
    quiet = taught([(0.1, 0.0)] * 500)
    assert (left(quiet, 0.1) < 0.1).all()
    assert left(quiet, 10.0) == pytest.approx(1.0) and left(quiet, 400.0) == pytest.approx(1.0)


def test_floods_are_not_forgotten_in_quiet_water() -> None:
    flood = taught([(10.0, 1.0)] * HORIZON)
    later = taught([(0.1, 0.1)] * 2000, flood)
    np.testing.assert_allclose(left(later, 10.0), left(flood, 10.0), rtol=1e-6)


def test_what_comes_true_stays_believed_and_belief_comes_back() -> None:
    assert left(taught([(2.0, 2.0)] * 100), 2.0) == pytest.approx(1.0)
    assert left(taught([(2.0, 5.0)] * 100), 2.0) == pytest.approx(1.0), "never more than what was trained"
    wrong = taught([(2.0, 0.0)] * 20)
    again = taught([(2.0, 2.0)] * 60, wrong)
    assert (left(wrong, 2.0) < 0.2).all() and (left(again, 2.0) > 0.9).all()


def test_much_evidence_in_training_is_harder_to_shake() -> None:
    doubted = taught([(10.0, 0.0)] * 3)
    assert (left(doubted, 10.0, events=60) > left(doubted, 10.0, events=6)).all()


def test_the_belief_in_half_of_the_movement_is_found() -> None:
    rng = np.random.default_rng(3)
    moves = [(a, 0.5 * a + 0.1 * rng.normal()) for a in rng.normal(0.0, 2.0, 400)]
    assert left(taught(moves), 2.0) == pytest.approx(0.5, abs=0.12)


def test_where_little_was_believed_little_is_lost() -> None:
    met = met_of(taught([(0.5, 0.5)] * 50), 1, CLASSES)
    assert met is not None
    nothing = still_believed(np.full((1, HORIZON), 0.5), met, 0 * TRUSTED, KNOTS, ENERGY, EVENTS)
    assert np.isfinite(nothing).all() and (nothing <= 1).all()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), min_size=1, max_size=30), st.floats(0, 1e6))
def test_it_is_a_share_whatever_comes(moves: list[tuple[float, float]], size: float) -> None:
    found = left(taught(moves), size)
    assert np.isfinite(found).all() and (found >= 0).all() and (found <= 1 + 1e-9).all()


@pytest.mark.parametrize(("value", "flag"), [(np.nan, 1), (0.0, 4)], ids=["gap", "failed"])
def test_bad_truth_teaches_nothing(value: float, flag: int) -> None:
    there = np.full((1, HORIZON), 2.0)
    state = learn_met(truth_of(value, flag), {}, there, np.zeros((1, HORIZON)), AT, KNOTS, ENERGY)
    assert not np.any(state["met"])


def test_a_gap_at_some_leads_teaches_at_the_others() -> None:
    there = np.full((1, HORIZON), 2.0)
    there[0, :2] = np.nan
    state = learn_met(truth_of(0.0), {}, there, np.zeros((1, HORIZON)), AT, KNOTS, ENERGY)
    assert np.isfinite(state["met"]).all() and state["met"][0, -1].any() and not state["met"][0, 0].any()


def test_an_unknown_station_and_another_blend_teach_nothing() -> None:
    there = np.full((1, HORIZON), 2.0)
    state = learn_met(truth_of(0.0), {}, there, np.zeros((1, HORIZON)), np.array([-1]), KNOTS, ENERGY)
    assert not np.any(state["met"])
    assert met_of({"met": np.zeros((1, BANDS, 9, 2))}, 1, CLASSES) is None and met_of({}, 1, CLASSES) is None


def test_learning_is_pure() -> None:
    first = taught([(2.0, 0.0)])
    kept = first["met"].copy()
    taught([(2.0, 0.0)] * 3, first)
    np.testing.assert_array_equal(first["met"], kept)


@pytest.mark.alone
def test_ten_thousand_stations_learn_in_a_moment() -> None:
    stations, horizon = 10_000, 24
    rng = np.random.default_rng(1)
    knots = knots_of(np.tile(SIZES, (2, stations, horizon, 1)))
    last, move = np.zeros((stations, horizon)), rng.normal(size=(stations, horizon))
    nothing = np.full((stations, horizon, 1), np.nan)
    verified = Verified(
        np.datetime64("2026-11-01T00:00:00", "s"), tuple(map(str, range(stations))), (0.5,), nothing,
        rng.normal(size=stations), np.ones(stations, np.uint8),
    )  # fmt: skip
    spent = []
    for _ in range(3):
        start = time.thread_time()
        state = learn_met(verified, {}, last + move, last, np.arange(stations), knots, np.ones((stations, horizon)))
        spent.append(time.thread_time() - start)
    assert state["met"].nbytes <= 2_000_000
    assert min(spent) < 0.15, "50 ms of processor time are asked; three times that where others press on the memory"
    print(f"learn, 10,000 stations: {1e3 * min(spent):.0f} ms")
