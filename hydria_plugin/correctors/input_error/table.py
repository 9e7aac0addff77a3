"""A window by series: a gauge that feeds several stations stands here once, and is wrong everywhere alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hydria_plugin import Flag, Layout, Signal, Window
from hydria_plugin.values import Bools, Floats, Ints

from .draws import Keys, keys_of


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """N series. ``past`` and ``sigma`` are those of the best estimate; a value flagged FAIL is a gap, unless it was
    estimated in the place of the one that failed."""

    names: tuple[str, ...]  # N, sorted
    keys: Keys  # (N)
    rain: Bools  # (N)
    positive: Bools  # (N) what cannot be negative
    targets: Ints  # (S) where the stations' targets stand
    slots: Ints  # (S, V) where their slots stand; those of an absent slot at a series of gaps
    past: Floats  # (N, P)
    sigma: Floats  # (N, P)
    ahead: Floats  # (N, H) the best estimate of the horizon

    @classmethod
    def of(cls, window: Window) -> Table:
        a = window.layout
        s, v = a.series.shape
        every = np.concatenate([np.asarray(a.targets, dtype=object), a.series.astype(object).reshape(-1)]).astype(str)
        names, first, place = np.unique(every, return_index=True, return_inverse=True)
        targets, slots = place[:s], place[s:].reshape(s, v)
        rain, positive = kinds_of(a, targets, slots, len(names))
        told = usable(window.observed), usable(window.past)
        ahead = window.future.values[:, 0].transpose(0, 2, 1).reshape(s * v, a.horizon)
        of_targets = np.full((s, a.horizon), np.nan)
        return cls(
            tuple(names.tolist()), keys_of(names.tolist()), rain, positive, targets, slots,
            of_series(*told, first), of_series(window.observed.sigma, window.past.sigma, first),
            np.concatenate([of_targets, ahead])[first_slot(first, place, s)],
        )  # fmt: skip

    @property
    def wet(self) -> Bools:
        """(N) rain series on which it rains, or is said to."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.rain & ((self.past > 0).any(axis=1) | (self.ahead > 0).any(axis=1)))


def kinds_of(layout: Layout, targets: Ints, slots: Ints, count: int) -> tuple[Bools, Bools]:
    """(N) which series are rain, and (N) which cannot be negative: rain and discharge."""
    rain, positive = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
    for v, kind in enumerate(layout.kinds):
        there = slots[layout.present[:, v], v]
        rain[there] |= kind == "rain"
        positive[there] |= kind in ("rain", "discharge")
    positive[targets] |= np.array([q == "discharge" for q in layout.quantities], dtype=bool)
    return rain, positive


def usable(signal: Signal) -> Floats:
    return np.where((signal.flags == Flag.FAIL) & (np.asarray(signal.sigma) == 0), np.nan, signal.values)


def of_series(observed: Floats, past: Floats, first: Ints) -> Floats:
    """(N, P) of (S, R, P) and (S, R, P, V): the first station that has a series tells it."""
    s, _, p, v = past.shape
    return np.asarray(np.concatenate([observed[:, 0], past[:, 0].transpose(0, 2, 1).reshape(s * v, p)])[first])


def first_slot(first: Ints, place: Ints, stations: int) -> Ints:
    """(N) the first slot that holds a series, where one does, else the target's row: nothing is known ahead of it."""
    found = first.copy()
    slots = np.arange(stations, len(place))[::-1]
    found[place[slots]] = slots
    return np.asarray(found)
