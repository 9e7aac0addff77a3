"""How the readers of each host read one file: what was found, or the sentence of the refusal."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hydria_csv import CsvSource
from hydria_fews.pi_bin import with_values
from hydria_fews.pi_json import read_pi_json
from hydria_fews.pi_reading import read_pi
from hydria_fews.rating_curves import read_ratings
from hydria_fews.run_info import read_run
from hydria_fews.service import PiService
from hydria_hubeau import bulletins
from hydria_hubeau.names import Key
from hydria_hubeau.observations import Place, observations, page
from hydria_hubeau.referential import gauges
from hydria_hubeau.telling import Tally
from hydria_plugin import FeedError, Wanted
from hydria_plugin.exchange import Answer, xml_document
from hydria_sandre.archive import Archive
from hydria_sandre.form import FORECAST, SERIES, checked
from hydria_sandre.importer import SandreImporter
from hydria_sensorthings.faults import Faults
from hydria_sensorthings.importer import kind_of
from hydria_sensorthings.readings import Manner, readings
from hydria_sensorthings.service import page_of

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))
from web_server import Server, text

ERA = np.datetime64("1900-01-01T00:00:00", "s"), np.datetime64("2027-01-01T00:00:00", "s")
DRAWN = "rtctools_deterministic.xml"  # the headers that lie beside the binary sample
TIME_COLUMNS: dict[str, dict[str, Any]] = {
    "wiski": {"time": "Timestamp", "names": {"Value": "wanted"}}
}  # options an admin would write
CODE = re.compile(r"\b[A-Z]\d{7,11}\b")  # of a site, station or sensor of Sandre


@dataclass(frozen=True)
class Outcome:
    """``count`` of ``what`` by ``reader``; ``said``: what could not be used and why, the refusal where nothing was;
    ``left``: how many of its kind were left out and named."""

    reader: str
    count: int
    what: str
    said: tuple[str, ...] = ()
    left: int = 0

    @property
    def is_refused(self) -> bool:
        return self.count == 0 and bool(self.said)


def tried(reader: str, read: Callable[[], tuple[int, str, Iterable[str]]]) -> Outcome:
    try:
        count, what, said = read()
    except FeedError as refusal:
        return Outcome(reader, 0, "", (str(refusal),))
    return Outcome(reader, count, what, tuple(said))


def fews(path: Path) -> Outcome:
    data = path.read_bytes()
    if b'"locations"' in data:
        return tried("PiService", lambda: locations(data))
    if path.suffix == ".json":
        return tried("read_pi_json", lambda: events(read_pi_json(data, path.name)))
    if path.suffix == ".csv":
        return csv(path)
    if path.suffix == ".bin":
        beside = read_pi((path.parent / DRAWN).read_bytes(), DRAWN).series
        return tried("with_values", lambda: (len(with_values(beside, data, path.name)), "series", ()))
    if b"<RatingCurves" in data:
        return tried("read_ratings", lambda: curves(path))
    if b"<Run" in data:
        return tried("read_run", lambda: run(path))
    return tried("read_pi", lambda: events(read_pi(data, path.name)))


def events(found: Any) -> tuple[int, str, Sequence[str]]:
    """A file of headers alone has series and no events."""
    count = sum(map(len, found.series))
    return (count, f"events in {len(found.series)} series", found.faults) if count else headers(found)


def headers(found: Any) -> tuple[int, str, Sequence[str]]:
    return len(found.series), "series without events", found.faults


def locations(data: bytes) -> tuple[int, str, Sequence[str]]:
    """From a web service on the loopback address."""
    server = Server()
    server.says["/rest/locations"] = [text(200, data)]
    try:
        return len(PiService("samples", f"{server.address}/rest", "").locations()), "locations", ()
    finally:
        server.close()


def run(path: Path) -> tuple[int, str, Sequence[str]]:
    found = read_run(path)
    return len(found.inputs), f"inputs of a run at time0 {found.time0}Z", ()


def curves(path: Path) -> tuple[int, str, Sequence[str]]:
    found, said = read_ratings(path)
    return sum(len(one.points) for one in found), f"points of {len(found)} rating curves", said


def sandre(path: Path) -> Outcome:
    form = checked(
        "source", series=SERIES, forecast=FORECAST, names=None, units=None, csv_units=None, timezone="UTC", flags=None,
        forecast_value="moy", received="production",
    )  # fmt: skip
    archive = Archive(path, ("*",), form)
    said = [problem.error for problem in archive.refresh()]
    rows = sum(len(held.rows) for held in archive.held.values())
    if rows or said:
        return Outcome("SandreSource", rows, f"values in {len(archive.streams)} series" if rows else "", tuple(said))
    found = SandreImporter(path=path.name, folder=path.parent).survey()
    limits = sum(len(station.thresholds) for station in found.stations)
    names = {station.station for station in found.stations} | {one.series.partition(".")[0] for one in found.inputs}
    count = len(found.stations) + len(found.inputs)
    what = f"places, {limits} thresholds, {len(found.ratings)} ratings"
    left = len(set(CODE.findall("; ".join(found.remarks))) - names)
    return Outcome("SandreImporter", count, what, tuple(found.remarks), left)


def hubeau(path: Path) -> Outcome:
    def read() -> tuple[int, str, Sequence[str]]:
        rows = page(answer(path).json(), path.name).rows
        if rows and "libelle_station" in rows[0]:
            return len(list(gauges(rows))), "stations", ()
        codes = {str(row.get(name)) for row in rows for name in ("code_station", "code_site")}
        targets = {Key(code, q): (Place(f"{code}.{q}", 0.001, "m"),) for code in codes for q in "HQ"}
        tally = Tally()
        found = observations(rows, targets, tally)
        return len(found.value), f"values in {len(set(found.series))} series", [p.error for p in tally.problems()]

    return tried("HubeauSource", read)


def vigicrues(path: Path) -> Outcome:
    message = answer(path).json()
    series = message.get("Serie") or message.get("Simul") or {}
    key = Key(series.get("CdStationHydro") or series.get("CdEntVigiCru") or "K490003010", series.get("GrdSerie", "H"))
    ways = {t: (Place(f"{key.code}.{t}", 1.0, "m"),) for t in ("", "min", "moy", "max")}
    targets = {Key(key.code, key.quantity, t): place for t, place in ways.items()}
    read = bulletins.forecasts if "Simul" in message else bulletins.observations

    def found() -> tuple[int, str, Sequence[str]]:
        rows = read(message, key, path.name, targets, tally := Tally())
        return len(rows.value), f"values in {len(set(rows.series))} series", [p.error for p in tally.problems()]

    return tried("VigicruesSource", found)


def sensorthings(path: Path) -> Outcome:
    def read() -> tuple[int, str, Sequence[str]]:
        document, faults = page_of(answer(path)), Faults()
        if "serverSettings" in document:
            return len(document["value"]), "collections", ()
        if any("unitOfMeasurement" in entity for entity in document["value"]):
            kinds = [kind_of(entity)[0] for entity in document["value"]]
            return len(kinds), f"Datastreams ({', '.join(kinds)})", ()
        rows = list(readings(document, Manner(), path.name, faults))
        return len(rows), "observations", [problem.error for problem in faults.problems()]

    return tried("SensorThingsSource", read)


def cap(path: Path) -> Outcome:
    """Alerts are what we send; the rules by which ours are judged judge others' too."""
    from hydria_cap.cap_rules import faults
    from hydria_cap.markup import NAMESPACE

    def read() -> tuple[int, str, Sequence[str]]:
        document = xml_document(path.read_bytes(), path.name)
        broken = [f"{path.name}: {fault}" for fault in faults(document)]
        return (0, "", broken) if broken else (len(document.findall(f"{{{NAMESPACE}}}info")), "info blocks", ())

    return tried("cap_rules", read)


def csv(path: Path) -> Outcome:
    """As a folder of files, with the options that an admin would write for it."""

    def read() -> tuple[int, str, Sequence[str]]:
        options = next((o for part, o in TIME_COLUMNS.items() if part in path.name), {})
        source = CsvSource(path=path.name, folder=path.parent, pattern="*.csv", **options)
        known_at = ERA[1].astype("datetime64[us]")
        table = source.read(Wanted(("wanted",), ERA[0], ERA[1], known_at, ERA[1], np.timedelta64(3600, "s")))
        problems = [problem.error for problem in table.attrs.get("problems", ())]
        return len(table), "values in 1 series", problems

    return tried("CsvSource", read)


def answer(path: Path) -> Answer:
    return Answer(200, {}, path.read_bytes(), path.name)
