"""What one cycle produced: alerts, reports, problems, the bulletin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from .degrading import RUNGS, TELLING, rungs_of
from .feeds import Layout, Observations, Signal
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
    """What a bulletin keeps of its window. The last three are of the newest step, the target first, then the slots:
    each value that was filled is kept by the bulletin of its step."""

    observed: NDArray[np.float32]  # (S, P) the target's past, last value at issued_at; NaN where it was not measured
    availability: NDArray[np.float32]  # (S, V) share of past steps that were measured; NaN = absent slot
    estimated: NDArray[np.float32] | None = None  # (S, V) share of past steps with an estimate; None = unknown
    believed: NDArray[np.uint8] | None = None  # (S) as ``Window.believed``; None: of an older version
    completed: NDArray[np.float32] | None = None  # (S, P) the target's past where it was filled, NaN elsewhere
    rungs: NDArray[np.uint8] | None = None  # (S) index into RUNGS: what the forecast rests on
    filled: NDArray[np.float32] | None = None  # (S, 1 + V) NaN where nothing was filled
    sigma: NDArray[np.float32] | None = None  # (S, 1 + V) its standard error
    method: NDArray[np.uint8] | None = None  # (S, 1 + V) index into METHODS of who filled it

    @classmethod
    def of(cls, window: Window) -> Self:
        present, past, target = window.layout.present, first_scenario(window.past), first_scenario(window.observed)
        doubted = np.isfinite(past.values) & (past.sigma != 0)
        return cls(
            target.told.astype(np.float32),
            np.where(present, past.trusted.mean(axis=1), np.nan).astype(np.float32),
            np.where(present, doubted.mean(axis=1), np.nan).astype(np.float32),
            window.believed.astype(np.uint8),
            np.where(target.sigma > 0, target.values, np.nan).astype(np.float32),
            rungs_of(window),
            **newest_fills(target, past),
        )

    def word(self, station: int) -> str:
        """What the forecast of a station rests on; "" in a bulletin that was kept before this was noted."""
        return "" if self.rungs is None else RUNGS[int(self.rungs[station])]


def first_scenario(signal: Signal) -> Signal:
    return signal.each(lambda a: a[:, 0])


def newest_fills(target: Signal, past: Signal) -> dict[str, NDArray[Any]]:
    """(S, 1 + V) each, of (S, P) and (S, P, V): what was filled at the newest step."""
    values, sigma, method = (
        np.concatenate([getattr(target, name)[:, -1:], getattr(past, name)[:, -1]], axis=1)
        for name in ("values", "sigma", "method")
    )
    there = sigma > 0
    return {
        "filled": np.where(there, values, np.nan).astype(np.float32),
        "sigma": np.where(there, sigma, 0.0).astype(np.float32),
        "method": np.where(there, method, 0).astype(np.uint8),
    }


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
        lost = [
            f"{self.layout.stations[s]}: {self.summary.word(s)}"
            for s in (() if self.summary.rungs is None else np.flatnonzero(self.summary.rungs >= TELLING).tolist())
        ]
        return (*(f"{p.stage}: {p.error}" for p in self.problems), *fallen, *lost)
