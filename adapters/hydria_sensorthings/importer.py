"""What a SensorThings server has, for an admin to look at: levels and discharges are stations, everything an input."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from hydria_plugin import ConfigError, FoundInput, FoundStation, Inventory, Secret
from hydria_plugin.exchange import factor, known_unit

from .catalogue import Catalogue, catalogue_of, unit_of
from .naming import entities_of, template_faults
from .readings import NEVER, at_path
from .service import Service

EXPANDED = "{thing} {property} {sensor_id}"  # what the survey looks at, whatever the series are called
UNKNOWN = (math.nan, math.nan)
WORDS = {
    "rain": r"rain|precip|pluie|pr[ée]cip|niederschlag|lluvia|neerslag|regen",
    "temperature": r"temperat|temp[ée]rature|lufttemp",
    "pet": r"evapotransp|[ée]vapotransp|\betp\b|\bpet\b",
    "level": r"level|stage|hauteur|niveau|wasserstand|pegel|gage height|gauge height|nivel|waterhoogte",
    "discharge": r"discharge|flow|d[ée]bit|abfluss|durchfluss|caudal|afvoer",
}


class SensorThingsImporter:
    """Surveys the Datastreams; ``series`` and ``names`` as of the source. ``thresholds``: where in the properties of a
    Datastream, or of its Thing, the thresholds stand as an object of names and numbers in the Datastream's unit."""

    def __init__(
        self,
        *,
        url: str,
        hosts: Sequence[str] = (),
        user: str = "",
        password: Secret | None = None,
        token: Secret | None = None,
        ca: str = "",
        timeout_s: float = 20.0,
        series: str = "{id}",
        names: Mapping[str, str] | None = None,
        filter: str = "",
        thresholds: str = "thresholds",
    ) -> None:
        if faults := template_faults("series", series):
            raise ConfigError([f"importer sensorthings: {fault}" for fault in faults])
        access = {"user": user, "password": password, "token": token, "ca": ca}
        self._service = Service(url, hosts=hosts, timeout_s=timeout_s, **access)  # type: ignore[arg-type]
        self._series, self._names, self._filter = series, dict(names or {}), filter
        self._thresholds = tuple(thresholds.split("."))

    def survey(self) -> Inventory:
        """Raises FeedError."""
        catalogue = catalogue_of(
            self._service, self._series, self._names, self._filter, NEVER, also=entities_of(EXPANDED)
        )
        places: dict[str, tuple[float, float]] = {}
        stations, inputs, remarks = list[FoundStation](), list[FoundInput](), list[str]()
        for series, stream in sorted(catalogue.streams.items()):
            if at_path(stream.body, ("properties", "hydria")):
                continue  # our own forecasts
            kind, why = kind_of(stream.body)
            remarks += [f"{series}: {why}"] if why else []
            place = self._place(stream.body, places)
            label = label_of(stream.body)
            inputs.append(FoundInput(series, kind, label, latitude=place[0], longitude=place[1]))
            if kind in ("level", "discharge"):
                stations.append(self._station(series, stream.body, kind, label, place, remarks))
        return Inventory(distinct(stations), tuple(inputs), (), (*remarks, *doubled(catalogue)))

    def _station(
        self,
        series: str,
        body: Mapping[str, Any],
        kind: str,
        label: str,
        place: tuple[float, float],
        remarks: list[str],
    ) -> FoundStation:
        unit = "m" if kind == "level" else "m3/s"
        limits = {}
        found = at_path(body, ("properties", *self._thresholds))
        found = found or at_path(body, ("Thing", "properties", *self._thresholds))
        for name, value in found.items() if isinstance(found, Mapping) else ():
            if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
                limits[str(name)] = float(value) * factor(unit_of(body), unit)
            else:
                remarks.append(f"{series}: threshold {name!r} is {value!r}, no number; it is left out")
        rising = dict(sorted(limits.items(), key=lambda item: item[1]))
        thing = at_path(body, ("Thing", "name"))
        name = slug(str(thing if isinstance(thing, str) and thing.strip() else series))
        return FoundStation(name, label, series, kind, unit, *place, thresholds=rising)

    def _place(self, body: Mapping[str, Any], known: dict[str, tuple[float, float]]) -> tuple[float, float]:
        """Latitude and longitude of a Datastream's Thing, asked for once per Thing; NaN where nobody says."""
        id = str(at_path(body, ("Thing", "@iot.id")))
        if id not in known:
            thing = body.get("Thing")
            locations = self._service.locations_of(thing) if isinstance(thing, dict) else []
            known[id] = next((p for location in locations if (p := point_in(location.get("location")))), UNKNOWN)
        return known[id]


def kind_of(body: Mapping[str, Any]) -> tuple[str, str]:
    """(kind, what a person should look at): by the unit, and where that does not say it by the words."""
    unit, said = unit_of(body), label_of(body).lower()
    found = known_unit(unit)
    by_words = next((kind for kind, words in WORDS.items() if re.search(words, said)), "")
    if found is None:
        kind = by_words if by_words == "temperature" else "other"
        unread = f"its unit {unit!r} is not known" if kind == "other" else ""
        return kind, unread
    quantity = found[0]
    if quantity == "discharge":
        return "discharge", ""
    if quantity == "length":  # mm and inches may be either
        kind = by_words if by_words in ("rain", "pet", "level") else "rain"
        return kind, "" if by_words == kind else f"is taken for rain by its unit {unit!r} alone"
    if by_words in ("", "level"):
        return "level", "" if by_words else f"is taken for a level by its unit {unit!r} alone"
    return "other", f"is called {by_words} and has the unit {unit!r}: what it is, a person must say"


def label_of(body: Mapping[str, Any]) -> str:
    """For people: the Thing, the observed property, the Datastream."""
    parts = [at_path(body, ("Thing", "name")), at_path(body, ("ObservedProperty", "name")), body.get("name")]
    return ", ".join(dict.fromkeys(p for p in parts if isinstance(p, str) and p.strip()))


def point_in(geometry: Any) -> tuple[float, float] | None:
    """(latitude, longitude) of a GeoJSON point, or of the first point of any other shape."""
    found = geometry.get("geometry", geometry) if isinstance(geometry, Mapping) else None
    at: Any = found.get("coordinates") if isinstance(found, Mapping) else None
    while isinstance(at, list) and at and isinstance(at[0], list):
        at = at[0]
    if not isinstance(at, list) or len(at) < 2 or not all(isinstance(v, int | float) for v in at[:2]):
        return None
    longitude, latitude = float(at[0]), float(at[1])
    return (latitude, longitude) if -90 <= latitude <= 90 and -180 <= longitude <= 180 else None


def slug(name: str) -> str:
    """A station's id of a name: letters, digits, - and _."""
    return re.sub(r"[^\w-]+", "-", name.strip().lower()).strip("-") or "station"


def distinct(stations: Sequence[FoundStation]) -> tuple[FoundStation, ...]:
    """The first of one name keeps it; others get their quantity, then a number."""
    taken: set[str] = set()
    found = []
    for station in stations:
        tries = [station.station, f"{station.station}-{station.quantity}"]
        tries += [f"{station.station}-{n}" for n in range(2, len(stations) + 2)]
        name = next(t for t in tries if t not in taken)
        taken.add(name)
        found.append(replace(station, station=name))
    return tuple(found)


def doubled(catalogue: Catalogue) -> list[str]:
    return [
        f"several Datastreams are called {name!r}: none is listed; see `series`" for name in sorted(catalogue.doubled)
    ]
