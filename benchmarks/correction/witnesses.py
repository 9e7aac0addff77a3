"""Who contradicts a gauge that stands still: told from the record as it was, by nothing of the corrector's.

A flat line is contradicted at the first step at which the gauge should read more than five of its resolutions away
from the line (else it does not lie), and somebody says so: another river gauge of the station has moved by more than
five of its own resolutions since the line began, or 5 mm of rain fell on the mean of the rain gauges. Five resolutions
of a logger that writes hundredths are less than its noise: both movements are at least 2 % of the gauge's swing too.

That another gauge moved need not say that this one must: a tide, a gate. A line is *foretold* to lie where the others,
by a ridge regression on them and on the rain of two days fitted to the first part of the record, foretell that the
gauge has moved by more than that, and by more than they err on 95 of 100 such spans of the first part.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from hydria_plugin.values import Floats

from .gauges import Record

KNOWN: dict[tuple[str, str, int], Floats] = {}
RESOLUTIONS, SHARE, RAIN_MM = 5.0, 0.02, 5.0
ROWS, RIDGE, ERRS, RAIN_HOURS = 20_000, 1e-3, 0.95, (6.0, 48.0)


def resolution_of(x: Floats) -> float:
    """The least change of a gauge that is one."""
    changes = np.abs(np.diff(x))
    changes = changes[changes > 1e-9]
    return float(np.quantile(changes, 0.05)) if len(changes) else 0.0


def much(x: Floats) -> float:
    """More than which a gauge must move to be a witness."""
    swing = float(np.nanquantile(x, 0.999) - np.nanmedian(x))
    return max(RESOLUTIONS * resolution_of(x), SHARE * swing)


def contradicted(record: Record, i: int, at: int, within: int) -> int | None:
    """Steps after ``at`` at which the line of gauge ``i`` is contradicted; None where nobody does within ``within``."""
    rain, part = np.asarray(record.rain), record.x[at : at + within]
    lies = np.abs(part[:, i] - part[0, i]) > much(record.x[:, i])
    says = np.zeros(within, dtype=bool)
    for other in np.flatnonzero(~rain):
        if other != i:
            says |= np.abs(part[:, other] - part[0, other]) > much(record.x[:, other])
    if rain.any():
        with np.errstate(invalid="ignore"):
            fallen = np.nan_to_num(part[:, rain]).sum(axis=1) / np.maximum(np.isfinite(part[:, rain]).sum(axis=1), 1)
        says |= np.cumsum(fallen) >= RAIN_MM
    both = np.flatnonzero(lies & says)
    return int(both[0]) if len(both) else None


def foretold(record: Record, i: int, at: int, within: int) -> int | None:
    """Steps after ``at`` at which the others foretell that a line of gauge ``i`` lies; None where they never do."""
    told, errs = regression(record, i)
    least = much(record.x[:, i])
    for k in range(1, within):
        lies = abs(record.x[at + k, i] - record.x[at, i])
        says = abs(told[at + k] - told[at])
        if lies > least and says > max(least, errs(k)):
            return k
    return None


def regression(record: Record, i: int) -> tuple[Floats, Callable[[int], float]]:
    """(T) gauge ``i`` as the others foretell it, and how far the change over k steps errs. Kept for the record."""
    key = (record.name, record.names[i], len(record.x))
    if key not in KNOWN:
        KNOWN[key] = ridge(tellers(record, i), record.x[:, i], record.cut)
    told, cut = KNOWN[key], record.cut

    def errs(k: int) -> float:
        wrong = (told[k:cut] - told[: cut - k]) - (record.x[k:cut, i] - record.x[: cut - k, i])
        return float(np.nanquantile(np.abs(wrong), ERRS))

    return told, lru_cache(errs)


def ridge(a: Floats, y: Floats, cut: int) -> Floats:
    """(T) what the columns of ``a`` (T, W) foretell of ``y``, by the steps before ``cut``; nothing without any."""
    fit = np.flatnonzero(np.isfinite(y[:cut]))
    if not len(fit) or not a.shape[1]:
        return np.zeros(len(y))
    fit = fit[:: max(1, len(fit) // ROWS)]
    known = a[:, np.isfinite(a[fit]).any(axis=0)]
    middle = np.nanmean(known[fit], axis=0)
    known = np.where(np.isfinite(known), known, middle) - middle
    known = known / np.maximum(known[fit].std(axis=0), 1e-9)
    square = known[fit].T @ known[fit] + RIDGE * len(fit) * np.eye(known.shape[1])
    return np.asarray(known @ np.linalg.solve(square, known[fit].T @ (y[fit] - y[fit].mean())))


def tellers(record: Record, i: int) -> Floats:
    """(T, W) the other river gauges, and the mean rain over the hours before."""
    rain = np.asarray(record.rain)
    others = record.x[:, ~rain & (np.arange(len(rain)) != i)]
    if not rain.any():
        return others
    fallen = np.nan_to_num(record.x[:, rain]).sum(axis=1) / np.maximum(np.isfinite(record.x[:, rain]).sum(axis=1), 1)
    sums = np.concatenate([[0.0], np.cumsum(fallen)])
    steps = [max(1, round(hours / record.hours)) for hours in RAIN_HOURS]
    ends = np.arange(1, len(sums))
    return np.column_stack([others, *[sums[ends] - sums[np.maximum(ends - n, 0)] for n in steps]])


def fell_before(record: Record, i: int, at: int, silent: int, given: float) -> bool:
    """Whether others say that what gauge ``i`` gives at step ``at`` fell in the ``silent`` steps before."""
    others = np.asarray(record.rain) & (np.arange(len(record.rain)) != i)
    if not others.any():
        return False
    fallen = np.nansum(record.x[at - silent : at, others], axis=0).mean()
    return bool(fallen >= RAIN_MM and given - record.x[at, i] >= 0.5 * given)
