"""Made-up basins for the tests of gaps: rain from storms, a river upstream, the target downstream two steps later."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hydria_plugin import History, Layout, Signal, Split
from hydria_plugin.testing import sample_layout
from hydria_plugin.totals import steps_in, totals_over
from hydria_plugin.values import SUMMED, Floats

HOURS = (12, 72)
DURATIONS = tuple(np.timedelta64(h, "h").astype("timedelta64[s]") for h in HOURS)


def basin_layout(past: int = 48, quantity: str = "level") -> Layout:
    """One station: three rain gauges and the river upstream."""
    base = sample_layout(1, 4, past=past)
    slots = ("rain.1", "rain.2", "rain.3", "level.upstream")
    return replace(
        base,
        slots=slots,
        kinds=("rain", "rain", "rain", "level"),
        series=np.array([["r1", "r2", "r3", "up"]]),
        targets=("down",),
        quantities=(quantity,),
        units=("m" if quantity == "level" else "m3/s",),
    )


def basin(steps: int = 4000, seed: int = 3, layout: Layout | None = None) -> History:
    """Storms over three gauges of different exposure; two reservoirs, the second two steps behind the first."""
    layout = layout or basin_layout()
    rng = np.random.default_rng(seed)
    storm = np.zeros(steps)
    for start in np.flatnonzero(rng.random(steps) < 0.015):
        length = int(rng.integers(3, 12))
        storm[start : start + length] += rng.gamma(0.8, 6.0, size=len(storm[start : start + length]))
    exposure = np.array([1.0, 1.5, 0.7])
    rain = np.round(storm[:, None] * exposure * rng.gamma(25.0, 1 / 25, size=(steps, 3)), 1)
    up = np.empty(steps)
    level = 0.2
    for t in range(steps):
        level = 0.2 + (level - 0.2) * 0.93 + 0.02 * storm[max(0, t - 1)]
        up[t] = level
    down = 1.4 * np.concatenate([[up[0]] * 2, up[:-2]]) + 0.1
    values = np.concatenate([rain, up[:, None]], axis=1) + np.array([0, 0, 0, 1.0]) * rng.normal(0, 0.002, (steps, 4))
    return record(layout, (down + rng.normal(0, 0.002, steps))[None], values[None])


def record(layout: Layout, target: Floats, inputs: Floats) -> History:
    """A history with the totals that a buffer would have kept."""
    steps = [steps_in(d, layout.step) for d in DURATIONS]
    summed = np.array([kind in SUMMED for kind in layout.kinds])
    totals = totals_over(inputs[0], 0, np.arange(inputs.shape[1]), steps, summed)[None]
    times = np.datetime64("2026-03-01T12:00:00", "s") - layout.step * np.arange(inputs.shape[1] - 1, -1, -1)
    return History(layout, times, Signal.measured(target), Signal.measured(inputs), totals, DURATIONS)


def with_gaps(history: History, slot: int | None, steps: slice | np.ndarray) -> History:
    """``slot`` (None: the target) silent at ``steps``."""
    target, inputs = np.array(history.target.values), np.array(history.inputs.values)
    if slot is None:
        target[:, steps] = np.nan
    else:
        inputs[:, steps, slot] = np.nan
    return record(history.layout, target, inputs)


def first_two_thirds(history: History) -> Split:
    """The first two thirds to fit, nothing to stop or test."""
    n = len(history)
    fit = (np.arange(n) < 2 * n // 3)[None]
    return Split(fit, np.zeros_like(fit), ~fit, np.full((1, n), -1, dtype=np.int32))
