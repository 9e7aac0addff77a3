"""Choosing hidden neurons, decay and window."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from hydria_plugin.forecasters.block_network import selection as subject
from hydria_plugin.forecasters.block_network.knots import Plan, plan_of
from hydria_plugin.forecasters.block_network.lesson import Lesson, lesson_of, roles_of
from hydria_plugin.forecasters.block_network.selection import (
    BETTER,
    DECAYS,
    HIDDEN,
    WINDOWS,
    Trial,
    better,
    held_out_loss,
    select,
)
from hydria_plugin.forecasters.block_network.station import TRIALS
from hydria_plugin.forecasters.block_network.training import Recipe

from ..records import split_of
from .made import one_station, with_target

HISTORY = one_station(steps=600)
RECIPE = Recipe(members=8, hidden=3, decay=1.0, decay_straight=1.0, straight=True)


@cache
def given() -> tuple[Lesson, Plan]:
    split = split_of(HISTORY)
    roles, _ = roles_of(HISTORY, split, 0, True, None)
    return lesson_of(HISTORY, split, 0, roles, 10_000, 6, 1), plan_of(HISTORY, split, 2, RECIPE, 1, 1)


def chosen(monkeypatch: pytest.MonkeyPatch, law: object) -> tuple[Plan, tuple[Trial, ...]]:
    """By losses that follow a law of (hidden, decay, window)."""

    def loss(lesson: Lesson, plan: Plan) -> float:
        return float(law(plan.recipe.hidden, plan.recipe.decay, plan.window))  # type: ignore[operator]

    monkeypatch.setattr(subject, "loss_of", loss)
    return select(*given())


def test_the_best_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def law(hidden: int, decay: float, window: int) -> float:
        return 1.0 + abs(hidden - 6) + abs(np.log10(decay) - 1.0) + 0.1 * window

    plan, tried = chosen(monkeypatch, law)
    assert (plan.recipe.hidden, plan.recipe.decay, plan.recipe.decay_straight) == (6, 10.0, 10.0)
    assert plan.window == round(0.33 * 27)
    assert min(tried, key=lambda t: t.loss) == Trial(6, 10.0, 9, law(6, 10.0, 9))


def test_where_all_are_alike_the_first_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    plan, tried = chosen(monkeypatch, lambda hidden, decay, window: 1.0 - 0.0001 * hidden)
    assert (plan.recipe.hidden, plan.recipe.decay, plan.window) == (3, 1.0, 27)
    assert tried[0] == Trial(3, 1.0, 27, 1.0 - 0.0003)


def test_nothing_is_tried_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    _, tried = chosen(monkeypatch, lambda hidden, decay, window: 1.0)
    keys = [(t.hidden, t.decay, t.window) for t in tried]
    assert len(keys) == len(set(keys)) == len(HIDDEN) + len(DECAYS) + len(WINDOWS) - 2
    assert len(keys) <= TRIALS


def test_better_needs_a_margin() -> None:
    one = Trial(3, 1.0, 10, 1.0)
    assert better(one, Trial(6, 1.0, 10, BETTER + 0.001)) is one
    assert better(one, Trial(6, 1.0, 10, BETTER - 0.001)).hidden == 6


def test_the_members_stay_as_many_as_were_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert chosen(monkeypatch, lambda *key: 1.0)[0].recipe.members == 8


def test_losses_are_of_what_was_held_out() -> None:
    lesson, plan = given()
    rain_tells, it_does_not = held_out_loss(lesson, plan, 1, 1), held_out_loss(lesson, plan, 0, 1)
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
    assert np.isfinite(held_out_loss(lesson, given()[1], 0, 0))
