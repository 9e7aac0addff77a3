"""What a query gave to the columns of a feed: numbers, flags, units; what cannot be used is told, a sentence a kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hydria_plugin import Flag, Layout, Problem
from hydria_plugin.exchange import factor, unit_wanted

from .times import Times

ABSURD = 1e15  # no gauge measures this
SHOWN = 60
KNOWN = {str(int(f)): int(f) for f in Flag} | {f.name.lower(): int(f) for f in Flag}
FLAG_NAMES = "good, unknown, suspect, fail, missing"
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the admin said of values: ``flags`` the host's word = ours, ``units`` kind or series = the host's unit,
    ``scale`` series = factor, ``missing`` numbers that mean "no value", ``names`` host's name = series."""

    flags: Mapping[str, str | int] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    scale: Mapping[str, float] = field(default_factory=dict)
    missing: Sequence[float] = ()
    names: Mapping[str, str] = field(default_factory=dict)

    def faults(self) -> list[str]:
        for name in ("flags", "units", "scale", "names"):
            if not isinstance(getattr(self, name), Mapping):
                return [f"{name} = {getattr(self, name)!r} must be a table"]
        found = [
            f"flags.{word} = {flag!r} must be one of {FLAG_NAMES}"
            for word, flag in self.flags.items()
            if str(flag).lower() not in KNOWN
        ]
        found += [
            f"scale.{s} = {f!r} must be a number other than 0" for s, f in self.scale.items() if not _is_factor(f)
        ]
        found += [f"names.{n} = {s!r} must be the id of a series" for n, s in self.names.items() if not _is_text(s)]
        found += [f"missing: {m!r} must be a number" for m in self.missing if not isinstance(m, int | float)]
        if len(set(self.names.values())) < len(self.names):
            found.append("names: two names of the host stand for the same series")
        return found

    def host_names(self, series: Sequence[str]) -> list[str]:
        """What the host calls them."""
        theirs = {ours: name for name, ours in self.names.items()}
        return [theirs.get(s, s) for s in series]


