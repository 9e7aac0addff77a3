"""From an alert to the message that tells it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import numpy as np

from hydria_plugin import Alert, Basis, Bulletin, Reason, Thresholds
from hydria_plugin.drawing import Words
from hydria_plugin.exchange import Notice

from .levels import AWARENESS, Levels, certainty, response, urgency
from .markup import stamp
from .message import Area, Info, Message, Named, Reference, Resource

TEXT: Mapping[str, Mapping[str, str]] = {
    "fr": {
        "event": "Crue",
        "instruction": "Suivre les consignes des autorités. Vigilance officielle : www.vigicrues.gouv.fr.",
    },
    "en": {
        "event": "Flood",
        "instruction": "Follow the instructions of the authorities and their official warnings.",
    },
}
FLOODING = "12; flooding"  # awareness_type of Meteoalarm


@dataclass(frozen=True)
class Style:
    """What the admin decided on every message."""

    sender: str
    sender_name: str
    status: str
    scope: str
    restriction: str
    addresses: str
    note: str
    category: str
    web: str
    contact: str
    instruction: Mapping[str, str]
    tongues: tuple[Words, ...]
    levels: Levels
    cleared: str  # "cancel" or "update"
    thresholds: Thresholds | None = field(default=None)


def message_of(
    style: Style,
    alert: Alert,
    bulletin: Bulletin,
    name: str,
    earlier: Sequence[Reference],
    areas: Sequence[Area],
    resources: Sequence[Resource],
    expires: np.datetime64,
) -> Message:
    """``name``: of the message within its event; ``earlier``: what was told of it."""
    sent = bulletin.known_at.astype("datetime64[s]")
    return Message(
        identifier=identifier(bulletin.pipeline, alert.event, name),
        sender=style.sender,
        sent=sent,
        status=style.status,
        kind=kind_of(alert, bool(earlier), style.cleared),
        scope=style.scope,
        restriction=style.restriction,
        addresses=style.addresses,
        note=style.note,
        references=tuple(earlier),
        incidents=safe(alert.event),
        infos=tuple(
            _info(style, Notice.of(alert, bulletin, words, style.thresholds), sent, expires, areas, resources)
            for words in style.tongues
        ),
    )


def kind_of(alert: Alert, is_known: bool, cleared: str) -> str:
    """An Alert where nothing was told before: an Update or Cancel must name what it is about."""
    if not is_known:
        return "Alert"
    return "Cancel" if alert.reason is Reason.CLEARED and cleared == "cancel" else "Update"


def identifier(pipeline: str, event: str, name: str) -> str:
    """The same for the same message, and no other's."""
    return f"{safe(pipeline)}.{safe(event)}.{name}"


def safe(name: str) -> str:
    """Without what ends a name in references, blanks above all; names that differ stay different."""
    plain = re.sub(r"[^A-Za-z0-9_:-]", "_", name)[:80]
    return plain if plain == name else f"{plain}-{sha256(name.encode()).hexdigest()[:8]}"


def _info(
    style: Style,
    notice: Notice,
    sent: np.datetime64,
    expires: np.datetime64,
    areas: Sequence[Area],
    resources: Sequence[Resource],
) -> Info:
    alert, language = notice.alert, notice.words.language
    severity = style.levels.severity(alert)
    test = f"{notice.test} " if style.status != "Actual" else ""
    cleared = alert.reason is Reason.CLEARED
    return Info(
        language=language,
        category=style.category,
        event=TEXT[language]["event"],
        response=response(severity, alert.reason),
        urgency=urgency(alert, sent),
        severity=severity,
        certainty=certainty(alert),
        effective=sent,
        onset=np.datetime64("NaT", "s") if cleared else alert.crosses_at.astype("datetime64[s]"),
        expires=expires,
        sender_name=style.sender_name,
        headline=f"{test}{notice.headline}",
        description=f"{test}{notice.headline}. {notice.sentences}",
        instruction=style.instruction.get(language, TEXT[language]["instruction"]),
        web=style.web,
        contact=style.contact,
        parameters=parameters(notice, severity),
        resources=tuple(resources),
        areas=tuple(areas),
    )


def parameters(notice: Notice, severity: str) -> Named:
    """Numbers for machines: plain, with a point, in the station's unit; times as CAP writes them."""
    a = notice.alert
    pairs = {
        "awareness_level": AWARENESS[severity],
        "awareness_type": FLOODING,
        "hydria:label": notice.label,
        "hydria:station": a.station,
        "hydria:event": a.event,
        "hydria:sequence": str(a.sequence),
        "hydria:reason": str(a.reason),
        "hydria:threshold": a.threshold,
        "hydria:limit": _number(a.limit),
        "hydria:unit": notice.unit,
        "hydria:probability": _number(a.probability),
        "hydria:probability_is_lower_bound": str(a.is_lower_bound).lower() if np.isfinite(a.probability) else "",
        "hydria:observed": _number(a.observed),
        "hydria:peak": _number(a.peak),
        "hydria:peak_at": stamp(a.peak_at),
        "hydria:crosses_at": stamp(a.crosses_at),
        "hydria:basis": str(Basis(a.basis)),
        "hydria:issued_at": stamp(a.issued_at),
        "hydria:made_by": notice.made_by,
        "hydria:note": a.note,
    }
    return tuple((name, value) for name, value in pairs.items() if value)


def _number(value: float) -> str:
    return f"{value:.7g}" if np.isfinite(value) else ""
