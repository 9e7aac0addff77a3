"""The statistics of a river gauge's tests, each small while the gauge is sound: (T, K), causal, over at most the steps
that a window shows. What is learned from a record and what is tested live are the same numbers."""

from __future__ import annotations

import numpy as np

from hydria_plugin.values import Bools, Floats, Ints

from .context import Pace
from .feeds import columns, shifted, throughout, within
from .limits import Limits

FLAT = 6  # steps over which others' movement and rain are taken as evidence against a gauge that stands still
PATIENCE = 3  # steps that it may then take to answer: water needs its time
LEAST_STAND = 4  # steps with one value before it is asked what went on since
CREEP = 24  # steps over which a slow drift is taken
EVEN = 0.15  # the largest step of a drift is at most this part of it: a flood comes faster
STRAIGHT = 0.15  # of a climb: so near to its chord no flood stays whose rise is as steep
SLOW_HOURS = 240.0  # no flood climbs straight for as long
CALM = 0.1  # of a jump: movement that is none beside it
GIVE = 0.05, 0.6  # of the height above low water, in quiet and in flood: what shakes a gauge grows with the flow
DRY = 0.5  # of the lowest of the record: a river that falls dry reads less before it reads 0
RETURNS = 3  # steps within which what comes back was a spike


def spikes(x: Floats, sign: int) -> Floats:
    """How far up to RETURNS values stood out above (``sign`` 1) or below (-1) what was before and after them."""
    y = sign * x
    most, inside = np.full_like(y, -np.inf), np.full_like(y, np.inf)
    for n in range(1, RETURNS + 1):
        inside = np.minimum(inside, shifted(y, n))
        most = np.fmax(most, inside - np.maximum(shifted(y, n + 1), y))
    return np.where(np.isfinite(most), np.maximum(most, 0.0), np.nan)


def shifts(x: Floats, resolution: Floats) -> Floats:
    """The size of a step two steps ago between two calms, 0 where there was none."""
    after, before = shifted(x, 2), shifted(x, 3)
    size = np.abs(after - before)
    restless = np.maximum(np.abs(x - after), np.abs(shifted(x, 1) - after))
    restless = np.fmax(restless, np.fmax(np.abs(before - shifted(x, 4)), np.abs(before - shifted(x, 5))))
    with np.errstate(invalid="ignore"):
        calm = restless <= np.maximum(CALM * size, resolution)
    return np.where(calm, size, np.where(np.isnan(size), np.nan, 0.0))


def swings(x: Floats) -> Floats:
    """The least of the last four changes, where they went up and down in turn."""
    out = np.full_like(x, np.nan)
    if len(x) < 5:
        return out
    d = x[1:] - x[:-1]
    with np.errstate(invalid="ignore"):
        turns = d[1:] * d[:-1] < 0
    turned = turns[2:] & turns[1:-1] & turns[:-2]
    size = np.abs(d)
    least = np.minimum(size[1:], size[:-1])
    least = np.minimum(least[2:], least[:-2])
    out[4:] = np.where(turned | np.isnan(least), least, 0.0)
    return out


def creep_steps(pace: Pace) -> int:
    """Over which a drift is taken: as far as a window can tell that all was quiet."""
    return max(2, min(CREEP, pace.past - pace.unseen - 1))


def creeps(x: Floats, quiet: Bools, pace: Pace) -> Floats:
    """The even change over CREEP steps that were all quiet, NaN elsewhere."""
    n = creep_steps(pace)
    calm = throughout(quiet, n)
    out = np.full(x.shape, np.nan)
    at = np.flatnonzero(calm.any(axis=0))  # after rain there is none
    y, calm = columns(x, at), columns(calm, at)
    steps, change = np.abs(y - shifted(y, 1)), y - shifted(y, n)
    largest = steps.copy()
    for k in range(1, n):
        np.fmax(largest[k:], steps[:-k], out=largest[k:])
    with np.errstate(invalid="ignore"):
        even = largest <= np.maximum(EVEN, 2 / n) * np.abs(change)
    out[:, at] = np.where(calm & even, change, np.where(np.isnan(change) | ~calm, np.nan, 0.0))
    return out


def climbs(x: Floats, least: Floats | float, pace: Pace) -> Floats:
    """The rise over CREEP steps whose every eighth lies on its chord, in any weather; 0 where it is less than ``least``
    (K) or bent, NaN where a value is missing."""
    n, change = creep_steps(pace), x - shifted(x, creep_steps(pace))
    out = np.where(np.isnan(change), np.nan, 0.0)
    with np.errstate(invalid="ignore"):
        t, k = np.nonzero(change > least)
        for eighth in range(1, 8):
            back = eighth * n // 8
            on = np.abs(x[t - back, k] - x[t, k] + change[t, k] * back / n) <= STRAIGHT * change[t, k]
            t, k = t[on], k[on]
    out[t, k] = change[t, k]
    return out


