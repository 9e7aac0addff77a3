"""The options of the source, checked all at once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from hydria_plugin import ConfigError
from hydria_plugin.exchange import known_unit

from .naming import template_faults
from .readings import FLAGS, Manner

ENDS = ("end", "start")
DURATION = re.compile(r"(-?\d{1,7})\s*(s|min|m|h|d)")
SECONDS = {"s": 1, "min": 60, "m": 60, "h": 3600, "d": 86_400}


@dataclass(frozen=True, slots=True)
class Reading:
    """How series are found, and how their observations are read."""

    series: str = "{id}"
    names: Mapping[str, str] = field(default_factory=dict)
    filter: str = ""
    units: Mapping[str, str] = field(default_factory=dict)
    interval: str = "end"
    shift: Mapping[str, np.timedelta64] = field(default_factory=dict)
    forecasts: tuple[str, ...] = ()
    manner: Manner = field(default_factory=Manner)
    page: int = 1000


def checked(
    *,
    series: str,
    names: Mapping[str, str],
    filter: str,
    units: Mapping[str, str],
    interval: str,
    shift: Mapping[str, str],
    forecasts: Sequence[str],
    timezone: str,
    missing: Sequence[float],
    flag: str,
    flags: Mapping[str, str],
    page: int,
) -> Reading:
    """Raises ConfigError with every fault."""
    faults = template_faults("series", series)
    if interval not in ENDS:
        faults.append(f"interval = {interval!r} must be 'end' or 'start': which end of an interval is its stamp")
    faults += [
        f"units: {unit!r} of {name} is not known; allowed: units of levels, discharges and rain such as m, cm, mm, m3/s"
        for name, unit in units.items()
        if known_unit(str(unit)) is None
    ]
    if not isinstance(page, int) or isinstance(page, bool) or not 1 <= page <= 100_000:
        faults.append(f"page = {page!r} must be a number from 1 to 100000: observations on one page")
    numbers = {v for v in missing if isinstance(v, int | float) and not isinstance(v, bool)}
    if len(numbers) < len(set(missing)):
        faults.append(f"missing = {list(missing)!r} must be a list of numbers such as [-999]")
    zone, moved = zone_of(timezone, faults), {name: duration(name, text, faults) for name, text in shift.items()}
    words = {str(host): flag_number(host, own, faults) for host, own in flags.items()}
    if faults:
        raise ConfigError([f"source sensorthings: {fault}" for fault in faults])
    manner = Manner(zone, frozenset(map(float, numbers)), tuple(flag.split(".")), words)
    patterns = (forecasts,) if isinstance(forecasts, str) else tuple(forecasts)
    return Reading(series, dict(names), filter, dict(units), interval, moved, patterns, manner, page)


def zone_of(name: str, faults: list[str]) -> tzinfo:
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError, TypeError):
        faults.append(f"timezone = {name!r} is not known; allowed: UTC, or a name such as Europe/Paris")
        return UTC


def duration(name: str, text: Any, faults: list[str]) -> np.timedelta64:
    found = DURATION.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        faults.append(f"shift: {text!r} of {name} must be a duration such as '1h' or '-15min'")
        return np.timedelta64(0, "us")
    return np.timedelta64(int(found[1]) * SECONDS[found[2]] * 1_000_000, "us")


def flag_number(host: str, own: str, faults: list[str]) -> int:
    if str(own) not in FLAGS:
        faults.append(f"flags: {own!r} for {host!r} is not known; allowed: {', '.join(FLAGS)}")
        return 0
    return int(FLAGS[str(own)])
