"""Durations as an admin writes them: 90min, 5h30min, 2d."""

from __future__ import annotations

import re

import numpy as np

SECONDS = {"d": 86_400, "h": 3_600, "min": 60, "s": 1}
ALLOWED = "a duration such as 10min, 5h30min or 2d"
SHAPE = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)min)?(?:(\d+)s)?")
LONGEST = 100 * 366 * 86_400  # seconds; beyond it a duration is a slip of the finger


def parse_duration(text: str) -> np.timedelta64:
    """``"5h30min"`` as timedelta64[s]. Raises ValueError but for days, hours, minutes, seconds, in that order."""
    found = SHAPE.fullmatch(text.strip()) if text.isascii() else None
    if found is None or not any(found.groups()):
        raise ValueError(f"{text!r} is not a duration")
    seconds = sum(int(n or 0) * unit for n, unit in zip(found.groups(), SECONDS.values(), strict=True))
    if seconds > LONGEST:
        raise ValueError(f"{text!r} is longer than a century")
    return np.timedelta64(seconds, "s")


def format_duration(duration: np.timedelta64) -> str:
    """The shortest text that :func:`parse_duration` reads back: ``"5h30min"``."""
    left = int(duration / np.timedelta64(1, "s"))
    if left < 0:
        return "-" + format_duration(-duration)
    parts = []
    for unit, seconds in SECONDS.items():
        count, left = divmod(left, seconds)
        parts += [f"{count}{unit}"] if count else []
    return "".join(parts) or "0s"


def whole_steps(duration: np.timedelta64, step: np.timedelta64) -> int | None:
    """How many steps the duration is; None where it is not a whole number of them, at least one."""
    count, rest = divmod(duration.astype("timedelta64[s]").astype(int), step.astype("timedelta64[s]").astype(int))
    return int(count) if rest == 0 and count >= 1 else None
