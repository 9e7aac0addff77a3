"""The networks of one form and one knot."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from hydria_plugin import ModelError
from hydria_plugin.forecasters.arx import blocks
from hydria_plugin.forecasters.block_network import knots as subject
from hydria_plugin.forecasters.block_network.knots import (
    FEWEST_STOP,
    Plan,
    fit_knot,
    followed,
    known_to,
    parts_of,
    plan_of,
    rain_of,
    samples,
    whole,
)
from hydria_plugin.forecasters.block_network.lesson import Lesson, lesson_of, roles_of
from hydria_plugin.forecasters.block_network.training import Recipe, train_members

from ..records import split_of
from .made import one_station

HISTORY = one_station(steps=600)
RECIPE = Recipe(members=4, hidden=2, decay=1.0, decay_straight=1.0, straight=True)


def plan(**changed: object) -> Plan:
    made = plan_of(HISTORY, split_of(HISTORY), 2, RECIPE, 1)
    return made._replace(**changed)  # type: ignore[arg-type]


@cache
def lesson(directed: bool = True) -> Lesson:
    split = split_of(HISTORY)
    roles, _ = roles_of(HISTORY, split, 0, directed, None)
    return lesson_of(HISTORY, split, 0, roles, 10_000, 6, 1)


def test_a_member_never_learns_from_the_block_it_stops_on() -> None:
    one, its = lesson(), plan()
    for fold in range(its.folds):
        learn, stop = parts_of(one, known_to(one, 0, 1), its, fold)
        horizon = HISTORY.layout.horizon
        for step in one.step[stop][::20]:
            assert np.abs(one.step[learn] - step).min() > horizon
        assert set(its.fold[one.step[stop]]) == {fold}
        assert not one.copy[stop].any(), "copies with silent gauges only teach"
        assert one.copy[learn].any()


def test_together_the_blocks_are_all_there_is() -> None:
    one, its = lesson(), plan()
    stops = np.stack([parts_of(one, known_to(one, 0, 1), its, fold)[1] for fold in range(its.folds)])
    np.testing.assert_array_equal(stops.sum(axis=0)[~one.copy & known_to(one, 0, 1)], 1)


def test_a_fold_without_truth_stops_on_every_fifth_case() -> None:
    one, its = lesson(), plan()
    known = known_to(one, 0, 1) & (its.fold[one.step] == 0)
    for fold in (0, 1):
        learn, stop = parts_of(one, known, its, fold)
        assert not (learn & stop).any()
        assert stop.sum() == pytest.approx(known.sum() / 5, abs=1)
        assert (learn | stop)[known].all()


def test_what_was_held_out_was_forecast_by_those_that_did_not_see_it() -> None:
    one, its = lesson(), plan()
    knot = fit_knot(one, 1, 1, its)
    rain = rain_of(one, 1, its.knots[1], its.window)
    for fold in (0, 1):
        mine = knot.networks.only(np.arange(2) + 2 * fold)
        out = its.fold[one.step] == fold
        expected = knot.scale * np.median(mine.output(rain[out], one.state[out]), axis=0)
        np.testing.assert_allclose(knot.held_out[out], expected, rtol=1e-9, atol=1e-12)


def test_one_thread_or_two_the_same_networks() -> None:
    one, two = (fit_knot(lesson(), 0, 0, plan(recipe=replace(RECIPE, threads=n))) for n in (1, 2))
    for name, array in one.networks.arrays().items():
        np.testing.assert_array_equal(array, two.networks.arrays()[name], err_msg=name)


@pytest.mark.parametrize("window", [3, 10])
def test_rain_before_the_window_is_not_looked_at(window: int) -> None:
    one = lesson()
    for form in (0, 1):
        made, all_of_it = (rain_of(one, form, 2, w) for w in (window, 99))
        first = blocks(24 + form * 3)[:, 0]
        assert not made[:, :, first >= window].any()
        np.testing.assert_array_equal(made[:, :, first < window], all_of_it[:, :, first < window])


def test_cases_without_rain_to_come_do_not_teach_how_to_use_it() -> None:
    one = lesson()
    future = one.raw.future.copy()
    future[100:200] = np.nan
    blind = replace(one, raw=replace(one.raw, future=future))
    assert not known_to(blind, 1, 1)[100:200].any()
    assert known_to(blind, 0, 1)[100:200].any()
    future[:] = np.nan
    assert known_to(replace(one, raw=replace(one.raw, future=future)), 1, 1).sum() > FEWEST_STOP, "then without it"


def test_weights_have_mean_one() -> None:
    one = replace(lesson(), weight=np.linspace(1.0, 9.0, len(lesson().step)))
    some = samples(one, rain_of(one, 0, 1, 99), one.change[:, 0], known_to(one, 0, 1))
    assert some.weights.mean() == pytest.approx(1.0)


def test_those_that_diverged_are_replaced_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def lossy(*given: object) -> object:
        trained = train_members(*given)  # type: ignore[arg-type]
        return replace(trained, networks=trained.networks.only(np.array([0])), dropped=1)

    monkeypatch.setattr(subject, "train_members", lossy)
    knot = fit_knot(lesson(), 0, 0, plan())
    assert knot.dropped == 2
    assert len(knot.networks) == 4
    np.testing.assert_array_equal(knot.networks.kernel[0], knot.networks.kernel[1])


def test_a_fold_without_which_nothing_moves_has_the_members_of_another() -> None:
    one, its = lesson(), plan()
    elsewhere = its.fold[one.step] == 1
    calm = replace(one, change=np.where(elsewhere[:, None], one.change, 0.25))
    knot = fit_knot(calm, 0, 0, its)
    assert knot.dropped == 2 and len(knot.networks) == 4
    assert np.isnan(knot.held_out[elsewhere]).all(), "no one is left who has not seen it"
    assert np.isfinite(knot.held_out[its.fold[one.step] == 0]).all()
    with pytest.raises(ModelError, match="s1: the target never changes"):
        fit_knot(replace(one, change=np.full_like(one.change, 0.25)), 0, 0, its)


def test_as_many_as_were_wanted() -> None:
    networks = fit_knot(lesson(), 0, 0, plan()).networks
    again = whole(networks, 7)
    assert len(again) == 7
    np.testing.assert_array_equal(again.bias[4:], networks.bias[:3])


def test_no_member_left_is_a_model_error() -> None:
    one = lesson()
    with pytest.raises(ModelError, match="NaN"):
        fit_knot(replace(one, state=np.full_like(one.state, np.nan)), 0, 0, plan())


@pytest.mark.parametrize(
    ("guess", "truth", "follow"), [(2.0, 1.0, 0.5), (1.0, 3.0, 1.0), (1.0, -1.0, 0.0), (0.0, 1.0, 0.0)]
)
def test_how_far_to_follow(guess: float, truth: float, follow: float) -> None:
    n = 10
    known = np.ones(n, bool)
    assert followed(np.full(n, guess), np.full(n, truth), np.ones(n), known) == pytest.approx(follow)


def test_what_is_not_known_has_no_say_in_how_far() -> None:
    guess, truth = np.array([1.0, np.nan, 1.0]), np.array([0.5, 9.0, np.nan])
    assert followed(guess, truth, np.ones(3), np.isfinite(truth)) == pytest.approx(0.5)


def test_a_static_network_is_followed_all_the_way() -> None:
    one, its = lesson(False), plan()
    knot = fit_knot(one, 1, 0, its)
    change = one.change[:, 0][known_to(one, 1, its.knots[0])]
    assert knot.scale == pytest.approx(float(np.sqrt(np.mean(change**2))))
