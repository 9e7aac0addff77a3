"""How it stands, as plain JSON-able facts: for ``Host.status``, the page, a supervisor."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ledger import newest_due
from ..values import Bulletin
from ..verification.watching import standing_of
from .replay import models_of
from .rounds import rung_counts, utc
from .watch import Watch

FOR_EVER = np.timedelta64(36500, "D")


def pipeline_status(watch: Watch, now: np.datetime64) -> dict[str, Any]:
    """The newest step, how old it is, how it ended, who made it, and what waits to be sent. Raises StoreError."""
    p = watch.pipeline
    newest = newest_due(now, p.layout.step, p.delay)
    line = watch.newest_line(newest)
    bulletin = watch.last
    if line is not None and (bulletin is None or bulletin.issued_at != line.issued_at):
        bulletin = p.store.bulletin(p.name, line.issued_at)
    return {
        "issued_at": utc(line.issued_at) if line else None,
        "age_s": seconds(now - line.issued_at) if line else None,
        "state": line.state if line else "never ran",
        "reason": line.reason if line else "",
        "revision": line.revision if line else None,
        "newest_due": utc(newest),
        "last_error": next(reversed(watch.failures.values()), ""),
        "outbox": {sink: len(p.store.undelivered(p.name, sink, now + FOR_EVER)) for sink in p.sinks},
        "warnings": [f"{w.stage}: {w.error}" for w in p.warnings],
        "models": models_of(p.digests),  # that the next cycle will use
        **made(bulletin),
    }


def made(bulletin: Bulletin | None) -> dict[str, Any]:
    """Who made the last bulletin, and what it says of alerts."""
    if bulletin is None:
        return {"rungs": {}, "alerts": 0, "made_with": {}, "standing": []}
    return {
        "rungs": dict(rung_counts(bulletin)),
        "alerts": sum(alert.rank >= 0 for alert in bulletin.alerts),
        "made_with": models_of(bulletin.digests),
        "standing": list(standing_of(bulletin)),
    }


def seconds(span: np.timedelta64) -> float:
    return float(span / np.timedelta64(1, "us")) / 1e6
