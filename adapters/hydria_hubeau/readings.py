"""Values as they came from a host, as columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from hydria_plugin.exchange import moments

from .codes import NONE, flags
from .telling import Tally, quoted

NEVER = np.datetime64("NaT", "us")
FIRST, LAST = np.datetime64("1900-01-01", "us"), np.datetime64("2200-01-01", "us")


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """N rows, in the order in which they came. A NaN was withdrawn by the host."""

    series: NDArray[np.object_]
    time: NDArray[np.datetime64]  # [us] UTC
    value: NDArray[np.float64]  # in ``unit``
    unit: NDArray[np.object_]
    flag: NDArray[np.uint8]
    issued_at: NDArray[np.datetime64]  # [us] UTC; NaT for an observation
    quality: NDArray[np.int16]  # the host's own words: Sandre codes, -1 where it says nothing
    status: NDArray[np.int16]
    method: NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.time)

    def take(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> Readings:
        return Readings(*(getattr(self, f.name)[which] for f in fields(self)))


def joined(parts: Sequence[Readings]) -> Readings:
    parts = [p for p in parts if len(p)]
    if not parts:
        return readings((), (), (), ())
    return Readings(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Readings)))


def readings(
    series: Sequence[str],
    time: Sequence[str] | NDArray[np.datetime64],
    value: Sequence[float],
    unit: Sequence[str],
    *,
    issued_at: np.datetime64 = NEVER,
    codes: Sequence[tuple[int, int, int]] = (),
) -> Readings:
    """From lists; times as ISO text or as they are; ``codes`` are quality, status and method of each row."""
    n = len(series)
    stamps = time if isinstance(time, np.ndarray) else moments(time)
    code = np.asarray(codes, dtype=np.int16).reshape(-1, 3) if codes else np.full((n, 3), NONE, np.int16)
    quality, status, method = code.T
    values = np.asarray(value, dtype=float)
    return Readings(
        np.asarray(series, dtype=object),
        stamps.astype("datetime64[us]"),
        values,
        np.asarray(unit, dtype=object),
        flags(quality, status, method),
        np.full(n, issued_at, "datetime64[us]"),
        quality,
        status,
        method,
    )


def dated(found: Readings, texts: Sequence[object], tally: Tally) -> Readings:
    """Those with a time of this world; the others are told."""
    with np.errstate(invalid="ignore"):
        good = (found.time >= FIRST) & (found.time <= LAST)
    for i in np.flatnonzero(~good)[:1000]:
        what = f"{found.series[i]}: {quoted(texts[i])} is no time of this world; the row is not used"
        tally.add("time", what)
    return found if good.all() else found.take(good)


def number(value: object) -> float | None:
    """NaN for null; None for what is no number."""
    if value is None:
        return float("nan")
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def code(value: object) -> int:
    """A Sandre code; -1 for what is none."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1000:
        return NONE
    return value
