"""The scenarios of one window: every series told otherwise, then laid out over the stations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from hydria_plugin import Flag, Signal, Window
from hydria_plugin.values import Bools, Floats, Ints

from . import ahead, curves, estimates
from .draws import Draws
from .fields import field, places_of, rows_of
from .options import Options
from .rain import dropped
from .table import Table, usable

REGION = 5.0  # times as far as gauge errors are those of a forecast alike
COMMON_AHEAD = 0.8  # of the variance of a forecast's error, to all gauges whose place is not known
FILL_STEPS = 12.0  # over which the error of a filled gap is alike
HOUR = np.timedelta64(3600, "s")
GAUGES, OWN, OUT, FILLS, CURVES, AHEAD = range(6)  # what chance is drawn for


@dataclass(frozen=True, eq=False)
class Scenarios:
    """``drawn`` R of them, beside the best estimate. n of the N series of the table are told otherwise."""

    window: Window
    options: Options
    drawn: int

    @cached_property
    def table(self) -> Table:
        return Table.of(self.window)

    @cached_property
    def draws(self) -> Draws:
        return Draws(self.options.seed, self.window.issued_at)

    @cached_property
    def step_hours(self) -> float:
        return float(self.window.step / HOUR)

    @cached_property
    def rated(self) -> Mapping[str, curves.Curve]:
        return curves.curves_of(self.window.layout, self.options.ratings, self.window.issued_at)

    @cached_property
    def doubt(self) -> Floats:
        """(N, P) sigma of what is estimated."""
        return estimates.doubt_of(self.table.past, self.table.sigma)

    @cached_property
    def wet(self) -> Ints:
        """(W) the rain series on which it rains, or will."""
        return np.flatnonzero(self.table.wet)

    @cached_property
    def gauge_errors(self) -> Floats:
        """(W, R, P) standard normal: of the place and the moment, and the gauge's own."""
        o, table, own = self.options, self.table, self.options.gauge.own
        steps = table.past.shape[1]
        space = self.rows(self.wet, o.reach_km, o.common)
        moving = field(space, self.drawn, steps, o.memory_h / self.step_hours, self.draws.shared(GAUGES))
        lasting = self.draws.normal(table.keys[self.wet], self.drawn, OWN)
        return np.asarray(np.sqrt(1 - own) * moving + np.sqrt(own) * lasting[:, :, None])

    def rows(self, series: Ints, reach_km: float, common: float) -> Floats:
        """(n, K) where they stand in a field."""
        km = places_of([self.table.names[i] for i in series], self.options.places)
        return rows_of(km, self.table.keys[series], reach_km, common)

    # ---- the past

    @cached_property
    def told(self) -> tuple[Bools, Floats]:
        """(N) which series are told otherwise, and (n, R, P) how."""
        filled = (self.doubt > 0).any(axis=1)
        by_curve = np.isin(self.table.names, list(self.rated))
        changed: Bools = self.table.wet | filled | by_curve
        rows = np.flatnonzero(changed)
        told = np.repeat(self.table.past[rows][:, None], self.drawn, axis=1)
        wet = self.table.wet[rows]
        told[wet] = self.options.gauge.perturbed(self.table.past[self.wet], self.gauge_errors, self.step_hours)
        for i in np.flatnonzero(by_curve[rows]):
            z = self.draws.normal(self.table.keys[rows[[i]]], self.drawn, CURVES)[0]
            told[i] = curves.perturbed(self.rated[self.table.names[rows[i]]], self.table.past[rows[i]], z)
        self.estimate(rows, told)
        return changed, told

    def estimate(self, rows: Ints, told: Floats) -> None:
        """Into ``told`` (n, R, P) what is estimated, in the place of any other error."""
        filled = np.flatnonzero((self.doubt[rows] > 0).any(axis=1))
        if not len(filled):
            return
        mine = rows[filled]
        alone = rows_of(np.full((len(mine), 2), np.nan), self.table.keys[mine], 1.0, 0.0)
        z = field(alone, self.drawn, told.shape[2], FILL_STEPS, self.draws.shared(FILLS))
        for positive in (False, True):
            some = self.table.positive[mine] == positive
            values, sigma = self.table.past[mine[some]], self.doubt[mine[some]]
            otherwise = estimates.perturbed(values, sigma, z[some], positive)
            into = filled[some]
            told[into] = np.where(sigma[:, None] > 0, otherwise, told[into])

    def observed(self) -> Signal:
        """(S, 1 + R, P) the targets; what lies above the highest gauging of its curve is of UNKNOWN quality."""
        signal, s = self.window.observed, np.arange(len(self.window.stations))
        values = widened(signal.values, 1 + self.drawn)
        changed, told = self.told
        local = np.cumsum(changed) - 1
        mine = np.flatnonzero(changed[self.table.targets])
        if len(mine):
            values = values.copy()
            values[s[mine], 1:] = told[local[self.table.targets[mine]]]
        return replace(with_values(signal, values), flags=widened(self.flags(), 1 + self.drawn))

    def flags(self) -> np.ndarray:
        """(S, 1, P) flags of the targets; UNKNOWN, not good, where the curve was never gauged: still to be learned
        from, or no band would ever meet a flood above the gaugings."""
        flags, values = self.window.observed.flags[:, :1], self.window.observed.values[:, :1]
        rows = [i for i, target in enumerate(self.window.layout.targets) if target in self.rated]
        if not rows:
            return np.asarray(flags)
        flags = flags.copy()
        for i in rows:
            beyond = self.rated[self.window.layout.targets[i]].beyond(values[i])
            flags[i] = np.where(beyond & (flags[i] == Flag.GOOD), Flag.UNKNOWN, flags[i])
        return flags

    def past(self) -> Signal:
        """(S, 1 + R, P, V) the inputs."""
        signal, slots = self.window.past, self.table.slots
        changed, told = self.told
        s, v = np.nonzero(changed[slots])
        values = widened(signal.values, 1 + self.drawn)
        if not len(s):
            return with_values(signal, values)
        values = values.copy()
        local = np.cumsum(changed) - 1
        values[s, 1:, :, v] = told[local[slots[s, v]]]
        out = self.out()
        values[:, 1:][np.broadcast_to(out[:, :, None], values[:, 1:].shape)] = np.nan
        return with_values(signal, values)

    def out(self) -> Bools:
        """(S, R, V) which gauges are out of work: the same everywhere, but for a station that has no other."""
        table, a = self.table, self.window.layout
        fate = self.draws.uniform(table.keys, self.drawn, OUT) < self.options.dropout  # (N, R)
        rain = table.rain[table.slots] & a.present
        wet = np.asarray((table.wet[table.slots] & rain).any(axis=1))  # a dry gauge that falls silent tells nothing new
        out = fate[table.slots].transpose(0, 2, 1) & (rain & wet[:, None])[:, None]
        known = rain & np.isfinite(usable(self.window.past)[:, 0]).any(axis=1)
        return dropped(out, known)

    # ---- the horizon

    def future(self) -> Signal:
        """(S, 1 + R, H, V): the members of the host's ensemble where it has one, else its forecast with errors."""
        signal, given = self.window.future, self.window.scenarios
        if given > 1:
            member = 1 + np.arange(self.drawn) % (given - 1)
            return signal.each(lambda a: a[:, np.concatenate([[0], member])])
        rain = np.flatnonzero([kind == "rain" for kind in self.window.layout.kinds])
        wet = self.table.wet[self.table.slots[:, rain]] & (signal.values[:, 0][:, :, rain] > 0).any(axis=1)
        if not wet.any():
            return with_values(signal, widened(signal.values, 1 + self.drawn))
        s, which = np.nonzero(wet)
        v = rain[which]
        said, sizes = signal.values[s, 0, :, v], self.sizes()
        values = widened(signal.values, 1 + self.drawn).copy()
        values[s, 1:, :, v] = ahead.perturbed(said, self.ahead_of(self.table.slots[s, v], sizes), self.step_hours)
        sigma = signal.sigma[:, :1].copy()
        sigma[s, 0, :, v] = np.where(np.isfinite(said), said * sizes, 0.0)
        return replace(with_values(signal, values), sigma=widened(sigma, 1 + self.drawn))

    def sizes(self) -> Floats:
        """(H) of the logarithm of observed over forecast rain."""
        learned, horizon = self.options.learned, self.window.layout.horizon
        known = ahead.usual(horizon, self.step_hours) if learned is None or len(learned) != horizon else learned
        return self.options.forecast * known

    def ahead_of(self, series: Ints, sizes: Floats) -> Floats:
        """(n, R, H) logarithms of what multiplies forecast rain, of mean 1: the gauge's error at the issue time, held
        over the leads, and one number for the forecast's own, which grows with the lead to make up ``sizes`` (H)."""
        gauge = self.options.gauge.relative
        own = np.sqrt(np.maximum(sizes**2 - gauge**2, 0.0)) if self.options.learned is not None else sizes
        space = self.rows(series, REGION * self.options.reach_km, COMMON_AHEAD)
        z = field(space, self.drawn, 1, 1.0, self.draws.shared(AHEAD))
        held = gauge * self.gauge_errors[np.searchsorted(self.wet, series), :, -1:]
        return np.asarray(held + own * z - (gauge**2 + own**2) / 2)


def widened(array: np.ndarray, count: int) -> np.ndarray:
    """The best estimate (S, 1 or more, ...) seen ``count`` times over, without copying."""
    return np.broadcast_to(array[:, :1], (len(array), count, *array.shape[2:]))


def with_values(signal: Signal, values: Floats) -> Signal:
    """The scenarios' values; what is told of the best estimate is told of all."""
    count = values.shape[1]
    told = {name: widened(getattr(signal, name), count) for name in ("sigma", "flags", "method", "raw")}
    return Signal(values, **told)
