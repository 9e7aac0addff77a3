"""The files of a feed, each read once; one that changed is read again, a broken one leaves what was read before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from os import stat_result
from pathlib import Path
from typing import IO

import numpy as np

from hydria_plugin import FeedError, Problem
from hydria_plugin.exchange import gunzipped

from .collecting import Collector
from .faults import Faults, quoted
from .files import SNIFFED, is_xml, listed
from .form import Form
from .rows import EMPTY, Rows, Stream, joined
from .series_csv import read_csv
from .series_xml import ELSEWHERE, IMPORTED, Message
from .times import NEVER

A_DAY = np.timedelta64(25, "h")  # daily sums are stamped with the end of their day
VERSIONS = ("1", "1.0", "1.1", "2", "2.0", "2.1", "2.2", "")


@dataclass(slots=True)
class Held:
    """One file as it was read."""

    stamp: tuple[int, int, int]
    rows: Rows = EMPTY
    parts: frozenset[str] = frozenset()  # what else is in it


@dataclass(slots=True)
class Archive:
    """All files at ``path``, in the order of their names."""

    path: Path
    patterns: Sequence[str]
    form: Form
    held: dict[str, Held] = field(default_factory=dict)
    streams: dict[Stream, int] = field(default_factory=dict)

    def refresh(self) -> list[Problem]:
        """Read what is new; says what of it could not be used. Raises FeedError when the path cannot be listed."""
        files, problems = listed(self.path, self.patterns), list[Problem]()
        before, self.held = self.held, {}
        for name, (path, state) in files.items():
            stamp = (state.st_ino, state.st_size, state.st_mtime_ns)
            held = before.get(name)
            if held is None or held.stamp != stamp:
                held, said = self.read(name, path, state, held)
                problems += said
            self.held[name] = held
        if not files:
            problems.append(Problem("source", None, f"{self.path}: no file matches {' or '.join(self.patterns)}"))
        return problems

    def between(self, after: np.datetime64, until: np.datetime64) -> Rows:
        """Rows with ``after`` < time <= ``until`` of all files."""
        parts = [held.rows for held in self.held.values()]
        return joined([p.where((p.time > after) & (p.time <= until)) for p in parts if len(p)])

    def read(self, name: str, path: Path, state: stat_result, before: Held | None) -> tuple[Held, list[Problem]]:
        """One file; what was read of it before where it is broken now."""
        stamp, faults = (state.st_ino, state.st_size, state.st_mtime_ns), Faults(name)
        collector = Collector(self.form.zone, self.form.trust(), self.streams, faults)
        held = Held(stamp)
        try:
            with open(path, "rb") as file:
                held.parts = parse(file, name, collector, self.form)
        except (FeedError, OSError) as error:
            said = str(error) if isinstance(error, FeedError) else f"{name}: cannot be read ({error.strerror})"
            kept = before is not None and len(before.rows) > 0
            if before is not None:
                held.rows = before.rows
            return held, [Problem("source", None, f"{said}; {'what it held before' if kept else 'none of it'} is used")]
        written = np.datetime64(state.st_mtime_ns // 1000, "us")
        held.rows = timely(collector.rows(), written, faults)
        return held, faults.problems()

    def elsewhere(self) -> list[str]:
        """What files hold besides values, in words."""
        found = {part for held in self.held.values() for part in held.parts}
        told = sorted({ELSEWHERE[part] for part in found})
        hint = " (for `hydria import sandre`)" if found & set(IMPORTED) else ""
        return [f"also {', '.join(told)}{hint}"] if told else []


def parse(file: IO[bytes], name: str, collector: Collector, form: Form) -> frozenset[str]:
    """The values of one file into ``collector``; gives what else it holds. Raises FeedError and OSError."""
    head = file.read(SNIFFED)
    file.seek(0)
    if not is_xml(head):
        return read_csv(gunzipped(file.read(), name), name, collector)
    message = Message(collector, form.pick)
    message.read(file, name)
    if message.version not in VERSIONS:
        collector.faults.add("version", f"says VersionScenario {quoted(message.version)}; read as far as 1.1 and 2 go")
    if not message.parts.isdisjoint(("SeriesObsElaborHydro", "ObssElabHydro")):
        text = "holds elaborated series (QmnJ ...), which are not read: nobody says which end of the day they stamp"
        collector.faults.add("elaborated", text)
    return frozenset(message.parts)


def timely(rows: Rows, written: np.datetime64, faults: Faults) -> Rows:
    """Observations stamped long after the file was written are none; nothing was received after it was written."""
    early = ~np.isnat(rows.issued) | (rows.time <= written + A_DAY)
    if not early.all():
        first = rows.time[~early][0].astype("datetime64[s]")
        faults.add("future", f"a value stamped {first}Z, over a day after the file was written", int((~early).sum()))
        rows = rows.where(early)
    received = np.where(np.isnat(rows.received), NEVER, np.minimum(rows.received, written))
    issued = np.where(np.isnat(rows.issued), NEVER, rows.issued)
    return Rows(rows.stream, rows.time, rows.value, rows.flag, received, issued)
