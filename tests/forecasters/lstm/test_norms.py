"""Scales: of the steps that may be learned from, and of nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hydria_plugin import Signal
from hydria_plugin.forecasters.lstm.norms import SMALL, mean_of, movement, norms_of, standardised, totals_by_kind

from ..records import split_of
from .small import record, scales


def test_movement_is_the_root_mean_square_change_to_each_lead() -> None:
    history, split = record(), split_of(record())
    inside = split.fit | split.stop
    unit = np.array([2.0, 1.0, 1.0])
    told = movement(history, inside, unit)
    target = history.target.values[0]
    at = np.flatnonzero(inside[0])
    for lead in (1, 4):
        change = (target[at + lead] - target[at]) / 2.0
        assert told[0, lead - 1] == pytest.approx(np.sqrt(np.nanmean(change**2)))


def test_a_river_that_never_moves_has_a_movement_to_divide_by() -> None:
    history = record()
    still = replace(history, target=Signal.measured(np.ones_like(history.target.values)))
    norms = norms_of(still, split_of(history))
    assert np.all(norms.move == SMALL)
    assert np.all(norms.unit > 0)


def test_the_test_part_does_not_shape_the_scales() -> None:
    history, split = record(), split_of(record())
    first = int(np.flatnonzero(split.test[0])[0]) + history.layout.horizon
    target, inputs = history.target.values.copy(), history.inputs.values.copy()
    target[:, first:], inputs[:, first:] = 1e3, 1e3
    changed = replace(history, target=Signal.measured(target), inputs=Signal.measured(inputs))
    for name, array in norms_of(changed, split).arrays().items():
        np.testing.assert_array_equal(array, scales(history).arrays()[name], err_msg=name)


def test_the_rain_gauges_of_a_station_share_one_divisor() -> None:
    """So that the mean of gauges, standardised, is the mean of standardised gauges."""
    norms = scales(record())
    np.testing.assert_array_equal(norms.slot_unit[:, 0], norms.slot_unit[:, 1])
    np.testing.assert_array_equal(norms.slot_centre[:, 0], norms.slot_centre[:, 1])
    assert np.all(norms.slot_unit[:, 2] != norms.slot_unit[:, 0])


def test_all_is_finite_where_gauges_and_attributes_are_missing() -> None:
    history = record()
    inputs = history.inputs.values.copy()
    inputs[0] = np.nan
    layout = replace(history.layout, static=np.array([[1.0], [np.nan], [3.0]]))
    norms = norms_of(replace(history, layout=layout, inputs=Signal.measured(inputs)), split_of(history))
    for name, array in norms.arrays().items():
        assert np.isfinite(array).all(), name


def test_attributes_come_first_and_are_standardised_over_the_stations() -> None:
    norms = scales(record())
    assert norms.basin.shape == (3, 1 + 4)
    np.testing.assert_allclose(norms.basin[:, 0], [-1.2247449, 0.0, 1.2247449])
    np.testing.assert_allclose(norms.basin.mean(axis=0), 0.0, atol=1e-12)


def test_what_all_stations_share_tells_nothing() -> None:
    np.testing.assert_array_equal(standardised(np.full((4, 2), 7.0)), 0.0)
    np.testing.assert_array_equal(standardised(np.array([[3.0]])), 0.0)


def test_an_unknown_attribute_is_the_mean() -> None:
    told = standardised(np.array([[1.0], [np.nan], [3.0]]))
    np.testing.assert_allclose(told[:, 0], [-1.0, 0.0, 1.0])


def test_the_mean_of_nothing_is_nothing() -> None:
    np.testing.assert_array_equal(mean_of(np.array([[np.nan, 1.0], [np.nan, 3.0]]), axis=0), [0.0, 2.0])


def test_totals_are_the_mean_over_the_gauges_that_have_one() -> None:
    totals = np.array([[[1.0, 10.0], [3.0, np.nan], [7.0, 8.0], [5.0, 6.0]]])
    told = totals_by_kind(totals, ("rain", "rain", "pet", "level"))
    np.testing.assert_array_equal(told, [[[2.0, 10.0], [7.0, 8.0]]])


def test_no_rain_no_totals_of_rain() -> None:
    assert np.isnan(totals_by_kind(np.ones((2, 1, 3)), ("level",))).all()
    assert totals_by_kind(np.ones((2, 1, 0)), ("rain",)).shape == (2, 2, 0)
