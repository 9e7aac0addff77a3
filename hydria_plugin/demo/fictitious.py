"""The fictitious basins that explanations are judged on, as demonstrations; real rain can drive each of them."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..errors import ConfigError
from ..learning.basin_cases import cases
from ..learning.fictitious_basin import HOUR, Record, simulate
from ..values import Floats, Times
from .platform import Case, Site
from .simulated import LEAD_IN, LEAD_OUT, SEED, START, YEARS, largest_late_peak

OF_THE_RISE = (0.4, 0.6, 0.8)  # thresholds, between the lowest and the highest level before the flood
SHORTEST = 1_000  # hours of rain to drive a basin with


def fictitious_case(name: str, rain: Path | None = None, seed: int = SEED, years: float = YEARS) -> Case:
    """The basin ``name`` of basin_cases.py, with a rounded level and little noise, driven by simulated storms or by the
    ``rain`` file. Raises ConfigError."""
    basin = replace(cases()[name], noise=0.01, resolution_m=0.01)
    times, fallen = START + HOUR * np.arange(1, int(8766 * years) + 1), None
    if rain is not None:
        times, fallen = read_rain(rain, len(basin.zones))
    record = simulate(basin, np.random.default_rng(seed), times=times, rain=fallen)
    return as_case(name, record, rain)


def as_case(name: str, record: Record, rain: Path | None) -> Case:
    """Train on what comes before the largest flood in the last tenth, and replay that."""
    peak = largest_late_peak(record.level, 0.1)
    zones = record.basin.zones
    names = tuple(f"rain.{zone.name}" for zone in zones)
    low, high = (float(f(record.level[: peak - LEAD_IN])) for f in (np.min, np.max))
    yellow, orange, red = (round(low + share * (high - low), 2) for share in OF_THE_RISE)
    site = Site("bridge", "Old Bridge (simulated)", "level.bridge", "level", "m", (yellow, orange, red))
    real = f", real rain of {rain.name}" if rain is not None else ""
    return Case(
        basin=f"SIMULATED basin {name}{real}",
        label="SIMULATED data: this basin does not exist",
        sites=(site,),
        inputs=tuple(("bridge", f"rain.{i}", series, "rain") for i, series in enumerate(names, 1)),
        times=record.times,
        step="1h",
        past="48h",
        horizon="6h",
        series={"level.bridge": record.measured_level, **dict(zip(names, record.gauges.T, strict=True))},
        truth={"bridge": record.level},
        first_trained=0,
        first=peak - LEAD_IN,
        last=min(peak + LEAD_OUT, len(record.times) - 1),
        truth_is_known=True,
        shares=dict(zip(names, record.basin.shares.tolist(), strict=True)),
    )


def read_rain(path: Path, zones: int) -> tuple[Times, Floats]:
    """Times (T) and hourly rain (T, Z) in mm from a CSV: ``time_utc`` (end of the hour), then a column per zone in the
    basin's order; more columns are left alone. Raises ConfigError: it drives a basin, so it must be whole."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            head, *rows = list(csv.reader(file))
        times = np.array([row[0].removesuffix("Z") for row in rows], dtype="datetime64[s]")
        rain = np.array([[float(cell) for cell in row[1 : zones + 1]] for row in rows])
    except OSError as cause:
        raise ConfigError(f"--rain: {str(path)!r} cannot be read ({cause.strerror}); allowed: a CSV file") from cause
    except (ValueError, IndexError) as cause:
        allowed = f"time_utc and {zones} columns of mm per hour, no cell empty"
        raise ConfigError(f"--rain: {str(path)!r} is no table of rain ({cause}); allowed: {allowed}") from cause
    check_rain(path, head, times, rain, zones)
    return times, rain


def check_rain(path: Path, head: list[str], times: Times, rain: Floats, zones: int) -> None:
    """Raises ConfigError with what is wrong, and what is allowed."""
    faults = (
        (rain.ndim != 2 or rain.shape[1] < zones, f"has {len(head) - 1} columns of rain", f"{zones}, one per zone"),
        (len(times) < SHORTEST, f"has {len(times)} hours", f"at least {SHORTEST}"),
        (bool(np.any(np.diff(times) != HOUR)), "is not hourly without a gap", "every hour once, in order"),
        (not bool(np.all((rain >= 0) & (rain < 500))), "holds rain below 0 or above 500", "mm per hour"),
    )
    for wrong, what, allowed in faults:
        if wrong:
            raise ConfigError(f"--rain: {str(path)!r} {what}; allowed: {allowed}")
