"""Where the doubt of forecasts comes from, as commands tell it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..decomposition import shares
from .speaking import columns

if TYPE_CHECKING:
    from ..values import Forecast
    from ..verification.backtest import Backtest

SOURCES = ("model", "input", "residual")  # along the last axis of Forecast.variance


def variance_facts(forecast: Forecast, row: int) -> dict[str, list[float | None]] | None:
    """The variance of a station's forecast by source, lead by lead, in its unit squared; null = not known."""
    if forecast.variance is None:
        return None
    return {name: [rounded(v) for v in forecast.variance[row, :, k]] for k, name in enumerate(SOURCES)}


def doubt_facts(result: Backtest) -> list[dict[str, Any]]:
    """Where the doubt came from: shares of the variance summed over the issue times, by station and lead. A source that
    was never known is null, and in no share."""
    if result.variance is None:
        return []
    with np.errstate(invalid="ignore"):
        sums = np.where(
            np.isfinite(result.variance).any(axis=0), np.nansum(result.variance, axis=0, dtype=float), np.nan
        )
    return [
        {"station": station, "lead": f + 1, **{name: rounded(v) for name, v in zip(SOURCES, parts, strict=True)}}
        for station, rows in zip(result.layout.stations, shares(sums), strict=True)
        for f, parts in enumerate(rows)
    ]


def doubt_table(facts: dict[str, Any], leads: Sequence[int]) -> list[str]:
    """Where the doubt came from, for people."""
    rows = [
        (line["station"], str(line["lead"]), *("-" if line[name] is None else f"{line[name]:.2f}" for name in SOURCES))
        for line in facts.get("doubt", ())
        if line["lead"] in leads
    ]
    return ["shares of the doubt:", columns(rows, ("station", "lead", *SOURCES))] if rows else []


def rounded(value: float) -> float | None:
    """Six digits; what is not known is null in JSON."""
    return float(f"{value:.6g}") if np.isfinite(value) else None
