"""Laying the contributions of a model's columns back on the steps and slots that the columns were made of.

A column made of several steps and gauges is shared out among them: rain in proportion to what fell (equally where
nothing fell), all else equally.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hydria_plugin.values import Bools, Floats, Ints

from .attributing import Parts, portions
from .cases import Cases

OWN, INPUTS, BEFORE = "own", "inputs", "before"


class Place(NamedTuple):
    """``of``: the target's own past, the inputs, running totals that reach back before the window, or else the name
    of a line. Steps ``first`` to ``last - 1`` of past and future together, the issue time being step P - 1."""

    of: str
    first: int = 0
    last: int = 0
    slots: tuple[int, ...] = ()


def lay(parts: Parts, found: Floats, places: list[Place], cases: Cases, mine: Ints, reach: Floats) -> dict[str, Floats]:
    """Lay contributions ``found`` (N', F) of the cases ``mine`` on ``parts``, times ``reach`` (N, H); the lines (N', H)
    of those that have no place there."""
    some, far = cases.take(mine), reach[mine]
    leads, lines = np.arange(far.shape[1]), dict[str, Floats]()
    for place, column in by_place(places, found).items():
        said, steps, slots = far * column[:, None], np.arange(place.first, place.last), np.asarray(place.slots)
        if place.of == OWN:
            parts.own[np.ix_(mine, leads, steps)] += said[:, :, None] * sharing(place, some)[:, None]
        elif place.of == BEFORE:
            parts.before[np.ix_(mine, leads, slots)] += said[:, :, None] * sharing(place, some)[:, None]
        elif place.of == INPUTS:
            shared = said[:, :, None, None] * sharing(place, some)[:, None]
            parts.inputs[np.ix_(mine, leads, steps, slots)] += shared
        else:
            lines[place.of] = said
    return lines


def by_place(places: list[Place], found: Floats) -> dict[Place, Floats]:
    """The contributions (N, F) of the columns, added up where several come from one place."""
    sums: dict[Place, Floats] = {}
    for place, column in zip(places, found.T, strict=True):
        sums[place] = sums.get(place, 0.0) + column
    return sums


def sharing(place: Place, cases: Cases) -> Floats:
    """How a column of this place is shared out, sum 1 in each case: (N, steps) of the target's own past, (N, slots) of
    running totals, (N, steps, slots) of the inputs."""
    slots, steps = list(place.slots), slice(place.first, place.last)
    if place.of == OWN:
        seen = cases.target[:, steps]
        return portions(np.zeros(seen.shape), anywhere(seen, 1), axis=1)
    if place.of == BEFORE:
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
