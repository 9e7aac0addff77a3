"""What stands in the quotes of many events, read column by column. What is not plain is not good: others look at it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from .pi_series import NO_FLAG

LONGEST = 26  # characters of a value
PADDING = 64  # characters of any text, and zeros behind all that is read
NUMBER = np.zeros(256, dtype=bool)
NUMBER[list(b"\0+-.0123456789Ee")] = True
ZERO = np.frombuffer(b"0".ljust(LONGEST, b"\0"), dtype=np.uint8)
NONE = np.frombuffer(b"NaN", dtype=np.uint8)
PRINTED = np.zeros(256, dtype=bool)  # what means itself within quotes in every encoding
PRINTED[[0, *range(0x20, 0x7F)]] = True
PRINTED[list(b'"&<')] = False

Bytes = NDArray[np.uint8]
Good = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """``quotes`` (M, 2K): where the quotes about each attribute of each event are, PADDING before the end of ``data``
    at least."""

    data: Bytes
    quotes: NDArray[np.int64]
    names: tuple[str, ...]

    def lengths(self, name: str) -> NDArray[np.int64]:
        k = 2 * self.names.index(name)
        return np.asarray(self.quotes[:, k + 1] - self.quotes[:, k] - 1)

    def texts(self, name: str, width: int) -> Bytes:
        """(M, width) the first bytes, 0 behind the end."""
        begin, long = self.quotes[:, 2 * self.names.index(name)] + 1, self.lengths(name)
        found = sliding_window_view(self.data, width)[begin]
        if (long < width).any():
            found[np.arange(width) >= long[:, None]] = 0
        return np.asarray(found)


def stamps(columns: Columns) -> tuple[NDArray[np.datetime64], Good]:
    """(M) [ms] of dates ``2026-03-01`` and times ``12:00:00`` or ``12:00:00.000``."""
    long = columns.lengths("time")
    day, clock = columns.texts("date", 10), columns.texts("time", 12 if (long > 8).any() else 8)
    good = (columns.lengths("date") == 10) & ((long == 8) | (long == 12))
    good &= (day[:, 4] == ord("-")) & (day[:, 7] == ord("-"))
    good &= (clock[:, 2] == ord(":")) & (clock[:, 5] == ord(":"))
    year, month, date = (digits(day, *span, good) for span in ((0, 4), (5, 7), (8, 10)))
    hour, minute, second = (digits(clock, *span, good) for span in ((0, 2), (3, 5), (6, 8)))
    milli = np.zeros(len(clock), dtype=np.int64)
    if clock.shape[1] > 8:
        good &= (long == 8) | (clock[:, 8] == ord("."))
        milli = digits(np.where((long == 8)[:, None], np.uint8(ord("0")), clock), 9, 12, good)
    good &= (month >= 1) & (month <= 12) & (date >= 1) & (hour < 24) & (minute < 60) & (second < 60)
    months = np.where(good, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    first = months.astype("datetime64[D]")
    good &= date <= ((months + 1).astype("datetime64[D]") - first).astype(np.int64)
    within = (((date - 1) * 24 + hour) * 60 + minute) * 60 + second
    return first.astype("datetime64[ms]") + (within * 1000 + milli).astype("timedelta64[ms]"), good


def flags(columns: Columns) -> tuple[NDArray[np.int16], Good]:
    """(M) of one digit or two."""
    if "flag" not in columns.names:
        count = len(columns.quotes)
        return np.full(count, NO_FLAG, dtype=np.int16), np.ones(count, dtype=bool)
    text, long = columns.texts("flag", 2), columns.lengths("flag")
    good = (long == 1) | (long == 2)
    zero = np.full(len(text), ord("0"), dtype=np.uint8)
    right = np.where((long == 1)[:, None], np.stack([zero, text[:, 0]], axis=1), text)
    return digits(right, 0, 2, good).astype(np.int16), good


def values(columns: Columns, good: Good) -> tuple[NDArray[np.float64], Good]:
    """(M) numbers in digits, and NaN. Those that are not ``good`` anyway are not looked at."""
    long = columns.lengths("value")
    width = min(int(long.max(initial=1)), LONGEST)
    text = columns.texts("value", max(width, 3))
    is_none = (long == 3) & (text[:, :3] == NONE).all(axis=1)
    good = good & (long >= 1) & (long <= LONGEST) & (NUMBER[text].all(axis=1) | is_none)
    text[~good] = ZERO[: text.shape[1]]
    try:
        found = text.view(f"S{text.shape[1]}")[:, 0].astype(np.float64)
    except ValueError:  # one of them is no number: others say which
        return np.full(len(text), np.nan), np.zeros(len(text), dtype=bool)
    return found, good & (np.isfinite(found) | is_none)


def words(columns: Columns, name: str) -> tuple[NDArray[np.object_], Good]:
    """(M) texts in plain letters, mostly the same few."""
    long = columns.lengths(name)
    width = min(max(int(long.max(initial=1)), 1), PADDING)
    text = columns.texts(name, width)
    good = (long <= PADDING) & PRINTED[text].all(axis=1)
    text[~good] = 0
    kinds, which = np.unique(text.view(f"S{width}")[:, 0], return_inverse=True)
    return kinds.astype(f"U{width}").astype(object)[which], good


def digits(text: Bytes, begin: int, end: int, good: Good) -> NDArray[np.int64]:
    """(M) the number in columns ``begin`` to ``end``; what is no digit is not good."""
    number = np.zeros(len(text), dtype=np.int64)
    for column in text[:, begin:end].T:
        digit = column - np.uint8(ord("0"))  # what is below is far above
        good &= digit <= 9
        number = number * 10 + digit
    return number
