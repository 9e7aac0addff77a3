"""Observations, rain and forecasts of a Sandre XML message, by streaming; v1.1 and v2, whatever the namespace.

Points come before the end of their series is seen, so they are gathered and told whose they are at its end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import IO, TYPE_CHECKING

import numpy as np

from hydria_plugin import FeedError, Flag
from hydria_plugin.exchange import XmlLimits, xml_elements

from .codes import REVIEWED, number
from .collecting import TOGETHER, Collector, Points
from .faults import quoted
from .rows import Stream
from .times import NEVER, instant, instants

if TYPE_CHECKING:
    from lxml.etree import _Element

LARGEST = XmlLimits(size=1 << 32)  # a million ObsHydro are 230 MB
SERIES = ("Serie", "SerieObsHydro", "SerieObsMeteo", "Simul")
POINTS = ("ObsHydro", "ObsMeteo", "Prev")
ELSEWHERE = {  # part -> why it gives no rows
    "SitesHydro": "sites and stations",
    "SitesMeteo": "rain gauges",
    "SeuilsHydro": "thresholds",
    "CourbesTarage": "rating curves",
    "ModelesPrevision": "forecast models",
    "SeriesObsElaborHydro": "elaborated series",
    "ObssElabHydro": "elaborated series",
    "Evenements": "events",
    "Jaugeages": "gaugings",
}
WITHIN = (  # items of those parts: each is forgotten when it is whole
    "SiteHydro", "StationHydro", "SiteMeteo", "SeuilHydro", "CourbeTarage", "ModelePrevision", "ObsElaborHydro",
    "ObsElabHydro", "Evenement", "Jaugeage",
)  # fmt: skip
IMPORTED = ("SitesHydro", "SitesMeteo", "SeuilsHydro", "CourbesTarage")
ENTITIES = ("CdCapteur", "CdStationHydro", "CdSiteHydro", "CdSiteMeteo")
ROOT = "hydrometrie"
Pick = Callable[[dict[str, str]], str]


class Locals(dict[str, str]):
    """Tag with or without namespace -> local name, each found once."""

    def __missing__(self, tag: str) -> str:
        self[tag] = tag.rpartition("}")[2]
        return self[tag]


class Message:
    """One XML message on its way into ``collector``. ``pick``: which value of a forecast counts."""

    def __init__(self, collector: Collector, pick: Pick) -> None:
        self.out, self.pick, self.locals = collector, pick, Locals()
        self.version = ""
        self.created: np.datetime64 = NEVER
        self.parts: set[str] = set()  # what else the message holds
        self.points, self.flat = Points(), dict[Stream, Points]()

    def read(self, file: IO[bytes], place: str) -> None:
        """Raises FeedError when it is no Sandre message, or broken: then nothing of it counts."""
        tags = ("Scenario", *SERIES, *POINTS, *ELSEWHERE)
        is_first = True
        for element in xml_elements(file, place, tags, LARGEST, passed=WITHIN):
            if is_first:
                self.check_root(element, place)
                is_first = False
            self.take(element)
        if is_first:
            raise FeedError(f"{place}: holds nothing of a Sandre message: no <Scenario>, series, rain or forecast")
        for stream, points in self.flat.items():
            self.out.keep(stream, points, self.created)

    def check_root(self, element: _Element, place: str) -> None:
        root = self.locals[str(element.getroottree().getroot().tag)]
        if root != ROOT:
            raise FeedError(f"{place}: its root is <{root[:60]}>; allowed: <{ROOT}>, v1.1 or v2 of Sandre")

    def take(self, element: _Element) -> None:
        tag = self.locals[str(element.tag)]
        if tag == "ObsHydro":
            self.take_level(self.fields(element))
        elif tag == "ObsMeteo":
            self.take_weather(self.fields(element))
        elif tag == "Prev":
            self.take_forecast(element)
        elif tag in ELSEWHERE:
            self.parts.add(tag)
        elif tag == "Scenario":
            found = self.fields(element)
            self.version = found.get("VersionScenario", "")
            self.created = instant(found.get("DateHeureCreationFichier", ""), self.out.zone)
        else:
            self.finish(tag, self.fields(element))

    def fields(self, element: _Element) -> dict[str, str]:
        """Local name -> text of the children that hold text."""
        names, found = self.locals, dict[str, str]()
        for child in element:
            if text := child.text:
                found[names[child.tag]] = text.strip()  # type: ignore[index]
        return found

    def take_level(self, point: dict[str, str]) -> None:
        get, points = point.get, self.points
        judged = get("QualifObsHydro", ""), get("MethObsHydro", ""), get("StObsHydro", "")
        points.times.append(get("DtObsHydro", ""))
        points.values.append(get("ResObsHydro", ""))
        points.flags.append(self.out.trust[judged])
        if len(points.times) >= TOGETHER:
            self.out.settle(points)

    def take_weather(self, point: dict[str, str]) -> None:
        """v2: of the series around it. v1.1: each says whose it is."""
        status = point.get("StObsMeteo", point.get("StatutObsMeteo", ""))
        flag = self.out.trust[point.get("QualifObsMeteo", ""), point.get("MethObsMeteo", ""), status]
        points = self.points
        if "CdSiteMeteo" in point:
            basis = max(number(point.get("DureeObsMeteo", "")), 0)
            stream = Stream(point["CdSiteMeteo"], point.get("CdGrdMeteo", ""), basis)
            points = self.flat.setdefault(stream, Points())
            points.produced.append(point.get("DtProdObsMeteo", ""))
        points.add(point.get("DtObsMeteo", ""), point.get("ResObsMeteo", ""), flag)
        if len(points.times) >= TOGETHER:
            self.out.settle(points)

    def take_forecast(self, element: _Element) -> None:
        """The value that counts; a point that has none is passed over."""
        values = self.fields(element)
        for probability in element.iter("{*}ProbPrev"):
            pair = self.fields(probability)
            values[f"p{pair.get('PProbPrev', '').removesuffix('.0')}"] = pair.get("ResProbPrev", "")
        if value := self.pick(values):
            self.points.add(values.get("DtPrev", ""), value, int(Flag.GOOD))
        else:
            self.out.faults.add("forecast", f"the forecast for {values.get('DtPrev', 'no time')} lacks the value asked")

    def finish(self, tag: str, head: dict[str, str]) -> None:
        """A series is at its end: now it is known whose points they were."""
        points, self.points = self.points, Points()
        code = next((head[name] for name in ENTITIES if name in head), "")
        quantity = next((head[n] for n in ("GrdSerie", "GrdSerieObsHydro", "CdGrdMeteo", "GrdSimul") if n in head), "")
        if not code or not quantity:
            if points.times or points.blocks:
                self.out.faults.add("whose", f"a <{tag}> says not {'whose it is' if not code else 'what it measures'}")
            return
        if tag == "Simul":
            self.keep_forecast(Stream(code, quantity, 0, head.get("CdModelePrevision", "") or "?"), head, points)
            return
        if number(head.get("StatutSerie", "")) >= REVIEWED:
            self.review(points)
        basis = head.get("SysAltiSerie", head.get("SysAltiSerieObsHydro", "")) if quantity == "H" else ""
        basis = head.get("DureeSerieObsMeteo", basis)
        produced = next((head[n] for n in head if n.startswith("DtProdSerie")), "")
        self.out.keep(Stream(code, quantity, max(number(basis), 0)), points, self.received(produced))

    def keep_forecast(self, stream: Stream, head: dict[str, str], points: Points) -> None:
        produced = head.get("DtProdSimul", "")
        issued = instant(produced, self.out.zone)
        if not np.isnat(issued):
            self.out.keep(stream, points, issued, issued)
        elif points.times or points.blocks:
            self.out.faults.add("issued", f"a forecast of {stream.code} has no time of issue: {quoted(produced)}")

    def review(self, points: Points) -> None:
        """v1.1 tells the status once per series: what was reviewed and nobody doubted is good."""
        self.out.settle(points)
        for _, _, flag, _ in points.blocks:
            flag[flag == Flag.UNKNOWN] = Flag.GOOD

    def received(self, produced: str) -> np.datetime64:
        """When the series was made, else when the file was."""
        found: np.datetime64 = instants([produced], self.out.zone)[0] if produced else NEVER
        return self.created if np.isnat(found) else found
