"""Sandre messages as bytes: forecasts (``Simuls``) and events (``Evenements``)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hydria_plugin.values import Floats

from .times import sandre_time

if TYPE_CHECKING:
    from lxml.etree import _Element

NAMESPACE = "http://xml.sandre.eaufrance.fr/scenario/hydrometrie/{version}"
AGENCY = {"schemeAgencyID": "SANDRE"}
DIGITS = 3  # after the comma, in mm and l/s


@dataclass(frozen=True, slots=True)
class Sender:
    """What stands at the head of every message."""

    version: str  # 1.1 | 2
    is_spaced: bool  # with the namespace
    sender: str  # CdIntervenant
    contact: str  # CdContact
    recipient: str  # CdIntervenant

    def message(self, created: np.datetime64, name: str) -> tuple[_Element, _Element]:
        """The root, and where the data go."""
        from lxml import etree

        root = etree.Element("hydrometrie", nsmap=self.nsmap())
        scenario = child(root, "Scenario")
        for tag, text in (
            ("CodeScenario", "hydrometrie"),
            ("VersionScenario", self.version),
            ("NomScenario", "Echange de données hydrométriques"),
            ("DateHeureCreationFichier", sandre_time(created)),
            ("RefFichier", name),
        ):
            child(scenario, tag, text)
        self.party(child(scenario, "Emetteur"), self.sender, self.contact)
        self.party(child(scenario, "Destinataire"), self.recipient, "")
        return root, child(root, "Donnees")

    def nsmap(self) -> dict[str | None, str]:
        return {None: NAMESPACE.format(version=self.version)} if self.is_spaced else {}

    def party(self, element: _Element, code: str, contact: str) -> None:
        child(element, "CdIntervenant", code, AGENCY)
        if contact:
            child(element, "CdContact", contact, AGENCY)

    def bytes(self, root: _Element) -> bytes:
        """As a file holds it. Elements get the namespace here, by their root's default one."""
        from lxml import etree

        if self.is_spaced:
            space = NAMESPACE.format(version=self.version)
            for element in root.iter():
                element.tag = f"{{{space}}}{str(element.tag).rpartition('}')[2]}"
        return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


@dataclass(frozen=True, slots=True)
class Simulation:
    """One station's forecast: H leads; ``bounds`` are min, mean and max; values in mm or l/s."""

    quantity: str  # H | Q
    entity: str  # tag: CdSiteHydro | CdStationHydro
    code: str
    issued: np.datetime64
    times: Sequence[np.datetime64]
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


def add_simulations(data: _Element, found: Iterable[Simulation], sender: Sender, labels: Labels) -> None:
    """The forecasts in the order of tags that v1.1 has; v2's own is not known, it takes the same."""
    simulations = child(data, "Simuls")
    for one in found:
        element = child(simulations, "Simul")
        child(element, "GrdSimul", one.quantity)
        child(element, "DtProdSimul", sandre_time(one.issued))
        child(element, "StatutSimul", str(labels.status))
        child(element, "PubliSimul", "true" if labels.is_public else "false")
        if one.comment:
            child(element, "ComSimul", one.comment)
        child(element, one.entity, one.code)
        child(element, "CdModelePrevision", labels.model)
        if sender.contact:
            child(element, "CdContact", sender.contact, AGENCY)
        child(element, "CdIntervenant", sender.sender, AGENCY)
        forecasts = child(element, "Prevs")
        for lead, time in enumerate(one.times):
            add_point(child(forecasts, "Prev"), one, lead, time)


def add_point(element: _Element, one: Simulation, lead: int, time: np.datetime64) -> None:
    child(element, "DtPrev", sandre_time(time))
    if one.bounds is not None:
        low, middle, high = one.bounds[lead]
        for tag, value in (("ResMoyPrev", middle), ("ResMinPrev", low), ("ResMaxPrev", high)):
            child(element, tag, decimal(value))
    if one.probabilities:
        probabilities = child(element, "ProbsPrev")
        for percent, value in zip(one.probabilities, one.values[lead], strict=True):
            pair = child(probabilities, "ProbPrev")
            child(pair, "PProbPrev", str(percent))
            child(pair, "ResProbPrev", decimal(value))


def add_event(
    data: _Element, sender: Sender, entity: str, code: str, at: np.datetime64, text: str, public: bool
) -> None:
    """A remark on a station. Types of publication: public or private, as each version numbers them."""
    element = child(child(data, "Evenements"), "Evenement")
    child(element, "CdContact", sender.contact, AGENCY)
    child(element, entity, code)
    child(element, "DtEvenement", sandre_time(at))
    child(element, "DescEvenement", text)
    if sender.version == "2":
        child(element, "TypPubliEvenement", "10" if public else "20")
    else:
        child(element, "TypPublicationEvenement", "1" if public else "100")


def decimal(value: float) -> str:
    """At most three digits after the point, none that say nothing, and no -0."""
    text = f"{value:.{DIGITS}f}".rstrip("0").rstrip(".")
    if not math.isfinite(value):
        raise ValueError(f"{value} is no value of a forecast")
    return "0" if text in ("-0", "") else text


def child(parent: _Element, tag: str, text: str = "", attributes: dict[str, str] | None = None) -> _Element:
    from lxml import etree

    element = etree.SubElement(parent, tag, attributes or {})
    if text:
        element.text = text
    return element
