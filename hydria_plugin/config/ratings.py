"""ratings.csv: stage against discharge, with a date from which each curve holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from ..values import Floats
from .csv_files import Row, read_csv
from .places import Faults, listed, meant, quoted
from .sites import Sites

RATING_COLUMNS = ("station", "valid_from", "stage", "discharge", "sigma")


@dataclass(frozen=True, eq=False)
class Rating:
    """One curve: N points, both rising; sigma is the standard error of the discharge, in its unit (NaN = not given)."""

    station: str
    valid_from: np.datetime64  # [s], UTC
    stage: Floats  # (N)
    discharge: Floats  # (N)
    sigma: Floats  # (N)

    @property
    def is_sound(self) -> bool:
        """Numbers that rise; what is not was noted as a fault when it was read."""
        known = np.isfinite(self.stage).all() and np.isfinite(self.discharge).all()
        return bool(known and (np.diff(self.stage) > 0).all() and (np.diff(self.discharge) >= 0).all())


def read_ratings(path: Path, place: str, written: str, sites: Sites, faults: Faults) -> tuple[Rating, ...]:
    """Every curve of the file, in order of station and date; faults noted."""
    file = read_csv(path, place, RATING_COLUMNS, faults, written)
    curves: dict[tuple[str, np.datetime64], list[tuple[float, float, float]]] = {}
    for row in file.rows if file else ():
        key, point = check_point(row, sites, faults)
        curves.setdefault(key, []).append(point)
        check_rise(row, curves[key], faults)
    return tuple(
        Rating(station, since, *np.array(points, dtype=float).T)
        for (station, since), points in sorted(curves.items(), key=lambda c: (c[0][0], str(c[0][1])))
    )


def check_point(row: Row, sites: Sites, faults: Faults) -> tuple[tuple[str, np.datetime64], tuple[float, float, float]]:
    """One row: which curve, and the point."""
    station = row.text("station", faults, "a station of stations.csv")
    if station and station not in sites.stations:
        what = f"{quoted(station)} is not in {sites.file.name}{meant(station, sites.stations)}"
        faults.add(row.place("station"), what, listed(sites.stations))
    for column in ("stage", "discharge"):
        row.text(column, faults, "a number")
    stage, discharge, sigma = (row.number(c, faults) for c in ("stage", "discharge", "sigma"))
    for column, value in (("discharge", discharge), ("sigma", sigma)):
        if value < 0:
            faults.add(row.place(column), f"{value:g} is negative", "a number from 0")
    return (station, since(row, faults)), (stage, discharge, sigma)


def since(row: Row, faults: Faults) -> np.datetime64:
    """The date from which the curve holds; an empty cell is "always"; a time without zone is UTC."""
    text = row.cells["valid_from"]
    try:
        moment = datetime.fromisoformat(text) if text else datetime(1900, 1, 1, tzinfo=UTC)
    except ValueError:
        faults.add(row.place("valid_from"), f"{quoted(text)} is not a date", "a date such as 2020-09-19, or empty")
        moment = datetime(1900, 1, 1, tzinfo=UTC)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return np.datetime64(int(aware.timestamp()), "s")


def check_rise(row: Row, points: list[tuple[float, float, float]], faults: Faults) -> None:
    """Stage and discharge rise from line to line of a curve."""
    if len(points) < 2:
        return
    for column, before, now in zip(("stage", "discharge"), points[-2], points[-1], strict=False):
        if now <= before if column == "stage" else now < before:
            faults.add(row.place(column), f"{now:g} is not above {before:g} on the line before", "a curve that rises")
