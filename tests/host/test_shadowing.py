"""A challenger in the shadow: scored beside the model that reigns, and never issued, alerted on, sent or waited for."""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path

import models_that_fail
import numpy as np
import pytest
from trial_host import START, Opener, Trial

from hydria_plugin.errors import HydriaError
from hydria_plugin.host.shadowing import Echo, replay_shadow
from hydria_plugin.learning.shelf import Shelf
from hydria_plugin.testing import sample_layout
from hydria_plugin.values import Bulletin

MOODY = '[pipelines.river.forecaster.moody]\npath = "mood"\n'
SHADOW = 'shadow = ["moody"]\ndeadline = "2s"\n' + MOODY
LATER = np.datetime64("2040-01-01")


@pytest.fixture
def beside(open_trial: Opener) -> Trial:
    """Persistence reigns; in its shadow one that does what the file ``mood`` says, in a process of its own."""
    return open_trial(plugins=(models_that_fail,), isolate=True, more=SHADOW)


def shadowed(trial: Trial, at: str, challenger: str = "moody") -> Bulletin | None:
    return trial.host.store.bulletin(f"river~{challenger}", np.datetime64(at, "s"))


def test_it_forecasts_beside_from_the_same_window(beside: Trial) -> None:
    beside.go(0)
    issued, kept = beside.bulletin("2026-03-05T00:00"), shadowed(beside, "2026-03-05T00:00")
    assert kept is not None
    assert issued.forecast.made_by == ("persistence", "persistence")
    assert kept.forecast.made_by == ("moody", "moody")
    assert kept.digests["inputs"] == issued.digests["inputs"]
    assert (kept.issued_at, kept.known_at) == (issued.issued_at, issued.known_at)
    np.testing.assert_array_equal(kept.summary.observed, issued.summary.observed)


def test_what_is_issued_is_the_same_as_without_it(beside: Trial, open_trial: Opener, tmp_path: Path) -> None:
    beside.go(15, times=4)
    with_ = [beside.bulletin(f"2026-03-05T0{h}:{m:02}") for h, m in ((0, 15), (0, 30), (0, 45), (1, 0))]
    alone = open_trial(store=f"sqlite:///{tmp_path / 'alone.db'}")
    alone.go(15, times=4)
    for bulletin in with_:
        other = alone.host.store.bulletin("river", bulletin.issued_at)
        assert other is not None
        np.testing.assert_array_equal(bulletin.forecast.values, other.forecast.values)
        assert (bulletin.alerts, bulletin.problems) == (other.alerts, other.problems)


def test_it_alerts_nobody_and_is_sent_to_nobody(beside: Trial) -> None:
    beside.go(15, times=60)  # through the flood
    assert any(a.is_news for s in beside.steps for a in beside.bulletin(str(s.issued_at)).alerts)
    issues = beside.host.store.issues("river~moody", np.datetime64("2020-01-01"), LATER)
    assert len(issues) == len(beside.steps)
    for at, revision in issues:
        kept = beside.host.store.bulletin("river~moody", at, revision)
        assert kept is not None and kept.alerts == ()
    assert beside.host.store.undelivered("river~moody", "diary", LATER) == ()
    assert {json.dumps(line) for line in beside.diary if "moody" in json.dumps(line)} == set()


@pytest.mark.parametrize("mood", ["raise", "abort", "exit", "hang"])
def test_one_that_fails_is_a_note(beside: Trial, mood: str) -> None:
    (beside.folder / "mood").write_text(mood)
    begun = time.monotonic()
    beside.go(0)
    assert time.monotonic() - begun < 12
    assert list(beside.ends.values()) == ["issued"], "not even degraded"
    assert beside.bulletin("2026-03-05T00:00").problems == ()
    kept = shadowed(beside, "2026-03-05T00:00")
    assert kept is not None and not kept.forecast.there.any()
    assert kept.problems[0].stage == "moody"


