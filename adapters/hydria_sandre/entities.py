"""Which site or station of Sandre a station of the house is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from hydria_plugin import Layout

SITE, STATION = "CdSiteHydro", "CdStationHydro"
CODE = re.compile(r"[A-Z0-9]{8}|[A-Z0-9]{10}|[A-Z0-9]{12}")
LENGTHS = {"Q": 8, "H": 10}  # a discharge belongs to the site, a level to the station
HOST_UNIT = {"Q": "l/s", "H": "mm"}


class Entity(NamedTuple):
    quantity: str  # Q | H
    tag: str
    code: str


def entities(layout: Layout, codes: Mapping[str, str]) -> tuple[dict[str, Entity], list[str]]:
    """Station -> whom its forecast is told of, and a fault for each that has none."""
    found, faults, seen = dict[str, Entity](), list[str](), dict[Entity, str]()
    for station, target, quantity in zip(layout.stations, layout.targets, layout.quantities, strict=True):
        letter = "Q" if quantity == "discharge" else "H"
        code = codes.get(station) or next((c for c in (target.split(".")[0], station) if CODE.fullmatch(c)), "")
        if len(code) < LENGTHS[letter] or not CODE.fullmatch(code):
            kind = "a site's of 8" if letter == "Q" else "a station's of 10"
            faults.append(
                f"station {station!r} has no Sandre code, {kind} characters: write codes = {{ {station} = ... }}"
            )
            continue
        entity = Entity(letter, SITE if letter == "Q" else STATION, code[: LENGTHS[letter]])
        if entity in seen:
            faults.append(
                f"stations {seen[entity]!r} and {station!r} are both {entity.code}: give one of them another code"
            )
        seen.setdefault(entity, station)
        found[station] = entity
    return found, faults
