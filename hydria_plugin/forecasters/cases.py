"""Cases: what is known at many issue times, one row each. One code makes them from a Window and from a History, so
that a forecast in the cycle and a forecast in hindcast see the same numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol, runtime_checkable

import numpy as np

from hydria_plugin import Flag, History, Layout, Signal, Window
from hydria_plugin.values import Bools, Floats, Ints, Times, field_names, read_only

from .estimated import base_sigma, less_sure, sigma_at
from .scenarios import mixture, widened

FORESEEN = ("rain", "pet", "temperature")  # kinds whose future a weather service can give
AT_ONCE = 20_000  # cases that are asked for together
NOWHERE = -1  # row of a station the model was not fitted for


@runtime_checkable
class OutOfSample(Protocol):
    """A fitted forecaster that can say what it would have forecast for the steps it learned from, had it not: each
    step by the models that did not see its block. In memory only, after ``fit``."""

    def out_of_sample(self, history: History, at: Ints, future: bool) -> Floats:
        """(N, S, H, Q)"""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Cases:
    """N issue times, of one station or of many."""

    kinds: tuple[str, ...]  # V
    target: Floats  # (N, P) newest last; NaN = gap, or flagged as failed
    inputs: Floats  # (N, P, V) a silent rain gauge is given the mean of the others
    future: Floats  # (N, H, V) NaN = not known
    totals: Floats  # (N, V, A)
    rows: Ints  # (N) the station, as the model numbers it; NOWHERE = unknown to it
    base: Floats  # (N) newest value, NaN when it is too old
    issued: Times  # (N)

    def __len__(self) -> int:
        return len(self.target)

    @property
    def rain(self) -> Ints:
        """Indices of the rain slots."""
        return rain_slots(self.kinds)

    @property
    def foreseen(self) -> Bools:
        """(N, H) True where the rain is known up to this lead."""
        if not len(self.rain):
            return np.zeros(self.future.shape[:2], dtype=bool)
        known = np.isfinite(self.future[:, :, self.rain]).any(axis=2)
        return np.asarray(np.logical_and.accumulate(known, axis=1))

    def take(self, pick: Ints | Bools | slice) -> Cases:
        """Some of the rows."""
        return Cases(self.kinds, *(getattr(self, name)[pick] for name in field_names(Cases)[1:]))


@cache
def rain_slots(kinds: tuple[str, ...]) -> Ints:
    """Indices of the rain slots."""
    slots: Ints = read_only(np.flatnonzero([kind == "rain" for kind in kinds]))
    return slots


def usable(signal: Signal) -> Floats:
    """Values that may be used: finite and not flagged as failed, or estimated in the place of one that was."""
    values = np.asarray(signal.values, dtype=np.float64)
    sound = (signal.flags != Flag.FAIL) | (np.asarray(signal.sigma) > 0)
    return np.where(sound & np.isfinite(values), values, np.nan)


def newest(target: Floats, max_age: int) -> Floats:
    """(N) the newest value of (N, P) that is at most ``max_age`` steps old."""
    last = target[:, ::-1][:, : max_age + 1]
    there = np.isfinite(last)
    return np.asarray(np.take_along_axis(last, there.argmax(axis=1)[:, None], axis=1)[:, 0])


def with_neighbours(inputs: Floats, kinds: tuple[str, ...]) -> Floats:
    """A silent rain gauge reports the mean of the others, as long as one speaks. (..., V)"""
    rain = rain_slots(kinds)
    if len(rain) < 2:
        return inputs
    gauges = inputs[..., rain]
    known = np.isfinite(gauges)
    count = known.sum(axis=-1, keepdims=True)
    mean = np.where(known, gauges, 0.0).sum(axis=-1, keepdims=True) / np.maximum(count, 1)
    filled = inputs.copy()
    filled[..., rain] = np.where(known | (count == 0), gauges, mean)
    return filled


def rows_of(layout: Layout, stations: tuple[str, ...]) -> Ints:
    """(S) where the stations of ``layout`` stand in the model's own ``stations``."""
    return rows_of_names(layout.stations, stations)


def rows_of_names(asked_for: tuple[str, ...], stations: tuple[str, ...]) -> Ints:
    """(S) where stations stand in the model's own; NOWHERE for those it was not fitted for."""
    place = {name: i for i, name in enumerate(stations)}
    return np.array([place.get(name, NOWHERE) for name in asked_for], dtype=np.int64)


def cases_of_window(window: Window, scenario: int, rows: Ints, max_age: int) -> Cases:
    """One case per station."""
    return cases_of_scenarios(window, slice(scenario, scenario + 1), rows, max_age)


