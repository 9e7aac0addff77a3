"""What alerts are decided with: the platform's thresholds, the rules, and where every station stands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .values import Bools, Floats, Times, expect, freeze

AT_ONCE = np.timedelta64(0, "s")
NEVER = np.timedelta64("NaT", "s")


@dataclass(frozen=True, slots=True, eq=False)
class Thresholds:
    """The platform's thresholds, in rising order and in each station's own unit."""

    names: tuple[str, ...]  # K
    limits: Floats  # (S, K); NaN = the station has no such threshold

    def __post_init__(self) -> None:
        expect("Thresholds.limits", self.limits, (-1, len(self.names)), "(S, K)")
        if len(set(self.names)) != len(self.names):
            raise ValueError(f"thresholds must have different names, not {self.names}")
        if len(falling := np.flatnonzero(_falls(self.limits))):
            row = int(falling[0])
            raise ValueError(f"thresholds {self.names} must rise; station {row} has {self.limits[row].tolist()}")
        freeze(self)


def _falls(limits: Floats) -> Bools:
    """(S) True where a threshold is not above all those before it that the station has."""
    before = np.fmax.accumulate(limits, axis=1)[:, :-1]
    return np.asarray((limits[:, 1:] <= before).any(axis=1))


@dataclass(frozen=True, slots=True, eq=False)
class RateOfRise:
    """Passed where the value, observed or forecast (median), rises by ``limits`` or more within ``over`` steps."""

    name: str
    over: int
    limits: Floats  # (S) in each station's own unit; NaN = none

    def __post_init__(self) -> None:
        if self.over < 1:
            raise ValueError(f"rate of rise {self.name!r} must be over at least 1 step, not {self.over}")
        expect("RateOfRise.limits", self.limits, (-1,), "(S)")
        freeze(self)


@dataclass(frozen=True, slots=True, eq=False)
class AlertRules:
    """When to speak."""

    probability: float = 0.5  # of exceedance within the horizon, from which a threshold counts as passed
    tolerance: Floats | float = 0.0  # (S) or one for all: dead-band below a threshold, in the station's own unit
    hold: np.timedelta64 = AT_ONCE  # lower or clear only after this long below threshold - tolerance
    repeat: np.timedelta64 = NEVER  # say it again after this long without news; NaT = never
    rates: tuple[RateOfRise, ...] = ()
    fresh: int = 3  # how many of the newest steps an observation may come from and still be the newest

    def __post_init__(self) -> None:
        if not 0 < self.probability <= 1:
            raise ValueError(f"probability must be above 0 and at most 1, not {self.probability}")
        if np.any(np.asarray(self.tolerance) < 0):
            raise ValueError(f"tolerance must not be negative, not {self.tolerance}")
        if not self.hold >= AT_ONCE:
            raise ValueError(f"hold must not be negative, not {self.hold}")


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """Where every station stands against every threshold at one issue time. K: rates of rise first, then thresholds.

    ``below`` needs both a forecast and a trusted observation that say so (or a threshold that is no more): its
    opposite is not ``passed``, between the two lie the dead-band and what is not known.
    """

    issued_at: np.datetime64
    step: np.timedelta64
    stations: tuple[str, ...]
    names: tuple[str, ...]  # K
    rates: int  # how many of them, at the front, are rates of rise
    limits: Floats  # (S, K)
    probability: Floats  # (S, K) of exceedance within the horizon; NaN = no forecast
    is_lower_bound: Bools  # (S, K)
    seen: Bools  # (S, K) passed by the observation
    passed: Bools  # (S, K) passed by the observation or the forecast
    below: Bools  # (S, K) known to be under limit - tolerance
    crosses_at: Times  # (S, K) first step at which the observation, or the median, is at the limit; NaT = never
    observed: Floats  # (S) newest trusted value; NaN = none fresh enough
    peak: Floats  # (S) the larger of the median's maximum and the observed value; NaN = neither
    peak_at: Times  # (S)
    there: Bools  # (S) True where there is a forecast
    longest_gap: np.timedelta64 = NEVER  # a last alert older than this cannot vouch for a hold

    def __post_init__(self) -> None:
        shape = (len(self.stations), len(self.names))
        for name in ("limits", "probability", "is_lower_bound", "seen", "passed", "below", "crosses_at"):
            expect(f"Standing.{name}", getattr(self, name), shape, "(S, K)")
        for name in ("observed", "peak", "peak_at", "there"):
            expect(f"Standing.{name}", getattr(self, name), shape[:1], "(S)")
        freeze(self)

    def worst(self, row: int) -> int:
        """The highest threshold passed, -1 for none."""
        return max((int(k) for k in np.flatnonzero(self.passed[row])), default=-1)

    def rank(self, name: str) -> int:
        """A threshold's place, -1 where there is none of that name any more."""
        return self.names.index(name) if name in self.names else -1

    def lowest(self, row: int) -> int:
        """The station's lowest threshold that is not a rate of rise, -1 where it has none."""
        known = np.flatnonzero(np.isfinite(self.limits[row, self.rates :]))
        return self.rates + int(known[0]) if len(known) else -1
