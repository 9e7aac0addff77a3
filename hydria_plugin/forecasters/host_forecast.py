"""The forecasts the platform already has: its own model series, as known at issue time, with the doubt they earned.

The centre is the platform's value, untouched (correcting it is the error model's task). The spread is that of the
archived forecasts' errors, per station and lead; a median error that is not zero widens one side only.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Self

import numpy as np

from hydria_plugin import Attribution, Forecast, History, Layout, ModelError, Split, Window
from hydria_plugin.values import Floats, Ints

from .cases import NOWHERE, newest, rows_of, strided, usable
from .fitting import truth_ahead
from .keeping import Fit, load_arrays, read_fit, save_arrays, write_fit
from .reliability import around

MAX_AGE = 6  # steps the last value may be old that an attribution starts from
FEWEST = 30  # archived forecasts with truth, below which the spread stays unknown: all quantiles on the centre


class HostForecast:
    """The platform's model series as a forecaster. Series and target must be in one unit.

    ``slot``: which slots to look in, in order of the inputs table; the first with a forecast for the station counts.
    """

    name = "host-forecast"

    def __init__(self, *, slot: str = "simulation.*") -> None:
        self.slot = slot
        self.fitted: tuple[Fit, Floats] | None = None  # (S, H, Q) offsets

    def slots(self, layout: Layout) -> list[int]:
        """Indices of the slots meant."""
        return [i for i, name in enumerate(layout.slots) if fnmatchcase(name, self.slot)]

    def forecast(self, window: Window) -> Forecast:
        future = usable(window.future.each(lambda a: a[:, 0]))
        centre = first_known([future[:, :, i] for i in self.slots(window.layout)], future.shape[:2])
        offsets = self.offsets(window.layout)
        return Forecast.of(window, spread(centre, offsets, window.layout.median), self.name)

    def attribute(self, window: Window) -> Attribution:
        """What the platform's series differs from the last value is that series' own, at the valid time; without a
        last value, all of it is."""
        layout, future = window.layout, usable(window.future.each(lambda a: a[:, 0]))
        s, h, v = future.shape
        centre, base = self.forecast(window).median, newest(usable(window.observed.each(lambda a: a[:, 0])), MAX_AGE)
        base = np.repeat(np.nan_to_num(base)[:, None], h, axis=1)
        inputs, free = np.zeros((s, h, layout.past + h, v)), np.ones(s, dtype=bool)
        for i in self.slots(layout):
            taken = free & np.isfinite(future[:, :, i]).all(axis=1)
            leads = np.arange(h)
            inputs[:, leads, layout.past + leads, i] = np.where(taken[:, None], centre - base, 0.0)
            free &= ~taken
        base = np.where(np.isfinite(centre), base, np.nan)
        return Attribution(window.stations, base, np.zeros((s, h, layout.past)), inputs, np.zeros((s, h, v)))

    def hindcast(self, history: History, at: Ints, future: bool) -> Floats:
        """From the archived forecasts; with ``future``, a slot that has none is taken as it came."""
        centre, offsets = self.archived(history, at, future), self.offsets(history.layout)
        return np.stack([spread(row, offsets, history.layout.median) for row in centre])

    def out_of_sample(self, history: History, at: Ints, future: bool) -> Floats:
        """The centre learns nothing, so every forecast is out of sample."""
        return self.hindcast(history, at, future)

    def archived(self, history: History, at: Ints, future: bool) -> Floats:
        """(N, S, H) the platform's forecasts as known at each step."""
        layout, shape = history.layout, (len(at), len(history.layout.stations), history.layout.horizon)
        known = []
        for i in self.slots(layout):
            if layout.slots[i] in history.forecasts:
                known.append(history.forecasts[layout.slots[i]][:, at].swapaxes(0, 1))
            elif future:
                series = usable(history.inputs.each(lambda a, i=i: a[:, :, i]))
                known.append(np.stack([strided(s, at, layout.horizon, layout.horizon) for s in series], axis=1))
        return first_known(known, shape)

    def offsets(self, layout: Layout) -> Floats:
        """(S, H, Q) of the quantiles from the centre; 0 for a station that was not trained for."""
        shape = (len(layout.stations), layout.horizon, len(layout.quantiles))
        if self.fitted is None:
            return np.zeros(shape)
        fit, kept = self.fitted
        now = Fit.of(layout)
        for field in ("horizon", "quantiles", "step_s"):
            if (was := getattr(fit, field)) != (have := getattr(now, field)):
                raise ModelError(
                    f"host-forecast was trained for {field} {was!r}, now {have!r}: run `hydria train` again"
                )
        rows = rows_of(layout, fit.stations)
        return np.where((rows == NOWHERE)[:, None, None], 0.0, kept[rows])

    def fit(self, history: History, split: Split) -> Self:
        layout = history.layout
        kept = np.zeros((len(layout.stations), layout.horizon, len(layout.quantiles)))
        for s in range(len(layout.stations)):
            at = np.flatnonzero(split.fit[s] | split.stop[s])
            errors = truth_ahead(history, s, at) - self.archived(history, at, True)[:, s]
            kept[s] = error_quantiles(errors, layout.quantiles)
        new = type(self)(slot=self.slot)
        new.fitted = Fit.of(layout), kept
        return new

    def save(self, folder: Path) -> None:
        if self.fitted is None:
            raise ModelError("host-forecast was asked to save what it learned, but it was not trained")
        write_fit(folder, self.fitted[0], {"slot": self.slot})
        save_arrays(folder, {"offsets": self.fitted[1]})

    def load(self, folder: Path) -> Self:
        fit, options = read_fit(self.name, folder)
        new = type(self)(slot=str(options["slot"]))
        new.fitted = fit, load_arrays(self.name, folder, ("offsets",))["offsets"]
        return new


def first_known(candidates: list[Floats], shape: tuple[int, ...]) -> Floats:
    """The first candidate whose row (last axis) is known throughout; NaN where none is."""
    out = np.full(shape, np.nan)
    for one in reversed(candidates):
        out = np.where(np.isfinite(one).all(axis=-1, keepdims=True), one, out)
    return out


def spread(centre: Floats, offsets: Floats, middle: int) -> Floats:
    """(S, H, Q) the offsets laid about (S, H) centres."""
    return around(centre, centre[..., None] + offsets, np.ones(offsets.shape[-1]), middle)


def error_quantiles(errors: Floats, levels: tuple[float, ...]) -> Floats:
    """(H, Q) of (N, H) errors, lead by lead; 0 where there are too few."""
    out = np.zeros((errors.shape[1], len(levels)))
    for f, column in enumerate(errors.T):
        known = column[np.isfinite(column)]
        if len(known) >= FEWEST:
            out[f] = np.quantile(known, levels)
    return out
