"""What a host was found to have, as the files an admin reviews and uses: stations.csv, inputs.csv, ratings.csv."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace as changed
from pathlib import Path

import numpy as np

from ..config.csv_files import BREAKS
from ..config.places import Faults
from ..config.ratings import RATING_COLUMNS, read_ratings
from ..config.sites import INPUT_COLUMNS, limits, read_inputs, read_sites
from ..errors import ConfigError
from ..values import UNITS, UNITS_OF, FoundInput, FoundStation, Inventory

STATIONS, INPUTS, RATINGS = "stations.csv", "inputs.csv", "ratings.csv"
SITE_COLUMNS = ("station", "name", "lat", "lon", "target", "quantity", "unit")
EARTH_KM = 6371.0


def write_inventory(
    found: Inventory, folder: Path, gauges: int = 4, replace: bool = False
) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """Write the files into ``folder``, all or none; gives their paths, and what a person should look at: the remarks
    of the host's adapter, and what the house itself would not take. An input of no station goes to each station whose
    ``gauges`` nearest of its kind it belongs to. Raises ConfigError where there is nothing to write, or a file is
    there and may not be replaced."""
    if not found.stations:
        said = f": {'; '.join(found.remarks)}" if found.remarks else ""
        raise ConfigError(f"no station was found that can be forecast{said}")
    found, homeless = at_home(found)
    texts = {STATIONS: stations_text(found.stations), INPUTS: inputs_text(found, gauges)}
    if found.ratings:
        texts[RATINGS] = ratings_text(found)
    there = [name for name in texts if there_is(folder / name)]
    if there and not replace:
        raise ConfigError(
            f"{folder}: {', '.join(there)} would be overwritten, and what was reviewed with it; allowed: another "
            "folder by --out, or --replace"
        )
    put(folder, texts)
    remarks = dict.fromkeys((*found.remarks, *homeless, *doubts(folder, texts)))  # two files may say the same
    return tuple(folder / name for name in texts), tuple(remarks)


def at_home(found: Inventory) -> tuple[Inventory, tuple[str, ...]]:
    """Without the rating curves of what is no station here, which no configuration takes; and a remark on them."""
    stations = {one.station for one in found.stations}
    lost = sorted({curve.station for curve in found.ratings} - stations)
    if not lost:
        return found, ()
    more = f" and {len(lost) - 5} more" if len(lost) > 5 else ""
    remark = f"rating curves of {', '.join(lost[:5])}{more} are not written: none of the stations is called so"
    return changed(found, ratings=tuple(c for c in found.ratings if c.station in stations)), (remark,)


def there_is(path: Path) -> bool:
    """Raises ConfigError where the system cannot even look."""
    try:
        return path.exists()
    except OSError as cause:
        raise ConfigError(
            f"--out: {str(path.parent)!r} cannot be read ({cause.strerror}); allowed: a folder"
        ) from cause


def put(folder: Path, texts: Mapping[str, str]) -> None:
    """All of them or none, where the disk has no room for them. Raises ConfigError."""
    parts = {name: folder / f"{name}.part" for name in texts}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            parts[name].write_text(text, encoding="utf-8")
        for name, part in parts.items():
            part.replace(folder / name)
    except OSError as cause:
        for part in parts.values():
            with suppress(OSError):
                part.unlink(missing_ok=True)
        allowed = "a folder that can be written to"
        raise ConfigError(f"--out: {str(folder)!r} cannot be written ({cause.strerror}); allowed: {allowed}") from cause


def threshold_names(stations: Iterable[FoundStation]) -> tuple[str, ...]:
    """Every threshold's name once, in rising order: a name stands after those that are lower at some station."""
    chains = [sorted(s.thresholds, key=lambda n: s.thresholds[n]) for s in stations]
    lower: dict[str, set[str]] = {name: set() for chain in chains for name in chain}
    for chain in chains:
        for i, name in enumerate(chain):
            lower[name].update(chain[:i])
    names: list[str] = []
    while left := [n for n in lower if n not in names]:
        names.append(next((n for n in left if lower[n] <= {*names, n}), left[0]))
    return tuple(names)


