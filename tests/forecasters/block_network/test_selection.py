"""Choosing hidden neurons, decay and window."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given as law_of
from hypothesis import strategies as st

from hydria_plugin.forecasters.block_network.forecaster import BlockNetwork
from hydria_plugin.forecasters.block_network.knots import Plan, fit_knot, plan_of
from hydria_plugin.forecasters.block_network.lesson import Lesson, lesson_of, roles_of
from hydria_plugin.forecasters.block_network.network import Networks
from hydria_plugin.forecasters.block_network.selection import (
    BETTER,
    DECAYS,
    HIDDEN,
    STEADIER,
    WINDOWS,
    Trial,
    better,
    held_out_loss,
    select,
    spread_of,
    steadiest,
)
from hydria_plugin.forecasters.block_network.station import TRIALS
from hydria_plugin.forecasters.block_network.training import Recipe

from ..records import split_of
from .made import fitted_on, one_station, with_target

HISTORY = one_station(steps=600)
RECIPE = Recipe(members=8, hidden=3, decay=1.0, decay_straight=1.0, straight=True)


@cache
def given() -> tuple[Lesson, Plan]:
    split = split_of(HISTORY)
    roles, _ = roles_of(HISTORY, split, 0, True, None)
    return lesson_of(HISTORY, split, 0, roles, 10_000, 6, 1), plan_of(HISTORY, split, 2, RECIPE, 1)


def no_spread(hidden: int, decay: float, window: int) -> float:
    return 0.0


def chosen(law: object, spread: object = no_spread) -> tuple[Plan, tuple[Trial, ...]]:
    """By losses and spreads that follow a law of (hidden, decay, window)."""

    def judged(lesson: Lesson, plan: Plan) -> tuple[float, float]:
        key = (plan.recipe.hidden, plan.recipe.decay, plan.window)
        return float(law(*key)), float(spread(*key))  # type: ignore[operator]

    return select(*given(), by=judged)


def test_the_best_is_found() -> None:
    def law(hidden: int, decay: float, window: int) -> float:
        return 1.0 + abs(hidden - 6) + abs(np.log10(decay) - 1.0) + 0.1 * window

    plan, tried = chosen(law)
    assert (plan.recipe.hidden, plan.recipe.decay, plan.recipe.decay_straight) == (6, 10.0, 10.0)
    assert plan.window == round(0.33 * 27)
    assert min(tried, key=lambda t: t.loss) == Trial(6, 10.0, 9, law(6, 10.0, 9))


def test_where_all_are_alike_the_first_stays() -> None:
    plan, tried = chosen(lambda hidden, decay, window: 1.0 - 0.0001 * hidden)
    assert (plan.recipe.hidden, plan.recipe.decay, plan.window) == (3, 1.0, 27)
    assert tried[0] == Trial(3, 1.0, 27, 1.0 - 0.0003)


def test_of_two_as_good_the_one_whose_members_agree_is_chosen() -> None:
    plan, tried = chosen(
        lambda hidden, decay, window: 1.0 + 0.015 * (decay == 10.0),
        lambda hidden, decay, window: 0.05 if decay == 10.0 else 0.2,
    )
    assert plan.recipe.decay == 10.0 and {t.spread for t in tried} == {0.05, 0.2}


def test_what_is_clearly_worse_is_not_chosen_however_steady() -> None:
    plan, _ = chosen(
        lambda hidden, decay, window: 1.0 + 0.05 * (decay == 10.0),
        lambda hidden, decay, window: 0.0 if decay == 10.0 else 0.4,
    )
    assert plan.recipe.decay == 1.0


def test_a_hair_steadier_is_no_reason() -> None:
    plan, _ = chosen(lambda *key: 1.0, lambda hidden, decay, window: 0.1 - 0.9 * STEADIER * (hidden == 6))
    assert plan.recipe.hidden == 3


@law_of(st.lists(st.tuples(st.floats(0.01, 2.0), st.floats(0.0, 1.0)), min_size=1, max_size=8))
def test_the_steadiest_is_never_much_worse_and_never_beaten_in_both(found: list[tuple[float, float]]) -> None:
    tried = tuple(Trial(3, 1.0, i, *one) for i, one in enumerate(found))
    best = steadiest(tried)
    assert best.loss * BETTER <= min(t.loss for t in tried)
    assert not any(t.loss <= best.loss and t.spread < best.spread - STEADIER for t in tried)


def test_members_that_say_the_same_have_no_spread_and_others_have() -> None:
    lesson, plan = given()
    knot = fit_knot(lesson, 1, 1, plan)
    alike = replace(knot, networks=knot.networks.only(np.zeros(8, dtype=np.int64)))
    assert spread_of(lesson, alike, 1, plan, 1) == 0.0
    assert 0.0 < spread_of(lesson, knot, 1, plan, 1) <= 1.0
    half = {name: a.copy() for name, a in alike.networks.arrays().items()}
    for m in range(4):
        half["kernel"][m, 0] = 0.0  # half of the members do not hear the first zone
    other = spread_of(lesson, replace(knot, networks=Networks(**half)), 1, plan, 1)
    assert other > 0.2


def test_nothing_is_tried_twice() -> None:
    _, tried = chosen(lambda hidden, decay, window: 1.0)
    keys = [(t.hidden, t.decay, t.window) for t in tried]
    assert len(keys) == len(set(keys)) == len(HIDDEN) + len(DECAYS) + len(WINDOWS) - 2
    assert len(keys) <= TRIALS


def test_better_needs_a_margin() -> None:
    one = Trial(3, 1.0, 10, 1.0)
    assert better(one, Trial(6, 1.0, 10, BETTER + 0.001)) is one
    assert better(one, Trial(6, 1.0, 10, BETTER - 0.001)).hidden == 6


def test_the_members_stay_as_many_as_were_wanted() -> None:
    assert chosen(lambda *key: 1.0)[0].recipe.members == 8


def test_losses_are_of_what_was_held_out() -> None:
    lesson, plan = given()
    lead = plan.knots[1]
    rain_tells, it_does_not = (held_out_loss(lesson, fit_knot(lesson, f, 1, plan), f, lead) for f in (1, 0))
    assert 0.0 < rain_tells < 0.2 < it_does_not < 1.5


def test_a_real_selection_is_the_same_twice_and_told() -> None:
    told: list[int] = []
    lesson, plan = given()
    first, tried = select(lesson, plan, lambda: told.append(1))
    again, tried_again = select(lesson, plan)
    assert tried == tried_again and first.recipe == again.recipe and first.window == again.window
    assert len(told) == len(tried)
    assert min(t.loss for t in tried) <= tried[0].loss


def test_a_river_that_hardly_moves_has_a_loss() -> None:
    still = with_target(HISTORY, 0, np.where(np.arange(600) == 300, 1.0, 0.5))
    split = split_of(still)
    roles, _ = roles_of(still, split, 0, True, None)
    lesson = lesson_of(still, split, 0, roles, 10_000, 6, 1)
    assert np.isfinite(held_out_loss(lesson, fit_knot(lesson, 0, 0, given()[1]), 0, 1))


def test_the_choice_is_told_in_a_sentence_and_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="hydria.block_network"):
        model = fitted_on(HISTORY, select=True, max_rows=200)
    (said,) = model.selected.values()
    assert f"of {len(model.tried['s1'])} tried" in said and "zones' shares within" in said
    assert said in caplog.text
    model.save(tmp_path)
    again = BlockNetwork().load(tmp_path)
    assert again.selected == model.selected and again.tried == model.tried
    assert fitted_on(HISTORY, max_rows=200).selected == {}, "nothing was selected"
