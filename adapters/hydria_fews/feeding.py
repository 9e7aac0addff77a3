"""From series of PI to the table that a source gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hydria_plugin import Layout, Problem, Wanted
from hydria_plugin.exchange import factor, feed_table, unit_wanted

from .flags import flags_in
from .naming import Naming
from .pi_series import PiHeader, PiSeries

if TYPE_CHECKING:
    import pandas as pd

NEVER = np.datetime64("NaT", "us")
Issue = Callable[[PiSeries], NDArray[np.datetime64]]


def issued(series: PiSeries) -> NDArray[np.datetime64]:
    """(N) the issue time of each event, NaT for one that is no forecast. Of a series with forecastDate the events until
    then are none: a merged series is what was measured up to T0, a simulated one its best knowledge of the past."""
    own = series.header.issued_at.astype("datetime64[us]")
    return np.where(series.time <= own, NEVER, own)


def ahead_of(time0: np.datetime64) -> Issue:
    """What FEWS exports for a run: events after ``time0`` of a series without forecastDate are known at ``time0``, so
    they are a forecast of then."""

    def given(series: PiSeries) -> NDArray[np.datetime64]:
        if series.header.is_forecast:
            return issued(series)
        return np.where(series.time > time0, time0.astype("datetime64[us]"), NEVER)

    return given


def received(series: PiSeries) -> NDArray[np.datetime64]:
    """(N) the past that a forecast brings with it was known when it was issued, not before; NaT: when stamped."""
    own = series.header.issued_at.astype("datetime64[us]")
    return np.where(series.time <= own, own, NEVER)


def table_of(
    found: Iterable[PiSeries],
    wanted: Wanted,
    naming: Naming,
    layout: Layout | None = None,
    faults: Sequence[str] = (),
    issue: Issue = issued,
) -> pd.DataFrame:
    """The rows that were asked for, in the units they are wanted in; what cannot be used is a Problem."""
    problems = [Problem("source", None, fault) for fault in faults]
    asked, rows = set(wanted.series), _Rows()
    for one in found:
        name = naming.series(one.header)
        if name not in asked:
            continue
        try:
            times = in_unit(one.header.units, name, layout)
        except ValueError as error:
            problems.append(Problem("source", None, f"series {name!r} is not used: {error}"))
            continue
        part = within(one, wanted)
        rows.add(name, part, part.value * times, issue(part))
    return feed_table(*rows.columns(), **rows.more(), wanted=wanted, problems=problems)


def within(series: PiSeries, wanted: Wanted) -> PiSeries:
    """Its events that may be wanted: an archive holds years of them."""
    keep = (series.time > wanted.start - wanted.step) & (series.time <= max(wanted.issued_at, wanted.end))
    if keep.all():
        return series
    return PiSeries(series.header, series.time[keep], series.value[keep], series.flag[keep])


def in_unit(unit: str, series: str, layout: Layout | None) -> float:
    """The factor to the unit that ``series`` is wanted in; 1 where FEWS names none, or we want none in particular.
    Raises ValueError."""
    plain = "m" if unit.strip().lower().startswith("m + ") else unit.strip()  # m + MSL
    own = unit_wanted(layout, series)
    if plain in ("", "-"):
        return 1.0
    return factor(plain, own) if own else as_simulated(plain, series, layout)


def as_simulated(unit: str, series: str, layout: Layout | None) -> float:
    """A simulation of what a station forecasts is wanted in the station's unit; one of something else as it is."""
    if layout is None or series not in layout.series:
        return 1.0
    row, slot = (int(i[0]) for i in np.nonzero(layout.series == series))
    try:
        return factor(unit, layout.units[row]) if layout.kinds[slot] == "simulation" else 1.0
    except ValueError:
        return 1.0


class _Rows:
    def __init__(self) -> None:
        self.names: list[str] = []
        self.parts: list[tuple[NDArray[np.datetime64], NDArray[np.float64]]] = []
        self.flags: list[NDArray[np.int16]] = []  # of FEWS
        self.issues: list[NDArray[np.datetime64]] = []
        self.received: list[NDArray[np.datetime64]] = []
        self.members: list[NDArray[np.int32]] = []
        self.ids: dict[str, list[str]] = {}  # of members in words, by series

    def add(self, name: str, one: PiSeries, value: NDArray[np.float64], issue: NDArray[np.datetime64]) -> None:
        self.names.append(name)
        self.parts.append((one.time, value))
        self.flags.append(one.flag)
        self.issues.append(issue)
        self.received.append(received(one))
        self.members.append(np.where(np.isnat(issue), 0, self.number(name, one.header)).astype(np.int32))

    def number(self, name: str, header: PiHeader) -> int:
        """Of a member: its index, or its id where that is a number; ids in words are counted as they come. One without
        either is the same for all."""
        if header.member is not None or not header.member_id:
            return header.member or 0
        if header.member_id.isdecimal() and len(header.member_id) < 9:
            return int(header.member_id)
        known = self.ids.setdefault(name, [])
        if header.member_id not in known:
            known.append(header.member_id)
        return known.index(header.member_id)

    def columns(self) -> tuple[NDArray[np.object_], NDArray[np.datetime64], NDArray[np.float64]]:
        names = np.repeat(np.array(self.names, dtype=object), np.array([len(time) for time, _ in self.parts], int))
        times = np.concatenate([np.empty(0, "M8[ms]"), *(time for time, _ in self.parts)]).astype("M8[us]")
        return names, times, np.concatenate([np.empty(0), *(value for _, value in self.parts)])

    def more(self) -> dict[str, NDArray[np.generic]]:
        return {
            "flag": flags_in(np.concatenate([np.empty(0, np.int16), *self.flags])),
            "issued_at": np.concatenate([np.empty(0, "M8[us]"), *self.issues]),
            "received_at": np.concatenate([np.empty(0, "M8[us]"), *self.received]),
            "member": np.concatenate([np.empty(0, np.int32), *self.members]),
        }
