"""What the platform's own tables say of stations, thresholds, gauges and rating curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hydria_plugin import (
    KINDS,
    ConfigError,
    FoundInput,
    FoundRating,
    FoundStation,
    Inventory,
    Secret,
)
from hydria_plugin.exchange import factor, known_unit

from .access import Access
from .database import Database
from .discovery import OF, all_tables, columns_for, plain, table_for
from .tables import found_table, table_fault
from .times import Times

MOST = 100_000  # rows read of one table
WORDS = {  # what hosts call kinds
    "level": ("level", "h", "stage", "waterlevel", "hauteur", "niveau", "height", "hauteurdeau"),
    "discharge": ("discharge", "q", "flow", "debit", "streamflow"),
    "rain": ("rain", "p", "rr", "rainfall", "precipitation", "pluie"),
    "temperature": ("temperature", "t", "ta", "temp"),
    "pet": ("pet", "etp", "evapotranspiration"),
}
KIND_OF = {word: kind for kind, words in WORDS.items() for word in words}
Row = Mapping[str, Any]


@dataclass(slots=True)
class Survey:
    """What was read so far, and what a person should look at."""

    remarks: list[str] = field(default_factory=list)
    rows: dict[str, list[Row]] = field(default_factory=dict)

    def say(self, text: str) -> None:
        self.remarks.append(text)


class SqlImporter:
    """Tables named by the admin, or found by their names; columns too. "-" for a table: there is none."""

    def __init__(
        self,
        *,
        url: Secret | None = None,
        database: str = "",
        password: Secret | None = None,
        ca: str = "",
        timeout: str = "20s",
        stations: str = "",
        thresholds: str = "",
        ratings: str = "",
        inputs: str = "",
        columns: Mapping[str, Mapping[str, str]] | None = None,
        quantity: str = "level",
        folder: Path | str | None = None,
    ) -> None:
        access = Access(url, database, password, ca, timeout, folder)
        self._tables = {"stations": stations, "thresholds": thresholds, "ratings": ratings, "inputs": inputs}
        self._columns, self._quantity = dict(columns or {}), quantity
        faults = [*access.faults(), *self._faults()]
        if faults:
            raise ConfigError([f"importer sql: {fault}" for fault in faults])
        self._database = Database(access)

    def survey(self) -> Inventory:
        """Read the tables. Raises FeedError when the database cannot be asked."""
        survey = Survey()
        with self._database.reading("looking for stations") as connection:
            tables = all_tables(connection)
            chosen = self._chosen(tables, survey)
            for what, name in chosen.items():
                survey.rows[what] = self._rows(connection, what, name, tables.get(name, ()), survey)
        others = [name for name in tables if name not in chosen.values()]
        if others:
            survey.say(f"tables that were not looked at: {', '.join(others[:20])}{' ...' if len(others) > 20 else ''}")
        stations = _stations(survey, self._quantity)
        return Inventory(stations, _inputs(survey), _ratings(survey), tuple(survey.remarks))

    def close(self) -> None:
        """Give the connections back."""
        self._database.close()

    def _chosen(self, tables: Mapping[str, Sequence[str]], survey: Survey) -> dict[str, str]:
        chosen = {what: name for what, name in self._tables.items() if name and name != "-"}
        for what, name in self._tables.items():
            if name:
                continue
            if (alike := table_for(what, tables, [*chosen.values()])) is not None:
                chosen[what] = alike
                survey.say(f"table {alike} was taken for the {what}, by its name; name another as {what}=TABLE")
            elif what in ("stations", "thresholds"):
                survey.say(f"no table looks like {what}; name it as {what}=TABLE")
        return chosen

    def _rows(self, connection: Connection, what: str, name: str, columns: Sequence[str], survey: Survey) -> list[Row]:
        found = found_table(connection, name)
        names = {**columns_for(what, list(found.types)), **self._columns.get(what, {})}
        must, may = OF[what]
        found.need([names.get(ours, ours) for ours in must], f"the {what} (name it in columns.{what})")
        found.need(list(names.values()), f"the {what}")
        absent = [ours for ours in may if ours not in names]
        if absent:
            survey.say(f"table {name} says no {', '.join(absent)} of the {what}")
        cells = [found.column(column) for column in names.values()]
        rows = connection.execute(sa.select(*cells).order_by(cells[0]).limit(MOST + 1)).all()
        if len(rows) > MOST:
            survey.say(f"table {name} has more than {MOST} rows: the rest was not read")
        return [dict(zip(names, row, strict=True)) for row in rows[:MOST]]

    def _faults(self) -> list[str]:
        found = [f for w, name in self._tables.items() if name not in ("", "-") for f in table_fault(w, name)]
        for what, names in self._columns.items():
            allowed = [ours for part in OF.get(what, ()) for ours in part]
            if not allowed or not isinstance(names, Mapping):
                found.append(f"columns.{what}: allowed are tables of columns for {', '.join(OF)}")
                continue
            found += [f"columns.{what}.{n}: allowed are {', '.join(allowed)}" for n in names if n not in allowed]
        if self._quantity not in ("level", "discharge"):
            found.append(f"quantity = {self._quantity!r} must be 'level' or 'discharge'")
        return found


def _stations(survey: Survey, quantity: str) -> tuple[FoundStation, ...]:
    limits = _limits(survey)
    made = {}
    for row in survey.rows.get("stations", ()):
        station = _said(row, "station")
        if not station:
            survey.say("a station without id was left out")
            continue
        unit = _said(row, "unit")
        known = known_unit(unit) if unit else None
        kind = KIND_OF.get(plain(_said(row, "quantity")), known[0] if known else quantity)
        kind = kind if kind in ("level", "discharge") else quantity
        own = "m" if kind == "level" else "m3/s"
        thresholds, threshold_unit = limits.get(station, ({}, ""))
        made[station] = FoundStation(
            station=station,
            name=_said(row, "name") or station,
            target=_said(row, "target") or station,
            quantity=kind,
            unit=own,
            latitude=_number(row, "latitude"),
            longitude=_number(row, "longitude"),
            thresholds=thresholds,
            threshold_unit=threshold_unit,
        )
    if lost := sorted(set(limits) - set(made)):
        more = " and others" if len(lost) > 5 else ""
        survey.say(f"thresholds of {', '.join(lost[:5])}{more} are left out: none of the stations is called so")
    return tuple(made.values())


def _limits(survey: Survey) -> dict[str, tuple[dict[str, float], str]]:
    """Station -> thresholds in m or m3/s, rising, and that unit ("" where the host says none)."""
    found: dict[str, dict[str, float]] = {}
    units: dict[str, str] = {}
    for row in survey.rows.get("thresholds", ()):
        station, value, unit = _said(row, "station"), _number(row, "value"), _said(row, "unit")
        if np.isnan(value):
            survey.say(f"threshold {_said(row, 'name')!r} of {station} has no value: left out")
            continue
        known = known_unit(unit) if unit else None
        if unit and known is None:
            survey.say(f"threshold {_said(row, 'name')!r} of {station} is in {unit!r}, which is not known: left out")
            continue
        own = "" if known is None else "m3/s" if known[0] == "discharge" else "m"
        if station in units and units[station] != own:
            survey.say(f"threshold {_said(row, 'name')!r} of {station} is in another unit than its others: left out")
            continue
        units[station] = own
        found.setdefault(station, {})[_said(row, "name")] = round(value * (factor(unit, own) if own else 1.0), 9)
    return {
        station: (dict(sorted(limits.items(), key=lambda limit: limit[1])), units[station])
        for station, limits in found.items()
    }


def _inputs(survey: Survey) -> tuple[FoundInput, ...]:
    made = {}
    for row in survey.rows.get("inputs", ()):
        series, word = _said(row, "series"), plain(_said(row, "kind"))
        kind = KIND_OF.get(word, word if word in KINDS else "other")
        if series:
            place = _number(row, "latitude"), _number(row, "longitude")
            made[series] = FoundInput(series, kind, _said(row, "name"), _said(row, "station"), *place)
    return tuple(made.values())


def _ratings(survey: Survey) -> tuple[FoundRating, ...]:
    curves: dict[tuple[str, Any], list[tuple[float, float]]] = {}
    never = np.datetime64("NaT", "s")
    rows = survey.rows.get("ratings", ())
    since, bad, _ = Times().read([row.get("valid_from") for row in rows])
    for row, time, is_bad in zip(rows, since.astype("datetime64[s]"), bad, strict=True):
        point = _number(row, "stage"), _number(row, "discharge")
        if is_bad or np.isnan(point).any():
            survey.say(f"a point of the rating curve of {_said(row, 'station')} cannot be read: left out")
            continue
        curves.setdefault((_said(row, "station"), None if np.isnat(time) else time), []).append(point)
    return tuple(
        FoundRating(station, never if time is None else time, tuple(sorted(set(points))))
        for (station, time), points in curves.items()
    )


def _said(row: Row, name: str) -> str:
    value = row.get(name)
    return "" if value is None else str(value).strip()


def _number(row: Row, name: str) -> float:
    try:
        return float(row[name])
    except (KeyError, TypeError, ValueError):
        return float("nan")
