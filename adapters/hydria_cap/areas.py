"""Where a station's alert applies: a GeoJSON file of the admin, else a circle around the station.

GeoJSON writes longitude first, CAP latitude first; a ring of CAP is closed and has no holes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hydria_plugin import ConfigError

from .message import Area, Named, Ring

WANTED = 'a GeoJSON FeatureCollection whose features have "properties": {"station": ...}'
LARGEST = 50_000_000  # bytes


def read_areas(file: Path) -> dict[str, tuple[Area, ...]]:
    """The areas of each station; a station may have several features. Raises ConfigError with every fault."""
    try:
        if file.stat().st_size > LARGEST:
            raise ConfigError(f"areas {str(file)!r}: larger than {LARGEST:,} bytes; allowed: {WANTED}, simplified")
        content = json.loads(file.read_bytes())
        features = content["features"]
        if not isinstance(features, list):
            raise TypeError("features is no list")
    except OSError as error:
        raise ConfigError(f"areas {str(file)!r}: cannot be read ({error.strerror}); allowed: {WANTED}") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ConfigError(f"areas {str(file)!r}: is no such file ({error}); allowed: {WANTED}") from error
    found: dict[str, tuple[Area, ...]] = {}
    wrong = []
    for number, feature in enumerate(features, 1):
        try:
            station, area = _feature(feature)
            found[station] = (*found.get(station, ()), area)
        except (ValueError, LookupError, TypeError, AttributeError, OverflowError) as error:
            said = f"{error} is missing" if isinstance(error, KeyError) else error
            wrong.append(f"areas {file.name!r}, feature {number}: {said}; allowed: {WANTED} and a Polygon, "
                         "MultiPolygon or Point (with radius_km) or none")  # fmt: skip
    if wrong:
        raise ConfigError(wrong)
    return found


def around(name: str, place: tuple[float, float] | None, km: float) -> Area:
    """A circle around a station; only its name where nobody knows where it is."""
    return Area(name, circles=((round(place[0], 5), round(place[1], 5), km),) if place else ())


def _feature(feature: Mapping[str, Any]) -> tuple[str, Area]:
    properties = feature["properties"]
    station = str(properties["station"])
    desc = str(properties.get("area") or properties.get("name") or station)
    geometry = feature.get("geometry")
    rings: tuple[Ring, ...] = ()
    circles: tuple[tuple[float, float, float], ...] = ()
    if geometry:
        if geometry["type"] == "Point":
            km = float(properties.get("radius_km", 0.0))
            if not 0 <= km < math.inf:
                raise ValueError(f"radius_km = {km} is no radius")
            circles = ((*_turned(geometry["coordinates"]), km),)
        else:
            rings = tuple(_rings(geometry))
    return station, Area(desc, rings, circles, _geocodes(properties))


def _rings(geometry: Mapping[str, Any]) -> Iterator[Ring]:
    """The outer ring of each polygon."""
    kind, coordinates = geometry["type"], geometry["coordinates"]
    if kind not in ("Polygon", "MultiPolygon"):
        raise ValueError(f"geometry {kind!r} is not used")
    for polygon in coordinates if kind == "MultiPolygon" else [coordinates]:
        ring = tuple(_turned(point) for point in polygon[0])
        closed = ring if ring and ring[0] == ring[-1] else (*ring, *ring[:1])
        if len(set(closed)) < 3:
            raise ValueError(f"a ring of {len(ring)} points is no area")
        yield closed


def _turned(point: Sequence[float]) -> tuple[float, float]:
    """Longitude, latitude to latitude, longitude, to a metre."""
    lon, lat = round(float(point[0]), 5), round(float(point[1]), 5)
    if not (abs(lat) <= 90 and abs(lon) <= 180):
        raise ValueError(f"{list(point)} is no longitude and latitude in degrees (WGS 84)")
    return lat, lon


def _geocodes(properties: Mapping[str, Any]) -> Named:
    """``"geocodes": {"EMMA_ID": "FR030"}`` or with a list of values."""
    pairs = dict(properties.get("geocodes") or {})
    return tuple(
        (str(name), str(value))
        for name, values in pairs.items()
        for value in (values if isinstance(values, list) else [values])
    )
