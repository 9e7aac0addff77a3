"""One stretch of a file under one header to rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .faults import Faults, quoted
from .form import Form
from .headers import Header
from .lines import Lines, well_formed
from .rows import EMPTY, NEVER, Array, Rows
from .table import Table, table
from .times import instants, is_repeated

MISSING = 9  # Flag.MISSING


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading one file needs to know, and where it says what it found."""

    file: str  # name of the file, without its endings: for ids
    form: Form
    book: Mapping[str, int]  # wanted series -> code
    faults: Faults
    latest: int  # no observation can be stamped later: the file was written before
    is_tail: bool = False  # earlier lines were read before
    seen: set[str] = field(default_factory=set)  # wanted series found


class ClocksTurnedBack(Exception):
    """A tail holds times that exist twice: only the whole file tells which is meant."""


def rows_of(header: Header, body: bytes, first_line: int, reading: Reading) -> Rows:
    """All rows of wanted series under ``header``, in order of time. Raises ClocksTurnedBack."""
    separator = header.separator.encode()
    is_long = header.is_long(reading.form)
    wanted = {} if is_long else _wanted_columns(header, reading)
    reading.seen.update(series for series, _ in wanted.values())
    if not body or not (wanted or is_long):
        return EMPTY
    lines = well_formed(body, separator, header.width, first_line, reading.faults)
    if not len(lines.numbers):
        return EMPTY
    return (_long(lines, header, reading) if is_long else _wide(lines, header, wanted, reading)).sorted()


def _wanted_columns(header: Header, reading: Reading) -> dict[int, tuple[str, float]]:
    """Place of each column that holds a wanted series -> series, factor."""
    found: dict[str, tuple[int, float]] = {}
    form = reading.form
    for place, column in enumerate(header.columns):
        series = form.series_id(column, reading.file)
        if series not in reading.book or column in roles_of(form):
            continue
        if series in found:
            reading.faults.whole(f"series {series!r} stands in two columns; the first is used")
        found.setdefault(series, (place, form.factor(column, series)))
    return {place: (series, factor) for series, (place, factor) in found.items()}


def roles_of(form: Form) -> tuple[str, ...]:
    """The columns that are no series."""
    return form.time, form.flag, form.received_at, form.issued_at, form.member


def _texts(header: Header, form: Form) -> dict[str, int]:
    """Role -> place of the columns that are there and not numbers of a series."""
    places = {role: header.place(column) for role, column in zip(_ROLES, roles_of(form), strict=True)}
    return {role: place for role, place in places.items() if place is not None}


_ROLES = ("time", "flag", "received_at", "issued_at", "member")


def _wide(lines: Lines, header: Header, wanted: Mapping[int, tuple[str, float]], reading: Reading) -> Rows:
    places = sorted(wanted)
    roles = _texts(header, reading.form)
    found = table(lines, header, sorted(roles.values()), places, reading.form, reading.faults)
    values = found.numbers * np.array([wanted[p][1] for p in places])
    times, more, good = _stamps(found, roles, lines.numbers, None, reading)
    row, column = np.nonzero(~np.isnan(values) & good[:, None])
    codes = np.array([reading.book[wanted[p][0]] for p in places], np.int32)
    rows = Rows(codes[column], times[row], values[row, column], {k: a[row] for k, a in more.items()})
    _tell_future(rows, lines.numbers[row], reading)
    return rows


def _long(lines: Lines, header: Header, reading: Reading) -> Rows:
    """An empty value withdraws one given before; a value that is no number does not."""
    form = reading.form
    roles = {**_texts(header, form), "series": header.columns.index(form.series)}
    value = header.columns.index(form.value)
    found = table(lines, header, sorted(roles.values()), [value], form, reading.faults)
    codes, factors = _series(found.texts[roles["series"]], reading)
    chosen = np.flatnonzero((codes >= 0) & ~found.bad[:, 0])
    found = Table({k: t[chosen] for k, t in found.texts.items()}, found.numbers[chosen], found.bad[chosen])
    codes, numbers = codes[chosen], lines.numbers[chosen]
    times, more, good = _stamps(found, roles, numbers, codes, reading)
    values = found.numbers[:, 0] * factors[chosen]
    if np.isnan(values).any():
        more["flag"] = np.where(np.isnan(values), MISSING, more.get("flag", 1)).astype(np.uint8)
    rows = Rows(codes, times, values, more).take(good)
    _tell_future(rows, numbers[good], reading)
    return rows


