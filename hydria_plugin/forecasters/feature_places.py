"""Where the columns of the boosting come from: which steps of which inputs. In the order of features.py."""

from __future__ import annotations

from collections.abc import Sequence

from hydria_plugin.values import USUAL

from .features import AHEAD, CHANGES, PER_GAUGE, SINGLE, SPANS, further, states_of
from .laying import BEFORE, INPUTS, OWN, Place


def issue_places(kinds: Sequence[str], past: int, totals: int, static: int, wide: bool = False) -> list[Place]:
    """Of :func:`~hydria_plugin.forecasters.features.issue_features`."""
    own = [1, *(k for k in SPANS if k < past), *(min(span, past) for span in (6, 24, past) for _ in range(2))]
    places = [Place(OWN, past - k, past) for k in own]
    places += rain_places(kinds, past, totals)
    for v, kind in enumerate(kinds):
        spans = [min(24, past)] if kind == "pet" else [1, *(k for k in CHANGES if k < past)]
        if kind != "rain":
            places += [Place(INPUTS, past - k, past, (v,)) for k in spans]
    places += [Place(USUAL)] * static
    return places + wide_places(kinds, past) if wide else places


def wide_places(kinds: Sequence[str], past: int) -> list[Place]:
    """Of :func:`~hydria_plugin.forecasters.features.wide_columns`: times of day and year are part of what is usual."""
    places = [Place(USUAL)] * 4 + [Place(OWN, past - k, past) for k in further(SPANS, past)]
    return places + [Place(INPUTS, past - k, past, (v,)) for v in states_of(kinds) for k in further(CHANGES, past)]


def rain_places(kinds: Sequence[str], past: int, totals: int) -> list[Place]:
    rain = rain_slots(kinds)
    if not rain:
        return []
    spans = [*(k for k in SPANS if k <= past), *(span for span in (6, 24) if span <= past)]
    places = [Place(INPUTS, past - k, past, rain) for k in spans]
    places += [Place(BEFORE, slots=rain)] * totals
    if len(rain) > 1:
        places += [Place(INPUTS, past - k, past, (v,)) for v in rain for k in PER_GAUGE if k <= past]
    return places


def lead_places(kinds: Sequence[str], past: int, lead: int, with_rain: bool) -> list[Place]:
    """Of :func:`~hydria_plugin.forecasters.features.lead_features`."""
    then, rain = past + lead, rain_slots(kinds)
    places = [Place(INPUTS, then - 1, then, (v,)) for v, kind in enumerate(kinds) if kind == "simulation" for _ in "12"]
    if not with_rain or not rain:
        return places
    sums = [lead, *(k for k in AHEAD if k <= then and k != lead)]
    places += [Place(INPUTS, then - k, then, rain) for k in sums]
    places += [Place(INPUTS, past, then, rain)] * 2  # the highest, and the centroid
    places += [Place(INPUTS, past + i, past + i + 1, rain) for i in range(min(SINGLE, lead))]
    if len(rain) > 1:
        places += [Place(INPUTS, then - min(k, lead), then, (v,)) for v in rain for k in (3, lead)]
    return places


def rain_slots(kinds: Sequence[str]) -> tuple[int, ...]:
    return tuple(v for v, kind in enumerate(kinds) if kind == "rain")
