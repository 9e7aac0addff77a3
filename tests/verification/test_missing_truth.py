"""What cannot be verified: truth that never came, truth that is all flagged, thresholds never reached."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hydria_plugin import Flag, Signal
from hydria_plugin.alerts import Thresholds
from hydria_plugin.stores.memory import MemoryStore
from hydria_plugin.testing.samples import sample_history, sample_layout, window_of
from hydria_plugin.verification.backtest import Backtest
from hydria_plugin.verification.diagrams import POOLED, diagrams
from hydria_plugin.verification.drift import NAME, NEVER, Drift
from hydria_plugin.verification.met import NO_BULLETIN, Met
from hydria_plugin.verification.online import OnlineLearner
from hydria_plugin.verification.regimes import regimes
from hydria_plugin.verification.scorecard import scorecard, warnings
from hydria_plugin.verification.shadows import duels
from tests.verification.test_diagrams import NORMAL, hanging, issued
from tests.verification.test_online import cycle

NEVER_REACHED = Thresholds(("yellow", "red"), np.array([[1e8, 1e9]] * 2))


@pytest.fixture
def half_blind() -> Backtest:
    """Two stations of which the first has no truth."""
    result = issued(hanging(np.random.default_rng(0), 600), NORMAL)
    truth = np.array(result.truth)
    truth[:, 0] = np.nan
    return replace(result, truth=truth)


def test_a_station_without_truth_has_no_scores_and_takes_none_from_the_others(half_blind: Backtest) -> None:
    whole = {(line.station, line.lead): line for line in scorecard(half_blind, NEVER_REACHED, draws=20)}
    assert whole["s1", 1].pairs == 0 and np.isnan(whole["s1", 1].scores["crps"])
    assert whole["s2", 1].pairs == 600 and np.isfinite(whole["s2", 1].scores["crps"])
    drawn = {(d.station, d.lead): d for d in diagrams(half_blind)}
    np.testing.assert_array_equal(drawn[POOLED, 1].share, drawn["s2", 1].share)
    assert {d.pairs for d in duels(half_blind, half_blind, "new") if d.station == "s1"} == {0}


def test_thresholds_above_any_value_ever_seen(half_blind: Backtest) -> None:
    assert warnings(half_blind, NEVER_REACHED) == ()
    for line in regimes(half_blind, NEVER_REACHED):
        if line.regime.startswith("above"):
            assert line.pairs == 0 and np.isnan(line.crps)
    scores = scorecard(half_blind, NEVER_REACHED, draws=0)[-1].scores
    assert np.isnan([scores["pod_red"], scores["far_red"], scores["csi_red"]]).all(), "no event: no rate, not a bad one"


def test_flagged_truth_teaches_and_verifies_nothing() -> None:
    history = sample_history(sample_layout(stations=2, slots=1, past=12, horizon=3), steps=80, gaps=0.0)
    flags = np.array(history.target.flags)
    flags[0] = int(Flag.FAIL)
    record = replace(history, target=Signal.measured(np.array(history.target.values), flags))
    step = history.layout.step
    store, school = MemoryStore(), OnlineLearner({NAME: Drift(step, 3)}, (NAME,))
    for t in range(20, 79):
        state = cycle(store, school, window_of(record, t)).learned[NAME]
    assert state["newest"][0] == NEVER and state["blocks"][0] == 0
    assert np.datetime64(int(state["newest"][1]), "s") == record.times[78]
    assert state["blocks"][1] == 2


def test_no_truth_at_all_leaves_nothing_learned() -> None:
    history = sample_history(sample_layout(stations=2, slots=1, past=12, horizon=3), steps=40, gaps=0.0)
    gone = replace(history, target=Signal.measured(np.full(history.target.values.shape, np.nan)))
    store, school = MemoryStore(), OnlineLearner({NAME: Drift(history.layout.step, 3)}, (NAME,))
    for t in range(20, 39):
        state = cycle(store, school, window_of(gone, t)).learned[NAME]
    assert "open" not in state


def test_each_truth_is_judged_by_the_newest_revision_that_saw_it_arrive() -> None:
    history = sample_history(sample_layout(stations=2, slots=1, past=4, horizon=3), steps=40, gaps=0.0)
    store, asked = MemoryStore(), list[tuple[np.datetime64, int]]()
    for t in (25, 26, 27, 29):
        cycle(store, OnlineLearner({}), window_of(history, t))
    cycle(store, OnlineLearner({}), window_of(history, 27), revision=1)

    def judged(at: np.datetime64, revision: int) -> np.ndarray:
        asked.append((at, revision))
        return np.array([True, revision == 0])

    met = Met.of(window_of(history, 30), store, "p", judged, np.array([False, True]))
    assert asked == [(history.times[27], 1), (history.times[29], 0)]
    assert met.revisions.tolist() == [[0, 0, NO_BULLETIN], [1, 0, 0], [NO_BULLETIN, 1, 0], [0, NO_BULLETIN, 1]]
    assert np.isnan(met.truth).tolist() == [[False, False, False, True], [True, False, False, False]]
