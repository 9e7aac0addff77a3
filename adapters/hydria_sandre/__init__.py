"""Sandre "Hydrométrie" XML and the SCHAPI CSV drop: observations and forecasts in, forecasts out, referential imported.

Start at ``source.py``, ``sink.py`` and ``importer.py``; decisions 0090 and 0091 say why forecasts and alerts look so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hydria_plugin import Importer, Later, Sink, Source, hookimpl

NEEDS = ("lxml",), "hydria-plugin[sandre]"


@hookimpl
def hydria_sources() -> Mapping[str, Callable[..., Source]]:
    return {"sandre": Later(f"{__name__}.source", "SandreSource", *NEEDS)}


@hookimpl
def hydria_sinks() -> Mapping[str, Callable[..., Sink]]:
    return {"sandre": Later(f"{__name__}.sink", "SandreSink", *NEEDS)}


@hookimpl
def hydria_importers() -> Mapping[str, Callable[..., Importer]]:
    return {"sandre": Later(f"{__name__}.importer", "SandreImporter", *NEEDS)}
