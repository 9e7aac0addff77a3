"""OGC SensorThings servers and MQTT brokers: station feeds in, bulletins, alerts and reports out. Start at
``source.py``, ``sink.py`` and ``broker_sink.py``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hydria_plugin import Importer, Later, Sink, Source, hookimpl

__all__ = ["hydria_importers", "hydria_sinks", "hydria_sources"]

SERVER, BROKER = (("httpx",), "hydria-plugin[sensorthings]"), (("paho",), "hydria-plugin[mqtt]")


@hookimpl
def hydria_sources() -> Mapping[str, Callable[..., Source]]:
    return {
        "sensorthings": Later(f"{__name__}.source", "SensorThingsSource", *SERVER),
        "mqtt": Later(f"{__name__}.broker_source", "MqttSource", *BROKER),
    }


@hookimpl
def hydria_sinks() -> Mapping[str, Callable[..., Sink]]:
    return {
        "sensorthings": Later(f"{__name__}.sink", "SensorThingsSink", *SERVER),
        "mqtt": Later(f"{__name__}.broker_sink", "MqttSink", *BROKER),
    }


@hookimpl
def hydria_importers() -> Mapping[str, Callable[..., Importer]]:
    return {"sensorthings": Later(f"{__name__}.importer", "SensorThingsImporter", *SERVER)}
