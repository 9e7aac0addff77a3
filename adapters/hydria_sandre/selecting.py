"""Which rows are a wanted series', and what they are multiplied with.

A series has one basis: totals over 10 and over 60 minutes, or levels above the gauge's zero and above the sea, are not
mixed, whatever the template says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hydria_plugin import Layout

from .form import Form
from .rows import Rows, Stream

GAUGE_ZERO = 31  # nomenclature 76: relative to the gauge's own zero


@dataclass(frozen=True, slots=True)
class Choice:
    """K streams: which are used, as what, times what."""

    used: NDArray[np.bool_]
    names: NDArray[Any]  # (K) object
    factors: NDArray[np.float64]
    said: tuple[str, ...]

    def of(self, rows: Rows) -> tuple[Rows, tuple[str, ...]]:
        """The rows that are used, and what there is to say about the others."""
        return (rows.where(self.used[rows.stream]) if len(rows) else rows), self.said


def chosen(streams: Mapping[Stream, int], wanted: Sequence[str], form: Form, layout: Layout | None) -> Choice:
    """Of all streams, those of the series ``wanted``."""
    asked, said = set(wanted), list[str]()
    names = [form.series_id(stream) for stream in streams]
    used, factors = np.array([name in asked for name in names], dtype=bool), np.ones(len(names))
    groups: dict[str, list[int]] = {}
    for at, stream in enumerate(streams):
        if used[at]:
            groups.setdefault(names[at], []).append(at)
            try:
                factors[at] = form.factor(stream, layout)
            except ValueError as error:
                used[at] = False
                said.append(f"{names[at]!r} is not used: {error}")
    every = list(streams)
    for name, members in groups.items():
        said += one_basis(name, members, every, used)
    return Choice(used, np.array(names, dtype=object), factors, tuple(said))


def one_basis(name: str, members: Sequence[int], streams: Sequence[Stream], used: NDArray[np.bool_]) -> list[str]:
    """Leave the streams of one basis in ``used``; those that say none go with any."""
    bases = sorted({streams[at].basis for at in members} - {0})
    if len(bases) < 2:
        return []
    level = streams[members[0]].quantity == "H"
    kept = GAUGE_ZERO if level and GAUGE_ZERO in bases else bases[0]
    for at in members:
        if streams[at].basis not in (0, kept):
            used[at] = False
    what = "levels in the altimetric systems" if level else "totals over minutes"
    listed = ", ".join(map(str, bases))
    return [f"{name!r} holds {what} {listed}: only those of {kept} are used; {{base}} in `series` tells them apart"]
