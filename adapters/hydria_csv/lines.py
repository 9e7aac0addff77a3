"""Text to whole, well-formed lines. What is refused here is known by its line number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .faults import Faults, quoted

Mask = NDArray[np.bool_]
Numbers = NDArray[np.int64]
NEWLINE, QUOTE, COMMENT = ord("\n"), ord('"'), ord("#")


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
    cells = scan.cells(ord(separator), silent | refused)
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

    def cells(self, separator: int, skip: Mask) -> Numbers:
        """Cells of each line; a separator between quotation marks is text. Lines of ``skip`` count for nothing."""
        marks = self.buf == separator
        if b'"' in self.body:
            quotes = (self.buf == QUOTE) & ~np.repeat(skip, self.ends - self.starts + 1)
            marks &= ~np.logical_xor.accumulate(quotes)
        return self.per_line(marks) + 1

    def line(self, i: int | np.int64) -> bytes:
        return self.body[int(self.starts[i]) : int(self.ends[i])]


def _damaged(scan: _Scan, faults: Faults, silent: Mask) -> Mask:
    refused = np.zeros(len(scan.ends), bool)
    if b"\0" in scan.body:
        nul = (scan.per_line(scan.buf == 0) > 0) & ~silent
        faults.add("nul", "holds NUL bytes, as after a crash; the line is not used", scan.numbers[nul])
        refused |= nul
    if b'"' in scan.body:
        odd = (scan.per_line(scan.buf == QUOTE) % 2 == 1) & ~silent & ~refused
        faults.add("quote", "a quotation mark is not closed; the line is not used", scan.numbers[odd])
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
