"""What is written: forecasts, alerts and reports as columns, by our names."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hydria_plugin import Alert, Bulletin, Layout, Report
from hydria_plugin.exchange import factor, jsonable

from .tables import storable as text

FORECAST = {  # our name -> type, where we make the table
    "pipeline": "text", "station": "text", "issued_at": "time", "revision": "whole", "valid_at": "time",
    "lead": "whole", "quantile": "number", "value": "number", "unit": "text", "made_by": "text",
}  # fmt: skip
ALERT = {
    "pipeline": "text", "issued_at": "time", "revision": "whole", "station": "text", "event": "text",
    "sequence": "whole", "reason": "text", "basis": "text", "threshold": "text", "rank": "whole",
    "limit_value": "number", "unit": "text", "probability": "number", "is_lower_bound": "truth",
    "crosses_at": "time", "peak": "number", "peak_at": "time", "observed": "number", "note": "text",
}  # fmt: skip
REPORT = {"digest": "text", "station": "text", "event": "text", "kind": "text", "headline": "text", "body": "text"}
FORECAST_KEY = ("pipeline", "station", "issued_at", "valid_at", "quantile")
ALERT_KEY = ("pipeline", "event", "issued_at")
REPORT_KEY = ("digest",)


@dataclass(frozen=True, slots=True)
class Columns:
    """N rows by our names: what differs from row to row in ``varying``, what all have in ``same``. ``station`` is
    among the varying ones."""

    varying: dict[str, list[Any]]
    same: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(next(iter(self.varying.values())))


def forecast_columns(bulletin: Bulletin, units: Mapping[str, str], wide: Mapping[str, float] | None = None) -> Columns:
    """A row per station that has a forecast, lead and quantile; with ``wide`` a row per station and lead, and a column
    for each of its quantiles."""
    forecast, layout = bulletin.forecast, bulletin.layout
    there = np.flatnonzero(forecast.there)
    theirs, factors = _their_units(layout, units)
    values = forecast.values[there] * factors[there, None, None]
    places = list(forecast.quantiles) if wide is None else [0.0]
    per_lead, horizon = len(places), forecast.horizon

    def each(names: Sequence[str]) -> list[str]:
        return [name for s in there.tolist() for name in [text(names[s])] * (horizon * per_lead)]

    varying: dict[str, list[Any]] = {
        "station": each(forecast.stations),
        "valid_at": np.tile(np.repeat(forecast.valid_times(), per_lead), len(there)).tolist(),
        "lead": np.tile(np.repeat(np.arange(1, horizon + 1), per_lead), len(there)).tolist(),
        "unit": each(theirs),
        "made_by": each(forecast.made_by),
    }
    if wide is None:
        varying["quantile"] = places * (horizon * len(there))
        varying["value"] = values.ravel().tolist()
    else:
        for name, quantile in wide.items():
            varying[name] = values[:, :, forecast.quantiles.index(quantile)].ravel().tolist()
    varying["valid_at"] = np.array(varying["valid_at"], dtype="datetime64[s]")  # type: ignore[assignment]
    return Columns(varying, _key(bulletin))


def alert_columns(bulletin: Bulletin, alerts: Sequence[Alert], units: Mapping[str, str]) -> Columns:
    """A row per alert, in the unit of its station's forecast."""
    theirs, factors = _their_units(bulletin.layout, units)
    unit = dict(zip(bulletin.layout.stations, zip(theirs, factors, strict=True), strict=True))
    rows = [_alert(alert, *unit.get(alert.station, ("", 1.0))) for alert in alerts]
    return Columns({name: [row[name] for row in rows] for name in ALERT if name not in _key(bulletin)}, _key(bulletin))


def report_columns(reports: Sequence[Report]) -> Columns:
    """A row per report, each once, known by a digest of what it says."""
    rows = {row["digest"]: row for row in map(_report, reports)}
    return Columns({name: [row[name] for row in rows.values()] for name in REPORT})


def unit_faults(units: Mapping[str, str]) -> list[str]:
    """``units``: level or discharge = the unit the host wants."""
    own = {"level": "m", "discharge": "m3/s"}
    found = []
    for quantity, unit in units.items():
        if quantity not in own:
            found.append(f"units.{quantity}: allowed are level and discharge")
            continue
        try:
            factor(str(unit), own[quantity])
        except ValueError as error:
            found.append(f"units.{quantity}: {error}")
    return found


def _their_units(layout: Layout, units: Mapping[str, str]) -> tuple[list[str], NDArray[np.float64]]:
    """(S) the unit the host wants for each station, and what our values are multiplied by."""
    theirs = [units.get(q) or u for q, u in zip(layout.quantities, layout.units, strict=True)]
    factors = [1 / factor(t, u) if t != u else 1.0 for t, u in zip(theirs, layout.units, strict=True)]
    return theirs, np.array(factors, float)


def _key(bulletin: Bulletin) -> dict[str, Any]:
    return {
        "pipeline": text(bulletin.pipeline),
        "issued_at": bulletin.issued_at,
        "revision": int(bulletin.revision),
    }


def _alert(alert: Alert, unit: str, times: float) -> dict[str, Any]:
    return {
        "station": text(alert.station),
        "event": text(alert.event),
        "sequence": alert.sequence,
        "reason": str(alert.reason),
        "basis": str(alert.basis),
        "threshold": text(alert.threshold),
        "rank": alert.rank,
        "limit_value": _number(alert.limit * times),
        "unit": text(unit),
        "probability": _number(alert.probability),
        "is_lower_bound": bool(alert.is_lower_bound),
        "crosses_at": alert.crosses_at,
        "peak": _number(alert.peak * times),
        "peak_at": alert.peak_at,
        "observed": _number(alert.observed * times),
        "note": text(alert.note),
    }


def _report(report: Report) -> dict[str, Any]:
    body = json.dumps(jsonable(report.body), ensure_ascii=False, sort_keys=True, allow_nan=False)
    words = {name: text(getattr(report, name)) for name in ("station", "event", "kind", "headline")}
    made = {**words, "body": text(body.replace("\\u0000", ""))}
    return {"digest": hashlib.sha256(json.dumps(made, sort_keys=True).encode()).hexdigest()[:32], **made}


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