def cases_of_scenarios(window: Window, some: slice, rows: Ints, max_age: int) -> Cases:
    """One case per station and scenario of ``some``, a station's scenarios one after the other."""
    kinds, many = window.layout.kinds, len(range(*some.indices(window.scenarios)))

    def flat(array: Any) -> Any:  # (S, R, ...) -> (S R, ...)
        return array[:, some].reshape(len(rows) * many, *array.shape[2:])

    target = usable(window.observed.each(flat))
    return Cases(
        kinds,
        target,
        with_neighbours(usable(window.past.each(flat)), kinds),
        with_neighbours(usable(window.future.each(flat)), kinds),
        np.repeat(np.asarray(window.antecedent, dtype=np.float64), many, axis=0),
        np.repeat(rows, many),
        newest(target, max_age),
        np.full(len(target), window.issued_at),
    )


def cases_of_history(history: History, station: int, at: Ints, future: bool, row: int, max_age: int) -> Cases:
    """One case per step of ``at``, for one station. The past before the record is a gap, as is the future after it."""
    layout = history.layout
    target = strided(usable(history.target.each(lambda a: a[station])), at, layout.past)
    inputs = usable(history.inputs.each(lambda a: a[station]))
    return Cases(
        layout.kinds,
        target,
        with_neighbours(strided(inputs, at, layout.past), layout.kinds),
        with_neighbours(ahead(history, station, inputs, at, future), layout.kinds),
        np.asarray(history.totals[station, at], dtype=np.float64),
        np.full(len(at), row, dtype=np.int64),
        newest(target, max_age),
        history.times[at],
    )


def strided(series: Floats, at: Ints, length: int, shift: int = 0) -> Floats:
    """(N, length, ...) the ``length`` steps up to step ``at + shift`` of (T, ...); NaN beyond the record."""
    steps = np.asarray(at)[:, None] + shift + np.arange(1 - length, 1)
    inside = (steps >= 0) & (steps < len(series))
    taken = series[np.clip(steps, 0, len(series) - 1)]
    return np.asarray(np.where(inside.reshape(inside.shape + (1,) * (series.ndim - 1)), taken, np.nan))


def ahead(history: History, station: int, inputs: Floats, at: Ints, future: bool) -> Floats:
    """(N, H, V) what is known of the horizon: archived forecasts always, the weather as it came if ``future``."""
    layout = history.layout
    if future:
        weather = np.array([kind in FORESEEN for kind in layout.kinds], dtype=bool)
        known = np.where(weather, strided(inputs, at, layout.horizon, layout.horizon), np.nan)
    else:
        known = np.full((len(at), layout.horizon, len(layout.slots)), np.nan)
    for slot, archived in history.forecasts.items():
        if slot in layout.slots:
            known[:, :, layout.slots.index(slot)] = archived[station, at]
    return known


Answer = Callable[[Cases], Floats]  # (N, H, Q) quantiles for N cases


def forecast_window(window: Window, rows: Ints, max_age: int, answer: Answer) -> Floats:
    """(S, H, Q) the quantiles for a window: of the best estimate, or for a station whose inputs are estimated the
    mixture over the scenarios. Without scenarios an estimated last value makes them wider."""
    best, wide = answer(cases_of_window(window, 0, rows, max_age)), np.flatnonzero(widened(window))
    if window.scenarios == 1:
        return less_sure(best, base_sigma(window, max_age), window.quantiles)
    if not len(wide):
        return best
    values = best.copy()
    values[wide] = mixture(over_scenarios(window.only(wide), rows[wide], max_age, answer), window.quantiles)
    return values


def over_scenarios(window: Window, rows: Ints, max_age: int, answer: Answer) -> Floats:
    """(S, R - 1, H, Q) quantiles of every scenario but the best estimate, as many asked for at once as are cheap."""
    at_once, last = max(1, AT_ONCE // len(rows)), window.scenarios
    parts = []
    for first in range(1, last, at_once):
        told = answer(cases_of_scenarios(window, slice(first, first + at_once), rows, max_age))
        parts.append(told.reshape(len(rows), -1, *told.shape[1:]))
    return np.concatenate(parts, axis=1)


def forecast_history(history: History, at: Ints, future: bool, rows: Ints, max_age: int, answer: Answer) -> Floats:
    """(N, S, H, Q) the same for past steps; NaN where a quantile of the row is missing, as ``Forecast.of`` does."""
    layout = history.layout
    values = np.empty((len(at), len(layout.stations), layout.horizon, len(layout.quantiles)))
    for s, row in enumerate(rows):
        for part in chunks(len(at)):
            some = np.asarray(at)[part]
            told = answer(cases_of_history(history, s, some, future, int(row), max_age))
            sigma = sigma_at(history.target.each(lambda a, s=s: a[s]), some, max_age)
            values[part, s] = less_sure(told, sigma, layout.quantiles)
    whole: Bools = np.asarray(np.isfinite(values).all(axis=(2, 3)))
    return np.where(whole[:, :, None, None], values, np.nan)


def chunks(length: int, size: int = AT_ONCE) -> Iterator[slice]:
    """Slices of at most ``size``, so that strided copies stay small."""
    return (slice(first, min(first + size, length)) for first in range(0, length, size))
