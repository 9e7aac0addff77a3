"""Levels and discharges where their gauge is silent: a regression for each age of the last value, and a bridge to the
next value where there is one.

The regression at age ``a`` tells the change since the last value from how the river moved before, from the rivers
beside it with their lag, and from the rain; at an age without end it tells the value itself. What it leaves is held to
be an error that grows with age, and where the next value is known, that error is known there and is shared out
backwards: what a filter and a Rauch-Tung-Striebel smoother give for such an error, without recursion, so that all gaps
of all stations are filled at once. A silent river or silent rain has weights of its own, so no clue is made up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hydria_plugin.values import Bools, Floats, Ints

from ..side_by_side import side_by_side, slices
from .clues import BESIDE, Shown, clues, rain_known, river_known
from .doubt import doubts, variance_of
from .series import ABSENT

AGES = (1, 2, 4, 8, 16, 32, 64)  # and older, as long as it is seen
NOMINAL = (*AGES, 1_000_000)  # the last stands for no last value at all
ENDLESS = len(AGES)
TIERS = 2 ** (1 + BESIDE)  # rain known, first river known, second river known
CELLS = 2048  # filled at once: what is reckoned with lies in a processor's cache
LEAST_LEFT = 0.05  # of its variance that a bridged value keeps at least


@dataclass(frozen=True, slots=True, eq=False)
class Rivers:
    """Of R rivers among N series."""

    place: Ints  # (N) among the R, ABSENT
    beside: Ints  # (N, J) rivers beside, among the N
    lags: Ints  # (N, J) steps, at least 1
    power: Floats  # (N) of the scale in which they are filled
    weights: Floats  # (R, TIERS, ages, F)
    least: Floats  # (R, TIERS, ages) a change told that is not beyond this counts as nothing
    doubt: Floats  # (R, TIERS, ages, KINDS) what its error grows with (doubt.py)
    error: Floats  # (R, TIERS, ages) mean squared error
    bend: Floats  # (R) 1: the error is made of independent steps, 1/2: of one wrong slope
    low: Floats  # (R) what is never left
    high: Floats  # (R)


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """C missing values of rivers."""

    b: Ints  # row of what is shown
    p: Ints  # step
    q: Ints  # step of the last value before, ABSENT
    r: Ints  # step of the next value after, ABSENT
    row: Ints  # place among the R
    rivers: Ints  # (C, J) rows of what is shown, ABSENT
    lags: Ints  # (C, J)

    def to(self, step: Ints) -> Cells:
        """The same gaps, asked at another step."""
        return Cells(self.b, step, self.q, self.r, self.row, self.rivers, self.lags)

    def without_last(self) -> Cells:
        return Cells(self.b, self.p, np.full(len(self.p), ABSENT), self.r, self.row, self.rivers, self.lags)

    def where(self, pick: Bools | Ints | slice) -> Cells:
        return Cells(*(getattr(self, f)[pick] for f in ("b", "p", "q", "r", "row", "rivers", "lags")))


def scaled(values: Floats, power: Floats) -> Floats:
    """Into the scale of filling."""
    if (power == 1.0).all():
        return values
    return np.asarray(np.sign(values) * np.abs(values) ** power)


def unscaled(z: Floats, power: Floats) -> Floats:
    return scaled(z, 1.0 / power)


def unscaled_sigma(z: Floats, sigma: Floats, power: Floats) -> Floats:
    """Half the distance between one standard error above and below."""
    return (unscaled(z + sigma, power) - unscaled(z - sigma, power)) / 2


def tier_of(shown: Shown, cells: Cells) -> Ints:
    """(C) which clues are there."""
    tier = rain_known(shown, cells.b, cells.p).astype(np.int64)
    for j in range(BESIDE):
        there = river_known(shown, cells.p, cells.rivers[:, j], cells.lags[:, j])
        tier += there.astype(np.int64) << (1 + j)
    return np.asarray(tier)


def told(model: Rivers, shown: Shown, cells: Cells, tier: Ints) -> tuple[Floats, Floats]:
    """(C) value and (C) variance, from before only: between the ages that were fitted, by the logarithm of age."""
    facts = clues(shown, cells.b, cells.p, cells.q, cells.rivers, cells.lags)
    age = np.clip(cells.p - cells.q, 1, AGES[-1])
    place = np.where(cells.q == ABSENT, ENDLESS, np.interp(np.log2(age), np.log2(AGES), np.arange(len(AGES))))
    lower = place.astype(np.int64)
    share = place - lower
    found, doubt = at_age(model, shown, cells, facts, tier, lower)
    between = np.flatnonzero(share > 0)
    if len(between):
        some = cells.where(between)
        beyond, more = at_age(model, shown, some, facts[between], tier[between], lower[between] + 1)
        way = share[between]
        found[between] += way * (beyond - found[between])
        doubt[between] += way * (more - doubt[between])
    row = cells.row
    return np.clip(found, model.low[row], model.high[row]), doubt


def at_age(model: Rivers, shown: Shown, cells: Cells, facts: Floats, tier: Ints, age: Ints) -> tuple[Floats, Floats]:
    """(C) value and (C) variance by the regression of one age each."""
    endless = age == ENDLESS
    usual = shown.usual[cells.b, cells.p]
    start = np.where(endless, usual, shown.z[cells.b, np.maximum(cells.q, 0)])
    weights = model.weights[cells.row, tier, age]
    change = heeded((weights * facts).sum(axis=1), model.least[cells.row, tier, age])
    return start + change, variance_of(doubts(facts, change, tier), model.doubt[cells.row, tier, age])


def heeded(change: Floats, least: Floats | float) -> Floats:
    """A change that is not beyond ``least`` is none, a much larger one is followed whole: most water stands still, and
    a gauge reads in steps (the non-negative garrote: Breiman 1995, Technometrics 37, 373-384)."""
    size = np.abs(change)
    share = np.divide(least, size, out=np.ones_like(size), where=size > least)
    return np.asarray(change * (1.0 - share**2))


def filled(model: Rivers, shown: Shown, cells: Cells) -> tuple[Floats, Floats, Ints]:
    """(C) value and (C) standard error in the scale of filling, and (C) the tier of each."""
    parts, stations = slices(len(cells.p), CELLS), len(shown.wet.totals)
    found = side_by_side(lambda part: filled_together(model, shown, cells.where(part)), parts, stations)
    value, error, tier = (np.concatenate(each) for each in zip(*found, strict=True))
    return value, error, tier


def filled_together(model: Rivers, shown: Shown, cells: Cells) -> tuple[Floats, Floats, Ints]:
    """Some of the cells, as many as are worth it at once."""
    tier = tier_of(shown, cells)
    value, variance = told(model, shown, cells, tier)
    for pick, bridge in ((cells.q != ABSENT, bridged), (cells.q == ABSENT, led_back)):
        mine = pick & (cells.r != ABSENT)
        if mine.any():
            some = cells.where(mine)
            value[mine], variance[mine] = bridge(model, shown, some, tier[mine], value[mine], variance[mine])
    return value, np.sqrt(np.maximum(variance, 1e-12)), tier


def bridged(
    model: Rivers, shown: Shown, cells: Cells, tier: Ints, value: Floats, variance: Floats
) -> tuple[Floats, Floats]:
    """Between two values: the error that shows at the next one is shared out."""
    end, whole = told(model, shown, cells.to(cells.r), tier)
    missed = shown.z[cells.b, cells.r] - end
    grown = np.clip(variance / np.maximum(whole, 1e-12), 0.0, 1.0) ** model.bend[cells.row]
    left = np.maximum(variance - grown**2 * whole, LEAST_LEFT * variance)
    return value + grown * missed, left


def led_back(
    model: Rivers, shown: Shown, cells: Cells, tier: Ints, value: Floats, variance: Floats
) -> tuple[Floats, Floats]:
    """Before the first value: it is led back, and fades with its age."""
    end, _ = told(model, shown, cells.to(cells.r), tier)
    ahead = cells.r - cells.p
    knot = np.minimum(np.searchsorted(AGES, ahead), ENDLESS - 1)
    near, far = model.error[cells.row, tier, knot], model.error[cells.row, tier, ENDLESS]
    kept = np.sqrt(np.clip(1.0 - near / np.maximum(far, 1e-12), 0.0, 1.0))
    return value + kept * (shown.z[cells.b, cells.r] - end), np.maximum(variance * (1 - kept**2), near)
