"""Sites, stations, sensors and gauges, of XML messages and of CSV drops."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .collecting import plain
from .series_csv import decoded, table_of
from .times import NEVER, french, instant
from .tree import below, children, text, value

if TYPE_CHECKING:
    from lxml.etree import _Element

LETTERS = ("H", "Q")


class Where(NamedTuple):
    """Coordinates as written."""

    x: float = math.nan
    y: float = math.nan
    projection: str = ""


UNPLACED = Where()


@dataclass(frozen=True, slots=True)
class Site:
    """A site, a station, a sensor or a rain gauge. ``parent``: of a station its site, of a sensor its station."""

    kind: str  # site | station | sensor | gauge
    code: str
    name: str = ""
    parent: str = ""
    quantities: tuple[str, ...] = ()  # of a sensor or a gauge
    where: Where = UNPLACED
    closed: np.datetime64 = NEVER


@dataclass(slots=True)
class Referential:
    """By code, in the order found; what is told twice is told best by who says more."""

    sites: dict[str, Site] = field(default_factory=dict)

    def add(self, found: Iterable[Site]) -> None:
        for one in found:
            known = self.sites.get(one.code)
            if one.code and (known is None or len(known.name) < len(one.name)):
                self.sites[one.code] = one

    def of(self, kind: str) -> list[Site]:
        return [one for one in self.sites.values() if one.kind == kind]


def sites_of(root: _Element) -> Iterator[Site]:
    """Of a message. Sites and stations that are only named, by a threshold or as a neighbour, say their code alone."""
    for site in below(root, "SiteHydro"):
        code = text(site, "CdSiteHydro")
        yield Site("site", code, text(site, "LbSiteHydro", "LbUsuelSiteHydro"), where=where(site, "SiteHydro"))
        for group in children(site, "StationsHydro"):
            for station in children(group, "StationHydro"):
                yield from station_of(station, code)
    for gauge in below(root, "SiteMeteo"):
        yield gauge_of(gauge)


def station_of(station: _Element, site: str) -> Iterator[Site]:
    code, name = text(station, "CdStationHydro"), text(station, "LbStationHydro")
    closed = instant(text(station, "DtFermetureStationHydro"))
    yield Site("station", code, name, site, where=where(station, "StationHydro"), closed=closed)
    for group in children(station, "Capteurs"):
        for sensor in children(group, "Capteur"):
            letter = text(sensor, "TypMesureCapteur")
            measured = (letter,) if letter in LETTERS else ()
            yield Site("sensor", text(sensor, "CdCapteur"), text(sensor, "LbCapteur"), code, measured)


def gauge_of(gauge: _Element) -> Site:
    """With the quantities that are still measured; rain where none is written."""
    listed = [one for group in children(gauge, "GrdsMeteo") for one in children(group, "GrdMeteo")]
    found = [(text(one, "CdGrdMeteo"), instant(text(one, "DtFermetureServiceGrdMeteo"))) for one in listed]
    still = tuple(name for name, closed in found if np.isnat(closed))
    closed = instant(text(gauge, "DtFermSiteMeteo"))
    if found and not still:
        closed = max(time for _, time in found)
    name = text(gauge, "LbSiteMeteo", "LbUsuelSiteMeteo")
    quantities = still or tuple(name for name, _ in found) or ("RR",)
    place = where(gauge, "SiteMeteo")
    return Site("gauge", text(gauge, "CdSiteMeteo"), name, "", quantities, place, closed)


def where(element: _Element, end: str) -> Where:
    found = next(children(element, f"Coord{end}"), None)
    x, y = value(found, f"CoordX{end}"), value(found, f"CoordY{end}")
    return Where(x, y, text(found, f"ProjCoord{end}"))


def sites_of_csv(data: bytes, place: str) -> Iterator[Site]:
    """Of a CSV drop of sites and stations. Raises FeedError where it is none; drops of values have none."""
    names, lines = table_of(decoded(data), place)
    if "LbSiteHydro" not in names:
        return
    for line in lines:
        code = line.get("CdSiteHydro", "")
        yield Site("site", code, line["LbSiteHydro"], where=cells(line, "SiteHydro"))
        if station := line.get("CdStationHydro", ""):
            closed = french([line.get("DtFermetureStationHydro", "")])[0]
            name, place_ = line.get("LbStationHydro", ""), cells(line, "StationHydro")
            yield Site("station", station, name, code, where=place_, closed=closed)


def cells(line: Mapping[str, str], end: str) -> Where:
    x, y = (plain(line.get(f"Coord{axis}{end}", "").replace(",", ".")) for axis in "XY")
    return Where(x, y, line.get(f"ProjCoord{end}", ""))
