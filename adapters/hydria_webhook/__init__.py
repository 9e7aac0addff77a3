"""Alerts and their explanations to an address of the platform: as signed webhooks, or into Alertmanager. Start at
``sink.py``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hydria_plugin import Later, Sink, hookimpl

__all__ = ["hydria_sinks"]


@hookimpl
def hydria_sinks() -> Mapping[str, Callable[..., Sink]]:
    return {"webhook": Later(f"{__name__}.sink", "WebhookSink", ("httpx",), "hydria-plugin[webhook]")}
