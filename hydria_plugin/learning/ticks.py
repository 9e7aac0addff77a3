"""What a gauge can show: levels come in steps (a centimetre, a hundredth of a foot), and most stay where they are.

A quantile of such a truth lies on one of its steps. One that lies between costs half a step at every quiet time, which
at short leads is most of what there is to lose. The centre stays where it is, for it is the mean; only a movement too
small to be told from none is none.
"""

from __future__ import annotations

import numpy as np

from hydria_plugin import History, Split
from hydria_plugin.values import Floats

FEWEST = 100  # changes that must be seen
SMALLEST = 0.02  # quantile of the changes that is taken for one tick, before it is measured
NEAR = 5.5  # ticks up to which a change is counted: rounding blurs longer ones
OFF = 0.15  # of a tick, that a change may be off a whole number of them
REGULAR = 0.95  # share of the changes that must be whole
STILL = 0.25  # of a tick: a centre that moves less has not moved


def ticks_of(history: History, split: Split) -> Floats:
    """(S) the step in which each station's target comes, in its unit; 0 where it comes in none."""
    seen = np.where(history.target.trusted & (split.fit | split.stop), history.target.values, np.nan)
    return np.array([tick_of(np.asarray(values, dtype=np.float64)) for values in seen])


def tick_of(values: Floats) -> float:
    """The step of a series (T) with gaps; 0 where its changes are no whole numbers of one, or too few."""
    changes = np.abs(np.diff(values))
    changes = changes[np.isfinite(changes)]
    changes = changes[changes > 1e-6 * max(float(np.abs(changes).max(initial=0.0)), np.finfo(float).tiny)]
    if len(changes) < FEWEST:
        return 0.0
    guess = float(np.quantile(changes, SMALLEST))
    tick = float(changes[changes < 1.5 * guess].mean())
    counted = changes[changes < NEAR * tick] / tick
    whole = np.abs(counted - np.round(counted)) <= OFF
    return tick if whole.mean() >= REGULAR else 0.0


def around_median(values: Floats, median: int) -> Floats:
    """Never decreasing along the last axis, with the median left where it is."""
    up = np.maximum.accumulate(values[..., median:], axis=-1)
    down = np.minimum.accumulate(values[..., median::-1], axis=-1)[..., ::-1]
    return np.concatenate([down[..., :-1], up], axis=-1)


def on_ticks(values: Floats, last: Floats, tick: Floats, middle: int) -> Floats:
    """(S, H, Q) quantiles on the ticks that count from ``last`` (S, H), the middle one left where it is, or on ``last``
    where it hardly moves. ``tick`` (S); stations where it is 0, and rows without ``last``, are left as they are."""
    some = np.flatnonzero(tick > 0)
    if not len(some):
        return values
    step, start, given = tick[some, None], last[some], values[some]
    centre = np.where(np.abs(given[..., middle] - start) < STILL * step, start, given[..., middle])
    shown = start[..., None] + step[..., None] * np.round((given - start[..., None]) / step[..., None])
    shown = np.where((shown < 0) & (given >= 0), 0.0, shown)  # no discharge below zero for the sake of a tick
    shown[..., middle] = centre
    out = values.copy()
    out[some] = np.where(np.isfinite(start)[..., None], around_median(shown, middle), given)
    return out