def stations_text(stations: Sequence[FoundStation]) -> str:
    """stations.csv; the column threshold_unit only where some station needs it."""
    names = threshold_names(stations)
    units = any(s.threshold_unit not in ("", s.unit) for s in stations)
    rows = [
        [
            *(s.station, s.name, degrees(s.latitude), degrees(s.longitude), s.target, s.quantity, s.unit),
            *(number(s.thresholds.get(n, math.nan)) for n in names),
            *([s.threshold_unit] if units else []),
        ]
        for s in stations
    ]
    return table([*SITE_COLUMNS, *names, *(["threshold_unit"] if units else [])], rows)


def inputs_text(found: Inventory, gauges: int) -> str:
    """inputs.csv; inputs that could not be given to a station stand below as remarks, ready to be used."""
    rows: list[list[str]] = []
    left = list(found.inputs)
    for station in found.stations:
        mine = [*own(found.inputs, station), *nearest(found.inputs, station, gauges)]
        counts: dict[str, int] = {}
        for one in mine:
            counts[one.kind] = counts.get(one.kind, 0) + 1
            slot = f"{one.kind}.{counts[one.kind]}"
            rows.append([station.station, slot, one.series, one.kind, *describing(one)])
        left = [one for one in left if one not in mine]
    text = table([*INPUT_COLUMNS, "name", "lat", "lon"], rows)
    unused = table([], [["# STATION", f"{one.kind}.1", one.series, one.kind, *describing(one)] for one in left])
    return text + unused


def own(inputs: Iterable[FoundInput], station: FoundStation) -> list[FoundInput]:
    return [one for one in inputs if one.station == station.station and one.series != station.target]


def nearest(inputs: Iterable[FoundInput], station: FoundStation, most: int) -> list[FoundInput]:
    """Rain gauges of no station, the ``most`` nearest first; none where the places are not known."""
    free = [one for one in inputs if not one.station and one.kind == "rain"]
    far = {one.series: kilometres(one, station) for one in free}
    known = sorted((one for one in free if math.isfinite(far[one.series])), key=lambda one: far[one.series])
    return known[:most]


def kilometres(one: FoundInput, station: FoundStation) -> float:
    """Along the sphere, near enough to tell which gauge is nearer."""
    north = math.radians(one.latitude - station.latitude)
    east = math.radians(one.longitude - station.longitude) * math.cos(math.radians(station.latitude))
    return EARTH_KM * math.hypot(north, east)


def ratings_text(found: Inventory) -> str:
    """ratings.csv, each curve in the units of its station."""
    rows = []
    unit_of = {s.station: (s.unit, s.threshold_unit) for s in found.stations}
    for curve in found.ratings:
        units = unit_of.get(curve.station, ())
        stage, discharge = (
            next((u for u in units if u in UNITS_OF[quantity]), standard)
            for quantity, standard in (("level", "m"), ("discharge", "m3/s"))
        )
        since = "" if np.isnat(curve.valid_from) else f"{curve.valid_from.astype('datetime64[s]')}Z"
        for metres, cubic in curve.points:
            rows.append([curve.station, since, number(metres / UNITS[stage]), number(cubic / UNITS[discharge]), ""])
    return table(RATING_COLUMNS, rows)


def doubts(folder: Path, texts: Mapping[str, str]) -> tuple[str, ...]:
    """What the house would not take of the written files: for the admin to mend, not a reason to write nothing."""
    faults = Faults()
    sites = read_sites(folder / STATIONS, STATIONS, STATIONS, faults)
    if sites is not None:
        named = [c for c in sites.file.columns if c not in (*SITE_COLUMNS, "threshold_unit")]
        limits(sites, named, faults)
        read_inputs(folder / INPUTS, INPUTS, INPUTS, sites, faults)
        if RATINGS in texts:
            read_ratings(folder / RATINGS, RATINGS, RATINGS, sites, faults)
    return tuple(faults.lines)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """CSV, each row on one line: a name of the host's may hold breaks, which readers of CSV take for the end of one."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if head:
        writer.writerow(head)
    writer.writerows([[BREAKS.sub(" ", cell) for cell in row] for row in rows])
    return out.getvalue()


def describing(one: FoundInput) -> tuple[str, str, str]:
    return one.name, degrees(one.latitude), degrees(one.longitude)


def degrees(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".") if math.isfinite(value) else ""


def number(value: float) -> str:
    return f"{value:.6g}" if math.isfinite(value) else ""
