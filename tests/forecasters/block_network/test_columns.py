"""What a network is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydria_plugin.forecasters.arx import blocks
from hydria_plugin.forecasters.block_network.columns import (
    RECENT,
    Roles,
    Told,
    fallen,
    fallen_by,
    foreseen,
    lagged,
    of_slots,
    state,
    told,
)

from .made import cases, one_station

HISTORY = one_station(slots=4)  # rain.1 rain.2 rain.3 level.upstream


def view(future: bool = True, **changed: np.ndarray) -> Told:
    raw = replace(cases(HISTORY, future), **changed)
    n = len(raw)
    return told(raw, np.tile([0, 1, 2], (n, 1)), np.tile([3], (n, 1)))


def columns(seen: Told, directed: bool = True) -> np.ndarray:
    n = len(seen.base)
    return state(seen, ("level",), np.zeros(n), np.ones(n), directed)


@given(st.integers(1, 60), st.integers(1, 3))
def test_a_block_of_rain_is_its_sum_over_the_root_of_its_width(past: int, zones: int) -> None:
    rain = np.random.default_rng(past).gamma(1.0, 1.0, (2, past, zones))
    lags = blocks(past)
    made = lagged(rain, lags)
    assert made.shape == (2, zones, len(lags))
    for b, (first, last) in enumerate(lags):
        width = last - first + 1
        total = rain[:, past - 1 - last : past - first].sum(axis=1)
        np.testing.assert_allclose(made[:, :, b], total / np.sqrt(width), rtol=1e-9)


def test_blocks_are_counted_newest_lag_first() -> None:
    rain = np.zeros((1, 24, 1))
    rain[0, -1] = 5.0
    made = lagged(rain, blocks(24))
    assert made[0, 0, 0] == 5.0
    assert not made[0, 0, 1:].any()


def test_what_is_not_known_counts_as_no_rain() -> None:
    rain = np.full((1, 24, 1), np.nan)
    np.testing.assert_array_equal(lagged(rain, blocks(24)), 0.0)


@pytest.mark.parametrize("lead", [1, 2, 3])
def test_rain_to_come_is_the_newest_lag_of_its_zone(lead: int) -> None:
    seen = view()
    made = fallen_by(seen, lead)
    np.testing.assert_allclose(made[:, :, 0], np.nan_to_num(seen.coming[:, lead - 1]))
    np.testing.assert_allclose(made[:, :, lead], np.nan_to_num(seen.rain[:, -1]), err_msg="after it, what has fallen")


def test_all_leads_have_as_many_lags() -> None:
    seen = view()
    assert {fallen_by(seen, lead).shape for lead in (1, 2, 3)} == {(40, 3, len(blocks(24 + 3)))}
    assert fallen(seen).shape == (40, 3, len(blocks(24)))


def test_rain_beyond_the_lead_is_not_looked_at() -> None:
    coming = view().coming.copy()
    coming[:, 2:] = 99.0
    np.testing.assert_array_equal(fallen_by(replace(view(), coming=coming), 2), fallen_by(view(), 2))


def test_a_silent_gauge_gets_the_mean_of_the_others_and_a_flag() -> None:
    inputs = cases(HISTORY).inputs.copy()
    inputs[:, :, 1] = np.nan
    seen = view(inputs=inputs)
    known = np.isfinite(inputs[:, :, 0]) & np.isfinite(inputs[:, :, 2])
    mean = (inputs[:, :, 0] + inputs[:, :, 2]) / 2
    np.testing.assert_allclose(seen.rain[:, :, 1][known], mean[known])
    np.testing.assert_array_equal(seen.silent[:, 1], 1.0)
    assert seen.silent[:, 0].max() < 1.0


@pytest.mark.parametrize("missing", range(RECENT + 1))
def test_the_flag_is_the_share_of_the_newest_steps_that_is_missing(missing: int) -> None:
    inputs = np.nan_to_num(cases(HISTORY).inputs)
    if missing:
        inputs[:, -missing:, 3] = np.nan
    np.testing.assert_allclose(view(inputs=inputs).silent[:, 3], missing / RECENT)


def test_slots_of_each_row_are_its_own() -> None:
    array = np.arange(24.0).reshape(2, 3, 4)
    slots = np.array([[0, 2], [3, 1]])
    made = of_slots(array, slots, 2)
    np.testing.assert_array_equal(made[0], array[0][:, [0, 2]])
    np.testing.assert_array_equal(made[1], array[1][:, [3, 1]])
    same = np.array([[1, 2], [1, 2]])
    np.testing.assert_array_equal(of_slots(array, same, 2), array[:, :, [1, 2]])
    np.testing.assert_array_equal(of_slots(array[:, 0], slots, 1)[1], array[1, 0, [3, 1]])


def test_the_state_of_a_static_network_does_not_hold_the_target() -> None:
    raw = cases(HISTORY)
    other = replace(raw, target=raw.target + 7.0, base=raw.base + 7.0)
    n = len(raw)
    slots = np.tile([0, 1, 2], (n, 1)), np.tile([3], (n, 1))
    one, two = columns(told(raw, *slots), False), columns(told(other, *slots), False)
    np.testing.assert_array_equal(one, two)
    assert columns(told(raw, *slots)).shape[1] > one.shape[1]


def test_a_shift_of_the_datum_moves_only_the_level() -> None:
    raw = cases(HISTORY)
    n = len(raw)
    slots = np.tile([0, 1, 2], (n, 1)), np.tile([3], (n, 1))
    shifted = replace(raw, target=raw.target + 7.0, base=raw.base + 7.0)
    one, two = columns(told(raw, *slots)), columns(told(shifted, *slots))
    np.testing.assert_allclose(state(told(shifted, *slots), ("level",), np.full(n, 7.0), np.ones(n), True), one)
    moved = np.flatnonzero(~np.isclose(one, two, equal_nan=True).all(axis=0))
    assert len(moved) == 2, "the level, straight and bent"


def test_an_input_that_is_a_state_is_told_by_its_newest_value_and_how_it_moved() -> None:
    raw = cases(HISTORY)
    inputs = raw.inputs.copy()
    inputs[:, :, 3] = np.arange(24.0)
    n = len(raw)
    made = columns(told(replace(raw, inputs=inputs), np.tile([0, 1, 2], (n, 1)), np.tile([3], (n, 1))), False)
    np.testing.assert_array_equal(made[0, :6], [23.0, 1.0, 2.0, 3.0, 6.0, 12.0])


def test_rain_is_foreseen_up_to_the_first_unknown_step() -> None:
    raw = cases(HISTORY)
    future = np.zeros_like(raw.future)
    future[:, 1] = np.nan
    known = foreseen(replace(raw, future=future), np.tile([0], (len(raw), 1)))
    np.testing.assert_array_equal(known, np.tile([True, False, False], (len(raw), 1)))


def test_nothing_is_foreseen_without_a_zone() -> None:
    raw = cases(HISTORY)
    assert not foreseen(raw, np.empty((len(raw), 0), np.int64)).any()


def test_stations_alike_share_a_key() -> None:
    assert Roles((0, 1), (2,), ("level",)).key == Roles((1, 3), (0,), ("level",)).key
    assert Roles((0, 1), (2,), ("level",)).key != Roles((0, 1), (2,), ("pet",)).key
    assert Roles((0,), (), ()).key != Roles((0,), (), (), power=0.3).key
