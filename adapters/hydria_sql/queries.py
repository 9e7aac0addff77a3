"""The question to the database: built from the map of columns, or the admin's own. Values are bound, never pasted."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.sql import ColumnElement

from hydria_plugin import FeedError, Wanted

from .rows import Meaning
from .tables import Found, among, found_table
from .times import Times, aware

ROLES = ("series", "time", "value", "flag", "received_at", "issued_at", "member", "unit")
MUST = ("series", "time", "value")
PARAMETERS = ("series", "start", "issued_at", "known_at", "end")
IN_SERIES = re.compile(r"\bin\s*\(?\s*:series\b", re.IGNORECASE)
PARAMETER = re.compile(r"(?<![:\w\\]):(\w+)")
Cells = dict[str, list[Any]]


class Question(Protocol):
    """Asks the database for the rows that are wanted: role -> cells."""

    def ask(self, connection: Connection, wanted: Wanted) -> Cells: ...


@dataclass(slots=True)
class TableQuestion:
    """Rows of one table or view. ``columns`` role -> column; one of the house's own names may be absent."""

    table: str
    columns: Mapping[str, str]
    order_by: Sequence[str]
    times: Times
    meaning: Meaning
    _found: Found | None = field(default=None)

    def ask(self, connection: Connection, wanted: Wanted) -> Cells:
        found = self.found(connection)
        there = {role: column for role, column in self.columns.items() if column in found.types}
        rows = connection.execute(self._select(connection, found, there, wanted)).all()
        columns = list(zip(*rows, strict=True)) if rows else [() for _ in there]
        cells = {role: list(cells) for role, cells in zip(there, columns, strict=True)}
        if found.type_of(there["series"]) == "bpchar":  # a text of fixed length comes filled up with blanks
            cells["series"] = [str(cell).rstrip(" ") for cell in cells["series"]]
        return cells

    def found(self, connection: Connection) -> Found:
        if self._found is None:
            found = found_table(connection, self.table)
            found.need([c for role, c in self.columns.items() if role in MUST or c != role], "the source")
            found.need(self.order_by, "order_by")
            self._found = found
        return self._found

    def _select(
        self, connection: Connection, found: Found, there: Mapping[str, str], wanted: Wanted
    ) -> sa.Select[tuple[Any, ...]]:
        after = wanted.start - wanted.step
        until = wanted.end if "issued_at" in there else wanted.issued_at
        chosen = among(connection, found, there["series"], self.meaning.host_names(wanted.series))
        conditions = [chosen, self._at_least(found, there["time"], after), self._at_most(found, there["time"], until)]
        for role, latest in (("issued_at", wanted.issued_at), ("received_at", wanted.known_at)):
            if role in there:
                column = found.column(there[role])
                conditions.append(column.is_(None) | self._at_most(found, there[role], latest))
        wanted_columns = [found.column(column) for column in there.values()]
        statement = sa.select(*wanted_columns).where(*conditions)
        return statement.order_by(*(found.column(c) for c in self.order_by)) if self.order_by else statement

    def _at_least(self, found: Found, column: str, time: np.datetime64) -> ColumnElement[bool]:
        kind, slack = found.type_of(column), self._slack(found.type_of(column))
        roughly = found.column(column) >= _plain(self.times.bound(time, kind, -slack))
        return (
            roughly & _seconds(found, column, lambda at: at >= _second(time) - 1) if self._is_text(found) else roughly
        )

    def _at_most(self, found: Found, column: str, time: np.datetime64) -> ColumnElement[bool]:
        kind, slack = found.type_of(column), self._slack(found.type_of(column))
        roughly = found.column(column) <= _plain(self.times.bound(time, kind, slack))
        return (
            roughly & _seconds(found, column, lambda at: at <= _second(time) + 1) if self._is_text(found) else roughly
        )

    def _slack(self, kind: str) -> int:
        """Hours by which a column may differ from what is compared: local clocks change, texts have any offset."""
        return 0 if "with time zone" in kind or self.times.form in ("unix", "unix_ms") else 15

    def _is_text(self, found: Found) -> bool:
        """SQLite's times are texts, which it can read where they are not local: many rows need not be fetched."""
        return found.is_loose and self.times.form in ("auto", "text") and self.times.timezone == "UTC"


@dataclass(slots=True)
class OwnQuestion:
    """The admin's query; its columns are known by the names that the options give them."""

    query: str
    columns: Mapping[str, str]
    times: Times
    meaning: Meaning

    def ask(self, connection: Connection, wanted: Wanted) -> Cells:
        asked = {name for name in PARAMETER.findall(self.query) if name in PARAMETERS}
        statement, given = sa.text(self.query), self._given(connection, wanted)
        if "series" in asked:
            names: list[str] | str = self.meaning.host_names(wanted.series)
            expanding = IN_SERIES.search(self.query) is not None
            if not expanding and connection.dialect.name != "postgresql":
                raise FeedError(f"the query must say `IN :series`, as `= ANY(:series)` is PostgreSQL's: {self.query!r}")
            kind = None if expanding else sa.ARRAY(sa.Text)
            statement = statement.bindparams(sa.bindparam("series", expanding=expanding, type_=kind))
            given["series"] = names
        answer = connection.execute(statement, {name: given[name] for name in asked})
        keys = list(map(str, answer.keys()))
        there = {role: keys.index(c) for role, c in self.columns.items() if c in keys}
        if missing := [c for role, c in self.columns.items() if c not in keys and (role in MUST or c != role)]:
            raise FeedError(f"the query gives no column {missing[0]!r}; it gives: {', '.join(keys)}")
        rows = answer.all()
        return {role: [row[i] for row in rows] for role, i in there.items()}

    def _given(self, connection: Connection, wanted: Wanted) -> dict[str, Any]:
        given: dict[str, Any] = {}
        for name in PARAMETERS[1:]:
            time = np.clip(getattr(wanted, name).astype("datetime64[us]"), *_SPAN)
            if self.times.form in ("unix", "unix_ms"):
                given[name] = self.times.bound(time, "bigint")
            elif connection.dialect.name == "postgresql":
                given[name] = aware(time)
            else:
                given[name] = aware(time).astimezone(self.times.zone).strftime("%Y-%m-%d %H:%M:%S")
        return given


_SPAN = (np.datetime64("1700-01-01", "us"), np.datetime64("2200-01-01", "us"))


def _second(time: np.datetime64) -> int:
    return int(time.astype("datetime64[s]").astype(np.int64))


def _seconds(
    found: Found, column: str, fits: Callable[[ColumnElement[Any]], ColumnElement[bool]]
) -> ColumnElement[bool]:
    """The time fits, or SQLite cannot read it: then it is fetched, to be told."""
    at = sa.func.strftime("%s", found.column(column))
    return at.is_(None) | fits(sa.cast(at, sa.Integer))


def query_faults(query: object) -> list[str]:
    """What is wrong with the admin's query, as far as it can be seen."""
    if not isinstance(query, str):
        return [f"query = {query!r} must be a text"]
    unknown = sorted(set(PARAMETER.findall(query)) - set(PARAMETERS))
    allowed = ", ".join(f":{p}" for p in PARAMETERS)
    if unknown:
        return [f"query: :{unknown[0]} is not known; allowed: {allowed}; a colon within a text is written \\:"]
    return []


def _plain(value: Any) -> ColumnElement[Any]:
    """A bound value that the driver types, not we: a cast would turn an aware time into a local one."""
    return sa.literal(value, type_=sa.types.NullType())
