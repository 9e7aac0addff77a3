"""Names of tables and columns as the admin writes them, and what the database says they are."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.elements import quoted_name
from sqlalchemy.sql.selectable import TableClause

from hydria_plugin import FeedError

PART = re.compile(r'"((?:[^"]|"")+)"|([^\s".]+)')
WHOLE = re.compile(r"(big|small|medium|tiny)?(int(?!erval)|serial)", re.IGNORECASE)
NUMBER = re.compile(rf"{WHOLE.pattern}|num|real|double|float|dec", re.IGNORECASE)
_COLUMNS_OF = """
SELECT a.attname, format_type(a.atttypid, -1) FROM pg_attribute a
WHERE a.attrelid = to_regclass(:name) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""


class OfType(sa.types.UserDefinedType[Any]):
    """A type by the name that the database itself gave it."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **_: Any) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Found:
    """A table that is there: ``types`` names each column's type."""

    name: str  # as written by the admin, for messages
    clause: TableClause
    types: Mapping[str, str]
    is_loose: bool = False  # SQLite: values have types, columns do not

    def column(self, name: str) -> ColumnElement[Any]:
        return self.clause.c[name]

    def type_of(self, column: str) -> str:
        return self.types[column]

    def cast(self, value: Any, column: str) -> ColumnElement[Any]:
        """A bound value as the column's own type: a text becomes a uuid, an enum, jsonb."""
        return sa.cast(value, OfType(self.types[column]))

    def need(self, columns: Sequence[str], what: str) -> None:
        """FeedError where one of these is not there."""
        if missing := [c for c in columns if c not in self.types]:
            there = ", ".join(self.types)
            raise FeedError(f"table {self.name} has no column {missing[0]!r} for {what}; it has: {there}")


def parts_of(name: str) -> tuple[str | None, str]:
    """(schema, table) of ``table``, ``schema.table`` or ``"My Schema"."Table"``. Raises ValueError."""
    found = [m[1].replace('""', '"') if m[1] else m[2] for m in PART.finditer(name)]
    rebuilt = ".".join(m[0] for m in PART.finditer(name))
    if rebuilt != name.strip() or not 1 <= len(found) <= 2:
        raise ValueError(f'{name!r} is no name of a table; allowed: observations, schema.table, "My Schema"."Table"')
    return (found[0], found[1]) if len(found) == 2 else (None, found[0])


def table_fault(option: str, name: object) -> list[str]:
    """The fault of an option that names a table, if it has one."""
    if not isinstance(name, str):
        return [f"{option} = {name!r} must be the name of a table"]
    try:
        parts_of(name)
    except ValueError as error:
        return [f"{option}: {error}"]
    return []


def found_table(connection: Connection, name: str, remedy: str = "") -> Found:
    """What the database says of table or view ``name``. Raises FeedError when it is not there."""
    schema, table = parts_of(name)
    types = _types(connection, schema, table)
    if not types:
        raise FeedError(f"there is no table {name}{remedy or ': create it, or correct its name'}")
    clause = sa.table(
        quoted_name(table, quote=True),
        *(sa.column(quoted_name(c, quote=True)) for c in types),
        schema=None if schema is None else quoted_name(schema, quote=True),
    )
    return Found(name, clause, types, connection.dialect.name == "sqlite")


def _types(connection: Connection, schema: str | None, table: str) -> dict[str, str]:
    quoted = [f'"{part.replace(chr(34), 2 * chr(34))}"' for part in (schema, table) if part is not None]
    if connection.dialect.name == "postgresql":
        rows = connection.execute(sa.text(_COLUMNS_OF), {"name": ".".join(quoted)})
        return {str(name): str(kind) for name, kind in rows}
    where = f"{quoted[0]}." if schema is not None else ""
    rows = connection.exec_driver_sql(f"PRAGMA {where}table_info({quoted[-1]})")
    return {str(row[1]): str(row[2] or "text").lower() for row in rows}


def among(connection: Connection, found: Found, column: str, values: Sequence[str]) -> ColumnElement[bool]:
    """``column`` is one of ``values``: one bound parameter, however many there are, and an index that can be used."""
    kind = found.type_of(column)
    chosen = [v for v in map(storable, values) if _is_whole(v) or not WHOLE.match(kind)]
    if connection.dialect.name == "postgresql":
        many = sa.cast(sa.literal(chosen, type_=sa.ARRAY(sa.Text)), OfType(f"{kind}[]"))
        return found.column(column) == sa.any_(many)
    listed = sa.select(sa.func.json_each(json.dumps(chosen)).table_valued("value").c.value)
    return found.column(column).in_(listed)


def storable(words: str) -> str:
    """Databases hold no NUL, and no half characters."""
    return words.replace("\0", "").encode("utf-8", "replace").decode()


def _is_whole(text: str) -> bool:
    return re.fullmatch(r"-?\d{1,18}", text) is not None
