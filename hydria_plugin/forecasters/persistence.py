"""The last value stays: the forecast every other must beat, and the last rung that still answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from hydria_plugin import Attribution, Forecast, History, ModelError, Split, Window
from hydria_plugin.learning.ticks import around_median
from hydria_plugin.values import Floats, Ints

from .attributing import attribute_window, held
from .cases import NOWHERE, Cases, forecast_history, forecast_window, rows_of
from .fitting import pool, truth_ahead, unit_of
from .keeping import Fit, OtherFormat, check_fit, load_arrays, read_fit, save_arrays, write_fit
from .spread import Spread, doubts, expected_error, fit_doubt, fit_spread


@dataclass(frozen=True, slots=True, eq=False)
class Errors:
    """What persistence got wrong in training."""

    fit: Fit
    unit: Floats  # (S)
    doubt: Floats  # (S, H, D + 1)
    spread: Spread


class Persistence:
    """The newest trusted value, at most ``max_age`` steps old, at all leads. Untrained, its spread is that of the
    window's own past changes; trained, that of its errors per station, lead and regime."""

    name = "persistence"
    works_untrained = True

    def __init__(self, *, max_age: int = 6) -> None:
        self.max_age = max_age
        self.errors: Errors | None = None

    def forecast(self, window: Window) -> Forecast:
        rows = self.rows(window)
        levels = window.quantiles
        values = forecast_window(window, rows, self.max_age, lambda cases: self.quantiles(cases, levels))
        return Forecast.of(window, values, self.name)

    def attribute(self, window: Window) -> Attribution:
        """All of it is the last value."""
        return attribute_window(window, self.forecast(window).median, self.rows(window), self.max_age, held)

    def hindcast(self, history: History, at: Ints, future: bool) -> Floats:
        rows, levels = self.rows(history), history.layout.quantiles
        return forecast_history(history, at, future, rows, self.max_age, lambda cases: self.quantiles(cases, levels))

    def out_of_sample(self, history: History, at: Ints, future: bool) -> Floats:
        """Its centre learns nothing, so every forecast is out of sample."""
        return self.hindcast(history, at, future)

    def rows(self, asked: Window | History) -> Ints:
        """(S) the stations' places in what was trained. Where that was for another configuration, all are unknown: the
        last rung answers as if it were untrained, rather than not at all."""
        unknown = np.full(len(asked.layout.stations), NOWHERE)
        if self.errors is None:
            return unknown
        try:
            check_fit(self.name, self.errors.fit, asked.layout)
        except ModelError:
            return unknown
        return rows_of(asked.layout, self.errors.fit.stations)

    def quantiles(self, cases: Cases, levels: tuple[float, ...]) -> Floats:
        """(N, H, Q): stations it was not trained for are given the untrained spread."""
        known = cases.rows != NOWHERE
        if self.errors is None or not known.any():
            return untrained(cases, levels)
        values = np.empty((len(cases), cases.future.shape[1], len(levels)))
        values[known] = self.trained(self.errors, cases.take(known), levels)
        if not known.all():
            values[~known] = untrained(cases.take(~known), levels)
        return values

    @staticmethod
    def trained(errors: Errors, cases: Cases, levels: tuple[float, ...]) -> Floats:
        """(N, H, Q) the spread of past errors, as wide as the regime asks for."""
        centre = np.repeat(cases.base[:, None], cases.future.shape[1], axis=1)
        doubt = doubts(cases, np.zeros_like(centre), errors.unit[cases.rows])
        expected = expected_error(doubt, errors.doubt[cases.rows])
        return errors.spread.around(centre, expected, cases.rows, levels)

    def fit(self, history: History, split: Split) -> Self:
        layout = history.layout
        unit = unit_of(history, split)
        fitted = [self.fit_station(history, split, s, float(unit[s])) for s in range(len(layout.stations))]
        doubt, edges, offsets = (np.stack(part) for part in zip(*fitted, strict=True))
        new = type(self)(max_age=self.max_age)
        new.errors = Errors(Fit.of(layout), unit, doubt, Spread(edges, offsets))
        return new

    def fit_station(self, history: History, split: Split, s: int, unit: float) -> tuple[Floats, Floats, Floats]:
        cases, at = pool(history, split, s, self.max_age)
        change = truth_ahead(history, s, at) - cases.base[:, None]
        doubt = doubts(cases, np.zeros_like(change), np.full(len(at), unit))
        weights, edges, offsets = [], [], []
        for f in range(history.layout.horizon):
            weights.append(fit_doubt(doubt[:, f], np.abs(change[:, f])))
            expected = expected_error(doubt[:, f : f + 1], weights[-1][None])[:, 0]
            some_edges, some_offsets = fit_spread(change[:, f], expected, history.layout.quantiles)
            edges.append(some_edges)
            offsets.append(some_offsets)
        return np.stack(weights), np.stack(edges), np.stack(offsets)

    def save(self, folder: Path) -> None:
        if self.errors is None:
            raise ModelError("persistence was asked to save what it learned, but it was not trained")
        write_fit(folder, self.errors.fit, {"max_age": self.max_age})
        e = self.errors
        arrays = {"unit": e.unit, "doubt": e.doubt, "edges": e.spread.edges, "offsets": e.spread.offsets}
        save_arrays(folder, arrays)

    def load(self, folder: Path) -> Self:
        """What was kept; untrained where another version of hydria kept it."""
        try:
            fit, options = read_fit(self.name, folder)
        except OtherFormat:
            return type(self)(max_age=self.max_age)
        a = load_arrays(self.name, folder, ("unit", "doubt", "edges", "offsets"))
        new = type(self)(max_age=int(options["max_age"]))
        new.errors = Errors(fit, a["unit"], a["doubt"], Spread(a["edges"], a["offsets"]))
        return new


def untrained(cases: Cases, levels: tuple[float, ...]) -> Floats:
    """(N, H, Q) the spread of the window's own past changes over as many steps as the lead; beyond what the window
    can show, growing with the square root of the lead."""
    n, h = len(cases), cases.future.shape[1]
    offsets = np.zeros((n, h, len(levels)))
    longest = max(1, min(h, cases.target.shape[1] // 2))
    for f in range(longest):
        offsets[:, f] = change_quantiles(cases.target, f + 1, levels)
    leads = np.arange(longest, h)
    offsets[:, leads] = offsets[:, longest - 1 : longest] * np.sqrt((leads + 1) / longest)[:, None]
    offsets[:, :, levels.index(0.5)] = 0.0
    return np.asarray(cases.base[:, None, None] + around_median(offsets, levels.index(0.5)))


def change_quantiles(target: Floats, lead: int, levels: tuple[float, ...]) -> Floats:
    """(N, Q) of the changes over ``lead`` steps within (N, P); 0 where none can be seen."""
    changes = np.sort(target[:, lead:] - target[:, :-lead], axis=1) if target.shape[1] > lead else target[:, :0]
    count = np.isfinite(changes).sum(axis=1)  # sorting puts NaN last
    if not changes.shape[1]:
        return np.zeros((len(target), len(levels)))
    place = np.maximum(count - 1, 0)[:, None] * np.asarray(levels)
    low = np.take_along_axis(changes, np.floor(place).astype(int), axis=1)
    high = np.take_along_axis(changes, np.ceil(place).astype(int), axis=1)
    return np.asarray(np.nan_to_num(low + (high - low) * (place - np.floor(place))))
