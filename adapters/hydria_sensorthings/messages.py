"""Bulletins, alerts and reports as MQTT messages: JSON, the same bytes each time, with a key to know it again by."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hydria_plugin import Alert, Bulletin, Report
from hydria_plugin.exchange import iso_utc

from .broker import Message
from .naming import put_in
from .plan import plain, report_cell, rounded, warning_cell


def forecast_message(bulletin: Bulletin, row: int, topic: str) -> Message:
    """The quantiles of one station at every lead; without leads where there is no forecast, so that an old one does not
    stand for ever."""
    layout, forecast, station = bulletin.layout, bulletin.forecast, bulletin.layout.stations[row]
    there = bool(forecast.there[row])
    issued = iso_utc(bulletin.issued_at)
    body = {
        "key": f"{bulletin.pipeline}/{station}/{issued}/{bulletin.revision}",
        "kind": "forecast",
        "pipeline": bulletin.pipeline,
        "station": station,
        "issued_at": issued,
        "revision": bulletin.revision,
        "quantity": layout.quantities[row],
        "unit": layout.units[row],
        "made_by": forecast.made_by[row],
        "degraded": list(bulletin.degraded)[:20],
        "quantiles": list(forecast.quantiles),
        "valid_at": [iso_utc(time) for time in forecast.valid_times()] if there else [],
        "values": [[rounded(v) for v in lead] for lead in forecast.values[row].tolist()] if there else [],
    }
    return Message(put_in(topic, words(pipeline=bulletin.pipeline, station=station)), packed(body))


def alert_message(bulletin: Bulletin, alert: Alert, topic: str) -> Message:
    """The state of a station's event; ``level`` 0 is calm, 1 the lowest threshold."""
    cell = warning_cell(alert)
    body = {
        "key": f"{alert.event}/{alert.sequence}/{iso_utc(alert.issued_at)}/{bulletin.revision}",
        "kind": "alert",
        "pipeline": bulletin.pipeline,
        "station": alert.station,
        "issued_at": iso_utc(alert.issued_at),
        "level": int(cell.value),
        **(cell.parameters or {}),
    }
    return Message(put_in(topic, words(pipeline=bulletin.pipeline, station=alert.station)), packed(body))


def report_message(report: Report, topic: str, pictures: bool) -> Message:
    told = dict(report_cell(report, np.datetime64("NaT"), pictures).parameters or {})
    digest = hashlib.sha256(packed(told)).hexdigest()[:12]
    body = {**told, "key": f"{report.event}/{report.kind}/{digest}", "report": report.kind, "kind": "report"}
    return Message(put_in(topic, words(station=report.station, kind=report.kind)), packed(body))


def words(**said: str) -> Mapping[str, str]:
    """Words as they may stand in a topic: ``/``, ``+`` and ``#`` mean something there."""
    return {word: escaped(text) for word, text in said.items()}


def escaped(text: str) -> str:
    for sign in "%/+#$\0":
        text = text.replace(sign, f"%{ord(sign):02X}")
    return text


def packed(body: Mapping[str, Any]) -> bytes:
    return json.dumps(plain(body), ensure_ascii=False, sort_keys=True, allow_nan=False).encode()


def topic_faults(option: str, topic: str) -> Sequence[str]:
    """Wildcards are for those who listen."""
    bad = [sign for sign in "+#\0" if sign in topic]
    return [f"{option} = {topic!r} must not hold {bad[0]!r}: that is for those who listen"] if bad else []
