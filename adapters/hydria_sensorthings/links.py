"""Addresses as SensorThings servers write them: ids in parentheses, and links to the next page that nobody escaped."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

Id = int | str

TAIL = re.compile(r"([A-Za-z]+\((?:'(?:[^']|'')*'|[^()/]*)\))/?$")
WITHIN = re.compile(r"^[A-Za-z]+\((?P<id>.*)\)$", re.DOTALL)


def literal(text: str) -> str:
    """A text as it stands in a filter: in quotes, its own quotes doubled."""
    return "'{}'".format(text.replace("'", "''"))


def entity_path(collection: str, id: Id) -> str:
    """``Things(1)``, ``Things('a%20b')``."""
    written = str(id) if isinstance(id, int) else f"'{quote(id.replace(chr(39), chr(39) * 2), safe='')}'"
    return f"{collection}({written})"


def path_of(entity: dict[str, Any], collection: str) -> str:
    """The path of an entity below the root: as its own link writes it (a server knows how it wants its ids), else made
    of its id."""
    link = entity.get("@iot.selfLink")
    found = TAIL.search(urlsplit(link).path) if isinstance(link, str) else None
    return found[1] if found and found[1].startswith(f"{collection}(") else entity_path(collection, id_in(entity))


def id_in(entity: dict[str, Any]) -> Id:
    """The id of an entity, "" where it has none that can be used."""
    found = entity.get("@iot.id", entity.get("id", ""))
    return found if isinstance(found, int | str) and not isinstance(found, bool) else ""


def id_of(path: str) -> Id:
    """The id in ``Things('a')`` or in a whole link that ends so; "" where there is none."""
    tail = TAIL.search(path)
    within = WITHIN.match(tail[1]) if tail else None
    if within is None:
        return ""
    text = unquote(within["id"])
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else text


def query_of(link: str) -> list[tuple[str, str]]:
    """The options in a link, unescaped. Some servers write them with blanks and ``$`` as they are: then a ``+`` is a
    plus; elsewhere it is a blank."""
    query = link.partition("#")[0].partition("?")[2]
    if " " in query:
        query = query.replace("+", "%2B")
    return parse_qsl(query, keep_blank_values=True)


def same_collection(link: str, path: str) -> bool:
    """A next page of the same collection; its host is then not looked at: servers behind a proxy often name one that
    nobody else can reach."""
    last = unquote(urlsplit(link).path).rstrip("/").rpartition("/")[2]
    return last == unquote(path).rstrip("/").rpartition("/")[2]
