"""What was found in messages, as the house knows stations, inputs and curves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from hydria_plugin import FoundInput, FoundRating, FoundStation, Inventory

from .form import Form
from .places import Place, place_of
from .referential import Referential, Site
from .rows import Stream
from .thresholds import Bands, Threshold, not_taken

KINDS = {"H": "level", "Q": "discharge", "RR": "rain", "TA": "temperature"}
UNITS = {"H": "m", "Q": "m3/s"}
SHOWN = 5


@dataclass(slots=True)
class Finding:
    """All that the files said."""

    referential: Referential
    thresholds: list[Threshold] = field(default_factory=list)
    ratings: list[FoundRating] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    created: list[np.datetime64] = field(default_factory=list)


def inventory(finding: Finding, bands: Bands, form: Form, now: np.datetime64, broken: Sequence[str]) -> Inventory:
    """A station of the house for each site (Q) and each station (H) that is not closed."""
    taken = bands.of(finding.thresholds, now)
    complete(finding, taken)
    remarks = [*broken, *finding.said, *not_taken(finding.thresholds, bands, now)]
    stations, inputs, lost = list[FoundStation](), list[FoundInput](), dict[str, list[str]]()
    for site in finding.referential.sites.values():
        if is_closed(site, finding.referential, now):
            lost.setdefault("closed", []).append(site.code)
            continue
        place, wrong = placed(site, finding.referential)
        if wrong:
            lost.setdefault(f"without a place ({wrong})", []).append(site.code)
        if site.kind in ("site", "station"):
            letter = "Q" if site.kind == "site" else "H"
            mine, falling = bands.rising(taken.get((site.code, letter), {}))
            stations.append(station(site, letter, place, mine, form, finding.referential))
            remarks += [f"{site.code}: threshold {text}; it is left out" for text in falling]
            remarks += tolerances(site.code, mine)
        else:
            inputs += [one_input(site, q, place, form) for q in site.quantities]
    remarks += [f"{what}: {few(codes)}" for what, codes in lost.items()]
    sensors = {entity for entity, _ in taken if len(entity) == 12}
    remarks += [f"thresholds of sensors are not taken: {few(sorted(sensors))}"] if sensors else []
    return Inventory(tuple(stations), tuple(inputs), curves(finding), tuple(remarks))


def is_closed(site: Site, referential: Referential, now: np.datetime64) -> bool:
    """A sensor is closed with its station."""
    parent = referential.sites.get(site.parent)
    dates = [one.closed for one in (site, parent) if one is not None and not np.isnat(one.closed)]
    return any(not date > now for date in dates)


def complete(finding: Finding, taken: Mapping[tuple[str, str], object]) -> None:
    """Sites and stations that are known by their thresholds or curves only."""
    for code, letter in taken:
        if len(code) < 12 and code not in finding.referential.sites:
            finding.referential.add([Site("site" if letter == "Q" else "station", code)])
    for rating in finding.ratings:
        if rating.station not in finding.referential.sites:
            finding.referential.add([Site("station", rating.station)])


def placed(site: Site, referential: Referential) -> tuple[Place, str]:
    """Its own place, else its parent's."""
    place, wrong = place_of(*site.where)
    parent = referential.sites.get(site.parent)
    if math.isnan(place.latitude) and parent is not None:
        upper, _ = place_of(*parent.where)
        if not math.isnan(upper.latitude):
            return upper, ""
    return place, wrong


def station(
    site: Site, letter: str, place: Place, mine: Mapping[str, Threshold], form: Form, referential: Referential
) -> FoundStation:
    parent = referential.sites.get(site.parent)
    name = site.name or (parent.name if parent else "") or site.code
    limits = {band: one.value / 1000 for band, one in mine.items()}  # mm to m, l/s to m3/s
    series = form.series_id(Stream(site.code, letter))
    return FoundStation(site.code, name, series, KINDS[letter], UNITS[letter], *place, limits)


def one_input(site: Site, quantity: str, place: Place, form: Form) -> FoundInput:
    series = form.series_id(Stream(site.code, quantity))
    kind = KINDS.get(quantity, "other")
    return FoundInput(series, kind, site.name, site.parent, *place)


def tolerances(code: str, mine: Mapping[str, Threshold]) -> list[str]:
    """What the house takes as one number per station is told: [alerts] tolerance may name a column that holds it."""
    told = {f"{one.tolerance / 1000:g}" for one in mine.values() if one.tolerance > 0}
    return [f"{code}: tolerance of its thresholds {' and '.join(sorted(told))}: see [alerts] tolerance"] if told else []


def curves(finding: Finding) -> tuple[FoundRating, ...]:
    """In order of station and date, each once."""
    once = {(r.station, str(r.valid_from)): r for r in finding.ratings}
    return tuple(once[key] for key in sorted(once))


def few(codes: Sequence[str]) -> str:
    more = f" and {len(codes) - SHOWN} more" if len(codes) > SHOWN else ""
    return ", ".join(codes[:SHOWN]) + more
