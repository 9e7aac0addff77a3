"""What FEWS has, for an admin to look at: stations with their thresholds, and what may feed them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from hydria_plugin import ConfigError, FeedError, FoundInput, FoundRating, FoundStation, Inventory, Secret
from hydria_plugin.exchange import factor, known_unit

from .naming import PATTERN, Naming, pattern_faults
from .pi_reading import read_pi
from .pi_series import PiHeader
from .rating_curves import read_ratings
from .rest import built, placed
from .service import PiService

OWN_UNIT = {"level": "m", "discharge": "m3/s"}
BACK = np.timedelta64(7 * 86_400, "s")
PATTERNS = ("*.xml", "*.xml.gz")
DEGREES = ("c", "°c", "oc", "degc", "deg c", "degree celsius")


class FewsSurvey:
    """Asks a folder of PI-XML files (``path``) or a filter of the web service (``url``)."""

    def __init__(
        self,
        *,
        path: str = "",
        url: str = "",
        filter: str = "",
        folder: Path | str | None = None,
        form: str = "json",
        id: str = PATTERN,
        user: str = "",
        password: Secret | None = None,
        token: Secret | None = None,
        ca: str = "",
        hosts: Sequence[str] = (),
    ) -> None:
        faults = [f"importer fews: {fault}" for fault in pattern_faults(id)]
        if bool(path) == bool(url):
            faults.append('importer fews: allowed: either path = "folder" or url = "https://host/.../v1"')
        self._service: PiService | None = None
        if url:
            given = {"user": user, "password": password, "token": token, "hosts": hosts}
            self._service = built(faults, "importer fews", url, filter, form, ca=placed(ca, folder), **given)
        elif faults:
            raise ConfigError(faults)
        self._path, self._naming = Path(folder or ".") / path, Naming(id)

    def survey(self) -> Inventory:
        """Raises FeedError where nothing can be read."""
        ratings: list[FoundRating] = []
        headers, remarks = self._of_files(ratings) if self._service is None else self._of_service(self._service)
        if not headers:
            raise FeedError("; ".join(remarks) or f"{self._path}: holds no PI time series")
        found = inventory(headers, self._naming)
        return replace(found, ratings=tuple(ratings), remarks=(*remarks, *found.remarks))

    def _of_files(self, ratings: list[FoundRating]) -> tuple[list[PiHeader], list[str]]:
        files = [self._path]
        if self._path.is_dir():
            files = sorted({file for pattern in PATTERNS for file in self._path.glob(pattern)})
        headers, remarks = list[PiHeader](), list[str]()
        for file in files:
            try:
                content = read_pi(file.read_bytes(), str(file))
                headers += [one.header for one in content.series]
                remarks += content.faults[:5]
            except OSError as error:
                remarks.append(f"{file}: cannot be read ({error.strerror})")
            except FeedError as error:
                remarks += curves_in(file, ratings, error)
        return headers, remarks

    def _of_service(self, service: PiService) -> tuple[list[PiHeader], list[str]]:
        now = np.datetime64("now", "s")
        content = service.series(now - BACK, now, onlyHeaders="true", showThresholds="true")
        headers, remarks = [one.header for one in content.series], list(content.faults[:5])
        try:
            places = {str(one.get("locationId", "")): one for one in service.locations()}
        except FeedError as error:
            return headers, [*remarks, f"places are taken from the series only: {error}"]
        return [placed_at(header, places.get(header.location, {})) for header in headers], remarks


def curves_in(file: Path, ratings: list[FoundRating], otherwise: FeedError) -> list[str]:
    """Put the rating curves of a file that holds no time series among the others; remarks on what is not used."""
    try:
        found, remarks = read_ratings(file)
    except (FeedError, OSError):
        return [str(otherwise)]
    ratings += found
    return remarks


def placed_at(header: PiHeader, place: Mapping[str, object]) -> PiHeader:
    """With name and position of its location, where the header does not say them."""

    def degrees(name: str) -> float:
        try:
            return float(str(place.get(name, "nan")))
        except ValueError:
            return float("nan")

    named = header.station_name or str(place.get("shortName") or place.get("description") or "")
    if np.isfinite(header.latitude) and np.isfinite(header.longitude):
        return replace(header, station_name=named)
    return replace(header, station_name=named, latitude=degrees("lat"), longitude=degrees("lon"))


def inventory(headers: Iterable[PiHeader], naming: Naming) -> Inventory:
    """A location with thresholds is a station, by the series that has them; all else is an input. Where no series has
    thresholds, every gauge of level or discharge is taken for a station."""
    distinct = {(naming.series(h), h.is_forecast): h for h in headers}
    kinds = {key: kind_of(header) for key, header in distinct.items()}
    gauges = {key: h for key, h in distinct.items() if kinds[key] in OWN_UNIT}
    has = any(any(t.is_high for t in h.thresholds) for h in gauges.values())
    remarks = [] if has else ["no series has thresholds: every gauge is taken for a station; add thresholds"]
    stations, inputs, taken = list[FoundStation](), list[FoundInput](), set[str]()
    for (series, is_forecast), header in distinct.items():
        key = (series, is_forecast)
        if key in gauges and header.location not in taken and (not has or any(t.is_high for t in header.thresholds)):
            taken.add(header.location)
            stations.append(station_of(series, header, kinds[key], remarks))
        else:
            inputs.append(input_of(series, header, kinds[key]))
    known = {s.station for s in stations}
    inputs = [replace(i, station=loc) if (loc := i.station) in known else replace(i, station="") for i in inputs]
    return Inventory(tuple(stations), tuple(inputs), (), tuple(remarks))


def kind_of(header: PiHeader) -> str:
    """Of KINDS, by unit and accumulation."""
    if header.is_forecast:
        return "simulation"
    unit = header.units.strip()
    plain = "m" if unit.lower().startswith("m + ") else unit
    if plain.lower() in DEGREES:
        return "temperature"
    found = known_unit(plain)
    if found is None:
        return "other"
    if found[0] == "length":
        return "rain" if header.kind == "accumulative" else "level"
    return found[0]


def station_of(series: str, header: PiHeader, quantity: str, remarks: list[str]) -> FoundStation:
    unit = header.units.strip()
    times = factor("m" if unit.lower().startswith("m + ") else unit, OWN_UNIT[quantity])
    rising = sorted((t for t in header.thresholds if t.is_high), key=lambda t: t.value)
    if low := [t.name or t.id for t in header.thresholds if not t.is_high]:
        remarks.append(f"{header.location}: thresholds crossed downwards are not used: {', '.join(low)}")
    named = {t.name or t.label or t.id or f"{t.value:g}": round(t.value * times, 6) for t in rising}
    if len(named) < len(rising):
        remarks.append(f"{header.location}: of thresholds with one name the highest is kept")
    return FoundStation(
        station=header.location, name=header.station_name or header.location, target=series, quantity=quantity,
        unit=OWN_UNIT[quantity], latitude=header.latitude, longitude=header.longitude, thresholds=named,
    )  # fmt: skip


def input_of(series: str, header: PiHeader, kind: str) -> FoundInput:
    return FoundInput(series, kind, header.station_name, header.location, header.latitude, header.longitude)
