"""Thresholds in another unit or quantity than the station's forecast: a level's in m3/s, a discharge's in cm.

``threshold_unit`` of stations.csv names the unit of a row's thresholds where it is not ``unit``. The other unit of the
same quantity is a factor; the other quantity goes through the station's newest curve of ratings.csv, linear between its
points, whose column of the station's quantity is in ``unit`` and whose other column is in ``threshold_unit``.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from ..values import UNITS, UNITS_OF, Floats
from .csv_files import Row
from .places import Faults, listed, quoted
from .ratings import Rating
from .sites import Sites

COLUMN = "threshold_unit"


def in_stations_units(
    written: Floats, names: Sequence[str], sites: Sites, ratings: Sequence[Rating], faults: Faults
) -> Floats:
    """(S, K) the thresholds ``names`` in the units of the forecasts, from (S, K) as written; faults noted."""
    found = written.copy()
    newest = {rating.station: rating for rating in sorted(ratings, key=lambda r: str(r.valid_from))}
    for s, row in enumerate(sites.file.rows):
        given, own = row.cells.get(COLUMN, ""), row.cells["unit"]
        if given in ("", own) or own not in UNITS:
            continue
        if row.choice(COLUMN, tuple(UNITS), faults) not in UNITS:
            continue
        if quantity_of(given) == quantity_of(own):
            found[s] = written[s] * (UNITS[given] / UNITS[own])
        elif np.isfinite(written[s]).any():
            found[s] = rated(written[s], names, row, newest.get(row.cells["station"]), faults)
    return found


def quantity_of(unit: str) -> str:
    return next(quantity for quantity, units in UNITS_OF.items() if unit in units)


def rated(written: Floats, names: Sequence[str], row: Row, curve: Rating | None, faults: Faults) -> Floats:
    """(K) one station's thresholds through its curve. NaN and a fault for what the curve does not tell;
    of a curve with faults of its own nothing more is said."""
    if curve is None:
        needed = f"{listed(UNITS_OF[quantity_of(row.cells['unit'])])}, or a curve of the station in ratings.csv"
        faults.add(row.place(COLUMN), f"{quoted(row.cells[COLUMN])} needs a rating curve", needed)
        return np.full(len(names), np.nan)
    if not curve.is_sound:
        return np.full(len(names), np.nan)
    of, to = curve.stage, curve.discharge
    if quantity_of(row.cells["unit"]) == "level":
        of, to = to, of
    found = np.interp(written, of, to, left=np.nan, right=np.nan)
    for name, value, there in zip(names, written, found, strict=True):
        if np.isfinite(value) and not np.isfinite(there):
            span = f"{of[0]:g} to {of[-1]:g} {row.cells[COLUMN]}"
            faults.add(row.place(name), f"{value:g} lies beyond the rating curve", span)
    told_apart(written, found, names, row, faults)
    return np.asarray(found, dtype=float)


def told_apart(written: Floats, found: Floats, names: Sequence[str], row: Row, faults: Faults) -> None:
    """Thresholds that rise as written rise as converted too, or a fault: a curve may be flat."""
    held = [k for k in range(len(names)) if np.isfinite(found[k])]
    for low, high in pairwise(held):
        if written[high] > written[low] and found[high] <= found[low]:
            what = f"{written[high]:g} and {names[low]} = {written[low]:g} are both {found[high]:g} {row.cells['unit']}"
            faults.add(row.place(names[high]), f"{what} by the rating curve", "thresholds that the curve tells apart")
