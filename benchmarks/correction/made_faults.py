"""Planted faults, one at a time, in the part that limits were not read off: is one found in time?

Sizes are shares of a series' swing (its 99.9 % quantile less its median): spikes 0.5 to 2, new datums 0.5 to 2 up or
down, drifts 0.5 to 2 over 24 steps, oscillations 0.3 to 1 with periods of 2 to 6 steps. A drop reads 0 for 1 to 12
steps, where 0 is at least 0.2 of the swing below. A dump gives in one step what fell in a silence of 3 to 24 steps, at
least 5 mm. A flat line is counted from the step at which it is contradicted by more than five resolutions
(witnesses.py); ``flat-harder`` from where what should have been is five resolutions (and 2 % of the swing) away,
whoever may say so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from hydria_plugin.values import Floats

from .gauges import Record
from .witnesses import contradicted, resolution_of

AFTER = 40  # steps looked at beyond the fault's begin
TRIES = 60
RIVER = ("spike", "drop", "shift", "oscillation", "drift", "flat", "flat-harder")
RAIN = ("dump", "stuck", "stuck-12")


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
    "flat-harder": flat_harder, "dump": dump, "stuck": stuck, "stuck-12": stuck_longer,
}  # fmt: skip
