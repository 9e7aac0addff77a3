"""A forecaster in a process of its own: what fails costs one call, and the next one works."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import awkward_forecasters as awkward
import numpy as np
import pytest
from worker_window import window

from hydria_plugin import (
    Attributing,
    Forecaster,
    Hindcasting,
    Learning,
    Needs,
    Persistent,
    PluginError,
    Probing,
    Trainable,
    Verified,
)
from hydria_plugin.worker import Isolated


def test_same_forecast_as_in_this_process(isolate: Any) -> None:
    here, there = awkward.Plain(2.0).forecast(window()), isolate(awkward.Plain(2.0)).forecast(window())
    np.testing.assert_array_equal(here.values, there.values)
    assert there.made_by == here.made_by and there.stations == here.stations
    assert not there.values.flags.writeable


def test_runs_elsewhere_and_stays_there(isolate: Any) -> None:
    echo = isolate(awkward.Echo())
    pids = {int(echo.forecast(window()).median[0, 0]) for _ in range(3)}
    assert len(pids) == 1 and os.getpid() not in pids


def test_arrays_are_read_only_in_the_child_too(isolate: Any) -> None:
    echo = isolate(awkward.Echo())
    for stations in (1, 3000):  # small arrays inside the pickle, large ones beside it
        assert echo.forecast(window(stations=stations)).median[0, 0] % 1 == 0


def test_has_exactly_the_powers_of_the_forecaster_inside(isolate: Any) -> None:
    plain, echo = isolate(awkward.Plain()), isolate(awkward.Echo())
    for power in (Forecaster, Attributing, Learning, Needs, Persistent):
        assert isinstance(plain, power), power
    for power in (Attributing, Learning, Needs, Persistent, Probing, Hindcasting, Trainable):
        assert not isinstance(echo, power), power
    assert not isinstance(plain, Hindcasting) and not isinstance(plain, Trainable)


def test_forwards_the_optional_powers(isolate: Any) -> None:
    plain = isolate(awkward.Plain())
    np.testing.assert_array_equal(plain.attribute(window()).median, plain.forecast(window()).median)
    nothing = np.full((1, 4, 3), np.nan)
    verified = Verified(
        np.datetime64("2026-01-01"), ("s0",), (0.1, 0.5, 0.9), nothing, np.ones(1), np.ones(1, dtype=np.uint8)
    )
    assert plain.learn(verified, plain.learn(verified, {}))["seen"] == 2
    assert plain.antecedent == awkward.Plain.antecedent


def test_the_model_is_loaded_in_the_child(isolate: Any, tmp_path: Path) -> None:
    awkward.Plain(3.0).save(tmp_path)
    loaded = isolate(awkward.Plain()).load(tmp_path)
    assert loaded.forecast(window(2.0)).median[0, 0] == 6.0
    loaded.close()
    assert loaded.forecast(window(2.0)).median[0, 0] == 6.0  # loaded again after a restart


@pytest.mark.parametrize(
    ("mood", "says"),
    [
        (1, "failed in forecast: ArithmeticError: the gradient fled"),
        (3, r"ended \(SIGABRT\): Fatal Python error: Aborted File .*awkward_forecasters.py"),
        (4, r"ended \(SIGSEGV\): Fatal Python error: Segmentation fault"),
        (5, r"ended \(exit 3\)"),
        (7, "must give a Forecast, not str"),
        (9, "failed in forecast: ValueError: with a lambda inside"),
    ],
)
def test_what_fails_costs_one_call(isolate: Any, mood: int, says: str) -> None:
    moody = isolate(awkward.Moody())
    assert moody.forecast(window(0)).there.all()
    with pytest.raises(PluginError, match=says):
        moody.forecast(window(mood))
    assert moody.forecast(window(0)).there.all()


@pytest.mark.parametrize("mood", [2, 8])
def test_a_hang_costs_its_deadline_and_no_more(isolate: Any, mood: int) -> None:
    moody = isolate(awkward.Moody(), deadline=0.5)
    moody.warm()
    child = moody._children[0].process
    begun = time.monotonic()
    with pytest.raises(PluginError, match="gave no answer to forecast within 0.5 s and was stopped"):
        moody.forecast(window(mood))
    assert 0.5 <= time.monotonic() - begun < 10.0
    assert child.returncode == -signal.SIGKILL
    moody.deadline = 20.0
    assert moody.forecast(window(0)).there.all()


def test_what_a_model_prints_does_not_reach_the_pipe(isolate: Any) -> None:
    moody = isolate(awkward.Moody())
    assert moody.forecast(window(6)).there.all()
    assert moody.forecast(window(0)).there.all()


def test_a_child_killed_from_outside_is_replaced(isolate: Any) -> None:
    echo = isolate(awkward.Echo())
    first = int(echo.forecast(window()).median[0, 0])
    os.kill(first, signal.SIGKILL)
    with pytest.raises(PluginError, match=r"ended \(SIGKILL\)"):
        echo.forecast(window())
    assert int(echo.forecast(window()).median[0, 0]) != first


def test_a_truncated_lightgbm_model_kills_the_child_only(isolate: Any, tmp_path: Path) -> None:
    import lightgbm

    rng = np.random.default_rng(1)
    data = lightgbm.Dataset(rng.normal(size=(500, 4)), rng.normal(size=500))
    text = lightgbm.train({"verbose": -1, "num_threads": 1}, data, 20).model_to_string()
    (tmp_path / "model.txt").write_text(text)
    assert isolate(awkward.Truncated()).load(tmp_path).forecast(window()).there.all()
    (tmp_path / "model.txt").write_text(text[: len(text) // 2])
    with pytest.raises(PluginError, match=r"ended \(SIG(ABRT|SEGV)\)"):
        isolate(awkward.Truncated()).load(tmp_path)


def test_what_cannot_be_sent_is_refused_at_once() -> None:
    class Local(awkward.Plain): ...

    with pytest.raises(PluginError, match="forecaster 'x' cannot be sent .* importable module"):
        Isolated(Local(), "x", 1.0)
