"""What a CAP 1.2 message must keep and the schema does not see. One sentence per fault, empty for a message that can be
sent.

The schema knows elements and their order; it lets an Update without references, an open polygon and an end before the
beginning pass. Rules in capitals ("MUST") of the standard, and what receivers refuse in practice.
"""

from __future__ import annotations

import hashlib
import math
import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import numpy as np
from lxml import etree

from hydria_plugin.exchange import moment

from .markup import NAMESPACE, circle_of, ring_of

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d")
LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
MIME = re.compile(r"[\w.+-]+/[\w.+-]+")
FORBIDDEN = " ,<&\t\n\r"
REFER = ("Update", "Cancel", "Ack", "Error")
TIMES = ("sent", "effective", "onset", "expires")


def faults(alert: etree._Element) -> list[str]:
    """What is wrong with a message, by the root of its document."""
    if alert.tag != f"{{{NAMESPACE}}}alert":
        return [f"the root is {alert.tag!r}: this is not CAP 1.2, whose root is alert of {NAMESPACE}"]
    text = _of(alert)
    found = [*_names(text), *_scope(text), *_references(text), *_times(alert), *_sent(text)]
    infos = _all(alert, "info")
    if not infos and text("msgType") in ("Alert", "Update"):
        found.append("an Alert or Update without info says nothing")
    return [*found, *(fault for n, info in enumerate(infos, 1) for fault in _info(info, text("sent"), n))]


def _of(parent: etree._Element) -> Callable[[str], str]:
    return lambda tag: (parent.findtext(f"{{{NAMESPACE}}}{tag}") or "").strip()


def _all(parent: etree._Element, tag: str) -> list[etree._Element]:
    return parent.findall(f"{{{NAMESPACE}}}{tag}")


def _names(text: Callable[[str], str]) -> Iterator[str]:
    for tag in ("identifier", "sender"):
        if not text(tag):
            yield f"{tag} is missing or empty"
        elif any(c in text(tag) for c in FORBIDDEN):
            yield f"{tag} {text(tag)!r} holds one of blank, comma, < and &, which end it in references"


def _scope(text: Callable[[str], str]) -> Iterator[str]:
    if not text("scope"):
        yield "scope is missing"
    if text("scope") == "Restricted" and not text("restriction"):
        yield "scope Restricted needs a restriction"
    if text("scope") == "Private" and not text("addresses"):
        yield "scope Private needs addresses"


def _references(text: Callable[[str], str]) -> Iterator[str]:
    named = text("references").split()
    if text("msgType") in REFER and not named:
        yield f"msgType {text('msgType')} needs references to the messages it is about"
    for one in named:
        parts = one.split(",")
        if len(parts) != 3 or not all(parts):
            yield f"{one!r} in references is not sender,identifier,sent"
        elif instant(parts[2]) is None:
            yield f"{parts[2]!r} in references is no time with a numeric offset"
        elif parts[:2] == [text("sender"), text("identifier")]:
            yield "references name the message itself"
        elif is_before(text("sent"), parts[2]):
            yield f"references name {parts[1]!r}, sent after this message"


def _sent(text: Callable[[str], str]) -> Iterator[str]:
    if not text("sent"):
        yield "sent is missing"


def _times(parent: etree._Element) -> Iterator[str]:
    for tag in TIMES:
        for element in _all(parent, tag):
            if instant((element.text or "").strip()) is None:
                yield (
                    f"{tag} {(element.text or '')[:40]!r} is no time as 2026-03-01T12:00:00+00:00: "
                    "a numeric offset, no Z, no fractions"
                )


def instant(text: str) -> np.datetime64 | None:
    """A time as CAP writes it; None for any other text."""
    if not TIME.fullmatch(text):
        return None
    try:
        return moment(text)
    except (ValueError, OverflowError):
        return None


def is_before(one: str, other: str) -> bool:
    """False where one of them is no time."""
    first, second = instant(one), instant(other)
    return first is not None and second is not None and bool(first < second)


