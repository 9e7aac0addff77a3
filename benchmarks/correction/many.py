"""Many issue times of one station in one window, so that a forecaster answers them at once; and the fills compared.

The window's layout names the station as often as there are issue times. No pipeline has such a layout: it is made by
going round the check that stations have different names, here only.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hydria_plugin import Flag, History, Layout, Signal, Window
from hydria_plugin.correctors.gaps.corrector import Gaps, told_by
from hydria_plugin.correctors.gaps.filling import fill
from hydria_plugin.correctors.gaps.series import Fills, Series, known
from hydria_plugin.recounting import recounted
from hydria_plugin.values import Floats, Ints

from .planting import with_values

ESTIMATED = 1e-9  # the standard error that the simple fills claim


def many(history: History, at: Ints) -> Window:
    """(N) windows of the one station of ``history`` at the steps ``at``, as one of N stations."""
    a, n = history.layout, len(at)
    steps = np.asarray(at)[:, None] + np.arange(1 - a.past, 1)
    target = history.target.each(lambda x: x[0][steps][:, None])
    inputs = history.inputs.each(lambda x: x[0][steps][:, None])
    ahead = Signal.measured(np.full((n, 1, a.horizon, len(a.slots)), np.nan))
    layout = repeated(a, n)
    end = history.times[at[-1]]
    return Window(end, end, layout, target, inputs, ahead, history.totals[0, at], history.durations)


def repeated(layout: Layout, n: int) -> Layout:
    """Of N stations that are all the one of ``layout``."""
    numbered = tuple(f"{layout.stations[0]}.{i}" for i in range(n))
    wide = replace(
        layout,
        stations=numbered,
        targets=layout.targets * n,
        quantities=layout.quantities * n,
        units=layout.units * n,
        names=(),
        series=np.repeat(layout.series, n, axis=0),
        static=np.repeat(layout.static, n, axis=0),
    )
    object.__setattr__(wide, "stations", layout.stations * n)
    return wide


def by_gaps(gaps: Gaps, history: History, at: Ints) -> Window:
    """What the corrector makes of each of the windows."""
    window, one = many(history, at), Series.of(history.layout)
    n, b = len(at), len(one.names)
    series = Series(
        one.names * n,
        one.kinds * n,
        np.repeat(np.arange(n), b),
        np.tile(one.slot, n),
        one.places[0] + b * np.arange(n)[:, None],
    )
    values = series.gather(known(first(window.observed)), known(first(window.past)))
    told = told_by(window, series, values)
    own_times = history.times[np.repeat(at, b)[:, None] + np.arange(1 - history.layout.past, 1)]
    web = gaps.web(one).tiled(n)
    fills = fill(gaps.model, web, replace(told, times=own_times), causal=False)
    return recounted(window, gaps.with_fills(window, series, web, fills))


def first(signal: Signal) -> Signal:
    return signal.each(lambda a: a[:, 0])


def causally(record: Floats, how: str) -> Floats:
    """(T, W) filled by zero or by the last value, as each step would have been when it was the newest."""
    gap = np.isnan(record)
    if how == "zero":
        return np.where(gap, 0.0, record)
    last = np.maximum.accumulate(np.where(gap, -1, np.arange(len(record))[:, None]), axis=0)
    held = np.take_along_axis(record, np.maximum(last, 0), axis=0)
    return np.nan_to_num(np.where(last < 0, np.nan, held))


def by_rule(how: str, history: History, at: Ints) -> Window:
    """``zero``, ``last``, or ``linear``: a straight line between two values, the last value after the last."""
    target, inputs = (causally(x, how) for x in (history.target.values[0][:, None], history.inputs.values[0]))
    window = many(with_values(history, target.T, inputs[None]), at)
    if how != "linear":
        return window
    raw = many(history, at)
    return replace(window, observed=drawn(raw.observed, window.observed), past=drawn(raw.past, window.past))


def drawn(raw: Signal, held: Signal) -> Signal:
    """Straight lines over the gaps of ``raw`` (N, 1, P[, V]) that end within the window; else as ``held``."""
    values = np.moveaxis(raw.values, 2, -1)
    length, there = values.shape[-1], np.isfinite(values)
    steps = np.arange(length)
    last = np.maximum.accumulate(np.where(there, steps, -1), axis=-1)
    following = np.minimum.accumulate(np.where(there, steps, length)[..., ::-1], axis=-1)[..., ::-1]
    inside = (last >= 0) & (following < length)
    start = np.take_along_axis(values, np.maximum(last, 0), axis=-1)
    end = np.take_along_axis(values, np.minimum(following, length - 1), axis=-1)
    share = (steps - last) / np.maximum(following - last, 1)
    line = np.moveaxis(np.where(inside, start + (end - start) * share, np.nan), -1, 2)
    return Signal.measured(np.where(np.isfinite(line), line, held.values))


def lost(window: Window) -> int:
    """How many values of the window are gaps."""
    return int((window.past.flags == Flag.MISSING).sum() + (window.observed.flags == Flag.MISSING).sum())


__all__ = ["Fills", "by_gaps", "by_rule", "lost", "many"]
