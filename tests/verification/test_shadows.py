"""Duels of challengers with the reigning model, against scores known beforehand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hydria_plugin.verification.scores import crps, skill
from hydria_plugin.verification.shadows import Duel, duels, shadow_name
from tests.verification.test_regimes import LEVELS, NORMAL, made_up


def wider(result, times: float):
    """The same medians with bands ``times`` as wide."""
    centre = result.median[..., None]
    return replace(result, values=centre + times * NORMAL)


def first(reigning, other) -> Duel:
    return next(iter(duels(reigning, other, "new")))


def test_against_itself_there_is_no_skill() -> None:
    result = made_up(800)
    found = first(result, result)
    assert (found.skill, found.skill_low, found.skill_high) == (0.0, 0.0, 0.0)
    assert (found.shadow, found.station, found.lead, found.pairs, found.failed) == ("new", "s1", 1, 800, 0)


def test_a_better_one_is_better_beyond_chance() -> None:
    truth = made_up(2000)
    found = first(wider(truth, 3.0), truth)
    assert found.skill_low > 0.1
    expected = [crps(truth.truth[:, 0, 0], v[:, 0, 0], LEVELS) for v in (wider(truth, 3.0).values, truth.values)]
    assert (found.crps, found.crps_shadow) == pytest.approx(tuple(expected))
    assert found.skill == pytest.approx(skill(expected[1], expected[0]))
    assert found.skill_low < found.skill < found.skill_high
    assert first(truth, wider(truth, 3.0)).skill_high < 0


def test_only_what_both_forecast_is_compared() -> None:
    result = made_up(400)
    values = np.array(result.values)
    values[:100] = np.nan
    late = replace(result, issued_at=result.issued_at[50:], values=values[50:])
    found = first(result, late)
    assert (found.pairs, found.failed) == (300, 50)
    assert found.skill == 0.0, "the steps before it began are not its failures"


def test_truth_that_never_came_is_no_pair() -> None:
    result = made_up(100)
    blind = replace(result, truth=np.full(result.truth.shape, np.nan))
    found = first(blind, blind)
    assert found.pairs == found.failed == 0
    assert np.isnan([found.crps, found.skill, found.skill_low]).all()


def test_names_cannot_be_those_of_pipelines() -> None:
    import re

    from hydria_plugin.config.schema import NAME

    assert re.match(NAME, shadow_name("river", "ridge")) is None
