"""PI_JSON of the web service: the tree of PI-XML, every number a text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from hydria_plugin import FeedError

from .pi_events import Events
from .pi_headers import Headers, header_facts, listed, number_text, offset, text_of, time_facts
from .pi_series import NO_FLAG, PiFile, PiSeries
from .pi_writing import VERSION


def read_pi_json(data: bytes, place: str, *, zone: float = 0.0) -> PiFile:
    """A whole answer. ``zone``: hours ahead of UTC where it does not say so itself. Raises FeedError where it is no
    PI_JSON."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise FeedError(f"{place}: is not JSON ({error})") from error
    return pi_json_series(document, place, zone=zone)


def pi_json_series(document: Any, place: str, *, zone: float = 0.0) -> PiFile:
    """The series of a document that was parsed. Raises FeedError."""
    is_pi = isinstance(document, Mapping) and ("timeSeries" in document or "timeZone" in document)
    if not is_pi or not isinstance(document.get("timeSeries", []), list):
        raise FeedError(f"{place}: is not PI time series in JSON: it has no list timeSeries")
    told = text_of(document.get("timeZone"))
    try:
        zone = offset(told) if told else zone
    except ValueError as error:
        raise FeedError(f"{place}: {error}") from error
    found, faults = [], []
    for count, one in enumerate(document.get("timeSeries", []), 1):
        headers, events = Headers(zone), Events()
        facts = one.get("header") if isinstance(one, Mapping) else None
        try:
            if not isinstance(facts, Mapping):
                raise ValueError("there is no header")
            header = headers.header(facts)
        except ValueError as error:
            faults.append(f"{place}: series {count} is not used: {error}")
            continue
        for event in listed(one.get("events")):
            events.add(event if isinstance(event, Mapping) else {})
        found.append(events.series(header, zone))
        name = f"{place}: series {count} ({header.location}, {header.parameter})"
        faults += [f"{name}: {fault}" for fault in [*headers.faults, *events.faults]]
    return PiFile(tuple(found), tuple(faults))


def pi_json(series: Iterable[PiSeries], *, zone: float = 0.0, version: str = VERSION) -> dict[str, Any]:
    """The document, to be dumped."""
    return {
        "version": version,
        "timeZone": repr(float(zone)),
        "timeSeries": [{"header": header_facts(one.header, zone), "events": _events(one, zone)} for one in series],
    }


def _events(series: PiSeries, zone: float) -> list[dict[str, str]]:
    missing, found = number_text(series.header.missing), []
    for i, (time, value, flag) in enumerate(zip(series.time, series.value.tolist(), series.flag.tolist(), strict=True)):
        event = {**time_facts(np.datetime64(time), zone), "value": missing if value != value else repr(value)}
        if flag != NO_FLAG:
            event["flag"] = str(flag)
        found.append({**event, **{name: text for name, texts in series.more.items() if (text := texts[i])}})
    return found
