"""The alerts table: thresholds and rates of rise are columns of stations.csv."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..alerts import AlertRules, RateOfRise, Thresholds
from .desk import Desk
from .durations import format_duration, whole_steps
from .places import listed, meant, quoted
from .ratings import Rating
from .sites import KNOWN, Sites, limits
from .threshold_units import in_stations_units

USUAL_THRESHOLDS = ("yellow", "orange", "red")


def read_alerts(
    desk: Desk, sites: Sites | None, ratings: Sequence[Rating]
) -> tuple[Thresholds | None, AlertRules | None, tuple[str, ...]]:
    """Thresholds, rules, and the columns of stations.csv they took; None where there are faults."""
    a, faults = desk.table.alerts, desk.file.faults
    if sites is None:
        return None, None, ()
    columns = threshold_columns(desk, sites)
    before = len(faults.lines)
    found = in_stations_units(limits(sites, columns, faults), columns, sites, ratings, faults)
    tolerance_column = [a.tolerance] if isinstance(a.tolerance, str) else []
    known = [has_column(desk, sites, ("tolerance",), c) for c in tolerance_column]
    rates = tuple(r for i in range(len(a.rates)) if (r := read_rate(desk, sites, i)) is not None)
    if twice := {r.name for r in a.rates if [o.name for o in a.rates].count(r.name) > 1 or r.name in columns}:
        desk.refuse(("alerts", "rates"), f"use the name {min(twice)!r} twice", "names that differ, from thresholds too")
    if len(faults.lines) > before or not all(known):
        return None, None, ()
    if not columns and not rates:
        desk.warn(f"no thresholds: no alert will be raised; {sites.file.name} has no column of them")
    tolerance = np.nan_to_num(sites.column(a.tolerance, faults)) if isinstance(a.tolerance, str) else a.tolerance
    if np.any(np.asarray(tolerance) < 0):
        desk.refuse(("alerts", "tolerance"), "holds a negative number", "numbers from 0")
        return None, None, ()
    repeat = a.repeat if a.repeat is not None else np.timedelta64("NaT", "s")
    rules = AlertRules(probability=a.probability, tolerance=tolerance, hold=a.hold, repeat=repeat, rates=rates)
    return Thresholds(columns, found), rules, (*columns, *tolerance_column, *(r.column for r in a.rates))


def threshold_columns(desk: Desk, sites: Sites) -> tuple[str, ...]:
    """The configured columns that are there; where none are configured, those of yellow, orange, red."""
    named = desk.table.alerts.thresholds
    if named is None:
        return tuple(c for c in USUAL_THRESHOLDS if c in sites.file.columns)
    return tuple(c for i, c in enumerate(named) if has_column(desk, sites, ("thresholds", i), c))


def has_column(desk: Desk, sites: Sites, key: Sequence[str | int], column: str) -> bool:
    """Is it a column of stations.csv? A fault otherwise."""
    if column in sites.file.columns and column not in KNOWN:
        return True
    others = [c for c in sites.file.columns if c not in KNOWN]
    what = f"{quoted(column)} is no column of {sites.file.name}{meant(column, others)}"
    if column in KNOWN:
        what = f"{quoted(column)} of {sites.file.name} holds no such numbers"
    desk.file.faults.add(desk.place("alerts", *key), what, listed(others, 40))
    return False


def read_rate(desk: Desk, sites: Sites, i: int) -> RateOfRise | None:
    """One rate of rise; None where it has faults."""
    rate, step = desk.table.alerts.rates[i], desk.table.step
    there = has_column(desk, sites, ("rates", i, "column"), rate.column)
    steps = whole_steps(rate.over, step) if step is not None else None
    if step is not None and steps is None:
        what = f"is not a whole number of steps of {format_duration(step)}"
        desk.refuse(("alerts", "rates", i, "over"), what, f"a multiple of {format_duration(step)}")
    if steps is not None and desk.table.past is not None and rate.over >= desk.table.past:
        past, over = format_duration(desk.table.past), format_duration(rate.over)
        desk.warn(f"the rise {rate.name!r} over {over} is only seen within past = {past}, which is all a window shows")
    if not there or steps is None:
        return None
    return RateOfRise(rate.name, steps, sites.column(rate.column, desk.file.faults))
