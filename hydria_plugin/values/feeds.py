"""What comes in: signals, the layout of a pipeline, what a source is asked for and what it gave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from .arrays import Bools, Floats, Ints, Strings, Times, expect, field_names, freeze

KINDS = ("rain", "level", "discharge", "temperature", "pet", "simulation", "other")
SUMMED = ("rain", "pet")  # kinds that accumulate over a step; all others are states, sampled at its end
QUANTITIES = ("level", "discharge")
UNITS: Mapping[str, float] = {"m": 1.0, "cm": 0.01, "mm": 0.001, "m3/s": 1.0, "l/s": 0.001}  # to SI
METHODS = (  # who filled, flagged or overrode a value: what Signal.method counts through
    "",  # as received
    "manual",  # a person's flag
    "range",  # quality: outside what the gauge can read or ever read
    "rate",  # quality: rose or fell faster than it can
    "spike",  # quality: far from its own forecast, and alone
    "flat",  # quality: a level that stands still while rain, neighbours or upstream move
    "stuck",  # quality: the same rain again and again
    "oscillation",
    "drop-to-zero",
    "shift",  # quality: a new datum, or another sensor in the same series
    "dry-gauge",  # quality: no rain among wet neighbours
    "wet-gauge",  # quality: rain among dry neighbours
    "dump",  # quality: what fell in a silence, in one step
    "future-stamp",  # quality: stamped after it was received
    "neighbours",  # filled from gauges nearby, from here on
    "upstream",  # filled from the river above or below
    "rain",  # filled from the rain
    "filter",  # filled by a state-space filter (up to the present)
    "smoother",  # filled by a smoother (between two values)
    "climatology",
    "last",  # the last value held
)
UNITS_OF = {"level": ("m", "cm", "mm"), "discharge": ("m3/s", "l/s")}


class Flag(IntEnum):
    """Quality of one value, numbered as QARTOD does."""

    GOOD = 1
    UNKNOWN = 2
    SUSPECT = 3
    FAIL = 4
    MISSING = 9


@dataclass(frozen=True, slots=True, eq=False)
class Signal:
    """Values with their doubt and their story; all five arrays have one shape."""

    values: Floats  # a gap is NaN
    sigma: Floats  # one standard error in the value's unit: 0 measured, > 0 estimated
    flags: NDArray[np.uint8]  # Flag
    method: NDArray[np.uint16]  # index into METHODS of who filled, flagged or overrode it; 0 as received
    raw: Floats  # as received

    def __post_init__(self) -> None:
        shape = self.values.shape
        for name in ("sigma", "flags", "method", "raw"):
            if getattr(self, name).shape != shape:
                expect(f"Signal.{name}", getattr(self, name), shape, "of values")
        freeze(self)

    @classmethod
    def measured(cls, values: Floats, flags: NDArray[np.uint8] | None = None) -> Self:
        """A signal as received: no sigma, no method; a gap is flagged MISSING."""
        values = np.asarray(values)
        if flags is None:
            flags = np.where(np.isnan(values), np.uint8(Flag.MISSING), np.uint8(Flag.GOOD)).astype(np.uint8)
        zero = np.broadcast_to(np.zeros((), values.dtype), values.shape)
        return cls(values, zero, flags, np.broadcast_to(np.uint16(0), values.shape), values)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.values.shape

    @property
    def trusted(self) -> Bools:
        """Where there is a measured value that nobody flagged as failed."""
        return np.asarray(np.isfinite(self.values) & (self.flags != Flag.FAIL) & (self.sigma == 0))

    @property
    def told(self) -> Floats:
        """The trusted values, NaN elsewhere: what counts as truth."""
        return np.where(self.trusted, self.values, np.nan)

    def each(self, view: Any) -> Signal:
        """The signal of ``view(array)`` for all five arrays: slicing, broadcasting, taking."""
        return Signal(view(self.values), view(self.sigma), view(self.flags), view(self.method), view(self.raw))


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Which series feed which station: the shape of a pipeline, the same in every cycle."""

    stations: tuple[str, ...]  # S
    targets: tuple[str, ...]  # S series id of the forecast quantity
    quantities: tuple[str, ...]  # S level | discharge
    units: tuple[str, ...]  # S unit of target, thresholds and forecast
    slots: tuple[str, ...]  # V e.g. rain.1 rain.2 level.upstream simulation.grp
    kinds: tuple[str, ...]  # V one of KINDS
    series: Strings  # (S, V) series id, "" where a station has no such slot (absent is not a gap)
    step: np.timedelta64
    past: int  # P steps, the last at the issue time
    horizon: int  # H steps
    quantiles: tuple[float, ...]  # Q, rising, 0.5 among them
    static: Floats = field(default_factory=lambda: np.empty((0, 0)))  # (S, K)
    static_names: tuple[str, ...] = ()  # K
    names: tuple[str, ...] = ()  # S, for people; empty = the stations' ids

    def __post_init__(self) -> None:
        s, v = len(self.stations), len(self.slots)
        if self.static.size == 0 and not self.static_names:
            object.__setattr__(self, "static", np.empty((s, 0)))
        expect("Layout.series", self.series, (s, v), "(S, V)")
        expect("Layout.static", self.static, (s, len(self.static_names)), "(S, K)")
        if len(set(self.stations)) != s:
            raise ValueError(f"stations must have different names, not {self.stations}")
        if unknown := set(self.kinds) - set(KINDS):
            raise ValueError(f"kind {sorted(unknown)[0]!r} is not one of {', '.join(KINDS)}")
        if 0.5 not in self.quantiles or list(self.quantiles) != sorted(set(self.quantiles)):
            raise ValueError(f"quantiles must rise and contain 0.5, not {self.quantiles}")
        if self.past < 1 or self.horizon < 1 or self.step <= np.timedelta64(0, "s"):
            raise ValueError(f"past {self.past}, horizon {self.horizon} and step {self.step} must be positive")
        freeze(self)

    @property
    def present(self) -> Bools:
        """(S, V) True where the station has the slot."""
        return np.asarray(self.series != "")

    @property
    def median(self) -> int:
        """Index of the 0.5 quantile."""
        return self.quantiles.index(0.5)

    def all_series(self) -> tuple[str, ...]:
        """Every series id once, targets first, in a fixed order."""
        return tuple(dict.fromkeys([*self.targets, *self.series[self.present].tolist()]))

    def only(self, rows: Sequence[int] | Ints) -> Layout:
        """The layout of some stations, all slots kept."""
        pick = [int(i) for i in rows]

        def take(t: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(t[i] for i in pick) if t else ()

        return replace(
            self,
            stations=take(self.stations),
            targets=take(self.targets),
            quantities=take(self.quantities),
            units=take(self.units),
            names=take(self.names),
            series=self.series[pick],
            static=self.static[pick],
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a source is asked for: rows of ``series`` stamped in [start, issued_at] and received by ``known_at``,
    and forecasts of them (rows with an issue time) that were known by then, valid up to ``end``."""

    series: tuple[str, ...]  # series ids
    start: (
        np.datetime64
    )  # first stamp wanted, on a step boundary: all rows after ``start - step`` that make up that step
    issued_at: np.datetime64  # the step a forecast is for
    known_at: np.datetime64  # the moment it is made
    end: np.datetime64  # issued_at + horizon
    step: np.timedelta64


@dataclass(frozen=True, slots=True, eq=False)
class Observations:
    """Newly received gridded values, as compact columns: what the buffer learned in one read. N rows.

    ``lead`` 0 is an observation; > 0 a forecast issued ``lead`` steps before ``times``, by ``member``.
    """

    series: tuple[str, ...]  # the ids that ``index`` points into
    index: NDArray[np.int32]  # (N)
    times: Times  # (N) datetime64[s], on the grid
    values: NDArray[np.float64]  # (N); NaN withdraws a value
    flags: NDArray[np.uint8]  # (N)
    lead: NDArray[np.int32]  # (N)
    member: NDArray[np.int32]  # (N)
    received_at: Times  # (N) datetime64[us], when it could first be used

    def __post_init__(self) -> None:
        for name in ("times", "values", "flags", "lead", "member", "received_at"):
            expect(f"Observations.{name}", getattr(self, name), self.index.shape, "(N)")
        freeze(self)

    def __len__(self) -> int:
        return len(self.index)

    def where(self, which: Bools | Ints) -> Observations:
        """The rows under a mask, or of these numbers."""
        return Observations(self.series, *(getattr(self, name)[which] for name in field_names(Observations)[1:]))
