"""The simulated basin of the demonstration: four rain zones, two river gauges, and the flood after three years."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from ..learning.basin_cases import demonstration
from ..learning.fictitious_basin import HOUR, Basin, Record, simulate
from ..values import Floats
from .platform import Case, Late, Site

SEED = 16
YEARS = 1.25
YEARS_TO_READ = 3.0  # a reading of four zones takes some eighty floods
START = np.datetime64("2021-09-01T00:00:00", "s")
LIMITS = (2.0, 3.0, 4.0)
LEAD_IN, LEAD_OUT = 24, 20  # hours replayed before and after the peak


def simulated_case(seed: int = SEED, years: float = YEARS, late_share: float = 0.1) -> Case:
    """Train on what comes before the largest flood in the last ``late_share`` of the record, and replay that."""
    rng = np.random.default_rng(seed)
    times = START + HOUR * np.arange(1, int(8766 * years) + 1)
    outlet = simulate(demonstration(), rng, times=times)
    upstream = simulate(sub_basin(outlet.basin), rng, times=times, rain=outlet.rain[:, :2])
    peak = largest_late_peak(outlet.level, late_share)
    names = [zone.name for zone in outlet.basin.zones]
    late = (Late(f"rain.{names[1]}", peak - 9, peak - 7, 130), Late(f"rain.{names[0]}", peak - 4, peak - 4, 10))
    return Case(
        basin="SIMULATED basin, four rain zones of known shares",
        label="SIMULATED data: this basin does not exist",
        sites=(
            Site("bridge", "Old Bridge (simulated)", "level.bridge", "level", "m", LIMITS),
            Site("mill", "Upper Mill (simulated)", "level.mill", "level", "m", LIMITS),
        ),
        inputs=(
            *(("bridge", f"rain.{i}", f"rain.{name}", "rain") for i, name in enumerate(names, 1)),
            ("bridge", "level.upstream", "level.mill", "level"),
            *(("mill", f"rain.{i}", f"rain.{name}", "rain") for i, name in enumerate(names[:2], 1)),
        ),
        times=times,
        step="1h",
        past="48h",
        horizon="10h",
        series=readings(outlet, upstream),
        truth={"bridge": outlet.level, "mill": upstream.level},
        first_trained=0,
        first=peak - LEAD_IN,
        last=peak + LEAD_OUT,
        late=late,
        truth_is_known=True,
        shares={f"rain.{zone.name}": float(s) for zone, s in zip(outlet.basin.zones, outlet.basin.shares, strict=True)},
    )


def demonstration_case() -> Case:
    """The default demonstration: trained on little, to be quick; explained on more years of the same basin."""
    return replace(simulated_case(), longer=partial(simulated_case, years=YEARS_TO_READ))


def sub_basin(basin: Basin) -> Basin:
    """The part of the basin above the mill: its first two zones, nearer."""
    near = tuple(replace(zone, mode_hours=zone.mode_hours * 0.6) for zone in basin.zones[:2])
    share = float(basin.shares[:2].sum())
    return replace(basin, zones=near, area_km2=basin.area_km2 * share)


def readings(outlet: Record, upstream: Record) -> dict[str, Floats]:
    """What the telemetry brought, by series."""
    rain = {f"rain.{zone.name}": outlet.gauges[:, z] for z, zone in enumerate(outlet.basin.zones)}
    return {"level.bridge": outlet.measured_level, "level.mill": upstream.measured_level, **rain}


def largest_late_peak(level: Floats, share: float) -> int:
    """The step of the highest level in the last part of the record, far enough from its end."""
    first = int(len(level) * (1 - share))
    return first + int(level[first : len(level) - LEAD_OUT - 12].argmax())
