"""A record for later backtests: every value with the moment it came, in files that the ``csv`` source reads.

One file per day of reception, gzip member after member: what was written stays, whatever happens to what is being
written. A crash leaves half a member, which is cut off before the next is written; its rows come again.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from hydria_plugin import Problem

from .members import packed, whole_members
from .readings import Readings

COLUMNS = ("series", "time", "value", "flag", "received_at", "issued_at", "unit", "quality", "status", "method")
KEPT = np.timedelta64(32, "D")  # what is older than the service's month does not come again
Cell = tuple[str, str, str]  # series, time, issue: as written


@dataclass(slots=True)
class Recorder:
    """Appends what is new or was changed to ``folder``. Several may write to one folder at once."""

    folder: Path
    name: str  # of the host: the files' names begin with it
    _told: dict[Cell, str] = field(default_factory=dict)  # the value that was written last
    _read: dict[str, int] = field(default_factory=dict)  # bytes of each file that are known
    _since: np.datetime64 | None = None  # files of days before are not known

    def append(self, found: Readings, now: np.datetime64) -> list[Problem]:
        """Write what is not there yet, received ``now``; says why it cannot."""
        from filelock import FileLock

        if not len(found):
            return []
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with FileLock(str(self.folder / f".{self.name}.lock"), timeout=30):
                is_first = not self._files()
                self._catch_up(np.min(found.time).astype("datetime64[D]"), now.astype("datetime64[D]"))
                self._write(found, now, is_first)
        except OSError as error:
            text = f"record {str(self.folder)!r} cannot be written ({error}): values of now will be missing in it"
            return [Problem("source", None, f"{text}; make room, or let this user write there")]
        self._forget(now)
        return []

    def _catch_up(self, since: np.datetime64, today: np.datetime64) -> None:
        """Know what the files hold from the day ``since`` on, whoever wrote it."""
        since = max(since, today - KEPT)
        self._since = since if self._since is None else min(since, self._since)
        for path in self._files():
            if day_of(path) >= str(self._since).replace("-", ""):
                known = self._read.get(path.name, 0)
                if path.stat().st_size != known:
                    self._read[path.name] = self._take(path, known)

    def _take(self, path: Path, known: int) -> int:
        """Read a file from byte ``known`` on, and cut off what a crash left; gives how much of it is whole."""
        with path.open("rb") as file:
            file.seek(known)
            raw = file.read()
        text, length, is_cut = whole_members(raw)
        for row in csv.DictReader(io.StringIO(text.decode("utf-8", "replace")), COLUMNS):
            self._told[row["series"], row["time"] or "", row["issued_at"] or ""] = row["value"] or ""
        if is_cut:
            os.truncate(path, known + length)
        return known + length

    def _write(self, found: Readings, now: np.datetime64, is_first: bool) -> None:
        rows = [row for row in rows_of(found, "" if is_first else text_of(now)) if self._is_news(row)]
        if not rows:
            return
        path = self._path(now)
        lines = io.StringIO()
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerows([] if path.exists() and path.stat().st_size else [COLUMNS])
        writer.writerows(rows)
        member = packed(lines.getvalue().encode())
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            if os.write(handle, member) != len(member):
                raise OSError("the disk is full")
            os.fsync(handle)
        finally:
            os.close(handle)
        self._read[path.name] = path.stat().st_size
        self._told.update({(row[0], row[1], row[5]): row[2] for row in rows})

    def _is_news(self, row: tuple[str, ...]) -> bool:
        """A value that was written already is not written again: it would seem to have come later."""
        return self._told.get((row[0], row[1], row[5])) != row[2]

    def _path(self, now: np.datetime64) -> Path:
        """The file of the day; the next one where it holds what cannot be read, and is left as it is."""
        stem = f"{self.name}_{str(now.astype('datetime64[D]')).replace('-', '')}"
        for part in range(1000):
            path = self.folder / f"{stem}{f'_{part}' if part else ''}.csv.gz"
            if not path.exists() or path.stat().st_size == self._read.get(path.name):
                return path
        raise OSError(f"a thousand damaged files {stem}")

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob(f"{self.name}_????????*.csv.gz"))

    def _forget(self, now: np.datetime64) -> None:
        limit = text_of(now - KEPT)
        if len(self._told) > 10_000:
            self._told = {cell: value for cell, value in self._told.items() if cell[1] > limit}


def day_of(path: Path) -> str:
    """``20261126`` of ``hubeau_20261126_1.csv.gz``."""
    return path.name.removesuffix(".csv.gz").split("_")[1]


def rows_of(found: Readings, received_at: str) -> Iterator[tuple[str, ...]]:
    """The cells of each row, in the order of COLUMNS."""
    for i in range(len(found)):
        value, issued = found.value[i], found.issued_at[i]
        yield (
            str(found.series[i]),
            text_of(found.time[i]),
            "" if np.isnan(value) else f"{value:.10g}",
            str(int(found.flag[i])),
            received_at,
            "" if np.isnat(issued) else text_of(issued),
            str(found.unit[i]),
            *("" if c < 0 else str(int(c)) for c in (found.quality[i], found.status[i], found.method[i])),
        )


def text_of(time: np.datetime64) -> str:
    """ISO 8601, UTC, with fractions of a second only where there are any."""
    micro, second = time.astype("datetime64[us]"), time.astype("datetime64[s]")
    return f"{second if micro == second else micro}Z"
