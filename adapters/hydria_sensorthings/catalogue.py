"""Which Datastream holds which series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hydria_plugin.exchange import factor, known_unit

from .links import Id, path_of
from .naming import entities_of, filled
from .service import Found, Options, Service

SETS = {"Thing": "Things", "ObservedProperty": "ObservedProperties", "Sensor": "Sensors"}

REACH = np.timedelta64(1, "D")  # how long an interval may be that nothing is known of yet


@dataclass(slots=True)
class Stream:
    """A Datastream that is read."""

    path: str
    body: Mapping[str, Any]
    reach: np.timedelta64 = REACH  # the longest interval of its observations: those begin so long before they end
    has_been_read: bool = False

    @property
    def observations(self) -> str:
        return f"{self.path}/Observations"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The Datastreams of a server by the names that series have here."""

    streams: Mapping[str, Stream]
    doubled: frozenset[str] = frozenset()  # names that several Datastreams have
    read_at: np.datetime64 = field(default_factory=lambda: np.datetime64("NaT"))


def catalogue_of(
    service: Service,
    template: str,
    names: Mapping[str, str],
    filter: str,
    read_at: np.datetime64,
    also: Sequence[str] = (),
) -> Catalogue:
    """All Datastreams that ``filter`` leaves, by ``template``, renamed by ``names``. Of several with one name none is
    taken: which is meant is not ours to guess. ``also``: related entities that are wanted besides."""
    expanded = tuple(dict.fromkeys((*entities_of(template), *also)))
    options: dict[str, str | int] = {"$expand": ",".join(expanded)} if expanded else {}
    if filter:
        options["$filter"] = filter
    found: dict[str, list[Stream]] = {}
    for datastream in listed(service, options, expanded):
        name = filled(template, datastream.body)
        if name is not None:
            found.setdefault(names.get(name, name), []).append(Stream(datastream.path, datastream.body))
    streams = {name: many[0] for name, many in found.items() if len(many) == 1}
    return Catalogue(streams, frozenset(found) - frozenset(streams), read_at)


def listed(service: Service, options: dict[str, str | int], expanded: Sequence[str]) -> list[Found]:
    """All Datastreams with the entities they are expanded with. Where the server writes the wrong ones there, each is
    asked for alone."""
    pages = list(service.lists("Datastreams", options))
    datastreams = [datastream for page in pages for datastream in page]
    if not any(is_mixed_up(service, datastreams, name, len(pages)) for name in expanded):
        return datastreams
    alone: Options = {"$expand": ",".join(expanded)}
    return [Found.of(service.entity(d.path, alone), "Datastreams") for d in datastreams]


def is_mixed_up(service: Service, datastreams: Sequence[Found], name: str, pages: int) -> bool:
    """Whether the server wrote one and the same entity into all Datastreams of a page, whose ever they are: some do."""
    claims: dict[str, set[Id]] = {}
    for datastream in datastreams:
        entity = datastream.body.get(name)
        if isinstance(entity, dict):
            claims.setdefault(path_of(entity, SETS[name]), set()).add(datastream.id)
    if len(claims) > pages:
        return False
    many = {path: ids for path, ids in claims.items() if len(ids) > 1}
    return any(ids - {d.id for d in service.entities("Datastreams", {}, within=path)} for path, ids in many.items())


def unit_of(body: Mapping[str, Any]) -> str:
    """The unit a Datastream says it is in, in the spelling that is best known; "" where it says nothing."""
    unit = body.get("unitOfMeasurement")
    told = [unit.get(key) for key in ("symbol", "name", "definition")] if isinstance(unit, Mapping) else []
    spellings = [t for t in told if isinstance(t, str) and t.strip()]
    spellings += [t.rstrip("/").replace("#", "/").rpartition("/")[2] for t in spellings if "/" in t and ":" in t]
    return next((s for s in spellings if known_unit(s)), spellings[0] if spellings else "")


def scale_of(host: str, own: str) -> float:
    """What values in the host's unit are multiplied with; 1 where nobody asks for a unit. Raises ValueError."""
    return factor(host, own) if own else 1.0


def absent(catalogue: Catalogue, wanted: Sequence[str]) -> list[str]:
    return [series for series in wanted if series not in catalogue.streams]
