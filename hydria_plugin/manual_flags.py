"""What people say of values: flags per series and period, with reason and author, in one file beside the configuration.

The file is a table that people can read, keep under version control and copy to another machine: training and backtests
need it as much as the live cycles, and they open no store. Nothing is ever taken out of it: a flag that is withdrawn
keeps its line, so that the replay of a cycle knows what was known then. It is laid over what the buffer gives, so new
imports of the same values change nothing of it.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from .errors import ConfigError
from .recounting import recounted, recounted_history
from .roles import Buffer
from .values import METHODS, Flag, History, Layout, Observations, Problem, Signal, Times, Window

FILE = "manual_flags.csv"
AS = {"bad": Flag.FAIL, "suspect": Flag.SUSPECT, "good": Flag.GOOD}
MANUAL = np.uint16(METHODS.index("manual"))
NEVER = np.datetime64("NaT", "s")


@dataclass(frozen=True, slots=True)
class ManualFlag:
    """A person's word on the values of a series stamped in [first, last]; times are UTC."""

    id: int
    series: str
    first: np.datetime64
    last: np.datetime64  # NaT: until withdrawn
    as_: str  # bad | suspect | good
    reason: str
    author: str
    set_at: np.datetime64
    withdrawn_at: np.datetime64 = NEVER
    withdrawn_by: str = ""

    def holds(self, at: np.datetime64 | None) -> bool:
        """Whether it was in force at ``at``; None: whether it is."""
        if at is None:
            return bool(np.isnat(self.withdrawn_at))
        return bool(self.set_at <= at) and not bool(self.withdrawn_at <= at)

    def covers(self, times: Times) -> np.ndarray:
        """(T) the steps that it speaks of."""
        return np.asarray((times >= self.first) & (np.isnat(self.last) | (times <= self.last)))


def read_flags(path: Path) -> tuple[ManualFlag, ...]:
    """All that were ever set, oldest first; none without a file. Raises ConfigError with a line per fault."""
    found, faults = read_rows(path)
    if faults:
        raise ConfigError(faults)
    return found


def read_rows(path: Path) -> tuple[tuple[ManualFlag, ...], list[str]]:
    """Those of the file that can be read, and a line for each that cannot. Raises ConfigError where none can."""
    try:
        if not path.exists():
            return (), []
        rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    except (OSError, UnicodeDecodeError, csv.Error) as cause:
        raise ConfigError(f"{path.name}: cannot be read: {cause}") from cause
    found, faults = [], []
    for number, row in enumerate(rows, 2):
        try:
            found.append(flag_of(row))
        except (KeyError, ValueError, TypeError) as cause:
            faults.append(f"{path.name}:{number}: is no flag ({cause}); allowed: {', '.join(HEAD)}")
    return tuple(found), faults


HEAD = ("id", "series", "from", "to", "as", "reason", "author", "set_at", "withdrawn_at", "withdrawn_by")


def flag_of(row: Mapping[str, str]) -> ManualFlag:
    if None in row.values():
        raise ValueError(f"it has fewer cells than the {len(HEAD)} of the header")
    values = [row[name].strip() for name in HEAD]
    if values[4] not in AS:
        raise ValueError(f"as {values[4]!r}: allowed are {', '.join(AS)}")
    times = {i: moment(values[i]) for i in (2, 3, 7, 8)}
    if not values[1] or np.isnat(times[2]) or np.isnat(times[7]):
        raise ValueError("series, from and set_at must be given")
    number, series, _, _, as_, reason, author, _, _, withdrawn_by = values
    first, last, set_at, withdrawn_at = times.values()
    return ManualFlag(int(number), series, first, last, as_, reason, author, set_at, withdrawn_at, withdrawn_by)


def moment(text: str) -> np.datetime64:
    """An ISO 8601 time, UTC where it names no zone. Raises ValueError for anything else, "now" included."""
    if not text:
        return NEVER
    found = datetime.fromisoformat(text.removesuffix("Z"))
    aware = found if found.tzinfo else found.replace(tzinfo=UTC)
    return np.datetime64(int(aware.timestamp()), "s")


