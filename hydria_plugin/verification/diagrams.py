"""Reliability diagrams and rank histograms: is what was given a chance of 10 % seen in one case of ten?

Levels come in ticks: truth may equal quantiles. A reliable forecast's level then lies between the share of truth below
its quantile and that not above it; the shares here count half of the equal ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..values import Floats, Ints
from .backtest import Backtest
from .regimes import some_leads

POOLED = ""  # the station of what was drawn from all of them
WEEK = np.timedelta64(7 * 86400, "s")
BLOCKS = 20  # at least, where the span is shorter than as many weeks
FEWEST = 8  # blocks for bars: below, they would be too short
DRAWS = 500


@dataclass(frozen=True, eq=False)
class Diagram:
    """One station, or all (``POOLED``), at one lead. Shares are of the pairs; NaN without any."""

    station: str
    lead: int
    levels: Floats  # (Q)
    pairs: int
    share: Floats  # (Q) of the truth below the quantile, half of what equals it included
    ticks: Floats  # (Q) of the truth that equals the quantile
    low: Floats  # (Q) 5 % bound of the share of a reliable forecast; NaN with too few blocks
    high: Floats  # (Q) 95 %
    ranks: Floats  # (Q + 1) of the truth below the first quantile, between the first and second, ...
    index: float  # 1 - 2 mean |share - level|, after Renard et al. (2010); 1 = reliable

    @property
    def widths(self) -> Floats:
        """(Q + 1) what the ranks of a reliable forecast are."""
        return np.diff(self.levels, prepend=0.0, append=1.0)


def diagrams(
    result: Backtest, leads: Sequence[int] | None = None, rng: np.random.Generator | None = None
) -> tuple[Diagram, ...]:
    """All stations as one, then each, at ``leads`` (some of the horizon by default). With one station only that."""
    seed, stations = int((rng or np.random.default_rng(0)).integers(2**32)), result.layout.stations
    each = tuple(range(len(stations)))
    groups: dict[str, tuple[int, ...]] = {POOLED: each} if len(each) > 1 else {}
    groups |= {station: (s,) for s, station in enumerate(stations)}
    shown = some_leads(result.layout.horizon) if leads is None else leads
    return tuple(
        diagram(result, name, rows, lead, np.random.default_rng(seed))
        for name, rows in groups.items()
        for lead in shown
    )


def diagram(result: Backtest, name: str, rows: Sequence[int], lead: int, rng: np.random.Generator) -> Diagram:
    """Of the stations ``rows`` at one lead."""
    levels = np.asarray(result.layout.quantiles)
    truth = result.truth[:, rows, lead - 1].astype(np.float32).ravel()  # (N * rows)
    quantiles = result.values[:, rows, lead - 1].astype(np.float32).reshape(len(truth), -1)
    blocks = np.repeat(blocks_of(result), len(rows))
    kept = np.isfinite(truth) & np.isfinite(quantiles).all(axis=1)
    truth, quantiles, blocks = truth[kept], quantiles[kept], blocks[kept]
    if not len(truth):
        gone, ranks = np.full(len(levels), np.nan), np.full(len(levels) + 1, np.nan)
        return Diagram(name, lead, levels, 0, gone, gone, gone, gone, ranks, float("nan"))
    below, equal = truth[:, None] > quantiles, truth[:, None] == quantiles  # the quantile is below the truth
    under = 1.0 - below - 0.5 * equal  # (N, Q)
    share = under.mean(axis=0)
    low, high = consistency(under - share, blocks, rng)
    index = 1 - 2 * float(np.abs(share - levels).mean())
    ranks = ranks_of(below, equal, levels)
    return Diagram(name, lead, levels, len(truth), share, equal.mean(axis=0), levels + low, levels + high, ranks, index)


def blocks_of(result: Backtest) -> Ints:
    """(N) weeks, of a short record parts of its span, none shorter than two horizons: errors hang together."""
    step, horizon = result.layout.step, result.layout.horizon
    since = result.issued_at - result.issued_at[0]
    length = max(min(WEEK, (since[-1] + step) // BLOCKS), 2 * horizon * step)
    return np.asarray(since // length, dtype=int)


def consistency(centred: Floats, blocks: Ints, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """5 and 95 % of the mean of ``centred`` (N, Q) when whole blocks are drawn with replacement: by how much shares
    differ from their level by chance (after Broecker and Smith 2007, who draw pairs). NaN with few blocks."""
    names, place = np.unique(blocks, return_inverse=True)
    nothing = np.full(centred.shape[1], np.nan)
    if len(names) < FEWEST:
        return nothing, nothing
    sums = np.zeros((len(names), centred.shape[1]))
    np.add.at(sums, place, centred)
    drawn = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=DRAWS)  # (draws, blocks)
    means = (drawn @ sums) / (drawn @ np.bincount(place))[:, None]
    low, high = np.quantile(means, [0.05, 0.95], axis=0)
    return np.asarray(low), np.asarray(high)


def ranks_of(below: np.ndarray, equal: np.ndarray, levels: Floats) -> Floats:
    """(Q + 1) shares of the truth between the quantiles. Truth that equals one is half on either side of it, truth
    that equals several lies between their levels, by the levels' distances."""
    first = below.sum(axis=1)  # quantiles below the truth: its bin where it equals none
    ties = equal.sum(axis=1)
    found = np.bincount(first[ties == 0], minlength=len(levels) + 1).astype(float)
    for bin_, many, count in tied(first, ties):
        if many == 1:
            found[bin_ : bin_ + 2] += count / 2
        else:
            inside = np.diff(levels[bin_ : bin_ + many])
            found[bin_ + 1 : bin_ + many] += count * inside / inside.sum()
    return np.asarray(found / len(first))


def tied(first: Ints, ties: Ints) -> Iterator[tuple[int, int, int]]:
    """(quantiles below, quantiles equal, how many such truths)."""
    pairs, counts = np.unique(np.stack([first, ties], axis=1)[ties > 0], axis=0, return_counts=True)
    for (bin_, many), count in zip(pairs.tolist(), counts.tolist(), strict=True):
        yield bin_, many, count
