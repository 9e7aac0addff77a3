"""Station feeds from the platform's own tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hydria_plugin import ConfigError, FeedError, Layout, Secret, Wanted
from hydria_plugin.exchange import ago, feed_table, unit_wanted

from .access import Access
from .database import Database
from .queries import MUST, ROLES, OwnQuestion, Question, TableQuestion, query_faults
from .rows import Meaning, Reader
from .tables import table_fault
from .times import Times

if TYPE_CHECKING:
    import pandas as pd

LOOKED_BACK = (np.timedelta64(2, "D"), np.timedelta64(60, "D"))  # by probe, the second where the first is empty


class SqlSource:
    """Reads a table, a view or the admin's own query. README.md says what each option means."""

    def __init__(
        self,
        *,
        url: Secret | None = None,
        database: str = "",
        password: Secret | None = None,
        ca: str = "",
        timeout: str = "20s",
        table: str = "",
        query: str = "",
        series: str = "series",
        time: str = "time",
        value: str = "value",
        flag: str = "flag",
        received_at: str = "received_at",
        issued_at: str = "issued_at",
        member: str = "member",
        unit: str = "unit",
        order_by: Sequence[str] = (),
        timezone: str = "UTC",
        time_form: str = "auto",
        names: Mapping[str, str] | None = None,
        flags: Mapping[str, str | int] | None = None,
        units: Mapping[str, str] | None = None,
        scale: Mapping[str, float] | None = None,
        missing: Sequence[float] = (),
        folder: Path | str | None = None,
        clock: Callable[[], np.datetime64] | None = None,
        layout: Layout | None = None,
    ) -> None:
        columns = dict(zip(ROLES, (series, time, value, flag, received_at, issued_at, member, unit), strict=True))
        access, times = Access(url, database, password, ca, timeout, folder), Times(timezone, time_form)
        meaning = Meaning(flags or {}, units or {}, scale or {}, missing, names or {})
        faults = [*access.faults(), *times.faults(), *meaning.faults(), *_faults(table, query, columns)]
        if faults:
            raise ConfigError([f"source sql: {fault}" for fault in faults])
        self._question = _question(table, query, columns, order_by, times, meaning)
        self._what = f"table {table}" if table else "the query"
        self._database, self._times, self._meaning = Database(access, timezone), times, meaning
        self._clock, self._layout = clock, layout

    def read(self, wanted: Wanted) -> pd.DataFrame:
        """Rows as wanted; those that cannot be used are told. Raises FeedError when the database cannot be asked."""
        reader = Reader(self._meaning, self._times, self._layout, self._what)
        with self._database.reading(f"reading {self._what}") as connection:
            cells = self._question.ask(connection, wanted)
        columns = reader.columns(cells)
        return feed_table(
            columns.pop("series"),
            columns.pop("time"),
            columns.pop("value"),
            **columns,
            wanted=wanted,
            problems=reader.problems,
        )

    def probe(self) -> str:
        """How many series have values, the newest one, its delay, the zone. Raises FeedError."""
        series = self._layout.all_series() if self._layout else ()
        now = self._now()
        where = f"{self._database.place}, {self._what}"
        if not series:
            with self._database.reading(f"looking at {self._what}") as connection:
                self._question.ask(connection, _asked((), now, LOOKED_BACK[0]))
            return f"{where}: answers; its series are known once a pipeline asks for them."
        for back in LOOKED_BACK:
            table = self.read(_asked(series, now, back))
            if len(table):
                break
        if not len(table):
            said = "; ".join(p.error for p in table.attrs["problems"])
            raise FeedError(f"{where}: no value of {len(series)} series in the last 60 days {said}".rstrip())
        return f"{where}: {_census(table, self._layout, now, self._times.timezone)}"

    def close(self) -> None:
        """Give the connections back."""
        self._database.close()

    def _now(self) -> np.datetime64:
        if self._clock is None:
            return np.datetime64(datetime.now(UTC).replace(tzinfo=None), "us")
        now: np.datetime64 = self._clock().astype("datetime64[us]")
        return now


def _question(
    table: str, query: str, columns: Mapping[str, str], order_by: Sequence[str], times: Times, meaning: Meaning
) -> Question:
    named = {role: column for role, column in columns.items() if column}
    if query:
        return OwnQuestion(query, named, times, meaning)
    return TableQuestion(table, named, order_by, times, meaning)


def _asked(series: Sequence[str], now: np.datetime64, back: np.timedelta64) -> Wanted:
    step = np.timedelta64(60, "s")
    start = (now - back).astype("datetime64[s]")
    ahead = now.astype("datetime64[s]") + LOOKED_BACK[0]  # a host whose clock is ahead is seen
    return Wanted(tuple(series), start, ahead, ahead.astype("datetime64[us]"), ahead, step)


def _census(table: pd.DataFrame, layout: Layout | None, now: np.datetime64, zone: str) -> str:
    series = layout.all_series() if layout else ()
    last = table.iloc[-1]
    unit = f" {wanted}" if (wanted := unit_wanted(layout, last["series"])) else ""
    there = set(table["series"].unique())
    delay = now - last["time"].tz_localize(None).to_datetime64()
    wrong = "ahead of this clock: whose is wrong, or is `timezone`?"
    late = f"{ago(delay)} ago" if delay >= np.timedelta64(0) else f"{ago(-delay)} {wrong}"
    absent = sorted(set(series) - there)
    shown = f" None of: {', '.join(absent[:5])}{' ...' if len(absent) > 5 else ''}." if absent else ""
    told = "".join(f" Not used: {p.error}." for p in table.attrs["problems"])
    return (
        f"{len(there)} of {len(series)} series, the last value {last['value']:g}{unit} of {last['series']} "
        f"at {last['time']:%Y-%m-%dT%H:%M:%SZ} ({late}); times without offset are {zone}.{shown}{told}"
    )


def _faults(table: object, query: object, columns: Mapping[str, object]) -> list[str]:
    found = [f"{role} = {column!r} must be the name of a column" for role, column in columns.items() if not _is(column)]
    found += [f"{role}: a column must be named" for role in MUST if columns[role] == ""]
    if bool(table) == bool(query):
        return [*found, "either table or query says what is read; one of them is needed"]
    return [*found, *(table_fault("table", table) if table else query_faults(query))]


def _is(column: object) -> bool:
    return isinstance(column, str)
