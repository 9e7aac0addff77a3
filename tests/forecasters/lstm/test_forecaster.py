"""The forecaster as the house sees it. What every trained forecaster keeps stands in ``test_every_forecaster.py``."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from hydria_plugin import (
    Forecaster,
    Hindcasting,
    History,
    Layout,
    ModelError,
    Needs,
    Persistent,
    Signal,
    Trainable,
    Window,
)
from hydria_plugin.forecasters.cases import OutOfSample
from hydria_plugin.forecasters.lstm.forecaster import Lstm, stopwatch, threads
from hydria_plugin.learning.powers import Resumable
from hydria_plugin.learning.workbench import Workbench
from hydria_plugin.testing.checks import check_forecaster
from hydria_plugin.testing.samples import sample_history, sample_layout, sample_window, window_of

from ..records import split_of
from .small import record

BENCH = Workbench()
TINY = {"hidden": 6, "folds": 2, "epochs": 2, "batch": 128, "learning_rate": 0.01}


def fit(history: History, **options: float) -> Lstm:
    return Lstm(**(TINY | options)).fit(history, split_of(history))  # type: ignore[arg-type]


@cache
def fitted(kind: str = "level") -> Lstm:
    return fit(record(kind=kind))


def test_its_roles() -> None:
    for role in (Forecaster, Hindcasting, Trainable, Persistent, Needs, OutOfSample, Resumable):
        assert isinstance(fitted(), role), role.__name__


def test_keeps_the_promises_of_its_role_with_a_long_past() -> None:
    """Older steps in blocks, hindcast and forecast alike."""
    history = record(past=90)
    check_forecaster(fit(history, epochs=1), history.layout)


@pytest.mark.parametrize("layout", [
    sample_layout(stations=1, slots=1, past=8, horizon=2), sample_layout(stations=2, slots=0, past=8, horizon=2),
    sample_layout(stations=1, slots=3, past=2, horizon=1), sample_layout(stations=1, slots=2, past=1, horizon=3),
], ids=["one gauge", "no inputs", "a short past", "no past"])  # fmt: skip
def test_odd_layouts(layout: Layout) -> None:
    history = sample_history(layout, 400, seed=2)
    check_forecaster(fit(history, epochs=1), layout)


def test_untrained_it_says_what_to_do() -> None:
    with pytest.raises(ModelError, match="hydria train"):
        Lstm().forecast(sample_window())
    with pytest.raises(ModelError, match="not trained"):
        Lstm().save(Path("nowhere"))


def test_another_pipeline_is_refused() -> None:
    window = window_of(sample_history(sample_layout(horizon=4), 300))
    with pytest.raises(ModelError, match=r"lstm was trained for horizon 6, the pipeline now has 4"):
        fitted().forecast(window)


def test_other_running_totals_are_refused() -> None:
    window = sample_window(record().layout)
    hour = np.timedelta64(3600, "s")
    other = replace(window, antecedent=np.zeros((3, 3, 1)), durations=(hour,))
    with pytest.raises(ModelError, match="running totals"):
        fitted().forecast(other)


@pytest.mark.parametrize(("option", "value"), [
    ("hidden", 0), ("folds", 1), ("epochs", 0), ("patience", 0), ("batch", 0), ("max_rows", 0), ("max_age", -1),
    ("num_threads", -1), ("learning_rate", 0.0), ("max_minutes", float("nan")),
])  # fmt: skip
def test_an_impossible_option_is_named_with_its_value(option: str, value: float) -> None:
    with pytest.raises(ValueError, match=rf"{option} is {value}; it must be"):
        Lstm(**{option: value})  # type: ignore[arg-type]


def test_an_unknown_station_has_no_forecast_and_the_known_keep_theirs() -> None:
    window = sample_window(record().layout, gaps=0.0)
    other = replace(window, layout=replace(window.layout, stations=("s1", "new", "s3")))
    answer = fitted().forecast(other)
    np.testing.assert_array_equal(answer.there, [True, False, True])
    np.testing.assert_array_equal(answer.values[0], fitted().forecast(window).values[0])


def lost(window: Window, age: int) -> Window:
    target = window.observed.values.copy()
    target[..., target.shape[-1] - age :] = np.nan
    return replace(window, observed=Signal.measured(target))


def test_a_silent_gauge_is_carried_as_long_as_its_last_value_is_young() -> None:
    window = sample_window(record().layout, gaps=0.0)
    for age in range(7):
        assert fitted().forecast(lost(window, age)).there.all()
    assert not fitted().forecast(lost(window, 7)).there.any()


def test_a_silent_gauge_degrades_by_degrees() -> None:
    """Errors grow with the age of the last value, and stay below those of holding on to it."""
    history = record()
    model, test = fit(history, epochs=8, hidden=8, batch=64), np.flatnonzero(split_of(history).test[0])[::3]
    errors, held = [], []
    for age in (0, 2, 4):
        error, keep = [], []
        for at in test:
            window = window_of(history, int(at), future=True)
            truth = history.target.values[:, at + 1 : at + 7]
            late = lost(window, age)
            error.append(model.forecast(late).median - truth)
            last = late.observed.values[:, 0, window.layout.past - 1 - age]
            keep.append(last[:, None] - truth)
        errors.append(np.sqrt(np.nanmean(np.square(error))))
        held.append(np.sqrt(np.nanmean(np.square(keep))))
    assert errors[0] < errors[2] < 3 * errors[0]
    assert all(error < keep for error, keep in zip(errors, held, strict=True)), (errors, held)


def test_the_platforms_own_model_is_followed_where_it_is_right() -> None:
    """Its archived forecasts are perfect here, and no rain is known ahead."""
    history = record(kind="simulation")
    at = np.flatnonzero(split_of(history).test[0])
    truth = np.stack([history.target.values[:, at + k].T for k in range(1, 7)], axis=2)

    def error(model: Lstm, on: History) -> float:
        centre = model.hindcast(on, at, False)[..., history.layout.median]
        return float(np.sqrt(np.nanmean((centre - truth) ** 2)))

    assert error(fitted("simulation"), history) < 0.7 * error(fitted(), record())


def test_discharge_never_falls_below_zero() -> None:
    history = record()
    flow = replace(history, layout=replace(history.layout, quantities=("discharge",) * 3))
    low = replace(flow, target=Signal.measured(np.maximum(history.target.values - 0.2, 0.0)))
    values = fit(low, epochs=1).hindcast(low, np.arange(100, 500, 7), True)
    assert np.nanmin(values) >= 0.0


def test_saved_and_loaded_with_its_options(tmp_path: Path) -> None:
    fitted().save(tmp_path)
    loaded = Lstm(clock=lambda: np.datetime64("2026-01-01", "us")).load(tmp_path)
    assert loaded.options == fitted().options
    assert loaded.clock is not None
    assert sorted(p.name for p in tmp_path.iterdir()) == ["arrays.safetensors", "model.json"]


def test_the_clock_ends_the_training() -> None:
    """A clock on which every look costs five minutes: one epoch for each member."""
    now = [np.datetime64("2026-01-01T00:00:00", "us")]

    def clock() -> np.datetime64:
        now[0] += np.timedelta64(5, "m")
        return now[0]

    epochs: list[str] = []
    slow = Lstm(**(TINY | {"epochs": 50, "max_minutes": 2.0}), clock=clock)  # type: ignore[arg-type]
    slow.fit_on(BENCH, record(), split_of(record()), lambda what, share: epochs.append(what))
    assert epochs == ["network 1 of 2", "network 2 of 2"]


def test_without_a_clock_no_time_passes() -> None:
    assert stopwatch(None)() == 0.0


def test_torchs_threads_are_set_back() -> None:
    import torch

    before = torch.get_num_threads()
    with pytest.raises(RuntimeError, match="stop"), threads(1):
        assert torch.get_num_threads() == 1
        raise RuntimeError("stop")
    assert torch.get_num_threads() == before
    with threads(0):
        assert torch.get_num_threads() == before


def test_progress_rises_to_one() -> None:
    shares: list[float] = []
    Lstm(**TINY).fit_on(BENCH, record(), split_of(record()), lambda what, share: shares.append(share))  # type: ignore[arg-type]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
