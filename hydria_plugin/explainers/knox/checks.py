"""When a reading is not to be trusted: each check gives cautions with their numbers; words are made elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hydria_plugin.forecasters.block_network.twin import Twin
from hydria_plugin.values import Floats

from .readings import Caution

SPREAD = 0.04  # interquartile range of a share over the initialisations
SIGN = 0.2  # share of the paths that lower the flow
DISAGREEMENT = 0.10  # between the headline and the cross-check
STATE = 0.4  # share of the state inputs
SKILL = 0.7  # Nash and Sutcliffe's efficiency, as the target was shown
ALIKE = 0.95  # correlation of two gauges
SILENT = 0.005  # share of the steps with rain and a value
SPEAKING = 0.9  # share of the steps with a value
WINDOW = 0.02  # share of a zone's response in the last eighth of the window
EVENTS = 5
DROPPED = 0.1  # share of the initialisations
WET_DRY = 0.15
SMALL = 0.05  # share below which a zone's times are not judged


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """What a reading found, before it is judged."""

    shares: Floats  # (Z) headline
    iqr: Floats  # (Z)
    cross: Floats  # (Z) cross-check
    wet: Floats  # (Z)
    dry: Floats  # (Z)
    lags: Floats  # (Z, L) distribution of lags
    negative: float
    state: float


def cautions(twin: Twin, found: Findings) -> tuple[Caution, ...]:
    """All cautions of a reading, those that bear on all of it first."""
    return (*of_the_whole(twin, found), *of_the_gauges(twin), *of_the_zones(twin, found))


def of_the_whole(twin: Twin, found: Findings) -> Iterator[Caution]:
    tried = twin.initialisations + twin.dropped
    if (nse := twin.skill.get("nse_shown", 0.0)) < SKILL:
        yield Caution("skill", {"nse": nse, "limit": SKILL})
    if twin.events < EVENTS:
        yield Caution("events", {"events": twin.events, "limit": EVENTS})
    if twin.dropped > DROPPED * tried:
        yield Caution("members", {"dropped": twin.dropped, "initialisations": tried, "limit": DROPPED})
    if found.negative > SIGN:
        yield Caution("sign", {"share": found.negative, "limit": SIGN})
    if found.state > STATE:
        yield Caution("state", {"share": found.state, "limit": STATE})
    if len(twin.slots) == 1:
        yield Caution("single", {}, twin.slots)


def of_the_gauges(twin: Twin) -> Iterator[Caution]:
    for z, slot in enumerate(twin.slots):
        heard = float(twin.wet[z] * twin.speaking[z])
        if heard < SILENT:
            yield Caution("silent", {"share": heard, "limit": SILENT}, (slot,))
        elif twin.speaking[z] < SPEAKING:
            yield Caution("silent", {"share": float(twin.speaking[z]), "limit": SPEAKING}, (slot,))
        for other in range(z + 1, len(twin.slots)):
            if twin.alike[z, other] > ALIKE:
                numbers = {"correlation": float(twin.alike[z, other]), "limit": ALIKE}
                yield Caution("alike", numbers, (slot, twin.slots[other]))


def of_the_zones(twin: Twin, found: Findings) -> Iterator[Caution]:
    last = max(1, twin.lags // 8)
    for z, slot in enumerate(twin.slots):
        share, late = float(found.shares[z]), float(found.lags[z, -last:].sum())
        if found.iqr[z] > SPREAD:
            yield Caution("spread", {"iqr": float(found.iqr[z]), "limit": SPREAD}, (slot,))
        if abs(share - found.cross[z]) > DISAGREEMENT:
            numbers = {"share": share, "other": float(found.cross[z]), "limit": DISAGREEMENT}
            yield Caution("disagreement", numbers, (slot,))
        if late > WINDOW and share > SMALL:
            yield Caution("window", {"share": late, "limit": WINDOW}, (slot,))
        if abs(found.wet[z] - found.dry[z]) > WET_DRY:
            numbers = {"wet": float(found.wet[z]), "dry": float(found.dry[z]), "limit": WET_DRY}
            yield Caution("wet-dry", numbers, (slot,))
