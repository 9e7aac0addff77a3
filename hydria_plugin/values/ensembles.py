"""What an ensemble of trajectories and a row of quantiles say of each other: pure, dense over stations."""

from __future__ import annotations

import numpy as np

from .arrays import Floats

MOST = 120  # trajectories of a station that are kept for alerts, store and page


def two_way(members: Floats) -> Floats:
    """(S, H, 2) of trajectories (S, R, M, H): the variance that comes of the members (model) and of the scenarios
    (input, with what the two do together), each unbiased and clipped at 0, in the value's unit squared.

    Two-way analysis of variance with one value per cell (law of total variance over random members and scenarios):
    model = s2(mean over scenarios) - s2_MR / R, input = the mean over members of s2 along the scenarios. Scenario 0,
    the best estimate, is none of the draws and left out where there are others. NaN: not known, for want of a second
    member, of two scenarios beside the best estimate, or of a trajectory at that lead.
    """
    drawn = members[:, 1:] if members.shape[1] > 1 else members
    r, m = drawn.shape[1:3]
    unknown = np.full(drawn.shape[::3], np.nan)
    model = unknown if m < 2 else _mean_over(drawn, 1).var(axis=1, ddof=1)
    if r < 2:
        return np.stack([model, unknown], axis=2)
    apart = drawn - drawn[:, :1]  # scenarios that do not differ then have a variance of 0, not nearly
    within = apart.var(axis=1, ddof=1).mean(axis=1)
    if m > 1:
        together = (within - _mean_over(apart, 2).var(axis=1, ddof=1)) * (m / (m - 1))  # the interaction's mean square
        model = np.maximum(model - together / r, 0.0)
    return np.stack([model, within], axis=2)


def _mean_over(drawn: Floats, axis: int) -> Floats:
    return np.asarray(drawn.mean(axis=axis))


def band_variance(values: Floats, quantiles: tuple[float, ...]) -> Floats:
    """(S, H) the variance of the distribution behind quantiles (S, H, Q): linear between them, with the exponential
    tails that alerts reckon with (exceedance.py). 0 for a single quantile; NaN where any is missing."""
    q, x = np.asarray(quantiles), np.asarray(values, dtype=np.float64)
    if len(q) == 1:
        return np.where(np.isnan(x[..., 0]), np.nan, 0.0)
    x = x - x[..., [len(q) // 2]]  # near 0, so that squares keep their digits
    share, low, high = np.diff(q), x[..., :-1], x[..., 1:]
    mean = ((low + high) / 2) @ share
    square = ((low**2 + low * high + high**2) / 3) @ share
    for edge, scale, mass in zip((x[..., 0], x[..., -1]), tails(x, q), (q[0], 1 - q[-1]), strict=True):
        mean = mean + mass * (edge + scale)
        square = square + mass * (edge**2 + 2 * edge * scale + 2 * scale**2)
    return np.asarray(np.maximum(square - mean**2, 0.0))


def tails(values: Floats, quantiles: Floats) -> tuple[Floats, Floats]:
    """Scales (S, H) of the exponential tails through the two outermost quantiles of (S, H, Q) on either side: negative
    below, positive above; 0 where there is no mass beyond, or one quantile only."""
    q, none = quantiles, np.zeros(values.shape[:-1])
    if len(q) < 2:
        return none, none
    below = none if q[0] <= 0 else (values[..., 0] - values[..., 1]) / np.log(q[1] / q[0])
    above = none if q[-1] >= 1 else (values[..., -1] - values[..., -2]) / np.log((1 - q[-2]) / (1 - q[-1]))
    return np.asarray(below), np.asarray(above)


def thinned(members: Floats) -> Floats:
    """Trajectories (S, R, M, H), MOST of a station at most: all scenarios, of fewer members, one of them at least."""
    r, m = members.shape[1:3]
    if r * m <= MOST:
        return members
    pick = np.unique(np.linspace(0, m - 1, max(1, MOST // r)).round().astype(int))
    return np.asarray(members[:, :, pick])


def onto_quantiles(members: Floats, values: Floats, quantiles: tuple[float, ...]) -> Floats:
    """(S, R, M, H) the trajectories laid onto quantiles (S, H, Q), lead by lead, each keeping its rank: ensemble copula
    coupling (Schefzik et al. 2013). The member of rank r among N takes the value at probability (r + 1/2) / N: linear
    between the quantiles, exponential beyond; but what is not negative stays so. A station with a gap is NaN."""
    s, r, m, h = members.shape
    flat = members.reshape(s, r * m, h)
    ladder = at_levels(np.asarray(values, dtype=np.float64), quantiles, (np.arange(r * m) + 0.5) / (r * m))
    laid = np.empty(flat.shape)
    np.put_along_axis(laid, flat.argsort(axis=1, kind="stable"), np.moveaxis(ladder, 2, 1), axis=1)
    whole = np.asarray(np.isfinite(flat).all(axis=(1, 2)))
    return np.asarray(np.where(whole[:, None, None], laid, np.nan).reshape(members.shape))


def at_levels(values: Floats, quantiles: tuple[float, ...], levels: Floats) -> Floats:
    """(S, H, N) the distribution behind quantiles (S, H, Q) at rising ``levels`` (N) between 0 and 1."""
    q = np.asarray(quantiles)
    place = np.interp(levels, q, np.arange(len(q)))
    low = np.minimum(place.astype(np.int64), max(len(q) - 2, 0))
    high = np.minimum(low + 1, len(q) - 1)
    found = values[..., low] + (place - low) * (values[..., high] - values[..., low])
    below, above = tails(values, q)
    under, over = np.asarray(levels < q[0]), np.asarray(levels > q[-1])
    if under.any():
        tail = values[..., :1] + below[..., None] * np.log(q[0] / levels[under])
        found[:, :, under] = np.maximum(tail, np.minimum(values[..., :1], 0.0))
    if over.any():
        found[:, :, over] = values[..., -1:] + above[..., None] * np.log((1 - q[-1]) / (1 - levels[over]))
    return np.asarray(found)
