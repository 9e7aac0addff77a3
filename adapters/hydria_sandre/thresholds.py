"""Thresholds of Sandre: v1.1 holds them in their site, v2 apart; tolerance, validity, and bands of severity."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .codes import number
from .times import instant
from .tree import below, children, text, value

if TYPE_CHECKING:
    from lxml.etree import _Element

ABSOLUTE, GRADIENT = 1, 2  # nomenclature 528
BANDS = {"jaune": (25, 48), "orange": (50, 73), "rouge": (75, 100)}  # 24, 49 and 74 begin the transitions


@dataclass(frozen=True, slots=True)
class Threshold:
    """One value of one threshold, in mm or l/s."""

    entity: str  # code of a site, a station or a sensor
    quantity: str  # Q | H
    value: float
    kind: int  # 528
    nature: int  # 529
    severity: int  # -1 = not said
    minutes: int  # of a gradient
    label: str
    tolerance: float  # NaN = not said
    since: np.datetime64
    until: np.datetime64

    def holds(self, now: np.datetime64) -> bool:
        begun = np.isnat(self.since) or self.since <= now
        return bool(begun and (np.isnat(self.until) or now < self.until))


def thresholds(root: _Element) -> list[Threshold]:
    """All of a message, of either version."""
    return [*old_ones(root), *new_ones(root)]


def old_ones(root: _Element) -> Iterator[Threshold]:
    """v1.1. A threshold with several values is written once per value, its type and nature the first time only."""
    for site in below(root, "SiteHydro"):
        heads: dict[str, _Element] = {}
        for group in children(site, "ValeursSeuilsSiteHydro"):
            for one in children(group, "ValeursSeuilSiteHydro", "ValeurSeuilSiteHydro"):
                head = heads.setdefault(text(one, "CdSeuilSiteHydro"), one)
                yield old(one, head, text(site, "CdSiteHydro"), "Q", "SiteHydro", "ValDebitSeuilSiteHydro")
                for part in below(one, "ValeursSeuilStationHydro", "ValeurSeuilStationHydro"):
                    code = text(part, "CdStationHydro")
                    yield old(part, head, code, "H", "StationHydro", "ValHauteurSeuilStationHydro")


def old(one: _Element, head: _Element, entity: str, quantity: str, end: str, tag: str) -> Threshold:
    return Threshold(
        entity,
        quantity,
        value(one, tag),
        number(text(head, "TypSeuilSiteHydro")),
        number(text(head, "NatureSeuilSiteHydro")),
        number(text(head, "IndiceGraviteSeuilSiteHydro")),
        number(text(head, "DureeSeuilSiteHydro")),
        text(head, "LbUsuelSeuilSiteHydro") or text(head, "MnemoSeuilSiteHydro"),
        value(one, f"ToleranceSeuil{end}"),
        instant(text(one, f"DtActivationSeuil{end}")),
        instant(text(one, f"DtDesactivationSeuil{end}")),
    )


def new_ones(root: _Element) -> Iterator[Threshold]:
    """v2: a value is of a site (Q), a station or a sensor (H)."""
    for head in below(root, "SeuilHydro"):
        for group in children(head, "ValsSeuilHydro"):
            for one in children(group, "ValSeuilHydro"):
                whose = next(children(one, "SiteHydro", "StationHydro", "Capteur"), None)
                code = text(whose, "CdSiteHydro", "CdStationHydro", "CdCapteur")
                quantity = "Q" if text(whose, "CdSiteHydro") else "H"
                yield new(one, head, code, quantity)


def new(one: _Element, head: _Element, entity: str, quantity: str) -> Threshold:
    return Threshold(
        entity,
        quantity,
        value(one, "ValValSeuilHydro"),
        number(text(head, "TypSeuilHydro")),
        number(text(head, "NatureSeuilHydro")),
        number(text(head, "IndiceGraviteSeuilHydro")),
        number(text(head, "DureeSeuilHydro")),
        text(head, "LbUsuelSeuilHydro") or text(head, "MnSeuilHydro"),
        value(one, "ToleranceValSeuilHydro"),
        instant(text(one, "DtActivationValSeuilHydro")),
        instant(text(one, "DtDesactivationValSeuilHydro")),
    )


@dataclass(slots=True)
class Bands:
    """Which thresholds are taken, and as what. Of several in force in one band the lowest counts."""

    natures: Sequence[int]
    bands: Mapping[str, tuple[int, int]]

    def of(self, found: Sequence[Threshold], now: np.datetime64) -> dict[tuple[str, str], dict[str, Threshold]]:
        """(entity, quantity) -> band -> threshold."""
        taken: dict[tuple[str, str], dict[str, Threshold]] = {}
        for one in found:
            band = self.band(one)
            if not band or not one.entity or not math.isfinite(one.value) or not one.holds(now):
                continue
            mine = taken.setdefault((one.entity, one.quantity), {})
            if band not in mine or one.value < mine[band].value:
                mine[band] = one
        return taken

    def band(self, one: Threshold) -> str:
        """ "" for a threshold that is not taken."""
        if one.kind != ABSOLUTE or one.nature not in self.natures:
            return ""
        return next((name for name, (low, high) in self.bands.items() if low <= one.severity <= high), "")

    def rising(self, mine: Mapping[str, Threshold]) -> tuple[dict[str, Threshold], list[str]]:
        """In the order of the bands, each above the one before; what does not rise is left out, and told."""
        kept: dict[str, Threshold] = {}
        lost, last = [], -math.inf
        for name in self.bands:
            if name in mine and mine[name].value > last:
                kept[name], last = mine[name], mine[name].value
            elif name in mine:
                lost.append(f"{name} = {mine[name].value:g} is not above {last:g}")
        return kept, lost


def not_taken(found: Sequence[Threshold], bands: Bands, now: np.datetime64) -> list[str]:
    """What there is besides, in words."""
    told = []
    gradients = [t for t in found if t.kind == GRADIENT and math.isfinite(t.value) and t.holds(now)]
    for one in gradients:
        unit = "l/s" if one.quantity == "Q" else "mm"
        told.append(f"{one.entity}: {one.value:g} {unit} in {one.minutes} min is a rate of rise: see [alerts] rates")
    others = [t for t in found if t.kind != GRADIENT and not bands.band(t) and math.isfinite(t.value)]
    if others:
        natures = sorted({t.nature for t in others})
        told.append(f"{len(others)} thresholds of natures {natures} are in no band: see `natures` and `bands`")
    past = [t for t in found if bands.band(t) and math.isfinite(t.value) and not t.holds(now)]
    if past:
        told.append(f"{len(past)} thresholds are not in force on {str(now)[:10]}")
    return told
