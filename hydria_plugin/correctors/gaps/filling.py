"""Filling what is shown: a window in the cycle, or a whole record step by step."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hydria_plugin.values import METHODS, Bools, Floats, Ints, Times

from ..side_by_side import side_by_side, slices
from .climate import basis_of
from .clues import Shown, Wetness
from .model import Model
from .neighbours import HALF_NORMAL, estimate
from .plain import plain_rain, plain_rivers
from .rivers import CELLS, Cells, filled, scaled, unscaled, unscaled_sigma
from .series import ABSENT, Fills
from .showers import SINCE
from .showers import told as rain_told
from .web import Web

LEAST_MM = 0.01
FRESH = 2  # steps that a river's last value may be old where it is to tell of rain
NEIGHBOURS, UPSTREAM, RAIN, FILTER, SMOOTHER, CLIMATOLOGY = (
    np.uint16(METHODS.index(name)) for name in ("neighbours", "upstream", "rain", "filter", "smoother", "climatology")
)


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """What is known of B series along L steps."""

    values: Floats  # (B, L) NaN = a gap
    times: Times  # (L), or (B, L) where each row stands at a time of its own
    totals: Floats  # (S, L or 1, V, A)
    rain_slots: Bools  # (S, V)
    home: Ints  # (B)
    refused: Bools  # (B) not to be filled by climatology alone: what is forecast

    def basis(self, b: Ints, p: Ints) -> Floats:
        """(C, 5)"""
        return basis_of(self.times[p] if self.times.ndim == 1 else self.times[b, p])


def fill(model: Model | None, web: Web, told: Told, causal: bool) -> Fills:
    """All gaps. ``causal``: each as if its step were the newest, of a whole record; else a gap may lean on later steps,
    as in a window."""
    missing = np.isnan(told.values) & web.filled[:, None]
    b, p = np.nonzero(missing)
    if not len(b):
        return Fills.none()
    wet = web.is_rain[b]
    rain = fill_rain(model, web, told, b[wet], p[wet], causal)
    river = fill_rivers(model, web, told, rain, b[~wet], p[~wet], causal)
    return joined(rain, river)


def joined(*parts: Fills) -> Fills:
    """The fills of all; what could not be filled is left out."""
    names = ("series", "step", "values", "sigma", "method")
    arrays = [np.concatenate([getattr(part, name) for part in parts]) for name in names]
    there = np.isfinite(arrays[2])
    return Fills(*(a[there] for a in arrays))


def fill_rain(model: Model | None, web: Web, told: Told, b: Ints, p: Ints, causal: bool) -> Fills:
    """By the neighbours that speak, and the gauge itself a step before and after; else by the rivers; else the
    climatology."""
    value, sigma = plain_rain(told.values, web.rain[b], p)
    method = np.full(len(b), NEIGHBOURS)
    mine = web.rows[b] != ABSENT
    if model is None or not mine.any():
        return Fills(b, p, value, sigma, method)
    rows, near = web.rows[b[mine]], web.near[b[mine]]
    beside = np.where(near == ABSENT, np.nan, told.values[np.maximum(near, 0), p[mine][:, None]])
    before, after = own_steps(told.values, b[mine], p[mine], causal)
    speaks, gauges = np.concatenate([beside, before, after], axis=1), model.neighbours
    parts = slices(len(rows), CELLS)
    found = side_by_side(lambda part: estimate(gauges, rows[part], speaks[part]), parts, len(told.totals))
    value[mine], sigma[mine] = (np.concatenate(each) for each in zip(*found, strict=True))
    by_itself = np.where(np.isfinite(after[:, 0]), SMOOTHER, FILTER)
    method[mine] = np.where(np.isfinite(beside).any(axis=1), NEIGHBOURS, by_itself)
    alone = np.flatnonzero(mine & np.isnan(value))
    value[alone], sigma[alone], method[alone] = without_gauges(model, web, told, b[alone], p[alone], causal)
    return Fills(b, p, value, sigma, method)


def own_steps(values: Floats, b: Ints, p: Ints, causal: bool) -> tuple[Floats, Floats]:
    """(C, 1) what the gauges read one step before, and one after where that may be known."""
    length = values.shape[1]
    before = np.where(p > 0, values[b, np.maximum(p - 1, 0)], np.nan)
    after = np.where((p < length - 1) & (not causal), values[b, np.minimum(p + 1, length - 1)], np.nan)
    return before[:, None], after[:, None]


def without_gauges(
    model: Model, web: Web, told: Told, b: Ints, p: Ints, causal: bool
) -> tuple[Floats, Floats, NDArray[np.uint16]]:
    """Rain where no gauge speaks: by what the rivers did, where one is known at that time; else as most often, dry, and
    as wrong as the mean of the season."""
    rows, tells = web.rows[b], web.tells[b]
    usual = np.maximum(model.climate.at(rows, told.basis(b, p)), LEAST_MM)
    value, sigma, method = np.zeros(len(b)), HALF_NORMAL * usual, np.full(len(b), CLIMATOLOGY)
    if not (tells != ABSENT).any():
        return value, sigma, method
    z, last, here = rivers_held(model, web, told, np.unique(tells[tells != ABSENT]))
    mine = here[tells]
    newest = last[np.maximum(mine, 0), p[:, None]]
    fresh = (mine != ABSENT) & (newest != ABSENT) & (p[:, None] - newest <= FRESH)
    known = fresh.any(axis=1)
    since = np.zeros(len(p), dtype=np.int64) if causal else np.minimum(z.shape[1] - 1 - p, SINCE[-1])
    found, error = rain_told(model.showers, rows, z, np.where(fresh, mine, ABSENT), p, since)
    method[known] = UPSTREAM
    return np.where(known, found, value), np.where(known, error, sigma), method


def rivers_held(model: Model, web: Web, told: Told, rivers: Ints) -> tuple[Floats, Ints, Ints]:
    """(R, L) the rivers in the scale of filling, their last values held, (R, L) where those are, and (B + 1) where each
    of all the series stands among them."""
    here = np.full(len(web.rows) + 1, ABSENT, dtype=np.int64)
    here[rivers] = np.arange(len(rivers))
    z = scaled(told.values[rivers], model.rivers.power[np.maximum(web.rows[rivers], 0)][:, None])
    there = np.isfinite(z)
    last = np.maximum.accumulate(np.where(there, np.arange(z.shape[1]), ABSENT), axis=1)
    at = np.where(last == ABSENT, there.argmax(axis=1)[:, None], last)
    return np.nan_to_num(np.take_along_axis(z, at, axis=1)), last, here


def fill_rivers(model: Model | None, web: Web, told: Told, rain: Fills, b: Ints, p: Ints, causal: bool) -> Fills:
    """By the rivers beside, the rain and the river's own values."""
    mine = web.rows[b] != ABSENT
    if model is not None and len(b):
        mine &= model.rivers.place[np.maximum(web.rows[b], 0)] != ABSENT
    if model is None or not mine.any():
        return plain_rivers(told.values, b, p, causal)
    rest = plain_rivers(told.values, b[~mine], p[~mine], causal)
    b, p = b[mine], p[mine]
    rows, shown = shown_of(model, web, told, rain, np.unique(b))
    here = np.full(len(web.rows), ABSENT, dtype=np.int64)
    here[rows] = np.arange(len(rows))
    following = next_of(shown.last) if not causal else np.full(shown.last.shape, ABSENT)
    at = here[b]
    beside = np.where(web.rivers[b] == ABSENT, ABSENT, here[np.maximum(web.rivers[b], 0)])
    place = model.rivers.place[web.rows[b]]
    cells = Cells(at, p, shown.last[at, p], following[at, p], place, beside, model.rivers.lags[web.rows[b]])
    z, sigma, method = in_two_passes(model, web, shown, cells, rows, following)
    power = model.rivers.power[web.rows[b]]
    value, error = unscaled(z, power), unscaled_sigma(z, sigma, power)
    value = np.where((method == CLIMATOLOGY) & told.refused[b], np.nan, value)
    return joined(rest, Fills(b, p, value, error, method))


