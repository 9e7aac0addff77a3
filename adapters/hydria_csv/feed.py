"""One file, as far as it has been read."""

from __future__ import annotations

import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from hydria_plugin import Problem

from .faults import Faults, quoted
from .form import Form
from .headers import SEARCHED, Header, found, sections
from .lines import complete, unified
from .packed import is_ascii_based, is_packed, unpacked
from .parsing import ClocksTurnedBack, Reading, roles_of, rows_of
from .rows import EMPTY, Rows, appended, joined

A_DAY = 25 * 3600 * 1_000_000  # daily sums are stamped with the end of their day
CHECKED = 1 << 22  # bytes before the tail that are compared with what was read
MICROSECOND = 1000  # in nanoseconds


@dataclass(frozen=True, slots=True)
class Now:
    """The clock, if the house gave one, and how long a file must rest before its last line counts; microseconds."""

    at: int | None
    settle: int

    def is_settled(self, written: int) -> bool:
        return self.at is not None and self.at - written >= self.settle

    def latest(self, written: int) -> int:
        return max(written, self.at or written) + A_DAY


@dataclass(slots=True)
class Feed:
    """What is known of one file: rows of its whole lines, and where the first unread byte is."""

    path: Path
    name: str
    stamp: tuple[int, int, int] = (0, -1, 0)  # inode, size, modification
    offset: int = 0  # bytes of the lines that were read
    line: int = 0  # number of the last of them
    check: int = 0  # checksum of the bytes before ``offset``
    header: Header | None = None
    blocks: list[Rows] = field(default_factory=list)
    last: Rows = EMPTY  # of a last line without line end, once the file has settled
    is_open: bool = False  # bytes follow the last line end
    first: int = 0  # times of the first and the newest row
    newest: int = 0
    seen: set[str] = field(default_factory=set)
    is_usable: bool = True  # a file of which nothing could be read is not

    def parts(self) -> list[Rows]:
        return [*self.blocks, self.last]

    def touches(self, after: int, until: int) -> bool:
        """Some rows may be stamped within."""
        return self.first <= until and after < self.newest

    def is_current(self, state: os.stat_result, now: Now) -> bool:
        """Nothing new can be read from the file."""
        if self.is_open and now.is_settled(state.st_mtime_ns // MICROSECOND):
            return False
        return self.stamp == (state.st_ino, state.st_size, state.st_mtime_ns)

    def refresh(self, form: Form, book: Mapping[str, int], now: Now) -> list[Problem]:
        """Read what is new in the file; says what of it could not be used."""
        faults = Faults(self.name)
        try:
            self._read(form, book, now, faults)
        except ClocksTurnedBack:
            self.clear()
            faults.kinds.clear()
            self._read(form, book, now, faults)
        except FileNotFoundError:
            self.clear()  # deleted since it was listed
        except OSError as error:
            self.stamp = (0, -1, 0)
            faults.whole(f"cannot be read ({error.strerror}); what was read before is kept")
        self.is_usable = self._has_use(faults)
        return faults.problems()

    def _has_use(self, faults: Faults) -> bool:
        """There is a header, and either a row or nothing to complain of in some line."""
        if self.header is None or any(len(part) for part in self.parts()):
            return self.header is not None
        return not faults.is_whole and faults.lines < max(1, self.line - 1)

    def offered(self, form: Form) -> list[str]:
        """The series its columns hold, when it has one column per series."""
        if self.header is None or self.header.is_long(form):
            return []
        roles = roles_of(form)
        return [form.series_id(c, _stem(self.name)) for c in self.header.columns if c and c not in roles]

    def clear(self) -> None:
        """As if the file had never been read."""
        fresh = Feed(self.path, self.name)
        for slot in Feed.__slots__:
            setattr(self, slot, getattr(fresh, slot))

    def _read(self, form: Form, book: Mapping[str, int], now: Now, faults: Faults) -> None:
        with open(self.path, "rb") as file:
            stat = os.fstat(file.fileno())
            stamp, written = (stat.st_ino, stat.st_size, stat.st_mtime_ns), stat.st_mtime_ns // MICROSECOND
            packed = is_packed(file.read(4), form.encoding)
            if packed or not self._continues(file, stamp):
                self.clear()
            file.seek(self.offset)
            raw = file.read(stat.st_size - self.offset)
            text, ended = unpacked(raw, form.encoding, faults) if packed else (raw, False)
            if not is_ascii_based(form.encoding):
                form = replace(form, encoding="utf-8")
            reading = Reading(_stem(self.name), form, book, faults, now.latest(written), self.offset > 0, self.seen)
            taken = self._take(text, ended or now.is_settled(written), reading)
            self.stamp, self.offset = stamp, 0 if packed else self.offset + taken
            self.check = self._checksum(file)
        times = [part.time for part in self.parts() if len(part)]
        self.first, self.newest = (
            min((int(t[0]) for t in times), default=0),
            max((int(t[-1]) for t in times), default=0),
        )

    def _continues(self, file: BinaryIO, stamp: tuple[int, int, int]) -> bool:
        """The file is the same and has only grown: what was read stands as it was."""
        if not self.offset or stamp[0] != self.stamp[0] or stamp[1] < self.offset:
            return False
        return self._checksum(file) == self.check

    def _checksum(self, file: BinaryIO) -> int:
        """Of what was read last: a file that was rewritten is told from one that grew."""
        first = max(0, self.offset - CHECKED)
        file.seek(first)
        return zlib.crc32(file.read(self.offset - first))

    def _take(self, text: bytes, is_whole: bool, reading: Reading) -> int:
        """Keep the rows of the whole lines of ``text``; of the last line too when the file is whole. Gives how many
        bytes were read for good."""
        cut = complete(text)
        if not cut and not self.offset and (not is_whole or not text):
            missing = f"has no complete line yet ({len(text)} bytes without line end)" if text else "is empty"
            reading.faults.whole(missing)
        self.last, self.is_open = EMPTY, cut < len(text)
        rows = self._rows(text[:cut], reading) if cut else None
        if rows is not None:
            self.line += text.count(b"\n", 0, cut)
            self.blocks = appended(self.blocks, rows) if len(rows) else self.blocks
        if self.is_open and is_whole:
            last = self._rows(text[cut:] + b"\n", reading)
            self.last = EMPTY if last is None else last
            self.is_open = False
        return 0 if rows is None else cut

    def _rows(self, text: bytes, reading: Reading) -> Rows | None:
        """None while the header is not there."""
        plain, line = unified(text), self.line + 1
        if self.header is None:
            if (at := found(plain, reading.form)) is None:
                reading.faults.whole(_no_header(plain, reading.form))
                return None
            self.header, start, lines = at
            plain, line = plain[start:], line + lines
        parts = []
        try:
            for header, body, first in sections(plain, self.header, reading.form, line):
                self.header = header
                parts.append(rows_of(header, body, first, reading))
        except ValueError as error:  # pandas gives up on the whole stretch
            reading.faults.whole(f"cannot be split into columns from line {line} on ({error})")
        return joined(parts).sorted()


def _no_header(text: bytes, form: Form) -> str:
    if b"\0" in text[:4096]:
        return "is not text: it holds NUL bytes and no header"
    first = text[: text.find(b"\n")].decode("utf-8", errors="replace")
    return f"no column {form.time!r} in its first {SEARCHED} lines, which begin {quoted(first)}: set `time`"


def _stem(name: str) -> str:
    """The name without folder and endings."""
    return name.rsplit("/", 1)[-1].removesuffix(".gz").rsplit(".", 1)[0]
