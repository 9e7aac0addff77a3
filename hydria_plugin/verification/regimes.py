"""How forecasts did in which water: in all of it, on the rise, in the highest tenth, above each threshold.

A regime is told by what was known at the issue time (the last value, its rise, the issued median): scores
conditioned on the outcome would punish a forecast that is calibrated.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..alerts import Thresholds
from ..values import Bools, Floats
from . import scores
from .backtest import Backtest, lead_rows

TENTH = 0.9
LEADS = 4  # shown of a horizon by default, evenly spaced in their logarithm


@dataclass(frozen=True)
class RegimeLine:
    """Scores of one station at one lead in one regime; NaN where there is no pair."""

    station: str
    lead: int
    regime: str  # all | rising | top decile | above <threshold>
    pairs: int
    coverage_80: float
    reliability: float  # 1 = the levels of the quantiles are the shares of the truth below them
    crps: float
    crps_skill: float  # over the last value held
    bias: float  # mean of median - truth, in the unit of the river


def regimes(result: Backtest, thresholds: Thresholds | None = None) -> tuple[RegimeLine, ...]:
    """Lines by station, lead and regime."""
    leads = some_leads(result.layout.horizon)
    return tuple(
        regime_line(result, s, f, name, mask)
        for s in range(len(result.layout.stations))
        for f in lead_rows(leads, result.layout.horizon)
        for name, mask in masks(result, s, f, thresholds)
    )


def some_leads(horizon: int) -> list[int]:
    """The first, the last and two between."""
    return [int(f) for f in np.unique(np.round(np.geomspace(1, horizon, LEADS)).astype(int))]


def masks(result: Backtest, s: int, lead: int, thresholds: Thresholds | None) -> Iterator[tuple[str, Bools]]:
    """(N) which issue times belong to each regime."""
    last, median = result.last[:, s], result.median[:, s, lead - 1]
    rise = np.diff(last, prepend=np.nan)
    yield "all", np.ones(len(last), bool)
    yield "rising", np.asarray(rise > 0)
    yield "top decile", highest(last) | highest(median) | (highest(rise) & (rise > 0))
    if thresholds is not None:
        for k, name in enumerate(thresholds.names):
            limit = thresholds.limits[s, k]
            if np.isfinite(limit):
                yield f"above {name}", np.asarray((last >= limit) | (median >= limit))


def highest(mark: Floats) -> Bools:
    """(N) where ``mark`` is in its highest tenth; nowhere without a value."""
    known = mark[np.isfinite(mark)]
    return np.asarray(mark >= np.quantile(known, TENTH)) if len(known) else np.zeros(len(mark), bool)


def regime_line(result: Backtest, s: int, lead: int, name: str, mask: Bools) -> RegimeLine:
    levels = result.layout.quantiles
    truth, last = result.truth[:, s, lead - 1], result.last[:, s]
    quantiles = result.values[:, s, lead - 1].astype(float)
    kept = mask & np.isfinite(truth) & np.isfinite(quantiles).all(axis=1) & np.isfinite(last)
    truth, quantiles, last = truth[kept], quantiles[kept], last[kept]
    station, nan = result.layout.stations[s], float("nan")
    if not len(truth):
        return RegimeLine(station, lead, name, 0, nan, nan, nan, nan, nan)
    found = scores.crps(truth, quantiles, levels)
    return RegimeLine(
        station, lead, name, len(truth), covered(truth, quantiles, levels),
        reliability(truth, quantiles, levels), found,
        scores.skill(found, float(np.abs(truth - last).mean())),
        float((quantiles[:, levels.index(0.5)] - truth).mean()),
    )  # fmt: skip


def covered(truth: Floats, quantiles: Floats, levels: tuple[float, ...]) -> float:
    """Share of the truth in the 10-90 % band; NaN where these are not among the levels."""
    if not {0.1, 0.9} <= set(levels):
        return float("nan")
    return scores.coverage(truth, quantiles[:, levels.index(0.1)], quantiles[:, levels.index(0.9)])


def reliability(truth: Floats, quantiles: Floats, levels: tuple[float, ...]) -> float:
    """1 - 2 times the mean distance between each level and the share of the truth (N) below its quantile (N, Q), after
    Renard et al. (2010); truth that equals quantiles counts half."""
    y = truth[:, None].astype(np.float32)
    v = quantiles.astype(np.float32)
    share = ((y < v) + 0.5 * (y == v)).mean(axis=0)
    return float(1.0 - 2.0 * np.abs(share - np.asarray(levels)).mean())