def test_the_alert_is_out_before_a_slow_one_begins(beside: Trial) -> None:
    (beside.folder / "mood").write_text("hang")
    asked: list[bool] = []
    shadow = beside.host.pipelines["river"].shadows["moody"]
    forecast = shadow.forecasters["moody"].forecast

    def noted(window: object) -> object:
        asked.append(any("2026-03-05T00:00" in json.dumps(line) for line in beside.diary))
        return forecast(window)  # type: ignore[arg-type]

    shadow.forecasters["moody"].forecast = noted  # type: ignore[method-assign,assignment]
    beside.go(0)
    assert asked == [True]


def test_those_after_one_that_used_up_the_time_are_passed_over(
    open_trial: Opener, caplog: pytest.LogCaptureFixture
) -> None:
    from hydria_plugin.host.shadowing import run_shadows

    trial = open_trial(plugins=(models_that_fail,), more='shadow = ["moody", "persistence"]\n' + MOODY)
    bulletin = trial.host.run_once()
    clock = iter([0.0, 0.0, 300.0])  # a quarter of a step is 225 s
    with caplog.at_level(logging.WARNING):
        run_shadows(trial.host.pipelines["river"], bulletin, lambda: next(clock))
    assert any("passed over" in line and "shadow=persistence" in line for line in caplog.messages)


def test_a_challenger_that_knows_no_more_forecasts_the_same(open_trial: Opener) -> None:
    trial = open_trial(more='shadow = ["persistence"]\n', late=3)
    trial.go(15, times=6)
    for step in trial.steps:
        issued, kept = trial.bulletin(str(step.issued_at)), shadowed(trial, str(step.issued_at), "persistence")
        assert kept is not None
        np.testing.assert_array_equal(kept.forecast.values, issued.forecast.values)


def test_a_replay_gives_the_same(open_trial: Opener) -> None:
    more = 'shadow = ["persistence"]\ncorrect_inputs = ["quality"]\ncorrect_forecast = ["error-model"]\n'
    trial = open_trial(more=more)
    trial.go(15, times=10)
    host, at = trial.host, trial.steps[-2].issued_at
    stored = host.store.bulletin("river~persistence", at)
    again = replay_shadow(host.settings, host.registry, host.pipelines["river"], "persistence", at, host.clock)
    assert stored is not None
    np.testing.assert_array_equal(again.forecast.values, stored.forecast.values)
    with pytest.raises(HydriaError, match="no forecast of 'persistence'"):
        replay_shadow(host.settings, host.registry, host.pipelines["river"], "persistence", LATER, host.clock)


def test_a_version_that_does_not_reign_can_be_named(open_trial: Opener, tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "models", "river")
    model = models_that_fail.Trees().fit(None, None)  # type: ignore[arg-type]
    version = shelf.add("trees", model.save, {})
    trial = open_trial(plugins=(models_that_fail,), more=f'shadow = ["trees@{version}"]\n')
    trial.go(0)
    kept = shadowed(trial, START[:16], f"trees@{version}")
    assert kept is not None and kept.forecast.there.all()
    assert kept.digests["model:trees"] == version
    assert shelf.active("trees") is None


def test_one_without_a_model_is_a_note(open_trial: Opener) -> None:
    trial = open_trial(plugins=(models_that_fail,), more='shadow = ["trees"]\n')
    trial.go(0)
    kept = shadowed(trial, START[:16], "trees")
    assert kept is not None and "no model" in kept.problems[0].error
    assert list(trial.ends.values()) == ["issued"]


def test_a_reload_goes_on_with_what_is_the_same(beside: Trial) -> None:
    before = beside.host.pipelines["river"]
    beside.host.reload()
    assert beside.host.pipelines["river"] is before


def test_an_echo_repeats_only_what_it_heard() -> None:
    with pytest.raises(HydriaError, match="heard"):
        Echo(sample_layout()).window(np.datetime64("2026-01-01", "s"), np.datetime64("2026-01-01", "us"))
