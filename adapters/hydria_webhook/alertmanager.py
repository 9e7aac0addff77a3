"""Open events as alerts of Prometheus' Alertmanager, API v2.

Alertmanager knows an alert by its labels: they say which station and which threshold, never how much or since when. One
that is not sent again ends by itself at ``endsAt``; so every bulletin sends the open ones, with an end that outlasts
some missed cycles, and one that is over is sent with an end that has come.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hydria_plugin import Alert, Bulletin, Reason, Thresholds
from hydria_plugin.drawing import Words
from hydria_plugin.exchange import Notice, iso_utc

NAME = "HydriaFlood"
BY_RANK = ("warning", "warning", "critical")  # a severity is what most routes look at


def alerts_of(
    bulletin: Bulletin,
    tongues: Sequence[Words],
    thresholds: Thresholds | None,
    labels: Mapping[str, str],
    severity: Mapping[str, str],
    lasts: np.timedelta64,
) -> list[dict[str, Any]]:
    """Each open event under the threshold it stands on, ending ``lasts`` after the issue time. Where it moved, every
    other threshold of the pipeline ends: so nothing has to be remembered, and a restart loses nothing."""
    found = []
    for alert in bulletin.alerts:
        notices = [Notice.of(alert, bulletin, words, thresholds) for words in tongues]
        others = thresholds.names if thresholds and alert.is_news else ()
        for name in dict.fromkeys([*others, alert.threshold]):
            is_open = name == alert.threshold and alert.reason is not Reason.CLEARED
            own = {"severity": severity_of(name, alert, thresholds, severity)}
            found.append({
                "labels": {**own, **labels, "alertname": NAME, "pipeline": bulletin.pipeline,
                           "station": alert.station, "threshold": name},
                "annotations": _annotations(notices, alert) if name == alert.threshold else {},
                "startsAt": iso_utc(min(alert.told_at, alert.issued_at)),
                "endsAt": iso_utc(bulletin.issued_at + lasts) if is_open else iso_utc(bulletin.issued_at),
            })  # fmt: skip
    return found


def severity_of(name: str, alert: Alert, thresholds: Thresholds | None, named: Mapping[str, str]) -> str:
    """As the admin named it; else by the threshold's place, which is the same in every bulletin."""
    if name in named:
        return named[name]
    known = thresholds.names if thresholds else ()
    rank = known.index(name) if name in known else max(alert.rank, 0)
    return BY_RANK[min(rank, len(BY_RANK) - 1)]


def _annotations(notices: Sequence[Notice], alert: Alert) -> dict[str, str]:
    """What changes from bulletin to bulletin: texts, values, the event."""
    texts: dict[str, str] = {}
    for n in notices:
        mark = "" if n is notices[0] else f"_{n.words.language}"
        texts |= {f"summary{mark}": n.headline, f"description{mark}": n.sentences}
    return {**texts, "event": alert.event, "sequence": str(alert.sequence), "reason": str(alert.reason)}
