"""What Hub'Eau knows of the stations of a region, for an admin to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hydria_plugin import ConfigError, FeedError, FoundInput, FoundStation, Inventory
from hydria_plugin.exchange import Access, Web, iso_utc

from .calls import asked
from .hubeau import MOST_CODES, URL
from .names import QUANTITIES, USUAL, faults_of
from .observations import page
from .polling import Clock, number_faults, web_faults
from .referential import Gauge, gauges, remarks

LARGEST = 10_000  # rows of a page of the referential
DELIVERS = np.timedelta64(6, "h")  # a station that gave nothing for so long gives nothing
MOST_PAGES = 20


class HubeauImporter:
    """Lists stations in service of the regions that are named, and which of H and Q each delivers at present.

    ``stations``: codes or beginnings of codes ("V714*"); ``departments``: "30"; ``river``: "Le Gardon"; ``bbox``:
    west, south, east, north. ``quantity``: the target, "H" or "Q"; the other is an input.
    """

    def __init__(
        self,
        *,
        url: str = URL,
        stations: str | Sequence[str] = (),
        departments: str | int | Sequence[str | int] = (),
        river: str = "",
        bbox: Sequence[float] = (),
        quantity: str = "H",
        id: str = "{code}.{grandeur}",
        hosts: Sequence[str] = (),
        ca: str = "",
        timeout_s: float = 60.0,
        tries: int = 3,
        pause_s: float = 0.2,
        folder: Path | str | None = None,
        clock: Clock | None = None,
    ) -> None:
        access = Access(ca=Path(folder or ".") / ca if ca else "")
        faults = [*faults_of(id, {}), *web_faults(url, access)]
        faults += number_faults(timeout_s=(timeout_s, 0.1), tries=(tries, 1), pause_s=(pause_s, 0))
        places = [] if isinstance(bbox, str) else list(bbox)
        if places and (len(places) != 4 or not all(isinstance(v, int | float) for v in places)):
            faults.append(f"bbox = {bbox!r} must be four numbers: west, south, east, north")
            places = []
        self._filter = chosen(listed(stations), listed(departments), river, places)
        if not self._filter:
            faults.append("name stations, departments, river or bbox: France has 5,000 stations")
        if quantity not in QUANTITIES:
            faults.append(f"quantity = {quantity!r} must be H or Q")
        if faults:
            raise ConfigError([f"importer hubeau: {fault}" for fault in faults])
        self._web = Web(url, hosts=hosts, access=access, timeout_s=timeout_s, tries=tries, pause_s=pause_s)
        self._quantity, self._id, self._clock = quantity, id, clock

    def survey(self) -> Inventory:
        """Raises FeedError when the service cannot be read, or has no such station."""
        found = [g for rows in self._rows("referentiel/stations", self._filter) for g in gauges(rows)]
        if not found:
            raise FeedError(f"Hub'Eau has no station in service for {self._filter}: are the codes right?")
        delivers = self._delivers([g.code for g in found])
        targets = [g for g in found if (g.code, self._quantity) in delivers]
        inputs = [(g, q) for g in found for q in QUANTITIES if (g.code, q) in delivers]
        return Inventory(
            tuple(self._station(g) for g in targets),
            tuple(self._input(g, q) for g, q in inputs),
            remarks=tuple(remarks(found, targets, self._quantity)),
        )

    def _station(self, gauge: Gauge) -> FoundStation:
        q = self._quantity
        series, quantity = self._series(gauge.code, q), QUANTITIES[q]
        return FoundStation(gauge.code, gauge.name, series, quantity, USUAL[q], gauge.latitude, gauge.longitude)

    def _input(self, gauge: Gauge, quantity: str) -> FoundInput:
        series, kind = self._series(gauge.code, quantity), QUANTITIES[quantity]
        return FoundInput(series, kind, gauge.name, gauge.code, gauge.latitude, gauge.longitude)

    def _series(self, code: str, quantity: str) -> str:
        return self._id.replace("{code}", code).replace("{grandeur}", quantity)

    def _delivers(self, codes: Sequence[str]) -> set[tuple[str, str]]:
        """(code, H or Q) of which there was a value in the last hours: "in service" does not say so."""
        now = self._clock() if self._clock else np.datetime64("now", "us")
        out: set[tuple[str, str]] = set()
        for first in range(0, len(codes), MOST_CODES):
            params = {
                "code_entite": ",".join(codes[first : first + MOST_CODES]),
                "grandeur_hydro": "H,Q",
                "date_debut_obs": iso_utc(now - DELIVERS),
                "size": 20_000,
                "fields": "code_station,grandeur_hydro",
            }
            for rows in self._rows("observations_tr", params):
                pairs = [(r.get("code_station"), r.get("grandeur_hydro")) for r in rows if isinstance(r, dict)]
                out |= {(str(code), str(quantity)) for code, quantity in pairs}
        return out

    def _rows(self, path: str, params: Mapping[str, Any]) -> Any:
        """The rows of each page."""
        following: dict[str, Any] | None = dict(params)
        for _ in range(MOST_PAGES):
            if following is None:
                return
            message, answer = asked(self._web, path, following)
            one = page(message, answer.place)
            following = one.following
            yield one.rows


def listed(named: str | int | Sequence[str | int]) -> list[str]:
    """One name, or several."""
    return [str(named)] if isinstance(named, str | int) else [str(name) for name in named]


def chosen(
    stations: Sequence[str], departments: Sequence[str], river: str, bbox: Sequence[float]
) -> dict[str, str | int]:
    """The parameters that say which stations; empty where nothing was named."""
    named = {
        "code_station": ",".join(stations),
        "code_departement": ",".join(departments),
        "libelle_cours_eau": river,
        "bbox": ",".join(f"{v:g}" for v in bbox),
    }
    given = {name: value for name, value in named.items() if value}
    return {**given, "en_service": "true", "size": LARGEST} if given else {}
