"""What the networks of one station learn from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hydria_plugin import History, ModelError
from hydria_plugin.forecasters.block_network.lesson import MARGIN, POWER, Lesson, lesson_of, roles_of
from hydria_plugin.testing.samples import sample_history, sample_layout

from ..records import split_of
from .made import discharge_basin, one_station, with_inputs, with_target

HISTORY = one_station(slots=4)


def lesson(history: History, max_rows: int = 10_000, directed: bool = True, power: float | None = None) -> Lesson:
    split = split_of(history)
    roles, _ = roles_of(history, split, 0, directed, power)
    return lesson_of(history, split, 0, roles, max_rows, 6, 1)


def notes(history: History, s: int = 0) -> list[str]:
    return roles_of(history, split_of(history), s, True, None)[1]


def test_rain_gauges_are_zones_and_the_rest_is_state() -> None:
    roles, told = roles_of(HISTORY, split_of(HISTORY), 0, True, None)
    assert (roles.zones, roles.others, roles.kinds) == ((0, 1, 2), (3,), ("level",))
    assert told == []


def test_a_slot_that_a_station_lacks_is_none_of_its() -> None:
    history = sample_history(sample_layout(), 500)
    roles, told = roles_of(history, split_of(history), 2, True, None)
    assert roles.zones == (0,)
    assert told == [], "absent is not silent"


@pytest.mark.parametrize(
    ("value", "said"), [(0.0, "is 0.0 throughout"), (3.5, "is 3.5 throughout"), (np.nan, "no value")]
)
def test_a_gauge_that_tells_nothing_is_not_used_and_named(value: float, said: str) -> None:
    history = with_inputs(HISTORY, 1, value)
    roles, told = roles_of(history, split_of(history), 0, True, None)
    assert roles.zones == (0, 2)
    assert len(told) == 1
    assert "rain.2" in told[0] and said in told[0]


def test_of_two_gauges_that_read_the_same_one_is_used() -> None:
    history = with_inputs(HISTORY, 2, HISTORY.inputs.values[0, :, 0])
    roles, told = roles_of(history, split_of(history), 0, True, None)
    assert roles.zones == (0, 1)
    assert told == ["s1: rain.3 reads what rain.1 reads: not used"]


def test_without_rain_levels_have_to_do() -> None:
    history = HISTORY
    for slot in (0, 1, 2):
        history = with_inputs(history, slot, np.nan)
    assert "forecasts rest on levels alone" in notes(history)[-1]
    one = lesson(history)
    assert one.view.rain.shape[2] == 0
    assert np.isfinite(one.state).all()


def test_a_discharge_is_shown_by_its_power_and_a_level_as_it_is() -> None:
    flow = discharge_basin(600)
    assert roles_of(flow, split_of(flow), 0, True, None)[0].power == POWER
    assert roles_of(HISTORY, split_of(HISTORY), 0, True, None)[0].power == 1.0
    assert roles_of(HISTORY, split_of(HISTORY), 0, True, 0.0)[0].power == 0.0


def test_all_is_finite_and_within_what_is_believed() -> None:
    one = lesson(HISTORY)
    assert np.isfinite(one.state).all()
    assert (one.state >= one.arrays["low"]).all() and (one.state <= one.arrays["high"]).all()
    inside = one.arrays["low"] + (one.arrays["high"] - one.arrays["low"]) * MARGIN / (1 + 2 * MARGIN)
    assert (one.state >= inside - 1e-9).all(), "the margin lies beyond what was seen"


def test_the_change_is_from_the_last_value_or_from_the_usual_one() -> None:
    directed, static = lesson(HISTORY), lesson(HISTORY, directed=False)
    assert abs(np.nanmean(directed.change)) < 0.2 * np.nanstd(directed.change)
    clean = ~static.copy
    truth = static.change[clean] + static.arrays["centre"]
    known = np.isfinite(truth[:, 0])
    np.testing.assert_allclose(truth[known, 0], HISTORY.target.values[0, static.step[clean][known] + 1], rtol=1e-12)


def test_copies_come_last_and_teach_silence() -> None:
    one = lesson(HISTORY)
    assert not one.copy[: (~one.copy).sum()].any()
    assert 0.2 < one.copy.mean() < 0.4
    assert one.view.silent[one.copy].mean() > 5 * one.view.silent[~one.copy].mean()


def test_thinning_keeps_what_moves_and_weighs_the_rest() -> None:
    one = lesson(HISTORY, max_rows=120)
    clean = ~one.copy
    assert clean.sum() == 120
    moved = np.nanmax(np.abs(one.change[clean]), axis=1)
    light = one.weight[clean] == 1.0
    assert moved[light].mean() > 3 * moved[~light].mean()
    assert one.weight[clean].sum() == pytest.approx((~lesson(HISTORY).copy).sum(), rel=0.02)


def test_truth_that_is_missing_is_no_lesson() -> None:
    target = HISTORY.target.values[0].copy()
    target[100:200] = np.nan
    steps = lesson(with_target(HISTORY, 0, target)).step
    assert not ((steps >= 110) & (steps < 196)).any()


@pytest.mark.parametrize(("values", "said"), [(np.nan, "no trusted value|0 steps"), (2.0, "is 2.0 throughout")])
def test_a_target_that_tells_nothing_is_a_model_error(values: float, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        lesson(with_target(HISTORY, 0, values))


def test_too_short_a_record_is_a_model_error_with_figures() -> None:
    target = np.full(len(HISTORY), np.nan)
    target[30:50] = HISTORY.target.values[0, 30:50]
    with pytest.raises(ModelError, match=r"s1: \d+ steps .* 40 are needed"):
        lesson(with_target(HISTORY, 0, target))


def test_a_level_has_room_below_and_a_discharge_none() -> None:
    assert lesson(discharge_basin(600)).arrays["floor"] == 0.0
    assert lesson(HISTORY).arrays["floor"] < np.nanmin(HISTORY.target.values)
    assert lesson(HISTORY).arrays["ceiling"] > 2 * np.nanmax(HISTORY.target.values)


def test_all_zones_have_one_divisor() -> None:
    tenfold = replace(HISTORY)
    one = lesson(with_inputs(tenfold, 0, 10 * HISTORY.inputs.values[0, :, 0]))
    assert one.arrays["rain_unit"].shape == ()
    assert one.arrays["rain_unit"] > 3 * lesson(HISTORY).arrays["rain_unit"]
