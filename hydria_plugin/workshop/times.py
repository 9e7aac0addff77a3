"""The clock, and times as text."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np


def now() -> np.datetime64:
    """datetime64[us], UTC."""
    return np.datetime64(datetime.now(UTC).replace(tzinfo=None), "us")


def utc(time: np.datetime64) -> str:
    """``2020-09-19T06:00:00Z``, or an empty text for no time."""
    return "" if np.isnat(time) else f"{time.astype('datetime64[s]')}Z"
