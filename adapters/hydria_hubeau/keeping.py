"""What Hub'Eau still keeps: one month."""

from __future__ import annotations

import numpy as np

MARGIN = np.timedelta64(10, "m")  # its clock and ours may differ
SECOND = np.timedelta64(1, "s")


def month_before(now: np.datetime64) -> np.datetime64:
    """The same day and hour of the month before, or its last day; [s]."""
    day = now.astype("datetime64[D]")
    month = day.astype("datetime64[M]")
    last = (month.astype("datetime64[D]") - 1).astype(int) - ((month - 1).astype("datetime64[D]")).astype(int)
    number = min((day - month.astype("datetime64[D]")).astype(int), last)
    same_day = (month - 1).astype("datetime64[D]") + np.timedelta64(int(number), "D")
    return np.datetime64(same_day + (now.astype("datetime64[s]") - day), "s")


def oldest(now: np.datetime64) -> np.datetime64:
    """The first moment that may be asked for; before it the service answers 400."""
    return month_before(now) + MARGIN
