"""Bulletins as CSV text. Built station by station from one template: no cell is looked at twice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hydria_plugin import Alert, Bulletin

NUMBER = "%.7g"  # what a float32 holds; a level in mm stays exact to 1 mm
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # spreadsheets run cells that begin so
WIDE = ("pipeline", "station", "issued_at", "valid_at", "lead", "unit", "made_by")
LONG = ("pipeline", "station", "issued_at", "valid_at", "lead", "quantile", "value", "unit")
ALERT = (
    *("pipeline", "issued_at", "revision", "station", "event", "sequence", "reason", "basis", "threshold", "limit"),
    *("unit", "probability", "is_lower_bound", "crosses_at", "peak", "peak_at", "observed", "note"),
)


def forecast_table(bulletin: Bulletin, form: str) -> bytes:
    """The forecast, station by station, lead by lead; a station without forecast has rows with empty cells.

    wide: ``WIDE`` and one column per quantile (q0.05 ...).  long: ``LONG``, a row per quantile.
    """
    return (_wide if form == "wide" else _long)(bulletin).encode()


def alerts_table(bulletin: Bulletin, alerts: Sequence[Alert]) -> bytes:
    """One row per alert."""
    units = dict(zip(bulletin.layout.stations, bulletin.layout.units, strict=True))
    issued = iso(bulletin.issued_at)
    rows = [_row([text(bulletin.pipeline), issued, str(bulletin.revision), *_alert(a, units)]) for a in alerts]
    return "".join([_row(ALERT), *rows]).encode()


def text(cell: str) -> str:
    """A text cell: quoted where CSV needs it, harmless in a spreadsheet."""
    cell = cell.replace("\0", "")
    if cell.startswith(FORMULA):
        cell = f"'{cell}"
    return '"' + cell.replace('"', '""') + '"' if any(c in cell for c in ',"\n\r') else cell


def iso(time: np.datetime64) -> str:
    """ISO 8601 in UTC; empty for no time."""
    return "" if np.isnat(time) else f"{time.astype('datetime64[s]')}Z"


def compact(time: np.datetime64) -> str:
    """20200919T060000Z: sorts by name, and is allowed in file names everywhere."""
    return iso(time).replace("-", "").replace(":", "")


def number(value: float) -> str:
    return NUMBER % value if np.isfinite(value) else ""


def _wide(bulletin: Bulletin) -> str:
    forecast = bulletin.forecast
    numbers = ",".join([NUMBER] * len(forecast.quantiles))
    leads = [f"{valid},{lead}" for lead, valid in enumerate(map(iso, forecast.valid_times()), 1)]
    blank = "," * (len(forecast.quantiles) - 1)
    names = zip(forecast.stations, bulletin.layout.units, forecast.made_by, strict=True)
    header = _row([*WIDE, *(f"q{q:g}" for q in forecast.quantiles)])
    stations = [
        (f"{_prefix(bulletin, station)},", f",{text(unit)},{text(made_by)},") for station, unit, made_by in names
    ]
    templates = ["".join(f"{a}{lead}{b}\0\n" for lead in leads) for a, b in stations]
    return header + _filled(templates, numbers, blank, bulletin)


def _long(bulletin: Bulletin) -> str:
    forecast = bulletin.forecast
    cells = [
        f"{valid},{lead},{q:g},\0"
        for lead, valid in enumerate(map(iso, forecast.valid_times()), 1)
        for q in forecast.quantiles
    ]
    templates = []
    for station, unit in zip(forecast.stations, bulletin.layout.units, strict=True):
        first, last = f"{_prefix(bulletin, station)},", f",{text(unit)}\n"
        templates.append(first + (last + first).join(cells) + last)
    return _row(LONG) + _filled(templates, NUMBER, "", bulletin)


def _prefix(bulletin: Bulletin, station: str) -> str:
    return f"{text(bulletin.pipeline)},{text(station)},{iso(bulletin.issued_at)}"


def _filled(templates: Sequence[str], numbers: str, blank: str, bulletin: Bulletin) -> str:
    """Each station's values put where its template has a NUL: no text that is written holds one."""
    values, there = bulletin.forecast.values, bulletin.forecast.there
    parts = []
    for template, row, is_there in zip(templates, values, there, strict=True):
        if is_there:
            parts.append(template.replace("%", "%%").replace("\0", numbers) % tuple(row.ravel().tolist()))
        else:
            parts.append(template.replace("\0", blank))
    return "".join(parts)


def _alert(alert: Alert, units: dict[str, str]) -> list[str]:
    return [
        text(alert.station),
        text(alert.event),
        str(alert.sequence),
        text(alert.reason),
        text(alert.basis),
        text(alert.threshold),
        number(alert.limit),
        text(units.get(alert.station, "")),
        number(alert.probability),
        "true" if alert.is_lower_bound else "false",
        iso(alert.crosses_at),
        number(alert.peak),
        iso(alert.peak_at),
        number(alert.observed),
        text(alert.note),
    ]


def _row(cells: Sequence[str]) -> str:
    return ",".join(cells) + "\n"
