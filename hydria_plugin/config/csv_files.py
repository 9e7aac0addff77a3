"""The CSV files beside the configuration: rows with their line numbers, faults with theirs."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .places import Faults, listed, meant, quoted

BREAKS = re.compile(
    r"\s*[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+\s*"
)  # within a cell: a name stands on one line everywhere


@dataclass(frozen=True)
class Row:
    """One line of a CSV file, cells stripped."""

    file: str
    line: int
    cells: dict[str, str]
    decimal_comma: bool = False

    def place(self, column: str) -> str:
        return f"{self.file}:{self.line}: {column}"

    def number(self, column: str, faults: Faults, allowed: str = "a number, or an empty cell") -> float:
        """The cell as a number; NaN where it is empty or, with a fault, wrong."""
        text = self.cells.get(column, "")
        if not text:
            return math.nan
        try:
            if "_" in text:  # which Python would take: 4_0
                raise ValueError(text)
            value = float(text.replace(",", ".") if self.decimal_comma else text)
        except ValueError:
            value = math.inf
        if not math.isfinite(value):
            faults.add(self.place(column), f"{quoted(text)} is not a number", allowed)
            return math.nan
        return value

    def text(self, column: str, faults: Faults, allowed: str) -> str:
        """The cell, which must not be empty."""
        if not self.cells.get(column):
            faults.add(self.place(column), "the cell is empty", allowed)
        return self.cells.get(column, "")

    def choice(self, column: str, allowed: Sequence[str], faults: Faults) -> str:
        """The cell, which must be one of ``allowed``."""
        text = self.cells.get(column, "")
        if text not in allowed:
            faults.add(self.place(column), f"{quoted(text)} is not allowed{meant(text, allowed)}", listed(allowed, 40))
        return text


@dataclass(frozen=True)
class CsvFile:
    """A CSV file: its columns in order, and its rows."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def read_csv(
    path: Path, place: str, needed: Sequence[str], faults: Faults, written: str, may_be_empty: bool = False
) -> CsvFile | None:
    """The file at ``path``, which ``place`` of the configuration calls ``written``; None and a fault where it cannot be
    used. Comma, or semicolon with decimal comma; UTF-8 with or without a byte order mark. ``may_be_empty``: a header
    without rows will do."""
    columns_allowed = f"a CSV file with the columns {listed(needed, 40)}"
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        faults.add(place, f"{quoted(written)}: there is no such file in {path.parent}", columns_allowed)
        return None
    except OSError as error:
        faults.add(place, f"{quoted(written)} cannot be read ({error.strerror})", columns_allowed)
        return None
    except UnicodeDecodeError as error:
        faults.add(path.name, f"is not UTF-8 text (byte {error.start})", "CSV saved as UTF-8")
        return None
    return parse_csv(path.name, text, needed, faults, may_be_empty)


def parse_csv(
    name: str, text: str, needed: Sequence[str], faults: Faults, may_be_empty: bool = False
) -> CsvFile | None:
    """Header, after blank lines and remarks, and rows; a missing or doubled column makes the file unusable."""
    lines = io.StringIO(text, newline=None).readlines()
    first = next((n for n, line in enumerate(lines) if holds_cells(line)), 0)
    head = lines[first] if lines else ""
    separator = ";" if head.count(";") > head.count(",") else ","
    reader = csv.reader(["\n"] * first + lines[first:], delimiter=separator)
    try:
        columns = tuple(cell.strip() for cell in next((cells for cells in reader if cells), []))
        rows = tuple(each_row(name, columns, reader, faults, separator == ";"))
    except csv.Error as error:
        faults.add(f"{name}:{reader.line_num}", f"is not CSV ({error})", "comma-separated values, one line each")
        return None
    doubled = {c for c in columns if columns.count(c) > 1 and c}
    missing = [c for c in needed if c not in columns]
    for column in sorted(doubled):
        faults.add(f"{name}:{first + 1}", f"the column {column!r} stands twice", "each column once")
    for column in missing:
        near = meant(column, [c for c in columns if c not in needed])
        what = f"the column {column!r} is missing{near}; found: {listed(columns)}"
        faults.add(f"{name}:{first + 1}", what, listed(needed, 40))
    if not rows and not missing and not may_be_empty:
        faults.add(name, "holds no row", "at least one row")
    return None if missing or doubled or not (rows or may_be_empty) else CsvFile(name, columns, rows)


def holds_cells(line: str) -> bool:
    """Is it neither blank nor a remark?"""
    return bool(line.strip()) and not line.lstrip().startswith("#")


def each_row(
    name: str, columns: tuple[str, ...], reader: Iterator[list[str]], faults: Faults, decimal_comma: bool
) -> Iterator[Row]:
    """The rows that have as many cells as the header; blank lines and lines starting with # are passed over."""
    for cells in reader:
        line = int(getattr(reader, "line_num", 0))
        if not any(cell.strip() for cell in cells) or not holds_cells(cells[0] or ","):
            continue
        if len(cells) != len(columns):
            what = f"{quoted(','.join(cells))} has {len(cells)} cells"
            faults.add(f"{name}:{line}", what, f"{len(columns)} cells, as the header")
            continue
        stripped = (BREAKS.sub(" ", cell.strip()) for cell in cells)
        yield Row(name, line, dict(zip(columns, stripped, strict=True)), decimal_comma)
