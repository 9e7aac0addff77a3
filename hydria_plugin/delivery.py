"""Emptying the outbox: every sink receives every bulletin, oldest first, read back from the store.

A sink that refuses is left alone until its next try, ever longer up to ``longest``, and keeps its place: what comes
after waits, so that a sink that was dead receives all in order when it returns. Another sink's queue is its own. What
is older than one horizon concerns no future step any more and is dropped, with a Problem. A crash between a sink's
write and its mark sends that bulletin again: sinks are told at least once, and take the same bulletin twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from .errors import StoreError
from .roles import Delivery, ReportSink, Sink, Store
from .values import Bulletin, Problem

FIRST_WAIT = np.timedelta64(5, "s")
LONGEST_WAIT = np.timedelta64(5, "m")

Load = Callable[[np.datetime64, int], Bulletin | None]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a sink is left alone after it refused: doubling from ``first`` to ``longest``."""

    first: np.timedelta64 = FIRST_WAIT
    longest: np.timedelta64 = LONGEST_WAIT

    def after(self, attempts: int) -> np.timedelta64:
        """The wait after ``attempts`` refusals, 1 or more."""
        doublings = min(max(attempts, 1) - 1, 30)
        return min(self.first.astype("m8[us]") * 2**doublings, self.longest.astype("m8[us]"))


PATIENCE = Patience()


def deliver(
    store: Store,
    pipeline: str,
    sinks: Mapping[str, Sink],
    now: np.datetime64,
    horizon: np.timedelta64,
    patience: Patience = PATIENCE,
) -> tuple[Problem, ...]:
    """Send what is due to each of ``sinks``; what went wrong. Raises StoreError, never what a sink raised."""

    @lru_cache(maxsize=2)  # the sinks of one cycle want the same bulletin
    def load(issued_at: np.datetime64, revision: int) -> Bulletin | None:
        return store.bulletin(pipeline, issued_at, revision)

    problems: list[Problem] = []
    for name, sink in sinks.items():
        for delivery in store.undelivered(pipeline, name, now):
            if now - delivery.issued_at > horizon:
                problems.append(_drop(store, delivery, now, f"it is older than the horizon of {_hours(horizon)}"))
                continue
            if refusal := _send(store, delivery, sink, load, now, patience):
                problems.append(refusal)
                break
    return tuple(problems)


def _send(
    store: Store, delivery: Delivery, sink: Sink, load: Load, now: np.datetime64, patience: Patience
) -> Problem | None:
    """One delivery; the Problem when the sink refused it."""
    bulletin = load(delivery.issued_at, delivery.revision)
    if bulletin is None:
        return _drop(store, delivery, now, "its bulletin is no more in the store")
    try:
        if delivery.kind == "bulletin":
            sink.write(bulletin)
        elif isinstance(sink, ReportSink):
            sink.write_reports(bulletin.reports)
    except StoreError:
        raise
    except Exception as error:
        return _postpone(store, delivery, now, patience, error)
    store.mark_delivered(delivery, now)
    return None


def _postpone(store: Store, delivery: Delivery, now: np.datetime64, patience: Patience, error: Exception) -> Problem:
    said = " ".join(f"{type(error).__name__}: {error}".split())
    wait = patience.after(delivery.attempts + 1)
    store.mark_failed(delivery, now, said, now + wait)
    seconds = int(wait / np.timedelta64(1, "s"))
    refused = f"refused {_named(delivery)} (try {delivery.attempts + 1}; next in {seconds} s): {said}"
    return Problem(f"sink {delivery.sink}", None, refused)


def _drop(store: Store, delivery: Delivery, now: np.datetime64, why: str) -> Problem:
    store.drop_delivery(delivery, now, why)
    return Problem(f"sink {delivery.sink}", None, f"{_named(delivery)} was dropped: {why}")


def _named(delivery: Delivery) -> str:
    return f"the {delivery.kind} of {delivery.issued_at} revision {delivery.revision}"


def _hours(duration: np.timedelta64) -> str:
    return f"{duration / np.timedelta64(1, 'h'):g} h"
