"""Well-formed lines to columns: texts as they are, numbers as float64. pandas' C parser does the work."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .faults import Faults, quoted
from .few import few_lines
from .form import Form
from .headers import Header, encoding_of
from .lines import Lines

Texts = NDArray[Any]  # (N) object: str
Values = NDArray[np.float64]
WIDE = 64  # columns from which on a file is parsed as one long column: pandas' cost per column is 60 µs
ABSURD = 1e15  # no gauge measures this; sums of such values would overflow later


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """L lines. ``numbers`` (L, C): the columns that were asked for, NaN where there is none; ``bad`` (L, C) marks
    cells that hold something else than a number."""

    texts: dict[int, Texts]
    numbers: Values
    bad: NDArray[np.bool_]


def table(
    lines: Lines, header: Header, texts: Sequence[int], numbers: Sequence[int], form: Form, faults: Faults
) -> Table:
    """The columns at places ``texts`` and ``numbers``."""
    encoding = _encoding(lines, form, faults)
    flat = len(numbers) > WIDE and list(texts) == [0] and b'"' not in lines.body and lines.width == header.width
    small = None if flat else few_lines(lines, header, texts, numbers, form)
    layout = _flat if flat else _by_column
    found, cells = small or layout(lines, header, texts, numbers, form, encoding)
    values, bad = (cells, np.zeros(cells.shape, bool)) if cells.dtype == float else _numbers(cells, form)
    _tell(bad, cells, lines, header, numbers, form, faults)
    return Table(found, *_plausible(values, bad, lines, header, numbers, form, faults))


def _by_column(
    lines: Lines, header: Header, texts: Sequence[int], numbers: Sequence[int], form: Form, encoding: str
) -> tuple[dict[int, Texts], NDArray[Any]]:
    frame = _parsed(lines.body, lines.width, header, texts, numbers, form, encoding)
    found = {i: frame[i].to_numpy(dtype=object) for i in texts}
    columns = [frame[i].to_numpy() for i in numbers]
    return found, np.column_stack(columns) if columns else np.empty((len(frame), 0))


def _flat(
    lines: Lines, header: Header, texts: Sequence[int], numbers: Sequence[int], form: Form, encoding: str
) -> tuple[dict[int, Texts], NDArray[Any]]:
    """The time cells cut off, all other cells below one another."""
    separator = header.separator.encode()
    pairs = [line.split(separator, 1) for line in lines.body.split(b"\n")[:-1]]
    times = np.array([time.decode(encoding, errors="replace") for time, _ in pairs], dtype=object)
    ended = separator + b"\n"  # so that an empty cell is no blank line, which pandas would trip over
    cells = separator.join(rest for _, rest in pairs).replace(separator, ended) + ended
    column = _parsed(cells, 2, header, (), (0,), form, encoding)[0].to_numpy()
    return {0: times}, column.reshape(len(pairs), -1)[:, np.asarray(numbers) - 1]


def _parsed(
    body: bytes, width: int, header: Header, texts: Sequence[int], numbers: Sequence[int], form: Form, encoding: str
) -> pd.DataFrame:
    """Numbers as float64 if all of them are, else every column as text."""
    options: dict[str, Any] = {
        "header": None,
        "names": list(range(width)),
        "usecols": [*texts, *numbers],
        "index_col": False,
        "sep": header.separator,
        "skip_blank_lines": False,
        "keep_default_na": False,
        "low_memory": False,
        "encoding": encoding,
        "encoding_errors": "replace",
    }
    plain = dict.fromkeys(texts, object)
    if not _holds_truth(body):
        words = dict.fromkeys(numbers, form.no_value_words)
        kinds = {**plain, **dict.fromkeys(numbers, np.float64)}
        decimal = _decimal(body, header, form)
        try:
            return _frame(body, {**options, "dtype": kinds, "na_values": words, "decimal": decimal})
        except (ValueError, OverflowError):
            pass  # some cell is no number: look at each
    return _frame(body, {**options, "dtype": object})


def _frame(body: bytes, options: dict[str, Any]) -> pd.DataFrame:
    frame: pd.DataFrame = pd.read_csv(io.BytesIO(body), **options)
    return frame


def _numbers(cells: NDArray[Any], form: Form) -> tuple[Values, NDArray[np.bool_]]:
    """Texts cell by cell: numbers, and which cells are neither a number nor a word for "no value"."""
    flat = pd.Series(cells.ravel(), dtype=object).str.strip()
    empty = flat.isin(form.no_value_words).to_numpy()
    if form.decimal != ".":
        flat = flat.mask(flat.str.contains(".", regex=False), "?") if form.decimal == "," else flat
        flat = flat.str.replace(",", ".", regex=False)
    values = pd.to_numeric(flat, errors="coerce").to_numpy(float, copy=True)
    values[empty] = np.nan
    return values.reshape(cells.shape), (np.isnan(values) & ~empty).reshape(cells.shape)


def _tell(
    bad: NDArray[np.bool_],
    cells: NDArray[Any],
    lines: Lines,
    header: Header,
    numbers: Sequence[int],
    form: Form,
    faults: Faults,
) -> None:
    """One fault per column."""
    hint = f" with decimal {form.decimal!r}" if form.decimal != "auto" else ""
    for c in np.flatnonzero(bad.any(axis=0)).tolist():
        rows = np.flatnonzero(bad[:, c])
        name = header.columns[numbers[c]]
        text = f"{quoted(cells[rows[0], c])} in column {name!r} is not a number{hint}; the value is not used"
        faults.add(f"number {name}", text, lines.numbers[rows])


def _plausible(
    values: Values,
    bad: NDArray[np.bool_],
    lines: Lines,
    header: Header,
    numbers: Sequence[int],
    form: Form,
    faults: Faults,
) -> tuple[Values, NDArray[np.bool_]]:
    """Without the numbers that mean "no value", infinities and what no gauge can measure."""
    gaps = np.isin(values, form.no_value_numbers)
    absurd = (np.abs(values) >= ABSURD) & ~gaps  # NaN is not
    for c in np.flatnonzero(absurd.any(axis=0)).tolist():
        rows = np.flatnonzero(absurd[:, c])
        text = f"{values[rows[0], c]:g} in column {header.columns[numbers[c]]!r} cannot be a measurement"
        faults.add(f"absurd {numbers[c]}", f"{text}; the value is not used", lines.numbers[rows])
    if gaps.any() or absurd.any():
        values = np.where(gaps | absurd, np.nan, values)
    return values, bad | absurd


def _encoding(lines: Lines, form: Form, faults: Faults) -> str:
    encoding = "utf-8" if lines.body.isascii() else encoding_of(lines.body, form)
    try:
        lines.body.decode(encoding)
    except UnicodeDecodeError as error:
        row = lines.body.count(b"\n", 0, error.start)
        faults.add("encoding", f"is not {encoding}; set `encoding`", lines.numbers[row : row + 1])
    return encoding


def _decimal(body: bytes, header: Header, form: Form) -> str:
    if header.separator == ",":
        return "."
    if form.decimal != "auto":
        return form.decimal
    return "," if b"," in body else "."


def _holds_truth(body: bytes) -> bool:
    """pandas reads True and False as 1 and 0; here they are texts."""
    return any(word in body for word in (b"rue", b"RUE", b"alse", b"ALSE"))
