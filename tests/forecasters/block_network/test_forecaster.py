"""The block network as a forecaster: beside what :mod:`tests.forecasters.test_every_forecaster` asks of all."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from hydria_plugin import History, ModelError, Signal
from hydria_plugin.forecasters.block_network.forecaster import BlockNetwork
from hydria_plugin.forecasters.boosting import Boosting
from hydria_plugin.learning.workbench import Workbench
from hydria_plugin.testing.checks import check_forecaster
from hydria_plugin.testing.samples import sample_history, sample_layout, sample_window, window_of

from ..records import split_of
from .made import FEW, discharge_basin, fitted_on, one_station, small, with_a_larger_flood, with_inputs, with_target


def index(model: object, history: History, future: bool) -> float:
    """Persistence index over the test part."""
    at = np.flatnonzero(split_of(history).test[0])
    horizon = history.layout.horizon
    truth = np.stack([history.target.values[0, at + k] for k in range(1, horizon + 1)], axis=1)
    guess = model.hindcast(history, at, future)[:, 0, :, history.layout.median]  # type: ignore[attr-defined]
    last = history.target.values[0, at][:, None]
    known = np.isfinite(truth) & np.isfinite(guess) & np.isfinite(last)
    miss, base = (truth - guess) ** 2, (truth - last) ** 2
    return float(1 - miss[known].sum() / base[known].sum())


def test_members_are_trajectories_whose_median_is_the_centre() -> None:
    window = window_of(one_station(), 300, future=True)
    answer = small().forecast(window)
    assert answer.members is not None
    assert answer.members.shape == (1, 1, FEW["initialisations"], 3)
    np.testing.assert_allclose(np.median(answer.members[:, 0], axis=1), answer.median)
    assert np.ptp(answer.members, axis=2).min() > 0, "other initial weights, other paths"


def test_of_an_ensemble_of_rain_every_scenario_has_its_members() -> None:
    window = window_of(one_station(), 300, future=True)
    future = np.repeat(window.future.values, 4, axis=1)
    future[:, 3, :, :2] += 10.0
    many = replace(
        window,
        observed=window.observed.each(lambda a: np.repeat(a, 4, axis=1)),
        past=window.past.each(lambda a: np.repeat(a, 4, axis=1)),
        future=Signal.measured(future),
    )
    members = small().forecast(many).members
    assert members is not None
    assert members.shape == (1, 4, FEW["initialisations"], 3)
    np.testing.assert_allclose(members[:, 0], members[:, 1])
    assert not np.allclose(members[:, 1], members[:, 3])


def test_a_dead_gauge_in_training_is_noted_and_costs_no_forecast() -> None:
    model = fitted_on(with_inputs(one_station(), 1, np.nan))
    assert any("rain.2 has no value" in note for note in model.notes)
    assert model.forecast(window_of(one_station(), 300)).there.all()


def test_two_gauges_that_read_the_same_are_noted() -> None:
    history = one_station()
    model = fitted_on(with_inputs(history, 1, history.inputs.values[0, :, 0]))
    assert any("reads what rain.1 reads" in note for note in model.notes)
    assert model.forecast(window_of(history, 300)).there.all()


def test_without_any_rain_gauge_it_works_from_levels() -> None:
    history = sample_history(
        replace(sample_layout(stations=1, slots=1), slots=("level.up",), kinds=("level",)), 500, seed=3
    )
    model = fitted_on(history)
    assert any("levels alone" in note for note in model.notes)
    check_forecaster(model, history.layout)
    window = window_of(history, 300)
    higher = replace(window, past=window.past.each(lambda a: a + 0.1))
    assert not np.allclose(model.forecast(higher).median, model.forecast(window).median)


def test_without_any_input_it_works_from_its_own_past() -> None:
    history = sample_history(sample_layout(stations=1, slots=0), 500, seed=3)
    model = fitted_on(history)
    check_forecaster(model, history.layout)


def test_one_station_with_one_gauge() -> None:
    history = one_station(slots=2, steps=700)
    history = with_inputs(history, 1, np.nan)
    model = fitted_on(history)
    check_forecaster(model, history.layout)
    assert index(model, history, True) > 0.5


def test_a_station_that_tells_nothing_has_no_forecast_and_the_others_have() -> None:
    history = sample_history(sample_layout(stations=2, horizon=3), 500, seed=3)
    model = fitted_on(with_target(history, 1, np.nan))
    assert any(note.startswith("no forecast: ") and "s2" in note for note in model.notes)
    answer = model.forecast(window_of(history, 300))
    assert list(answer.there) == [True, False]


def test_where_no_station_tells_anything_it_is_a_model_error() -> None:
    with pytest.raises(ModelError, match=r"no station could be learned: .*level@s1 is 1\.0 throughout"):
        fitted_on(with_target(one_station(), 0, 1.0))


def test_a_target_full_of_gaps_gives_a_whole_model() -> None:
    history = one_station()
    target = history.target.values[0].copy()
    target[np.random.default_rng(1).random(len(target)) < 0.4] = np.nan
    values = fitted_on(with_target(history, 0, target)).hindcast(history, np.arange(50, 400), True)
    assert np.isfinite(values).all(axis=(1, 2, 3)).mean() > 0.95


def test_fewer_events_than_folds() -> None:
    history = one_station()
    calm = 0.3 + 0.001 * np.random.default_rng(1).standard_normal(len(history))
    calm[100:104] = [0.8, 1.0, 0.7, 0.5]
    model = fitted_on(with_target(history, 0, calm), folds=4)
    assert model.forecast(window_of(with_target(history, 0, calm), 300)).there.all()


def test_truth_in_one_fold_only() -> None:
    history = one_station(steps=700)
    target = history.target.values[0].copy()
    target[160:] = np.nan
    model = fitted_on(with_target(history, 0, target))
    assert np.isfinite(model.hindcast(history, np.array([100, 300]), True)).all()


def test_static_does_not_look_at_the_target() -> None:
    history = one_station(steps=900)
    model = fitted_on(history, form="static")
    window = window_of(history, 700, future=True)
    other = replace(window, observed=window.observed.each(lambda a: a + 0.5))
    np.testing.assert_allclose(model.forecast(window).members, model.forecast(other).members)  # type: ignore[arg-type]
    gone = replace(window, observed=Signal.measured(np.full(window.observed.shape, np.nan)))
    assert model.forecast(gone).there.all(), "nor needs it"
    at = np.flatnonzero(split_of(history).test[0])
    truth = history.target.values[0, at + 1]
    guess = model.hindcast(history, at, True)[:, 0, 0, history.layout.median]
    known = np.isfinite(truth)
    assert 1 - np.mean((truth - guess)[known] ** 2) / np.var(truth[known]) > 0.8, "but knows the river from its rain"


def test_a_logarithm_for_a_target_that_spans_decades() -> None:
    history = discharge_basin()
    values = fitted_on(history, power=0.0).hindcast(history, np.arange(1000, 1190), True)
    assert (values >= 0).all()
    assert index(fitted_on(history, power=0.0), history, True) > 0.5


@pytest.mark.parametrize("larger", [1.5, 2.0])
def test_it_goes_beyond_the_largest_flood_where_trees_cannot(larger: float) -> None:
    """The storm of the largest flood learned, so much heavier: the flood is twice, or three times, the largest seen."""
    history, ours, theirs = long_record()
    first = 1250
    seen, flood, largest = with_a_larger_flood(history, larger, first)
    at = np.arange(first - 3, first + 60)
    truth = np.stack([flood[at + k] for k in (1, 2, 3)], axis=1)
    assert flood[first:].max() > 1.8 * largest
    guess, their_guess = (m.hindcast(seen, at, True)[:, 0, :, 3] for m in (ours, theirs))
    assert ((guess - truth) ** 2).mean() < 0.5 * ((their_guess - truth) ** 2).mean()
    assert 0.85 * flood[first:].max() < guess.max() < 1.25 * flood[first:].max()


@cache
def long_record() -> tuple[History, BlockNetwork, Boosting]:
    history = discharge_basin(steps=1500)
    trees = Boosting(rounds=60, folds=2, num_threads=1).fit(history, split_of(history))
    return history, fitted_on(history, hidden=3), trees


def test_one_more_seed_one_other_model() -> None:
    history = one_station()
    window = window_of(history, 300)
    assert not np.array_equal(fitted_on(history, seed=2).forecast(window).values, small().forecast(window).values)


def test_an_interrupted_fit_goes_on_where_it_was(tmp_path: Path) -> None:
    history = sample_history(sample_layout(stations=2, horizon=3), 400, seed=3)
    split = split_of(history)
    told: list[str] = []

    def stop_at_second(what: str, share: float) -> None:
        told.append(what)
        if what == "networks of s2":
            raise KeyboardInterrupt

    model = BlockNetwork(**FEW)  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt):
        model.fit_on(Workbench(tmp_path), history, split, stop_at_second)
    again: list[str] = []
    resumed = model.fit_on(Workbench(tmp_path), history, split, lambda what, share: again.append(what))
    assert "networks of s1" in told and "networks of s1" not in again
    window = window_of(history, 300)
    np.testing.assert_array_equal(resumed.forecast(window).values, model.fit(history, split).forecast(window).values)


def test_progress_rises_to_one() -> None:
    shares: list[float] = []
    history = one_station(steps=400)
    BlockNetwork(**FEW).fit_on(Workbench(), history, split_of(history), lambda what, share: shares.append(share))  # type: ignore[arg-type]
    assert shares == sorted(shares) and shares[-1] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"form": "recursive"}, "form 'recursive' is not one of directed, static, recurrent"),
        ({"initialisations": 3, "folds": 4}, "3 initialisations cannot be shared among 4 folds"),
        ({"folds": 1}, "cannot be shared among 1 folds"),
        ({"power": 2.0}, "between 0 .* and 1"),
        ({"optimiser": "hope"}, "'hope' is not one of"),
        ({"hidden": 0}, "hidden"),
        ({"decay": -1.0}, "must not be negative"),
    ],
)
def test_options_that_cannot_be_are_refused(options: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        BlockNetwork(**options)  # type: ignore[arg-type]


def test_untrained_it_says_so() -> None:
    with pytest.raises(ModelError, match="not trained: run `hydria train`"):
        BlockNetwork().forecast(sample_window())
    with pytest.raises(ModelError, match="was not trained"):
        BlockNetwork().save(Path())


def test_notes_are_kept_with_the_model(tmp_path: Path) -> None:
    model = fitted_on(with_inputs(one_station(), 1, np.nan))
    model.save(tmp_path)
    assert BlockNetwork().load(tmp_path).notes == model.notes != ()


def test_other_running_totals_are_a_model_error() -> None:
    window = window_of(one_station(), 300)
    more = replace(window, antecedent=np.zeros((1, 3, 1)), durations=(np.timedelta64(3600, "s"),))
    with pytest.raises(ModelError, match="running totals"):
        small().forecast(more)
