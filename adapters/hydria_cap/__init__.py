"""Alerts as CAP 1.2 messages (Common Alerting Protocol, OASIS). Start at ``sink.py``; what a message must keep beyond
the schema stands in ``cap_rules.py``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hydria_plugin import Later, Sink, hookimpl

__all__ = ["hydria_sinks"]


@hookimpl
def hydria_sinks() -> Mapping[str, Callable[..., Sink]]:
    return {"cap": Later(f"{__name__}.sink", "CapSink", ("lxml", "httpx"), "hydria-plugin[cap]")}
