"""Rows into a table: what is there under the same key is replaced, in one statement and one transaction.

``INSERT ... ON CONFLICT (key) DO UPDATE``: the key holds the time column, as a hypertable's must. PostgreSQL is given
whole columns as arrays, which is several times as fast as rows one by one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.sql import ColumnElement

from .database import ONLY_EXPLAINED
from .tables import Found, OfType, among
from .times import Times
from .written import Columns

Conditions = list[ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Target:
    """A table of the host's that is written. ``names`` our name -> its column, only those that it has; ``key`` our
    names of the columns that make a row the same."""

    found: Found
    names: Mapping[str, str]
    key: Sequence[str]
    times: Times

    def replace(self, connection: Connection, rows: Columns) -> None:
        """Insert ``rows``, or update those that are there."""
        if len(rows):
            connection.execute(*self._statement(connection, rows))

    def rehearse(self, connection: Connection, names: Sequence[str]) -> None:
        """Ask how a row would be written, without writing: rights, types and the unique index are looked at."""
        blank = Columns({name: [None] for name in names})
        statement, *rows = self._statement(connection, blank)
        connection.execute(statement, *(row[0] for row in rows), execution_options=ONLY_EXPLAINED)

    def _statement(self, connection: Connection, rows: Columns) -> tuple[Any, ...]:
        """What is executed: the statement, and in SQLite its rows."""
        varying = {n: self._values(n, cells) for n, cells in rows.varying.items() if n in self.names}
        same = {n: self._values(n, [cell])[0] for n, cell in rows.same.items() if n in self.names}
        if connection.dialect.name == "postgresql":
            return (self._by_columns(varying, same),)
        return self._by_rows(varying, same)

    def of_issue(self, connection: Connection, same: Mapping[str, Any], stations: Sequence[str]) -> Conditions:
        """Rows of this pipeline and issue time, of any revision."""
        conditions = [
            self.found.column(self.names[n]) == self._bound(n, same[n])
            for n in ("pipeline", "issued_at")
            if n in self.names
        ]
        return [*conditions, among(connection, self.found, self.names["station"], stations)]

    def is_superseded(self, connection: Connection, same: Mapping[str, Any], stations: Sequence[str]) -> bool:
        """A later revision of the same issue time is there."""
        if "revision" not in self.names:
            return False
        newest = sa.func.max(self.found.column(self.names["revision"]))
        there = connection.execute(sa.select(newest).where(*self.of_issue(connection, same, stations))).scalar()
        return there is not None and int(there) > int(same["revision"])

    def forget(
        self, connection: Connection, same: Mapping[str, Any], stations: Sequence[str], column: str, kept: Sequence[str]
    ) -> None:
        """Delete rows of the same issue time that an earlier revision wrote and this one has no more: those whose
        ``column`` is none of ``kept``, and those of an earlier revision."""
        gone = ~among(connection, self.found, self.names[column], kept)
        if "revision" in self.names:
            gone = gone | (self.found.column(self.names["revision"]) < int(same["revision"]))
        connection.execute(sa.delete(self.found.clause).where(*self.of_issue(connection, same, stations), gone))

    def _values(self, name: str, cells: Sequence[Any]) -> list[Any]:
        """Cells of our column ``name`` as the host's column wants them."""
        if len(cells) and isinstance(cells[0], np.datetime64):
            times = np.asarray(cells, dtype="datetime64[us]")
            distinct, place = np.unique(times, return_inverse=True)
            written = self.times.written(distinct, self.found.type_of(self.names[name]))
            return [written[i] for i in place.tolist()]
        return list(cells)

    def _bound(self, name: str, cell: Any) -> ColumnElement[Any]:
        value, column = self._values(name, [cell])[0], self.names[name]
        return sa.literal(value) if self.found.is_loose else self.found.cast(sa.literal(value), column)

    def _by_columns(self, varying: Mapping[str, list[Any]], same: Mapping[str, Any]) -> Any:
        arrays = []
        for name, cells in varying.items():
            kind = OfType(f"{self.found.type_of(self.names[name])}[]")
            arrays.append(sa.cast(sa.literal(array_text(cells)), kind))
        given = sa.func.unnest(*arrays).table_valued(*varying).render_derived()
        constants = [self.found.cast(sa.literal(cell), self.names[name]) for name, cell in same.items()]
        columns = [self.names[name] for name in (*varying, *same)]
        chosen = sa.select(*(given.c[name] for name in varying), *constants)
        return self._upsert(postgresql.insert(self.found.clause).from_select(columns, chosen), columns)

    def _by_rows(self, varying: Mapping[str, list[Any]], same: Mapping[str, Any]) -> tuple[Any, list[dict[str, Any]]]:
        columns = [self.names[name] for name in (*varying, *same)]
        constants = tuple(same.values())
        rows = [dict(zip(columns, (*cells, *constants), strict=True)) for cells in zip(*varying.values(), strict=True)]
        return self._upsert(sqlite.insert(self.found.clause).values(dict.fromkeys(columns)), columns), rows

    def _upsert(self, insert: Any, columns: Sequence[str]) -> Any:
        key = [self.names[name] for name in self.key if name in self.names]
        rest = {c: insert.excluded[c] for c in columns if c not in key}
        elements = [self.found.column(c) for c in key]
        if not rest:
            return insert.on_conflict_do_nothing(index_elements=elements)
        return insert.on_conflict_do_update(index_elements=elements, set_=rest)


def array_text(cells: Sequence[Any]) -> str:
    """A list as PostgreSQL writes an array: one bound text. The driver would look at each cell anew."""
    if len(cells) and all(type(cell) is float for cell in cells):
        return f"{{{','.join(map(repr, cells))}}}"
    said = {cell: _quoted(cell) for cell in set(cells)}
    return f"{{{','.join([said[cell] for cell in cells])}}}"


def _quoted(cell: Any) -> str:
    if cell is None:
        return "NULL"
    text = str(cell).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
