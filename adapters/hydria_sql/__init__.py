"""The platform's own tables: feeds read from them, forecasts, alerts and reports written into them. PostgreSQL (and
with it TimescaleDB) and SQLite. Start at ``source.py`` and ``sink.py``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hydria_plugin import Importer, Later, Sink, Source, hookimpl

__all__ = ["hydria_importers", "hydria_sinks", "hydria_sources"]


@hookimpl
def hydria_sources() -> Mapping[str, Callable[..., Source]]:
    return {"sql": Later("hydria_sql.source", "SqlSource")}


@hookimpl
def hydria_sinks() -> Mapping[str, Callable[..., Sink]]:
    return {"sql": Later("hydria_sql.sink", "SqlSink")}


@hookimpl
def hydria_importers() -> Mapping[str, Callable[..., Importer]]:
    return {"sql": Later("hydria_sql.importer", "SqlImporter")}
