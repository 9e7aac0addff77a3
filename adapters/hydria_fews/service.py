"""The PI REST web service of FEWS: what is asked of it, and what it answers.

It pages nothing: the period alone limits an answer. Without startTime it gives about the last day, without endTime what
is known until a day from now, so both are always sent.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np

from hydria_plugin import ConfigError, FeedError, Secret
from hydria_plugin.exchange import Access, Refusal, Web, iso_utc

from .pi_json import pi_json, pi_json_series
from .pi_reading import read_pi
from .pi_series import PiFile, PiSeries
from .pi_writing import pi_xml

FORMS = ("json", "xml")
HOUR = np.timedelta64(3600, "s")
EVENTS = 500_000  # of one answer: some 40 MB of JSON
UNKNOWN = 5_000  # steps of one answer where it is not known how many series a filter holds
AT_ONCE = 100  # locations of one question: more would make an address that servers refuse
READ_ONLY = "the service is read-only, or this user may not write: READONLY_MODE of the web service must be false"


class PiService:
    """One web service, one filter. Raises ConfigError when built with wrong options, FeedError when a call fails."""

    def __init__(
        self,
        what: str,
        url: str,
        filter: str,
        form: str = "json",
        *,
        user: str = "",
        password: Secret | None = None,
        token: Secret | None = None,
        ca: Path | str = "",
        hosts: Sequence[str] = (),
        timeout_s: float = 60.0,
        tries: int = 3,
        zone: float = 0.0,
    ) -> None:
        faults = [] if form in FORMS else [f"form = {form!r} must be 'json' or 'xml'"]
        if not isinstance(filter, str):
            faults.append(f"filter = {filter!r} must be a text: the id of a filter, or '' for the service's own")
        if not isinstance(zone, int | float) or not abs(zone) <= 24:
            faults.append(f"timezone = {zone!r} must be hours ahead of UTC, such as 1.0")
        try:
            access = Access(user, password, token, ca)
            self._web = Web(url, hosts=hosts, access=access, timeout_s=timeout_s, tries=tries)
        except ConfigError as error:
            faults += error.faults
        if faults:
            raise ConfigError([f"{what}: {fault}" for fault in faults])
        self.url, self._filter, self._form, self._zone = url, filter, form, zone

    def series(
        self,
        start: np.datetime64,
        end: np.datetime64,
        locations: Sequence[str] = (),
        parameters: Sequence[str] = (),
        step: np.timedelta64 = HOUR,
        **more: str,
    ) -> PiFile:
        """Time series with events in [start, end], about ``step`` apart, in as many questions as it takes."""
        found, faults = list[PiSeries](), list[str]()
        for part in parts_of(locations):
            longest = step * (EVENTS // (max(len(part), 1) * max(len(parameters), 1)) if part else UNKNOWN)
            for first, last in periods(start, end, longest):
                one = self._ask(first, last, part, parameters, more)
                found += one.series
                faults += one.faults
        return PiFile(tuple(found), tuple(dict.fromkeys(faults)))

    def locations(self) -> list[Mapping[str, Any]]:
        """As the service describes them."""
        answer = self._web.get("locations", [*self._filtered(), ("documentFormat", "PI_JSON")])
        document = answer.json()
        listed = document.get("locations") if isinstance(document, Mapping) else None
        if not isinstance(listed, list):
            raise FeedError(f"{answer.place}: is no PI_JSON with a list 'locations'")
        return [one for one in listed if isinstance(one, Mapping)]

    def post(self, series: Iterable[PiSeries]) -> None:
        """Write series: what the service holds of the same T0 is overwritten, so that doing it again changes
        nothing."""
        body, kind = self._body(list(series))
        params = [*self._filtered(), ("convertDatum", "false")]
        try:
            self._web.send("timeseries", body, kind=kind, params=params, repeatable=True)
        except Refusal as refusal:
            if refusal.status in (403, 405):
                raise FeedError(f"{refusal}; {READ_ONLY}") from refusal
            raise

    def _ask(
        self,
        start: np.datetime64,
        end: np.datetime64,
        locations: Sequence[str],
        parameters: Sequence[str],
        more: Mapping[str, str],
    ) -> PiFile:
        params = [
            *self._filtered(),
            ("startTime", iso_utc(start)),
            ("endTime", iso_utc(end)),
            ("documentFormat", f"PI_{self._form.upper()}"),
            *(("locationIds", one) for one in locations),
            *(("parameterIds", one) for one in parameters),
            *more.items(),
        ]
        answer = self._web.get("timeseries", params)
        if self._form == "json":
            return pi_json_series(answer.json(), answer.place, zone=self._zone)
        return read_pi(answer.body, answer.place, zone=self._zone)

    def _body(self, series: list[PiSeries]) -> tuple[bytes, str]:
        if self._form == "json":
            return json.dumps(pi_json(series)).encode(), "application/json"
        text = b"".join(pi_xml(series)).decode()
        return urlencode({"piTimeSeriesXmlContent": text}).encode(), "application/x-www-form-urlencoded"

    def _filtered(self) -> list[tuple[str, str]]:
        return [("filterId", self._filter)] if self._filter else []


def parts_of(locations: Sequence[str]) -> Iterator[Sequence[str]]:
    """At most AT_ONCE at a time; once nothing where none is named."""
    for first in range(0, max(len(locations), 1), AT_ONCE):
        yield locations[first : first + AT_ONCE]


def periods(
    start: np.datetime64, end: np.datetime64, longest: np.timedelta64
) -> Iterator[tuple[np.datetime64, np.datetime64]]:
    """[start, end] in pieces of at most ``longest``, each beginning where the last one ended."""
    first = start
    while first + longest < end:
        yield first, first + longest
        first = first + longest
    yield first, end
