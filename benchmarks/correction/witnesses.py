"""Who contradicts a gauge that stands still: told from the record as it was, by nothing of the corrector's.

A flat line is contradicted at the first step at which the gauge should read more than five of its resolutions away
from the line (else it does not lie), and somebody says so: another river gauge of the station has moved by more than
five of its own resolutions since the line began, or 5 mm of rain fell on the mean of the rain gauges. Five resolutions
of a logger that writes hundredths are less than its noise: both movements are at least 2 % of the gauge's swing too.
"""

from __future__ import annotations

import numpy as np

from hydria_plugin.values import Floats

from .gauges import Record

RESOLUTIONS, SHARE, RAIN_MM = 5.0, 0.02, 5.0


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
