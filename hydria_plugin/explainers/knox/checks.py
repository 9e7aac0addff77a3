"""When a reading is not to be trusted: each check gives cautions with their numbers; words are made elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hydria_plugin.forecasters.block_network.twin import Twin
from hydria_plugin.values import Floats

from .readings import Caution
from .response import beyond, lopsided, passed_by

SPREAD = 0.04  # interquartile range of a share over the initialisations
SIGN = 0.2  # share of the paths that lower the flow
DISAGREEMENT = 0.10  # between the headline and the cross-check
STATE = 0.52  # share of the state inputs; where shares are right to 3 points it is 0.46 at most
SKILL = 0.7  # Nash and Sutcliffe's efficiency, as the target was shown
ALIKE = 0.95  # correlation of two gauges
SILENT = 0.005  # share of the steps with rain and a value
SPEAKING = 0.9  # share of the steps with a value
WINDOW = 0.05  # share of a zone's response that the window cuts off, as its last quarter lets one guess
TAIL = 0.03  # share in that quarter, below which it is noise
LOPSIDED = 3.5  # late half of a response over its early half: a single reservoir has 2.7
EVENTS = 5
DROPPED = 0.1  # share of the initialisations
WET_DRY = 0.15
FORECAST = 0.15  # between the headline and the network that forecasts
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
    effects: Floats  # (Z, L) what it was made of: signed, the whole window
    total: Floats | None  # (Z) of the network that forecasts
    negative: float
    state: float


def cautions(twin: Twin, found: Findings) -> tuple[Caution, ...]:
    """All cautions of a reading, those that bear on all of it first."""
    zones = (*of_the_zones(twin, found), *of_the_forecast(twin, found))
    return (*of_the_whole(twin, found), *of_the_gauges(twin), *zones, *of_the_times(twin, found))


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
    wide = found.iqr > SPREAD
    if wide.any():  # in one sentence: where one zone is unsure, most are
        slots = tuple(slot for slot, is_wide in zip(twin.slots, wide, strict=True) if is_wide)
        yield Caution("spread", {"iqr": float(found.iqr.max()), "limit": SPREAD}, slots)
    for z, slot in enumerate(twin.slots):
        share = float(found.shares[z])
        if abs(share - found.cross[z]) > DISAGREEMENT:
            numbers = {"share": share, "other": float(found.cross[z]), "limit": DISAGREEMENT}
            yield Caution("disagreement", numbers, (slot,))
        if abs(found.wet[z] - found.dry[z]) > WET_DRY:
            numbers = {"wet": float(found.wet[z]), "dry": float(found.dry[z]), "limit": WET_DRY}
            yield Caution("wet-dry", numbers, (slot,))


def of_the_forecast(twin: Twin, found: Findings) -> Iterator[Caution]:
    """Where the network that forecasts sees the zones otherwise: the zone where it does so most. One that is told of
    rivers upstream is not held to it: most of the rain reaches it through them."""
    if found.total is None or twin.rivers:
        return
    z = int(np.abs(found.shares - found.total).argmax())
    share, other = float(found.shares[z]), float(found.total[z])
    if abs(share - other) > FORECAST:
        yield Caution("twin", {"share": share, "other": other, "limit": FORECAST}, (twin.slots[z],))


def of_the_times(twin: Twin, found: Findings) -> Iterator[Caution]:
    """What bears on response times, and not on shares."""
    for z, slot in enumerate(twin.slots):
        if found.shares[z] <= SMALL or not found.lags[z].any():
            continue
        effect, lags = found.effects[z], found.lags[z]
        tail = float(effect[-max(1, len(effect) // 4) :].sum() / max(effect.sum(), 1e-12))
        if tail > TAIL and (cut := beyond(effect)) > WINDOW:
            yield Caution("window", {"share": cut, "limit": WINDOW}, (slot,))
        if lopsided(lags) > LOPSIDED:
            times = {"half": passed_by(lags, 0.5), "tenth": passed_by(lags, 0.9)}
            yield Caution("two-paths", times, (slot,))
