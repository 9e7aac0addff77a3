"""The cycle: one forecast from feed to alert; a failing plug-in is passed over, a failing source or store ends it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hydria_plugin import (
    FeedError,
    Forecast,
    History,
    Observations,
    Reason,
    Signal,
    StoreError,
    Window,
)
from hydria_plugin.alerts import AlertRules, Thresholds
from hydria_plugin.cycle import Pipeline, run_cycle
from hydria_plugin.stores.memory import MemoryStore
from hydria_plugin.testing import sample_history, sample_layout
from hydria_plugin.testing.samples import window_of

LAYOUT = sample_layout()
HISTORY = sample_history(LAYOUT, steps=200, gaps=0.0)
STEP = LAYOUT.step


class Playing:
    """A buffer over a history in memory."""

    def __init__(self, history: History = HISTORY) -> None:
        self.history, self.layout, self.committed = history, history.layout, 0

    def window(self, issued_at: np.datetime64, known_at: np.datetime64) -> Window:
        at = int((issued_at - self.history.times[0]) / STEP)
        return replace(window_of(self.history, at), known_at=known_at)

    def pending(self) -> Observations:
        none = np.array([], np.int32)
        time = np.array([], "datetime64[us]")
        return Observations(
            (), none, time.astype("datetime64[s]"), none.astype(float), none.astype(np.uint8), none, none, time
        )

    def commit(self) -> None:
        self.committed += 1

    def problems(self) -> tuple[Any, ...]:
        return ()


class Silent(Playing):
    def window(self, issued_at: np.datetime64, known_at: np.datetime64) -> Window:
        raise FeedError("the host does not answer")


class Keeping:
    """Forecasts that the last value stays, give or take ten percent."""

    def forecast(self, window: Window) -> Forecast:
        last = window.observed.values[:, 0, -1]
        spread = np.linspace(0.9, 1.1, len(window.quantiles))
        values = last[:, None, None] * np.broadcast_to(spread, (len(last), window.layout.horizon, len(spread)))
        return Forecast.of(window, values, "keeping")


class Raising:
    def forecast(self, window: Window) -> Forecast:
        raise RuntimeError("no model")

    def correct_forecast(self, forecast: Forecast, window: Window) -> Forecast:
        raise RuntimeError("no state")

    def correct_inputs(self, window: Window) -> Window:
        raise RuntimeError("no limits")


class Doubling:
    def correct_forecast(self, forecast: Forecast, window: Window) -> Forecast:
        return replace(forecast, values=forecast.values * 2)

    def correct_inputs(self, window: Window) -> Window:
        return replace(window, observed=window.observed.each(lambda a: a * 2 if a.dtype.kind == "f" else a))


def pipeline(**changes: Any) -> Pipeline:
    given: dict[str, Any] = {
        "name": "p",
        "layout": LAYOUT,
        "buffer": Playing(),
        "forecasters": {"keeping": Keeping()},
        "store": MemoryStore(),
        "thresholds": Thresholds(("yellow",), np.full((3, 1), np.nan)),
        "rules": AlertRules(),
    }
    return Pipeline(**{**given, **changes})


def at(n: int) -> np.datetime64:
    return HISTORY.times[n]


def test_a_cycle_forecasts_and_remembers() -> None:
    p = pipeline()
    bulletin = run_cycle(p, at(100), at(100))
    kept = p.store.bulletin("p", at(100))
    assert kept is not None
    np.testing.assert_array_equal(kept.forecast.values, bulletin.forecast.values)
    assert bulletin.revision == 0 and not bulletin.degraded
    assert p.buffer.committed == 1  # type: ignore[attr-defined]


def test_the_same_inputs_bring_nothing_new() -> None:
    p = pipeline()
    first = run_cycle(p, at(100), at(100))
    again = run_cycle(p, at(100), at(100) + np.timedelta64(60, "s"))
    assert again.revision == first.revision == 0
    assert p.buffer.committed == 1  # type: ignore[attr-defined]


def changed(value: float = 5.0, n: int = 100) -> History:
    target = HISTORY.target.values.copy()
    target[:, n] = value
    return replace(HISTORY, target=Signal.measured(target))


def test_new_inputs_make_a_revision_up_to_the_limit() -> None:
    p = pipeline(revisions=1)
    run_cycle(p, at(100), at(100))
    second = run_cycle(replace(p, buffer=Playing(changed(5.0))), at(100), at(100))
    third = run_cycle(replace(p, buffer=Playing(changed(6.0))), at(100), at(100))
    assert (second.revision, third.revision) == (1, 1)
    np.testing.assert_array_equal(third.forecast.values, second.forecast.values)


def test_a_failing_forecaster_costs_its_rung() -> None:
    bulletin = run_cycle(pipeline(forecasters={"bad": Raising(), "keeping": Keeping()}), at(100), at(100))
    assert bulletin.forecast.rung.tolist() == [1, 1, 1]
    assert [(q.stage, q.error) for q in bulletin.problems] == [("bad", "RuntimeError: no model")]
    assert len(bulletin.degraded) == 4


def test_failing_correctors_are_passed_over() -> None:
    plain = run_cycle(pipeline(), at(100), at(100))
    p = pipeline(input_correctors={"quality": Raising()}, forecast_correctors={"conformal": Raising()})
    bulletin = run_cycle(p, at(100), at(100))
    np.testing.assert_array_equal(bulletin.forecast.values, plain.forecast.values)
    assert [q.stage for q in bulletin.problems] == ["quality", "conformal"]


def test_correctors_correct_and_the_raw_forecast_is_kept() -> None:
    plain = run_cycle(pipeline(), at(100), at(100))
    p = pipeline(input_correctors={"d": Doubling()}, forecast_correctors={"d": Doubling()})
    bulletin = run_cycle(p, at(100), at(100))
    np.testing.assert_allclose(bulletin.raw.values, plain.raw.values * 2)
    np.testing.assert_allclose(bulletin.forecast.values, plain.raw.values * 4)


def test_no_forecast_is_a_problem_per_station_never_an_alert() -> None:
    p = pipeline(forecasters={"bad": Raising()}, thresholds=Thresholds(("yellow",), np.full((3, 1), 100.0)))
    bulletin = run_cycle(p, at(100), at(100))
    assert [q.station for q in bulletin.problems] == [None, "s1", "s2", "s3"]
    assert not [a for a in bulletin.alerts if a.is_news]


def test_observed_exceedance_raises_without_a_forecast() -> None:
    p = pipeline(forecasters={"bad": Raising()}, thresholds=Thresholds(("yellow",), np.full((3, 1), 0.01)))
    bulletin = run_cycle(p, at(100), at(100))
    assert [a.reason for a in bulletin.alerts] == [Reason.FIRST] * 3
    assert "no forecast" in bulletin.alerts[0].note


LOW = Thresholds(("yellow",), np.full((3, 1), 0.01))


def test_an_alert_is_news_once() -> None:
    p = pipeline(thresholds=LOW)
    first, second = run_cycle(p, at(100), at(100)), run_cycle(p, at(101), at(101))
    assert {a.reason for a in first.alerts} == {Reason.FIRST}
    assert {a.reason for a in second.alerts} == {Reason.NOTHING_NEW}
    assert {a.event for a in first.alerts} == {a.event for a in second.alerts}


def test_a_revision_does_not_tell_its_news_twice() -> None:
    p = pipeline(thresholds=LOW)
    run_cycle(p, at(100), at(100))
    revised = run_cycle(replace(p, buffer=Playing(changed(5.0))), at(100), at(100))
    assert revised.revision == 1
    assert {a.reason for a in revised.alerts} == {Reason.NOTHING_NEW}


def test_a_stale_step_raises_nothing() -> None:
    bulletin = run_cycle(pipeline(thresholds=LOW), at(100), at(103))
    assert bulletin.alerts == ()
    assert not bulletin.forecast.missing


def test_a_failing_source_ends_the_cycle() -> None:
    p = pipeline(buffer=Silent())
    with pytest.raises(FeedError, match="does not answer"):
        run_cycle(p, at(100), at(100))
    assert p.store.bulletin("p", at(100)) is None


class Full(MemoryStore):
    def put(self, bulletin: Any, sinks: Any = ()) -> None:
        raise StoreError("disk full")


def test_a_failing_store_ends_the_cycle_and_nothing_is_committed() -> None:
    p = pipeline(store=Full())
    with pytest.raises(StoreError, match="disk full"):
        run_cycle(p, at(100), at(100))
    assert p.buffer.committed == 0  # type: ignore[attr-defined]


class Counting:
    """A learner whose state counts its calls; one that fails costs the learning only."""

    def __init__(self, fails: bool = False) -> None:
        self.calls, self.fails = 0, fails

    def update(
        self, window: Window, store: Any, pipeline: str, believed: np.ndarray
    ) -> Mapping[str, Mapping[str, np.ndarray]]:
        self.calls += 1
        if self.fails:
            raise RuntimeError("no truth")
        return {"keeping": {"calls": np.array([self.calls])}}


def test_the_state_the_forecast_was_made_with_is_kept() -> None:
    p = pipeline(learner=Counting())
    run_cycle(p, at(100), at(100))
    run_cycle(p, at(101), at(101))
    kept = p.store.bulletin("p", at(101))
    assert kept is not None and kept.learned["keeping"]["calls"].tolist() == [2]


def test_a_failing_learner_is_a_problem() -> None:
    bulletin = run_cycle(pipeline(learner=Counting(fails=True)), at(100), at(100))
    assert [q.stage for q in bulletin.problems] == ["learning"]
    assert not bulletin.forecast.missing


def test_known_warnings_are_in_every_bulletin() -> None:
    from hydria_plugin import Problem

    p = pipeline(warnings=(Problem("blend", None, "no model yet: run hydria train"),))
    assert run_cycle(p, at(100), at(100)).problems[0].error.startswith("no model yet")
