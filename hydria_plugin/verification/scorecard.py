"""The scorecard of a backtest: every score per station and lead, with weekly-block bootstrap intervals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..alerts import Thresholds
from ..values import Alert, Floats, Ints, Times
from . import scores
from .backtest import Backtest, lead_rows

WEEK = np.timedelta64(7 * 86400, "s")


@dataclass(frozen=True)
class Line:
    """The scores of one station at one lead; ``low`` and ``high`` hold 5-95 % bootstrap bounds of some."""

    station: str
    lead: int
    pairs: int
    scores: dict[str, float]
    low: dict[str, float] = field(default_factory=dict)
    high: dict[str, float] = field(default_factory=dict)


def scorecard(
    result: Backtest,
    thresholds: Thresholds | None = None,
    leads: Sequence[int] | None = None,
    rng: np.random.Generator | None = None,
    draws: int = 200,
) -> tuple[Line, ...]:
    """Lines for every station and lead of ``result``; ``draws`` 0 leaves the intervals out. Each line draws the same
    weeks: the bounds of a station do not depend on which others there are."""
    seed = int((rng or np.random.default_rng(0)).integers(2**32))
    weeks = ((result.issued_at - np.datetime64(0, "s")) // WEEK).astype(int)
    return tuple(
        one_line(result, s, f, thresholds, weeks, np.random.default_rng(seed), draws)
        for s in range(len(result.layout.stations))
        for f in lead_rows(leads, result.layout.horizon)
    )


def one_line(
    result: Backtest,
    s: int,
    lead: int,
    thresholds: Thresholds | None,
    weeks: np.ndarray,
    rng: np.random.Generator,
    draws: int,
) -> Line:
    truth, quantiles, last = result.truth[:, s, lead - 1], result.values[:, s, lead - 1], result.last[:, s]
    quantiles = quantiles.astype(float)
    kept = np.isfinite(truth) & np.isfinite(quantiles).all(axis=1) & np.isfinite(last)
    truth, quantiles, last, weeks = truth[kept], quantiles[kept], last[kept], weeks[kept]
    steps = ((result.issued_at[kept] - result.issued_at[0]) // result.layout.step).astype(int)
    found = all_scores(truth, quantiles, last, result.layout.quantiles, steps)
    if thresholds is not None:
        found |= dict(threshold_scores(truth, quantiles[:, result.layout.median], thresholds, s))
    line = Line(result.layout.stations[s], lead, len(truth), found)
    return bounded(line, truth, quantiles, last, weeks, result, rng, draws) if draws else line


def all_scores(
    truth: Floats, quantiles: Floats, last: Floats, levels: tuple[float, ...], steps: Ints
) -> dict[str, float]:
    """The scores that need no threshold, of pairs (N) at ``steps`` (N). Persistence's CRPS is that of its one value:
    its mean absolute error."""
    median = quantiles[:, levels.index(0.5)]
    found = scores.crps(truth, quantiles, levels)
    band = [np.interp(p, levels, range(len(levels))) for p in (0.1, 0.9)]
    low, high = (quantiles[:, round(i)] for i in band)
    return {
        "nse": scores.nse(truth, median),
        "pi": scores.persistence_index(truth, median, last),
        "kge": scores.kge(truth, median),
        "peak_percent": scores.peak_error(truth, median),
        "peak_delay": scores.peak_delay(*around_peak(truth, median, steps)),
        "crps": found,
        "crps_skill": scores.skill(found, float(np.abs(truth - last).mean()) if truth.size else float("nan")),
        "coverage_80": scores.coverage(truth, low, high) if {0.1, 0.9} <= set(levels) else float("nan"),
    }


def around_peak(truth: Floats, median: Floats, steps: Ints, margin: int = 48) -> tuple[Floats, Floats, Ints]:
    """Both series within ``margin`` steps of the observed peak, and where they stand: pairs that are missing, or were
    not asked for, are steps all the same."""
    near = np.abs(steps - steps[np.argmax(truth)]) <= margin if truth.size else np.zeros(0, bool)
    return truth[near], median[near], steps[near]


def threshold_scores(truth: Floats, median: Floats, thresholds: Thresholds, s: int) -> Iterator[tuple[str, float]]:
    """POD, FAR and CSI of ``median >= threshold`` per threshold."""
    for k, name in enumerate(thresholds.names):
        limit = thresholds.limits[s, k]
        if np.isfinite(limit):
            for score, value in scores.contingency(truth >= limit, median >= limit).items():
                yield f"{score}_{name}", value


def bounded(
    line: Line,
    truth: Floats,
    quantiles: Floats,
    last: Floats,
    weeks: np.ndarray,
    result: Backtest,
    rng: np.random.Generator,
    draws: int,
) -> Line:
    """The line with its bootstrap bounds."""
    levels = result.layout.quantiles
    median = quantiles[:, levels.index(0.5)]
    each = scores.crps_each(truth, quantiles, levels)
    asked = {
        "nse": lambda r: scores.nse(truth[r], median[r]),
        "pi": lambda r: scores.persistence_index(truth[r], median[r], last[r]),
        "crps": lambda r: float(each[r].mean()) if r.size else float("nan"),
    }
    bounds = {name: scores.block_bootstrap(score, weeks, rng, draws) for name, score in asked.items()}
    return Line(
        line.station,
        line.lead,
        line.pairs,
        line.scores,
        {name: b[0] for name, b in bounds.items()},
        {name: b[1] for name, b in bounds.items()},
    )


@dataclass(frozen=True)
class Warning:
    """One observed crossing of one threshold, and when it was announced."""

    station: str
    threshold: str
    crossed_at: np.datetime64
    warned_at: np.datetime64  # NaT = not before it happened
    gained: np.timedelta64  # crossed_at - warned_at; NaT = missed


def warnings(result: Backtest, thresholds: Thresholds) -> tuple[Warning, ...]:
    """The warning time gained at every observed up-crossing within the backtest."""
    (times, observed), span = seen(result), result.layout.horizon * result.layout.step
    found = []
    for s, station in enumerate(result.layout.stations):
        told = [(a.issued_at, rank_of(a, thresholds)) for news in result.alerts for a in news if a.station == station]
        for k, name in enumerate(thresholds.names):
            for n in up_crossings(observed[:, s], float(thresholds.limits[s, k])):
                found.append(first_warning(station, name, k, times[n], told, span))
    return tuple(found)


def seen(result: Backtest) -> tuple[Times, Floats]:
    """(T) the steps that were met from the one after the first issue to the one after the last, and (T, S) what was
    observed then: between issues that lie further apart, what the later leads of the one before met."""
    step = result.layout.step
    place = ((result.issued_at - result.issued_at[0]) // step).astype(int)  # (N)
    reach = min(int(np.diff(place).max(initial=1)), result.layout.horizon)
    met = np.unique(np.add.outer(place, np.arange(reach)))
    met = met[met <= place[-1]]
    observed = np.full((len(met), result.truth.shape[1]), np.nan)
    for later in range(reach):
        within = place + later <= place[-1]
        observed[np.searchsorted(met, place[within] + later)] = result.truth[within, :, later]
    return result.issued_at[0] + step * (met + 1), observed


def up_crossings(observed: Floats, limit: float) -> Ints:
    """Steps of (N) at which the river is at or above the limit, having been below when it was last seen: a gap in a
    flood is no second crossing."""
    known = np.flatnonzero(np.isfinite(observed))
    above = observed[known] >= limit
    return np.asarray(known[1:][above[1:] & ~above[:-1]])


def rank_of(alert: Alert, thresholds: Thresholds) -> int:
    """Its place among the thresholds, -1 where none is passed any more. (An alert's own rank counts rates of rise.)"""
    standing = alert.rank >= 0 and alert.threshold in thresholds.names
    return thresholds.names.index(alert.threshold) if standing else -1


def first_warning(
    station: str,
    name: str,
    rank: int,
    crossed: np.datetime64,
    told: Sequence[tuple[np.datetime64, int]],
    span: np.timedelta64,
) -> Warning:
    """The earliest issue within one horizon before the crossing from which on the alert stood at this rank."""
    standing: np.datetime64 | None = None
    for at, r in told:
        if at < crossed:
            standing = None if r < rank else standing or at
    if standing is None:
        never = np.datetime64("NaT")
        return Warning(station, name, crossed, never, np.timedelta64("NaT"))
    early = max(standing, crossed - span)
    return Warning(station, name, crossed, early, crossed - early)
