"""Signals, layouts and what was received: views of them keep their five arrays, their columns and their story."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin import KINDS, UNITS, Flag, Layout, Signal
from hydria_plugin.testing import sample_bulletin, sample_layout
from hydria_plugin.values import QUANTITIES, SUMMED, UNITS_OF, Observations

LAYOUT = replace(sample_layout(4), names=("Anduze", "Alès", "", "Sauve"))
RECEIVED = sample_bulletin().received
assert RECEIVED is not None
COLUMNS = tuple(f.name for f in fields(Observations))[1:]
numbers = st.one_of(st.just(np.nan), st.just(np.inf), st.floats(-5, 5))
cells = st.tuples(numbers, st.sampled_from(list(Flag)), st.sampled_from([0.0, 0.2]))


def signal(rows: list[tuple[float, Flag, float]]) -> Signal:
    values, flags, sigma = (np.array([row[k] for row in rows], kind) for k, kind in enumerate((float, np.uint8, float)))
    return Signal(values, sigma, flags, np.arange(len(rows), dtype=np.uint16), 2 * values)


@given(st.lists(cells, max_size=8))
@settings(max_examples=40)
def test_truth_is_measured_finite_and_not_known_to_be_wrong(rows: list[tuple[float, Flag, float]]) -> None:
    made = signal(rows)
    trusted = [np.isfinite(value) and flag != Flag.FAIL and sigma == 0 for value, flag, sigma in rows]
    assert made.trusted.tolist() == trusted
    told = [value if ok else np.nan for (value, _, _), ok in zip(rows, trusted, strict=True)]
    np.testing.assert_array_equal(made.told, told)


@given(st.lists(cells, min_size=1, max_size=8), st.lists(st.integers(0, 7), max_size=5))
@settings(max_examples=30)
def test_a_view_takes_the_whole_story_along(rows: list[tuple[float, Flag, float]], picked: list[int]) -> None:
    at = np.array([p % len(rows) for p in picked], int)
    made = signal(rows)
    part = made.each(lambda a: a[at])
    assert part.shape == (len(at),)
    for name in ("values", "sigma", "flags", "method", "raw"):
        np.testing.assert_array_equal(getattr(part, name), getattr(made, name)[at])
    np.testing.assert_array_equal(part.told, made.told[at])


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(0,), (1,), (2, 0, 3), (2, 3)])
def test_as_received_nothing_is_estimated_and_gaps_are_missing(shape: tuple[int, ...], kind: type) -> None:
    values = np.ones(shape, kind)
    if values.size:
        values.flat[0] = np.nan
    made = Signal.measured(values)
    assert made.shape == made.sigma.shape == made.method.shape == shape
    assert not made.sigma.any() and not made.method.any() and made.sigma.dtype == kind
    np.testing.assert_array_equal(made.flags == Flag.MISSING, np.isnan(values))
    np.testing.assert_array_equal(made.flags == Flag.GOOD, ~np.isnan(values))
    np.testing.assert_array_equal(made.raw, values)


@pytest.mark.parametrize("name", ["sigma", "flags", "method", "raw"])
def test_an_array_of_another_shape_is_named(name: str) -> None:
    with pytest.raises(ValueError) as refused:
        replace(Signal.measured(np.zeros((2, 3))), **{name: np.zeros((3, 2))})
    assert str(refused.value) == f"Signal.{name} must have axes of values = (2, 3), not (3, 2)"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"past": 0}, "past 0, horizon 6 and step 3600 seconds must be positive"),
        ({"horizon": -1}, "past 24, horizon -1 and step 3600 seconds must be positive"),
        ({"step": np.timedelta64(0, "s")}, "past 24, horizon 6 and step 0 seconds must be positive"),
        ({"quantiles": ()}, "quantiles must rise and contain 0.5, not ()"),
        ({"quantiles": (0.5, 0.5)}, "quantiles must rise and contain 0.5, not (0.5, 0.5)"),
        ({"kinds": ("rain", "snow", "ice")}, f"kind 'ice' is not one of {', '.join(KINDS)}"),
        ({"series": LAYOUT.series[:, :2]}, "Layout.series must have axes (S, V) = (4, 3), not (4, 2)"),
        ({"static": np.zeros((4, 2))}, "Layout.static must have axes (S, K) = (4, 1), not (4, 2)"),
        ({"static_names": ()}, "Layout.static must have axes (S, K) = (4, 0), not (4, 1)"),
        ({"stations": ("a", "b", "c", "a")}, "stations must have different names, not ('a', 'b', 'c', 'a')"),
    ],
)
def test_a_layout_says_what_it_refuses(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError) as refused:
        replace(LAYOUT, **change)
    assert str(refused.value) == said


@given(st.permutations(range(4)).flatmap(lambda p: st.integers(0, 4).map(lambda n: p[:n])))
@settings(max_examples=30)
def test_some_stations_keep_what_is_theirs_and_all_slots(rows: list[int]) -> None:
    part = LAYOUT.only(rows)
    of_stations = ("stations", "targets", "quantities", "units", "names")
    for name in of_stations:
        assert getattr(part, name) == tuple(getattr(LAYOUT, name)[i] for i in rows)
    np.testing.assert_array_equal(part.series, LAYOUT.series[np.array(rows, int)])
    assert part.static.shape == (len(rows), 1) and part.static[:, 0].tolist() == [LAYOUT.static[i, 0] for i in rows]
    assert (part.slots, part.kinds, part.static_names) == (LAYOUT.slots, LAYOUT.kinds, LAYOUT.static_names)
    found = part.all_series()
    assert found[: len(rows)] == part.targets and len(set(found)) == len(found) and "" not in found
    assert set(found) <= set(LAYOUT.all_series())


def test_a_layout_without_names_or_attributes_has_none_for_some_of_its_stations() -> None:
    bare = replace(LAYOUT, names=(), static=np.empty((0, 0)), static_names=())
    assert bare.static.shape == (4, 0)
    assert (bare.only([2, 0]).names, bare.only([2, 0]).static.shape, bare.only([]).static.shape) == ((), (2, 0), (0, 0))


def test_the_median_is_found_among_any_quantiles() -> None:
    for quantiles in ((0.5,), (0.1, 0.5), (0.5, 0.6, 0.7)):
        layout: Layout = replace(LAYOUT, quantiles=quantiles)
        assert layout.quantiles[layout.median] == 0.5


@given(st.lists(st.integers(0, len(RECEIVED) - 1), max_size=6))
@settings(max_examples=25)
def test_rows_of_what_was_received_are_picked_by_number_or_mask(picked: list[int]) -> None:
    assert RECEIVED is not None
    some = RECEIVED.where(np.array(picked, int))
    assert len(some) == len(picked) and some.series == RECEIVED.series
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(some, name), getattr(RECEIVED, name)[np.array(picked, int)])
    mask = np.isin(np.arange(len(RECEIVED)), picked)
    np.testing.assert_array_equal(RECEIVED.where(mask).index, sorted(set(picked)))


@pytest.mark.parametrize("name", [c for c in COLUMNS if c != "index"])
def test_a_column_of_another_length_is_named(name: str) -> None:
    assert RECEIVED is not None
    n = len(RECEIVED)
    with pytest.raises(ValueError) as refused:
        replace(RECEIVED, **{name: getattr(RECEIVED, name)[1:]})
    assert str(refused.value) == f"Observations.{name} must have axes (N) = ({n},), not ({n - 1},)"


def test_every_unit_is_of_one_quantity_and_what_sums_up_is_a_kind() -> None:
    assert tuple(UNITS_OF) == QUANTITIES and set(SUMMED) < set(KINDS)
    assert sorted(u for units in UNITS_OF.values() for u in units) == sorted(UNITS)
