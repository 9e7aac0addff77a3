"""What one cycle produced: alerts, reports, problems, the bulletin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from .feeds import Layout, Observations
from .forecasts import Forecast
from .windows import Window

NOT_A_TIME = np.datetime64("NaT")


class Reason(StrEnum):
    """Why an alert is, or is not, news."""

    FIRST = "FIRST"
    HIGHER = "HIGHER"
    LOWER = "LOWER"
    CLEARED = "CLEARED"
    REPEAT = "REPEAT"
    NOTHING_NEW = "NOTHING_NEW"


class Basis(StrEnum):
    """What an alert rests on."""

    OBSERVED = "observed"
    FORECAST = "forecast"


@dataclass(frozen=True, slots=True)
class Alert:
    """The state of one station's event after one cycle; ``reason`` says whether it is news."""

    event: str  # identity of the event, the same from FIRST to CLEARED
    sequence: int  # 0 for FIRST, one more with every news
    station: str
    threshold: str  # name of the threshold held; on CLEARED the one that was left
    rank: int  # its place among the thresholds, 0 lowest; -1 once cleared
    limit: float  # its value, in the station's unit
    probability: float  # of exceedance within the horizon; NaN = no forecast
    is_lower_bound: bool  # True: the largest marginal over leads, members were not there
    crosses_at: np.datetime64  # first step at which the median, or the observation, exceeds; NaT = never
    peak: float  # of the median over the horizon, or the observed value
    peak_at: np.datetime64
    observed: float  # last trusted value; NaN = none
    basis: Basis
    reason: Reason
    issued_at: np.datetime64
    told_at: np.datetime64  # issue time of the last news of this event
    below_since: np.datetime64 = NOT_A_TIME  # since when it is under its threshold - tolerance
    note: str = ""  # e.g. "no forecast"

    @property
    def is_news(self) -> bool:
        return self.reason is not Reason.NOTHING_NEW


@dataclass(frozen=True, slots=True)
class Report:
    """An explanation, JSON-able throughout; rendering is others' business."""

    kind: str
    station: str
    event: str  # of the alert it belongs to, "" for none
    headline: str
    body: Mapping[str, Any] = field(default_factory=dict)  # shares, tables, figure data


@dataclass(frozen=True, slots=True)
class Problem:
    """Something went wrong and the cycle went on."""

    stage: str
    station: str | None
    error: str


@dataclass(frozen=True, slots=True, eq=False)
class Summary:
    """What a bulletin keeps of its window."""

    observed: NDArray[np.float32]  # (S, P) the target's past, last value at issued_at
    availability: NDArray[np.float32]  # (S, V) share of past steps that had a value; NaN = absent slot
    estimated: NDArray[np.float32] | None = None  # (S, V) share of past steps with an estimate; None = unknown
    believed: NDArray[np.uint8] | None = None  # (S) as ``Window.believed``; None: of an older version

    @classmethod
    def of(cls, window: Window) -> Self:
        past = np.isfinite(window.past.values[:, 0]).mean(axis=1)
        known = np.where(window.layout.present, past, np.nan)
        doubted = np.isfinite(window.past.values[:, 0]) & (window.past.sigma[:, 0] != 0)
        estimated = np.where(window.layout.present, doubted.mean(axis=1), np.nan)
        observed = window.observed.values[:, 0].astype(np.float32)
        believed = window.believed.astype(np.uint8)
        return cls(observed, known.astype(np.float32), estimated.astype(np.float32), believed)


@dataclass(frozen=True, slots=True, eq=False)
class Bulletin:
    """All that one cycle produced; what stores keep and sinks write. Key: (pipeline, issued_at, revision)."""

    pipeline: str
    issued_at: np.datetime64
    known_at: np.datetime64
    revision: int
    layout: Layout
    summary: Summary
    raw: Forecast
    forecast: Forecast
    alerts: tuple[Alert, ...] = ()
    problems: tuple[Problem, ...] = ()
    digests: Mapping[str, str] = field(default_factory=dict)  # "inputs", "config", "model:<forecaster>" -> digest
    learned: Mapping[str, Mapping[str, NDArray[Any]]] = field(default_factory=dict)  # states the forecast was made with
    received: Observations | None = None  # what was new; None once read back
    window: Window | None = None  # None once read back
    reports: tuple[Report, ...] = ()

    @property
    def key(self) -> tuple[str, np.datetime64, int]:
        return self.pipeline, self.issued_at, self.revision

    @property
    def degraded(self) -> tuple[str, ...]:
        """Why this bulletin is less than it should be; empty = issued in full."""
        fallen = [
            f"{s}: {m or 'no forecast'}"
            for s, m, r in zip(self.forecast.stations, self.forecast.made_by, self.forecast.rung, strict=True)
            if r != 0
        ]
        return (*(f"{p.stage}: {p.error}" for p in self.problems), *fallen)
