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
from hydria_plugin.exchange import moment

from .holdings import Held, Holdings, Owner, Place
from .issue import Fresh, Kept, held_at, kept_of, mended, put
from .naming import put_in, word_faults
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
)  # fmt: skip
from .service import Service

ALERTS = ("news", "all")
BEGUN, DONE = "begun", "done"
LOOKED_AT = 50  # newest warnings among which the one of a report is sought


class SensorThingsSink:
    """Writes one Datastream per station and quantile, one of warning levels per station, and reports as documents.

    The keyword-only parameters are the TOML options; README.md says what each means. ``layout`` and ``places`` are
    given by the house.
    """

    def __init__(
        self,
        *,
        address: str,
        layout: Layout | None = None,
        places: Mapping[str, Place] | None = None,
        hosts: Sequence[str] = (),
        user: str = "",
        password: Secret | None = None,
        token: Secret | None = None,
        ca: str = "",
        timeout_s: float = 20.0,
        thing: str = "{station}",
        things: Mapping[str, str] | None = None,
        datastream: str = "{station} {quantity} forecast q{quantile} ({pipeline})",
        warning: str = "{station} warning level ({pipeline})",
        report: str = "{station} {kind} report",
        create: bool = True,
        alerts: str = "news",
        pictures: bool = False,
    ) -> None:
        faults = word_faults("thing", thing, ("station", "name"))
        faults += word_faults("datastream", datastream, ("station", "quantity", "quantile", "pipeline"), ("quantile",))
        faults += word_faults("warning", warning, ("station", "pipeline"))
        faults += word_faults("report", report, ("station", "kind"), ("kind",))
        faults += [
            f"{n} = {v!r} must be true or false"
            for n, v in (("create", create), ("pictures", pictures))
            if not isinstance(v, bool)
        ]
        if alerts not in ALERTS:
            faults.append(f"alerts = {alerts!r} must be 'news' or 'all'")
        if faults:
            raise ConfigError([f"sink sensorthings: {fault}" for fault in faults])
        access = {"user": user, "password": password, "token": token, "ca": ca}
        self._service = Service(address, hosts=hosts, timeout_s=timeout_s, **access)  # type: ignore[arg-type]
        self._layout, self._create = layout, create
        self._thing, self._datastream, self._warning, self._report = thing, datastream, warning, report
        self._alerts, self._pictures = alerts, pictures
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
        made = "are made with the first bulletin" if self._create else "must be made there, for create = false"
        rest = f"; those of {', '.join(lacking[:5])} {made}" if lacking else ""
        return f"{self._service.address}: {len(there)} of {len(stations)} stations' Things are there{rest}; {way}."

    def close(self) -> None:
        self._service.close()

    def _write(self, bulletin: Bulletin) -> None:
        journal = self._journal(bulletin.pipeline)
        entry = self._entry(journal, bulletin)
        if entry and entry.value > bulletin.revision:
            return  # a newer revision is there
        self._issued |= {alert.event: alert.issued_at for alert in told_alerts(bulletin.alerts, self._alerts)}
        if entry and entry.value == bulletin.revision and state_of(entry) == DONE:
            return
        is_new = journal is not None and entry is None
        if journal:
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
                purpose = quantile_purpose(bulletin, row, quantile, self._datastream)
                if stream := self._holdings.stream(owner, purpose, make=bool(cells)):
                    found.append((stream, cells))
        return found

    def _warnings(self, bulletin: Bulletin) -> list[tuple[Held, list[Cell]]]:
        told = {alert.station: warning_cell(alert) for alert in told_alerts(bulletin.alerts, self._alerts)}
        found = []
        for station in bulletin.layout.stations:
            cells = [told[station]] if station in told else []
            purpose = warning_purpose(bulletin.pipeline, station, self._warning)
            owner = self._owner(station, bulletin.layout)
            if stream := self._holdings.stream(owner, purpose, make=bool(cells)):
                found.append((stream, cells))
        return found

    def _journal(self, pipeline: str) -> Held | None:
        """The Datastream in which bulletins are announced; None where there is none and none may be made."""
        try:
            owner = self._holdings.owner(f"/{pipeline}", f"hydria {pipeline}")
        except FeedError:
            if self._create:
                raise
            return None
        return self._holdings.stream(owner, issue_purpose(pipeline), make=self._create)

    def _entry(self, journal: Held | None, bulletin: Bulletin) -> Kept | None:
        entries = held_at(self._service, journal, bulletin.issued_at) if journal else []
        return max(entries, key=lambda entry: (entry.value, entry.path), default=None)

    def _note(self, journal: Held, bulletin: Bulletin, state: str) -> None:
        cell = issue_cell(bulletin, state)
        put(self._service, mended(self._service, journal, [cell], bulletin.issued_at), bulletin.issued_at)

    def _owner(self, station: str, layout: Layout | None) -> Owner:
        return self._holdings.owner(station, self._thing_name(station, layout))

    def _thing_name(self, station: str, layout: Layout | None) -> str:
        known = dict(zip(layout.stations, layout.names, strict=False)) if layout else {}
        return put_in(self._thing, {"station": station, "name": known.get(station, station)})

    def _knows(self, station: str) -> bool:
        return self._holdings.knows(station, self._thing_name(station, self._layout))

    def _write_report(self, report: Report) -> None:
        owner = self._owner(report.station, self._layout)
        at = self._time_of(report, owner)
        stream = self._holdings.stream(owner, report_purpose(report, self._report))
        assert stream is not None
        cell = report_cell(report, at, self._pictures)
        put(self._service, mended(self._service, stream, [cell], at), at)

    def _time_of(self, report: Report, owner: Owner) -> np.datetime64:
        """When the bulletin was issued that a report belongs to. Raises FeedError where nothing says it."""
        said = report.body.get("issued_at")
        try:
            if isinstance(said, str):
                return in_seconds(moment(said))
        except (ValueError, OverflowError):
            pass
        found = self._issued.get(report.event) or self._warned(report.event, owner)
        if found is None:
            raise FeedError(
                f"the {report.kind} report on {report.station} cannot be dated: the server has no warning of "
                f"event {report.event!r}"
            )
        return found

    def _warned(self, event: str, owner: Owner) -> np.datetime64 | None:
        """The newest warning of an event, as the server holds it."""
        asked: dict[str, str | int] = {"$orderby": "resultTime desc", "$top": LOOKED_AT}
        streams = [found for key, found in owner.streams.items() if key.startswith("key:warning/")]
        for stream in streams:
            document, _ = next(self._service.pages(f"{stream.path}/Observations", asked))
            kept = [kept_of(body) for body in document["value"] if isinstance(body, dict)]
            times = [
                k.valid for k in kept if k and isinstance(k.parameters, Mapping) and k.parameters.get("event") == event
            ]
            if times:
                return max(times)
        return None


def in_seconds(time: np.datetime64) -> np.datetime64:
    whole: np.datetime64 = time.astype("datetime64[s]")
    return whole


def state_of(entry: Kept) -> str:
    return str(entry.parameters.get("state")) if isinstance(entry.parameters, Mapping) else ""


def placed(layout: Layout | None, places: Mapping[str, Place]) -> dict[str, Place]:
    """Where the stations are, from where their targets are."""
    targets = zip(layout.stations, layout.targets, strict=True) if layout else ()
    return {station: places[target] for station, target in targets if target in places}
