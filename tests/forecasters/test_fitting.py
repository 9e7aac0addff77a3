"""Folds in time, the ridge's algebra, and what a boosting gathers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hydria_plugin import Flag, ModelError, Signal
from hydria_plugin.forecasters.boosting import Boosting
from hydria_plugin.forecasters.boosting_fit import knots_for
from hydria_plugin.forecasters.boosting_rows import thin
from hydria_plugin.forecasters.fitting import fold_of_steps, pool, purged, truth_ahead, unit_of
from hydria_plugin.forecasters.persistence import Persistence, change_quantiles, untrained
from hydria_plugin.forecasters.ridge import Ridge
from hydria_plugin.forecasters.ridge_fit import fit_lead, normal, solve
from hydria_plugin.forecasters.ridge_station import expectation
from hydria_plugin.testing.samples import sample_history, sample_layout, sample_window

from .records import fitted, record, split_of


def test_folds_cover_the_pool_and_nothing_else() -> None:
    history, split = record(), split_of(record())
    fold = fold_of_steps(history, split, 4)
    inside = (split.fit | split.stop).any(axis=0)
    np.testing.assert_array_equal(fold >= 0, inside)
    assert set(fold[inside]) == {0, 1, 2, 3}
    sizes = np.bincount(fold[inside])
    assert sizes.max() < 1.3 * sizes.min()


def test_folds_are_cut_between_events() -> None:
    history, split = record(), split_of(record())
    fold = fold_of_steps(history, split, 2)
    border = int(np.flatnonzero(np.diff(fold[fold >= 0]))[0]) + int(np.flatnonzero(fold >= 0)[0])
    events = split.events.copy()
    events[:, border - 5 : border + 5] = 7
    moved = fold_of_steps(history, replace(split, events=events), 2)
    inside = moved[border - 5 : border + 5]
    assert len(set(inside.tolist())) == 1, "an event is in one fold"


def test_what_stands_beside_the_held_out_is_purged() -> None:
    fold = np.array([0, 0, 0, 0, 1, 1, 0, 0, 0, -1])
    np.testing.assert_array_equal(np.flatnonzero(purged(fold, 1, 2)), [0, 1, 8])
    np.testing.assert_array_equal(np.flatnonzero(purged(fold, 1, 0)), [0, 1, 2, 3, 6, 7, 8])


def test_filled_values_are_no_truth() -> None:
    history = sample_history(sample_layout(), 200, gaps=0.0)
    sigma = np.zeros(history.target.shape)
    sigma[0, 101] = 0.1
    flags = np.full(history.target.shape, Flag.GOOD, np.uint8)
    flags[0, 102] = Flag.FAIL
    t = history.target
    changed = replace(history, target=Signal(t.values, sigma, flags, np.zeros(t.shape, np.uint16), t.raw))
    truth = truth_ahead(changed, 0, np.array([100, 198]))
    np.testing.assert_array_equal(np.isfinite(truth[0]), [False, False, True, True, True, True])
    np.testing.assert_array_equal(np.isfinite(truth[1]), [True, False, False, False, False, False])


def test_the_pool_is_fit_and_stop() -> None:
    history, split = record(), split_of(record())
    cases, at = pool(history, split, 0, 6)
    assert len(cases) == len(at) and not split.test[0, at].any()
    assert unit_of(history, split).shape == (3,) and np.all(unit_of(history, split) > 0)


def test_ridge_algebra_against_numpy() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(200, 5)), rng.normal(size=200)
    found = solve(normal(x, y), np.array([0.0, 0.3, np.inf]))
    np.testing.assert_allclose(found[0], np.linalg.lstsq(x, y, rcond=None)[0])
    np.testing.assert_allclose(found[1], np.linalg.solve(x.T @ x + 0.3 * 200 * np.eye(5), x.T @ y))
    assert not found[2].any(), "an infinite penalty is persistence"


def test_noise_ends_at_persistence_and_a_signal_does_not() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(300, 20))
    fold = np.arange(300) // 30 % 5
    assert np.abs(fit_lead(x, rng.normal(size=300), fold, 5).weights).max() < 0.05
    lead = fit_lead(x, x[:, 0] + 0.1 * rng.normal(size=300), fold, 5)
    assert lead.weights[0] == pytest.approx(1.0, abs=0.05)


def test_held_out_forecasts_did_not_see_their_block() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(100, 2))
    y = x @ [1.0, -1.0]
    fold = np.arange(100) % 5
    spoilt = y.copy()
    spoilt[fold == 2] += 100.0
    a, b = fit_lead(x, y, fold, 5), fit_lead(x, spoilt, fold, 5)
    same = fit_lead(x, spoilt, fold, 5)
    np.testing.assert_array_equal(b.held_out, same.held_out)
    assert np.abs(a.held_out[fold == 2] - y[fold == 2]).max() < 0.1


def test_a_lost_gauge_is_expected_from_the_others() -> None:
    rng = np.random.default_rng(4)
    one, other = rng.normal(size=500), rng.normal(size=500)
    columns = np.stack([one, other, 2 * one + 0.01 * rng.normal(size=500)], axis=1)
    fill = expectation(columns, np.array([-1, 1, 2]))
    assert fill[0, 2] == pytest.approx(2.0, abs=0.1)
    assert not fill[:, 0].any() and fill[2, 2] == 0.0


def test_quiet_rows_are_thinned_and_weigh_more() -> None:
    activity = np.random.default_rng(1).gamma(0.3, 1.0, 1000)
    keep, weight = thin(activity, 200, 1)
    assert len(keep) == 200 and len(set(keep.tolist())) == 200
    np.testing.assert_array_equal(np.sort(activity[keep])[-100:], np.sort(activity)[-100:])
    assert weight.sum() == pytest.approx(1000)
    whole, ones = thin(activity, 1000, 1)
    assert len(whole) == 1000 and np.all(ones == 1)


@pytest.mark.parametrize(
    ("horizon", "knots"), [(1, (1,)), (6, (1, 3, 6)), (24, (1, 3, 6, 12, 24)), (30, (1, 3, 6, 12, 24, 30))]
)
def test_knots_end_at_the_horizon(horizon: int, knots: tuple[int, ...]) -> None:
    assert knots_for(horizon) == knots


def test_boosting_tells_how_far_it_is() -> None:
    told: list[float] = []
    model = Boosting(rounds=5, folds=2, num_threads=1)
    model.fit_on(None, record(), split_of(record()), lambda what, share: told.append(share))
    assert told == sorted(told) and told[-1] == pytest.approx(1.0) and len(told) == 3 * 2 * 3


def test_untrained_models_say_so() -> None:
    for model in (Ridge(), Boosting()):
        with pytest.raises(ModelError, match="hydria train"):
            model.forecast(sample_window())


@pytest.mark.parametrize("name", ["ridge", "boosting"])
def test_other_running_totals_are_refused(name: str) -> None:
    window = replace(sample_window(), durations=(np.timedelta64(1, "h"),), antecedent=np.zeros((3, 3, 1)))
    with pytest.raises(ModelError, match="running totals"):
        fitted(name).forecast(window)


def test_untrained_persistence_is_as_wide_as_the_window_moved() -> None:
    window = sample_window(gaps=0.0)
    calm = window.observed.values.copy()
    calm[0] = 0.5
    forecast = Persistence().forecast(replace(window, observed=Signal.measured(calm)))
    np.testing.assert_array_equal(forecast.values[0], 0.5)
    assert np.all(forecast.values[1, -1, -1] > forecast.values[1, -1, 0])
    np.testing.assert_array_equal(forecast.median, np.repeat(calm[:, 0, -1:], 6, axis=1))


def test_change_quantiles_against_numpy() -> None:
    rng = np.random.default_rng(1)
    target = rng.normal(size=(5, 30))
    target[rng.random(target.shape) < 0.2] = np.nan
    levels = (0.1, 0.5, 0.9)
    want = np.nanquantile(target[:, 3:] - target[:, :-3], levels, axis=1).T
    np.testing.assert_allclose(change_quantiles(target, 3, levels), want)


def test_beyond_the_window_the_spread_grows_with_the_square_root() -> None:
    layout = sample_layout(past=8, horizon=16)
    window = sample_window(layout, gaps=0.0)
    from hydria_plugin.forecasters.cases import cases_of_window

    offsets = (
        untrained(cases_of_window(window, 0, np.arange(3), 6), layout.quantiles)
        - window.observed.values[:, 0, -1, None, None]
    )
    np.testing.assert_allclose(offsets[:, 15], offsets[:, 3] * 2.0, atol=1e-12)
