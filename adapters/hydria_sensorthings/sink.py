"""Bulletins, alerts and reports as observations: phenomenonTime is when a value is valid, resultTime when it was made.

A bulletin is announced in a Datastream of its own before anything of it is written, and marked as done in the end.
What is not announced cannot be there, so that only what was begun before, or is a revision, is compared with what the
server holds.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

import numpy as np

from hydria_plugin import Bulletin, ConfigError, FeedError, Layout, Report, Secret

from .dating import time_of
from .holdings import Held, Holdings, Owner, Place
from .issue import Fresh, Kept, held_at, mended, put
from .plan import (
    Cell,
    issue_cell,
    issue_purpose,
    quantile_cells,
    quantile_purpose,
    report_cell,
    report_purpose,
    told_alerts,
    warning_cell,
    warning_purpose,
)
from .scheme import Scheme
from .service import Service

BEGUN, DONE = "begun", "done"


class SensorThingsSink:
    """Writes one Datastream per station and quantile, one of warning levels per station, and reports as documents.

    The keyword-only parameters are the TOML options; README.md says what each means. ``layout`` and ``places`` are
    given by the house.
    """

    def __init__(
        self,
        *,
        url: str,
        layout: Layout | None = None,
        places: Mapping[str, Place] | None = None,
        hosts: Sequence[str] = (),
        user: str = "",
        password: Secret | None = None,
        token: Secret | None = None,
        ca: str = "",
        timeout_s: float = 20.0,
        thing: str = "{station}",
        things: Mapping[str, str | int] | None = None,
        datastream: str = "{station} {quantity} forecast q{quantile} ({pipeline})",
        warning: str = "{station} warning level ({pipeline})",
        report: str = "{station} {kind} report",
        create: bool = True,
        alerts: str = "news",
        pictures: bool = False,
    ) -> None:
        self._scheme = Scheme(thing, datastream, warning, report, create, alerts, pictures)
        if faults := self._scheme.faults():
            raise ConfigError([f"sink sensorthings: {fault}" for fault in faults])
        access = {"user": user, "password": password, "token": token, "ca": ca}
        self._service = Service(url, hosts=hosts, timeout_s=timeout_s, **access)  # type: ignore[arg-type]
        self._layout = layout
        self._holdings = Holdings(self._service, things or {}, placed(layout, places or {}), create)
        self._issued: dict[str, np.datetime64] = {}  # event -> issue time of its newest alert
        self._lock = threading.Lock()  # a call that is late goes on beside the next one

    def write(self, bulletin: Bulletin) -> None:
        """Raises FeedError; what was written until then is found again by the next try."""
        with self._lock:
            try:
                self._write(bulletin)
            except FeedError:
                self._holdings.forget()
                raise

    def write_reports(self, reports: Sequence[Report]) -> None:
        """Each report once, at the issue time of the alert that it explains. Raises FeedError."""
        with self._lock:
            try:
                for report in reports:
                    self._write_report(report)
            except FeedError:
                self._holdings.forget()
                raise

    def probe(self) -> str:
        """Whether the server answers, and which stations it knows. Raises FeedError."""
        way = (
            "data arrays"
            if self._service.has_data_arrays()
            else "one call per observation: the server has no data arrays"
        )
        stations = self._layout.stations if self._layout else ()
        there = [s for s in stations if self._knows(s)]
        lacking = [s for s in stations if s not in there]
        made = "are made with the first bulletin" if self._scheme.create else "must be made there, for create = false"
        rest = f"; those of {', '.join(lacking[:5])} {made}" if lacking else ""
        return f"{self._service.address}: {len(there)} of {len(stations)} stations' Things are there{rest}; {way}."

    def close(self) -> None:
        self._service.close()

    def _write(self, bulletin: Bulletin) -> None:
        journal = self._journal(bulletin.pipeline)
        entry = self._entry(journal, bulletin)
        if entry and entry.value > bulletin.revision:
            return  # a newer revision is there
        self._issued |= {alert.event: alert.issued_at for alert in told_alerts(bulletin.alerts, self._scheme.alerts)}
        if entry and entry.value == bulletin.revision and state_of(entry) == DONE:
            return
        is_new = journal is not None and entry is None
        if journal and is_new:
            put(self._service, [Fresh(journal, issue_cell(bulletin, BEGUN))], bulletin.issued_at)
        elif journal:
            self._note(journal, bulletin, BEGUN)
        for cells in (self._warnings(bulletin), self._quantiles(bulletin)):  # alerts first: they are waited for
            fresh: list[Fresh] = []
            for stream, wanted in cells:
                fresh += (
                    [Fresh(stream, c) for c in wanted]
                    if is_new
                    else mended(self._service, stream, wanted, bulletin.issued_at)
                )
            put(self._service, fresh, bulletin.issued_at)
        if journal:
            self._note(journal, bulletin, DONE)

    def _quantiles(self, bulletin: Bulletin) -> list[tuple[Held, list[Cell]]]:
        found = []
        for row, station in enumerate(bulletin.layout.stations):
            owner = self._owner(station, bulletin.layout)
            for q, quantile in enumerate(bulletin.forecast.quantiles):
                cells = quantile_cells(bulletin, row, q)
                purpose = quantile_purpose(bulletin, row, quantile, self._scheme.datastream)
                if stream := self._holdings.stream(owner, purpose, make=bool(cells)):
                    found.append((stream, cells))
        return found

    def _warnings(self, bulletin: Bulletin) -> list[tuple[Held, list[Cell]]]:
        told = {alert.station: warning_cell(alert) for alert in told_alerts(bulletin.alerts, self._scheme.alerts)}
        found = []
        for station in bulletin.layout.stations:
            cells = [told[station]] if station in told else []
            purpose = warning_purpose(bulletin.pipeline, station, self._scheme.warning)
            owner = self._owner(station, bulletin.layout)
            if stream := self._holdings.stream(owner, purpose, make=bool(cells)):
                found.append((stream, cells))
        return found

    def _journal(self, pipeline: str) -> Held | None:
        """The Datastream in which bulletins are announced; None where there is none and none may be made."""
        try:
            owner = self._holdings.owner(f"/{pipeline}", f"hydria {pipeline}")
        except FeedError:
            if self._scheme.create:
                raise
            return None
        return self._holdings.stream(owner, issue_purpose(pipeline), make=self._scheme.create)

    def _entry(self, journal: Held | None, bulletin: Bulletin) -> Kept | None:
        entries = held_at(self._service, journal, bulletin.issued_at) if journal else []
        return max(entries, key=lambda entry: (entry.value, entry.path), default=None)

    def _note(self, journal: Held, bulletin: Bulletin, state: str) -> None:
        cell = issue_cell(bulletin, state)
        put(self._service, mended(self._service, journal, [cell], bulletin.issued_at), bulletin.issued_at)

    def _owner(self, station: str, layout: Layout | None) -> Owner:
        return self._holdings.owner(station, self._scheme.thing_of(station, layout))

    def _knows(self, station: str) -> bool:
        return self._holdings.knows(station, self._scheme.thing_of(station, self._layout))

    def _write_report(self, report: Report) -> None:
        owner = self._owner(report.station, self._layout)
        at = time_of(report, self._issued, self._service, owner)
        stream = self._holdings.stream(owner, report_purpose(report, self._scheme.report))
        assert stream is not None
        cell = report_cell(report, at, self._scheme.pictures)
        put(self._service, mended(self._service, stream, [cell], at), at)


def state_of(entry: Kept) -> str:
    return str(entry.parameters.get("state")) if isinstance(entry.parameters, Mapping) else ""


def placed(layout: Layout | None, places: Mapping[str, Place]) -> dict[str, Place]:
    """Where the stations are, from where their targets are."""
    targets = zip(layout.stations, layout.targets, strict=True) if layout else ()
    return {station: places[target] for station, target in targets if target in places}
