"""What the replay showed: when each threshold was announced, when it was really crossed, and what the gauges did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..values import NOT_A_TIME, Bulletin, Floats, Reason
from .platform import Case


@dataclass(frozen=True)
class Warned:
    """One threshold of one station: announced and crossed, each NaT for never."""

    station: str
    rank: int
    limit: float
    announced_at: np.datetime64
    crossed_at: np.datetime64

    @property
    def gained(self) -> np.timedelta64:
        """How early; negative = late, NaT = not announced, or not crossed."""
        return self.crossed_at - self.announced_at


def warned(case: Case, bulletins: Sequence[Bulletin], names: Sequence[str]) -> tuple[Warned, ...]:
    """Every threshold, by ``names`` in rising order, that was announced or crossed during the replay."""
    found = [
        Warned(
            site.station,
            rank,
            limit,
            announced(bulletins, site.station, names[rank:]),
            crossed(case, site.station, limit),
        )
        for site in case.sites
        for rank, limit in enumerate(site.limits)
    ]
    return tuple(w for w in found if not (np.isnat(w.announced_at) and np.isnat(w.crossed_at)))


def announced(bulletins: Sequence[Bulletin], station: str, names: Sequence[str]) -> np.datetime64:
    """Issue time of the first news that raises one of ``names``."""
    up = (Reason.FIRST, Reason.HIGHER)
    told = [
        b.issued_at
        for b in bulletins
        for a in b.alerts
        if a.station == station and a.threshold in names and a.reason in up
    ]
    return min(told, default=NOT_A_TIME)


def crossed(case: Case, station: str, limit: float) -> np.datetime64:
    """First step of the replay at which the river was at or above the limit, having been below."""
    flood = slice(case.first, case.last + 1)
    above = case.truth[station][flood] >= limit
    if not above.any() or above[0]:
        return NOT_A_TIME
    time: np.datetime64 = case.times[flood][above.argmax()]
    return time


@dataclass(frozen=True)
class Silence:
    """A series without values, or with late ones, during the replay."""

    series: str
    first: np.datetime64
    last: np.datetime64
    late_minutes: int = 0  # 0: never arrived


def silences(case: Case) -> tuple[Silence, ...]:
    flood = slice(case.first, case.last + 1)
    gaps = [
        Silence(name, case.times[case.first + a], case.times[case.first + b])
        for name, values in case.series.items()
        for a, b in runs(np.isnan(values[flood]))
    ]
    late = [Silence(x.series, case.times[x.first], case.times[x.last], x.minutes) for x in case.late]
    return (*gaps, *late)


def runs(missing: Floats) -> list[tuple[int, int]]:
    """First and last place of every run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], missing, [False]]).astype(int)))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]
