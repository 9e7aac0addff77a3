"""In which order a sink is sent what it has still to take, and what has to wait."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from hydria_plugin import Delivery

LONGEST = np.timedelta64(10, "m")  # no wait is longer; one that seems to be was begun by a clock that stood ahead


def due_in_order(pending: Iterable[Delivery], now: np.datetime64) -> Iterator[Delivery]:
    """Those of ``pending`` (oldest issue first) that may be sent: a bulletin that waits for its next try holds up all
    that comes after it, reports that wait hold up reports only. A clock that was set back holds up nothing."""
    reports_wait = False
    for delivery in pending:
        waits = bool(now < delivery.next_try <= now + LONGEST)
        if waits and delivery.kind == "bulletin":
            return
        reports_wait = reports_wait or waits
        if delivery.kind == "bulletin" or not reports_wait:
            yield delivery
