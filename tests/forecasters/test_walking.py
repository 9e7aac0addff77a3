"""A blend walked over past steps is the blend of the cycle: same forecasts, same learning."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import numpy as np
import pytest

from hydria_plugin import Flag, History, Signal
from hydria_plugin.cycle import run_cycle
from hydria_plugin.forecasters.blend import Blend
from hydria_plugin.forecasters.walking import met_at
from hydria_plugin.learning.splits import split
from hydria_plugin.testing.samples import sample_history, sample_layout
from hydria_plugin.verification.backtest import backtest
from tests.learning.toy_forecasters import Drift, Still
from tests.verification.test_online_cycle import TRAINED, pipeline


def with_faults(record: History) -> History:
    """Gaps at one station, and at both."""
    values = np.array(record.target.values)
    values[0, TRAINED + 20] = np.nan
    values[:, TRAINED + 31 : TRAINED + 33] = np.nan
    return replace(record, target=Signal.measured(values))


@pytest.fixture(scope="module")
def history() -> History:
    layout = sample_layout(stations=2, slots=1, past=12, horizon=4)
    return with_faults(sample_history(layout, steps=1500, gaps=0.0))


@pytest.fixture(scope="module")
def blend(history: History) -> Blend:
    early = history.between(0, TRAINED)
    return Blend(members={"drift": Drift(noise=0.05), "still": Still()}).fit(early, split(early))


def test_it_is_the_backtest_of_the_real_cycle(history: History, blend: Blend) -> None:
    at = np.arange(TRAINED, TRAINED + 70)
    walked = blend.hindcast_learning(history, at, False)
    truth = np.full((len(at), 2, 4), np.nan)
    cycle = backtest(pipeline(history, blend), history.times[at], truth)
    raw = np.where(np.array(cycle.made_by)[..., None, None] == "blend", cycle.values, np.nan)
    np.testing.assert_allclose(walked, raw, rtol=1e-9, atol=1e-9)
    assert np.isfinite(walked).mean() > 0.9
    trained = blend.hindcast(history, at, False)
    assert np.nanmax(np.abs(walked[0] - trained[0])) == 0, "at the first step nothing has been learned"
    assert np.nanmax(np.abs(walked[10:] - trained[10:])) > 1e-3


def test_pieces_change_nothing(history: History, blend: Blend, monkeypatch: pytest.MonkeyPatch) -> None:
    at = np.arange(TRAINED, TRAINED + 60)
    whole = blend.hindcast_learning(history, at, True)
    monkeypatch.setattr("hydria_plugin.forecasters.blend.CASES_AT_ONCE", 14)
    np.testing.assert_allclose(blend.hindcast_learning(history, at, True), whole, rtol=1e-9, atol=1e-12)


def test_it_sees_nothing_that_comes_later(history: History, blend: Blend) -> None:
    at = np.arange(TRAINED, TRAINED + 50)
    values = np.array(history.target.values)
    values[:, TRAINED + 30 :] += 7.0
    spoilt = replace(history, target=Signal.measured(values))
    mine, its = (blend.hindcast_learning(h, at, False) for h in (history, spoilt))
    np.testing.assert_array_equal(mine[:30], its[:30])
    assert not np.array_equal(mine[35], its[35])


def test_steps_may_not_be_left_out(history: History, blend: Blend) -> None:
    with pytest.raises(ValueError, match="steps 1400 to 1420 with some left out"):
        blend.hindcast_learning(history, np.array([1400, 1401, 1420]), False)


def test_what_met_what(history: History) -> None:
    issued = deque(
        (np.full((2, 4, 7), float(k), np.float32), np.full((2, 3, 4), 10.0 * k, np.float32)) for k in (1, 2, 3)
    )
    verified = met_at(history, TRAINED + 5, issued, ("a", "b", "announced"))
    assert verified is not None
    assert verified.forecast[0, :3, 0].tolist() == [1.0, 2.0, 3.0], "lead 1 is of the newest issue"
    assert np.isnan(verified.forecast[:, 3]).all(), "nothing was issued four steps before"
    assert verified.parts is not None and verified.parts[1, 2, :3].tolist() == [10.0, 20.0, 30.0]
    assert verified.truth.tolist() == history.target.values[:, TRAINED + 5].tolist()
    assert met_at(history, TRAINED + 31, issued, ("a", "b", "announced")) is None, "no truth"
    assert met_at(history, TRAINED + 5, deque(), ("a", "b", "announced")) is None, "no forecast"
    flags = np.array(history.target.flags)
    flags[1, TRAINED + 5] = Flag.FAIL
    flagged = replace(history, target=replace(history.target, flags=flags))
    failed = met_at(flagged, TRAINED + 5, issued, ("a", "b", "announced"))
    assert failed is not None and np.isnan(failed.truth[1]) and np.isfinite(failed.truth[0])


def test_the_walk_ends_where_the_cycle_ends(history: History, blend: Blend) -> None:
    """The state itself, not only what is forecast with it."""
    pipe = pipeline(history, blend)
    for t in range(TRAINED, TRAINED + 30):
        last = run_cycle(pipe, history.times[t], history.times[t].astype("M8[us]"))
    states = []
    learn = blend.learn
    blend.learn = lambda verified, state: states.append(learn(verified, state)) or states[-1]  # type: ignore[method-assign]
    try:
        blend.hindcast_learning(history, np.arange(TRAINED, TRAINED + 30), False)
    finally:
        del blend.learn  # type: ignore[method-assign]
    for name in ("tilt", "met"):
        np.testing.assert_allclose(states[-1][name], last.learned["blend"][name], rtol=1e-6, atol=1e-9)
