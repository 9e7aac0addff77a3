"""XML from outside. A document type is refused, and with it entities, bombs and files that are not ours to read;
depth and size have an end; namespaces are the caller's to look at or to pass over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from ..errors import FeedError
from .packed import MOST, Readable, bounded, gunzipped

if TYPE_CHECKING:
    from lxml.etree import _Element

REMEDY = "a document without <!DOCTYPE>: write what its entities stand for in place"


@dataclass(frozen=True, slots=True)
class XmlLimits:
    """What is read of one document. The parser itself stops at a depth of 256 and a text of 10 MB."""

    size: int = MOST  # bytes, unpacked
    depth: int = 64


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


def xml_document(data: bytes, place: str, limits: XmlLimits = LIMITS) -> _Element:
    """The root of a whole document, gzip or not. ``place`` names it in the FeedError that is raised where it is not
    well formed, has a document type, or is larger or deeper than ``limits``."""
    from lxml import etree

    text = gunzipped(data, place, limits.size)
    try:
        root: _Element = etree.fromstring(text, etree.XMLParser(**SAFE, remove_comments=True, remove_pis=True))
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
) -> Iterator[_Element]:
    """Elements with these local names, whatever their namespace, each as it is complete; what was given before is
    forgotten, so that a file of any length takes little memory. ``through``: what the unpacked bytes pass before they
    are parsed. Raises FeedError as :func:`xml_document` does."""
    from lxml import etree

    wanted = tuple(f"{{*}}{tag}" for tag in tags)
    unpacked = _Beginning(bounded(file, place, limits.size))
    events = etree.iterparse(
        through(unpacked) if through else unpacked,
        events=("end",),
        tag=wanted,
        remove_comments=True,
        remove_pis=True,
        **SAFE,
    )
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
            yield element
            _forget(element, parent)
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


def _broken(place: str, text: bytes, error: Exception) -> FeedError:
    other = next((name for head, name in OTHERS.items() if text.startswith(head)), "")
    return FeedError(f"{place}: is not {f'XML, but {other}' if other else f'well-formed XML ({_said(error)})'}")


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
