"""What a fit learns from: the pool of steps, their truth, and the blocks of a cross-validation in time."""

from __future__ import annotations

import numpy as np

from hydria_plugin import History, Split
from hydria_plugin.values import Bools, Floats, Ints

from .cases import Cases, cases_of_history

BLOCKS_PER_FOLD = 4  # each fold is several blocks, so that every fold has its share of wet and dry seasons


def pool(history: History, split: Split, station: int, max_age: int, future: bool = False) -> tuple[Cases, Ints]:
    """The cases a station learns from (steps for fitting and stopping, never the test), and their steps."""
    at = np.flatnonzero(split.fit[station] | split.stop[station])
    cases = cases_of_history(history, station, at, future, station, max_age)
    known = np.isfinite(cases.base)
    return cases.take(known), at[known]


def truth_ahead(history: History, station: int, at: Ints) -> Floats:
    """(N, H) what came: measured and not flagged as failed, else NaN. Filled values are no truth."""
    signal = history.target.each(lambda a: a[station])
    truth = np.where(signal.trusted, signal.values, np.nan).astype(np.float64)
    steps = at[:, None] + np.arange(1, history.layout.horizon + 1)
    return np.where(steps < len(truth), truth[np.minimum(steps, len(truth) - 1)], np.nan)


def unit_of(history: History, split: Split) -> Floats:
    """(S) standard deviation of the target over the pool: the station's own scale; 1 where it never moves."""
    values = np.where(history.target.trusted & (split.fit | split.stop), history.target.values, np.nan)
    return masked_std(values, axis=1)


def masked_std(values: Floats, axis: int) -> Floats:
    """Standard deviation of the finite values; 1 where there is none."""
    known = np.isfinite(values)
    count = np.maximum(known.sum(axis=axis, keepdims=True), 1)
    mean = np.where(known, values, 0.0).sum(axis=axis, keepdims=True) / count
    square = np.where(known, (values - mean) ** 2, 0.0).sum(axis=axis, keepdims=True) / count
    std = np.sqrt(square).squeeze(axis)
    return np.asarray(np.where(std > 0, std, 1.0), dtype=np.float64)


def fold_of_steps(history: History, split: Split, folds: int) -> Ints:
    """(T) the fold of each step of the record: blocks of equal length in turn, their borders moved to steps without
    an event where one is near; -1 outside the pool."""
    inside = (split.fit | split.stop).any(axis=0)
    steps = np.flatnonzero(inside)
    fold = np.full(len(history), -1, dtype=np.int64)
    if not len(steps):
        return fold
    even = np.linspace(0, len(steps), folds * BLOCKS_PER_FOLD + 1).astype(int)[1:-1].tolist()
    calm: Bools = np.asarray(~(split.events[:, steps] >= 0).any(axis=0))
    reach = max(1, len(steps) // (folds * BLOCKS_PER_FOLD * 2))
    borders = np.array([calm_near(calm, border, reach) for border in even])
    fold[steps] = np.searchsorted(borders, np.arange(len(steps)), side="right") % folds
    return fold


def calm_near(calm: Bools, border: int, reach: int) -> int:
    """The calm step nearest to ``border`` within ``reach``, else ``border``."""
    first = max(0, border - reach)
    near = np.flatnonzero(calm[first : border + reach]) + first
    return int(near[np.argmin(np.abs(near - border))]) if len(near) else border


def purged(fold: Ints, held_out: int, gap: int) -> Bools:
    """(T) steps that a fold's model may learn from: in other folds, and further than ``gap`` from the held out."""
    out = fold == held_out
    near = np.convolve(out, np.ones(2 * gap + 1), mode="same") > 0.5 if gap else out
    return np.asarray((fold >= 0) & ~out & ~near)


def gap_of(history: History, fold: Ints, folds: int) -> int:
    """Steps to leave out beside a held-out block: one horizon, but at most an eighth of a block."""
    block = int((fold >= 0).sum()) // max(1, folds * BLOCKS_PER_FOLD)
    return min(history.layout.horizon, block // 8)
