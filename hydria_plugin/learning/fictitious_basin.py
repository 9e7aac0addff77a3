"""A basin that does not exist, whose truth is known: which zone gives how much, how fast, and what really flowed.

Rain falls on Z zones. Each zone turns its rain into runoff, sends it to the outlet by a unit hydrograph of its own, and
the river's discharge becomes a level by a rating curve. Two laws of runoff:

    block-linear   Q = k r (sum_z share_z (h_z * u_z) / r)^power: the truth a block network can represent. The study's.
    production     a production store per zone (GR4J's, Perrin et al. 2003, percolation scaled to the step) gives
                   direct runoff to the unit hydrograph and percolation to a slow linear reservoir: soil moisture,
                   seasons and base flow, which no block network can represent

Unit hydrographs are cascades of equal linear reservoirs (Nash 1957), given by the lag of their peak. Gauges tip, err
and fail; what they should have said is kept beside what they read. Nothing here is a real place.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..values import Floats, Ints, Times
from .production import nash, route, soil
from .sensor_faults import Fault, FaultRates, spoil
from .storms import storms, study_storms, tipped

HOUR = np.timedelta64(3600, "s")
START = np.datetime64("2021-09-01T00:00:00", "s")


@dataclass(frozen=True)
class Zone:
    """One rain zone with its gauge."""

    name: str
    share: float  # of the basin's gain, mm for mm; 0 = a gauge off the basin
    mode_hours: float  # of its unit hydrograph: rain to peak at the outlet
    place_km: tuple[float, float] = (0.0, 0.0)
    reservoirs: int = 4  # of its cascade
    slow_share: float = 0.0  # of its runoff that takes a second, slow path (karst)
    slow_mode_hours: float = 40.0

    def response(self, step_hours: float, tail: float = 1e-4) -> Floats:
        """(L) share of its runoff that passes the outlet 0, 1, ... steps after the rain's step; sum 1."""
        fast = nash(self.mode_hours, self.reservoirs, step_hours, tail)
        if self.slow_share == 0:
            return fast
        slow = nash(self.slow_mode_hours, 2, step_hours, tail)
        both = np.zeros(max(len(fast), len(slow)))
        both[: len(fast)] += (1 - self.slow_share) * fast
        both[: len(slow)] += self.slow_share * slow
        return both


@dataclass(frozen=True)
class Basin:
    """A basin and its instruments. Defaults: a flashy basin of 320 km2 in four zones."""

    zones: tuple[Zone, ...]
    law: str = "block-linear"  # or production
    power: float = 1.5
    area_km2: float = 320.0
    reference_mm_h: float = 10.0  # of routed rain, at which the block-linear law gives the runoff coefficient
    runoff_coefficient: float = 0.5
    capacity_mm: float = 180.0  # of the production store
    slow_hours: float = 240.0  # residence time of the base-flow reservoir
    rating: tuple[float, float, float] = (38.0, 0.15, 1.7)  # Q = a (h - h0)^b, m3/s and m
    noise: float = 0.05  # of the measured discharge, relative
    gauge_error: float = 0.0  # of the measured rain, relative, new at each wet step
    bucket_mm: float = 0.0  # 0.2 for a tipping bucket
    resolution_m: float = 0.0  # of the measured level
    faults: FaultRates | None = None
    identical: tuple[tuple[int, int], ...] = ()  # gauge pairs (a, b): b reads what a reads
    together: float = 0.5  # of the study's storms: share common to all zones
    events: int = 40  # of the study's storms

    @property
    def shares(self) -> Floats:
        """(Z) the truth: gain shares, sum 1."""
        shares = np.array([zone.share for zone in self.zones])
        return np.asarray(shares / shares.sum())

    def responses(self, step_hours: float) -> Floats:
        """(L, Z) the truth: unit hydrographs, zero-padded to one length."""
        each = [zone.response(step_hours) for zone in self.zones]
        return np.stack([np.pad(h, (0, max(map(len, each)) - len(h))) for h in each], axis=1)

    def centroids(self, step_hours: float) -> Floats:
        """(Z) the truth: mean lag in hours between rain and discharge stamped with the ends of their steps."""
        responses = self.responses(step_hours)
        return np.asarray(np.arange(len(responses)) @ responses * step_hours)

    def level(self, discharge: Floats) -> Floats:
        """m from m3/s, by the rating curve."""
        a, h0, b = self.rating
        return np.asarray(h0 + (np.maximum(discharge, 0.0) / a) ** (1 / b))

    def discharge(self, level: Floats) -> Floats:
        """m3/s from m, by the rating curve."""
        a, h0, b = self.rating
        return np.asarray(a * np.maximum(level - h0, 0.0) ** b)


@dataclass(frozen=True, eq=False)
class Record:
    """What fell, what flowed and what was measured. T steps named by their end, Z zones."""

    basin: Basin
    times: Times  # (T)
    step_hours: float
    rain: Floats  # (T, Z) truth, mm per step
    routed: Floats  # (T, Z) truth: each zone's part of what reaches the outlet, mm/h over the whole basin
    discharge: Floats  # (T) truth, m3/s
    level: Floats  # (T) truth, m
    gauges: Floats  # (T, Z) as read, mm per step; NaN = gap
    measured: Floats  # (T) discharge as read, m3/s
    measured_level: Floats  # (T) as read, m
    events: Ints  # (T) of the study's storms, -1 elsewhere
    faults: tuple[Fault, ...] = ()
    balance: dict[str, float] = field(default_factory=dict)  # mm over the record: rain, evaporated, discharged, stored

    @property
    def volume_shares(self) -> Floats:
        """(Z) the truth: shares of what really passed the outlet."""
        passed = self.routed.sum(axis=0)
        return np.asarray(passed / passed.sum())


