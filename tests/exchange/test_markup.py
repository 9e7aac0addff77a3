"""XML from outside: what is refused, and that a stream takes little memory."""

from __future__ import annotations

import gzip
import io
import tracemalloc

import pytest

from hydria_plugin import FeedError
from hydria_plugin.exchange import XmlLimits, xml_document, xml_elements

LAUGHS = b"""<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;&x;&x;&x;&x;&x;&x;&x;">]><a><b>&y;</b></a>"""
OUTSIDE = b"""<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a><b>&x;</b></a>"""
ELSEWHERE = b"""<!DOCTYPE a SYSTEM "http://169.254.169.254/a.dtd"><a><b/></a>"""
PARAMETER = b"""<!DOCTYPE a [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]><a><b/></a>"""


def stream(data: bytes, *tags: str, limits: XmlLimits | None = None) -> list[str]:
    found = xml_elements(io.BytesIO(data), "f.xml", tags or ("b",), limits or XmlLimits())
    return [element.text or "" for element in found]


@pytest.mark.parametrize("data", [LAUGHS, OUTSIDE, ELSEWHERE, PARAMETER], ids=["laughs", "file", "dtd", "parameter"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_is_refused(data: bytes, encoding: str) -> None:
    coded = data.decode().encode(encoding)
    with pytest.raises(FeedError, match=r"f.xml: (has a document type|is not well-formed)"):
        xml_document(coded, "f.xml")
    with pytest.raises(FeedError, match=r"f.xml: (has a document type|is not well-formed)"):
        stream(coded)
    with pytest.raises(FeedError):
        stream(coded, "not-there")


def test_depth_has_an_end() -> None:
    deep = b"<a>" * 70 + b"<b/>" + b"</a>" * 70
    for read in (lambda: xml_document(deep, "f.xml"), lambda: stream(deep)):
        with pytest.raises(FeedError, match="deeper than 64"):
            read()
    bottomless = b"<a>" * 100_000
    for read in (lambda: xml_document(bottomless, "f.xml"), lambda: stream(bottomless)):
        with pytest.raises(FeedError, match="f.xml: is"):
            read()
    assert stream(deep, limits=XmlLimits(depth=70)) == [""]


@pytest.mark.parametrize("data", [b"", b"   ", b"<a><b>1</b>", b"<a></b>", b"no", b"<a>\xff</a>", b"<a>&nbsp;</a>"])
def test_what_is_not_well_formed_is_said(data: bytes) -> None:
    with pytest.raises(FeedError, match=r"f.xml: is not well-formed XML \("):
        xml_document(data, "f.xml")
    with pytest.raises(FeedError, match=r"f.xml: is not well-formed XML \("):
        stream(data)


@pytest.mark.parametrize(
    ("data", "what"),
    [(b"PK\x03\x04\x14\0", "a ZIP archive"), (b"\x89HDF\r\n\x1a\n", "NetCDF-4"), (b"CDF\x01\0\0", "NetCDF")],
)
@pytest.mark.parametrize("packed", [False, True])
def test_what_is_something_else_is_named(data: bytes, what: str, packed: bool) -> None:
    held = gzip.compress(data) if packed else data
    for read in (lambda: xml_document(held, "f.xml"), lambda: stream(held)):
        with pytest.raises(FeedError, match=f"^f.xml: is not XML, but {what}"):
            read()


def test_namespaces_comments_and_instructions_are_passed_over() -> None:
    data = b'<?xml version="1.0"?><p:a xmlns:p="urn:x"><?go?><!-- c --><p:b>1<!-- d -->2</p:b><b>3</b></p:a>'
    assert stream(data) == ["12", "3"]
    assert [child.tag for child in xml_document(data, "f.xml")] == ["{urn:x}b", "b"]


def test_gzip_is_read_and_a_bomb_is_not() -> None:
    assert stream(gzip.compress(b"<a><b>1</b></a>")) == ["1"]
    assert xml_document(gzip.compress(b"<a><b>1</b></a>"), "f.xml")[0].text == "1"
    bomb, small = gzip.compress(b"<a>" + b"<b>0</b>" * 1_000_000 + b"</a>"), XmlLimits(size=1_000_000)
    with pytest.raises(FeedError, match="more than 1,000,000 bytes"):
        xml_document(bomb, "f.xml", small)
    with pytest.raises(FeedError, match="more than 1,000,000 bytes"):
        stream(bomb, limits=small)


def test_a_long_file_takes_little_memory() -> None:
    file = io.BytesIO(b"<a>" + b'<b at="2026">0</b>' * 200_000 + b"</a>")
    tracemalloc.start()
    count = sum(1 for _ in xml_elements(file, "f.xml", ("b",)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 200_000 and peak < 4_000_000


def test_a_small_file_that_unpacks_to_much_is_not_read() -> None:
    """More than a few hundred times its size is no message; what a real one comes to is."""
    rain = b"".join(b'<b at="2026-03-%02dT%02d:00:00" value="0.0"/>' % (d, h) for d in range(1, 31) for h in range(24))
    assert stream(gzip.compress(b"<a>" + rain * 50 + b"</a>"))
    bomb = gzip.compress(b"<a>" + b"<b>0</b>" * 1_000_000 + b"</a>")
    assert len(bomb) < 30_000
    for read in (lambda: xml_document(bomb, "f.xml"), lambda: stream(bomb)):
        with pytest.raises(FeedError, match=f"more than {(1 << 20) + 200 * len(bomb):,} bytes"):
            read()


@pytest.mark.parametrize("part", ["<x/>", "<x>0</x>", '<x a="" b="" c=""/>', " ", "<!-- -->"])
def test_what_is_not_asked_for_has_an_end(part: str) -> None:
    """An empty element is thirty times as large in memory; before, among and after what is read."""
    unread = part.encode() * (5_000_000 // len(part))
    places = (b"<c>" + unread + b"</c>", unread, b"<b>1</b>" + unread, b"<b>" + unread + b"</b>")
    for data in places if part == "<x/>" else places[:1]:
        with pytest.raises(FeedError, match=r"f\.xml: more than 4,194,304 bytes hold nothing that is read"):
            stream(b"<a>" + data + b"</a>")
    half = part.encode() * (2_500_000 // len(part))
    assert stream(b"<a>" + half + b"<b>1</b>" + half + b"<b>2</b>" + half + b"</a>") == ["1", "2"]


@pytest.mark.parametrize("part", [b"<x/>", b'<x a=""/>', b"<x></x>"])
def test_a_document_that_is_held_as_a_whole_has_so_many_parts(part: bytes) -> None:
    small = XmlLimits(parts=1000)
    assert len(xml_document(b"<a>" + part * 450 + b"</a>", "f.xml", small)) == 450
    with pytest.raises(FeedError, match=r"f\.xml: holds [\d,]+ tags and attributes; at most 1,000 are read"):
        xml_document(b"<a>" + part * 1000 + b"</a>", "f.xml", small)


def test_items_that_are_passed_over_are_forgotten_and_what_stands_before_others_is_not() -> None:
    place = b"<p><q>name</q></p>" * 130_000
    file = io.BytesIO(b"<a><l>" + place * 2 + b"</l><b><c>1</c><p>2</p><c>3</c></b></a>")
    read = xml_elements(file, "f.xml", ("b",), passed=("p",))
    assert [[child.tag for child in element] for element in read] == [["c", "p", "c"]]
    odd = io.BytesIO(b"<a>" + b"<x/><p/>" * 700_000 + b"</a>")
    with pytest.raises(FeedError, match="hold nothing that is read"):
        list(xml_elements(odd, "f.xml", ("b",), passed=("p",)))