def write_flags(path: Path, flags: Sequence[ManualFlag]) -> None:
    """Whole or not at all."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEAD)
    for flag in flags:
        cells = (getattr(flag, f.name) for f in fields(flag))
        writer.writerow(["" if isinstance(c, np.datetime64) and np.isnat(c) else told(c) for c in cells])
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    scratch.write_text(out.getvalue(), encoding="utf-8")
    os.replace(scratch, path)


def told(cell: object) -> str:
    """A cell on one line."""
    return f"{cell.astype('datetime64[s]')}Z" if isinstance(cell, np.datetime64) else " ".join(str(cell).split())


def flagged_signal(signal: Signal, layout: Layout, flags: Sequence[ManualFlag], times: Times, target: bool) -> Signal:
    """``signal``, of the targets (S, R, T) or of the inputs (S, R, T, V), with what people say of it; later words stand
    over earlier ones. Bad values become gaps, good ones are what was received."""
    series = np.asarray(layout.targets)[:, None] if target else layout.series
    said = [(flag, np.argwhere(series == flag.series), flag.covers(times)) for flag in flags]
    said = [(flag, places, steps) for flag, places, steps in said if len(places) and steps.any()]
    if not said:
        return signal
    values, marks, method = np.array(signal.values), np.array(signal.flags), np.array(signal.method)
    for flag, places, steps in said:
        for s, v in places:
            cell = (s, slice(None), steps) if target else (s, slice(None), steps, v)
            there = np.isfinite(signal.raw[cell])
            values[cell] = np.nan if flag.as_ == "bad" else signal.raw[cell]
            marks[cell] = np.where(there, np.uint8(AS[flag.as_]), marks[cell])
            method[cell] = np.where(there, MANUAL, method[cell])
    return replace(signal, values=values, flags=marks, method=method)


def flagged_window(window: Window, flags: Sequence[ManualFlag]) -> Window:
    """With what people say of its values, its running totals included."""
    a, p = window.layout, window.layout.past
    times = (window.issued_at - window.step * np.arange(p - 1, -1, -1)).astype("datetime64[s]")
    observed = flagged_signal(window.observed, a, flags, times, True)
    past = flagged_signal(window.past, a, flags, times, False)
    if observed is window.observed and past is window.past:
        return window
    return recounted(window, replace(window, observed=observed, past=past))


def flagged_history(history: History, flags: Sequence[ManualFlag]) -> History:
    """The same over a record, with the flags in force now."""
    now = [flag for flag in flags if flag.holds(None)]
    wide = [s.each(lambda x: np.asarray(x)[:, None]) for s in (history.target, history.inputs)]
    target, inputs = (
        flagged_signal(signal, history.layout, now, history.times, first)
        for signal, first in zip(wide, (True, False), strict=True)
    )
    if target is wide[0] and inputs is wide[1]:
        return history
    after = replace(history, target=target.each(lambda x: x[:, 0]), inputs=inputs.each(lambda x: x[:, 0]))
    return recounted_history(history, after)


class FlaggedBuffer:
    """A buffer whose windows carry what people say, read anew whenever the file changes: a flag works from the next
    look at the feeds on, and makes a revision. A file that cannot be read is told in every bulletin; what it said
    before stays in force, after a start what can be read of it. ``always``: with the flags of now, not those that were
    known at the time (for backtests)."""

    def __init__(self, inner: Buffer, path: Path, always: bool = False) -> None:
        self.inner: Buffer = inner.inner if isinstance(inner, FlaggedBuffer) else inner
        self.path, self.always, self.layout = path, always, inner.layout
        self._flags: tuple[ManualFlag, ...] = ()
        self._read_at: tuple[int, int] | None = None  # size and time of the file
        self._fault: tuple[Problem, ...] = ()

    def over(self, inner: Buffer) -> FlaggedBuffer:
        """The same flags over another buffer."""
        return FlaggedBuffer(inner, self.path, self.always)

    def window(self, issued_at: np.datetime64, known_at: np.datetime64) -> Window:
        self._look()
        at = None if self.always else known_at
        return flagged_window(self.inner.window(issued_at, known_at), [f for f in self._flags if f.holds(at)])

    def _look(self) -> None:
        try:
            stat = self.path.stat()
            seen = (stat.st_size, stat.st_mtime_ns)
        except FileNotFoundError:
            self._flags, self._read_at, self._fault = (), None, ()
            return
        except OSError as error:
            self._read_at, self._fault = None, (Problem("flags", None, f"{error}; those read before stay in force"),)
            return
        if seen != self._read_at:
            self._read_at = seen
            self._read()

    def _read(self) -> None:
        try:
            found, faults = read_rows(self.path)
        except ConfigError as error:
            found, faults = (), list(error.faults)
        kept = bool(faults) and bool(self._flags)
        if not kept:
            self._flags = found
        stay = "those read before" if kept else f"the others of the file ({len(found)})"
        self._fault = (Problem("flags", None, f"{'; '.join(faults)}; {stay} stay in force"),) if faults else ()

    def pending(self) -> Observations:
        return self.inner.pending()

    def commit(self) -> None:
        self.inner.commit()

    def problems(self) -> tuple[Problem, ...]:
        return (*self.inner.problems(), *self._fault)
