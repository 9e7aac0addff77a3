"""Bulletins as CSV text. Built station by station from one template: no cell is looked at twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np

from hydria_plugin import Alert, Bulletin

NUMBER = "%.7g"  # what a float32 holds; a level in mm stays exact to 1 mm
TOGETHER = 256  # stations in one piece
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # spreadsheets run cells that begin so
WIDE = ("pipeline", "station", "issued_at", "valid_at", "lead", "unit", "made_by")
LONG = ("pipeline", "station", "issued_at", "valid_at", "lead", "quantile", "value", "unit")
ALERT = (
    *("pipeline", "issued_at", "revision", "station", "event", "sequence", "reason", "basis", "threshold", "limit"),
    *("unit", "probability", "is_lower_bound", "crosses_at", "peak", "peak_at", "observed", "note"),
)


def forecast_table(bulletin: Bulletin, form: str) -> Iterator[bytes]:
    """The forecast in pieces, station by station, lead by lead; a station without forecast has rows with empty cells.

    wide: ``WIDE`` and one column per quantile (q0.05 ...).  long: ``LONG``, a row per quantile.
    """
    pieces = (_wide if form == "wide" else _long)(bulletin)
    while some := "".join(islice(pieces, TOGETHER)):
        yield some.encode()


def alerts_table(bulletin: Bulletin, alerts: Sequence[Alert]) -> list[bytes]:
    """One row per alert."""
    units = dict(zip(bulletin.layout.stations, bulletin.layout.units, strict=True))
    issued = iso(bulletin.issued_at)
    rows = [_row([text(bulletin.pipeline), issued, str(bulletin.revision), *_alert(a, units)]) for a in alerts]
    return [row.encode() for row in (_row(ALERT), *rows)]


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


def _wide(bulletin: Bulletin) -> Iterator[str]:
    forecast = bulletin.forecast
    blank = "," * (len(forecast.quantiles) - 1)
    numbers = ",".join([NUMBER] * len(forecast.quantiles))
    leads = [f"{valid},{lead}" for lead, valid in enumerate(map(iso, forecast.valid_times()), 1)]
    ends = (
        f",{text(unit)},{text(made_by)}," for unit, made_by in zip(bulletin.layout.units, forecast.made_by, strict=True)
    )
    starts = _starts(bulletin)
    yield _row([*WIDE, *(f"q{q:g}" for q in forecast.quantiles)])
    templates = ("".join(f"{a}{lead}{b}\0\n" for lead in leads) for a, b in zip(starts, ends, strict=True))
    yield from _filled(templates, numbers, blank, bulletin)


def _long(bulletin: Bulletin) -> Iterator[str]:
    forecast = bulletin.forecast
    cells = [
        f"{valid},{lead},{q:g},\0"
        for lead, valid in enumerate(map(iso, forecast.valid_times()), 1)
        for q in forecast.quantiles
    ]
    ends = (f",{text(unit)}\n" for unit in bulletin.layout.units)
    yield _row(LONG)
    templates = (a + (b + a).join(cells) + b for a, b in zip(_starts(bulletin), ends, strict=True))
    yield from _filled(templates, NUMBER, "", bulletin)


def _starts(bulletin: Bulletin) -> Iterator[str]:
    """What every row of a station begins with."""
    pipeline, issued = text(bulletin.pipeline), iso(bulletin.issued_at)
    return (f"{pipeline},{text(station)},{issued}," for station in bulletin.forecast.stations)


def _filled(templates: Iterable[str], numbers: str, blank: str, bulletin: Bulletin) -> Iterator[str]:
    """Each station's values put where its template has a NUL: no text that is written holds one."""
    values, there = bulletin.forecast.values, bulletin.forecast.there
    for template, row, is_there in zip(templates, values, there, strict=True):
        if is_there:
            yield template.replace("%", "%%").replace("\0", numbers) % tuple(row.ravel().tolist())
        else:
            yield template.replace("\0", blank)


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
