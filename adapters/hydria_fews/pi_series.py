"""Time series as PI knows them: a header and events, in UTC, a gap as NaN. What XML, JSON and bin are read into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

NO_TIME = np.datetime64("NaT", "ms")
NO_FLAG = -1  # the event has none
TYPES = ("instantaneous", "accumulative", "mean")
EVEN = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}  # units of one length, in seconds


@dataclass(frozen=True, slots=True)
class TimeStep:
    """How far apart events are meant to be; ``times`` of day for the unit "times"."""

    unit: str = "nonequidistant"
    multiplier: int = 1
    divider: int = 1
    times: tuple[str, ...] = ()

    @classmethod
    def of(cls, length: np.timedelta64) -> Self:
        return cls("second", int(length / np.timedelta64(1, "s")))

    @property
    def length(self) -> np.timedelta64 | None:
        """[ms]; None where steps differ: non-equidistant, months, years, times of day."""
        seconds = EVEN.get(self.unit)
        if seconds is None or self.divider < 1:
            return None
        return np.timedelta64(seconds * self.multiplier * 1000 // self.divider, "ms")


@dataclass(frozen=True, slots=True)
class PiThreshold:
    """A level threshold of a header; ``is_high``: crossed upwards."""

    id: str
    value: float
    name: str = ""
    is_high: bool = True
    label: str = ""
    comment: str = ""
    group: str = ""
    group_name: str = ""


@dataclass(frozen=True, slots=True)
class PiHeader:
    """What a series is. "" and NaN and NaT: not said."""

    location: str
    parameter: str
    kind: str = "instantaneous"  # of TYPES
    module: str = ""
    qualifiers: tuple[str, ...] = ()
    ensemble: str = ""
    member: int | None = None  # ensembleMemberIndex; None: the same for all members
    member_id: str = ""  # ensembleMemberId, instead of an index
    step: TimeStep = field(default_factory=TimeStep)
    start: np.datetime64 = NO_TIME  # [ms], UTC
    end: np.datetime64 = NO_TIME
    issued_at: np.datetime64 = NO_TIME  # forecastDate: T0 of this forecast
    missing: float = float("nan")  # missVal
    long_name: str = ""
    station_name: str = ""
    latitude: float = float("nan")
    longitude: float = float("nan")
    x: float = float("nan")
    y: float = float("nan")
    z: float = float("nan")
    units: str = ""
    origin: Mapping[str, str] = field(default_factory=dict)  # sourceOrganisation, sourceSystem, creationDate, ...
    thresholds: tuple[PiThreshold, ...] = ()

    @property
    def is_forecast(self) -> bool:
        return not bool(np.isnat(self.issued_at))


@dataclass(frozen=True, slots=True, eq=False)
class PiSeries:
    """N events, in the order of the document."""

    header: PiHeader
    time: NDArray[np.datetime64]  # (N) [ms], UTC
    value: NDArray[np.float64]  # (N); NaN = missVal
    flag: NDArray[np.int16]  # (N) of FEWS, NO_FLAG where there is none
    more: Mapping[str, NDArray[Any]] = field(default_factory=dict)  # (N) flagSource, comment, user...: "" where none

    @classmethod
    def of(cls, header: PiHeader, time: ArrayLike, value: ArrayLike, flag: ArrayLike | None = None) -> Self:
        """Of anything like arrays; without ``flag`` no event has one."""
        times = np.asarray(time, dtype="datetime64[ms]")
        flags = np.full(times.shape, NO_FLAG) if flag is None else flag
        return cls(header, times, np.asarray(value, dtype=np.float64), np.asarray(flags, dtype=np.int16))

    def __len__(self) -> int:
        return len(self.time)


@dataclass(frozen=True, slots=True)
class PiFile:
    """A whole document; ``faults``: what of it could not be used, in sentences."""

    series: tuple[PiSeries, ...]
    faults: tuple[str, ...] = ()
