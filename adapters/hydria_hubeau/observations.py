"""Messages of Hub'Eau's ``observations_tr`` to columns. They are read as they may come, not as they should."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import numpy as np

from hydria_plugin import FeedError

from .names import Key
from .readings import Readings, code, dated, number, readings
from .telling import Tally, quoted

UNITS = {"H": "mm", "Q": "l/s"}
FIELDS = (
    "code_site,code_station,grandeur_hydro,date_obs,resultat_obs,code_qualification_obs,code_statut,code_methode_obs"
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the values of a key go."""

    series: str
    factor: float  # from the host's unit
    unit: str


Places = Mapping[Key, tuple[Place, ...]]


@dataclass(frozen=True, slots=True)
class Page:
    """One answer: its rows, how many there are in all (-1: not said), and the parameters of the next page."""

    rows: list[Any]
    count: int
    following: dict[str, str] | None
    version: str


def page(message: Any, place: str) -> Page:
    """Raises FeedError for a message that is none of Hub'Eau's."""
    rows = message.get("data") if isinstance(message, dict) else None
    if not isinstance(rows, list):
        held = ", ".join(map(str, list(message)[:5])) if isinstance(message, dict) else type(message).__name__
        raise FeedError(f"{place}: is no page of Hub'Eau: it holds no list `data` but {quoted(held)}")
    count, after = message.get("count"), message.get("next")
    following = None
    if isinstance(after, str) and after:
        try:
            following = dict(parse_qsl(urlsplit(after).query))
        except ValueError as error:
            raise FeedError(f"{place}: the link to the next page is broken: {quoted(after)}") from error
    known = isinstance(count, int) and not isinstance(count, bool)
    return Page(rows, count if known else -1, following, str(message.get("api_version", "")))


def observations(rows: list[Any], places: Places, tally: Tally) -> Readings:
    """The rows that ``places`` has a place for; site rows stand beside the same values of their station, and count only
    where the site itself is asked for. Of rows for one time, that which more was done to comes last."""
    series, times, values, units, codes = [], [], [], [], []
    for where, time, value, said in _kept(rows, places, tally):
        for place in where:
            series.append(place.series)
            times.append(time)
            values.append(round(value * place.factor, 9))  # 1.005, not 1.0049999999999999
            units.append(place.unit)
            codes.append(said)
    found = readings(series, times, values, units, codes=codes)
    found = dated(found, times, tally)
    order = np.argsort(found.status, kind="stable")
    return found.take(order)


def _kept(
    rows: list[Any], places: Places, tally: Tally
) -> Iterator[tuple[tuple[Place, ...], str, float, tuple[int, int, int]]]:
    """Place, time, value, and the codes of quality, status and method."""
    for row in rows:
        if not isinstance(row, dict):
            tally.add("row", f"{quoted(row)} is no row; it is not used")
            continue
        station, quantity = row.get("code_station"), row.get("grandeur_hydro")
        name = station if station is not None else row.get("code_site")
        if not isinstance(name, str) or not isinstance(quantity, str):
            tally.add("code", f"a row without station or quantity is not used: {quoted(row)}")
            continue
        where = places.get(Key(name, quantity))
        if where is None:
            continue
        value, time = number(row.get("resultat_obs", "")), row.get("date_obs")
        if value is None:
            tally.add(
                "value", f"{name}.{quantity}: {quoted(row.get('resultat_obs'))} is no number; the row is not used"
            )
            continue
        status = row.get("code_statut", row.get("statut_serie"))  # as version 1 called it
        said = (code(row.get("code_qualification_obs")), code(status), code(row.get("code_methode_obs")))
        yield where, time if isinstance(time, str) else "", value, said
