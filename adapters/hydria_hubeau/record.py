"""A record for later backtests: every value with the moment it came, in files that the ``csv`` source reads.

One file per day of reception, gzip member after member: what was written stays, whatever happens to what is being
written. A crash leaves half a member, which is cut off before the next is written; its rows come again.
"""

from __future__ import annotations

import csv
import io
import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hydria_plugin import Problem

from .members import packed, whole_members
from .readings import Readings

COLUMNS = ("series", "time", "value", "flag", "received_at", "issued_at", "unit", "quality", "status", "method")
AGAIN = np.timedelta64(32, "D")  # what is older than the service's month does not come again
KEPT = np.timedelta64(3, "D")  # what is kept in memory; the files know the rest
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
        since = max(since, today - AGAIN)
        if self._since is None or since < self._since:
            self._told.clear()
            self._read.clear()
            self._since = since
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
        """A value that was written already is not written again: it would seem to have come later."""
        cells = list(zip(found.series.tolist(), texts_of(found.time), texts_of(found.issued_at), strict=True))
        values = ["" if v != v else f"{v:.10g}" for v in found.value.tolist()]
        news = [i for i, (cell, value) in enumerate(zip(cells, values, strict=True)) if self._told.get(cell) != value]
        if not news:
            return
        received_at = "" if is_first else texts_of(np.asarray([now]))[0]
        path = self._path(now)
        lines = io.StringIO()
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerows([] if path.exists() and path.stat().st_size else [COLUMNS])
        flags, units, codes = found.flag.tolist(), found.unit.tolist(), codes_of(found)
        for i in news:
            series, time, issued_at = cells[i]
            writer.writerow((series, time, values[i], flags[i], received_at, issued_at, units[i], *codes[i]))
        written(path, packed(lines.getvalue().encode()))
        self._read[path.name] = path.stat().st_size
        self._told.update({cells[i]: values[i] for i in news})

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
        """What lies days back comes again only when all is read anew, and then the files are too."""
        limit = (now - KEPT).astype("datetime64[D]")
        if self._since is not None and limit > self._since:
            self._told = {cell: value for cell, value in self._told.items() if cell[1] >= str(limit)}
            self._since = limit


def day_of(path: Path) -> str:
    """``20261126`` of ``hubeau_20261126_1.csv.gz``."""
    return path.name.removesuffix(".csv.gz").split("_")[1]


def written(path: Path, member: bytes) -> None:
    """``member`` at the end of the file, on the disk. Raises OSError."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        if os.write(handle, member) != len(member):
            raise OSError("the disk is full")
        os.fsync(handle)
    finally:
        os.close(handle)


def codes_of(found: Readings) -> list[tuple[str, ...]]:
    """Quality, status and method of each row, as the host said them."""
    columns = (found.quality.tolist(), found.status.tolist(), found.method.tolist())
    return [tuple("" if code < 0 else str(code) for code in row) for row in zip(*columns, strict=True)]


def texts_of(times: NDArray[np.datetime64]) -> list[str]:
    """ISO 8601, UTC, with fractions of a second where any has them; "" for NaT."""
    seconds = times.astype("datetime64[s]")
    shown = seconds if bool((np.isnat(times) | (seconds == times)).all()) else times.astype("datetime64[us]")
    return ["" if text == "NaT" else f"{text}Z" for text in np.datetime_as_string(shown).tolist()]
