"""Small PI documents (run info, states, parameters): elements by local name, times in the document's zone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta, timezone, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hydria_plugin import FeedError
from hydria_plugin.exchange import XmlLimits, moment, xml_document

if TYPE_CHECKING:
    from lxml.etree import _Element

LIMITS = XmlLimits(size=16 << 20, depth=24)


def pi_document(path: Path, *roots: str) -> _Element:
    """The root of the file, which must have one of the local names ``roots``. Raises FeedError."""
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or error
        raise FeedError(f"{path}: cannot be read ({said}); allowed: a PI document <{roots[0]}>") from error
    return pi_element(data, str(path), *roots)


def pi_element(data: bytes, place: str, *roots: str) -> _Element:
    """The same, of what was read."""
    found = xml_document(data, place, LIMITS)
    if local(found) not in roots:
        raise FeedError(f"{place}: holds <{local(found)}>; allowed: a PI document <{roots[0]}>")
    return found


def local(element: _Element) -> str:
    """Its name without namespace or prefix."""
    return str(element.tag).rpartition("}")[2]


def children(element: _Element, name: str) -> Iterator[_Element]:
    return (child for child in element if local(child) == name)


def child(element: _Element, name: str) -> _Element | None:
    return next(children(element, name), None)


def text_of(element: _Element, name: str) -> str:
    """The text of the child ``name``, "" where there is none."""
    found = child(element, name)
    return "" if found is None else (found.text or "").strip()


def zone_of(element: _Element) -> timezone | None:
    """The zone that the child ``timeZone`` says in hours from UTC; None where it is missing. Raises ValueError."""
    written = text_of(element, "timeZone")
    return offset(written) if written else None


def offset(hours: str) -> timezone:
    """A fixed zone. Raises ValueError."""
    try:
        return timezone(timedelta(hours=float(hours)))
    except (ValueError, OverflowError) as error:
        raise ValueError(f"timeZone {hours!r} is no offset; allowed: hours from UTC such as 1.0") from error


def time_of(element: _Element, zone: tzinfo) -> np.datetime64:
    """The moment that the attributes ``date`` and ``time`` say, [s], UTC. Raises ValueError."""
    day, clock = (str(element.get(name) or "") for name in ("date", "time"))
    try:
        found = moment(f"{day}T{clock or '00:00:00'}", zone)
    except (ValueError, OverflowError) as error:
        written = f'date="{day}" time="{clock}"'
        allowed = 'date="2026-01-31" time="12:00:00"'
        raise ValueError(f"<{local(element)} {written}/> is no time; allowed: {allowed}") from error
    seconds: np.datetime64 = found.astype("datetime64[s]")
    return seconds
