"""Alerts as mail, with the hydrograph. Start at ``sink.py``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hydria_plugin import Later, Sink, hookimpl

__all__ = ["hydria_sinks"]


@hookimpl
def hydria_sinks() -> Mapping[str, Callable[..., Sink]]:
    return {"mail": Later(f"{__name__}.sink", "MailSink")}
