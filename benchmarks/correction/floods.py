"""Is a flood rejected? The newest value of every step, and what windows say afterwards, near the largest peaks; and how
much of a clean record is flagged."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from hydria_plugin import METHODS, Flag
from hydria_plugin.values import Bools, Floats, Ints

from .gauges import Record

PEAKS, NEAR_HOURS = 20, 6.0
MIXED = ("level_mm_Y1112010", "level_mm_Y1232010", "level_mm_Y0624020")  # two sensors in one series, say the READMEs


@dataclass(frozen=True)
class Found:
    """Of one series."""

    record: str
    series: str
    values: int
    failed: int
    failed_known: int  # of them exact zeros where the series has none else, codes, or two mixed sensors
    tested_values: int  # in the part that limits were not read off
    tested_failed: int  # there, known ones left out
    near_peaks: tuple[str, ...]  # what failed near one, known ones left out
    near_known: int
    methods: Counter[str]


def peaks_of(x: Floats, hours: float) -> list[int]:
    """The steps of the largest peaks, a day apart or more."""
    left, found, apart = np.where(np.isfinite(x), x, -np.inf), [], max(1, round(24 / hours))
    while len(found) < PEAKS and left.max() > np.nanmedian(x):
        at = int(np.argmax(left))
        found.append(at)
        left[max(0, at - apart) : at + apart + 1] = -np.inf
    return found


def known_faults(series: str, x: Floats) -> Bools:
    """(T) what the READMEs list: drop-outs to 0, codes, series of two sensors."""
    rest = x[np.isfinite(x) & (x != 0)]
    zero = (x == 0) & series.startswith("level_mm") & bool((rest > 0).all())
    return np.asarray(zero | ((x == -990) & series.startswith("dam")) | (series in MIXED))


def floods_of(record: Record) -> list[Found]:
    corrected = record.corrector.correct_history(record.history)
    feeds, _ = record.corrector.for_layout(record.history.layout)
    flags = feeds.gathered(np.asarray(corrected.target.flags), np.asarray(corrected.inputs.flags))
    method = feeds.gathered(np.asarray(corrected.target.method), np.asarray(corrected.inputs.method))
    return [one_series(record, i, flags[:, i] == Flag.FAIL, method[:, i]) for i in range(len(record.names))]


def one_series(record: Record, i: int, failed: Bools, method: Ints) -> Found:
    x, name, tail = record.x[:, i], record.names[i], np.arange(len(record.x)) >= record.cut
    known, there = known_faults(name, x), np.isfinite(x)
    near_steps, later = round(NEAR_HOURS / record.hours), failed.copy()
    near = np.zeros(len(x), dtype=bool)
    for at in peaks_of(x, record.hours):
        near[max(0, at - near_steps) : at + near_steps + 1] = True
        later |= in_hindsight(record, i, at, near_steps)
    told = tuple(
        f"{record.history.times[t]} {METHODS[method[t]] if failed[t] else 'later'}"
        for t in np.flatnonzero(later & near & ~known)
    )
    return Found(
        record.name, name, int(there.sum()), int(failed.sum()), int((failed & known).sum()),
        int((there & tail & ~known).sum()), int((failed & tail & ~known).sum()),
        told, int((later & near & known).sum()), Counter(METHODS[m] for m in method[failed]),
    )  # fmt: skip


def in_hindsight(record: Record, i: int, at: int, near: int) -> Bools:
    """(T) What the windows that end 3 steps after the peak, and 3 after its last near step, call failed."""
    out, past = np.zeros(len(record.x), dtype=bool), record.history.layout.past
    for end in (at + 3, at + near + 3):
        first = end - past + 1
        if first >= 0 and end < len(out):
            seen = slice(max(first, at - near), end + 1)
            out[seen] |= record.flags(record.x[None, first : end + 1])[0, seen.start - first :, i] == Flag.FAIL
    return out
