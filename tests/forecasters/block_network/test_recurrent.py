"""The recurrent form as a forecaster: beside what :mod:`tests.forecasters.test_every_forecaster` asks of all."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from hydria_plugin import History, ModelError, Signal
from hydria_plugin.forecasters.block_network import recurrent_station as subject
from hydria_plugin.forecasters.block_network.forecaster import BlockNetwork
from hydria_plugin.forecasters.block_network.knots import plan_of
from hydria_plugin.forecasters.block_network.lesson import lesson_of, roles_of
from hydria_plugin.forecasters.block_network.network import Networks
from hydria_plugin.forecasters.block_network.recurrent import oldest
from hydria_plugin.forecasters.block_network.training import Recipe
from hydria_plugin.testing.checks import check_forecaster
from hydria_plugin.testing.samples import sample_history, sample_layout, window_of
from hydria_plugin.values import Floats

from ..records import split_of
from .made import FEW, discharge_basin, fitted_on, one_station, with_a_larger_flood, with_inputs, with_target
from .test_forecaster import index

QUICK = {"form": "recurrent", "max_rows": 300}


@cache
def basin() -> tuple[History, BlockNetwork]:
    history = discharge_basin(steps=1500)
    return history, fitted_on(history, form="recurrent", hidden=3)


def truth_at(history: History, at: np.ndarray) -> np.ndarray:
    return np.stack([history.target.values[0, at + k] for k in range(1, history.layout.horizon + 1)], axis=1)


def median_of(model: BlockNetwork, history: History, at: np.ndarray, future: bool = True) -> np.ndarray:
    return model.hindcast(history, at, future)[:, 0, :, history.layout.median]


def test_a_simulated_basin_is_forecast_far_better_than_by_persistence() -> None:
    history, model = basin()
    assert index(model, history, True) > 0.95
    assert index(model, history, False) > 0.8


def test_without_the_level_it_goes_on_from_its_own_outputs() -> None:
    history, model = basin()
    at = np.arange(1210, 1490)
    truth, usual = truth_at(history, at), np.nanmean(history.target.values[0, :1200])
    guess = median_of(model, with_target(history, 0, np.nan), at)
    assert np.isfinite(guess).all()
    assert ((guess - truth) ** 2).mean() < 0.15 * ((truth - usual) ** 2).mean()


def test_a_level_lost_for_some_hours_is_better_than_one_never_known() -> None:
    history, model = basin()
    at = np.arange(1210, 1490)
    never = with_target(history, 0, np.nan)
    errors = []
    for record in (history, never):
        guess = median_of(model, record, at)
        errors.append(((guess - truth_at(history, at)) ** 2).mean())
    some = [single(model, history, int(t), 8) for t in at[::7]]
    assert errors[0] < np.mean(some) < errors[1]


def single(model: BlockNetwork, history: History, at: int, lost: int) -> float:
    window = window_of(history, at, future=True)
    values = window.observed.values.copy()
    values[..., -lost:] = np.nan
    median = model.forecast(replace(window, observed=Signal.measured(values))).median[0]
    return float(((median - truth_at(history, np.array([at]))[0]) ** 2).mean())


@pytest.mark.parametrize("larger", [1.5, 2.0])
def test_the_largest_flood_held_out_is_not_capped(larger: float) -> None:
    history, model = basin()
    first = 1250
    seen, flood, largest = with_a_larger_flood(history, larger, first)
    guess = median_of(model, seen, np.arange(first - 3, first + 60))
    assert flood[first:].max() > 1.8 * largest
    assert 0.85 * flood[first:].max() < guess.max() < 1.35 * flood[first:].max()


def test_members_are_paths_whose_median_is_the_centre() -> None:
    history, model = basin()
    answer = model.forecast(window_of(history, 1300, future=True))
    assert answer.members is not None and answer.members.shape == (1, 1, FEW["initialisations"], 3)
    centre = np.median(answer.members[0, 0], axis=0)  # of four: in between two, in another power
    np.testing.assert_allclose(centre, answer.median[0], rtol=0.01)
    assert np.ptp(answer.members, axis=2).min() > 0


def test_where_the_rain_is_known_for_a_while_the_path_is_the_same_for_that_while() -> None:
    history, model = basin()
    whole, none = window_of(history, 1300, future=True), window_of(history, 1300)
    future = whole.future.values.copy()
    future[:, :, 2:] = np.nan
    part = replace(whole, future=Signal.measured(future))
    known, half, unknown = (model.forecast(w).members[0, 0] for w in (whole, part, none))  # type: ignore[index]
    np.testing.assert_allclose(half[:, :2], known[:, :2])
    assert not np.allclose(half[:, 2], known[:, 2]) and not np.allclose(half[:, 0], unknown[:, 0])


def test_of_nothing_at_all_it_still_says_something_finite() -> None:
    history, model = basin()
    window = window_of(history, 1300)
    nothing = replace(
        window,
        observed=Signal.measured(np.full(window.observed.shape, np.nan)),
        past=Signal.measured(np.full(window.past.shape, np.nan)),
    )
    assert np.isfinite(model.forecast(nothing).values).all()


def test_absurd_inputs_give_bounded_forecasts() -> None:
    history, model = basin()
    window = window_of(history, 1300, future=True)
    absurd = replace(window, past=window.past.each(lambda a: np.full_like(a, 1e6)))
    values = model.forecast(absurd).values
    seen = history.target.values[0]
    assert np.isfinite(values).all() and values.max() <= seen.max() + 4.01 * np.ptp(seen)


@pytest.mark.parametrize("slots", [0, 1])
def test_without_or_with_a_single_gauge(slots: int) -> None:
    history = sample_history(sample_layout(stations=1, slots=2 * slots, past=24, horizon=3), 500, seed=3)
    history = with_inputs(history, 1, np.nan) if slots else history
    model = fitted_on(history, **QUICK)
    check_forecaster(model, history.layout)
    assert any("levels alone" in note for note in model.notes) is (slots == 0)


@pytest.mark.parametrize("past", [1, 2])
def test_a_window_of_a_step_or_two(past: int) -> None:
    history = sample_history(sample_layout(stations=1, slots=2, past=past, horizon=3), 400, seed=3)
    model = fitted_on(history, **QUICK)
    window = window_of(history, 300, future=True)
    gone = replace(window, observed=Signal.measured(np.full(window.observed.shape, np.nan)))
    assert model.forecast(window).there.all() and model.forecast(gone).there.all()


def test_dead_and_doubled_gauges_gaps_and_few_events_are_stated_or_borne() -> None:
    history = one_station(slots=4)
    history = with_inputs(history, 1, np.nan)
    history = with_inputs(history, 2, history.inputs.values[0, :, 0])
    target = history.target.values[0].copy()
    target[np.random.default_rng(1).random(len(target)) < 0.3] = np.nan
    target[200:] = np.where(np.isfinite(target[200:]), 0.3, np.nan)  # no event in the later folds
    model = fitted_on(with_target(history, 0, target), **QUICK, folds=4)
    assert any("rain.2 has no value" in note for note in model.notes)
    assert any("reads what rain.1 reads" in note for note in model.notes)
    assert np.isfinite(model.hindcast(history, np.arange(50, 400, 10), True)).all()


def test_diverged_members_are_replaced_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    real = subject.descend

    def some_diverge(*given: object) -> tuple[Networks, Floats]:
        networks, loss = real(*given)  # type: ignore[arg-type]
        networks.kernel[[0, 2, 3]] = np.nan
        return networks, np.where(np.isin(np.arange(len(loss)), (0, 2, 3)), np.inf, loss)

    monkeypatch.setattr(subject, "descend", some_diverge)
    history = one_station()
    model = fitted_on(history, **QUICK)
    assert any("6 networks diverged" in note for note in model.notes), "three of each form"
    assert np.isfinite(model.forecast(window_of(history, 300)).values).all()


def test_where_all_diverge_it_is_said() -> None:
    """Steps without end: after the first, no weight is a number, whatever the processor."""
    history = one_station()
    split = split_of(history)
    roles, _ = roles_of(history, split, 0, True, None)
    lesson = lesson_of(history, split, 0, replace(roles, recurrent=True), 300, 6, 1)
    recipe = Recipe(members=4, hidden=2, straight=True, optimiser="adam", learning_rate=np.inf)
    with pytest.raises(ModelError, match=r"s1: all 4 networks diverged in training"):
        subject.fit_recurrent(lesson, 0, plan_of(history, split, 2, recipe, 1))


def test_a_river_that_never_changes_is_refused() -> None:
    with pytest.raises(Exception, match=r"is 1\.0 throughout"):
        fitted_on(with_target(one_station(), 0, 1.0), **QUICK)


def test_the_oldest_values_to_begin_a_gap_with() -> None:
    nan = np.nan
    target = np.array([[1.0, 2.0, nan, 4.0], [nan, nan, nan, 4.0], [1.0, nan, nan, nan], [nan, nan, nan, nan]])
    found = oldest(target, 3, np.full(4, 7.0))
    np.testing.assert_array_equal(found, [[1, 2, 4], [4, 4, 4], [1, 1, 1], [7, 7, 7]])


def test_the_fold_that_was_not_seen_answers_out_of_sample() -> None:
    history, model = basin()
    at = np.flatnonzero(split_of(history).fit[0])[::20]
    seen, unseen = model.hindcast(history, at, True), model.out_of_sample(history, at, True)
    assert np.isfinite(unseen).all() and not np.allclose(seen, unseen)
