"""What a plug-in can be. A role is one method; further powers are further protocols, found by ``isinstance``.

All of them are called with values and give back values. None may write into what it is given (the arrays are
read-only), keep global state, set up logging, or look at the clock: time and randomness come in as arguments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from .values import (
    Alert,
    Bulletin,
    Floats,
    Forecast,
    History,
    Ints,
    Layout,
    Observations,
    Report,
    Verified,
    Wanted,
    Window,
)

if TYPE_CHECKING:
    import pandas as pd

State = Mapping[str, NDArray[Any]]  # what a Learning plug-in remembers: named arrays


@runtime_checkable
class Source(Protocol):
    """Reads the host's feeds."""

    def read(self, wanted: Wanted) -> pd.DataFrame:
        """One long table: ``series`` (str), ``time`` (UTC, aware), ``value`` (float); optional ``flag`` (Flag),
        ``received_at`` (UTC; absent = received when stamped), ``issued_at`` (UTC, for forecasts; NaT = observation),
        ``member`` (int). Only rows known by ``wanted.known_at``. ``DataFrame.attrs["problems"]`` may hold a list of
        :class:`Problem` for what could not be read. Raises FeedError when the host cannot be reached."""
        ...


@runtime_checkable
class Sink(Protocol):
    """Writes bulletins into the host. The same bulletin twice leaves the host in the same state."""

    def write(self, bulletin: Bulletin) -> None: ...


@runtime_checkable
class Forecaster(Protocol):
    """Gives quantiles for the window's stations, in its order; a row of NaN where it cannot."""

    def forecast(self, window: Window) -> Forecast: ...


@runtime_checkable
class InputCorrector(Protocol):
    """Flags, fills and doubts inputs, causally; or makes scenarios of them."""

    def correct_inputs(self, window: Window) -> Window: ...


@runtime_checkable
class ForecastCorrector(Protocol):
    """Corrects or calibrates a forecast."""

    def correct_forecast(self, forecast: Forecast, window: Window) -> Forecast: ...


@runtime_checkable
class Explainer(Protocol):
    """Says why, for the stations of ``window``."""

    def explain(self, window: Window, forecast: Forecast, forecaster: Forecaster) -> Sequence[Report]: ...


# ---- optional powers --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Which steps of a history serve for what, as issue times: boolean masks over T; ``events`` numbers the event
    each step belongs to (-1 none), per station. A step may be in none of the three."""

    fit: NDArray[np.bool_]  # (S, T)
    stop: NDArray[np.bool_]  # (S, T) early stopping, residuals, selection
    test: NDArray[np.bool_]  # (S, T) never seen in fitting: holds the largest flood
    events: NDArray[np.int32]  # (S, T)


@runtime_checkable
class Trainable(Protocol):
    """Learns from a history; gives back the fitted one, itself unchanged or not."""

    def fit(self, history: History, split: Split) -> Self: ...


@runtime_checkable
class Persistent(Protocol):
    """Can be kept on the shelf: safetensors, LightGBM text or JSON, never pickle. ``load`` gives the loaded one."""

    def save(self, folder: Path) -> None: ...
    def load(self, folder: Path) -> Self: ...


@runtime_checkable
class Hindcasting(Protocol):
    """Forecasts many past issue times at once, exactly as ``forecast`` would have, one window after the other."""

    def hindcast(self, history: History, at: Ints, future: bool) -> Floats:
        """(N, S, H, Q) for the N steps ``at`` of ``history``; ``future``: with the inputs of the horizon known."""
        ...


@runtime_checkable
class Needs(Protocol):
    """Declares the durations of the running totals it wants in ``Window.antecedent``."""

    @property
    def antecedent(self) -> tuple[np.timedelta64, ...]: ...


@runtime_checkable
class Learning(Protocol):
    """Goes on learning as truth arrives. Pure: same verified in the same order, same state."""

    def learn(self, verified: Verified, state: State) -> State: ...


@runtime_checkable
class Attributing(Protocol):
    """Says how much each input contributed to the median."""

    def attribute(self, window: Window) -> Floats:
        """(S, P + H, V) shares of past and future inputs, in the unit of the forecast."""
        ...


@runtime_checkable
class Probing(Protocol):
    """A source or sink that can say whether it would work, without changing anything."""

    def probe(self) -> str:
        """One sentence on what it saw. Raises FeedError or ConfigError when it would not work."""
        ...


@runtime_checkable
class ReportSink(Protocol):
    """A sink that also delivers explanations."""

    def write_reports(self, reports: Sequence[Report]) -> None: ...


# ---- the memory of the system -----------------------------------------------------------------------------------


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
        """What the sink has still to take and whose next try is due, oldest issue first."""
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
