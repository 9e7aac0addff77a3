"""The rules that the schema does not see: each one broken alone is told, and nothing else is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from channel_bulletins import SAMPLES
from lxml import etree
from test_cap_markup import XSD, a_message, an_info, with_schema

from hydria_cap.cap_rules import circle_faults, faults, instant, polygon_faults
from hydria_cap.markup import written
from hydria_cap.message import Area, Reference, Resource
from hydria_plugin.exchange import xml_document

AT = np.datetime64("2026-03-01T06:00:00", "s")
EARLIER = Reference("crues@exemple.fr", "p.e.0", AT - 3600)


def told(content: bytes) -> list[str]:
    return faults(xml_document(content, "here"))


def test_a_whole_message_has_no_fault() -> None:
    assert told(written(a_message())) == []
    assert told(written(a_message(kind="Update", references=(EARLIER,)))) == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"identifier": "a b"}, "identifier 'a b' holds one of blank, comma"),
        ({"identifier": "a,b"}, "identifier 'a,b'"),
        ({"sender": "a<b"}, "sender 'a<b'"),
        ({"sender": "a&b"}, "sender 'a&b'"),
        ({"identifier": ""}, "identifier is missing"),
        ({"scope": "Restricted"}, "needs a restriction"),
        ({"scope": "Private"}, "needs addresses"),
        ({"scope": ""}, "scope is missing"),
        ({"kind": "Update"}, "msgType Update needs references"),
        ({"kind": "Cancel"}, "msgType Cancel needs references"),
        ({"kind": "Update", "references": (Reference("crues@exemple.fr", "p.e.00000", AT),)}, "the message itself"),
        ({"kind": "Update", "references": (replace(EARLIER, sent=AT + 60),)}, "sent after this message"),
        ({"infos": ()}, "without info"),
    ],
)
def test_each_rule_of_the_alert(changes: dict[str, object], says: str) -> None:
    (fault,) = told(written(a_message(**changes)))
    assert says in fault


def test_a_cancel_needs_no_info() -> None:
    assert told(written(a_message(kind="Cancel", references=(EARLIER,), infos=()))) == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"expires": AT}, "is not after"),
        ({"expires": AT - 60}, "is not after"),
        ({"effective": AT + 7200, "expires": AT + 3600}, "is not after 2026-03-01T08:00:00+00:00"),
        ({"web": "crues"}, "no whole address"),
        ({"event": ""}, "event is missing"),
        ({"severity": ""}, "severity is missing"),
        ({"language": "français!"}, "language"),
        ({"parameters": (("", "x"),)}, "parameter has no valueName"),
        ({"resources": (Resource("a", "svg", "https://a.example/"),)}, "no mimeType"),
        ({"resources": (Resource("a", "image/png", "a.png"),)}, "not whole, and there is no derefUri"),
        ({"areas": (Area(""),)}, "no areaDesc"),
        ({"areas": (Area("x", geocodes=(("", "1"),)),)}, "geocode has no valueName"),
        ({"areas": (Area("x", polygons=(((44.0, 4.0), (44.1, 4.0), (44.1, 4.1), (44.0, 4.1)),)),)}, "is open"),
        ({"areas": (Area("x", polygons=(((4, 144), (4, 145), (144, 4), (4, 144)),)),)}, "off the globe"),
        ({"areas": (Area("x", polygons=(((44.0, 4.0), (44.1, 4.0), (44.0, 4.0)),)),)}, "at least four"),
        ({"areas": (Area("x", circles=((44.0, 4.0, -1.0),)),)}, "radius -1"),
    ],
)  # fmt: skip
def test_each_rule_of_an_info(changes: dict[str, object], says: str) -> None:
    (fault,) = told(written(a_message(infos=(an_info(**changes),))))
    assert says in fault and fault.startswith("info 1: ")


@pytest.mark.parametrize("text", ["2026-03-01T06:00:00Z", "2026-03-01T06:00:00.5+00:00", "2026-02-30T06:00:00+00:00",
                                  "2026-03-01T06:00:00", "2026-03-01 06:00:00+00:00", ""])  # fmt: skip
def test_times_that_are_none(text: str) -> None:
    assert instant(text) is None
    sent = written(a_message()).replace(b"<sent>2026-03-01T06:00:00+00:00", f"<sent>{text}".encode())
    assert any("sent" in fault for fault in told(sent))


def test_minus_zero_is_utc_too() -> None:
    assert instant("1970-01-01T00:00:00-00:00") == np.datetime64(0, "s")


def test_what_a_document_within_must_be() -> None:
    content = written(a_message(infos=(an_info(resources=(Resource("a", "image/png", "a.png", b"12345"),)),)))
    assert told(content) == []
    assert "size 6" in told(content.replace(b"<size>5", b"<size>6"))[0]
    assert "not base64" in told(content.replace(b"MTIzNDU=", b"MTIzND"))[0]
    assert "not the SHA-1" in told(content.replace(b"MTIzNDU=", b"MTIzNDY="))[0]


@pytest.mark.parametrize("text", ["", "44,4", "44 4", "a,b c,d e,f a,b", "1,1 2,2 3,3 nan,1", "1,1 2,2 3,3 91,1"])
def test_rings_that_are_none(text: str) -> None:
    assert list(polygon_faults(text))


@pytest.mark.parametrize("text", ["", "44,4", "44,4 x", "44,4 nan", "44,4 inf", "444,4 1", "44 4 1"])
def test_circles_that_are_none(text: str) -> None:
    assert list(circle_faults(text))


SAID = {  # of real messages: valid by the schema, faults by our rules
    "australia.cap": (True, ""),
    "canada.cap": (True, ""),
    "invalid.cap": (False, "scope is missing"),
    "oasis_example1.xml": (True, ""),
    "oasis_example2.xml": (True, ""),
    "oasis_example3.xml": (True, ""),
    "weather.cap": (False, "not CAP 1.2"),
}


@with_schema
@pytest.mark.parametrize("name", sorted(SAID))
def test_real_messages(name: str) -> None:
    document = xml_document((SAMPLES / "cap" / name).read_bytes(), name)
    is_valid, says = SAID[name]
    assert etree.XMLSchema(etree.parse(str(XSD))).validate(document) is is_valid
    found = faults(document)
    assert len(found) == bool(says) and says in "".join(found)


@with_schema
def test_every_real_message_is_known_here() -> None:
    assert {file.name for file in (SAMPLES / "cap").iterdir()} == set(SAID)


@with_schema
def test_an_update_with_empty_references_passes_the_schema_and_not_the_rules() -> None:
    """The fault of a message that was once sent by a weather service."""
    document = etree.fromstring(
        written(a_message(kind="Update", references=(EARLIER,))).replace(
            b"<references>crues@exemple.fr,p.e.0,2026-03-01T05:00:00+00:00</references>", b"<references/>"
        )
    )
    assert etree.XMLSchema(etree.parse(str(XSD))).validate(document)
    assert faults(document) == ["msgType Update needs references to the messages it is about"]
