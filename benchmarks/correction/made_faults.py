"""Planted faults, one at a time, in the part that limits were not read off: is one found in time?

Sizes are shares of a series' swing (its 99.9 % quantile less its median): spikes 0.5 to 2, new datums 0.5 to 2 up or
down, drifts 0.5 to 2 over 24 steps, oscillations 0.3 to 1 with periods of 2 to 6 steps. A drop reads 0 for 1 to 12
steps, where 0 is at least 0.2 of the swing below. A dump gives in one step what fell in a silence of 3 to 24 steps, at
least 5 mm. A flat line is counted from the step at which it is contradicted by more than five resolutions
(witnesses.py); ``flat-harder`` from where what should have been is five resolutions (and 2 % of the swing) away,
whoever may say so; ``flat-foretold`` from where the others foretell as much, by more than they usually err. A
``dump-told`` is a dump of which others tell: 5 mm on their mean meanwhile, and half of it did not fall in its step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from hydria_plugin.values import Floats

from .gauges import Record
from .witnesses import contradicted, fell_before, foretold, resolution_of

AFTER = 40  # steps looked at beyond the fault's begin
TRIES = 60
RIVER = ("spike", "drop", "shift", "oscillation", "drift", "flat", "flat-harder", "flat-foretold")
RAIN = ("dump", "dump-told", "stuck", "stuck-12")


@dataclass(frozen=True)
class Planted:
    values: Floats  # (P + AFTER) of the series, the fault beginning at P
    length: int  # steps of the fault
    last: int  # the step by which it must be found, from its begin


def swing_of(x: Floats) -> float:
    return float(np.nanquantile(x, 0.999) - np.nanmedian(x))


def spike(y: Floats, p: int, x: Floats, rng: np.random.Generator) -> Planted | None:
    y[p] += swing_of(x) * rng.uniform(0.5, 2) * rng.choice([1, -1])
    return Planted(y, 1, 2)


def drop(y: Floats, p: int, x: Floats, rng: np.random.Generator) -> Planted | None:
    if np.nanmin(y[p - 3 : p + 4]) < 0.2 * swing_of(x) or np.nanquantile(x, 0.05) <= 0:
        return None
    n = int(rng.integers(1, 13))
    y[p : p + n] = 0.0
    return Planted(y, n, 2)


def shift(y: Floats, p: int, x: Floats, rng: np.random.Generator) -> Planted | None:
    y[p:] += swing_of(x) * rng.uniform(0.5, 2) * rng.choice([1, -1])
    return Planted(y, AFTER, 2)


def oscillation(y: Floats, p: int, x: Floats, rng: np.random.Generator) -> Planted | None:
    period = int(rng.integers(2, 7))
    phase = 0.5 if period == 2 else 1.0
    y[p : p + 12] += swing_of(x) * rng.uniform(0.3, 1) * np.sin(2 * np.pi * (np.arange(12) + phase) / period)
    return Planted(y, 12, period)


def drift(y: Floats, p: int, x: Floats, rng: np.random.Generator) -> Planted | None:
    y[p : p + 24] += swing_of(x) * rng.uniform(0.5, 2) * rng.choice([1, -1]) * np.arange(1, 25) / 24
    return Planted(y, 24, 24)


def flat(y: Floats, p: int, x: Floats, rng: np.random.Generator) -> Planted | None:
    """The last step is set where the record is at hand: ``witnessed``."""
    y[p:] = y[p]
    return Planted(y, AFTER, AFTER)


def flat_harder(y: Floats, p: int, x: Floats, rng: np.random.Generator) -> Planted | None:
    away = np.flatnonzero(np.abs(y[p : p + AFTER - 10] - y[p]) > max(5 * resolution_of(x), 0.02 * swing_of(x)))
    if not len(away):
        return None
    y[p:] = y[p]
    return Planted(y, AFTER, int(away[0]) + 6)


def witnessed(record: Record, i: int, at: int, planted: Planted) -> Planted | None:
    """A flat line that begins at step ``at``, to be found within 6 steps of being contradicted."""
    first = contradicted(record, i, at, AFTER - 10)
    return None if first is None else replace(planted, last=first + 6)


def foreseen(record: Record, i: int, at: int, planted: Planted) -> Planted | None:
    """The same from where the others foretell that the line lies."""
    first = foretold(record, i, at, AFTER - 10)
    return None if first is None else replace(planted, last=first + 6)


def told(record: Record, i: int, at: int, planted: Planted) -> Planted | None:
    """A dump of which other gauges tell."""
    y = planted.values[: len(planted.values) - AFTER + 1]
    silent = int(np.argmax(~np.isnan(y[-2::-1])))
    return planted if fell_before(record, i, at, silent, float(y[-1])) else None


def dump(y: Floats, p: int, x: Floats, rng: np.random.Generator) -> Planted | None:
    n = int(rng.integers(3, min(24, p - 4)))
    total = float(np.nansum(y[p - n : p + 1]))
    if total < 5:
        return None
    y[p - n : p], y[p] = np.nan, total
    return Planted(y, 1, 2)


def stuck(y: Floats, p: int, x: Floats, rng: np.random.Generator) -> Planted | None:
    tip = float(np.nanmin(x[x > 0]))
    y[p:] = tip * int(rng.integers(2, 8))
    return Planted(y, AFTER, 6)


def stuck_longer(y: Floats, p: int, x: Floats, rng: np.random.Generator) -> Planted | None:
    found = stuck(y, p, x, rng)
    return None if found is None else replace(found, last=12)


FAULTS: dict[str, Callable[[Floats, int, Floats, np.random.Generator], Planted | None]] = {
    "spike": spike, "drop": drop, "shift": shift, "oscillation": oscillation, "drift": drift, "flat": flat,
    "flat-harder": flat_harder, "dump": dump, "stuck": stuck, "stuck-12": stuck_longer, "flat-foretold": flat,
    "dump-told": dump,
}  # fmt: skip
WITNESSES: dict[str, Callable[[Record, int, int, Planted], Planted | None]] = {
    "flat": witnessed, "flat-foretold": foreseen, "dump-told": told,
}  # fmt: skip
