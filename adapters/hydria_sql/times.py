"""Times as the database holds them: with zone, without, as text, as a count of seconds; to UTC and back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hydria_plugin import FeedError

from .tables import NUMBER

FORMS = ("auto", "text", "unix", "unix_ms")
PER_SECOND = {"unix": 1, "unix_ms": 1000}
FIRST, LAST = np.datetime64("1700-01-01", "us"), np.datetime64("2200-01-01", "us")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Moments = NDArray[np.datetime64]


@dataclass(frozen=True, slots=True)
class Times:
    """``timezone``: of times without offset; ``form``: "auto" takes the column's own type, text where it is text."""

    timezone: str = "UTC"
    form: str = "auto"

    @property
    def zone(self) -> tzinfo:
        return zone(self.timezone)

    def faults(self, fixed: bool = False) -> list[str]:
        """What is wrong; with ``fixed`` the zone must have no clock changes, because a time written once is one row."""
        found = []
        if self.form not in FORMS:
            found.append(f"time_form = {self.form!r} must be one of {', '.join(FORMS)}")
        try:
            where = zone(self.timezone)
        except (ValueError, TypeError):
            found.append(f"timezone = {self.timezone!r} must be a zone such as 'Europe/Paris', or an offset '+01:00'")
        else:
            offsets = {datetime(2026, month, 1, tzinfo=where).utcoffset() for month in (1, 4, 7, 10)}
            if fixed and len(offsets) > 1:
                found.append(
                    f"timezone = {self.timezone!r} has an hour that comes twice, in which forecasts would overwrite "
                    "one another; allowed: 'UTC', or an offset such as '+01:00'"
                )
        return found

    def bound(self, time: np.datetime64, kind: str, slack: int = 0) -> Any:
        """``time`` as a value to compare a column of type ``kind`` with, ``slack`` hours later: bounds only roughly,
        where the column is text or local. Raises FeedError for a number whose unit nobody told."""
        moment = np.clip(time.astype("datetime64[us]") + np.timedelta64(slack, "h"), FIRST, LAST)
        if "with time zone" in kind:
            return aware(moment)
        if kind.startswith(("timestamp", "date")) and kind != "datetime":
            return aware(moment).astimezone(self.zone).replace(tzinfo=None)
        if self.form in PER_SECOND:
            return int(moment.astype(np.int64)) * PER_SECOND[self.form] // 1_000_000
        if NUMBER.match(kind):
            raise FeedError(f"times are numbers ({kind}) here: set time_form to 'unix' (seconds) or 'unix_ms'")
        hour = f"{moment.astype('datetime64[h]')}"
        return f"{hour}~" if slack > 0 else hour.replace("T", " ")  # "T" sorts behind " ", "~" behind digits

    def written(self, times: Moments, kind: str) -> list[Any]:
        """(N) values for a column of type ``kind``; None for no time."""
        return [None if np.isnat(t) else self._one(t, kind) for t in times]

    def _one(self, time: np.datetime64, kind: str) -> Any:
        if self.form in PER_SECOND or NUMBER.match(kind):
            return int(time.astype("datetime64[us]").astype(np.int64)) * PER_SECOND.get(self.form, 1) // 1_000_000
        if kind.startswith("timestamp") and "with time zone" not in kind:
            return aware(time).astimezone(self.zone).replace(tzinfo=None).isoformat(sep=" ")
        return f"{time.astype('datetime64[s]')}Z"

    def read(self, cells: Sequence[Any]) -> tuple[Moments, NDArray[np.bool_], NDArray[np.bool_]]:
        """(N) instants, NaT where there is none; which cells hold something that is no time; and which were stamped
        in an hour that comes twice, whose first is taken."""
        kinds = set(map(type, cells))
        if kinds <= {int, float, type(None)}:
            return self._counted(cells)
        found = [_datetime(cell) for cell in cells] if not kinds <= {datetime} else list(cells)
        bad = np.array([f is None and c is not None for f, c in zip(found, cells, strict=True)], bool)
        is_aware = np.array([f is not None and f.tzinfo is not None for f in found], bool)
        is_naive = np.array([f is not None and f.tzinfo is None for f in found], bool)
        out, twice = np.full(len(cells), "NaT", dtype="datetime64[us]"), np.zeros(len(cells), bool)
        if is_aware.any():
            out[is_aware] = _instants([f for f in found if f is not None and f.tzinfo is not None])
        if is_naive.any():
            local = pd.DatetimeIndex([f for f, n in zip(found, is_naive, strict=True) if n]).as_unit("us")
            out[is_naive], twice[is_naive] = self._local(local)
            bad |= is_naive & np.isnat(out)  # the clocks skipped it
        return out, bad, twice

    def _local(self, local: pd.DatetimeIndex) -> tuple[Moments, NDArray[np.bool_]]:
        if self.timezone == "UTC":
            return local.to_numpy("datetime64[us]"), np.zeros(len(local), bool)
        first, second = (
            local.tz_localize(self.zone, ambiguous=np.full(len(local), before), nonexistent="NaT")
            .tz_convert("UTC")
            .tz_localize(None)
            .to_numpy("datetime64[us]")
            for before in (True, False)
        )
        return first, np.asarray(first != second) & ~np.isnat(first)

    def _counted(self, cells: Sequence[Any]) -> tuple[Moments, NDArray[np.bool_], NDArray[np.bool_]]:
        nobody = np.zeros(len(cells), bool)
        numbers = np.array([np.nan if c is None else float(c) for c in cells], float)
        if self.form not in PER_SECOND:
            if np.isfinite(numbers).any():
                raise FeedError("times are numbers here: set time_form to 'unix' (seconds) or 'unix_ms'")
            return np.full(len(cells), "NaT", dtype="datetime64[us]"), nobody, nobody
        micros = numbers * (1_000_000 // PER_SECOND[self.form])
        good = np.isfinite(micros) & (np.abs(micros) < 7.3e15)
        out = np.where(good, micros, 0).round().astype(np.int64).view("datetime64[us]")
        return np.where(good, out, np.datetime64("NaT", "us")), ~good & ~np.isnan(numbers), nobody


def zone(name: str) -> tzinfo:
    """``Europe/Paris``, ``UTC`` or a fixed offset such as ``+01:00``. Raises ValueError."""
    if fixed := re.fullmatch(r"([+-])(\d\d):?(\d\d)", name):
        sign, hours, minutes = fixed.groups()
        return timezone((1 if sign == "+" else -1) * timedelta(hours=int(hours), minutes=int(minutes)))
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError) as cause:
        raise ValueError(f"{name!r} is not a time zone") from cause


def aware(time: np.datetime64) -> datetime:
    """A datetime of Python in UTC."""
    return EPOCH + timedelta(microseconds=int(time.astype("datetime64[us]").astype(np.int64)))


def _datetime(cell: Any) -> datetime | None:
    if isinstance(cell, datetime):
        return cell
    if isinstance(cell, date):
        return datetime(cell.year, cell.month, cell.day)  # noqa: DTZ001 (a day is of the zone that is told)
    try:
        return datetime.fromisoformat(str(cell).strip()) if cell is not None else None
    except ValueError:
        return None


def _instants(found: list[datetime]) -> Moments:
    index = pd.to_datetime(pd.Series(found, dtype=object), utc=True)
    return np.asarray(index.dt.tz_localize(None).to_numpy("datetime64[us]"))
