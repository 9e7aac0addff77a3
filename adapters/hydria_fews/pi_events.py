"""Events of one series, gathered one by one or in runs, to arrays."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from .pi_headers import hours, local_time
from .pi_runs import Run
from .pi_series import NO_FLAG, PiHeader, PiSeries

NO_TIMES = np.empty(0, dtype="datetime64[ms]")
PLAIN = {"date", "time", "value", "flag"}


class Events:
    """Of one series, in the order of the document."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self._runs: list[Run] = []
        self._before = 0  # events in them
        self._time: list[np.datetime64] = []  # those that came one by one since
        self._value: list[float] = []
        self._flag: list[int] = []
        self._more: dict[str, dict[int, str]] = {}  # attribute -> event -> text

    def add(self, event: Mapping[str, Any]) -> None:
        """One event by its attributes; one that cannot be used is a fault."""
        try:
            time = local_time(str(event.get("date", "")), str(event.get("time", "")))
            value, flag = number(str(event.get("value", ""))), flag_number(str(event.get("flag", "")))
        except ValueError as error:
            self.faults.append(f"an event is not used: {error}")
            return
        for name in event.keys() - PLAIN:
            self._more.setdefault(name, {})[self._before + len(self._time)] = str(event[name])
        self._time.append(time)
        self._value.append(value)
        self._flag.append(flag)

    def add_run(self, run: Run) -> None:
        """Events that were read together."""
        self._close()
        self._runs.append(run)
        self._before += len(run.time)

    def series(self, header: PiHeader, zone: float) -> PiSeries:
        """In UTC, missVal as NaN."""
        self._close()
        time = np.concatenate([NO_TIMES, *(run.time for run in self._runs)])
        value = np.concatenate([np.empty(0), *(run.value for run in self._runs)])
        value[value == header.missing] = np.nan
        flag = np.concatenate([np.empty(0, np.int16), *(run.flag for run in self._runs)])
        more = {}
        for name, texts in sorted(self._more.items()):
            more[name] = np.full(len(time), "", dtype=object)
            more[name][list(texts)] = list(texts.values())
        return PiSeries(header, np.asarray(time - hours(zone), dtype="M8[ms]"), value, flag, more)

    def _close(self) -> None:
        """What came one by one is a run, too."""
        if self._time:
            time, value = np.asarray(self._time, dtype="datetime64[ms]"), np.asarray(self._value, dtype=np.float64)
            self._runs.append(Run(time, value, np.asarray(self._flag, dtype=np.int16)))
            self._before += len(time)
            self._time, self._value, self._flag = [], [], []


def number(text: str) -> float:
    """NaN for an empty text. Raises ValueError."""
    try:
        return float(text) if text else math.nan
    except ValueError:
        raise ValueError(f"value {text[:60]!r} is not a number") from None


def flag_number(text: str) -> int:
    try:
        flag = int(text) if text else NO_FLAG
    except ValueError:
        flag = 1 << 15
    if not NO_FLAG <= flag < 1 << 15:
        raise ValueError(f"flag {text[:60]!r} is not a flag of FEWS")
    return flag
