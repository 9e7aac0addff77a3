"""CAP written by us, read by somebody else: lxml with the schema, element by element, without our reader. What comes
out is the message that went in."""

from __future__ import annotations

import hashlib
from base64 import b64decode
from datetime import UTC, datetime

import numpy as np
from hypothesis import given
from lxml import etree
from test_cap_markup import XSD, messages, same, with_schema

from hydria_cap.markup import read_message, written
from hydria_cap.message import Area, Info, Message, Reference, Resource

CAP = {"c": "urn:oasis:names:tc:emergency:cap:1.2"}
INFO = (
    "language", "category", "event", "responseType", "urgency", "severity", "certainty", "effective", "onset",
    "expires", "senderName", "headline", "description", "instruction", "web", "contact",
)  # fmt: skip
TIMES = ("effective", "onset", "expires")


def text(element: etree._Element, name: str) -> str:
    return str(element.xpath(f"string(c:{name})", namespaces=CAP))


def parts(element: etree._Element, name: str) -> list[etree._Element]:
    return element.findall(f"c:{name}", CAP)


def instant(words: str) -> np.datetime64:
    """By Python's own reader of times."""
    if not words:
        return np.datetime64("NaT", "s")
    return np.datetime64(datetime.fromisoformat(words).astimezone(UTC).replace(tzinfo=None), "s")


def numbers(words: str) -> tuple[float, ...]:
    return tuple(float(word) for word in words.replace(",", " ").split())


def pairs(element: etree._Element, name: str) -> tuple[tuple[str, str], ...]:
    return tuple((text(one, "valueName"), text(one, "value")) for one in parts(element, name))


def area(element: etree._Element) -> Area:
    rings = tuple(
        tuple((flat[n], flat[n + 1]) for n in range(0, len(flat), 2))
        for flat in (numbers(one.text or "") for one in parts(element, "polygon"))
    )
    circles = tuple(numbers(one.text or "") for one in parts(element, "circle"))
    return Area(text(element, "areaDesc"), rings, circles, pairs(element, "geocode"))  # type: ignore[arg-type]


def resource(element: etree._Element) -> Resource:
    content = b64decode(text(element, "derefUri"))
    if content:
        assert text(element, "size") == str(len(content))
        assert text(element, "digest") == hashlib.sha1(content).hexdigest()
    return Resource(text(element, "resourceDesc"), text(element, "mimeType"), text(element, "uri"), content)


def info(element: etree._Element) -> Info:
    told = [instant(text(element, name)) if name in TIMES else text(element, name) for name in INFO]
    return Info(
        *told,  # type: ignore[arg-type]
        parameters=pairs(element, "parameter"),
        resources=tuple(resource(one) for one in parts(element, "resource")),
        areas=tuple(area(one) for one in parts(element, "area")),
    )


def independent(content: bytes) -> Message:
    alert = etree.fromstring(content)
    assert etree.XMLSchema(etree.parse(str(XSD))).validate(alert)
    named = [one.split(",") for one in text(alert, "references").split()]
    return Message(
        *(text(alert, name) for name in ("identifier", "sender")),
        instant(text(alert, "sent")),
        *(text(alert, n) for n in ("status", "msgType", "scope", "restriction", "addresses", "note")),
        tuple(Reference(sender, identifier, instant(sent)) for sender, identifier, sent in named),
        text(alert, "incidents"),
        tuple(info(one) for one in parts(alert, "info")),
    )


@with_schema
@given(messages)
def test_what_we_write_others_read_as_we_do(message: Message) -> None:
    content = written(message)
    assert same(independent(content), message)
    assert same(read_message(content, "here"), independent(content))