def _info(info: etree._Element, sent: str, number: int) -> Iterator[str]:
    text, here = _of(info), f"info {number}"
    for fault in _times(info):
        yield f"{here}: {fault}"
    begun = text("effective") or sent
    if text("expires") in (begun, sent) or is_before(text("expires"), begun) or is_before(text("expires"), sent):
        yield f"{here}: expires {text('expires')} is not after {begun}"
    if text("language") and not LANGUAGE.fullmatch(text("language")):
        yield f"{here}: language {text('language')!r} is no language tag such as fr or en-GB"
    if text("web") and not is_whole_address(text("web")):
        yield f"{here}: web {text('web')!r} is no whole address"
    for tag in ("event", "urgency", "severity", "certainty"):
        if not text(tag):
            yield f"{here}: {tag} is missing or empty"
    for tag in ("parameter", "eventCode"):
        yield from (f"{here}: a {tag} has no valueName" for one in _all(info, tag) if not _of(one)("valueName"))
    for resource in _all(info, "resource"):
        yield from (f"{here}: {fault}" for fault in _resource(resource))
    for area in _all(info, "area"):
        yield from (f"{here}: {fault}" for fault in _area(area))


def is_whole_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.scheme and (parts.netloc or parts.path))


def _resource(resource: etree._Element) -> Iterator[str]:
    text = _of(resource)
    name = f"resource {text('resourceDesc')[:40]!r}"
    if not MIME.fullmatch(text("mimeType")):
        yield f"{name} has no mimeType such as image/svg+xml"
    if not text("derefUri"):
        if text("uri") and not is_whole_address(text("uri")):
            yield f"{name}: uri {text('uri')!r} is not whole, and there is no derefUri"
        return
    try:
        content = b64decode(text("derefUri"), validate=False)
    except (NotBase64, ValueError):
        yield f"{name}: derefUri is not base64"
        return
    if text("size") and text("size") != str(len(content)):
        yield f"{name}: size {text('size')} is not that of its content, {len(content)}"
    if text("digest") and text("digest").lower() != hashlib.sha1(content).hexdigest():
        yield f"{name}: digest is not the SHA-1 of its content"


def _area(area: etree._Element) -> Iterator[str]:
    text = _of(area)
    name = f"area {text('areaDesc')[:40]!r}"
    if not text("areaDesc"):
        yield "an area has no areaDesc"
    for polygon in _all(area, "polygon"):
        yield from (f"{name}: polygon {fault}" for fault in polygon_faults((polygon.text or "").strip()))
    for circle in _all(area, "circle"):
        yield from (f"{name}: circle {fault}" for fault in circle_faults((circle.text or "").strip()))
    if text("ceiling") and not text("altitude"):
        yield f"{name}: a ceiling needs an altitude"
    yield from (f"{name}: a geocode has no valueName" for one in _all(area, "geocode") if not _of(one)("valueName"))


def polygon_faults(text: str) -> Iterator[str]:
    """At least four points, the last the first, each latitude,longitude in degrees."""
    try:
        ring = ring_of(text)
    except ValueError as error:
        yield f"cannot be read ({error})"
        return
    if len(ring) < 4:
        yield f"has {len(ring)} points; at least four make one"
    elif ring[0] != ring[-1]:
        yield f"is open: it begins at {ring[0]} and ends at {ring[-1]}"
    yield from (f"has a point off the globe: {point}" for point in ring if not on_globe(point))


def circle_faults(text: str) -> Iterator[str]:
    """A point and a radius in km."""
    try:
        lat, lon, km = circle_of(text)
    except ValueError as error:
        yield f"cannot be read ({error})"
        return
    if not on_globe((lat, lon)):
        yield f"has its centre off the globe: {(lat, lon)}"
    if not 0 <= km < math.inf:
        yield f"has the radius {km}"


def on_globe(point: tuple[float, float]) -> bool:
    return abs(point[0]) <= 90 and abs(point[1]) <= 180