def in_two_passes(
    model: Model, web: Web, shown: Shown, cells: Cells, rows: Ints, following: Ints
) -> tuple[Floats, Floats, NDArray[np.uint16]]:
    """First every river by itself and the rain, so that those beside have no gaps; then with the rivers beside."""
    alone = without_rivers(cells)
    z, sigma, tier = filled(model.rivers, shown, alone)
    shown.z[cells.b, cells.p] = z
    again = (cells.rivers != ABSENT).any(axis=1)
    if again.any():
        some = cells.where(again)
        better, error, with_rivers = filled(model.rivers, shown, some)
        use = with_rivers >= 2
        pick = np.flatnonzero(again)[use]
        z[pick], sigma[pick], tier[pick] = better[use], error[use], with_rivers[use]
    return z, sigma, named(cells, tier)


def without_rivers(cells: Cells) -> Cells:
    return replace(cells, rivers=np.full(cells.rivers.shape, ABSENT))


def named(cells: Cells, tier: Ints) -> NDArray[np.uint16]:
    """(C) the method of each."""
    behind, ahead = cells.q != ABSENT, cells.r != ABSENT
    by_clue = np.select([tier >= 2, tier == 1, behind], [UPSTREAM, RAIN, FILTER], CLIMATOLOGY)
    return np.where(ahead, SMOOTHER, by_clue).astype(np.uint16)


