"""What is to be drawn of one station: its numbers, taken out of the bulletin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..standing import Thresholds
from ..values import Alert, Bools, Bulletin, Floats, Times

Series = tuple[Times, Floats]
EMPTY: Series = (np.empty(0, "datetime64[s]"), np.empty(0))
PAST_TO_FUTURE = 3  # of what was, at most this many times as much is drawn as of what will be
BEYOND = 1e300  # no scale reaches so far; NaN is not below it either
FAR = 1.5  # a threshold this many times the drawn range above all values is left out, unless it is the next one


@dataclass(frozen=True, eq=False)
class Scene:
    """One station of one bulletin."""

    station: str
    name: str
    quantity: str
    unit: str
    issued_at: np.datetime64
    step: np.timedelta64
    made_by: str
    rung: int
    observed: Series
    estimated: Bools  # where ``observed`` was filled in
    valid: Times  # (H)
    quantiles: tuple[float, ...]
    values: Floats  # (H, Q); NaN throughout = no forecast
    limits: tuple[tuple[str, int, float], ...]  # name, rank, limit; rising
    rain: Series
    truth: Series
    alert: Alert | None
    doubt: str = ""  # where it comes from, a sentence

    @classmethod
    def of(cls, bulletin: Bulletin, station: str, thresholds: Thresholds | None, rain: Series, truth: Series) -> Scene:
        a, f = bulletin.layout, bulletin.forecast
        if station not in a.stations:
            raise ValueError(f"station {station!r} is not in the bulletin; there are {', '.join(a.stations[:20])}")
        row = a.stations.index(station)
        observed, estimated = _observed(bulletin, row)
        first = bulletin.issued_at - a.step * (len(observed) - 1)
        return cls(
            station=station,
            name=a.names[row] if a.names else station,
            quantity=a.quantities[row],
            unit=a.units[row],
            issued_at=bulletin.issued_at,
            step=a.step,
            made_by=f.made_by[row],
            rung=int(f.rung[row]),
            observed=(bulletin.issued_at - a.step * np.arange(len(observed) - 1, -1, -1), observed),
            estimated=estimated,
            valid=f.valid_times(),
            quantiles=f.quantiles,
            values=np.asarray(f.values[row], dtype=float),
            limits=_limits(thresholds, row),
            rain=rain,
            truth=_in_order(truth, first),
            alert=next((alert for alert in bulletin.alerts if alert.station == station), None),
        )

    @property
    def there(self) -> bool:
        return bool(np.isfinite(self.values).all())

    @property
    def median(self) -> Floats:
        return np.asarray(self.values[:, self.quantiles.index(0.5)])

    @property
    def last(self) -> tuple[np.datetime64, float] | None:
        """The newest observation."""
        known = np.flatnonzero(np.isfinite(self.observed[1]))
        return (self.observed[0][known[-1]], float(self.observed[1][known[-1]])) if len(known) else None

    @property
    def bands(self) -> list[tuple[int, int]]:
        """Pairs of quantiles around the median, widest first."""
        q = self.quantiles
        return [(i, q.index(round(1 - p, 6))) for i, p in enumerate(q) if p < 0.5 and round(1 - p, 6) in q]

    @property
    def span(self) -> tuple[np.datetime64, np.datetime64]:
        ends = [self.valid[-1], *(t[-1] for t in (self.truth[0],) if len(t))]
        return self.observed[0][0], max(ends)

    def reach(self) -> tuple[float, float]:
        """The lowest and highest value to be seen, with the thresholds that are within reach."""
        drawn = np.concatenate([self.observed[1], self.values.ravel(), self.truth[1]])
        drawn = drawn[np.abs(drawn) < BEYOND]
        low, high = (float(drawn.min()), float(drawn.max())) if len(drawn) else (0.0, 1.0)
        limits = [limit for _, _, limit in self.limits]
        above = [limit for limit in limits if limit > high]
        wanted = [x for x in above[1:] if x < high + FAR * (high - low)]
        return low, max([high, *above[:1], *wanted])


def _in_order(series: Series, first: np.datetime64) -> Series:
    """By time, from the beginning of the picture on."""
    order = np.argsort(series[0], kind="stable")
    order = order[series[0][order] >= first]
    return series[0][order], series[1][order]


def _observed(bulletin: Bulletin, row: int) -> tuple[Floats, Bools]:
    """The target's past, and where it was estimated."""
    shown = 1 + PAST_TO_FUTURE * bulletin.layout.horizon
    if bulletin.window is None:
        past = np.asarray(bulletin.summary.observed[row, -shown:], dtype=float)
        if bulletin.summary.completed is None:
            return past, np.zeros(len(past), dtype=bool)
        filled = np.asarray(bulletin.summary.completed[row, -shown:], dtype=float)
        return np.where(np.isfinite(filled), filled, past), np.isfinite(filled)
    signal = bulletin.window.observed
    return np.asarray(signal.values[row, 0, -shown:], dtype=float), np.asarray(signal.sigma[row, 0, -shown:] > 0)


def _limits(thresholds: Thresholds | None, row: int) -> tuple[tuple[str, int, float], ...]:
    if thresholds is None:
        return ()
    limits = enumerate(zip(thresholds.names, thresholds.limits[row], strict=True))
    return tuple((name, rank, float(limit)) for rank, (name, limit) in limits if np.isfinite(limit))
