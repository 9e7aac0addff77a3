"""Headers as PI writes them, in the shape of PI_JSON (XML is brought into the same), and back."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from .pi_series import NO_TIME, PiHeader, PiThreshold, TimeStep

Facts = Mapping[str, Any]  # element -> text, mapping of attributes, or a list of either

BEFORE_STEP = {"type": "kind", "moduleInstanceId": "module", "locationId": "location", "parameterId": "parameter"}
NAMES = {"longName": "long_name", "stationName": "station_name"}
PLACES = {"lat": "latitude", "lon": "longitude", "x": "x", "y": "y", "z": "z"}
ORIGIN = ("sourceOrganisation", "sourceSystem", "fileDescription", "creationDate", "creationTime", "region")
THRESHOLD = {
    "id": "id", "name": "name", "label": "label", "comment": "comment", "groupId": "group", "groupName": "group_name",
}  # fmt: skip
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?", re.ASCII)
MIDNIGHT = re.compile(r"24:00(:00(\.0{1,3})?)?", re.ASCII)
LARGEST = (1 << 31) - 1  # of indices, and of steps in their unit
HIGH, LOW = "highLevelThreshold", "lowLevelThreshold"


def hours(zone: float) -> np.timedelta64:
    """[ms] of an offset in hours."""
    return np.timedelta64(round(zone * 3_600_000), "ms")


def offset(text: str) -> float:
    """A timeZone: hours ahead of UTC. Raises ValueError."""
    try:
        zone = float(text)
    except ValueError:
        zone = math.nan
    if not abs(zone) <= 24:
        raise ValueError(f"timeZone {text[:60]!r} is not an offset in hours")
    return zone


@dataclass(slots=True)
class Headers:
    """Reads headers of one document. ``zone``: hours that its clock is ahead of UTC."""

    zone: float
    faults: list[str] = field(default_factory=list)

    def header(self, facts: Facts) -> PiHeader:
        """Raises ValueError where there is no location or no parameter."""
        text: dict[str, Any] = {own: text_of(facts.get(theirs)) for theirs, own in {**BEFORE_STEP, **NAMES}.items()}
        for theirs in ("locationId", "parameterId"):
            if not text[BEFORE_STEP[theirs]]:
                raise ValueError(f"the header has no {theirs}")
        text["kind"] = text["kind"] or "instantaneous"
        places: dict[str, Any] = {own: self._number(facts, theirs) for theirs, own in PLACES.items()}
        return PiHeader(
            **text,
            **places,
            qualifiers=tuple(text_of(q) for q in listed(facts.get("qualifierId")) if text_of(q)),
            ensemble=text_of(facts.get("ensembleId")),
            member=self._index(text_of(facts.get("ensembleMemberIndex"))),
            member_id=text_of(facts.get("ensembleMemberId")),
            step=self._step(facts.get("timeStep")),
            start=self._time(facts, "startDate"),
            end=self._time(facts, "endDate"),
            issued_at=self._time(facts, "forecastDate"),
            missing=self._number(facts, "missVal"),
            units=text_of(facts.get("units")),
            origin={name: found for name in ORIGIN if (found := text_of(facts.get(name)))},
            thresholds=tuple(self._thresholds(facts.get("thresholds"))),
        )

    def _number(self, facts: Facts, name: str) -> float:
        text = text_of(facts.get(name))
        try:
            return float(text) if text else math.nan
        except ValueError:
            self.faults.append(f"{name} {text[:60]!r} is not a number")
            return math.nan

    def _index(self, text: str, name: str = "ensembleMemberIndex") -> int | None:
        try:
            number = int(text) if text else None
        except ValueError:
            number = LARGEST + 1
        if number is None or abs(number) <= LARGEST:
            return number
        self.faults.append(f"{name} {text[:60]!r} is not a whole number of at most {LARGEST:,}")
        return None

    def _time(self, facts: Facts, name: str) -> np.datetime64:
        given = facts.get(name)
        if not isinstance(given, Mapping):
            return NO_TIME
        try:
            return local_time(text_of(given.get("date")), text_of(given.get("time"))) - hours(self.zone)
        except ValueError:
            self.faults.append(f"{name} {text_of(given.get('date'))!r} {text_of(given.get('time'))!r} is not a time")
            return NO_TIME

    def _step(self, given: Any) -> TimeStep:
        if not isinstance(given, Mapping):
            return TimeStep()
        times = tuple(
            text_of(one.get("time") if isinstance(one, Mapping) else one) for one in listed(given.get("times"))
        )
        counts = [self._index(text_of(given.get(name)), name) for name in ("multiplier", "divider")]
        return TimeStep(text_of(given.get("unit")) or "nonequidistant", counts[0] or 1, counts[1] or 1, times)

    def _thresholds(self, given: Any) -> Iterator[PiThreshold]:
        for group in listed(given):
            for element in (HIGH, LOW) if isinstance(group, Mapping) else ():
                for one in listed(group.get(element)):
                    value = self._number(one, "value") if isinstance(one, Mapping) else math.nan
                    if math.isfinite(value):
                        texts = {own: text_of(one.get(theirs)) for theirs, own in THRESHOLD.items()}
                        yield PiThreshold(value=value, is_high=element == HIGH, **texts)


def header_facts(header: PiHeader, zone: float) -> dict[str, Any]:
    """The header in the order of the schema, every number a text; what is not said is left out."""
    facts: dict[str, Any] = {theirs: getattr(header, own) for theirs, own in BEFORE_STEP.items()}
    facts["qualifierId"] = list(header.qualifiers)
    facts["ensembleId"] = header.ensemble
    facts["ensembleMemberIndex"] = "" if header.member is None else str(header.member)
    facts["ensembleMemberId"] = header.member_id
    facts["timeStep"] = step_facts(header.step)
    for name, time in (("startDate", header.start), ("endDate", header.end), ("forecastDate", header.issued_at)):
        facts[name] = time_facts(time, zone)
    facts["missVal"] = number_text(header.missing)
    facts |= {theirs: getattr(header, own) for theirs, own in NAMES.items()}
    for theirs, own in PLACES.items():
        place = getattr(header, own)
        facts[theirs] = number_text(place) if math.isfinite(place) else ""
    facts["units"] = header.units
    facts |= {name: header.origin.get(name, "") for name in ORIGIN}
    facts["thresholds"] = threshold_facts(header.thresholds)
    return {name: fact for name, fact in facts.items() if fact}


def step_facts(step: TimeStep) -> dict[str, Any]:
    facts: dict[str, Any] = {"unit": step.unit}
    if step.times:
        facts["times"] = [{"time": time} for time in step.times]
    if step.unit in ("nonequidistant", "times"):
        return facts
    facts["multiplier"] = str(step.multiplier)
    return facts if step.divider == 1 else {**facts, "divider": str(step.divider)}


def threshold_facts(thresholds: tuple[PiThreshold, ...]) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for one in thresholds:
        texts = {theirs: text for theirs, own in THRESHOLD.items() if (text := getattr(one, own))}
        facts.setdefault(HIGH if one.is_high else LOW, []).append({**texts, "value": number_text(one.value)})
    return facts


def time_facts(time: np.datetime64, zone: float) -> dict[str, str]:
    if np.isnat(time):
        return {}
    day, _, clock = str((time + hours(zone)).astype("datetime64[ms]")).partition("T")
    return {"date": day, "time": clock.removesuffix(".000")}


@lru_cache(maxsize=1000)  # the headers of a forecast say the same times
def local_time(day: str, clock: str) -> np.datetime64:
    """[ms] of the document's own clock, where 24:00 ends a day. Raises ValueError."""
    is_end = MIDNIGHT.fullmatch(clock.strip()) is not None
    text = f"{day.strip().replace('/', '-')}T{'00:00:00' if is_end else clock.strip() or '00:00:00'}"
    if not TIME.fullmatch(text):
        raise ValueError(f"{day!r} {clock!r} is not a time")
    return np.datetime64(text, "ms") + np.timedelta64(int(is_end), "D")


def number_text(value: float) -> str:
    return "NaN" if math.isnan(value) else repr(float(value))


def listed(given: Any) -> list[Any]:
    """A list of what may be one, many or none."""
    return [] if given is None else given if isinstance(given, list) else [given]


def text_of(given: Any) -> str:
    if type(given) is str:
        return given.strip()
    return "" if given is None or isinstance(given, Mapping | list) else str(given).strip()
