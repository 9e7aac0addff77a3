"""Sandre messages as text: forecasts (``Simuls``) and events (``Evenements``).

Written as text, not as a tree: a bulletin of a thousand stations is two million elements.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

import numpy as np

from hydria_plugin.values import Floats

from .times import sandre_time

NAMESPACE = "http://xml.sandre.eaufrance.fr/scenario/hydrometrie/{version}"
AGENCY = ' schemeAgencyID="SANDRE"'
DIGITS = 3  # after the point, in mm and l/s


@dataclass(frozen=True, slots=True)
class Sender:
    """What stands at the head of every message."""

    version: str  # 1.1 | 2
    is_spaced: bool  # with the namespace
    sender: str  # CdIntervenant
    contact: str  # CdContact
    recipient: str  # CdIntervenant

    def message(self, created: np.datetime64, name: str, data: str) -> bytes:
        """A whole file with ``data`` in it."""
        space = f' xmlns="{NAMESPACE.format(version=self.version)}"' if self.is_spaced else ""
        head = "\n".join(
            [
                element("CodeScenario", "hydrometrie"),
                element("VersionScenario", self.version),
                element("NomScenario", "Echange de données hydrométriques"),
                element("DateHeureCreationFichier", sandre_time(created)),
                element("RefFichier", name),
                f"<Emetteur>{self.party(self.sender, self.contact)}</Emetteur>",
                f"<Destinataire>{self.party(self.recipient, '')}</Destinataire>",
            ]
        )
        text = f"<hydrometrie{space}>\n<Scenario>\n{head}\n</Scenario>\n<Donnees>\n{data}</Donnees>\n</hydrometrie>\n"
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()

    def party(self, code: str, contact: str) -> str:
        who = element("CdIntervenant", code, AGENCY)
        return who + element("CdContact", contact, AGENCY) if contact else who


@dataclass(frozen=True, slots=True)
class Simulation:
    """One station's forecast: H leads; ``bounds`` are min, mean and max; values in mm or l/s."""

    quantity: str  # H | Q
    entity: str  # tag: CdSiteHydro | CdStationHydro
    code: str
    issued: np.datetime64
    times: Sequence[str]  # H; none where there is only a comment to tell
    bounds: Floats | None  # (H, 3)
    probabilities: Sequence[int]  # P, of not being exceeded, in percent
    values: Floats  # (H, P)
    comment: str


@dataclass(frozen=True, slots=True)
class Labels:
    """What is the same for all forecasts of a sink."""

    model: str
    status: int
    is_public: bool


def simulations(found: Iterable[Simulation], sender: Sender, labels: Labels) -> str:
    """The forecasts in the order of tags that v1.1 has; v2's own is not known, it takes the same."""
    return "".join(["<Simuls>\n", *(simulation(one, sender, labels) for one in found), "</Simuls>\n"])


def simulation(one: Simulation, sender: Sender, labels: Labels) -> str:
    head = [
        element("GrdSimul", one.quantity),
        element("DtProdSimul", sandre_time(one.issued)),
        element("StatutSimul", str(labels.status)),
        element("PubliSimul", "true" if labels.is_public else "false"),
        element("ComSimul", one.comment) if one.comment else "",
        element(one.entity, one.code),
        element("CdModelePrevision", labels.model),
        element("CdContact", sender.contact, AGENCY),
        element("CdIntervenant", sender.sender, AGENCY),
    ]
    bounds = [None] * len(one.times) if one.bounds is None else one.bounds.tolist()
    rows = zip(one.times, bounds, one.values.tolist(), strict=False)
    points = "".join(point(time, bound, one.probabilities, values) for time, bound, values in rows)
    forecasts = f"<Prevs>\n{points}</Prevs>\n" if points else ""
    return "<Simul>\n" + "\n".join(filter(None, head)) + f"\n{forecasts}</Simul>\n"


def point(time: str, bound: Sequence[float] | None, percents: Sequence[int], values: Sequence[float]) -> str:
    parts = [f"<Prev><DtPrev>{time}</DtPrev>"]
    if bound is not None:
        low, middle, high = map(decimal, bound)
        parts.append(f"<ResMoyPrev>{middle}</ResMoyPrev><ResMinPrev>{low}</ResMinPrev><ResMaxPrev>{high}</ResMaxPrev>")
    if percents:
        pairs = [
            f"<ProbPrev><PProbPrev>{percent}</PProbPrev><ResProbPrev>{decimal(value)}</ResProbPrev></ProbPrev>"
            for percent, value in zip(percents, values, strict=True)
        ]
        parts.append(f"<ProbsPrev>{''.join(pairs)}</ProbsPrev>")
    return "".join([*parts, "</Prev>\n"])


def event(sender: Sender, entity: str, code: str, at: np.datetime64, text: str, is_public: bool) -> str:
    """A remark on a station. Types of publication: public or private, as each version numbers them."""
    kind = ("TypPubliEvenement", "10" if is_public else "20")
    if sender.version != "2":
        kind = ("TypPublicationEvenement", "1" if is_public else "100")
    parts = [
        element("CdContact", sender.contact, AGENCY),
        element(entity, code),
        element("DtEvenement", sandre_time(at)),
        element("DescEvenement", text),
        element(*kind),
    ]
    return "<Evenements>\n<Evenement>\n" + "\n".join(parts) + "\n</Evenement>\n</Evenements>\n"


def decimal(value: float) -> str:
    """At most three digits after the point, none that say nothing, and no -0."""
    if not math.isfinite(value):
        raise ValueError(f"{value} is no value of a forecast")
    text = f"{value:.{DIGITS}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def element(tag: str, text: str, attributes: str = "") -> str:
    """One element with a text that may hold anything XML can."""
    return f"<{tag}{attributes}>{escape(text)}</{tag}>"
