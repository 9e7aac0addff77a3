"""Messages to XML and back. What is written is the same for the same message, byte for byte."""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from lxml import etree

from hydria_plugin import FeedError
from hydria_plugin.exchange import moment, xml_document

from .message import Area, Info, Message, Named, Reference, Resource, Ring

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
UNWRITABLE = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML has no place for these


def written(message: Message) -> bytes:
    """The XML document."""
    alert = etree.Element(f"{{{NAMESPACE}}}alert", nsmap={None: NAMESPACE})
    texts = {
        "identifier": message.identifier, "sender": message.sender, "sent": stamp(message.sent),
        "status": message.status, "msgType": message.kind, "scope": message.scope,
        "restriction": message.restriction, "addresses": message.addresses, "note": message.note,
        "references": " ".join(f"{r.sender},{r.identifier},{stamp(r.sent)}" for r in message.references),
        "incidents": message.incidents,
    }  # fmt: skip
    _texts(alert, texts)
    for info in message.infos:
        _info(etree.SubElement(alert, f"{{{NAMESPACE}}}info"), info)
    etree.indent(alert)
    return etree.tostring(alert, encoding="UTF-8", xml_declaration=True) + b"\n"


def stamp(time: np.datetime64) -> str:
    """With a numeric offset and without fractions: the schema takes no Z."""
    return "" if np.isnat(time) else f"{time.astype('datetime64[s]')}+00:00"


def _texts(parent: etree._Element, texts: dict[str, str]) -> None:
    """An element for each text there is."""
    for tag, words in texts.items():
        if words:
            etree.SubElement(parent, f"{{{NAMESPACE}}}{tag}").text = UNWRITABLE.sub("", words)


def _named(parent: etree._Element, tag: str, pairs: Named) -> None:
    for name, value in pairs:
        _texts(etree.SubElement(parent, f"{{{NAMESPACE}}}{tag}"), {"valueName": name, "value": value})


def _info(parent: etree._Element, i: Info) -> None:
    texts = {
        "language": i.language, "category": i.category, "event": i.event, "responseType": i.response,
        "urgency": i.urgency, "severity": i.severity, "certainty": i.certainty, "effective": stamp(i.effective),
        "onset": stamp(i.onset), "expires": stamp(i.expires), "senderName": i.sender_name, "headline": i.headline,
        "description": i.description, "instruction": i.instruction, "web": i.web, "contact": i.contact,
    }  # fmt: skip
    _texts(parent, texts)
    _named(parent, "parameter", i.parameters)
    for resource in i.resources:
        _resource(etree.SubElement(parent, f"{{{NAMESPACE}}}resource"), resource)
    for area in i.areas:
        _area(etree.SubElement(parent, f"{{{NAMESPACE}}}area"), area)


def _resource(parent: etree._Element, r: Resource) -> None:
    held = {
        "size": str(len(r.content)), "uri": r.uri, "derefUri": b64encode(r.content).decode(),
        "digest": hashlib.sha1(r.content).hexdigest(),  # CAP 1.2 names SHA-1
    }  # fmt: skip
    _texts(parent, {"resourceDesc": r.desc, "mimeType": r.mime_type, **(held if r.content else {"uri": r.uri})})


def _area(parent: etree._Element, area: Area) -> None:
    _texts(parent, {"areaDesc": area.desc})
    for ring in area.polygons:
        _texts(parent, {"polygon": " ".join(f"{degrees(a)},{degrees(b)}" for a, b in ring)})
    for lat, lon, km in area.circles:
        _texts(parent, {"circle": f"{degrees(lat)},{degrees(lon)} {degrees(km)}"})
    _named(parent, "geocode", area.geocodes)


def degrees(value: float) -> str:
    """To a metre."""
    shown = f"{value:.5f}".rstrip("0").rstrip(".")
    return "0" if shown == "-0" else shown


# ---- back ----


def read_message(data: bytes, place: str) -> Message:
    """What ``written`` wrote. Raises FeedError where it is no CAP 1.2 message or lacks what every message has."""
    alert = xml_document(data, place)
    if alert.tag != f"{{{NAMESPACE}}}alert":
        raise FeedError(f"{place}: its root is {alert.tag!r}, not the alert of {NAMESPACE}")
    try:
        return _message(alert)
    except (ValueError, OverflowError) as error:
        raise FeedError(f"{place}: cannot be read as a CAP message ({error})") from error


def _message(alert: etree._Element) -> Message:
    text = _of(alert)
    return Message(
        text("identifier"), text("sender"), time_of(text("sent")), text("status"), text("msgType"), text("scope"),
        text("restriction"), text("addresses"), text("note"), tuple(references(text("references"))),
        text("incidents"), tuple(_info_of(info) for info in _children(alert, "info")),
    )  # fmt: skip


def _of(parent: etree._Element) -> Callable[[str], str]:
    return lambda tag: parent.findtext(f"{{{NAMESPACE}}}{tag}") or ""


def _children(parent: etree._Element, tag: str) -> list[etree._Element]:
    return parent.findall(f"{{{NAMESPACE}}}{tag}")


def time_of(text: str) -> np.datetime64:
    """NaT for none. Raises ValueError."""
    return moment(text).astype("datetime64[s]") if text else np.datetime64("NaT", "s")


def references(text: str) -> Iterator[Reference]:
    """Each ``sender,identifier,sent``. Raises ValueError."""
    for one in text.split():
        parts = one.split(",")
        if len(parts) != 3:
            raise ValueError(f"{one!r} in references is not sender,identifier,sent")
        yield Reference(parts[0], parts[1], time_of(parts[2]))


def _named_of(parent: etree._Element, tag: str) -> Named:
    return tuple((_of(one)("valueName"), _of(one)("value")) for one in _children(parent, tag))


def _info_of(info: etree._Element) -> Info:
    text = _of(info)
    return Info(
        text("language"), text("category"), text("event"), text("responseType"), text("urgency"), text("severity"),
        text("certainty"), time_of(text("effective")), time_of(text("onset")), time_of(text("expires")),
        text("senderName"), text("headline"), text("description"), text("instruction"), text("web"), text("contact"),
        _named_of(info, "parameter"), tuple(_resource_of(r) for r in _children(info, "resource")),
        tuple(_area_of(a) for a in _children(info, "area")),
    )  # fmt: skip


def _resource_of(resource: etree._Element) -> Resource:
    text = _of(resource)
    return Resource(text("resourceDesc"), text("mimeType"), text("uri"), b64decode(text("derefUri"), validate=True))


def _area_of(area: etree._Element) -> Area:
    text = _of(area)
    rings = tuple(ring_of(p.text or "") for p in _children(area, "polygon"))
    return Area(text("areaDesc"), rings, tuple(circle_of(c.text or "") for c in _children(area, "circle")),
                _named_of(area, "geocode"))  # fmt: skip


def ring_of(text: str) -> Ring:
    """Raises ValueError."""
    return tuple(point_of(pair) for pair in text.split())


def circle_of(text: str) -> tuple[float, float, float]:
    """Raises ValueError."""
    parts: Any = text.split()
    if len(parts) != 2:
        raise ValueError(f"circle {text[:60]!r} is not latitude,longitude radius")
    return (*point_of(parts[0]), float(parts[1]))


def point_of(pair: str) -> tuple[float, float]:
    """Latitude, longitude. Raises ValueError."""
    parts = pair.split(",")
    if len(parts) != 2:
        raise ValueError(f"point {pair[:60]!r} is not latitude,longitude")
    return float(parts[0]), float(parts[1])
