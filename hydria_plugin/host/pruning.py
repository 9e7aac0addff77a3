"""Forgetting what is older than the admin wants to keep, once a day."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping

import numpy as np

from ..config import Settings
from ..config.loading import durations_of
from ..cycle import Pipeline
from ..errors import StoreError
from ..schedule import Pacemaker
from .rounds import utc
from .watch import Watch

log = logging.getLogger("hydria.host")

DAY = np.timedelta64(1, "D")


def reach(pipeline: Pipeline) -> np.timedelta64:
    """How far back the oldest bulletin that is kept looks: needed to make it again."""
    layout = pipeline.layout
    longest = max(durations_of(pipeline), default=np.timedelta64(0, "s"))
    return (max(layout.past * layout.step, longest + longest // 16) + layout.horizon * layout.step) + layout.step


def prune(settings: Settings, watches: Mapping[str, Watch], now: np.datetime64, pace: Pacemaker | None) -> None:
    """Once a day and pipeline. What the clock has gained by jumps does not make a record old: a wrong date must not
    erase a good one."""
    keep = settings.platform.retention
    if keep is None:
        return
    gained = 0.0 if pace is None else max(pace.watch.ahead, 0.0)
    for watch in watches.values():
        if watch.pruned_at is not None and watch.pruned_at <= now < watch.pruned_at + DAY:
            continue
        watch.pruned_at = now
        before = (now - keep).astype("datetime64[s]") - np.timedelta64(math.ceil(gained), "s")
        try:
            rows = watch.pipeline.store.prune(watch.pipeline.name, before, before - reach(watch.pipeline))
            rows += sum(watch.pipeline.store.prune(s.name, before) for s in watch.pipeline.shadows.values())
            log.info("pruned pipeline=%s before=%s rows=%d", watch.pipeline.name, utc(before), rows)
        except StoreError as error:
            log.error("not pruned pipeline=%s error=%s", watch.pipeline.name, error)
