"""Rows as compact columns, in order of their time, and the choice of those that a read may see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hydria_plugin import Flag

Array = NDArray[Any]
Micros = np.int64  # times are microseconds since 1970, UTC
NEVER = np.iinfo(np.int64).min  # what numpy reads as NaT

# What a row has where its file has no such column.
ABSENT: Mapping[str, Any] = {
    "flag": np.uint8(Flag.GOOD),
    "received_at": np.int64(NEVER),  # received when stamped
    "issued_at": np.int64(NEVER),  # an observation
    "member": np.int32(0),
}


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """N rows sorted by time; rows of one time stay in the order of the file. ``more`` holds the optional columns."""

    code: NDArray[np.int32]  # (N) which series
    time: NDArray[np.int64]  # (N)
    value: NDArray[np.float64]  # (N)
    more: Mapping[str, Array] = field(default_factory=dict)  # (N) each

    def __len__(self) -> int:
        return len(self.code)

    def column(self, name: str) -> Array:
        """An optional column, or what its absence means."""
        return self.more[name] if name in self.more else np.broadcast_to(ABSENT[name], len(self))

    def take(self, which: Any) -> Rows:
        return Rows(self.code[which], self.time[which], self.value[which], {k: a[which] for k, a in self.more.items()})

    def sorted(self) -> Rows:
        """By time, stable: the later row of the file stays the later one."""
        if len(self) < 2 or bool((self.time[1:] >= self.time[:-1]).all()):
            return self
        return self.take(np.argsort(self.time, kind="stable"))

    def between(self, after: int, until: int) -> Rows:
        """Rows with ``after`` < time <= ``until``: a view, found by bisection."""
        first, last = np.searchsorted(self.time, [after, until], side="right")
        return self.take(slice(first, max(first, last)))


EMPTY = Rows(np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0))


def joined(parts: Sequence[Rows]) -> Rows:
    """All rows, those of the first part first; not sorted."""
    parts = [p for p in parts if len(p)] or [EMPTY]
    if len(parts) == 1:
        return parts[0]
    names = sorted({name for p in parts for name in p.more})
    return Rows(
        np.concatenate([p.code for p in parts]),
        np.concatenate([p.time for p in parts]),
        np.concatenate([p.value for p in parts]),
        {name: np.concatenate([p.column(name) for p in parts]) for name in names},
    )


def appended(blocks: Sequence[Rows], new: Rows) -> list[Rows]:
    """``blocks`` with ``new`` behind them. Blocks of like size are merged, so that n appends cost O(n log n)."""
    grown = [*blocks, new]
    while len(grown) > 1 and 2 * len(grown[-1]) > len(grown[-2]):
        last = grown.pop()
        grown[-1] = joined([grown[-1], last]).sorted()
    return grown


def known(rows: Rows, issued_at: int, known_at: int) -> Rows:
    """Observations stamped by ``issued_at`` and forecasts issued by then, all received by ``known_at``."""
    issued = rows.column("issued_at")
    base = np.where(issued == NEVER, rows.time, issued)
    received = _received(rows, base)
    keep = (base <= issued_at) & (received <= known_at)
    return rows if bool(keep.all()) else rows.take(keep)


def versions(rows: Rows) -> Rows:
    """Of rows for the same series, time, issue and member the later row, and with it what was received before and said
    something else: as of any moment the last one received by then stands. Sorted by time, series, reception."""
    if len(rows) < 2 or _differ(rows):
        return rows
    keys: list[Array] = [rows.code, rows.time]
    keys = [*(rows.column(n) for n in ("member", "issued_at") if n in rows.more), *keys]
    received = _received(rows, rows.time)
    order = np.lexsort([received, *keys])
    order = order[np.append(~_as_before(order, [*keys, received]), True)]  # the later of those received together
    said = [np.nan_to_num(rows.value, nan=np.inf), rows.column("flag")]
    return rows.take(order[np.append(True, ~_as_before(order, [*keys, *said]))])


def _as_before(order: Array, columns: Sequence[Array]) -> Array:
    """(N - 1) which rows, but for the first, equal the one before in all columns."""
    same = np.ones(len(order) - 1, bool)
    for column in columns:
        same &= column[order][1:] == column[order][:-1]
    return same


def _received(rows: Rows, stamped: Array) -> Array:
    received = rows.column("received_at")
    return np.where(received == NEVER, stamped, received)


def _differ(rows: Rows) -> bool:
    """True when time and series rise strictly: no two rows can be the same."""
    later = rows.time[1:] > rows.time[:-1]
    return bool((later | ((rows.time[1:] == rows.time[:-1]) & (rows.code[1:] > rows.code[:-1]))).all())
