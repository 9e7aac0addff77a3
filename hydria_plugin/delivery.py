"""Emptying the outbox: every sink receives every bulletin, oldest first, read back from the store.

A sink that refuses is left alone until its next try, ever longer up to ``longest``, and keeps its place: what comes
after waits, so that a sink that was dead receives all in order when it returns. Another sink's queue is its own. What
is older than one horizon concerns no future step any more and is dropped, with a Problem. A crash between a sink's
write and its mark sends that bulletin again: sinks are told at least once, and take the same bulletin twice.
Reports that are refused hold up other reports, never a bulletin: an explanation must not cost the next alert.

A sink that hangs must not hold up the cycles: ``punctual`` gives its calls a deadline. Python cannot end a thread; one
that is late is left behind, what comes of it is not asked for, and its bulletin is sent again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np

from .errors import FeedError
from .roles import Delivery, ReportSink, Sink, Store
from .values import Bulletin, Problem, Report

FIRST_WAIT = np.timedelta64(5, "s")
LONGEST_WAIT = np.timedelta64(5, "m")
MOST_LATE = 3  # calls of one kind to a sink that may hang at a time; as many more would only hang as well
BULLETIN = "bulletin"  # kind of delivery; the other is "reports"

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
        refused: set[str] = set()
        for delivery in store.undelivered(pipeline, name, now):
            if now - delivery.issued_at > horizon:
                problems.append(_drop(store, delivery, now, f"it is older than the horizon of {_hours(horizon)}"))
                continue
            if delivery.kind in refused:
                continue
            if refusal := _send(store, delivery, sink, load, now, patience):
                problems.append(refusal)
                refused.add(delivery.kind)
                if delivery.kind == BULLETIN:
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
        if delivery.kind == BULLETIN:
            sink.write(bulletin)
        elif isinstance(sink, ReportSink):
            sink.write_reports(bulletin.reports)
    except Exception as error:  # a StoreError among them is that of a store the sink writes to, not of ours
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


def punctual(name: str, sink: Sink, timeout: float) -> Sink:
    """``sink``, whose every call ends within ``timeout`` seconds: one that takes longer raises FeedError and is left
    behind in its thread. While ``MOST_LATE`` of them hang, the next are refused at once."""
    return (
        PunctualReportSink(name, sink, timeout) if isinstance(sink, ReportSink) else PunctualSink(name, sink, timeout)
    )


class PunctualSink:
    """A sink with a deadline, called in a thread of its own each time."""

    def __init__(self, name: str, sink: Any, timeout: float) -> None:
        self.name, self.sink, self.timeout = name, sink, timeout
        self._late: dict[str, list[threading.Thread]] = {}  # by method: hanging reports must not cost a bulletin

    def write(self, bulletin: Bulletin) -> None:
        self._call(self.sink.write, bulletin)

    def _call(self, method: Callable[[Any], None], what: object) -> None:
        late = self._late[method.__name__] = [t for t in self._late.get(method.__name__, ()) if t.is_alive()]
        if len(late) >= MOST_LATE:
            raise FeedError(f"not called: {len(late)} calls of it hang, each for over {self.timeout:g} s")
        outcome: SimpleQueue[BaseException | None] = SimpleQueue()

        def run() -> None:
            try:
                method(what)
                outcome.put(None)
            except BaseException as error:
                outcome.put(error)

        thread = threading.Thread(target=run, name=f"hydria sink {self.name}", daemon=True)  # must not hold up the end
        thread.start()
        try:
            error = outcome.get(timeout=self.timeout)
        except Empty as cause:
            late.append(thread)
            raise FeedError(f"no answer within {self.timeout:g} s: the call was left behind") from cause
        if error is not None:
            raise error


class PunctualReportSink(PunctualSink):
    """One that takes reports as well."""

    def write_reports(self, reports: Sequence[Report]) -> None:
        self._call(self.sink.write_reports, reports)
