"""CAP written by us: valid by the schema, true to the rules, read back equal, the same bytes each time."""

from __future__ import annotations

import hashlib
from base64 import b64decode

import numpy as np
import pytest
from channel_bulletins import SAMPLES
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from mutations import check_survives

from hydria_cap.cap_rules import faults
from hydria_cap.markup import NAMESPACE, degrees, read_message, stamp, time_of, written
from hydria_cap.message import Area, Info, Message, Reference, Resource
from hydria_plugin import FeedError

XSD = SAMPLES / "xsd" / "CAP-v1.2.xsd"
with_schema = pytest.mark.skipif(not XSD.is_file(), reason="the CAP schema is not in ../shared/samples/xsd")

texts = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=30).map(
    lambda text: text.strip() or "x"
)
names = st.from_regex(r"[A-Za-z0-9_.:@-]{1,30}", fullmatch=True)
times = st.integers(0, 4_000_000_000).map(lambda s: np.datetime64(s, "s"))
named = st.lists(st.tuples(texts, texts), max_size=3).map(tuple)
points = st.tuples(st.integers(-9_000_000, 9_000_000), st.integers(-18_000_000, 18_000_000)).map(
    lambda p: (p[0] / 1e5, p[1] / 1e5)
)
rings = st.lists(points, min_size=3, max_size=6).map(lambda ring: (*ring, ring[0]))
circles = st.tuples(points, st.integers(0, 10_000_000)).map(lambda c: (*c[0], c[1] / 1e5))
areas = st.builds(Area, texts, st.lists(rings, max_size=2).map(tuple), st.lists(circles, max_size=2).map(tuple), named)
resources = st.builds(Resource, texts, st.just("image/svg+xml"), st.just("https://a.example/x"), st.binary(max_size=50))
infos = st.builds(
    Info, st.sampled_from(["fr", "en"]), st.just("Met"), texts, st.sampled_from(["AllClear", "Monitor"]),
    st.sampled_from(["Past", "Future"]), st.sampled_from(["Minor", "Extreme"]), st.just("Likely"), times,
    times | st.just(np.datetime64("NaT", "s")), times, texts, texts, texts, texts, st.just("https://a.example/"), texts,
    named, st.lists(resources, max_size=2).map(tuple), st.lists(areas, max_size=2).map(tuple),
)  # fmt: skip
messages = st.builds(
    Message, names, names, times, st.sampled_from(["Actual", "Test"]), st.sampled_from(["Alert", "Update", "Cancel"]),
    st.just("Public"), texts, texts, texts, st.lists(st.builds(Reference, names, names, times), max_size=3).map(tuple),
    names, st.lists(infos, max_size=2).map(tuple),
)  # fmt: skip


def an_info(**changes: object) -> Info:
    at = np.datetime64("2026-03-01T06:00:00", "s")
    told = {
        "language": "fr", "category": "Met", "event": "Crue", "response": "Monitor", "urgency": "Expected",
        "severity": "Severe", "certainty": "Likely", "effective": at, "onset": at, "expires": at + 3600,
        "sender_name": "Crues", "headline": "Anduze : orange", "description": "Plus haut.",
    }  # fmt: skip
    return Info(**{**told, **changes})  # type: ignore[arg-type]


def a_message(**changes: object) -> Message:
    told = {
        "identifier": "p.e.00000", "sender": "crues@exemple.fr", "sent": np.datetime64("2026-03-01T06:00:00", "s"),
        "status": "Test", "kind": "Alert", "scope": "Public", "infos": (an_info(),),
    }  # fmt: skip
    return Message(**{**told, **changes})  # type: ignore[arg-type]


def same(a: Message, b: Message) -> bool:
    """NaT is not equal to itself."""
    return repr(a) == repr(b)


@given(messages)
def test_what_is_written_is_read_back(message: Message) -> None:
    content = written(message)
    assert same(read_message(content, "here"), message)
    assert content == written(message)


@with_schema
@given(messages)
def test_what_is_written_is_valid(message: Message) -> None:
    schema = etree.XMLSchema(etree.parse(str(XSD)))
    assert schema.validate(etree.fromstring(written(message))), schema.error_log.last_error


def test_times_have_a_numeric_offset_and_no_fraction() -> None:
    assert stamp(np.datetime64("2026-03-01T06:00:00.123456", "us")) == "2026-03-01T06:00:00+00:00"
    assert stamp(np.datetime64("NaT", "s")) == ""
    assert time_of("2026-03-01T07:00:00+01:00") == np.datetime64("2026-03-01T06:00:00")


@pytest.mark.parametrize(("value", "shown"), [(44.0, "44"), (-0.0000001, "0"), (4.123456, "4.12346"), (-1.5, "-1.5")])
def test_degrees_are_to_a_metre_and_never_in_powers(value: float, shown: str) -> None:
    assert degrees(value) == shown


def test_text_from_outside_is_text() -> None:
    nasty = 'Gard <b> & "x" ]]> \x00\x0b\ud800'.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    info = an_info(headline=f"{nasty}\x00\x0b")
    back = read_message(written(a_message(infos=(info,))), "here").infos[0].headline
    assert back.startswith('Gard <b> & "x" ]]> ') and "\x00" not in back


def test_a_document_within_has_its_size_and_digest() -> None:
    content = b"<svg/>"
    held = Resource("drawing", "image/svg+xml", "e/drawing.svg", content)
    doc = etree.fromstring(written(a_message(infos=(an_info(resources=(held,)),))))
    found = {child.tag.partition("}")[2]: child.text for child in doc.find("{*}info/{*}resource")}
    assert b64decode(found["derefUri"]) == content and found["size"] == "6"
    assert found["digest"] == hashlib.sha1(content).hexdigest() and faults(doc) == []


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"<alert/>", "not the alert of"),
        (b"<alert xmlns='urn:oasis:names:tc:emergency:cap:1.1'/>", "cap:1.1"),
        (f"<alert xmlns='{NAMESPACE}'><sent>yesterday</sent></alert>".encode(), "cannot be read"),
        (f"<alert xmlns='{NAMESPACE}'><references>a,b</references></alert>".encode(), "sender,identifier,sent"),
        (b"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "DOCTYPE"),
        (b"", "XML"),
    ],
)
def test_what_is_no_message_of_ours_is_refused(content: bytes, says: str) -> None:
    with pytest.raises(FeedError, match=says):
        read_message(content, "there.xml")


def broken(count: int) -> int:
    ring = ((44.0, 4.0), (44.1, 4.0), (44.1, 4.1), (44.0, 4.0))
    area = Area("Anduze", (ring,), ((44.0, 4.0, 5.0),), (("EMMA_ID", "FR030"),))
    held = Resource("a", "image/svg+xml", "a.svg", b"<svg/>")
    own = written(a_message(infos=(an_info(areas=(area,), resources=(held,)),)))
    cap = SAMPLES / "cap"
    others = [file.read_bytes() for file in sorted(cap.iterdir())] if cap.is_dir() else []

    def both(data: bytes) -> None:
        from hydria_plugin.exchange import xml_document

        faults(xml_document(data, "broken"))
        read_message(data, "broken")

    return check_survives(both, [own, *others], count)


def test_broken_messages() -> None:
    assert broken(300) > 100


@pytest.mark.soak
def test_many_broken_messages() -> None:
    assert broken(10_000) > 3_000
