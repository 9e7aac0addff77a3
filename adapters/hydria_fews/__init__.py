"""Delft-FEWS: PI time series in files and through the web service, runs of the General Adapter. Start at ``files.py``,
``rest.py`` and ``general_adapter.py``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hydria_plugin import Importer, Later, Sink, Source, hookimpl


@hookimpl
def hydria_sources() -> Mapping[str, Callable[..., Source]]:
    return {"fews": Later("hydria_fews.files", "FewsFiles"), "fews-rest": Later("hydria_fews.rest", "FewsRestSource")}


@hookimpl
def hydria_sinks() -> Mapping[str, Callable[..., Sink]]:
    return {"fews": Later("hydria_fews.drop", "FewsDrop"), "fews-rest": Later("hydria_fews.rest", "FewsRestSink")}


@hookimpl
def hydria_importers() -> Mapping[str, Callable[..., Importer]]:
    return {"fews": Later("hydria_fews.survey", "FewsSurvey")}
