"""The statistics of a rain gauge's tests against the other gauges of its stations: (T, K), causal, over at most the
steps that a window shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from hydria_plugin.values import Bools, Floats, Ints

from .context import Pace
from .feeds import Feeds, columns, last_sum, shifted, throughout
from .rivers import PATIENCE

SILENCE = 3  # steps without rain or without a value before what may be a dump
DUMP_MM = 5.0
NOTHING = 1e-9


@dataclass(frozen=True, eq=False)
class Beside:
    """What the other gauges of a rain gauge's stations have, (T, K) in mm; NaN where there is none."""

    low: Floats  # their mean without the wettest (where there are two or more), the least over its stations
    most: Floats  # the wettest

    @classmethod
    def of(cls, feeds: Feeds, x: Floats, which: Ints) -> Self:
        """``x``: (T, N); ``which``: K rain gauges."""
        t, s = len(x), len(feeds.member)
        total, count = np.zeros((t, s)), np.zeros((t, s))
        first, second = np.full((t, s), -np.inf), np.full((t, s), -np.inf)
        for rain in feeds.at_stations(x, np.nan, feeds.is_rain):
            finite = np.isfinite(rain)
            total += np.where(finite, rain, 0.0)
            count += finite
            here = np.where(finite, rain, -np.inf)
            second = np.maximum(second, np.minimum(first, here))
            np.maximum(first, here, out=first)
        own = columns(x, which)
        there = np.isfinite(own)
        take = feeds.of_series
        # a gauge with several stations: the sums are of the one that has most of them
        others = take(count, np.maximum, which) - there
        top, next_top = take(first, np.maximum, which), take(second, np.maximum, which)
        most = np.where(there & (own >= top), next_top, top)
        rest = take(total, np.maximum, which) - np.where(there, own, 0.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            low = np.where(others >= 2, (rest - most) / (others - 1), np.where(others == 1, rest, np.nan))
        return cls(np.maximum(low, 0.0), np.where(others >= 1, most, np.nan))


def dry_while(own: Floats, low: Floats, past: int) -> Floats:
    """mm on the others since the gauge's own last rain, up to PATIENCE steps ago, where it reads none now: storms
    need their time from gauge to gauge."""
    dry = own <= NOTHING
    fallen = np.nan_to_num(shifted(np.cumsum(np.nan_to_num(low), axis=0), PATIENCE))
    steps = np.arange(len(own))[:, None]
    last = np.maximum.accumulate(np.where((own > NOTHING), steps, -1), axis=0)
    last = np.maximum(last, steps - past + 1)
    last = np.minimum(last + PATIENCE, len(own) - 1)
    before = np.where(last >= PATIENCE, np.take_along_axis(fallen, np.maximum(last, 0), axis=0), 0.0)
    return np.where(dry & np.isfinite(low), np.maximum(fallen - before, 0.0), np.nan)


def wet_while(own: Floats, most: Floats, pace: Pace) -> Floats:
    """mm on the gauge lately while the others had nothing, nor had long."""
    short, long = pace.steps(1.0, 2), pace.steps(6.0, 3)
    nothing = throughout(most <= NOTHING, long)
    return np.where(nothing & (own > NOTHING), last_sum(np.nan_to_num(own), short), np.nan)


def repeats(own: Floats, resolution: Floats, past: int) -> Floats:
    """Steps in a row with one value of more than one tip."""
    steps = np.arange(len(own))[:, None]
    same = own == shifted(own, 1)
    last = np.maximum.accumulate(np.where(same, -1, steps), axis=0)
    with np.errstate(invalid="ignore"):
        several = own > 1.5 * resolution
    return np.where(
        several, np.minimum(steps - np.maximum(last, 0), past - 1) + 1.0, np.where(np.isnan(own), np.nan, 0.0)
    )


def dumps(own: Floats, beside: Beside, accused: Floats, burst: Floats, pace: Pace) -> Floats:
    """mm that a gauge gives at once after a silence, where that is what fell meanwhile; else 0. After gaps: the others
    had as much, and have little now; or there are none, and it is more than ``burst`` (K), a rare step of its record,
    or the gap lasted a day or more. After zeros: the others had more than ``accused`` (K), so that the zeros were
    none."""
    out = np.zeros(own.shape)
    with np.errstate(invalid="ignore"):
        after = (own[SILENCE:] >= DUMP_MM) & ~(own[SILENCE - 1 : -1] > NOTHING)
    at = np.flatnonzero(after.any(axis=0))  # of those alone that have much after nothing
    if len(at):
        few = Beside(columns(beside.low, at), columns(beside.most, at))
        out[:, at] = dumped(columns(own, at), few, accused[at], burst[at], pace)
    return out


def dumped(own: Floats, beside: Beside, accused: Floats, burst: Floats, pace: Pace) -> Floats:
    """:func:`dumps`, of every gauge."""
    silent, missing = np.nan_to_num(own) <= NOTHING, np.isnan(own).astype(float)
    long = shifted(last_sum(silent.astype(float), SILENCE), 1) >= SILENCE
    gap = shifted(last_sum(missing, SILENCE), 1) >= SILENCE
    day = max(SILENCE, round(24 / pace.hours))
    days = shifted(last_sum(missing, day), 1) >= day
    now, usual = (np.fmax(a, np.nan_to_num(shifted(a, 1))) for a in (beside.most, beside.low))
    with np.errstate(invalid="ignore"):
        alone = gap & np.isnan(beside.most) & ((own > burst) | days)
        told = long & (now < 0.5 * own) & (gap & (since_rain(own, silent, beside.most) >= 0.4 * own))
        told |= gap & (usual < 0.5 * own) & (since_rain(own, silent, beside.low) >= 0.4 * own)
        told |= long & (now < 0.5 * own) & (since_rain(own, silent, beside.low) > np.maximum(accused, 0.4 * own))
        return np.where((alone | told) & (own >= DUMP_MM), own, 0.0)


def since_rain(own: Floats, silent: Bools, others: Floats) -> Floats:
    """mm on the others from the gauge's last rain before this step up to the step before."""
    steps = np.arange(len(own))[:, None]
    last = np.maximum.accumulate(np.where(~silent, steps, -1), axis=0)
    since = np.concatenate([np.full((1, own.shape[1]), -1), last[:-1]], axis=0)
    fallen = np.cumsum(np.nan_to_num(others), axis=0)
    before = np.where(since >= 0, np.take_along_axis(fallen, np.maximum(since, 0), axis=0), 0.0)
    return np.concatenate([np.zeros((1, own.shape[1])), fallen[:-1]], axis=0) - before
