"""Running totals after correction: what input correctors took out of a window or put into it counts in
``Window.antecedent`` as well.

The buffer's totals are of values as received. A corrector speaks of the window only, so a total changes by what was
changed within the window; steps before it count as received, and as complete. That keeps a cycle a pure function of its
window: a replay, and a record for training, give the same numbers (docs/decisions/0053-corrected-totals.md).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .totals import steps_in
from .values import SUMMED, Bools, Flag, Floats, History, Layout, Signal, Window


def recounted(before: Window, after: Window) -> Window:
    """``after`` with the totals that go with its values (scenario 0); ``before``: as the buffer gave it. A total
    that was unknown and stays so is what the correctors say of it."""
    if before.antecedent.size == 0 or after.past is before.past:
        return after
    old, new = counting(before.past)[:, 0], after.past.values[:, 0]
    changed = differs(old, new).any(axis=1)  # (S, V)
    if not changed.any():
        return after
    rows, slots = np.nonzero(changed)
    there, now = old[rows, :, slots], new[rows, :, slots]  # (K, P)
    antecedent, summed = np.array(after.antecedent), is_summed(after.layout)[slots]
    for a, d in enumerate(steps_in(d, after.step) for d in after.durations):
        seen = min(d, there.shape[1])
        sums = total_change(there[:, -seen:], now[:, -seen:])
        was, told = before.antecedent[rows, slots, a], after.antecedent[rows, slots, a]
        counted = changed_total(was, d, seen, *sums, summed)
        antecedent[rows, slots, a] = np.where(np.isnan(was) & np.isnan(counted), told, counted)
    return replace(after, antecedent=antecedent)


def recounted_history(before: History, after: History) -> History:
    """The same at each step of a record, as the window of that step would have had it."""
    if before.totals.size == 0 or after.inputs is before.inputs:
        return after
    totals = np.array(before.totals)
    for s in range(len(after.layout.stations)):  # a station at a time: the arrays may be larger than the memory
        old, new = counting(before.inputs.each(lambda x, s=s: x[s])), np.asarray(after.inputs.values[s])  # (T, V)
        for v in np.flatnonzero(differs(old, new).any(axis=0)):
            for a, d in enumerate(steps_in(d, after.layout.step) for d in after.durations):
                seen = min(d, after.layout.past)
                sums = running_change(old[:, v], new[:, v], seen)
                summed = is_summed(after.layout)[v : v + 1]
                totals[s, :, v, a] = changed_total(before.totals[s, :, v, a], d, seen, *sums, summed)
    return replace(after, totals=totals)


def counting(signal: Signal) -> Floats:
    """The values that count in the buffer's totals: what failed is a gap there."""
    return np.where(np.asarray(signal.flags) == Flag.FAIL, np.nan, np.asarray(signal.values))


def differs(old: Floats, new: Floats) -> Bools:
    return np.asarray((old != new) & ~(np.isnan(old) & np.isnan(new)))


def is_summed(layout: Layout) -> Bools:
    """(V)"""
    return np.asarray([kind in SUMMED for kind in layout.kinds], dtype=bool)


def total_change(old: Floats, new: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """(K) each, of the last axis: by how much the sum changes, the sum after, how many values there were and are."""
    after = np.nan_to_num(new)
    counts = (np.isfinite(x).sum(axis=-1).astype(float) for x in (old, new))
    return (after - np.nan_to_num(old)).sum(axis=-1), after.sum(axis=-1), *counts


def running_change(old: Floats, new: Floats, seen: int) -> tuple[Floats, Floats, Floats, Floats]:
    """(T) each: the same over the ``seen`` steps up to each step of a series (T), with nothing before the record."""
    after = np.nan_to_num(new)
    columns = (after - np.nan_to_num(old), after, np.isfinite(old).astype(float), np.isfinite(new).astype(float))
    return tuple(over_last(column, seen) for column in columns)  # type: ignore[return-value]


def over_last(values: Floats, steps: int) -> Floats:
    """(T) the sum over the last ``steps`` values."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.arange(1, len(sums))
    return np.asarray(sums[ends] - sums[np.maximum(ends - steps, 0)])


def changed_total(
    total: Floats, d: int, seen: int, more: Floats, inside: Floats, was: Floats, now: Floats, summed: Bools
) -> Floats:
    """The totals over ``d`` steps of which the last ``seen`` are those of the window: from their sum and count."""
    known = d - seen + was
    with np.errstate(invalid="ignore", divide="ignore"):
        held = total * np.where(summed, known / d, known)
        count = d - seen + now
        out = (held + more if d > seen else inside) / count * np.where(summed, d, 1.0)
    return np.where(2 * count >= d, out, np.nan)
