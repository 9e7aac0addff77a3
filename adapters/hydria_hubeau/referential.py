"""Rows of ``referentiel/stations``: where gauges stand, and what an admin must know of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from .readings import number

DATUMS = {0: "an unknown system", 1: "Bourdeloue 1857", 2: "NGF 1884", 3: "NGF-IGN69"}
GROUND = (-10.0, 4000.0)  # m: no gauge of France lies below or above; others are written in other units
TYPES = {"LIMNI": "levels only", "DEB": "discharges", "STD": "levels and discharges"}


@dataclass(frozen=True, slots=True)
class Gauge:
    """A station as the referential has it."""

    code: str
    name: str
    latitude: float
    longitude: float
    zero: float  # m above the datum; NaN where nobody says
    datum: int  # Sandre nomenclature 76; -1 where nobody says
    comments: tuple[str, ...] = ()


def gauges(rows: Sequence[Any]) -> Iterator[Gauge]:
    """Those in service."""
    for row in rows:
        if not isinstance(row, dict) or not isinstance(row.get("code_station"), str) or row.get("en_service") is False:
            continue
        datum = row.get("code_systeme_alti_site")
        yield Gauge(
            row["code_station"],
            str(row.get("libelle_station") or row["code_station"]),
            place(row.get("latitude_station"), 90),
            place(row.get("longitude_station"), 180),
            place(row.get("altitude_ref_alti_station"), float("inf")),
            datum if isinstance(datum, int) else -1,
            tuple(
                " ".join(str(row[c]).split())
                for c in ("commentaire_station", "commentaire_influence_locale_station")
                if row.get(c)
            ),
        )


def place(value: object, most: float) -> float:
    """A number within bounds, else NaN."""
    found = number(value)
    return found if found is not None and abs(found) <= most else float("nan")


def remarks(found: Sequence[Gauge], targets: Sequence[Gauge], quantity: str) -> Iterator[str]:
    """What a person should look at."""
    silent = sorted({g.code for g in found} - {g.code for g in targets})
    if silent:
        named = ", ".join(silent[:10]) + (f" and {len(silent) - 10} more" if len(silent) > 10 else "")
        yield f"{len(silent)} stations in service gave no {quantity} in the last 6 hours and are left out: {named}"
    yield "Hub'Eau has no thresholds: set them in stations.csv, for example from the flood service's own regulations"
    if quantity == "H":
        yield "levels are above the zero of each gauge, and may be negative; zeros are below where they are known"
    for gauge in targets:
        yield from of_one(gauge, quantity)


def of_one(gauge: Gauge, quantity: str) -> Iterator[str]:
    if quantity == "H" and gauge.zero == gauge.zero:
        datum = DATUMS.get(gauge.datum, "a system that is not named")
        doubt = "" if GROUND[0] <= gauge.zero <= GROUND[1] and gauge.zero % 1 != gauge.zero else ", which cannot be"
        yield f"{gauge.code} {gauge.name}: zero at {gauge.zero:g} m in {datum}{doubt}"
    for comment in gauge.comments:
        yield f"{gauge.code} {gauge.name}: {comment[:200]}"
