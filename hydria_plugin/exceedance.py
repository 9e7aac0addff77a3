"""How likely a forecast exceeds a limit, and how fast it rises. Pure, vectorised over stations.

The distribution behind a row of quantiles is linear between them and has exponential tails beyond the outermost two,
each fitted through the two quantiles on its side. The exponential tail is exact for exponential and nearly so for
Gumbel variables, the usual shapes of flood peaks, and errs on the heavy side (warns rather than not) for normal ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .values import Bools, Floats, Forecast

NEGLIGIBLE = 0.01  # where even the sum over leads stays below this, members are not asked
BLOCK = 256  # stations ranked at once: bounds the memory that members need


def exceedance(values: Floats, quantiles: tuple[float, ...], limits: Floats) -> Floats:
    """P(value >= limit) for quantiles ``values`` (S, H, Q) and ``limits`` (S, K), one per station: (S, K, H).

    NaN where the limit or any quantile of the lead is NaN.
    """
    levels, q = np.asarray(values, dtype=float), np.asarray(quantiles, dtype=float)
    unknown = np.isnan(levels).any(axis=2)[:, None, :] | np.isnan(limits)[:, :, None]
    one_by_one = [_above(levels, q, limit[:, None]) for limit in np.asarray(limits, dtype=float).T]
    above = np.stack(one_by_one, axis=1) if one_by_one else np.empty((len(levels), 0, levels.shape[1]))
    return np.asarray(np.where(unknown, np.nan, above))


def _above(levels: Floats, q: Floats, limit: Floats) -> Floats:
    """P(value >= limit) (S, H) for one limit per station (S, 1)."""
    under = (levels < limit[:, :, None]).sum(axis=2)
    low, high = np.clip(under - 1, 0, len(q) - 1), np.clip(under, 0, len(q) - 1)
    left = np.take_along_axis(levels, low[:, :, None], axis=2)[:, :, 0]
    right = np.take_along_axis(levels, high[:, :, None], axis=2)[:, :, 0]
    share = _ratio(limit - left, right - left, 0.0)
    inside = q[low] + (q[high] - q[low]) * share
    tail_below = q[0] * np.exp(-_ratio(levels[:, :, 0] - limit, _scale(levels, q, upper=False), np.inf))
    tail_above = (1 - q[-1]) * np.exp(-_ratio(limit - levels[:, :, -1], _scale(levels, q, upper=True), np.inf))
    return np.asarray(np.where(under == 0, 1 - tail_below, np.where(under == len(q), tail_above, 1 - inside)))


def _scale(levels: Floats, q: Floats, *, upper: bool) -> Floats:
    """Scale (S, H) of the exponential tail through the two outermost quantiles; 0 = no tail, all mass at the last."""
    if len(q) < 2 or (q[-1] >= 1 if upper else q[0] <= 0):
        return np.zeros(levels.shape[:2])
    if upper:
        return np.asarray((levels[:, :, -1] - levels[:, :, -2]) / math.log((1 - q[-2]) / (1 - q[-1])))
    return np.asarray((levels[:, :, 1] - levels[:, :, 0]) / math.log(q[1] / q[0]))


def _ratio(top: Floats, bottom: Floats, otherwise: float) -> Floats:
    """top / bottom, at least 0; ``otherwise`` where the bottom is 0 (a distribution without width) or NaN."""
    there = bottom > 0
    with np.errstate(over="ignore"):  # over next to no width it is infinite, and that is meant
        ratio = np.divide(top, bottom, out=np.full(np.broadcast(top, bottom).shape, otherwise), where=there)
    return np.asarray(np.maximum(ratio, 0.0))


def within_horizon(forecast: Forecast, limits: Floats) -> tuple[Floats, Bools]:
    """P(exceed within the horizon) (S, K), and (S) whether that is only a lower bound.

    With members: their ranks, lead by lead, put the calibrated distribution back into trajectories (ensemble copula
    coupling, Schefzik et al. 2013), and the trajectories that exceed are counted. Without: the largest marginal
    probability over the leads, which the truth can only surpass. NaN where there is no forecast or no limit.
    """
    marginal = exceedance(forecast.values, forecast.quantiles, limits)
    largest = np.asarray(np.where(forecast.there[:, None], _largest(marginal), np.nan))
    coupled = _coupled(forecast)
    if not coupled.any():
        return largest, ~coupled
    doubtful = coupled & (np.nansum(marginal, axis=2) >= NEGLIGIBLE).any(axis=1)
    for rows in _blocks(np.flatnonzero(doubtful)):
        assert forecast.members is not None
        largest[rows] = np.fmax(largest[rows], _share_of_members(forecast.members[rows], marginal[rows]))
    return largest, ~coupled


def _largest(marginal: Floats) -> Floats:
    """The largest over leads, NaN where all are."""
    known = np.isfinite(marginal)
    largest = np.where(known, marginal, -1.0).max(axis=2, initial=-1.0)
    return np.asarray(np.where(known.any(axis=2), largest, np.nan))


def _coupled(forecast: Forecast) -> Bools:
    """(S) where there are at least two whole trajectories to learn the dependence between leads from."""
    members = forecast.members
    if members is None or members.shape[1] * members.shape[2] < 2:
        return np.zeros(len(forecast.stations), dtype=bool)
    return np.asarray(np.isfinite(members).all(axis=(1, 2, 3)) & forecast.there)


def _blocks(rows: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
    for first in range(0, len(rows), BLOCK):
        yield rows[first : first + BLOCK]


def _share_of_members(members: Floats, marginal: Floats) -> Floats:
    """(S, K) share of trajectories that exceed at some lead. Nothing is mapped to values and back: a member of rank r
    among N stands at probability (r + 1/2) / N, and exceeds where that is beyond the marginal P(value < limit)."""
    flat: NDArray[Any] = members.reshape(len(members), -1, members.shape[-1])
    rank = flat.argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
    position = (rank + 0.5) / flat.shape[1]
    share = [(position > 1 - marginal[:, k, None, :]).any(axis=2).mean(axis=1) for k in range(marginal.shape[1])]
    return np.where(np.isnan(_largest(marginal)), np.nan, np.stack(share, axis=1))


def rise(path: Floats, over: int, newest: int) -> Floats:
    """The largest rise (S) to any of the ``newest`` last steps of ``path`` (S, T) from the lowest value of the ``over``
    steps before it. NaN where none can be told; a gap is not a rise."""
    length = path.shape[1]
    steps = range(max(length - newest, 1), length)
    if not steps:
        return np.full(len(path), np.nan)
    rises = [path[:, t] - np.fmin.reduce(path[:, max(t - over, 0) : t], axis=1) for t in steps]
    return np.asarray(np.fmax.reduce(np.stack(rises), axis=0))
