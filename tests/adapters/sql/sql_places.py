"""The host's side of the SQL tests: its database, seen without the adapter; and the questions a buffer would ask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa

from hydria_plugin import Wanted
from hydria_sql.sink import SqlSink
from hydria_sql.source import SqlSource


@dataclass
class Place:
    """A database: what the platform itself does in it."""

    url: str
    engine: sa.Engine
    opened: list[Any] = field(default_factory=list)

    @property
    def is_postgresql(self) -> bool:
        return self.engine.dialect.name == "postgresql"

    @property
    def stamp(self) -> str:
        """The type of a time with zone."""
        return "timestamptz" if self.is_postgresql else "text"

    def run(self, statement: str, rows: Sequence[dict[str, Any]] | None = None) -> None:
        with self.engine.begin() as connection:
            connection.execute(sa.text(statement), rows)

    def all(self, statement: str, **given: Any) -> list[tuple[Any, ...]]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(sa.text(statement), given)]

    def observations(self, rows: Sequence[tuple[Any, ...]], more: str = "", table: str = "obs") -> None:
        """A table as platforms have it; ``more``: further columns with their types. Rows are tuples in its order."""
        names = ["series", "time", "value", *(word.split()[0] for word in more.split(",") if word)]
        columns = f"series text, time {self.stamp}, value double precision{', ' if more else ''}{more}"
        self.run(f"CREATE TABLE {table} ({columns})")
        self.add(rows, names, table)

    def add(self, rows: Sequence[tuple[Any, ...]], names: Sequence[str] = (), table: str = "obs") -> None:
        names = names or ["series", "time", "value"]
        if rows:
            marks = ", ".join(f":{n}" for n in names)
            given = [dict(zip(names, row, strict=True)) for row in rows]
            self.run(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", given)

    def source(self, table: str = "obs", **options: Any) -> SqlSource:
        given = options if "query" in options else {"table": table, **options}
        self.opened.append(SqlSource(database=self.url, **given))
        return self.opened[-1]

    def sink(self, **options: Any) -> SqlSink:
        self.opened.append(SqlSink(database=self.url, **options))
        return self.opened[-1]

    def read(self, *series: str, wanted: Wanted | None = None, **options: Any) -> pd.DataFrame:
        return self.source(**options).read(wanted or asked(*series))

    def close(self) -> None:
        for one in self.opened:
            one.close()
        self.engine.dispose()


def asked(
    *series: str,
    start: str = "2026-03-01T00:00",
    issued_at: str = "2026-03-01T12:00",
    known_at: str | None = None,
    step: int = 60,
    horizon: int = 6,
) -> Wanted:
    """``step`` in minutes, ``horizon`` in steps."""
    issued, width = np.datetime64(issued_at, "s"), np.timedelta64(step * 60, "s")
    known = np.datetime64(known_at or issued_at, "us")
    return Wanted(series, np.datetime64(start, "s"), issued, known, issued + horizon * width, width)


def cells(table: pd.DataFrame) -> list[tuple[str, str, float]]:
    """(series, time, value), in the table's order; times to the minute."""
    times = [f"{t:%Y-%m-%dT%H:%M}" for t in table["time"]]
    return list(zip(table["series"], times, table["value"].tolist(), strict=True))


def problems(table: pd.DataFrame) -> list[str]:
    return [p.error for p in table.attrs["problems"]]
