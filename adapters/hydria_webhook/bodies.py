"""What a message says, as JSON: described in ``body.schema.json``. Numbers that are not known are null."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hydria_plugin import Alert, Bulletin, Report, Thresholds
from hydria_plugin.drawing import Words
from hydria_plugin.exchange import Notice, iso_utc, jsonable

from .signing import identity_of

VERSION = 1
MOST = 20_000  # bytes of a report's body; more of it stays here, as receivers want small messages


@dataclass(frozen=True, slots=True)
class Letter:
    """One message, ready to be signed."""

    identity: str
    body: bytes
    about: str  # for messages to people


def alert_letter(
    alert: Alert, bulletin: Bulletin, tongues: Sequence[Words], thresholds: Thresholds | None = None
) -> Letter:
    """The letter of an alert that is news; made again it is the same, byte for byte."""
    notices = [Notice.of(alert, bulletin, words, thresholds) for words in tongues]
    identity = identity_of("alert", bulletin.pipeline, alert.event, alert.sequence)
    content = {
        "version": VERSION,
        "type": f"alert.{alert.reason.lower()}",
        "timestamp": iso_utc(bulletin.known_at),
        "data": {
            "pipeline": bulletin.pipeline,
            "revision": bulletin.revision,
            "name": notices[0].station,
            "unit": notices[0].unit,
            "quantity": bulletin.layout.quantities[bulletin.layout.stations.index(alert.station)],
            "made_by": notices[0].made_by,
            "is_rate": notices[0].is_rate,
            **_facts(alert),
            "texts": {n.words.language: {"headline": n.headline, "text": n.sentences} for n in notices},
        },
    }
    return Letter(identity, _json(content), f"{alert.reason} of {alert.event}")


def report_letter(report: Report) -> Letter:
    """The letter of an explanation: pictures are left out, and the details of one that is too long."""
    body = {key: value for key, value in report.body.items() if key != "svg"}
    whole = _json(body)
    identity = identity_of("report", report.event, report.station, report.kind, hashlib.sha256(whole).hexdigest())
    is_short = len(whole) <= MOST
    content = {
        "version": VERSION,
        "type": f"report.{report.kind}",
        "timestamp": report.body.get("issued_at") if isinstance(report.body.get("issued_at"), str) else None,
        "data": {
            "event": report.event or None,
            "station": report.station,
            "kind": report.kind,
            "headline": report.headline,
            "body": body if is_short else None,
            "is_shortened": not is_short,
        },
    }
    return Letter(identity, _json(content), f"report {report.kind} of {report.event or report.station}")


def _facts(a: Alert) -> Mapping[str, Any]:
    return {
        "event": a.event,
        "sequence": a.sequence,
        "reason": str(a.reason),
        "station": a.station,
        "threshold": a.threshold,
        "rank": a.rank,
        "limit": _number(a.limit),
        "probability": _number(a.probability),
        "is_lower_bound": a.is_lower_bound,
        "basis": str(a.basis),
        "observed": _number(a.observed),
        "peak": _number(a.peak),
        "peak_at": _time(a.peak_at),
        "crosses_at": _time(a.crosses_at),
        "issued_at": _time(a.issued_at),
        "note": a.note,
    }


def _number(value: float) -> float | None:
    return float(f"{value:.7g}") if math.isfinite(value) else None


def _time(time: np.datetime64) -> str | None:
    return None if np.isnat(time) else iso_utc(time)


def _json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(
        jsonable(content), ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    ).encode("utf-8", "replace")
