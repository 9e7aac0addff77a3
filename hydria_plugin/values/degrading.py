"""How much of what a forecast rests on is there: one word per station, the worst that is true.

A gauge is lost when none of its newest values is measured and sound; what was filled does not count. What becomes of
the forecast on each rung is told in docs/admin.md, "When gauges fall silent".
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .arrays import Bools
from .feeds import Signal
from .windows import Window

RUNGS = ("all inputs", "some gauges lost", "all rain lost", "level lost", "everything lost")
TELLING = RUNGS.index("all rain lost")  # from here on a bulletin is less than it should be
RECENT = 6  # steps


def rungs_of(window: Window) -> NDArray[np.uint8]:
    """(S) index into RUNGS."""
    kinds, present = np.asarray(window.layout.kinds), window.layout.present
    speaking = recently(window.past)  # (S, V)
    level = recently(window.observed.each(lambda a: a[..., None]))[:, 0]
    told = np.isfinite(window.future.values[:, 0]).any(axis=1) & (kinds == "simulation")
    gauges, rain = present & (kinds != "simulation"), present & (kinds == "rain")
    lost = gauges & ~speaking
    everything = ~level & ~(present & (speaking | told)).any(axis=1)
    worst_first = (everything, ~level, rain.any(axis=1) & ~(rain & speaking).any(axis=1), lost.any(axis=1))
    return np.select(worst_first, [4, 3, 2, 1], 0).astype(np.uint8)


def recently(signal: Signal) -> Bools:
    """(S, V) whether one of the newest values of (S, R, P, V) was measured and is sound."""
    newest = signal.each(lambda a: a[:, 0, -RECENT:])
    return np.asarray(newest.trusted.any(axis=1))
