"""Events of one series, gathered one by one or in runs, to arrays."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from .pi_headers import hours, local_time
from .pi_series import NO_FLAG, PiHeader, PiSeries

PLAIN = {"date", "time", "value", "flag"}


class Events:
    """Of one series, in the order of the document."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self._time: list[np.datetime64] = []
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
            self._more.setdefault(name, {})[len(self._time)] = str(event[name])
        self._time.append(time)
        self._value.append(value)
        self._flag.append(flag)

    def series(self, header: PiHeader, zone: float) -> PiSeries:
        """In UTC, missVal as NaN."""
        time = np.asarray(self._time, dtype="datetime64[ms]") - hours(zone)
        value = np.asarray(self._value, dtype=np.float64)
        value[value == header.missing] = np.nan
        found = PiSeries.of(header, time, value, self._flag)
        more = {}
        for name, texts in self._more.items():
            more[name] = np.full(len(time), "", dtype=object)
            more[name][list(texts)] = list(texts.values())
        return replace(found, more=more)


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