def shown_of(model: Model, web: Web, told: Told, rain: Fills, needing: Ints) -> tuple[Ints, Shown]:
    """The rows that are needed, those of the rivers beside them included, and what they show."""
    beside = web.rivers[needing]
    rows = np.unique(np.concatenate([needing, beside[beside != ABSENT]]))
    known_to = np.maximum(web.rows[rows], 0)
    length = told.values.shape[1]
    usual = usual_along(model, told, rows, known_to)
    z = scaled(told.values[rows], model.rivers.power[known_to][:, None])
    there = np.isfinite(z)
    last = np.maximum.accumulate(np.where(there, np.arange(length), ABSENT), axis=1)
    held = np.take_along_axis(z, np.maximum(last, 0), axis=1)
    depth, spoken = basin_rain(web, told, rain, rows)
    wet = Wetness(told.totals, told.rain_slots, told.home[rows], model.wet[known_to])
    return rows, Shown(np.where(last == ABSENT, usual, held), usual, last, depth, spoken, wet)


def usual_along(model: Model, told: Told, rows: Ints, known_to: Ints) -> Floats:
    """(B, L) the climatology of the rows."""
    weights = model.climate.weights[known_to]
    if told.times.ndim == 1:
        return np.asarray(weights @ basis_of(told.times).T)
    basis = basis_of(told.times[rows].reshape(-1)).reshape(*told.times[rows].shape, -1)
    return np.asarray((basis @ weights[:, :, None])[..., 0])


def basin_rain(web: Web, told: Told, rain: Fills, rows: Ints) -> tuple[Floats, Ints]:
    """(B, L + 1) running sums of the mean rain of each series' basin, and of the steps in which a gauge spoke."""
    groups, which = np.unique(web.rain[rows], axis=0, return_inverse=True)
    gauges = np.unique(groups[groups != ABSENT])
    place = np.full(len(web.rows) + 1, len(gauges), dtype=np.int64)
    place[gauges] = np.arange(len(gauges))
    length = told.values.shape[1]
    values = np.full((len(gauges) + 1, length), np.nan)
    values[:-1] = told.values[gauges]
    at = place[rain.series]
    pick = (at < len(gauges)) & np.isin(rain.method, (NEIGHBOURS, SMOOTHER, FILTER))
    values[at[pick], rain.step[pick]] = rain.values[pick]
    total, count = np.zeros((len(groups), length)), np.zeros((len(groups), length), dtype=np.int8)
    for g in range(groups.shape[1]):
        one = values[np.where(groups[:, g] == ABSENT, len(gauges), place[groups[:, g]])]
        there = np.isfinite(one)
        total += np.where(there, one, 0.0)
        count += there
    depth, spoken = np.zeros((len(groups), length + 1)), np.zeros((len(groups), length + 1), dtype=np.int32)
    np.cumsum(total / np.maximum(count, 1), axis=1, out=depth[:, 1:])
    np.cumsum(count > 0, axis=1, out=spoken[:, 1:])
    which = which.reshape(-1)
    return depth[which], spoken[which]


def next_of(last: Ints) -> Ints:
    """(B, L) the next step with a value at or after each, ABSENT."""
    length = last.shape[1]
    own = np.where(last == np.arange(length), np.arange(length), length)
    following = np.minimum.accumulate(own[:, ::-1], axis=1)[:, ::-1]
    return np.where(following == length, ABSENT, following)
