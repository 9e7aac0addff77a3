"""The memory of the system: the store, and the buffer between cycles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from ..values import Alert, Bulletin, Layout, Observations, Report, Window
from .powers import State


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the ledger: what became of one step of one pipeline."""

    pipeline: str
    issued_at: np.datetime64
    state: str  # running | issued | degraded | failed | skipped
    reason: str  # "" when issued in full
    revision: int  # of the newest bulletin, -1 where there is none
    ended_at: np.datetime64  # NaT while running


@dataclass(frozen=True, slots=True)
class Delivery:
    """One bulletin, or its reports, that one sink has still to take."""

    id: int
    pipeline: str
    issued_at: np.datetime64
    revision: int
    sink: str
    kind: str  # bulletin | reports
    attempts: int
    next_try: np.datetime64


@runtime_checkable
class Store(Protocol):
    """Remembers everything. Every method is one transaction; a store may be called from several threads.
    Times are numpy datetime64 (UTC). Raises StoreError."""

    def put(self, bulletin: Bulletin, sinks: Sequence[str] = ()) -> None:
        """Keep the bulletin, its received observations and learned states, end its step in the ledger (issued or
        degraded) and lay it in the outbox of each of ``sinks``: all or nothing. The same key twice keeps the first."""
        ...

    def bulletin(self, pipeline: str, issued_at: np.datetime64, revision: int | None = None) -> Bulletin | None:
        """Read one back; the newest revision by default."""
        ...

    def issues(self, pipeline: str, first: np.datetime64, last: np.datetime64) -> tuple[tuple[np.datetime64, int], ...]:
        """(issued_at, newest revision) in [first, last], oldest first."""
        ...

    def last_alerts(self, pipeline: str, before: np.datetime64) -> tuple[Alert, ...]:
        """The newest alert of every station with an open event, from bulletins issued before ``before``."""
        ...

    def undelivered(self, pipeline: str, sink: str, now: np.datetime64) -> tuple[Delivery, ...]:
        """What the sink has still to take and may be sent now, oldest issue first: a bulletin whose next try is not due
        holds up all that comes after it, reports hold up reports only."""
        ...

    def mark_delivered(self, delivery: Delivery, at: np.datetime64) -> None: ...

    def mark_failed(self, delivery: Delivery, at: np.datetime64, error: str, next_try: np.datetime64) -> None: ...

    def drop_delivery(self, delivery: Delivery, at: np.datetime64, why: str) -> None:
        """Give up on it, with a reason; it is kept as a record."""
        ...

    def put_reports(
        self, pipeline: str, issued_at: np.datetime64, revision: int, reports: Sequence[Report], sinks: Sequence[str]
    ) -> None:
        """Keep the explanations of a bulletin and lay them in the outbox (kind ``reports``)."""
        ...

    def observations(
        self, pipeline: str, since: np.datetime64, until: np.datetime64, known_at: np.datetime64
    ) -> tuple[Observations, ...]:
        """What cycles up to ``known_at`` received for times in [since, until], in the order they received it."""
        ...

    def state(
        self, pipeline: str, plugin: str, before: np.datetime64, known_at: np.datetime64 | None = None
    ) -> State | None:
        """The newest learned state of a plug-in from bulletins issued before ``before`` (and made by ``known_at``)."""
        ...

    def begin(self, pipeline: str, issued_at: np.datetime64, at: np.datetime64) -> None:
        """The ledger: this step is running."""
        ...

    def end(self, pipeline: str, issued_at: np.datetime64, state: str, reason: str, at: np.datetime64) -> None:
        """The ledger: this step ended as failed or skipped; an end that stands is not overwritten by skipped."""
        ...

    def steps(self, pipeline: str, first: np.datetime64, last: np.datetime64) -> tuple[Step, ...]:
        """The ledger's lines in [first, last], oldest first."""
        ...

    def prune(self, pipeline: str, before: np.datetime64, observed_before: np.datetime64 | None = None) -> int:
        """Forget bulletins, deliveries and ledger lines of steps before ``before``, and observations of times before
        ``observed_before`` (default ``before``; replaying the oldest bulletin left needs its past and its running
        totals). Alerts that still stand and the newest learned states are kept. Rows dropped."""
        ...

    def close(self) -> None: ...


class Buffer(Protocol):
    """What the cycle asks for windows; see buffer.py."""

    layout: Layout

    def window(self, issued_at: np.datetime64, known_at: np.datetime64) -> Window: ...
    def pending(self) -> Observations:
        """What was received since the last ``commit``."""
        ...

    def commit(self) -> None:
        """The pending observations are in the store."""
        ...

    def problems(self) -> tuple[Any, ...]:
        """What the source could not read, since the last window."""
        ...
