"""Alerts: where every station stands against its thresholds, and whether that is news. Pure; the clock is the window's.

    crossings     what the forecast and the newest trusted observation say of every threshold, dense over stations
    worst_only    of the thresholds passed, the worst
    with_reasons  against the last alerts: FIRST, HIGHER, LOWER, CLEARED, REPEAT or NOTHING_NEW

A threshold is passed when the probability of exceedance within the horizon reaches the configured one, or when the
observed value is at or above it. It counts as left only where both a forecast and a trusted observation say so, for
the whole hold: what is missing never raises, lowers or clears. Rates of rise stand on the lowest rungs of the ladder.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .crossings import crossings, worst_only
from .standing import AlertRules, RateOfRise, Standing, Thresholds
from .values import NOT_A_TIME, Alert, Basis, Reason

__all__ = ["AlertRules", "RateOfRise", "Standing", "Thresholds", "crossings", "with_reasons", "worst_only"]


def with_reasons(standing: Standing, last: Sequence[Alert], rules: AlertRules) -> tuple[Alert, ...]:
    """One alert for every station with an event, open or new, in the order of the stations.

    ``last`` holds the newest alert of every station with an open event; an alert of the same issue time (an earlier
    revision) serves as well as one of the step before. NOTHING_NEW alerts carry the state on to the next cycle.
    """
    open_events = {alert.station: alert for alert in last if alert.reason is not Reason.CLEARED}
    held = np.isin(standing.stations, list(open_events)) if open_events else np.zeros(len(standing.stations), bool)
    rows = np.flatnonzero(held | standing.passed.any(axis=1))
    return tuple(_judge(standing, int(row), open_events.get(standing.stations[row]), rules) for row in rows)


def _judge(standing: Standing, row: int, last: Alert | None, rules: AlertRules) -> Alert:
    now = standing.worst(row)
    if last is None:
        return _tell(standing, row, now, Reason.FIRST, None)
    was = standing.rank(last.threshold)
    if now > was:
        return _tell(standing, row, now, Reason.HIGHER, last)
    since = _below_since(standing, row, was, last)
    if now < was and standing.issued_at - since >= rules.hold:  # False while NaT
        return _go_down(standing, row, was, last)
    if now < 0 and was < 0 and standing.below[row].all():  # its threshold was taken out of the configuration
        return _tell(standing, row, -1, Reason.CLEARED, last)
    due = standing.issued_at - last.told_at >= rules.repeat  # False for NaT: never
    return _tell(standing, row, was, Reason.REPEAT if due else Reason.NOTHING_NEW, last, since)


def _below_since(standing: Standing, row: int, was: int, last: Alert) -> np.datetime64:
    """Since when the station has been seen below its threshold without a break; NaT where it is not known to be."""
    if was < 0 or standing.passed[row, was] or not standing.below[row, was]:
        return NOT_A_TIME
    broken = np.isnat(last.below_since) or standing.issued_at - last.issued_at > standing.longest_gap
    return standing.issued_at if broken else last.below_since


def _go_down(standing: Standing, row: int, was: int, last: Alert) -> Alert:
    """To the highest threshold below that is not known to be left; else to the lowest, which has a hold of its own to
    see out (an all-clear that comes too soon is the worst message); from the lowest to CLEARED."""
    standing_on = [k for k in range(was) if not standing.below[row, k]]
    lowest = standing.lowest(row)
    to = max(standing_on) if standing_on else lowest if was > lowest >= standing.rates else -1
    if to < 0:
        return _tell(standing, row, -1, Reason.CLEARED, last)
    since = standing.issued_at if standing.below[row, to] else NOT_A_TIME
    return _tell(standing, row, to, Reason.LOWER, last, since)


def _tell(
    standing: Standing, row: int, rank: int, reason: Reason, last: Alert | None, since: np.datetime64 = NOT_A_TIME
) -> Alert:
    """The alert of one station; ``rank`` -1 where it is cleared or its threshold is no more."""
    told = standing.issued_at if last is None or reason is not Reason.NOTHING_NEW else last.told_at
    name = standing.names[rank] if rank >= 0 or last is None else last.threshold
    at = standing.rank(name)
    return Alert(
        event=last.event if last else event_identity(standing.stations[row], standing.issued_at),
        sequence=0 if last is None else last.sequence + (reason is not Reason.NOTHING_NEW),
        station=standing.stations[row],
        threshold=name,
        rank=rank,
        limit=float(standing.limits[row, at]) if at >= 0 or last is None else last.limit,
        probability=float(standing.probability[row, at]) if at >= 0 else float("nan"),
        is_lower_bound=bool(standing.is_lower_bound[row, at]) if at >= 0 else True,
        crosses_at=standing.crosses_at[row, at] if at >= 0 else NOT_A_TIME,
        peak=float(standing.peak[row]),
        peak_at=standing.peak_at[row],
        observed=float(standing.observed[row]),
        basis=_basis(standing, row, at, last),
        reason=reason,
        issued_at=standing.issued_at,
        told_at=told,
        below_since=since,
        note=_note(standing, row),
    )


def event_identity(station: str, issued_at: np.datetime64) -> str:
    """Station and first issue time, e.g. ``anduze-20200919T1430Z``: the same after a restart and on every machine."""
    stamp = str(issued_at.astype("datetime64[s]")).replace("-", "").replace(":", "")
    return f"{station}-{stamp[:-2] if stamp.endswith('00') else stamp}Z"


def _basis(standing: Standing, row: int, at: int, last: Alert | None) -> Basis:
    if at >= 0 and standing.seen[row, at]:
        return Basis.OBSERVED
    if last is None or (at >= 0 and standing.passed[row, at]):
        return Basis.FORECAST
    return last.basis


def _note(standing: Standing, row: int) -> str:
    missing = {"no forecast": standing.there[row], "no observation": np.isfinite(standing.observed[row])}
    return ", ".join(text for text, there in missing.items() if not there)
