"""Forecasts, alerts and reports into the platform's own tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy.engine import Connection

from hydria_plugin import Bulletin, ConfigError, FeedError, Layout, Report, Secret

from .access import Access
from .creating import create
from .database import Database
from .tables import found_table, table_fault
from .times import Times
from .upsert import Target
from .written import (
    ALERT,
    ALERT_KEY,
    FORECAST,
    FORECAST_KEY,
    REPORT,
    REPORT_KEY,
    alert_columns,
    forecast_columns,
    report_columns,
    unit_faults,
)

MUST = {  # our names, without which a table says nothing
    "forecasts": ("station", "issued_at", "valid_at"),
    "alerts": ("station", "event", "issued_at"),
    "reports": ("digest", "body"),
}
OURS: Mapping[str, Mapping[str, str]] = {"forecasts": FORECAST, "alerts": ALERT, "reports": REPORT}
KEYS = {"forecasts": FORECAST_KEY, "alerts": ALERT_KEY, "reports": REPORT_KEY}
TELL = ("news", "all")
MAKE = ": create it (see the README), correct its name, or write create = true"


class SqlSink:
    """Writes each bulletin in one transaction. README.md says what each option means."""

    def __init__(
        self,
        *,
        url: Secret | None = None,
        database: str = "",
        password: Secret | None = None,
        ca: str = "",
        timeout: str = "20s",
        forecasts: str = "forecasts",
        alerts: str = "alerts",
        reports: str = "reports",
        forecast_columns: Mapping[str, str] | None = None,
        alert_columns: Mapping[str, str] | None = None,
        report_columns: Mapping[str, str] | None = None,
        quantiles: Mapping[str, float] | None = None,
        units: Mapping[str, str] | None = None,
        tell: str = "news",
        timezone: str = "UTC",
        time_form: str = "auto",
        create: bool = False,
        folder: Path | str | None = None,
        layout: Layout | None = None,
    ) -> None:
        access, times = Access(url, database, password, ca, timeout, folder), Times(timezone, time_form)
        self._tables = {"forecasts": forecasts, "alerts": alerts, "reports": reports}
        maps = {"forecasts": forecast_columns, "alerts": alert_columns, "reports": report_columns}
        self._maps = {what: dict(given or {}) for what, given in maps.items()}
        self._wide, self._units, self._tell = dict(quantiles or {}) or None, dict(units or {}), tell
        faults = [*access.faults(), *times.faults(fixed=True), *unit_faults(self._units), *self._faults(layout)]
        if not isinstance(create, bool):
            faults.append(f"create = {create!r} must be true or false")
        if faults:
            raise ConfigError([f"sink sql: {fault}" for fault in faults])
        self._database, self._times, self._create = Database(access), times, create
        self._targets: dict[str, Target] = {}

    def write(self, bulletin: Bulletin) -> None:
        """All or nothing. A later revision replaces an earlier one; an earlier one that comes late changes nothing."""
        told = [a for a in bulletin.alerts if a.is_news or self._tell == "all"]
        forecast, alerts = (
            forecast_columns(bulletin, self._units, self._wide),
            alert_columns(bulletin, told, self._units),
        )
        there = [s for s, ok in zip(bulletin.forecast.stations, bulletin.forecast.there, strict=True) if ok]
        parts = [("forecasts", forecast, "station", there), ("alerts", alerts, "event", alerts.varying["event"])]
        stations = bulletin.layout.stations
        with self._writing(f"writing the bulletin of {bulletin.issued_at}") as connection:
            for what, rows, column, kept in parts:
                target = self._target(connection, what)
                if target is None or target.is_superseded(connection, rows.same, stations):
                    continue
                target.replace(connection, rows)
                target.forget(connection, rows.same, stations, column, kept)

    def write_reports(self, reports: Sequence[Report]) -> None:
        """Each once, whatever bulletin brought it."""
        with self._writing("writing reports") as connection:
            target = self._target(connection, "reports")
            if target is not None and reports:
                target.replace(connection, report_columns(reports))

    def probe(self) -> str:
        """Which tables are there and can be written. Raises FeedError."""
        named = [what for what, table in self._tables.items() if table]
        with self._database.reading("looking at the tables") as connection:
            if self._create:
                return f"{self._database.place}: answers; {', '.join(named)} are made where they are not there."
            said = [self._rehearsed(connection, what) for what in named]
        return f"{self._database.place}: {', '.join(said)} can take {', '.join(named)}."

    def _rehearsed(self, connection: Connection, what: str) -> str:
        target = self._found(connection, what)
        target.rehearse(connection, list(self._columns(what)))
        return f"{self._tables[what]} ({len(target.names)} columns)"

    def close(self) -> None:
        """Give the connections back."""
        self._database.close()

    @contextmanager
    def _writing(self, doing: str) -> Iterator[Connection]:
        """A transaction; what was learned of the tables is forgotten when it fails, for it may have made them."""
        try:
            with self._database.writing(doing) as connection:
                yield connection
        except FeedError:
            self._targets.clear()
            raise

    def _target(self, connection: Connection, what: str) -> Target | None:
        """The table for ``what``, looked at once; None where it is not written."""
        if not self._tables[what]:
            return None
        if what not in self._targets:
            if self._create:
                create(connection, self._tables[what], self._columns(what), KEYS[what])
            self._targets[what] = self._found(connection, what)
        return self._targets[what]

    def _found(self, connection: Connection, what: str) -> Target:
        found, given = found_table(connection, self._tables[what], MAKE), self._maps[what]
        names = {ours: given.get(ours, ours) for ours in self._columns(what)}
        explicit = [given[ours] for ours in given if given[ours]]
        found.need([*explicit, *(names[ours] for ours in MUST[what])], f"the {what}")
        if what == "forecasts":
            found.need(list(self._wide or [names["quantile"], names["value"]]), "the forecasts")
        there = {ours: column for ours, column in names.items() if column in found.types}
        return Target(found, there, KEYS[what], self._times)

    def _columns(self, what: str) -> dict[str, str]:
        """Our name -> type of the columns that are written."""
        columns = dict(OURS[what])
        if what == "forecasts" and self._wide:
            del columns["quantile"], columns["value"]
            columns |= dict.fromkeys(self._wide, "number")
        return columns

    def _faults(self, layout: Layout | None) -> list[str]:
        found = [f for what, table in self._tables.items() if table != "" for f in table_fault(what, table)]
        if self._tell not in TELL:
            found.append(f"tell = {self._tell!r} must be 'news' or 'all'")
        for what, given in self._maps.items():
            option = f"{what[:-1]}_columns"
            unknown = [f"{option}.{n}: allowed are {', '.join(OURS[what])}" for n in given if n not in OURS[what]]
            left = [f"{option}.{n} must name a column: it is needed" for n in MUST[what] if given.get(n, n) == ""]
            found += [*unknown, *left]
        return [*found, *_quantile_faults(self._wide, layout)]


def _quantile_faults(wide: Mapping[str, Any] | None, layout: Layout | None) -> list[str]:
    if wide is None or layout is None:
        return []
    return [
        f"quantiles.{column} = {q!r} is not forecast; the pipeline's quantiles: {', '.join(map(str, layout.quantiles))}"
        for column, q in wide.items()
        if q not in layout.quantiles
    ]
