"""XML from outside. A document type is refused, and with it entities, bombs and files that are not ours to read;
depth and size have an end; namespaces are the caller's to look at or to pass over.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from ..errors import FeedError
from .packed import GZIP, MOST, Readable, bounded, gunzipped

if TYPE_CHECKING:
    from lxml.etree import _Element

REMEDY = "a document without <!DOCTYPE>: write what its entities stand for in place"


@dataclass(frozen=True, slots=True)
class XmlLimits:
    """What is read of one document. The parser itself stops at a depth of 256 and a text of 10 MB.

    An empty element takes thirty times its bytes in memory: 4 MB of them 130 MB, 3 million 400 MB.
    """

    size: int = MOST  # bytes, unpacked
    depth: int = 64
    times: int = 200  # unpacked, of the packed size: real messages come to 80
    apart: int = 4 << 20  # bytes between two elements that are asked for: until then all is held
    parts: int = 3_000_000  # elements and attributes of a document that is held as a whole

    def bytes_of(self, packed: int) -> int:
        """How many bytes a gzip file of ``packed`` bytes may hold."""
        return min(self.size, FREE + self.times * packed)


FREE = 1 << 20  # bytes that a gzip file may hold, however small it is
LIMITS = XmlLimits()
OTHERS = {  # first bytes -> what begins so
    b"PK\x03\x04": "a ZIP archive",
    b"\x89HDF": "NetCDF-4 or other HDF5",
    b"CDF": "NetCDF",
    b"BUFR": "BUFR",
    b"GRIB": "GRIB",
    b"%PDF": "PDF",
    b"SQLite": "an SQLite database",
}
SAFE: dict[str, Any] = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}
BARE: dict[str, Any] = {"remove_comments": True, "remove_pis": True}


def xml_document(data: bytes, place: str, limits: XmlLimits = LIMITS) -> _Element:
    """The root of a whole document, gzip or not. ``place`` names it in the FeedError that is raised where it is not
    well formed, has a document type, or is larger or deeper than ``limits``."""
    from lxml import etree

    text = gunzipped(data, place, limits.bytes_of(len(data)) if data.startswith(GZIP) else limits.size)
    if (parts := text.count(b"<") + text.count(b"=")) > limits.parts:
        raise FeedError(f"{place}: holds {parts:,} tags and attributes; at most {limits.parts:,} are read")
    try:
        root: _Element = etree.fromstring(text, etree.XMLParser(**BARE, **SAFE))
    except etree.XMLSyntaxError as error:
        raise _broken(place, text, error) from error
    _refuse_doctype(root, place)
    _refuse_depth(root, place, limits.depth)
    return root


def xml_elements(
    file: IO[bytes],
    place: str,
    tags: Sequence[str],
    limits: XmlLimits = LIMITS,
    through: Callable[[Readable], Readable] | None = None,
    passed: Sequence[str] = (),
) -> Iterator[_Element]:
    """Elements with these local names, whatever their namespace, each as it is complete; what was given before is
    forgotten, so that a file of any length takes little memory. ``through``: what the unpacked bytes pass before they
    are parsed. ``passed``: items of lists that are not given, and forgotten too. Raises FeedError as
    :func:`xml_document` does."""
    from lxml import etree

    wanted = tuple(f"{{*}}{tag}" for tag in (*tags, *passed))
    unpacked = _Beginning(bounded(file, place, _most(file, limits)))
    held = _Held(through(unpacked) if through else unpacked, place, tags, limits.apart)
    events = etree.iterparse(held, events=("end",), tag=wanted, **BARE, **SAFE)
    is_first, around = True, None
    try:
        for _, element in events:
            if is_first:
                _refuse_doctype(element, place)
                is_first = False
            parent = element.getparent()
            if parent is None or parent is not around:  # within one parent the depth is the same
                around = parent
                if sum(1 for _ in element.iterancestors()) > limits.depth:
                    raise FeedError(f"{place}: is nested deeper than {limits.depth} elements")
            if passed and str(element.tag).rpartition("}")[2] in passed:
                if not _is_item(element):
                    continue
            else:
                yield element
            _forget(element, parent)
            held.bytes = 0
    except etree.XMLSyntaxError as error:
        raise _broken(place, unpacked.head, error) from error
    if is_first and events.root is not None:
        _refuse_doctype(events.root, place)


class _Beginning:
    """Bytes passed on; the first of them are kept."""

    def __init__(self, source: Readable) -> None:
        self._source, self.head = source, b""

    def read(self, size: int = -1) -> bytes:
        data = self._source.read(size)
        self.head = self.head or data[:8]
        return data


class _Held:
    """Bytes passed on, and counted until ``bytes`` is set back: what the parser holds meanwhile has an end."""

    def __init__(self, source: Readable, place: str, tags: Sequence[str], most: int) -> None:
        self._source, self._place, self._tags, self._most, self.bytes = source, place, tags, most, 0

    def read(self, size: int = -1) -> bytes:
        data = self._source.read(size)
        self.bytes += len(data)
        if self.bytes - len(data) > self._most:
            asked = ", ".join(f"<{tag}>" for tag in self._tags[:3])
            raise FeedError(f"{self._place}: more than {self._most:,} bytes hold nothing that is read ({asked}, ...)")
        return data


def _most(file: IO[bytes], limits: XmlLimits) -> int:
    """Bytes that are read of ``file``, which stands at its beginning."""
    head = file.read(len(GZIP))
    file.seek(-len(head), os.SEEK_CUR)
    if head != GZIP:
        return limits.size
    packed = file.seek(0, os.SEEK_END)
    file.seek(0)
    return limits.bytes_of(packed)


def _broken(place: str, text: bytes, error: Exception) -> FeedError:
    other = next((name for head, name in OTHERS.items() if text.startswith(head)), "")
    return FeedError(f"{place}: is not {f'XML, but {other}' if other else f'well-formed XML ({_said(error)})'}")


def _is_item(element: _Element) -> bool:
    """Of a list: what stands before it in another element may be wanted at the end of that."""
    before = element.getprevious()
    return before is None or before.tag == element.tag


def _forget(element: _Element, parent: _Element | None) -> None:
    """Drop the element and all before it."""
    element.clear(keep_tail=False)
    if parent is not None:
        while element.getprevious() is not None:
            del parent[0]


def _refuse_doctype(element: _Element, place: str) -> None:
    if element.getroottree().docinfo.doctype:
        raise FeedError(f"{place}: has a document type, which is not read; allowed: {REMEDY}")


def _refuse_depth(root: _Element, place: str, most: int) -> None:
    level = [root]
    for _ in range(most):
        level = [child for element in level for child in element]
        if not level:
            return
    raise FeedError(f"{place}: is nested deeper than {most} elements")


def _said(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
