"""stations.csv and inputs.csv: the stations, their thresholds and attributes, and the series that feed them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

from ..values import KINDS, QUANTITIES, SUMMED, UNITS, UNITS_OF, Floats, Strings
from .csv_files import CsvFile, Row, read_csv
from .places import Faults, listed, meant, quoted

NEEDED = ("station", "target", "quantity", "unit")
KNOWN = (*NEEDED, "name", "lat", "lon", "threshold_unit")
INPUT_COLUMNS = ("station", "slot", "series", "kind")
SLOT = re.compile(r"[A-Za-z][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*")
SLOT_ALLOWED = "a name such as rain.1, level.upstream or simulation.grp"


@dataclass(frozen=True, eq=False)
class Sites:
    """stations.csv: S stations in the order of the file."""

    file: CsvFile
    stations: tuple[str, ...]
    names: tuple[str, ...]
    targets: tuple[str, ...]
    quantities: tuple[str, ...]
    units: tuple[str, ...]
    positions: Floats  # (S, 2) latitude, longitude in degrees; NaN = not given

    def column(self, name: str, faults: Faults) -> Floats:
        """(S) a column of numbers; NaN where the cell is empty."""
        return np.array([row.number(name, faults) for row in self.file.rows], dtype=float)


@dataclass(frozen=True)
class Gauge:
    """What people know of a series, where inputs.csv says it: its name, and latitude and longitude in degrees."""

    name: str
    place: tuple[float, float] | None


@dataclass(frozen=True, eq=False)
class Inputs:
    """inputs.csv as a grid: V slots in the order of the file."""

    slots: tuple[str, ...]
    kinds: tuple[str, ...]
    series: Strings  # (S, V)
    gauges: Mapping[str, Gauge] = field(default_factory=dict)  # by series, of those that have a name or a place


def read_sites(path: Path, place: str, written: str, faults: Faults) -> Sites | None:
    """stations.csv, every fault noted; None where it cannot be used at all."""
    file = read_csv(path, place, NEEDED, faults, written)
    if file is None:
        return None
    for row in file.rows:
        check_site(row, faults)
    check_once(file.rows, "station", faults)
    cells = {column: tuple(row.cells.get(column, "") for row in file.rows) for column in KNOWN}
    names = tuple(n or s for n, s in zip(cells["name"], cells["station"], strict=True))
    where = [(row.number("lat", faults), row.number("lon", faults)) for row in file.rows]
    return Sites(
        file, cells["station"], names, cells["target"], cells["quantity"], cells["unit"], np.array(where, dtype=float)
    )


def check_site(row: Row, faults: Faults) -> None:
    """One row of stations.csv."""
    row.text("station", faults, "the station's name")
    row.text("target", faults, "the series that is forecast")
    quantity = row.choice("quantity", QUANTITIES, faults)
    unit = row.choice("unit", tuple(UNITS), faults)
    if unit in UNITS and unit not in UNITS_OF.get(quantity, (unit,)):
        faults.add(row.place("unit"), f"{quoted(unit)} is no unit of {quantity}", listed(UNITS_OF[quantity]))
    check_place(row, faults)


def check_place(row: Row, faults: Faults) -> None:
    """Latitude and longitude, where the row has them."""
    for column, most in (("lat", 90.0), ("lon", 180.0)):
        if abs(row.number(column, faults)) > most:
            text = quoted(row.cells[column])
            faults.add(row.place(column), f"{text} is out of range", f"degrees from -{most:.0f} to {most:.0f}")


def check_once(rows: Iterable[Row], column: str, faults: Faults) -> None:
    """No value twice in a column."""
    seen: dict[str, int] = {}
    for row in rows:
        value = row.cells[column]
        if value and value in seen:
            what = f"{quoted(value)} stands on line {seen[value]} already"
            faults.add(row.place(column), what, f"each {column} once")
        seen.setdefault(value, row.line)


def limits(sites: Sites, names: Sequence[str], faults: Faults) -> Floats:
    """(S, K) the threshold columns, which must rise along each row."""
    found = stacked(sites, [sites.column(name, faults) for name in names])
    for row, values in zip(sites.file.rows, found, strict=True):
        held = [(n, v) for n, v in zip(names, values, strict=True) if math.isfinite(v)]
        for (low, a), (high, b) in pairwise(held):
            if b <= a:
                faults.add(
                    row.place(high), f"{b:g} is not above {low} = {a:g}", f"thresholds that rise: {listed(names)}"
                )
    return found


def stacked(sites: Sites, columns: Sequence[Floats]) -> Floats:
    """(S, K) of K columns, none included."""
    return np.column_stack(columns) if columns else np.empty((len(sites.stations), 0))


def attributes(
    sites: Sites, taken: Iterable[str], warnings: list[str], faults: Faults
) -> tuple[tuple[str, ...], Floats]:
    """The further columns of numbers, as static attributes: their names and (S, K). Words are passed over."""
    names, columns = [], []
    for column in sites.file.columns:
        if not column or column in KNOWN or column in set(taken):
            continue
        trial = Faults()
        values = sites.column(column, trial)
        if np.isfinite(values).any():
            faults.lines += [line for line in trial.lines if line not in faults.lines]
            names.append(column)
            columns.append(values)
        elif trial:
            warnings.append(f"{sites.file.name}: the column {column!r} holds no numbers and is not used")
    return tuple(names), stacked(sites, columns)


def no_inputs(sites: Sites) -> Inputs:
    return Inputs((), (), np.empty((len(sites.stations), 0), dtype=np.str_))


def read_inputs(path: Path, place: str, written: str, sites: Sites, faults: Faults) -> Inputs:
    """inputs.csv over the stations of ``sites``, every fault noted."""
    file = read_csv(path, place, INPUT_COLUMNS, faults, written, may_be_empty=True)
    if file is None or not file.rows:
        return no_inputs(sites)
    rows = file.rows
    kinds: dict[str, Row] = {}
    for row in rows:
        check_input(row, sites, faults)
        first = kinds.setdefault(row.cells["slot"], row)
        if row.cells["kind"] != first.cells["kind"]:
            what = f"{quoted(row.cells['kind'])} differs from line {first.line} of the same slot"
            faults.add(row.place("kind"), what, quoted(first.cells["kind"]))
    check_series(rows, sites, faults)
    at = {station: s for s, station in enumerate(sites.stations)}
    slots = {slot: v for v, slot in enumerate(kinds)}
    series = np.full((len(sites.stations), len(slots)), "", dtype=object)
    for row in rows:
        if row.cells["station"] in at:
            place_input(series, at[row.cells["station"]], slots[row.cells["slot"]], row, faults)
    written_kinds = tuple(r.cells["kind"] for r in kinds.values())
    return Inputs(tuple(slots), written_kinds, series.astype(np.str_), gauges_of(rows, faults))


def gauges_of(rows: Iterable[Row], faults: Faults) -> dict[str, Gauge]:
    """The optional columns name, lat and lon, by series; the first row of a series that has them counts."""
    found: dict[str, Gauge] = {}
    for row in rows:
        check_place(row, faults)
        lat, lon = row.number("lat", Faults()), row.number("lon", Faults())
        place = (lat, lon) if math.isfinite(lat) and math.isfinite(lon) else None
        name = row.cells.get("name", "")
        if name or place:
            found.setdefault(row.cells["series"], Gauge(name, place))
    return found


def place_input(series: np.ndarray, s: int, v: int, row: Row, faults: Faults) -> None:
    """Put one series into its cell, once."""
    if series[s, v]:
        what = f"{quoted(row.cells['slot'])} of station {row.cells['station']} has {series[s, v]!r} already"
        faults.add(row.place("slot"), what, "each slot of a station once")
    series[s, v] = row.cells["series"]


def check_input(row: Row, sites: Sites, faults: Faults) -> None:
    """One row of inputs.csv."""
    station = row.text("station", faults, "a station of stations.csv")
    if station and station not in sites.stations:
        what = f"{quoted(station)} is not in {sites.file.name}{meant(station, sites.stations)}"
        faults.add(row.place("station"), what, listed(sites.stations))
    row.text("series", faults, "the name of a series of the source")
    kind, slot = row.choice("kind", KINDS, faults), row.text("slot", faults, SLOT_ALLOWED)
    if slot and not SLOT.fullmatch(slot):
        faults.add(row.place("slot"), f"{quoted(slot)} is not a slot", SLOT_ALLOWED)
    family = slot.split(".")[0]
    if family in KINDS and kind in KINDS and kind != family:
        faults.add(row.place("kind"), f"{quoted(kind)} contradicts the slot {slot!r}", quoted(family))


def check_series(rows: Sequence[Row], sites: Sites, faults: Faults) -> None:
    """A series is either a sum over the step or a state at its end, wherever it is used."""
    summed = dict.fromkeys(sites.targets, False)
    for row in rows:
        series, kind = row.cells["series"], row.cells["kind"]
        if kind in KINDS and series and summed.setdefault(series, kind in SUMMED) != (kind in SUMMED):
            what = f"{quoted(kind)} contradicts another use of the series {series!r}"
            faults.add(row.place("kind"), what, "a series is a sum (rain, pet) everywhere or nowhere")
