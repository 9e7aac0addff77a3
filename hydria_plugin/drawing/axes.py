"""Scales and ticks: from values and times to places on the paper."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..values import Times
from .words import Words

TICK_MINUTES = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 4320, 7200, 14400, 43200)
QUARTER = 15  # minutes: the zones of the world differ from UTC by a whole number of them


@dataclass(frozen=True)
class Scale:
    """A straight line from values to pixels."""

    low: float
    high: float
    at_low: float
    at_high: float

    def __call__(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return self.at_low + share * (self.at_high - self.at_low)


@dataclass(frozen=True)
class Clock:
    """A straight line from times to pixels."""

    scale: Scale

    @classmethod
    def over(cls, first: np.datetime64, last: np.datetime64, left: float, right: float) -> Clock:
        return cls(Scale(seconds(first), seconds(last), left, right))

    def __call__(self, time: np.datetime64) -> float:
        return self.scale(seconds(time))


def seconds(time: np.datetime64) -> float:
    return float(time.astype("datetime64[s]").astype(np.int64))


def nice_step(span: float, about: int) -> float:
    """1, 2, 2.5 or 5 times a power of ten, so that ``span`` holds about that many."""
    raw = span / about
    power = 10.0 ** math.floor(math.log10(raw))
    return next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw * 0.999)


def ticks(low: float, high: float, about: int = 6) -> list[float]:
    """Round values in [low, high]."""
    step = nice_step(high - low, about)
    return [k * step for k in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def decimals(values: list[float]) -> int:
    """How many decimals tell these values apart."""
    return next((d for d in range(5) if all(abs(v - round(v, d)) < 1e-9 for v in values)), 5)


def time_ticks(first: np.datetime64, last: np.datetime64, words: Words, most: int = 9) -> Times:
    """Round local times in [first, last]: on both sides of a clock change the labels stay round."""
    span = (last - first) / np.timedelta64(1, "m")
    every = next((m for m in TICK_MINUTES if span / m <= most), TICK_MINUTES[-1])
    grain = np.timedelta64(min(every, QUARTER), "m").astype("timedelta64[s]")
    start = np.datetime64(0, "s") + math.ceil(seconds(first) / grain.astype(int)) * grain
    stamps = np.arange(start, last + np.timedelta64(1, "s"), grain)
    return np.array([t for t in stamps if _is_round(t, every, words)], dtype="datetime64[s]")


def _is_round(time: np.datetime64, every: int, words: Words) -> bool:
    there = words.local(time)
    minutes = there.hour * 60 + there.minute
    return minutes % every == 0 if every < 1440 else minutes == 0 and there.toordinal() % (every // 1440) == 0
