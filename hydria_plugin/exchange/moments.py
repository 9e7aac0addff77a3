"""Times as hosts write them: ISO 8601 with any offset, ``Z`` or none; to UTC; and spans for people."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo

import numpy as np
from numpy.typing import NDArray

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
END_OF_DAY = re.compile(r"([T ])24:00(?=(:00(\.0+)?)?([Z+-]|$))")  # a total of the day is stamped so


def moment(text: str, zone: tzinfo = UTC) -> np.datetime64:
    """One time, [us], UTC; one without offset is of ``zone``; 24:00 ends a day. Raises ValueError, OverflowError."""
    written, ends = END_OF_DAY.subn(r"\g<1>00:00", text.strip()) if "24:00" in text else (text.strip(), 0)
    found = datetime.fromisoformat(written) + timedelta(days=ends)
    aware = found if found.tzinfo is not None else found.replace(tzinfo=zone)
    since = aware - EPOCH
    return np.datetime64((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds, "us")


def moments(texts: Iterable[str], zone: tzinfo = UTC) -> NDArray[np.datetime64]:
    """(N) [us], UTC; NaT for what is no time."""
    found = []
    for text in texts:
        try:
            found.append(moment(text, zone))
        except (ValueError, OverflowError):
            found.append(np.datetime64("NaT", "us"))
    return np.asarray(found, dtype="datetime64[us]")


def iso_utc(time: np.datetime64) -> str:
    """``2026-03-01T12:00:00Z``; fractions of a second are cut."""
    return f"{time.astype('datetime64[s]')}Z"


def ago(span: np.timedelta64) -> str:
    """``7 min``, ``3 h 20 min``, ``12 d``."""
    minutes = int(span / np.timedelta64(1, "m"))
    if minutes < 120:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours < 48 else f"{hours // 24} d"
