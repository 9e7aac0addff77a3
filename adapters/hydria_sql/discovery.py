"""Which table of a database is which: by the words people use in names of tables and columns."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

TABLES = {  # what it holds -> words in names of tables
    "stations": ("station", "site", "gauge", "pegel"),
    "thresholds": ("threshold", "seuil", "alarm_level", "alert_level", "warning_level", "schwelle"),
    "ratings": ("rating", "tarage", "abfluss"),
    "inputs": ("series", "sensor", "capteur", "input", "parameter"),
}
COLUMNS = {  # our name -> names of columns, the likeliest first
    "station": (
        "station",
        "stationid",
        "stationcode",
        "codestation",
        "site",
        "siteid",
        "codesite",
        "gaugeid",
        "code",
        "id",
    ),
    "name": ("name", "stationname", "label", "libelle", "libellestation", "nom", "title"),
    "target": ("target", "targetseries", "series", "seriesid", "timeseriesid"),
    "series": ("series", "seriesid", "timeseriesid", "sensorid", "codecapteur", "tsid", "code", "id"),
    "quantity": ("quantity", "parameter", "parametername", "grandeur", "variable"),
    "kind": ("kind", "quantity", "parameter", "parametername", "grandeur", "variable", "type"),
    "unit": ("unit", "units", "unite", "uom"),
    "latitude": ("latitude", "lat", "y"),
    "longitude": ("longitude", "lon", "lng", "long", "x"),
    "value": ("value", "threshold", "limit", "limitvalue", "level", "valeur", "hauteur"),
    "stage": ("stage", "level", "height", "h", "hauteur", "waterlevel"),
    "discharge": ("discharge", "flow", "q", "debit"),
    "valid_from": ("validfrom", "startdate", "start", "begin", "datedebut", "since"),
}
OF = {  # what it holds -> our columns: those that it must have, then those that it may have
    "stations": (("station",), ("name", "target", "quantity", "unit", "latitude", "longitude")),
    "thresholds": (("station", "name", "value"), ("unit",)),
    "ratings": (("station", "stage", "discharge"), ("valid_from",)),
    "inputs": (("series", "kind"), ("name", "station", "latitude", "longitude")),
}
_LISTED = """
SELECT table_schema, table_name, column_name FROM information_schema.columns
WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_schema NOT LIKE '\\_timescaledb%'
ORDER BY table_schema, table_name, ordinal_position
"""


def all_tables(connection: Connection) -> dict[str, list[str]]:
    """Name, as it may be written as an option -> columns; views as well."""
    found: dict[str, list[str]] = {}
    if connection.dialect.name == "postgresql":
        for schema, table, column in connection.execute(sa.text(_LISTED)):
            found.setdefault(f"{_quoted(schema)}.{_quoted(table)}", []).append(str(column))
        return found
    names = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type IN ('table','view') ORDER BY name")
    for (name,) in names.all():
        if not str(name).startswith("sqlite_"):
            rows = connection.exec_driver_sql(f"PRAGMA table_info({_always_quoted(name)})")
            found[_quoted(name)] = [str(row[1]) for row in rows]
    return found


def table_for(what: str, tables: Mapping[str, Sequence[str]], taken: Sequence[str]) -> str | None:
    """The table that most likely holds ``what``: its name says so, and the columns that are needed are there."""
    must, may = OF[what]
    best: tuple[int, str] | None = None
    for name, columns in tables.items():
        last = plain(name.rpartition(".")[2])
        if name in taken or not any(plain(word) in last for word in TABLES[what]):
            continue
        found = columns_for(what, columns)
        if any(m not in found for m in must):
            continue
        score = (sum(c in found for c in may), name)
        best = score if best is None or score[0] > best[0] else best
    return best[1] if best else None


def columns_for(what: str, columns: Sequence[str]) -> dict[str, str]:
    """Our name -> the column that is called so, or like it; each column once."""
    found: dict[str, str] = {}
    must, may = OF[what]
    for ours in (*must, *may):
        by_name = {plain(c): c for c in reversed(columns) if c not in found.values()}
        alike = next((by_name[word] for word in COLUMNS[ours] if word in by_name), None)
        if alike is not None:
            found[ours] = alike
    return found


def plain(name: str) -> str:
    """Lower case, without accents, blanks and underscores."""
    letters = unicodedata.normalize("NFKD", name.lower())
    return re.sub(r"[^a-z0-9]", "", letters)


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[^\s\".]+", name) else _always_quoted(name)


def _always_quoted(name: str) -> str:
    return '"' + str(name).replace('"', '""') + '"'
