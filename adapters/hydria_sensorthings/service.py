"""One SensorThings service: its pages one after the other, its entities found, made, changed and removed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hydria_plugin import FeedError, Secret
from hydria_plugin.exchange import Access, Answer, Refusal, Web

from .links import Id, id_in, id_of, path_of, query_of, same_collection

NOT_FOR_ME = (400, 404, 405, 422, 500, 501)  # how servers say that they do not know an option
MOST_PAGES = 20_000
Options = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Found:
    """An entity that is there."""

    id: Id
    path: str  # Things('a')
    body: Mapping[str, Any]

    @classmethod
    def of(cls, entity: dict[str, Any], collection: str) -> Found:
        return cls(id_in(entity), path_of(entity, collection), entity)

    @property
    def link(self) -> dict[str, Id]:
        """How another entity refers to it."""
        return {"@iot.id": self.id}


class Service:
    """Raises ConfigError when built with a wrong address or access, FeedError when a call fails.

    ``address`` is the root, version included: ``https://host/FROST-Server/v1.1``."""

    def __init__(
        self,
        address: str,
        *,
        hosts: Sequence[str] = (),
        user: str = "",
        password: Secret | None = None,
        token: Secret | None = None,
        ca: str = "",
        timeout_s: float = 20.0,
    ) -> None:
        access = Access(user, password, token, ca)
        self._web = Web(address, hosts=hosts, access=access, timeout_s=timeout_s)
        self._once = Web(address, hosts=hosts, access=access, timeout_s=timeout_s, tries=1)  # a no is an answer there
        self.address = address
        self._conformance: tuple[str, ...] | None = None

    def conformance(self) -> tuple[str, ...]:
        """What the service says it can do; nothing on servers of version 1.0."""
        if self._conformance is None:
            root = self._root().json()
            settings = root.get("serverSettings") if isinstance(root, dict) else None
            if not isinstance(root, dict) or not isinstance(root.get("value"), list):
                raise FeedError(
                    f"{self.address}: is not the root of a SensorThings service (it lists no collections); "
                    'url = ".../v1.1" with the version is wanted'
                )
            listed = settings.get("conformance") if isinstance(settings, dict) else None
            self._conformance = tuple(map(str, listed)) if isinstance(listed, list) else ()
        return self._conformance

    def _root(self) -> Answer:
        """Some servers know their root only with a slash at its end, others only without."""
        try:
            return self._web.get("./")
        except Refusal as refusal:
            if refusal.status != 404:
                raise
        return self._web.get()

    def has_data_arrays(self) -> bool:
        return any(name.rstrip("/").endswith(("data-array", "data-array/data-array")) for name in self.conformance())

    def takes(self, path: str, options: Options) -> bool:
        """Whether the service answers such a question at all."""
        try:
            self._once.get(path, dict(options))
        except Refusal as refusal:
            if refusal.status in NOT_FOR_ME:
                return False
            raise
        return True

    def pages(self, path: str, options: Options) -> Iterator[tuple[dict[str, Any], str]]:
        """(document, place) page by page, until there is no next one. Raises FeedError, and for pages in a circle."""
        answer, seen = self._web.get(path, dict(options)), set[str]()
        for _ in range(MOST_PAGES):
            document = page_of(answer)
            yield document, answer.place
            link = document.get("@iot.nextLink")
            if not isinstance(link, str) or not link:
                return
            if link in seen:
                raise FeedError(f"{answer.place}: the pages go in a circle, {link[:200]!r} comes again")
            seen.add(link)
            same = same_collection(link, path)
            answer = self._web.get(path, query_of(link)) if same else self._web.get(link)
        raise FeedError(f"{self.address}/{path}: has more than {MOST_PAGES:,} pages; ask for less, or set `page`")

    def entities(self, collection: str, options: Options, within: str = "") -> Iterator[Found]:
        """All entities of a collection, each once; ``within``: those of ``Things('a')``."""
        for page in self.lists(collection, options, within):
            yield from page

    def lists(self, collection: str, options: Options, within: str = "") -> Iterator[list[Found]]:
        """The same, page by page."""
        known: set[Id] = {""}
        for document, _ in self.pages(f"{within}/{collection}" if within else collection, options):
            new: dict[Id, Found] = {}
            for entity in document["value"]:
                if isinstance(entity, dict) and (found := Found.of(entity, collection)).id not in known:
                    new.setdefault(found.id, found)
            known |= set(new)
            yield list(new.values())

    def entity(self, path: str, options: Options) -> dict[str, Any]:
        """One entity. Raises FeedError."""
        answer = self._web.get(path, dict(options))
        body = answer.json()
        if not isinstance(body, dict):
            raise FeedError(f"{answer.place}: is not an entity but a {type(body).__name__}")
        return body

    def locations_of(self, thing: dict[str, Any]) -> list[Mapping[str, Any]]:
        """Where a Thing is."""
        return [found.body for found in self.entities("Locations", {}, within=path_of(thing, "Things"))]

    def create(self, collection: str, body: Mapping[str, Any]) -> Found:
        """A new entity. Raises FeedError, also where the service does not say what it is called."""
        answer = self._web.send(collection, packed(body))
        made = answer.headers.get("location", "")
        if not made and answer.body.strip():
            told = answer.json()
            made = path_of(told, collection) if isinstance(told, dict) else ""
        found = id_of(made)
        if found == "":
            raise FeedError(f"{answer.place}: the new entity has no name: neither Location nor @iot.id was answered")
        return Found(found, path_of({"@iot.id": found, "@iot.selfLink": made}, collection), body)

    def create_observations(self, groups: Sequence[Mapping[str, Any]]) -> list[str]:
        """The answers to a data array, one per observation: a link, or "error"."""
        answer = self._web.send("CreateObservations", packed(groups))
        told = answer.json()
        if not isinstance(told, list):
            raise FeedError(f"{answer.place}: a list of links was expected, not {type(told).__name__}")
        return [item if isinstance(item, str) else "" for item in told]

    def change(self, path: str, body: Mapping[str, Any]) -> None:
        self._web.send(path, packed(body), method="PATCH", repeatable=True)

    def remove(self, path: str) -> None:
        """Nothing happens where it is gone already."""
        try:
            self._web.send(path, method="DELETE", repeatable=True)
        except Refusal as refusal:
            if refusal.status not in (404, 410):
                raise

    def close(self) -> None:
        self._web.close()
        self._once.close()


def page_of(answer: Answer) -> dict[str, Any]:
    """The document of one page. Raises FeedError where it is no collection."""
    document = answer.json()
    if not isinstance(document, dict) or not isinstance(document.get("value"), list):
        raise FeedError(f"{answer.place}: is not a SensorThings collection: there is no list named value")
    return document


def packed(body: object) -> bytes:
    return json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