@dataclass(slots=True)
class Reader:
    """Turns one answer into columns, and gathers what could not be used."""

    meaning: Meaning
    times: Times
    layout: Layout | None
    place: str
    problems: list[Problem] = field(default_factory=list)

    def columns(self, cells: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
        """``cells``: series, time, value and what else there is; gives the arguments of ``feed_table``."""
        series = [self.meaning.names.get(str(s), str(s)) for s in cells["series"]]
        value, good = self._values(cells["value"])
        value, known = self._in_our_units(value, series, cells.get("unit"))
        good &= known
        made: dict[str, Any] = {"series": series, "value": value}
        for name in ("time", "received_at", "issued_at"):
            if name in cells:
                made[name], bad, twice = self.times.read(cells[name])
                self._tell(bad, cells[name], f"{name} {{}} is no time; the row is not used")
                text = f"{name} {{}} comes twice, as clocks were turned back: the first is taken"
                self._tell(twice, cells[name], text)
                good &= ~bad
        if "member" in cells:
            made["member"], bad = _members(cells["member"])
            self._tell(bad, cells["member"], "member {} is no whole number; the row is not used")
            good &= ~bad
        if "flag" in cells:
            made["flag"] = self._flags(cells["flag"])
        if np.isnan(value).any():
            given = made.get("flag", np.full(len(value), int(Flag.GOOD), np.uint8))
            made["flag"] = np.where(np.isnan(value), np.uint8(Flag.MISSING), given)
        if good.all():
            return made
        made["series"] = np.asarray(series, dtype=object)
        return {name: column[good] for name, column in made.items()}

    def _values(self, cells: Sequence[Any]) -> tuple[NDArray[np.float64], Bools]:
        """Numbers; NULL, NaN and the admin's sentinels are "no value", which withdraws one that was there."""
        try:
            values = np.array(cells, dtype=float)
        except (TypeError, ValueError, OverflowError):
            values = np.array([_number(cell) for cell in cells], float)
        unread = np.isnan(values) & np.array([c is not None and not _is_nan(c) for c in cells], bool)
        self._tell(unread, cells, "value {} is no number; the row is not used")
        absurd = ~unread & (np.abs(values) >= ABSURD)
        self._tell(absurd, cells, "value {} cannot be a measurement; the row is not used")
        if len(self.meaning.missing):
            values = np.where(np.isin(values, np.asarray(self.meaning.missing, float)), np.nan, values)
        return values, ~unread & ~absurd

    def _in_our_units(
        self, values: NDArray[np.float64], series: Sequence[str], units: Sequence[Any] | None
    ) -> tuple[NDArray[np.float64], Bools]:
        names, place = np.unique(np.asarray(series, dtype=object), return_inverse=True)
        if units is None:
            factors = np.array([self._factor(s, "") for s in names], float)[place] if len(names) else np.empty(0)
        else:
            each = list(zip(series, ("" if u is None else str(u) for u in units), strict=True))
            pairs = {pair: self._factor(*pair) for pair in set(each)}
            factors = np.array([pairs[pair] for pair in each], float)
        return values * factors, ~np.isnan(factors)

    def _factor(self, series: str, unit: str) -> float:
        """To the unit in which ``series`` is wanted; NaN, and a Problem, where the host's unit cannot be that."""
        if series in self.meaning.scale:
            return float(self.meaning.scale[series])
        wanted, told = unit_wanted(self.layout, series), unit or self._told_unit(series)
        if not wanted or not told:
            return 1.0
        try:
            return factor(told, wanted)
        except ValueError as error:
            self._say(f"series {series!r}: {error}; its values are not used")
            return float("nan")

    def _told_unit(self, series: str) -> str:
        return self.meaning.units.get(series) or self.meaning.units.get(kind_of(self.layout, series), "")

    def _flags(self, cells: Sequence[Any]) -> NDArray[np.uint8]:
        """NULL is good; a word that nobody explained is unknown, and told."""
        words = {str(w).lower(): KNOWN[str(f).lower()] for w, f in self.meaning.flags.items()}
        said = ["" if cell is None else str(cell).strip().lower() for cell in cells]
        known = {word: words.get(word, KNOWN.get(word, -1)) for word in set(said)} | {"": int(Flag.GOOD)}
        found = np.array([known[word] for word in said], np.int16)
        self._tell(found < 0, cells, "flag {} is not in `flags`; it counts as unknown")
        return np.where(found < 0, int(Flag.UNKNOWN), found).astype(np.uint8)

    def _tell(self, bad: Bools, cells: Sequence[Any], text: str) -> None:
        if not bad.any():
            return
        first, count = int(np.flatnonzero(bad)[0]), int(bad.sum())
        shown = str(cells[first])
        quoted = repr(shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}...")
        more = f" (and {count - 1} more like it)" if count > 1 else ""
        self._say(text.format(quoted) + more)

    def _say(self, text: str) -> None:
        self.problems.append(Problem("source", None, f"{self.place}: {text}"))


def kind_of(layout: Layout | None, series: str) -> str:
    """level, discharge, rain ... of a series; "" where nobody knows."""
    if layout is None:
        return ""
    if series in layout.targets:
        return layout.quantities[layout.targets.index(series)]
    return next((k for k, column in zip(layout.kinds, layout.series.T, strict=True) if series in column), "")


def _members(cells: Sequence[Any]) -> tuple[NDArray[np.int32], Bools]:
    numbers = np.array([0.0 if c is None else _number(c) for c in cells], float)
    good = np.isfinite(numbers) & (numbers == np.round(numbers)) & (np.abs(numbers) < 2**31)
    return np.where(good, numbers, 0).astype(np.int32), ~good


def _number(cell: Any) -> float:
    try:
        return float("nan") if cell is None else float(cell)
    except (TypeError, ValueError, OverflowError):
        return float("nan")


def _is_nan(cell: Any) -> bool:
    return str(cell).strip().lower() in ("nan", "-nan", "")


def _is_factor(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value != 0 and isfinite(value)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""
