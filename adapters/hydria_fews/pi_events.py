"""Events of one series, gathered one by one or in runs, to arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .pi_alike import Run
from .pi_headers import hours, local_time
from .pi_series import NO_FLAG, PiHeader, PiSeries

NO_TIMES = np.empty(0, dtype="datetime64[ms]")
PLAIN = {"date", "time", "value", "flag"}


class Events:
    """Of one series, in the order of the document."""

    def __init__(self) -> None:
        self._bad: dict[str, tuple[str, int]] = {}  # what of an event -> the first fault, and how many
        self._runs: list[Run] = []
        self._before = 0  # events in them
        self._time: list[np.datetime64] = []  # those that came one by one since
        self._value: list[float] = []
        self._flag: list[int] = []
        self._more: dict[str, dict[int, str]] = {}  # attribute -> event -> text, of those that came one by one
        self._columns: list[tuple[str, int, NDArray[Any]]] = []  # attribute, first event, texts, of runs

    def add(self, event: Mapping[str, Any]) -> None:
        """One event by its attributes; one that cannot be used is a fault."""
        read = []
        for what, reader, names in PARTS:
            texts = [str(event.get(name, "")) for name in names]
            try:
                read.append(reader(*texts))
            except ValueError:
                first, count = self._bad.get(what, (" ".join(texts)[:60], 0))
                self._bad[what] = first, count + 1
                return
        time, value, flag = read
        for name in event.keys() - PLAIN:
            self._more.setdefault(name, {})[self._before + len(self._time)] = str(event[name])
        self._time.append(time)
        self._value.append(value)
        self._flag.append(flag)

    @property
    def faults(self) -> list[str]:
        """A sentence for each part of an event that could not be read."""
        return [
            f"{count} event{'s are' if count > 1 else ' is'} not used: {what} {first!r}{' and others' * (count > 1)}"
            for what, (first, count) in self._bad.items()
        ]

    def add_run(self, run: Run) -> None:
        """Events that were read together."""
        self._close()
        self._runs.append(run)
        self._columns += [(name, self._before, texts) for name, texts in run.more.items()]
        self._before += len(run.time)

    def series(self, header: PiHeader, zone: float) -> PiSeries:
        """In UTC, missVal as NaN."""
        self._close()
        time = np.concatenate([NO_TIMES, *(run.time for run in self._runs)])
        value = np.concatenate([np.empty(0), *(run.value for run in self._runs)])
        value[value == header.missing] = np.nan
        flag = np.concatenate([np.empty(0, np.int16), *(run.flag for run in self._runs)])
        more = self._texts(len(time))
        return PiSeries(header, np.asarray(time - hours(zone), dtype="M8[ms]"), value, flag, more)

    def _texts(self, count: int) -> dict[str, NDArray[Any]]:
        """By attribute, "" where an event has none."""
        names = {*self._more, *(name for name, _, _ in self._columns)}
        found = {name: np.full(count, "", dtype=object) for name in sorted(names)}
        for name, first, texts in self._columns:
            found[name][first : first + len(texts)] = texts
        for name, by_event in self._more.items():
            found[name][list(by_event)] = list(by_event.values())
        return found

    def _close(self) -> None:
        """What came one by one is a run, too."""
        if self._time:
            time, value = np.asarray(self._time, dtype="datetime64[ms]"), np.asarray(self._value, dtype=np.float64)
            self._runs.append(Run(time, value, np.asarray(self._flag, dtype=np.int16)))
            self._before += len(time)
            self._time, self._value, self._flag = [], [], []


def number(text: str) -> float:
    """NaN for an empty text. Raises ValueError for what is no number, or not finite."""
    value = float(text) if text else math.nan
    if math.isinf(value) or "_" in text:
        raise ValueError(text)
    return value


def flag_number(text: str) -> int:
    """NO_FLAG for an empty text. Raises ValueError."""
    flag = int(text) if text else NO_FLAG
    if not NO_FLAG <= flag < 1 << 15 or "_" in text:
        raise ValueError(text)
    return flag


PARTS: tuple[tuple[str, Callable[..., Any], tuple[str, ...]], ...] = (
    ("the time", local_time, ("date", "time")),
    ("the value", number, ("value",)),
    ("the flag", flag_number, ("flag",)),
)
