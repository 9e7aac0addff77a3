"""What a bulletin is on a SensorThings server: Datastreams, and the observations they hold of one issue time."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hydria_plugin import Alert, Bulletin, Report
from hydria_plugin.exchange import iso_utc

MEASURED = {"level": "water level", "discharge": "discharge"}


@dataclass(frozen=True, slots=True)
class Purpose:
    """What one of our Datastreams is for. ``key`` stands in its properties as ``hydria``; by it, or by ``name``, the
    Datastream is found again."""

    key: str
    name: str
    describes: str  # name of the ObservedProperty
    unit: str  # of the values; "" for plain numbers


@dataclass(frozen=True, slots=True)
class Cell:
    """One observation: its phenomenonTime, its result, and what else is told with it."""

    valid: np.datetime64
    value: float
    parameters: Mapping[str, Any] | None = None


def quantile_purpose(bulletin: Bulletin, row: int, quantile: float, template: str) -> Purpose:
    quantity, station = bulletin.layout.quantities[row], bulletin.layout.stations[row]
    words = {"pipeline": bulletin.pipeline, "station": station, "quantity": quantity, "quantile": f"{quantile:g}"}
    key = f"forecast/{bulletin.pipeline}/{quantity}/{quantile:g}"
    return Purpose(key, _put(template, words), f"forecast {MEASURED[quantity]}", bulletin.layout.units[row])


def quantile_cells(bulletin: Bulletin, row: int, q: int) -> list[Cell]:
    """The leads of one station and quantile; nothing where there is no forecast."""
    values = bulletin.forecast.values[row, :, q]
    times = bulletin.forecast.valid_times()
    return [Cell(t, rounded(v)) for t, v in zip(times, values.tolist(), strict=True) if math.isfinite(v)]


def warning_purpose(pipeline: str, station: str, template: str) -> Purpose:
    words = {"pipeline": pipeline, "station": station}
    return Purpose(f"warning/{pipeline}", _put(template, words), "warning level", "")


def warning_cell(alert: Alert) -> Cell:
    """0 is calm, 1 the lowest threshold."""
    told: dict[str, Any] = {
        "event": alert.event, "sequence": alert.sequence, "reason": str(alert.reason), "basis": str(alert.basis),
        "threshold": alert.threshold, "limit": alert.limit, "probability": alert.probability,
        "crosses_at": iso(alert.crosses_at), "peak": alert.peak, "peak_at": iso(alert.peak_at),
        "observed": alert.observed, "note": alert.note,
    }  # fmt: skip
    return Cell(alert.issued_at, float(alert.rank + 1), plain(told))


def issue_purpose(pipeline: str) -> Purpose:
    return Purpose(f"issues/{pipeline}", f"hydria {pipeline}: bulletins by revision", "bulletin revision", "")


def issue_cell(bulletin: Bulletin, state: str) -> Cell:
    """``begun`` before anything else of the bulletin is written, ``done`` after all of it is."""
    degraded = list(bulletin.degraded)[:20]
    return Cell(bulletin.issued_at, float(bulletin.revision), {"state": state, "degraded": degraded})


def report_purpose(report: Report, template: str) -> Purpose:
    words = {"station": report.station, "kind": report.kind}
    return Purpose(f"report/{report.kind}", _put(template, words), f"explanation ({report.kind})", "")


def report_cell(report: Report, at: np.datetime64, pictures: bool) -> Cell:
    """The document is a parameter of the observation, whose result, 1, says that there is one."""
    body = {key: value for key, value in report.body.items() if pictures or key != "svg"}
    told = {"kind": report.kind, "station": report.station, "event": report.event, "headline": report.headline}
    return Cell(at, 1.0, plain({**told, "body": body}))


def told_alerts(alerts: Sequence[Alert], which: str) -> Iterator[Alert]:
    return (alert for alert in alerts if which == "all" or alert.is_news)


def rounded(value: float) -> float:
    """Seven digits: more were never measured."""
    return float(f"{value:.7g}")


def iso(time: np.datetime64) -> str | None:
    return None if np.isnat(time) else iso_utc(time)


def plain(value: Any) -> Any:
    """What JSON can hold: NaN is null, and left out of objects, because some servers refuse null there."""
    if isinstance(value, Mapping):
        found = {str(key): plain(item) for key, item in value.items()}
        return {key: item for key, item in found.items() if item is not None}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.generic | np.ndarray):
        return plain(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value


def alike(one: Any, other: Any) -> bool:
    """The same JSON; a server that keeps no empty object says null."""
    return json.dumps(one or {}, sort_keys=True) == json.dumps(other or {}, sort_keys=True)


def _put(template: str, words: Mapping[str, str]) -> str:
    for word, text in words.items():
        template = template.replace(f"{{{word}}}", text)
    return template
