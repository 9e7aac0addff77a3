"""Bulletins and reports as files, each whole or not there at all."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hydria_plugin import Bulletin, ConfigError, FeedError, Report, Secret
from hydria_plugin.exchange import file_name, jsonable

from .arriving import session_of
from .form import duration
from .render import alerts_table, compact, forecast_table
from .shelves import LocalShelf, RemoteShelf, Shelf

REPORTS = "reports"
FORMS = ("wide", "long")
ALERTS = ("news", "all")
REPORT = re.compile(r"_[0-9a-f]{12}\.(json|svg)$")  # what this sink calls a report


class CsvSink:
    """Writes ``<path>/<pipeline>/<issued_at>_r<revision>.csv``, ``..._alerts.csv`` when there are alerts, and reports
    as JSON and SVG in ``<path>/reports``. The same bulletin twice gives the same bytes.

    ``form``: "wide" has one column per quantile, "long" one row per quantile. ``alerts``: "news" leaves out alerts
    that say nothing new. ``keep``: files of bulletins issued longer before the newest one are deleted, and reports
    written longer before the newest.
    """

    def __init__(
        self,
        *,
        path: str,
        folder: Path | str | None = None,
        form: str = "wide",
        gzip: bool = False,
        alerts: str = "news",
        keep: str = "",
        key: str = "",
        password: Secret | None = None,
        host_key: str = "",
    ) -> None:
        session, more = session_of(path, folder, key, password, host_key)
        faults = [
            *(f"sink csv: {fault}" for fault in more),
            *_choice("form", form, FORMS),
            *_choice("alerts", alerts, ALERTS),
            *_duration_fault(keep),
        ]
        if not isinstance(gzip, bool):
            faults.append(f"sink csv: gzip = {gzip!r} must be true or false")
        if faults:
            raise ConfigError(faults)
        self._shelf: Shelf = LocalShelf(Path(folder or ".") / path)
        if session is not None:
            self._shelf = RemoteShelf(session)
        self._form, self._gzip, self._alerts = form, gzip, alerts
        self._keep = np.timedelta64(duration(keep)) if keep else None

    def write(self, bulletin: Bulletin) -> None:
        """Alerts first: they are what is waited for. Raises FeedError when the folder cannot be written."""
        place = file_name(bulletin.pipeline, ascii=False)
        name = f"{compact(bulletin.issued_at)}_r{bulletin.revision}"
        told = [a for a in bulletin.alerts if a.is_news or self._alerts == "all"]
        try:
            if told:
                self._put(f"{place}/{name}_alerts.csv", alerts_table(bulletin, told))
            self._put(f"{place}/{name}.csv", forecast_table(bulletin, self._form))
            self._forget(place)
        except OSError as cause:
            raise self._refusal(place, cause) from cause

    def write_reports(self, reports: Sequence[Report]) -> None:
        """One JSON file per report, named by its content: the same report twice is one file. The picture that a report
        holds as ``svg`` stands beside it, in a file of its own."""
        try:
            for report in reports:
                content, picture = _apart(report)
                text = _json(content).encode()
                digest = hashlib.sha256(text).hexdigest()[:12]
                station, kind = file_name(report.station, ascii=False), file_name(report.kind, ascii=False)
                name = f"{station}_{kind}_{digest}"
                if picture:
                    self._shelf.put(f"{REPORTS}/{name}.svg", [picture.encode()])
                self._shelf.put(f"{REPORTS}/{name}.json", [text])
            self._forget_reports()
        except OSError as cause:
            raise self._refusal(REPORTS, cause) from cause

    def probe(self) -> str:
        """Whether the folder can be written. Raises FeedError."""
        try:
            said = self._shelf.look()
        except OSError as cause:
            raise self._refusal("", cause) from cause
        return f"{self._shelf.shown}: {said}."

    def _put(self, file: str, pieces: Iterable[bytes]) -> None:
        self._shelf.put(f"{file}.gz" if self._gzip else file, pieces, packed=self._gzip)

    def _forget(self, place: str) -> None:
        """Delete files of bulletins older than ``keep``, counted from the newest one there."""
        if self._keep is None:
            return
        issued = {f: t for f in self._shelf.written(place) if (t := _issue_time(f)) is not None}
        oldest = max(issued.values()) - self._keep
        for file, time in issued.items():
            if time < oldest:
                self._shelf.remove(f"{place}/{file}")

    def _forget_reports(self) -> None:
        """The same for reports, which tell no time in their names: by when they were written, from the newest on."""
        if self._keep is None:
            return
        written = {f: at for f, at in self._shelf.written(REPORTS).items() if REPORT.search(f)}
        oldest = max(written.values(), default=0) - int(self._keep / np.timedelta64(1, "ns"))
        for file, time in written.items():
            if time < oldest:
                self._shelf.remove(f"{REPORTS}/{file}")

    def _refusal(self, place: str, cause: OSError) -> FeedError:
        remedy = "make room, or let the user that runs hydria write there"
        where = f"{self._shelf.shown}/{place}" if place else self._shelf.shown
        return FeedError(f"{where} cannot be written ({cause.strerror or cause}): {remedy}")


def _choice(name: str, value: str, allowed: Sequence[str]) -> list[str]:
    return [] if value in allowed else [f"sink csv: {name} = {value!r} must be {' or '.join(map(repr, allowed))}"]


def _duration_fault(keep: str) -> list[str]:
    try:
        if keep:
            duration(keep)
    except (ValueError, AttributeError):
        return [f"sink csv: keep = {keep!r} must be a duration such as '30d', or '' to keep all"]
    return []


def _issue_time(name: str) -> np.datetime64 | None:
    """The issue time in the name of a file that this sink wrote; None for any other file."""
    stamp, _, rest = name.partition("_r")
    if len(stamp) != 16 or not stamp.endswith("Z") or not rest[:1].isdigit() or ".csv" not in rest:
        return None
    day, clock = stamp[:8], stamp[9:15]
    try:
        return np.datetime64(f"{day[:4]}-{day[4:6]}-{day[6:]}T{clock[:2]}:{clock[2:4]}:{clock[4:]}")
    except ValueError:
        return None


def _apart(report: Report) -> tuple[dict[str, Any], str]:
    """The report without its picture, and the picture ("" for none)."""
    picture = report.body.get("svg")
    drawn = picture if isinstance(picture, str) and picture.lstrip().startswith("<svg") else ""
    return {
        "kind": report.kind,
        "station": report.station,
        "event": report.event,
        "headline": report.headline,
        "body": {key: value for key, value in report.body.items() if key != "svg" or not drawn},
    }, drawn


def _json(content: Mapping[str, Any]) -> str:
    return json.dumps(jsonable(content), ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False)
