"""CSV files: station feeds in, bulletins and reports out. Start at ``source.py`` and ``sink.py``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hydria_plugin import Sink, Source, hookimpl

from .sink import CsvSink
from .source import CsvSource

__all__ = ["CsvSink", "CsvSource", "hydria_sinks", "hydria_sources"]


@hookimpl
def hydria_sources() -> Mapping[str, Callable[..., Source]]:
    return {"csv": CsvSource}


@hookimpl
def hydria_sinks() -> Mapping[str, Callable[..., Sink]]:
    return {"csv": CsvSink}
