"""What the server holds for us: Things, and the Datastreams of ours that hang on them; found, or made once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hydria_plugin import FeedError
from hydria_plugin.exchange import factor

from .catalogue import unit_of
from .links import Id, entity_path, literal
from .plan import Purpose
from .service import Found, Options, Service

MEASUREMENT = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement"
GEOJSON = "application/geo+json"
UNITS = {
    "m": ("metre", "http://qudt.org/vocab/unit/M"),
    "cm": ("centimetre", "http://qudt.org/vocab/unit/CentiM"),
    "mm": ("millimetre", "http://qudt.org/vocab/unit/MilliM"),
    "m3/s": ("cubic metre per second", "http://qudt.org/vocab/unit/M3-PER-SEC"),
    "l/s": ("litre per second", "http://qudt.org/vocab/unit/L-PER-SEC"),
    "": ("number", "http://qudt.org/vocab/unit/UNITLESS"),
}
Place = tuple[float, float]  # latitude, longitude


@dataclass(frozen=True, slots=True)
class Owner:
    """A Thing; ``feature`` is what its observations are of, where the server cannot know it from a Location."""

    thing: Found
    feature: Id
    streams: dict[str, Found]  # by key, and by name


@dataclass(frozen=True, slots=True)
class Held:
    """A Datastream of ours. ``scale`` turns our values into its unit."""

    id: Id
    path: str
    name: str
    scale: float
    feature: Id


class Holdings:
    """``things``: ids of Things by station, for those that ``thing`` does not name. ``create``: what is not there is
    made; else that is a FeedError."""

    def __init__(
        self, service: Service, things: Mapping[str, str | int], places: Mapping[str, Place], create: bool
    ) -> None:
        self._service, self._things, self._places, self._create = service, things, places, create
        self._owners: dict[str, Owner] = {}
        self._shared: dict[tuple[str, str], Found] = {}

    def forget(self) -> None:
        """Look everything up again: something may have been removed."""
        self._owners.clear()
        self._shared.clear()

    def owner(self, station: str, name: str) -> Owner:
        """The Thing called ``name``, or the one that the admin names for the station. Raises FeedError."""
        if station not in self._owners:
            thing = self._thing(station, name)
            listed = sorted(self._service.entities("Datastreams", {}, within=thing.path), key=lambda f: str(f.id))
            streams: dict[str, Found] = {}
            for stream in listed:
                properties = stream.body.get("properties")
                key = properties.get("hydria") if isinstance(properties, Mapping) else None
                streams.setdefault(f"key:{key}" if key else f"name:{stream.body.get('name')}", stream)
            self._owners[station] = Owner(thing, self._feature(thing, name, station), streams)
        return self._owners[station]

    def stream(self, owner: Owner, purpose: Purpose, make: bool = True) -> Held | None:
        """The Datastream for a purpose; None where it is not there and not to be made. Raises FeedError."""
        found = owner.streams.get(f"key:{purpose.key}") or owner.streams.get(f"name:{purpose.name}")
        if found is None:
            if not make:
                return None
            found = owner.streams[f"key:{purpose.key}"] = self._made(owner, purpose)
        return Held(found.id, found.path, purpose.name, scale_to(found, purpose), owner.feature)

    def knows(self, station: str, name: str) -> bool:
        """Whether the Thing is there; nothing is made. Raises FeedError."""
        if station in self._things:
            return self._named(station, str(self._things[station])) is not None
        return any(True for _ in self._service.entities("Things", {"$filter": f"name eq {literal(name)}"}))

    def _thing(self, station: str, name: str) -> Found:
        if station in self._things:
            return self._named(station, str(self._things[station]))
        found = list(self._service.entities("Things", {"$filter": f"name eq {literal(name)}", "$expand": "Locations"}))
        if len(found) > 1:
            raise FeedError(
                f'{len(found)} Things are called {name!r}: say which by things = {{ "{station}" = "its id" }}'
            )
        if found:
            return found[0]
        self._refuse_to_make(f"a Thing called {name!r}", f'or say which it is by things = {{ "{station}" = "its id" }}')
        body: dict[str, Any] = {"name": name, "description": f"Forecast by hydria: {name}"}
        if where := self._places.get(station):
            spot = {"name": name, "description": name, "encodingType": GEOJSON, "location": feature_at(where)}
            body["Locations"] = [spot]
        return self._service.create("Things", body)

    def _named(self, station: str, id: str) -> Found:
        for written in ([int(id)] if id.isdigit() else []) + [id]:
            path = entity_path("Things", written)
            if self._service.takes(path, {}):
                return Found.of(self._service.entity(path, {"$expand": "Locations"}), "Things")
        raise FeedError(f"things: there is no Thing with the id {id!r} of station {station!r}")

    def _feature(self, thing: Found, name: str, station: str) -> Id:
        """A feature of interest for a Thing without Location; "" where the server makes one of the Location."""
        if thing.body.get("Locations"):
            return ""
        body = {"name": f"hydria: {name}", "description": f"Where {name} is, as far as it is known",
                "encodingType": GEOJSON, "feature": feature_at(self._places.get(station))}  # fmt: skip
        return self._common("FeaturesOfInterest", body).id

    def _made(self, owner: Owner, purpose: Purpose) -> Found:
        self._refuse_to_make(f"a Datastream called {purpose.name!r} at the Thing {owner.thing.path}", "with that name")
        unit, definition = UNITS[purpose.unit]
        sensor = {"name": "hydria", "description": "hydria-plugin: forecasts of floods", "encodingType": "text/html",
                  "metadata": "A computation: no instrument"}  # fmt: skip
        property = {"name": purpose.describes, "description": f"{purpose.describes}, by hydria",
                    "definition": f"urn:hydria:{purpose.describes.replace(' ', '-')}"}  # fmt: skip
        body = {
            "name": purpose.name,
            "description": f"{purpose.describes}; phenomenonTime: valid at, resultTime: issued at",
            "observationType": MEASUREMENT,
            "unitOfMeasurement": {"name": unit, "symbol": purpose.unit or "1", "definition": definition},
            "properties": {"hydria": purpose.key},
            "Thing": owner.thing.link,
            "Sensor": self._common("Sensors", sensor).link,
            "ObservedProperty": self._common("ObservedProperties", property).link,
        }
        return self._service.create("Datastreams", body)

    def _common(self, collection: str, body: Mapping[str, Any]) -> Found:
        """An entity that all share, by its name."""
        name = str(body["name"])
        if (collection, name) not in self._shared:
            asked: Options = {"$filter": f"name eq {literal(name)}"}
            there = sorted(self._service.entities(collection, asked), key=lambda f: str(f.id))
            self._shared[collection, name] = there[0] if there else self._service.create(collection, body)
        return self._shared[collection, name]

    def _refuse_to_make(self, what: str, remedy: str) -> None:
        if not self._create:
            raise FeedError(
                f"{self._service.address}: there is not {what}, and create = false: make it there, {remedy}"
            )


def scale_to(found: Found, purpose: Purpose) -> float:
    """What our values are multiplied with to be in the unit of a Datastream. Raises FeedError."""
    host = unit_of(found.body)
    if not purpose.unit or host == purpose.unit:
        return 1.0
    try:
        return 1.0 / factor(host, purpose.unit)
    except ValueError as error:
        raise FeedError(f"the Datastream {purpose.name!r} cannot take values in {purpose.unit!r}: {error}") from error


def feature_at(place: Place | None) -> dict[str, Any]:
    """A GeoJSON feature; without geometry where nobody knows the place."""
    known = place is not None and all(map(math.isfinite, place))
    geometry = {"type": "Point", "coordinates": [place[1], place[0]]} if known and place else None
    return {"type": "Feature", "geometry": geometry, "properties": {}}
