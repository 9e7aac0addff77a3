"""Where the columns of the boosting come from: which steps of which inputs. In the order of features.py.

A column made of several steps and gauges is shared out among them: rain in proportion to what fell (equally where
nothing fell), all else equally.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from hydria_plugin.values import Bools, Floats

from .attributing import portions
from .cases import Cases
from .features import AHEAD, CHANGES, PER_GAUGE, SINGLE, SPANS


class Place(NamedTuple):
    """``of``: the target's own past, the inputs, running totals before the window, or nothing of the kind. Steps
    ``first`` to ``last - 1`` of past and future together, the issue time being step P - 1."""

    of: Literal["own", "inputs", "before", "usual"]
    first: int = 0
    last: int = 0
    slots: tuple[int, ...] = ()


def issue_places(kinds: Sequence[str], past: int, totals: int, static: int) -> list[Place]:
    """Of :func:`~hydria_plugin.forecasters.features.issue_features`."""
    own = [1, *(k for k in SPANS if k < past), *(min(span, past) for span in (6, 24, past) for _ in range(2))]
    places = [Place("own", past - k, past) for k in own]
    places += rain_places(kinds, past, totals)
    for v, kind in enumerate(kinds):
        spans = [min(24, past)] if kind == "pet" else [1, *(k for k in CHANGES if k < past)]
        if kind != "rain":
            places += [Place("inputs", past - k, past, (v,)) for k in spans]
    return places + [Place("usual")] * static


def rain_places(kinds: Sequence[str], past: int, totals: int) -> list[Place]:
    rain = rain_slots(kinds)
    if not rain:
        return []
    spans = [*(k for k in SPANS if k <= past), *(span for span in (6, 24) if span <= past)]
    places = [Place("inputs", past - k, past, rain) for k in spans]
    places += [Place("before", slots=rain)] * totals
    if len(rain) > 1:
        places += [Place("inputs", past - k, past, (v,)) for v in rain for k in PER_GAUGE if k <= past]
    return places


def lead_places(kinds: Sequence[str], past: int, lead: int, with_rain: bool) -> list[Place]:
    """Of :func:`~hydria_plugin.forecasters.features.lead_features`."""
    then, rain = past + lead, rain_slots(kinds)
    places = [
        Place("inputs", then - 1, then, (v,)) for v, kind in enumerate(kinds) if kind == "simulation" for _ in "12"
    ]
    if not with_rain or not rain:
        return places
    sums = [lead, *(k for k in AHEAD if k <= then and k != lead)]
    places += [Place("inputs", then - k, then, rain) for k in sums]
    places += [Place("inputs", past, then, rain)] * 2  # the highest, and the centroid
    places += [Place("inputs", past + i, past + i + 1, rain) for i in range(min(SINGLE, lead))]
    if len(rain) > 1:
        places += [Place("inputs", then - min(k, lead), then, (v,)) for v in rain for k in (3, lead)]
    return places


def rain_slots(kinds: Sequence[str]) -> tuple[int, ...]:
    return tuple(v for v, kind in enumerate(kinds) if kind == "rain")


def sharing(place: Place, cases: Cases) -> Floats:
    """How a column of this place is shared out, sum 1 in each case: (N, steps) of the target's own past, (N, slots) of
    running totals, (N, steps, slots) of the inputs."""
    slots, steps = list(place.slots), slice(place.first, place.last)
    if place.of == "own":
        seen = cases.target[:, steps]
        return portions(np.zeros(seen.shape), anywhere(seen, 1), axis=1)
    if place.of == "before":
        totals = cases.totals[:, slots]
        return portions(np.nan_to_num(totals).sum(axis=2), anywhere(totals.sum(axis=2), 1), axis=1)
    series = np.concatenate([cases.inputs[:, :, slots], cases.future[:, :, slots]], axis=1)[:, steps]
    is_rain = cases.kinds[slots[0]] == "rain"
    amounts = np.maximum(np.nan_to_num(series), 0.0) if is_rain else np.zeros(series.shape)
    return portions(amounts, anywhere(series, (1, 2)), axis=(1, 2))


def anywhere(series: Floats, axis: int | tuple[int, ...]) -> Bools:
    """Where ``series`` is known; everywhere in the cases in which it is known nowhere."""
    known = np.isfinite(series)
    return np.asarray(known | ~known.any(axis=axis, keepdims=True))
