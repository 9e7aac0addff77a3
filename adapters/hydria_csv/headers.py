"""The header of a file: which column is what."""

from __future__ import annotations

import codecs
import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .form import Form

SEARCHED = 50  # lines in which the header must be found: loggers write a preamble
SEPARATORS = (",", ";", "\t", "|")
BORDERS = b'\n\r\t ,;|"#\xbf'  # what may stand beside a name in a header; BF ends a byte order mark


@dataclass(frozen=True, slots=True)
class Header:
    """The columns in the order of the file; ``separator`` divides them."""

    columns: tuple[str, ...]
    separator: str
    encoding: str

    @property
    def width(self) -> int:
        return len(self.columns)

    def place(self, column: str) -> int | None:
        """The first column of that name."""
        return self.columns.index(column) if column in self.columns else None

    def is_long(self, form: Form) -> bool:
        """One row per value, its series named in a column; else one column per series."""
        return form.series in self.columns and form.value in self.columns

    @property
    def doubled(self) -> tuple[str, ...]:
        """Names that more than one column has."""
        return tuple(c for c, n in Counter(self.columns).items() if c and n > 1)


def found(text: bytes, form: Form) -> tuple[Header, int, int] | None:
    """The header, the first byte behind it, and the number of its line; None when the time column is nowhere.
    ``text`` is whole lines."""
    if form.columns:
        return Header(tuple(form.columns), _separator_of(text, form), encoding_of(text, form)), 0, 0
    start = 0
    for number in range(1, SEARCHED + 1):
        end = text.find(b"\n", start)
        if end < 0:
            return None
        if header := header_in(text[start:end], form):
            return header, end + 1, number
        start = end + 1
    return None


def header_in(line: bytes, form: Form) -> Header | None:
    """The header that ``line`` is, if the time column is one of its cells."""
    line = line.removeprefix(codecs.BOM_UTF8)
    encoding = encoding_of(line, form)
    text = line.decode(encoding, errors="replace").strip()
    text = text if form.time.startswith("#") else text.lstrip("#").lstrip()
    for separator in _allowed(form):
        cells = _cells(text, separator)
        if form.time in cells:
            return Header(cells, separator, encoding)
    return None


def sections(text: bytes, header: Header, form: Form, line: int) -> Iterator[tuple[Header, bytes, int]]:
    """``text`` cut where a header stands again, as it does when a logger is restarted, perhaps with other columns:
    header, lines under it, number of the first of them."""
    needle, start, look = form.time.encode(header.encoding, errors="replace"), 0, 0
    while not form.columns and (hit := text.find(needle, look)) >= 0:
        if not _stands_alone(text, hit, hit + len(needle)):
            look = hit + len(needle)
            continue
        first, look = text.rfind(b"\n", 0, hit) + 1, text.find(b"\n", hit) + 1
        new = header_in(text[first:look], form)
        if new is None or not any(c != form.time for c in new.columns if c):  # the word alone names no series
            continue
        yield header, text[start:first], line
        line += text.count(b"\n", start, look)
        header, start = new, look
    yield header, text[start:], line


def encoding_of(text: bytes, form: Form) -> str:
    """The encoding that fits: UTF-8 if it can be, else ISO-8859-1, which any byte can be."""
    if form.encoding != "auto":
        return form.encoding
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return "iso-8859-1"
    return "utf-8"


def _separator_of(text: bytes, form: Form) -> str:
    """Without a header: what divides the first line of values into as many cells as there are columns."""
    lines = text[: 1 << 16].split(b"\n")
    line = next((line for line in lines if line.strip() and not line.startswith(b"#")), b"")
    return max(_allowed(form), key=lambda s: line.count(s.encode()) == len(form.columns) - 1)


def _allowed(form: Form) -> Sequence[str]:
    """The separators to try; a decimal comma divides no cells."""
    return [s for s in SEPARATORS if s != form.decimal] if form.separator == "auto" else [form.separator]


def _stands_alone(text: bytes, first: int, end: int) -> bool:
    """The bytes from ``first`` to ``end`` may be a whole cell, not part of a longer word."""
    return (first == 0 or text[first - 1] in BORDERS) and text[end] in BORDERS


def _cells(text: str, separator: str) -> tuple[str, ...]:
    """The cells of a header line; empty ones at its end are no columns."""
    try:
        cells = [c.strip() for c in next(csv.reader([text], delimiter=separator), [])]
    except csv.Error:  # NUL bytes, or one cell of many megabytes: no header
        return ()
    while cells and not cells[-1]:
        cells.pop()
    return tuple(cells)
