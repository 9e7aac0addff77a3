"""Which column of the rings is whose: every signal of a window stands at its station and slot, whatever the order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydria_plugin.assembly import Columns, antecedent_at, future_at, observed_at, past_at, shared
from hydria_plugin.outlook import Outlook
from hydria_plugin.rings import Ring
from hydria_plugin.tables import Gridding
from hydria_plugin.testing import sample_layout
from hydria_plugin.totals import RunningTotals
from hydria_plugin.values import Flag, Layout

NAMES = ["a", "b", "c", ""]
TABLES = st.lists(st.lists(st.sampled_from(NAMES), min_size=3, max_size=3), min_size=2, max_size=2)
STEPS, NEWEST = 5, 104


def layout(slots: list[list[str]], targets: tuple[str, str] = ("t1", "t2")) -> Layout:
    """Two stations, two rain slots and a level; a series is one place's alone, or several's."""
    return replace(
        sample_layout(2, 3),
        slots=("rain.1", "rain.2", "level.up"),
        kinds=("rain", "rain", "level"),
        series=np.array(slots),
        targets=targets,
    )


def ring(n: int) -> Ring:
    """Series s at step k stands at 100 s + k."""
    one = Ring(n, 12, simulated=False)
    one.advance(NEWEST)
    for step in range(NEWEST - 11, NEWEST + 1):
        one.values[step % 12, :n] = 100 * np.arange(n) + step
        one.flags[step % 12, :n] = Flag.GOOD
    return one


@given(TABLES)
def test_each_column_is_the_series_that_the_layout_names(slots: list[list[str]]) -> None:
    a = layout(slots)
    gridding = Gridding.for_layout(a)
    columns = Columns(a, gridding)
    named = [*gridding.series, ""]
    assert [named[n] for n in columns.slots.tolist()] == a.series.reshape(-1).tolist()
    assert [named[n] for n in columns.targets.tolist()] == list(a.targets)


@given(TABLES, st.integers(1, 4))
def test_values_and_flags_stand_at_their_station_slot_and_step(slots: list[list[str]], scenarios: int) -> None:
    a = layout(slots)
    gridding = Gridding.for_layout(a)
    columns, held = Columns(a, gridding), ring(len(gridding.series))
    past = past_at(held, columns, NEWEST, STEPS, scenarios)
    observed = observed_at(held, columns, NEWEST, STEPS, scenarios)
    assert past.shape == (2, scenarios, STEPS, 3) and observed.shape == (2, scenarios, STEPS)
    steps = NEWEST - np.arange(STEPS)[::-1]
    for s in range(2):
        np.testing.assert_array_equal(observed.values[s, -1], 100 * gridding.place[a.targets[s]] + steps)
        for v, name in enumerate(slots[s]):
            wanted = 100 * gridding.place[name] + steps if name else np.full(STEPS, np.nan)
            np.testing.assert_array_equal(past.values[s, 0, :, v], wanted)
            assert (past.flags[s, 0, :, v] == (Flag.GOOD if name else Flag.MISSING)).all()


@given(TABLES)
def test_running_totals_are_of_the_slots_and_nan_where_there_is_none(slots: list[list[str]]) -> None:
    a = layout(slots)
    gridding = Gridding.for_layout(a)
    columns = Columns(a, gridding)
    totals = RunningTotals(columns.summed, (2, 4), 12)
    totals.advance(NEWEST)
    for place, n in enumerate(np.unique(columns.slots[columns.slots < len(gridding.series)]).tolist()):
        assert columns.total_of[n] == place
        for step in range(NEWEST - 3, NEWEST + 1):
            one = np.array([place]), np.array([step]), np.array([np.nan]), np.array([float(n + 1)])
            totals.change(*one)
    found = antecedent_at(totals, columns, NEWEST)
    assert found.shape == (2, 3, 2)
    for s in range(2):
        for v, name in enumerate(slots[s]):
            if not name:
                assert np.isnan(found[s, v]).all()
                continue
            n = gridding.place[name]
            wanted = (n + 1) * (np.array([2.0, 4.0]) if gridding.summed[n] else np.ones(2))
            np.testing.assert_allclose(found[s, v], wanted)


def test_without_any_forecast_the_future_is_a_gap_that_costs_nothing() -> None:
    a = layout([["a", "b", "c"], ["a", "", "b"]])
    gridding = Gridding.for_layout(a)
    found = future_at(Outlook(len(gridding.series)), Columns(a, gridding), NEWEST, 6)
    assert found.shape == (2, 1, 6, 3) and np.isnan(found.values).all() and (found.flags == Flag.MISSING).all()
    assert found.values.strides == (0, 0, 0, 0)


@pytest.mark.parametrize("times", [1, 3])
def test_scenarios_share_one_array(times: int) -> None:
    array = np.arange(8.0).reshape(2, 1, 4)
    found = shared(array, 1, times)
    assert found.shape == (2, times, 4) and np.shares_memory(found, array)
    np.testing.assert_array_equal(found, np.repeat(array, times, axis=1))
