"""Bulletins as forecasts of Sandre, one message per bulletin; reports as events of their station."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from hydria_plugin import Bulletin, ConfigError, FeedError, Layout, Report
from hydria_plugin.exchange import factor, file_name, moments, put_file

from .entities import HOST_UNIT, Entity, entities
from .message import Labels, Sender, Simulation, event, simulations
from .times import sandre_time
from .values import Levels, option_faults
from .words import comment, described

REMEDY = "make room, or let the user that runs hydria write there"
EVENT_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?")


class SandreSink:
    """Writes ``<path>/<pipeline>_<issue time>_r<revision>.xml`` with one ``Simul`` per station, whole or not at
    all, and ``<path>/evenement_<station>_<kind>_<digest>.xml`` per report. A newer revision takes the place of an older
    one.

    The keyword-only parameters are the TOML options; README.md says what each means. ``folder`` and ``layout`` are
    given by the house.
    """

    def __init__(
        self,
        *,
        path: str,
        sender: str,
        contact: str,
        model: str,
        folder: Path | str | None = None,
        layout: Layout | None = None,
        recipient: str = "1537",
        version: str = "1.1",
        namespace: bool = False,
        codes: Mapping[str, str] | None = None,
        values: str = "range",
        min_mean_max: Sequence[float] = (0.1, 0.5, 0.9),
        probabilities: Sequence[float] = (),
        status: int = 4,
        publish: bool = False,
        comments: bool = True,
    ) -> None:
        texts = {"path": path, "sender": sender, "contact": contact, "model": model, "recipient": recipient}
        switches = {"namespace": namespace, "publish": publish, "comments": comments}
        faults = option_faults(texts, switches, version, values, status, codes)
        self._levels = Levels(values, tuple(min_mean_max), tuple(probabilities))
        faults += self._levels.faults(None if layout is None else layout.quantiles)
        self._codes = dict(codes or {}) if isinstance(codes or {}, Mapping) else {}
        if layout is not None and not faults:
            faults += entities(layout, self._codes)[1]
        if faults:
            raise ConfigError([f"sink sandre: {fault}" for fault in faults])
        self._path = Path(folder or ".") / path
        self._sender = Sender(version, namespace, sender, contact, recipient)
        self._labels, self._comments, self._layout = Labels(model, status, publish), comments, layout

    def write(self, bulletin: Bulletin) -> None:
        """Raises FeedError when the folder cannot be written, or the bulletin cannot be told in Sandre's codes."""
        found, faults = entities(bulletin.layout, self._codes)
        faults += self._levels.faults(bulletin.forecast.quantiles)
        if faults:
            raise FeedError("; ".join(f"sink sandre: {fault}" for fault in faults))
        stem = f"{file_name(bulletin.pipeline, ascii=False)}_{compact(bulletin.issued_at)}"
        name = f"{stem}_r{bulletin.revision}.xml"
        rows = enumerate(bulletin.forecast.stations)
        told = [self._simulation(bulletin, row, found[s]) for row, s in rows if self._is_told(bulletin, row)]
        content = self._sender.message(bulletin.known_at, name, simulations(told, self._sender, self._labels))
        try:
            others = revisions(self._path, stem)
            if max(others, default=-1) > bulletin.revision:
                return  # a later one is there already
            put_file(self._path / name, content)
            for revision, file in others.items():
                if revision < bulletin.revision:
                    file.unlink(missing_ok=True)
        except OSError as cause:
            raise FeedError(f"{self._path} cannot be written ({cause.strerror}): {REMEDY}") from cause

    def write_reports(self, reports: Sequence[Report]) -> None:
        """One event per report, named by its content: the same report twice is one file. Raises FeedError."""
        for report in reports:
            text = described(report)
            at = event_time(report)
            digest = hashlib.sha256(f"{report.kind}\n{at}\n{text}".encode()).hexdigest()[:12]
            station, kind = file_name(report.station, ascii=False), file_name(report.kind, ascii=False)
            name = f"evenement_{station}_{kind}_{digest}.xml"
            entity = self._entity(report.station)
            data = event(self._sender, entity.tag, entity.code, at, text, self._labels.is_public)
            try:
                put_file(self._path / name, self._sender.message(at, name, data))
            except OSError as cause:
                raise FeedError(f"{self._path} cannot be written ({cause.strerror}): {REMEDY}") from cause

    def probe(self) -> str:
        """Whether the folder can be written. Raises FeedError."""
        trial = next(p for p in (self._path, *self._path.resolve().parents) if p.exists()) / ".hydria-probe.tmp"
        try:
            trial.write_bytes(b"")
            trial.unlink()
        except OSError as cause:
            raise FeedError(f"{self._path} cannot be written ({cause.strerror}): {REMEDY}") from cause
        told = {True: "published", False: "not published"}[self._labels.is_public]
        return (
            f"{self._path}: can be written; Sandre {self._sender.version}, {self._levels.told()}, mm and l/s, {told}."
        )

    def _is_told(self, bulletin: Bulletin, row: int) -> bool:
        """A station without forecast is told where it has an alert, by a comment without points."""
        alerted = {alert.station for alert in bulletin.alerts} if self._comments else set()
        return bool(bulletin.forecast.there[row]) or bulletin.forecast.stations[row] in alerted

    def _simulation(self, bulletin: Bulletin, row: int, entity: Entity) -> Simulation:
        unit = bulletin.layout.units[row]
        values = bulletin.forecast.values[row] / factor(HOST_UNIT[entity.quantity], unit)
        bounds, percents, rest = self._levels.taken(values, bulletin.forecast.quantiles)
        text = comment(bulletin, row) if self._comments else ""
        times = [sandre_time(t) for t in bulletin.forecast.valid_times()] if bulletin.forecast.there[row] else []
        return Simulation(
            entity.quantity, entity.tag, entity.code, bulletin.issued_at, times, bounds, percents, rest, text
        )

    def _entity(self, station: str) -> Entity:
        if self._layout is not None and station in self._layout.stations:
            return entities(self._layout, self._codes)[0][station]
        code = self._codes.get(station, station)
        return Entity("", "CdSiteHydro" if len(code) == 8 else "CdStationHydro", code)


def revisions(folder: Path, stem: str) -> dict[int, Path]:
    """Revision -> file, of the bulletins of one issue time that the host has not taken away yet."""
    shape = re.compile(re.escape(stem) + r"_r(\d+)\.xml")
    there = folder.iterdir() if folder.is_dir() else ()
    return {int(found[1]): file for file in there if (found := shape.fullmatch(file.name))}


def event_time(report: Report) -> np.datetime64:
    """When the report's forecast was issued: of its body, else of its event."""
    for text in (str(report.body.get("issued_at", "")), *(m[0] for m in EVENT_TIME.finditer(report.event))):
        found = moments([text])[0]
        if not np.isnat(found):
            return np.datetime64(found, "us")
    return np.datetime64("1970-01-01", "us")


def compact(time: np.datetime64) -> str:
    """20200919T060000Z: sorts by name, and is allowed in file names everywhere."""
    return f"{time.astype('datetime64[s]')}Z".replace("-", "").replace(":", "")
