"""The columns of a source's long table, as numpy sees them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from itertools import repeat
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .errors import FeedError
from .values import Flag

if TYPE_CHECKING:
    import pandas as pd

NEVER = np.iinfo(np.int64).min  # NaT, seen as an integer
COLUMNS = ("series", "time", "value")
FLAGS = np.full(max(Flag) + 2, np.uint8(Flag.UNKNOWN))  # by number; the last for all beyond
FLAGS[list(Flag)] = list(Flag)


@dataclass(frozen=True, slots=True)
class Rows:
    """The columns of a table as numpy sees them; times are microseconds since 1970, ``NEVER`` = none."""

    series: NDArray[np.int64]
    stamp: NDArray[np.int64]
    value: NDArray[np.float64]
    flag: NDArray[np.uint8]
    received: NDArray[np.int64]  # NEVER = not told
    issue: NDArray[np.int64]  # NEVER = an observation
    member: NDArray[np.int32]
    number: NDArray[np.int64]  # step that the row belongs to
    lead: NDArray[np.int64]  # steps after the issue, 0 = an observation

    def where(self, mask: Any) -> Rows:
        return replace(self, **{f.name: getattr(self, f.name)[mask] for f in fields(self)})


def columns(table: pd.DataFrame, place: Mapping[str, int]) -> Rows:
    """The rows of known series with a time; ``number`` and ``lead`` are still to come."""
    if missing := [name for name in COLUMNS if name not in table.columns]:
        raise FeedError(f"a source's table must have columns series, time, value; it lacks {', '.join(missing)}")
    n = len(table)
    series = places(table["series"], place)
    none = np.broadcast_to(np.int64(0), n)
    issue = microseconds(table, "issued_at")
    member = np.where(issue == NEVER, 0, whole_numbers(table, "member", 0))
    rows = Rows(
        series,
        microseconds(table, "time"),
        np.asarray(table["value"].to_numpy(dtype=np.float64, na_value=np.nan)),
        flags(whole_numbers(table, "flag", int(Flag.GOOD))),
        microseconds(table, "received_at"),
        issue,
        member.astype(np.int32),
        none,
        none,
    )
    good = (series >= 0) & (rows.stamp != NEVER)
    return rows if good.all() else rows.where(good)


def flags(numbers: NDArray[np.int64]) -> NDArray[np.uint8]:
    """As :class:`Flag`; a number that is none is ``Flag.UNKNOWN``, as an unknown word is."""
    return np.asarray(FLAGS[np.clip(numbers, 0, len(FLAGS) - 1)])


def places(column: pd.Series[Any], place: Mapping[str, int]) -> NDArray[np.int64]:
    """Index of each id, -1 where the pipeline does not have it."""
    if hasattr(column, "cat"):  # looking up the categories is enough
        ids = places(column.cat.categories.to_series(), place)
        return np.append(ids, -1)[column.cat.codes.to_numpy()]
    names = column.to_numpy(dtype=object)
    return np.fromiter(map(place.get, names, repeat(-1)), np.int64, len(names))


def microseconds(table: pd.DataFrame, name: str) -> NDArray[np.int64]:
    """A column of aware times as integers, ``NEVER`` where there is none."""
    if name not in table.columns:
        return np.broadcast_to(np.int64(NEVER), len(table))
    column = table[name]
    if getattr(column.dtype, "tz", None) is None:
        column = aware(column, name)
    return np.asarray(column.to_numpy(dtype="datetime64[us]")).view(np.int64)


def aware(column: pd.Series[Any], name: str) -> pd.Series[Any]:
    """The same times in UTC, for columns of Python datetimes or of nothing at all; a time without zone is refused."""
    import pandas as pd

    first = column.dropna().head(1)
    if len(first) and getattr(first.iloc[0], "tzinfo", None) is None:
        raise FeedError(f"a source's column {name} must hold times with a zone (UTC), not {first.iloc[0]!r}")
    return pd.Series(pd.to_datetime(column, utc=True))


def whole_numbers(table: pd.DataFrame, name: str, otherwise: int) -> NDArray[np.int64]:
    if name not in table.columns:
        return np.broadcast_to(np.int64(otherwise), len(table))
    column = table[name].to_numpy()
    if column.dtype.kind in "iub":
        return column.astype(np.int64)
    numbers = np.asarray(table[name].to_numpy(dtype=np.float64, na_value=np.nan))
    return np.where(np.isfinite(numbers), numbers, otherwise).astype(np.int64)
