"""Rain where no gauge speaks: what the rivers of the basin did since tells that it rained, and that it did not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hydria_plugin.values import Floats, Ints

from .neighbours import DRY_MM, HALF_NORMAL
from .regression import Sums, squared_error, thinned
from .series import ABSENT

TOLD_BY = 3  # rivers at most
STEPS = (-4, -1, 0, 1, 2, 4, 8)  # of the river, around the rain's
SINCE = (0, 1, 2, 4, 8)  # steps that the river is known after the rain
FEWEST = 300


@dataclass(frozen=True, slots=True, eq=False)
class Showers:
    """Of N series; those that are no rain have none."""

    rivers: Ints  # (N, 3) the rivers that tell of it, ABSENT
    weights: Floats  # (N, SINCE, F)
    error: Floats  # (N, SINCE, 2) squared error at rest, and per squared rain told
    dry: Floats  # (N, SINCE, 2) told less than this it did not rain, and the standard error then

    @classmethod
    def none(cls, n: int) -> Showers:
        return cls(
            np.full((n, TOLD_BY), ABSENT),
            np.zeros((n, len(SINCE), width())),
            np.ones((n, len(SINCE), 2)),
            np.zeros((n, len(SINCE), 2)),
        )


def width() -> int:
    return 1 + TOLD_BY * (len(STEPS) - 1)


def rises(z: Floats, rivers: Ints, p: Ints, since: Ints) -> Floats:
    """(C, F) one, and by how much each of the ``rivers`` (C, 3), rows of ``z`` (B, L) without gaps, rose around the
    steps ``p`` (C), known for ``since`` (C) steps after."""
    at = p[:, None] + np.minimum(np.asarray(STEPS), since[:, None])
    at = np.clip(at, 0, z.shape[1] - 1)
    path = z[np.maximum(rivers, 0)[:, :, None], at[:, None]]  # (C, 3, steps)
    rise = np.where((rivers != ABSENT)[:, :, None], np.maximum(np.diff(path, axis=2), 0.0), 0.0)
    return np.concatenate([np.ones((len(p), 1)), rise.reshape(len(p), -1)], axis=1)


def told(model: Showers, rows: Ints, z: Floats, rivers: Ints, p: Ints, since: Ints) -> tuple[Floats, Floats]:
    """(C) rain and (C) its standard error; ``rows`` (C) as the model knows the gauges."""
    knot = np.searchsorted(SINCE, since, side="right") - 1
    facts = rises(z, rivers, p, np.asarray(SINCE)[knot])
    value = np.maximum((model.weights[rows, knot] * facts).sum(axis=1), 0.0)
    rest, moving = model.error[rows, knot].T
    least, when_dry = model.dry[rows, knot].T
    is_dry = value <= least
    return np.where(is_dry, 0.0, value), np.where(is_dry, when_dry, np.sqrt(rest + moving * value**2))


def fit_showers(rain: Floats, z: Floats, tells: Ints, rows: Ints, seed: int) -> Showers:
    """From rain (N, T), NaN what is not to be learned from, and ``z`` (N, T) without gaps; ``rows``: the gauges, and
    ``tells`` (N, 3): which rivers tell of each."""
    model = Showers.none(len(rain))
    model.rivers[rows] = tells[rows]
    for row in rows.tolist():
        p = np.flatnonzero(np.isfinite(rain[row]))
        p = p[p + SINCE[-1] < rain.shape[1]]
        if len(p) < FEWEST or (tells[row] == ABSENT).all():
            model.rivers[row] = ABSENT
            continue
        keep, weight = thinned(rain[row, p], np.random.default_rng([seed, row]))
        p, rivers = p[keep], np.tile(tells[row], (len(keep), 1))
        for k, since in enumerate(SINCE):
            sums = Sums.of(rises(z, rivers, p, np.full(len(p), since)), rain[row, p], weight, p)
            model.weights[row, k], said = sums.best(np.arange(width()))
            model.error[row, k] = squared_error(rain[row, p] - said, said, weight)
            model.dry[row, k] = dryness(rain[row, p], np.maximum(said, 0.0), weight)
    return model


def dryness(rain: Floats, said: Floats, weight: Floats) -> Floats:
    """(2) The amount up to which what is said is no rain, so that it is as often dry as the gauge; and the standard
    error then: half of a normal of that width has the mean of what fell all the same."""
    order = np.argsort(said, kind="stable")
    share = np.cumsum(weight[order]) / weight.sum()
    dry = float((weight * (rain < DRY_MM)).sum() / weight.sum())
    place = min(int(np.searchsorted(share, dry)), len(order) - 1)
    least = float(said[order[place]])
    under = said <= least
    fell = float((weight * rain)[under].sum() / max(weight[under].sum(), 1e-12))
    return np.array([least, max(HALF_NORMAL * fell, 1e-3)])
