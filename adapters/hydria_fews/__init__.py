"""Delft-FEWS: PI time series in files and through the web service, runs of the General Adapter. Start at ``files.py``,
``rest.py`` and ``general_adapter.py``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hydria_plugin import Importer, Later, Sink, Source, hookimpl

XML, WEB, EXTRA = ("lxml",), ("lxml", "httpx"), "hydria-plugin[fews]"


@hookimpl
def hydria_sources() -> Mapping[str, Callable[..., Source]]:
    return {
        "fews": Later("hydria_fews.files", "FewsFiles", XML, EXTRA),
        "fews-rest": Later("hydria_fews.rest", "FewsRestSource", WEB, EXTRA),
    }


@hookimpl
def hydria_sinks() -> Mapping[str, Callable[..., Sink]]:
    return {
        "fews": Later("hydria_fews.drop", "FewsDrop", XML, EXTRA),
        "fews-rest": Later("hydria_fews.rest", "FewsRestSink", WEB, EXTRA),
    }


@hookimpl
def hydria_importers() -> Mapping[str, Callable[..., Importer]]:
    return {"fews": Later("hydria_fews.survey", "FewsSurvey", WEB, EXTRA)}
