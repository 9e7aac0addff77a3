"""Texts to instants: microseconds since 1970, UTC; NEVER where a text is no time."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .few import few_times
from .form import Form
from .rows import NEVER

Cells = NDArray[Any]  # (N) object: str
Instants = NDArray[np.int64]

EARLIEST, LATEST = (int(np.datetime64(t, "us").astype(np.int64)) for t in ("1700-01-01", "2101-01-01"))
_OFFSET = re.compile(r"(Z|[+-]\d\d(:?\d\d)?)$", re.IGNORECASE)
_DATE = re.compile(r"\d{4}-?\d\d?-?\d\d?")
_BEYOND = re.compile(r"(?P<day>.*[T ])24:00(?::00)?(?P<zone>\D.*)?$|(?P<minute>.*:)60(?P<rest>\D.*)?$", re.IGNORECASE)


def instants(cells: Cells, form: Form, groups: NDArray[np.int32] | None = None) -> Instants:
    """(N) instants. ``groups`` says which series a row belongs to: an hour that a clock change repeats is told apart
    by the order of the rows of one series."""
    place, distinct = pd.factorize(cells)
    first, second = _pair(np.asarray(distinct, dtype=object), form)
    if not (first != second).any():
        return np.asarray(first[place])
    return _by_order(first[place], second[place], groups)


def is_repeated(cells: Cells, form: Form) -> bool:
    """True when one of the times exists twice, because the clocks were turned back."""
    first, second = _pair(np.asarray(pd.unique(cells), dtype=object), form)
    return bool((first != second).any())


def _pair(texts: Cells, form: Form) -> tuple[Instants, Instants]:
    """Each text read before and after the clocks were turned back: the same, but for the hour that exists twice."""
    if form.time_format in ("unix", "unix_ms"):
        whole = _epoch(texts, 1_000_000 if form.time_format == "unix" else 1_000)
        return whole, whole
    wall, naive = _wall(texts, form)
    wall = np.where((wall < EARLIEST) | (wall > LATEST), NEVER, wall)
    if form.timezone == "UTC" or not naive.any():
        return wall, wall
    pair = [wall.copy(), wall.copy()]
    for clock, before in zip(pair, (True, False), strict=True):
        clock[naive] = _to_utc(wall[naive], form, before)
    return pair[0], pair[1]


def _wall(texts: Cells, form: Form) -> tuple[Instants, NDArray[np.bool_]]:
    """Instants, naive ones as if they were UTC; and which are naive."""
    if form.time_format != "ISO8601":
        read = pd.to_datetime(pd.Series(texts, dtype=object), format=form.time_format, errors="coerce", utc=True)
        naive = "%z" not in form.time_format
        return _micros(read), np.full(len(texts), naive)
    if few := few_times(texts):
        return few
    wall = _iso(texts)
    for i in np.flatnonzero(wall == NEVER):
        wall[i] = _beyond(texts[i])
    if form.timezone == "UTC":
        return wall, np.zeros(len(texts), bool)
    return wall, np.array([not _OFFSET.search(text[8:].rstrip()) for text in texts], bool)


def _iso(texts: Cells) -> Instants:
    """ISO 8601 only. pandas would also take "now", "today" and "2020" for times."""
    is_date = np.array([bool(_DATE.match(text)) and len(text) >= 8 for text in texts], bool)
    wall = np.full(len(texts), NEVER)
    dates = pd.Series(texts[is_date], dtype=object)
    wall[is_date] = _micros(pd.to_datetime(dates, format="ISO8601", utc=True, errors="coerce"))
    return wall


def _beyond(text: str) -> int:
    """Midnight as 24:00, and a leap second as :60, are the start of the next day and minute."""
    if not (found := _BEYOND.match(text.strip())):
        return NEVER
    if found["day"]:
        plain, more = f"{found['day']}00:00{found['zone'] or ''}", timedelta(days=1)
    else:
        plain, more = f"{found['minute']}59{found['rest'] or ''}", timedelta(seconds=1)
    wall = int(_iso(np.array([plain], dtype=object))[0])
    return wall if wall == NEVER else wall + more // timedelta(microseconds=1)


def _epoch(texts: Cells, factor: int) -> Instants:
    numbers = pd.to_numeric(pd.Series(texts, dtype=object), errors="coerce").to_numpy(float) * factor
    good = np.isfinite(numbers) & (numbers >= EARLIEST) & (numbers <= LATEST)
    return np.where(good, np.where(good, numbers, 0).round().astype(np.int64), NEVER)


def _to_utc(wall: Instants, form: Form, before: bool) -> Instants:
    """Wall clock to UTC; a time that the clocks skipped is NEVER."""
    there = wall != NEVER
    index = pd.DatetimeIndex(wall[there].astype("datetime64[us]"))
    local = index.tz_localize(form.zone, ambiguous=np.full(len(index), before), nonexistent="NaT")
    utc = np.full(len(wall), NEVER)
    utc[there] = local.tz_convert("UTC").tz_localize(None).to_numpy("datetime64[us]").astype(np.int64)
    return utc


def _by_order(first: Instants, second: Instants, groups: NDArray[np.int32] | None) -> Instants:
    """A wall clock that does not advance within its series has been turned back: from there on it is the second."""
    series = np.zeros(len(first), np.int32) if groups is None else groups
    seen = pd.Series(first).groupby(series).cummax().groupby(series).shift(fill_value=NEVER).to_numpy(np.int64)
    return np.where(seen >= first, second, first)


def _micros(times: pd.Series[Any]) -> Instants:
    return np.asarray(times.dt.tz_localize(None).to_numpy("datetime64[us]").astype(np.int64))