def _series(cells: Array, reading: Reading) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Code of each row's series, -1 where it is not wanted, and its factor."""
    place, names = pd.factorize(cells)
    columns = [str(name).strip() for name in names]
    ids = [reading.form.series_id(column, reading.file) for column in columns]
    reading.seen.update(reading.book.keys() & set(ids))
    codes = np.array([reading.book.get(series, -1) for series in ids], np.int32)
    factors = np.array([reading.form.factor(c, s) for c, s in zip(columns, ids, strict=True)], float)
    return codes[place], factors[place]


def _stamps(
    found: Table, roles: Mapping[str, int], lines: Array, groups: NDArray[np.int32] | None, reading: Reading
) -> tuple[Array, dict[str, Array], NDArray[np.bool_]]:
    """The time of each line, its optional columns, and which lines have nothing wrong with them."""
    form, faults = reading.form, reading.faults
    if reading.is_tail and form.timezone != "UTC" and is_repeated(found.texts[roles["time"]], form):
        raise ClocksTurnedBack
    times = instants(found.texts[roles["time"]], form, groups)
    good = times != NEVER
    _tell_time(form.time, found.texts[roles["time"]], ~good, lines, reading)
    more: dict[str, Array] = {}
    for role in ("received_at", "issued_at"):
        if role in roles:
            cells = found.texts[roles[role]]
            more[role] = instants(cells, form, groups)
            unread = (more[role] == NEVER) & ~_empty(cells, form)
            _tell_time(getattr(form, role), cells, unread, lines, reading)
            good &= ~unread
    if "member" in roles:
        more["member"], unread = _whole_numbers(found.texts[roles["member"]], form)
        _tell(faults, "member", found.texts[roles["member"]], unread, lines, "is not a whole number; the row")
        good &= ~unread
    if "flag" in roles:
        more["flag"], unread = _flags(found.texts[roles["flag"]], form)
        _tell(faults, "flag", found.texts[roles["flag"]], unread, lines, "is not in `flags`; the flag")
    return times, more, good


def _empty(cells: Array, form: Form) -> NDArray[np.bool_]:
    return np.asarray(pd.Series(cells, dtype=object).str.strip().isin(form.no_value_words), bool)


def _whole_numbers(cells: Array, form: Form) -> tuple[Array, NDArray[np.bool_]]:
    numbers = pd.to_numeric(pd.Series(cells, dtype=object), errors="coerce").to_numpy(float)
    good = np.isfinite(numbers) & (numbers == np.round(numbers)) & (np.abs(numbers) < 2**31)
    return np.where(good, numbers, 0).astype(np.int32), ~good & ~_empty(cells, form)


def _flags(cells: Array, form: Form) -> tuple[Array, NDArray[np.bool_]]:
    """Unknown words are Flag.UNKNOWN."""
    place, words = pd.factorize(cells)
    table = form.flag_numbers
    known = [table.get(w.strip(), table.get(w.strip().lower())) for w in map(str, words)]
    numbers = np.array([2 if k is None else k for k in known], np.uint8)
    return numbers[place], np.array([k is None for k in known], bool)[place]


def _tell_time(column: str, cells: Array, unread: NDArray[np.bool_], lines: Array, reading: Reading) -> None:
    form = reading.form
    allowed = "ISO 8601, as in 2020-09-19T06:00Z" if form.time_format == "ISO8601" else form.time_format
    local = f", a time that exists in {form.timezone}" if form.timezone != "UTC" else ""
    _tell(reading.faults, column, cells, unread, lines, f"cannot be read: {allowed}{local}; the row")


def _tell(
    faults: Faults, column: str, cells: Array, bad: NDArray[np.bool_], lines: Sequence[int] | Array, why: str
) -> None:
    if bad.any():
        where = np.flatnonzero(bad)
        faults.add(column, f"{column} {quoted(cells[where[0]])} {why} is not used", np.asarray(lines)[where])


def _tell_future(rows: Rows, lines: Array, reading: Reading) -> None:
    """Kept, for their time will come; but a clock is wrong, or a zone."""
    late = (rows.time > reading.latest) & (rows.column("issued_at") == NEVER)
    if late.any():
        stamp = np.datetime64(int(rows.time[late][0]), "us")
        text = f"is stamped {stamp}Z, more than a day after the file was written: a clock or `timezone` is wrong"
        reading.faults.add("future", text, np.asarray(lines)[late])
