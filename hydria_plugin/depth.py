"""How far back the buffer reaches: what it can be asked for again, and what it must have read for that."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .totals import reach, steps_in
from .values import Layout

LEAST_DEPTH = 24  # steps that can be asked for again without reading the source anew


def memory_of(layout: Layout, durations: Sequence[np.timedelta64], overlap: np.timedelta64) -> np.timedelta64:
    """How far before the newest step windows reach, catching up included: what must be restored from a store for a
    buffer to go on without reading it all again."""
    depth = depth_of(layout, whole_steps(overlap, layout))
    return (span_of(layout, [steps_in(d, layout.step) for d in durations], depth) + 1) * layout.step


def whole_steps(overlap: np.timedelta64, layout: Layout) -> int:
    return steps_in(overlap, layout.step) if overlap > np.timedelta64(0) else 0


def depth_of(layout: Layout, overlap: int) -> int:
    """Steps before the newest that a window can still be asked for."""
    return max(overlap, layout.horizon, LEAST_DEPTH)


def span_of(layout: Layout, durations: Sequence[int], depth: int) -> int:
    """Steps before the issue step that a first read must cover."""
    return max(layout.past, reach(durations)) + depth
