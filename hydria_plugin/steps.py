"""Steps and times. Step ``n`` ends at ``n * step`` since 1970-01-01T00:00Z and covers (stamp - step, stamp]."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .values import Ints, Times


def microsecond(time: np.datetime64) -> int:
    return int(time.astype("datetime64[us]").astype(np.int64))


def microseconds_in(duration: np.timedelta64) -> int:
    return int(duration.astype("timedelta64[us]").astype(np.int64))


def number_of(time: np.datetime64, step: np.timedelta64) -> int:
    """The number of the step that ``time`` ends or lies before the end of, counted down (floor)."""
    return microsecond(time) // microseconds_in(step)


def numbers_of(times: Times, step: np.timedelta64) -> NDArray[np.int64]:
    """Step numbers of times that are on the grid."""
    return times.astype("datetime64[s]").view(np.int64) // int(step.astype("timedelta64[s]").astype(np.int64))


def stamps(numbers: Ints, step: np.timedelta64) -> Times:
    """The times that steps end at, datetime64[s]."""
    seconds = int(step.astype("timedelta64[s]").astype(np.int64))
    return (np.asarray(numbers, dtype=np.int64) * seconds).view("datetime64[s]")


def iso(time: np.datetime64) -> str:
    """ISO 8601 with Z."""
    return f"{time.astype('datetime64[s]')}Z"
