"""Who can speak for whom: the series of a layout, and where a fitted model knows them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hydria_plugin.values import Bools, Ints

from .series import ABSENT, Series

GAUGES = 6  # rain gauges at most that a river is told of
RIVERS = ("level", "discharge")


@dataclass(frozen=True, slots=True, eq=False)
class Web:
    """B series that are shown together; indices point into them, ABSENT = none."""

    rows: Ints  # (B) where the model knows each, ABSENT = it does not
    near: Ints  # (B, K) gauges nearby, of rain
    rivers: Ints  # (B, J) up- and downstream, of rivers
    tells: Ints  # (B, 3) the rivers that tell of rain
    rain: Ints  # (B, G) the rain gauges of the basin
    is_rain: Bools  # (B)
    filled: Bools  # (B) a host's simulation is never filled

    def tiled(self, times: int) -> Web:
        """The same series over again, each copy speaking with its own only."""
        b = len(self.rows)

        def again(index: Ints) -> Ints:
            shift = np.arange(times).reshape((times,) + (1,) * index.ndim) * b
            moved = np.where(index[None] == ABSENT, ABSENT, index[None] + shift)
            return np.asarray(moved.reshape(-1, *index.shape[1:]))

        rows, is_rain, filled = np.tile(self.rows, times), np.tile(self.is_rain, times), np.tile(self.filled, times)
        near, rivers, tells, rain = (again(a) for a in (self.near, self.rivers, self.tells, self.rain))
        return Web(rows, near, rivers, tells, rain, is_rain, filled)


def gauges_of(series: Series) -> Ints:
    """(N, G) the rain gauges of each series' first station, itself left out."""
    places, kinds = series.places, np.asarray([*series.kinds, ""])
    slots = places[:, 1:]
    rain = np.where(kinds[slots] == "rain", slots, ABSENT)
    rain = np.take_along_axis(rain, np.argsort(rain == ABSENT, axis=1, kind="stable"), axis=1)[:, :GAUGES]
    mine = rain[series.home]
    own = mine == np.arange(len(mine))[:, None]
    return np.asarray(np.where(own, ABSENT, mine))


def rivers_of(series: Series) -> list[list[int]]:
    """For each series the rivers that some station shows beside it."""
    beside: list[dict[int, None]] = [{} for _ in series.names]
    for row in series.places.tolist():
        mine = [n for n in dict.fromkeys(row) if n != ABSENT and series.kinds[n] in RIVERS]
        for n in mine:
            beside[n].update(dict.fromkeys(m for m in mine if m != n))
    return [list(found) for found in beside]


def telling(series: Series, count: int) -> Ints:
    """(N, count) the rivers of the first station of each series: its target first."""
    kinds = np.asarray([*series.kinds, ""])
    rivers = np.where(np.isin(kinds[series.places], RIVERS), series.places, ABSENT)
    rivers = np.take_along_axis(rivers, np.argsort(rivers == ABSENT, axis=1, kind="stable"), axis=1)[:, :count]
    wide = np.full((len(rivers), count), ABSENT, dtype=np.int64)
    wide[:, : rivers.shape[1]] = rivers
    return np.asarray(wide[series.home])