def simulate(
    basin: Basin, rng: np.random.Generator, *, times: Times | None = None, rain: Floats | None = None
) -> Record:
    """Run the basin. ``times`` (T, regular): realistic storms over them. Neither: the study's storms, hourly.
    ``rain`` (T, Z) with ``times``: real rain drives it, mm per step."""
    events = None
    if rain is None and times is None:
        rain, events = study_storms(basin.events, len(basin.zones), basin.together, rng)
        times = START + HOUR * np.arange(1, len(rain) + 1)
    assert times is not None
    _check(basin, times)
    if rain is None:
        rain = storms(times, np.array([zone.place_km for zone in basin.zones]), rng)
    _check_rain(basin, times, rain)
    step_hours = float((times[1] - times[0]) / HOUR)
    routed, discharge, balance = _flow(basin, times, rain, step_hours)
    gauges = _gauged(basin, rain, rng)
    level = basin.level(discharge * (1 + basin.noise * rng.standard_normal(len(times))))
    level = np.round(level / basin.resolution_m) * basin.resolution_m if basin.resolution_m else level
    gauges, level, faults = _spoilt(basin, gauges, level, step_hours, rng)
    return Record(
        basin, times, step_hours, rain, routed, discharge, basin.level(discharge), gauges, basin.discharge(level),
        level, np.full(len(times), -1, np.int32) if events is None else events, faults, balance,
    )  # fmt: skip


def _check(basin: Basin, times: Times) -> None:
    if len(times) < 2 or np.any(np.diff(times) != times[1] - times[0]):
        raise ValueError("times must be regular, and at least two")
    if basin.law not in ("block-linear", "production"):
        raise ValueError(f"law {basin.law!r} is not one of block-linear, production")
    if not sum(zone.share for zone in basin.zones) > 0 or any(zone.share < 0 for zone in basin.zones):
        raise ValueError(f"shares must be 0 or more, and one above: not {[zone.share for zone in basin.zones]}")
    for zone in basin.zones:
        if zone.reservoirs < 2 or not zone.mode_hours > 0:
            allowed = "at least 2 reservoirs and a mode above 0 h"
            raise ValueError(f"zone {zone.name!r}: {zone.reservoirs} reservoirs, mode {zone.mode_hours} h: {allowed}")


def _check_rain(basin: Basin, times: Times, rain: Floats) -> None:
    if rain.shape != (len(times), len(basin.zones)):
        raise ValueError(f"rain must be ({len(times)} steps, {len(basin.zones)} zones), not {rain.shape}")
    if not np.all(np.isfinite(rain) & (rain >= 0)):
        raise ValueError("rain must be finite and not negative")


def _flow(basin: Basin, times: Times, rain: Floats, step_hours: float) -> tuple[Floats, Floats, dict[str, float]]:
    """Routed mm/h (T, Z), discharge m3/s (T), and the water balance in mm."""
    responses, to_m3s = basin.responses(step_hours), basin.area_km2 / 3.6
    if basin.law == "block-linear":
        routed = route(rain / step_hours, responses)[0] * basin.shares
        r = basin.reference_mm_h
        return routed, to_m3s * basin.runoff_coefficient * r * (routed.sum(axis=1) / r) ** basin.power, {}
    water = soil(times, rain, step_hours, basin.capacity_mm, basin.slow_hours)
    fast, on_the_way = route(water.direct / step_hours, responses)
    routed = (fast + water.slow / step_hours) * basin.shares
    stored = (water.stored + on_the_way * step_hours) @ basin.shares
    balance = {
        "rain": float(rain.sum(axis=0) @ basin.shares),
        "evaporated": float(water.evaporated @ basin.shares),
        "discharged": float(routed.sum() * step_hours),
        "stored": float(stored),
    }
    return routed, to_m3s * routed.sum(axis=1), balance


def _gauged(basin: Basin, rain: Floats, rng: np.random.Generator) -> Floats:
    """What the rain gauges would read if they all worked."""
    e = basin.gauge_error
    wrong = np.exp(np.log1p(e) * rng.standard_normal(rain.shape) - np.log1p(e) ** 2 / 2) if e else 1.0
    gauges = tipped(rain * wrong, basin.bucket_mm)
    for one, other in basin.identical:
        gauges[:, other] = gauges[:, one]
    return gauges


def _spoilt(
    basin: Basin, gauges: Floats, level: Floats, step_hours: float, rng: np.random.Generator
) -> tuple[Floats, Floats, tuple[Fault, ...]]:
    if basin.faults is None:
        return gauges, level, ()
    series = {f"rain.{zone.name}": gauges[:, z] for z, zone in enumerate(basin.zones)} | {"level": level}
    read, faults = spoil(series, step_hours, basin.faults, rng)
    *columns, level = read.values()
    return np.stack(columns, axis=1), level, faults
