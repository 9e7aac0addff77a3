"""Every series of a pipeline once, time first: gathered from windows or a record, and verdicts scattered back.

One gauge may feed several stations: it is judged once, so that it gets the same verdict everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from hydria_plugin import Layout
from hydria_plugin.values import Bools, Floats, Ints

STATES = ("level", "discharge")
NOT_TESTED = -1
BLOCK = 400  # stations


@dataclass(frozen=True, eq=False)
class Feeds:
    """The N tested series of a layout (rain, levels, discharges), and who stands beside whom."""

    names: tuple[str, ...]  # N
    kinds: tuple[str, ...]  # N
    row: Ints  # (N) a station that has it
    column: Ints  # (N) 0 its target, 1 + v its slot v
    member: Ints  # (S, 1 + V) index of each place's series, NOT_TESTED where there is none to test

    @classmethod
    def of(cls, layout: Layout) -> Self:
        s, v = layout.series.shape
        names = np.concatenate(
            [np.asarray(layout.targets, dtype=object)[:, None], layout.series.astype(object)], axis=1
        )
        kinds = np.asarray([*layout.quantities, *layout.kinds], dtype=object)
        kind = np.concatenate([kinds[:s, None], np.broadcast_to(kinds[None, s:], (s, v))], axis=1)
        tested = (names != "") & np.isin(kind.astype(str), ("rain", *STATES))
        places = np.flatnonzero(tested.reshape(-1))
        found, first, which = np.unique(names.reshape(-1)[places].astype(str), return_index=True, return_inverse=True)
        member = np.full(names.size, NOT_TESTED)
        member[places] = which
        at = places[first]
        return cls(
            tuple(found.tolist()),
            tuple(kind.reshape(-1)[at].tolist()),
            at // (v + 1),
            at % (v + 1),
            member.reshape(s, v + 1),
        )

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def is_rain(self) -> Bools:
        """(N)"""
        return np.asarray([kind == "rain" for kind in self.kinds], dtype=bool)

    @cached_property
    def names_and_kinds(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """(N) twice."""
        return np.asarray(self.names, dtype=object), np.asarray(self.kinds, dtype=object)

    @cached_property
    def pairs(self) -> tuple[Ints, Ints]:
        """Every place of every series, series by series: (M) place, as numbered in ``member``, and (N + 1) where each
        series begins."""
        place = np.flatnonzero(self.member.reshape(-1) != NOT_TESTED)
        series = self.member.reshape(-1)[place]
        order = np.argsort(series, kind="stable")
        return place[order], np.searchsorted(series[order], np.arange(len(self) + 1))

    def places_of(self, which: Ints) -> tuple[Ints, Ints, Ints]:
        """Of all places of the series ``which`` (K): station, column, and which of the K it is."""
        place, begins = self.pairs
        many = begins[which + 1] - begins[which]
        of = np.repeat(np.arange(len(which)), many)
        at = place[np.repeat(begins[which] - (np.cumsum(many) - many), many) + np.arange(len(of))]
        return at // self.member.shape[1], at % self.member.shape[1], of

    @cached_property
    def blocks(self) -> list[tuple[Feeds, Ints, Bools]]:
        """Parts small enough for a processor's cache: the feeds of some stations, the places of its series (K), and (K)
        which of them are judged there: each series in one block, with all of its stations."""
        found: list[tuple[Feeds, Ints, Bools]] = []
        for first in range(0, len(self.member), BLOCK):
            mine = np.flatnonzero((self.row >= first) & (self.row < first + BLOCK))
            if len(mine):
                near, there = around(self, mine)
                found.append((near, there, np.isin(there, mine)))
        return found

    def gathered(self, target: NDArray[Any], inputs: NDArray[Any]) -> NDArray[Any]:
        """(T, N) of a target's array (S, T) and the inputs' (S, T, V)."""
        own, slot = self.targets_and_slots
        out = np.empty((target.shape[1], len(self)), dtype=target.dtype)
        out[:, own] = target.T[:, self.row[own]]
        out[:, slot] = inputs.transpose(1, 0, 2)[:, self.row[slot], self.column[slot] - 1]
        return out

    @cached_property
    def targets_and_slots(self) -> tuple[Ints, Ints]:
        """Which of the N are targets, and which are slots."""
        return np.flatnonzero(self.column == 0), np.flatnonzero(self.column > 0)

    def at_stations(self, values: NDArray[Any], nothing: object, which: Bools) -> list[NDArray[Any]]:
        """Per place c (1 + V of them), (T, S) the values (T, N) of the series there that are in ``which`` (N);
        ``nothing`` elsewhere. Places without any are left out."""
        use, found = np.append(which, False), []
        for place in self.member.T:
            there = use[place]  # NOT_TESTED is the last of them
            if there.any():
                column = columns(values, np.where(there, place, 0))
                column[:, ~there] = nothing
                found.append(column)
        return found

    def of_series(self, at_station: NDArray[Any], reduce: np.ufunc, which: Ints) -> NDArray[Any]:
        """(T, K) for the series ``which``: what holds at their stations (T, S), reduced where they have several."""
        place, begins = self.pairs
        if len(place) == len(self):
            return columns(at_station, place[begins[which]] // self.member.shape[1])
        station, _, of = self.places_of(which)
        first = np.searchsorted(of, np.arange(len(which)))
        return np.asarray(reduce.reduceat(columns(at_station, station), first, axis=1))


def around(feeds: Feeds, which: Ints) -> tuple[Feeds, Ints]:
    """The feeds of the stations that have a series of ``which``, and the places of its series among those of ``feeds``.
    Of ``which`` all stations are there; of the others perhaps not: only verdicts on ``which`` count."""
    chosen = np.zeros(len(feeds) + 1, dtype=bool)
    chosen[which] = True
    member = np.where(feeds.member == NOT_TESTED, len(feeds), feeds.member)
    rows = chosen[member].any(axis=1)
    shown = np.zeros(len(feeds) + 1, dtype=bool)
    shown[member[rows]] = True
    there = np.flatnonzero(shown[:-1])
    place = np.full(len(feeds) + 1, NOT_TESTED)
    place[there] = np.arange(len(there))
    names, kinds = (tuple(told[there]) for told in feeds.names_and_kinds)
    return Feeds(names, kinds, feeds.row[there], feeds.column[there], place[member[rows]]), there


def columns(values: NDArray[Any], which: Ints) -> NDArray[Any]:
    """(T, K) of (T, N), step after step in memory; ``values[:, which]`` would lie series after series, and all that is
    made of both is slow."""
    return np.take(values, which, axis=1)


def shifted(values: Floats, by: int) -> Floats:
    """(T, N) the values ``by`` steps ago; NaN before the first."""
    out = np.empty_like(values)
    out[:by], out[by:] = np.nan, values[: max(len(values) - by, 0)]
    return out


def last_sum(values: Floats, steps: int) -> Floats:
    """(T, N) the sum over the last ``steps`` steps, as far as there are any."""
    sums = np.cumsum(values, axis=0)
    out = np.empty_like(sums)
    out[:steps] = sums[:steps]
    np.subtract(sums[steps:], sums[: max(len(sums) - steps, 0)], out=out[steps:])
    return out


def within(flags: Bools, steps: int) -> Bools:
    """(T, N) whether it was so at one of the last ``steps`` steps."""
    out, seen = np.array(flags), 1
    while seen < min(steps, len(out)):  # of twice as many every time
        by = min(seen, steps - seen)
        out[by:] |= out[:-by]
        seen += by
    return out


def throughout(flags: Bools, steps: int) -> Bools:
    """(T, N) whether it was so at all of the last ``steps`` steps; False before there are as many."""
    out = ~within(~flags, steps)
    out[: steps - 1] = False
    return out