def stood_still(x: Floats) -> Bools:
    """Whether all values since before the evidence are one value."""
    return throughout(x == shifted(x, 1), FLAT + PATIENCE)


def standing(x: Floats, past: int) -> Floats:
    """Steps for which the gauge has read one value, as far as a window shows; NaN where there is none."""
    steps = np.arange(len(x), dtype=np.int32)[:, None]
    begun = np.maximum.accumulate(np.where(x == shifted(x, 1), np.int32(0), steps), axis=0)
    return np.where(np.isfinite(x), np.minimum(steps - begun, past - 1), np.nan)


def that_stood(y: Floats, stand: Floats, past: int) -> Ints:
    """The gauges of (T, K) that stood still for long enough to be asked why, or for longer than ``stand`` (K)."""
    at = np.flatnonzero((y[1:] == y[:-1]).sum(axis=0) >= np.fmin(LEAST_STAND, stand))
    stands, most = standing(columns(y, at), past), stand[at]
    with np.errstate(invalid="ignore"):
        return np.asarray(at[((stands >= LEAST_STAND) | (stands > most)).any(axis=0)])


def stands_by_nature(stood: Bools, pace: Pace) -> Bools:
    """Where the gauge stood still while others moved, and went on by itself, within the window: a gate, or a rounding.
    ``stood``: (T, K) where it was so."""
    went_on = np.zeros(stood.shape, dtype=bool)
    went_on[1:] = stood[:-1] & ~stood[1:]
    return within(went_on, max(1, pace.past - 2 * FLAT - PATIENCE - 1))


def moved_by(x: Floats) -> Floats:
    """How far a gauge is from where it stood FLAT steps ago."""
    return np.abs(x - shifted(x, FLAT))


def height_of(value: Floats, floor: Floats) -> Floats:
    """Above low water, 0 where that is not known."""
    known = np.isfinite(floor)
    above = np.maximum(value - np.where(known, floor, 0.0), 0.0)
    return above if known.all() else np.where(known, above, 0.0)


def zeros(x: Floats, limits: Limits, past: int) -> tuple[Bools, Bools]:
    """(T, N) twice: zeros of a river that never stood at or below 0 and did not sink to it, its last other value being
    DRY of its lowest or more; and zeros with nothing else in the window to tell. A river that falls dry comes by."""
    fallen, ever = np.zeros(x.shape, dtype=bool), np.zeros(x.shape, dtype=bool)
    at = np.flatnonzero((x == 0).any(axis=0) & (limits.lowest > 0) & np.isfinite(limits.lowest))
    if not len(at):
        return fallen, ever
    y, steps = columns(x, at), np.arange(len(x))[:, None]
    last = np.maximum.accumulate(np.where(np.isfinite(y) & (y != 0), steps, -past), axis=0)
    seen = steps - last < past
    before = np.take_along_axis(y, np.maximum(last, 0), axis=0)
    with np.errstate(invalid="ignore"):
        high = before > np.maximum(DRY * limits.lowest[at], 3 * limits.resolution[at])
    fallen[:, at], ever[:, at] = (y == 0) & seen & high, (y == 0) & ~seen
    return fallen, ever


def triggered(y: Floats, limits: Limits, active: Bools) -> Bools:
    """(T, K) where a value is farther from the last than is never looked at."""
    quiet = (limits.spike_quiet, limits.up_quiet, limits.shift_quiet, limits.down_quiet)
    wet = (limits.spike_active, limits.up_active, limits.shift_active, limits.down_active)
    least = np.where(active, np.minimum.reduce(wet), np.minimum.reduce(quiet))
    before = shifted(y if np.isfinite(y).all() else carried(y), 1)
    with np.errstate(invalid="ignore"):
        give = np.where(active, GIVE[1], GIVE[0]) * height_of(before, limits.floor)
        return np.asarray(np.abs(y - before) > np.maximum(least, give))


def carried(y: Floats) -> Floats:
    """Each gap with the last value before it."""
    gaps = np.flatnonzero(~np.isfinite(y).T)  # gauge by gauge
    k, t = np.divmod(gaps, len(y))
    begins = (t == 0) | (np.diff(gaps, prepend=-2) > 1)
    begun = t[np.maximum.accumulate(np.where(begins, np.arange(len(t)), 0))]
    out = np.array(y)
    out[t, k] = y[np.maximum(begun - 1, 0), k]
    return out
