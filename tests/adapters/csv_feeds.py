"""What tests of the CSV adapter share: the question a buffer would ask, and tables in a form that can be compared."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from hydria_plugin import Wanted


def instant(text: str, unit: str = "s") -> np.datetime64:
    return np.datetime64(text.removesuffix("Z"), unit)


def asked(
    series: Sequence[str],
    start: str = "2020-01-01",
    issued_at: str = "2020-12-31",
    known_at: str | None = None,
    step: int = 10,
    horizon: int = 6,
) -> Wanted:
    """``step`` in minutes, ``horizon`` in steps; known when issued unless said otherwise."""
    issued, width = instant(issued_at), np.timedelta64(step, "m")
    known = instant(known_at or issued_at, "us")
    return Wanted(tuple(series), instant(start), issued, known, issued + width * horizon, width)


def cells(table: pd.DataFrame) -> list[tuple[str, str, float]]:
    """(series, time, value) in the order of the table; seconds only where there are any."""
    times = [t.strftime("%Y-%m-%dT%H:%M:%S").removesuffix(":00") for t in table["time"]]
    return [(s, t, float(v)) for s, t, v in zip(table["series"], times, table["value"], strict=True)]


def problems(table: pd.DataFrame) -> list[str]:
    return [p.error for p in table.attrs["problems"]]
