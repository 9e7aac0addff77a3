"""Times of Sandre files: naive UTC, or with an offset such as ``+02``, ``+02:00`` or ``Z``; day first in CSV drops."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from hydria_plugin.exchange import moments

Times = NDArray[np.datetime64]
NEVER = np.datetime64("NaT", "us")
EARLIEST, LATEST = np.datetime64("1700-01-01", "us"), np.datetime64("2100-01-01", "us")
PLAIN = 19  # characters of 2010-02-26T11:10:00, and of 2010-02-26T11:10+02, which is something else
SHAPE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)?(?:Z|[+-]\d\d(?::?\d\d)?)?")
FRENCH = re.compile(r"(\d\d?)/(\d\d?)/(\d{4})(?:\s+(\d\d?):(\d\d)(?::(\d\d))?)?")
OFFSET = re.compile(r"(?:UTC)?([+-])(\d{1,2})(?::?(\d\d))?")


def instants(texts: Sequence[str], zone: tzinfo = UTC) -> Times:
    """(N) [us], UTC; NaT for what is no time or lies outside 1700 to 2100."""
    if zone is UTC and texts and all(len(t) == PLAIN and t[10::3] == "T::" for t in texts):
        try:
            return within(np.array(texts, dtype="datetime64[us]"))
        except ValueError:
            pass  # one of them is no time: each by itself
    return within(moments([t.strip() if SHAPE.fullmatch(t.strip()) else "" for t in texts], zone))


def instant(text: str, zone: tzinfo = UTC) -> np.datetime64:
    """One time; NaT for none."""
    found: np.datetime64 = instants([text], zone)[0] if text else NEVER
    return found


def french(texts: Sequence[str], zone: tzinfo = UTC) -> Times:
    """(N) of ``dd/mm/yyyy HH:MM:SS``, with or without seconds or a clock; ISO 8601 where a producer writes that."""
    return instants([day_first(t) for t in texts], zone)


def day_first(text: str) -> str:
    found = FRENCH.fullmatch(text.strip())
    if found is None:
        return text.strip().replace(" ", "T", 1)
    day, month, year, hour, minute, second = (part or "0" for part in found.groups())
    return f"{year}-{month:>02}-{day:>02}T{hour:>02}:{minute:>02}:{second:>02}"


def within(times: Times) -> Times:
    """Times outside of what can be meant are none."""
    times[~((times >= EARLIEST) & (times < LATEST))] = NEVER
    return times


def zone_of(name: str) -> tzinfo:
    """``UTC``, ``Europe/Paris`` or a fixed offset such as ``+01:00``. Raises ValueError."""
    if name == "UTC":
        return UTC
    if fixed := OFFSET.fullmatch(name):
        sign, hours, minutes = fixed.groups()
        return timezone((1 if sign == "+" else -1) * timedelta(hours=int(hours), minutes=int(minutes or 0)))
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError) as cause:
        raise ValueError(f"{name!r} is not a time zone") from cause


def sandre_time(time: np.datetime64) -> str:
    """``2010-02-26T11:10:00``: naive UTC, as Sandre means it."""
    return str(time.astype("datetime64[s]"))
