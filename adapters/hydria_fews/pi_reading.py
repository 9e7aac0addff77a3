"""PI-XML time series, read as a stream: one series at a time, whatever the length of the file."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any

from hydria_plugin import FeedError
from hydria_plugin.exchange import Readable, XmlLimits, xml_elements

from .pi_alike import Run
from .pi_events import Events
from .pi_headers import Facts, Headers, offset
from .pi_runs import MARK, Thinned
from .pi_series import PiFile, PiSeries

if TYPE_CHECKING:
    from lxml.etree import _Element

ROOT = "TimeSeries"
OTHERS = {  # roots of other documents of FEWS
    "Run": "run info",
    "Diag": "diagnostics",
    "State": "a description of states",
    "RatingCurves": "rating curves",
    "ModelParameters": "model parameters",
    "parameters": "model parameters",
    "generalAdapterRun": "a configuration of the General Adapter",
}
TAGS = ("timeZone", "header", "event", "series", ROOT, *OTHERS)
LIMITS = XmlLimits()


def read_pi(data: bytes, place: str, *, zone: float = 0.0, limits: XmlLimits = LIMITS, in_runs: bool = True) -> PiFile:
    """A whole document, gzip or not. ``zone``: hours ahead of UTC where it does not say so itself. ``place`` names it
    in the FeedError that is raised where it is no PI time series."""
    faults: list[str] = []
    found = tuple(series_in(io.BytesIO(data), place, faults, zone=zone, limits=limits, in_runs=in_runs))
    return PiFile(found, tuple(faults))


def series_in(
    file: IO[bytes],
    place: str,
    faults: list[str],
    *,
    zone: float = 0.0,
    limits: XmlLimits = LIMITS,
    in_runs: bool = True,
) -> Iterator[PiSeries]:
    """Each series as it is complete; what cannot be used is added to ``faults``. ``in_runs``: the fast way
    (pi_runs.py), with the same outcome. Raises FeedError."""
    reading = _Reading(place, faults, zone)
    for element in xml_elements(file, place, TAGS, limits, reading.thinned if in_runs else None):
        found = reading.take(element)
        if found is not None:
            yield found
    if not reading.is_pi:
        raise FeedError(f"{place}: is not PI time series, but {reading.root}")


class _Reading:
    """What has been seen of one document."""

    def __init__(self, place: str, faults: list[str], zone: float) -> None:
        self.place, self.faults, self.zone = place, faults, zone
        self.is_pi, self.root = False, f"XML without the root {ROOT}"
        self.runs: dict[str, Run] = {}
        self.header: Facts | None = None
        self.events = Events()
        self.count = 0

    def thinned(self, source: Readable) -> Readable:
        stream = Thinned(source)
        self.runs = stream.runs
        return stream

    def take(self, element: _Element) -> PiSeries | None:
        parent = element.getparent()
        match (local(element), "" if parent is None else local(parent)):
            case ("event", "series"):
                run = self.runs.pop(element.get(MARK, ""), None)
                if run is None:
                    self.events.add(dict(element.attrib))
                else:
                    self.events.add_run(run)
            case ("header", "series"):
                self.header = facts_of(element)
            case ("series", "TimeSeries"):
                return self._series()
            case ("timeZone", "TimeSeries"):
                self.zone = self._offset((element.text or "").strip())
            case (root, "") if parent is None:
                self.is_pi, self.root = root == ROOT, OTHERS.get(root, self.root)
        return None

    def _offset(self, text: str) -> float:
        try:
            return offset(text)
        except ValueError as error:
            raise FeedError(f"{self.place}: {error}") from error

    def _series(self) -> PiSeries | None:
        self.count += 1
        facts, events = self.header, self.events
        self.header, self.events = None, Events()
        headers = Headers(self.zone)
        try:
            if facts is None:
                raise ValueError("there is no header")
            header = headers.header(facts)
        except ValueError as error:
            self.faults.append(f"{self.place}: series {self.count} is not used: {error}")
            return None
        place = f"{self.place}: series {self.count} ({header.location}, {header.parameter})"
        found = events.series(header, self.zone)
        self.faults += [f"{place}: {fault}" for fault in [*headers.faults, *events.faults]]
        return found


def facts_of(element: _Element) -> dict[str, Any]:
    """The children of an element in the shape of PI_JSON: texts, attributes, lists of what comes again."""
    found: dict[str, Any] = dict(element.attrib)
    for child in element:
        name, fact = local(child), facts_of(child) if len(child) or child.attrib else (child.text or "").strip()
        if name in found:
            known = found[name]
            found[name] = [*known, fact] if isinstance(known, list) else [known, fact]
        else:
            found[name] = fact
    return found


def local(element: _Element) -> str:
    """The name without its namespace."""
    tag = str(element.tag)
    return tag[tag.rfind("}") + 1 :]
