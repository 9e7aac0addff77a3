"""What will be (Forecast), and how it met its truth (Verified)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from .arrays import Bools, Floats, Ints, Times, expect, freeze
from .windows import Window


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """What will be: quantiles per station and lead. A row of NaN = no forecast for that station."""

    issued_at: np.datetime64
    step: np.timedelta64
    stations: tuple[str, ...]
    quantiles: tuple[float, ...]
    values: Floats  # (S, H, Q) never decreasing along Q
    made_by: tuple[str, ...]  # S forecaster and correctors, "" where there is none
    rung: NDArray[np.int16]  # (S) place on the fallback ladder, 0 first choice, -1 no forecast
    members: Floats | None = None  # (S, R, M, H) coherent trajectories, scenario by member
    variance: Floats | None = None  # (S, H, 3) model, input, residual
    parts: Floats | None = None  # (S, J, H) medians of the members of a blend, for its learning
    part_names: tuple[str, ...] = ()  # J
    corrections: Floats | None = None  # (S, C, H) what each forecast corrector added to the median; not kept in a store
    correction_names: tuple[str, ...] = ()  # C

    def __post_init__(self) -> None:
        s, q = len(self.stations), len(self.quantiles)
        expect("Forecast.values", self.values, (s, -1, q), "(S, H, Q)")
        expect("Forecast.rung", self.rung, (s,), "(S)")
        h = self.values.shape[1]
        if len(self.made_by) != s:
            raise ValueError(f"Forecast.made_by must name {s} stations' forecasters, not {len(self.made_by)}")
        if self.members is not None:
            expect("Forecast.members", self.members, (s, -1, -1, h), "(S, R, M, H)")
        if self.variance is not None:
            expect("Forecast.variance", self.variance, (s, h, 3), "(S, H, 3)")
        if self.parts is not None:
            expect("Forecast.parts", self.parts, (s, len(self.part_names), h), "(S, J, H)")
        if self.corrections is not None:
            expect("Forecast.corrections", self.corrections, (s, len(self.correction_names), h), "(S, C, H)")
        if np.any(np.isinf(self.values)):
            raise ValueError("Forecast.values must be finite or NaN, not infinite")
        if np.any(self.values[..., 1:] < self.values[..., :-1]):
            raise ValueError("Forecast.values must never decrease along the quantiles")
        freeze(self)

    @classmethod
    def of(cls, window: Window, values: Floats, made_by: str, **more: Any) -> Self:
        """A forecast for all stations of ``window``; rows with any NaN become rows without forecast."""
        whole = np.asarray(np.isfinite(values).all(axis=(1, 2)))
        values = np.where(whole[:, None, None], values, np.nan)
        return cls(
            window.issued_at,
            window.step,
            window.stations,
            window.quantiles,
            values,
            tuple(made_by if ok else "" for ok in whole),
            np.where(whole, 0, -1).astype(np.int16),
            **more,
        )

    @property
    def there(self) -> Bools:
        """(S) True where there is a forecast."""
        return np.asarray(np.isfinite(self.values).all(axis=(1, 2)))

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(s for s, ok in zip(self.stations, self.there, strict=True) if not ok)

    @property
    def horizon(self) -> int:
        return int(self.values.shape[1])

    @property
    def median(self) -> Floats:
        """(S, H)"""
        return np.asarray(self.values[:, :, self.quantiles.index(0.5)])

    def valid_times(self) -> Times:
        """(H) the times the leads are valid at."""
        return np.asarray(self.issued_at + self.step * np.arange(1, self.horizon + 1))

    def only(self, rows: Sequence[int] | Ints) -> Forecast:
        """Some stations' rows."""
        pick = np.asarray(rows, dtype=int)

        def take(a: Floats | None) -> Floats | None:
            return None if a is None else a[pick]

        return replace(
            self,
            stations=tuple(self.stations[i] for i in pick),
            made_by=tuple(self.made_by[i] for i in pick),
            values=self.values[pick],
            rung=self.rung[pick],
            members=take(self.members),
            variance=take(self.variance),
            parts=take(self.parts),
            corrections=take(self.corrections),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Verified:
    """The truth of one valid time met the forecasts made for it, one per lead. NaN = no truth, or no forecast."""

    valid_at: np.datetime64
    stations: tuple[str, ...]
    quantiles: tuple[float, ...]
    forecast: Floats  # (S, H, Q) the forecast issued H steps before, lead 1 first
    truth: Floats  # (S)
    flags: NDArray[np.uint8]  # (S) of the truth
    parts: Floats | None = None  # (S, J, H)
    part_names: tuple[str, ...] = ()
    base: Floats | None = None  # (S, H) the last value known at each issue time
    rise: Floats | None = None  # (S, H) by how much it was above the one before
    raw: Floats | None = None  # (S, H, Q) as the ladder gave it, before any forecast corrector
    explained: Floats | None = None  # (S, H) variance that was told to come of model and inputs

    def __post_init__(self) -> None:
        s = len(self.stations)
        expect("Verified.forecast", self.forecast, (s, -1, len(self.quantiles)), "(S, H, Q)")
        expect("Verified.truth", self.truth, (s,), "(S)")
        expect("Verified.flags", self.flags, (s,), "(S)")
        freeze(self)
