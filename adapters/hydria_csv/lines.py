"""Text to whole, well-formed lines. What is refused here is known by its line number."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .faults import Faults, quoted

Mask = NDArray[np.bool_]
Numbers = NDArray[np.int64]
NEWLINE, QUOTE, COMMENT = ord("\n"), ord('"'), ord("#")
UNCLOSED = "a quotation mark is not closed; the line is not used"


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines that can be split: ``numbers`` is the line number of each, ``width`` the most cells that one has."""

    body: bytes
    numbers: Numbers
    width: int


def complete(text: bytes) -> int:
    """How many bytes make whole lines; what follows the last line end may still be growing."""
    return text.rfind(b"\n") + 1


def unified(text: bytes) -> bytes:
    """CR LF as LF; any other CR is a space, for the parser would end a line there."""
    return text.replace(b"\r\n", b"\n").replace(b"\r", b" ") if b"\r" in text else text


def well_formed(body: bytes, separator: bytes, width: int, first_line: int, faults: Faults) -> Lines:
    """``body`` without comments, blank lines, and lines that cannot be split into ``width`` cells. Empty cells behind
    the last column are allowed. ``body`` ends with a line end."""
    scan = _Scan.of(body, first_line)
    silent = (scan.buf[scan.starts] == COMMENT) | (scan.starts == scan.ends)
    refused = _damaged(scan, faults, silent)
    cells = scan.cells(separator, silent | refused)
    refused |= _unclosed(scan, cells, faults)
    silent |= cells - 1 == scan.ends - scan.starts  # nothing but separators
    refused |= _ragged(scan, cells, separator, width, faults, silent | refused)
    keep = ~(silent | refused)
    most = int(cells[keep].max(initial=width))
    if keep.all():
        return Lines(body, scan.numbers, most)
    return Lines(scan.buf[np.repeat(keep, scan.ends - scan.starts + 1)].tobytes(), scan.numbers[keep], most)


@dataclass(frozen=True, slots=True)
class _Scan:
    """Where the lines of ``body`` begin and end."""

    body: bytes
    buf: NDArray[np.uint8]
    starts: Numbers
    ends: Numbers
    numbers: Numbers

    @classmethod
    def of(cls, body: bytes, first_line: int) -> _Scan:
        buf = np.frombuffer(body, np.uint8)
        ends = np.flatnonzero(buf == NEWLINE)
        return cls(body, buf, np.append(0, ends[:-1] + 1)[: len(ends)], ends, first_line + np.arange(len(ends)))

    def per_line(self, marks: Any) -> Numbers:
        """How many of the marked bytes lie in each line."""
        found = np.searchsorted(self.ends, np.flatnonzero(marks))
        return np.bincount(found, minlength=len(self.ends)).astype(np.int64)

    def cells(self, separator: bytes, skip: Mask) -> Numbers:
        """Cells of each line; a separator between quotation marks is text. Lines of ``skip`` count for nothing; 0: a
        mark is open at the end of the line."""
        marks = self.buf == ord(separator)
        if b'"' not in self.body:
            return self.per_line(marks) + 1
        quotes = (self.buf == QUOTE) & ~np.repeat(skip, self.ends - self.starts + 1)
        inside = np.logical_xor.accumulate(quotes)
        found = self.per_line(marks & ~inside) + 1
        for i in np.flatnonzero(self.per_line(self._misplaced(quotes, inside, separator))):
            found[i] = _cells_of(self.line(i), separator)
        return found

    def _misplaced(self, quotes: Mask, inside: Mask, separator: bytes) -> Mask:
        """Marks within a cell, which begin and end nothing: what follows them cannot be told by counting marks."""
        edges = np.frombuffer(b'\n"' + separator, np.uint8)
        edge = np.isin(self.buf, edges)
        begun, ended = np.append(True, edge[:-1]), np.append(edge[1:], True)
        return np.asarray(quotes & np.where(inside, ~begun, ~ended))

    def line(self, i: int | np.int64) -> bytes:
        return self.body[int(self.starts[i]) : int(self.ends[i])]


def _cells_of(line: bytes, separator: bytes) -> int:
    """As the parser splits it; 0 when it would go on into the next line."""
    try:
        rows = list(csv.reader([line.decode("latin-1"), ""], delimiter=separator.decode()))
    except csv.Error:  # a cell beyond any measure
        return 0
    return len(rows[0]) if len(rows) == 2 else 0


def _unclosed(scan: _Scan, cells: Numbers, faults: Faults) -> Mask:
    found: Mask = cells == 0
    if found.any():
        faults.add("quote", UNCLOSED, scan.numbers[found])
    return found


def _damaged(scan: _Scan, faults: Faults, silent: Mask) -> Mask:
    refused = np.zeros(len(scan.ends), bool)
    if b"\0" in scan.body:
        nul = (scan.per_line(scan.buf == 0) > 0) & ~silent
        faults.add("nul", "holds NUL bytes, as after a crash; the line is not used", scan.numbers[nul])
        refused |= nul
    if b'"' in scan.body:
        odd = (scan.per_line(scan.buf == QUOTE) % 2 == 1) & ~silent & ~refused
        faults.add("quote", UNCLOSED, scan.numbers[odd])
        refused |= odd
    return refused


def _ragged(scan: _Scan, cells: Numbers, separator: bytes, width: int, faults: Faults, skip: Mask) -> Mask:
    """Lines with more or fewer cells than the header has columns."""
    ragged = (cells != width) & ~skip
    for i in np.flatnonzero(ragged & (cells > width)):
        ragged[i] = not scan.line(i).rstrip(b" ").endswith(separator * (cells[i] - width))
    for i in np.flatnonzero(ragged & (cells < width)):
        ragged[i] = bool(scan.line(i).strip(b" \t" + separator))
    found = np.flatnonzero(ragged)
    if len(found):
        text = f"{cells[found[0]]} cells where the header has {width}: {quoted(_shown(scan.line(found[0])))}"
        faults.add("ragged", f"{text}; the line is not used", scan.numbers[found])
    blank = (cells < width) & ~skip & ~ragged
    skip |= blank
    return np.asarray(ragged | blank)


def _shown(line: bytes) -> str:
    return line.decode("utf-8", errors="replace")
