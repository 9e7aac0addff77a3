"""Optional powers: further protocols, found by ``isinstance``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ..values import Attribution, Floats, History, Ints, Report, Verified, Window

State = Mapping[str, NDArray[Any]]  # what a Learning plug-in remembers: named arrays


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
class Retracing(Protocol):
    """An input corrector that goes over a whole record at once, for training: causal, as ``correct_inputs`` is."""

    def correct_history(self, history: History) -> History:
        """Each step as the window of that step would have shown its newest value (scenario 0)."""
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
    """Says what its median is made of."""

    def attribute(self, window: Window) -> Attribution:
        """The parts of the median that ``forecast`` gives for the same window; they add up to it, lead by lead."""
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
