"""One distribution out of many: the mixture over the members of a rain ensemble."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hydria_plugin.values import Floats


def mixture(values: Floats, levels: Sequence[float]) -> Floats:
    """(S, H, Q) quantiles of the mixture of R distributions given by their quantiles ``values`` (S, R, H, Q).

    Each distribution is linear between its quantiles, with its outer slopes carried on to probability 0 and 1.
    A NaN in any scenario makes the station's lead NaN.
    """
    if values.shape[1] == 1:
        return np.asarray(values[:, 0])
    s, r, h, q = values.shape
    flat = np.moveaxis(values, 1, 2).reshape(s * h, r, q)
    mixed = np.stack([mix_one(one, np.asarray(levels)) for one in flat])
    return np.maximum.accumulate(mixed.reshape(s, h, q), axis=2)


def mix_one(one: Floats, levels: Floats) -> Floats:
    """(Q) of (R, Q): the mean distribution function over the scenarios, inverted."""
    if not np.isfinite(one).all():
        return np.full(len(levels), np.nan)
    support, full = with_tails(one, levels)
    step = 1e-9 * max(1.0, float(np.abs(support).max()))
    points = np.unique(np.concatenate([support - step, support + step]))  # both sides of a jump
    mean = np.mean([np.interp(points, rising(x), full, left=0.0, right=1.0) for x in support], axis=0)
    return np.asarray(np.interp(levels, mean, points))


def with_tails(one: Floats, levels: Floats) -> tuple[Floats, Floats]:
    """Quantiles (R, Q + 2) and their levels, from 0 to 1."""
    if len(levels) == 1:
        return np.repeat(one, 3, axis=1), np.array([0.0, levels[0], 1.0])
    below = one[:, :1] - (one[:, 1:2] - one[:, :1]) * levels[0] / (levels[1] - levels[0])
    above = one[:, -1:] + (one[:, -1:] - one[:, -2:-1]) * (1 - levels[-1]) / (levels[-1] - levels[-2])
    return np.concatenate([below, one, above], axis=1), np.concatenate([[0.0], levels, [1.0]])


def rising(x: Floats) -> Floats:
    """Strictly rising: equal quantiles are a jump, which interpolation needs as a very steep line."""
    return np.asarray(x + np.arange(len(x)) * 1e-12 * max(1.0, float(np.abs(x).max())))
