"""Names made of what a server knows of a Datastream: ``{thing} {property}``, ``{thing.properties.code}``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

HOLE = re.compile(r"\{([^{}]*)\}")
ENTITIES = {"thing": "Thing", "property": "ObservedProperty", "sensor": "Sensor"}
ALLOWED = (
    "{id}, {name}, {thing}, {thing_id}, {property}, {property_id}, {sensor}, {sensor_id}, {properties.KEY}, "
    "{thing.properties.KEY}"
)


def template_faults(option: str, template: object) -> list[str]:
    """What is wrong with a template, in words for the admin."""
    if not isinstance(template, str) or not HOLE.search(template):
        return [f"{option} = {template!r} must be a text with at least one of {ALLOWED}"]
    wrong = [hole for hole in HOLE.findall(template) if way_to(hole) is None]
    return [f"{option} = {template!r}: {{{hole}}} is not known; allowed: {ALLOWED}" for hole in wrong]


def entities_of(template: str) -> tuple[str, ...]:
    """Which related entities a template looks at."""
    ways = [way_to(hole) for hole in HOLE.findall(template)]
    return tuple(dict.fromkeys(way[0] for way in ways if way and way[0] in ENTITIES.values()))


def filled(template: str, datastream: Mapping[str, Any]) -> str | None:
    """The name of a Datastream; None where it lacks what the template asks for."""
    said = {}
    for hole in HOLE.findall(template):
        found: Any = datastream
        for step in way_to(hole) or ():
            found = found.get(step) if isinstance(found, Mapping) else None
        if not isinstance(found, str | int | float) or isinstance(found, bool) or found == "":
            return None
        said[hole] = str(found)
    return HOLE.sub(lambda hole: said[hole[1]], template)


def way_to(hole: str) -> tuple[str, ...] | None:
    """Where in a Datastream with its related entities the value stands; None for a hole that is not known."""
    first, *more = hole.split(".")
    plain = {"id": ("@iot.id",), "name": ("name",)}
    entity, _, is_id = first.partition("_")
    if first == "properties" and more and all(more):
        return ("properties", *more)
    if not more and first in plain:
        return plain[first]
    if entity in ENTITIES and is_id in ("", "id"):
        if not more:
            return (ENTITIES[entity], "@iot.id" if is_id else "name")
        if not is_id and more[0] == "properties" and len(more) > 1 and all(more):
            return (ENTITIES[entity], *more)
    return None


def put_in(template: str, words: Mapping[str, str]) -> str:
    """A template of the sink with its holes filled from ``words``."""
    return HOLE.sub(lambda hole: words[hole[1]], template)


def word_faults(option: str, template: object, words: Iterable[str], needed: Iterable[str] = ()) -> list[str]:
    """What is wrong with a template of the sink."""
    allowed = ", ".join(f"{{{word}}}" for word in words)
    if not isinstance(template, str) or not template.strip():
        return [f"{option} = {template!r} must be a text; it may hold {allowed}"]
    holes = HOLE.findall(template)
    faults = [f"{option} = {template!r}: {{{h}}} is not known; allowed: {allowed}" for h in holes if h not in {*words}]
    lacking = [word for word in needed if word not in holes]
    if lacking and not faults:
        names = " and ".join(f"{{{word}}}" for word in lacking)
        faults.append(f"{option} = {template!r} must hold {names}, or two different things would have one name")
    return faults
