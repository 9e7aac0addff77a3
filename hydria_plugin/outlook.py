"""The host's own forecasts as far as they are known: by issue, dense over series, members and leads."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .values import Bools, Floats, Ints


@dataclass(slots=True)
class Issue:
    """What was issued at one step. Arrays grow when more of it arrives."""

    column: NDArray[np.int32]  # (N + 1) column of a series here, -1 where it has none
    series: NDArray[np.int64]  # C
    members: NDArray[np.int64]  # M, rising
    values: NDArray[np.float64]  # (C, M, L) lead 1 first

    @classmethod
    def empty(cls, n: int) -> Issue:
        none = np.empty(0, dtype=np.int64)
        return cls(np.full(n + 1, -1, dtype=np.int32), none, none, np.empty((0, 0, 0)))

    def put(self, series: Ints, members: Ints, leads: Ints, values: Floats) -> Bools:
        """Write the values; True where something changed."""
        self._grow(np.unique(series), np.unique(members), int(leads.max()))
        cell = self.column[series], np.searchsorted(self.members, members), leads - 1
        there = self.values[cell]
        changed = ~((there == values) | (np.isnan(there) & np.isnan(values)))
        self.values[cell] = values
        return np.asarray(changed)

    def _grow(self, series: Ints, members: Ints, leads: int) -> None:
        more = series[self.column[series] < 0].astype(np.int64)
        all_members = np.union1d(self.members, members).astype(np.int64)
        c, m, length = self.values.shape
        if len(more) == 0 and len(all_members) == m and leads <= length:
            return
        grown = np.full((c + len(more), len(all_members), max(leads, length)), np.nan)
        grown[:c, np.searchsorted(all_members, self.members), :length] = self.values
        self.column[more] = c + np.arange(len(more))
        self.series, self.members, self.values = np.append(self.series, more), all_members, grown

    def best(self, columns: Ints) -> Floats:
        """(K, L) the mean over the members that are there."""
        if len(self.members) == 1:
            return np.asarray(self.values[columns, 0])
        picked = self.values[columns]
        there = np.isfinite(picked).sum(axis=1)
        return np.where(there > 0, np.nansum(picked, axis=1) / np.maximum(there, 1), np.nan)

    def ensemble(self, series: Ints) -> list[int]:
        """The members of those series that have several."""
        if len(self.members) == 1:
            return []
        there = np.asarray(np.isfinite(self.values[self.column[series]]).any(axis=2))
        several = there[there.sum(axis=1) > 1]
        return [int(m) for m in self.members[several.any(axis=0)]]


@dataclass(slots=True)
class Outlook:
    """The newest issues of N series, as far back as a window may still ask."""

    n: int
    issues: dict[int, Issue] = field(default_factory=dict)  # step of issue -> what was issued
    settled: NDArray[np.int64] = field(init=False)  # (N) older issues of a series are of no use any more

    def __post_init__(self) -> None:
        self.settled = np.full(self.n, np.iinfo(np.int64).min)

    def put(self, issues: Ints, series: Ints, members: Ints, leads: Ints, values: Floats) -> Bools:
        """Write the values; True where something changed. What is settled already stays as it is."""
        changed = np.zeros(len(issues), dtype=bool)
        useful = issues >= self.settled[series]
        for issue in np.unique(issues[useful]):
            at = np.flatnonzero(useful & (issues == issue))
            held = self.issues.setdefault(int(issue), Issue.empty(self.n))
            changed[at] = held.put(series[at], members[at], leads[at], values[at])
        return changed

    def forget(self, before: int) -> None:
        """No window before the step ``before`` will be asked for: drop issues of which every series has a newer one
        that was there by then."""
        for issue in sorted((i for i in self.issues if i <= before), reverse=True):
            series = self.issues[issue].series
            if (self.settled[series] > issue).all():
                del self.issues[issue]
            self.settled[series] = np.maximum(self.settled[series], issue)

    def future(self, step: int, horizon: int, columns: Ints) -> NDArray[np.float64] | None:
        """(R, H, K) values of the ``columns`` (N = absent) at the steps after ``step``, from the newest issue of each
        not after it; NaN beyond what it reaches. Scenario 0 is the mean of the members, the others are the members, a
        series without members the same in all. None when nothing is known."""
        used = self._newest(step, columns)
        if not used:
            return None
        members = sorted({m for issue, places in used for m in self.issues[issue].ensemble(columns[places])})
        out = np.full((1 + len(members), horizon, len(columns)), np.nan)
        for issue, places in used:
            self._fill(out, members, issue, step - issue, places, columns[places])
        return out if np.isfinite(out).any() else None

    def _newest(self, step: int, columns: Ints) -> list[tuple[int, Ints]]:
        """Which issue serves which places of ``columns``."""
        todo = np.arange(len(columns))
        used: list[tuple[int, Ints]] = []
        for issue in sorted((i for i in self.issues if i <= step), reverse=True):
            mine = self.issues[issue].column[columns[todo]] >= 0
            if mine.any() and issue + self.issues[issue].values.shape[2] > step:
                used.append((issue, todo[mine]))
            todo = todo[~mine]
        return used

    def _fill(
        self, out: NDArray[np.float64], members: list[int], issue: int, age: int, places: Ints, columns: Ints
    ) -> None:
        held = self.issues[issue]
        mine = held.column[columns]
        leads = min(out.shape[1], held.values.shape[2] - age)
        if leads <= 0:
            return
        best = held.best(mine)[:, age : age + leads].T
        out[:, :leads, places] = best
        if len(out) == 1 or len(held.members) == 1:
            return
        for r, member in enumerate(members, start=1):
            at = np.flatnonzero(held.members == member)
            if len(at):
                own = held.values[mine, at[0], age : age + leads].T
                out[r][:leads, places] = np.where(np.isnan(own), best, own)
