"""What a blend's median is made of: its members', mixed as their centres are.

The centre is the last value (persistence's), and from there so much of the way to the members' weighted mean as is
believed. Both are linear in the members' medians, so their attributions mix the same way and the sum stays exact.
What a member adds without being able to say why is a line of the member's name.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from hydria_plugin import Attributing, Attribution, Forecaster, Window
from hydria_plugin.values import Bools, Floats

from .cases import newest, usable
from .stacking import present_weights

MAX_AGE = 6  # steps the last value may be old that a member which says nothing of itself is taken to start from
EXACT = 1e-9  # a sum of parts that misses its median by more is not believed to be whole
logger = logging.getLogger("hydria.blend")


def mix(
    members: Mapping[str, Forecaster], home: int, weights: Floats, medians: Floats, centre: Floats, window: Window
) -> Attribution:
    """The parts of ``centre`` (S, H): from the ``members``' ``medians`` (S, J, H) and ``weights`` (S, H, J), as
    they are before it is known which member answered; member ``home`` is persistence."""
    there: Bools = np.asarray(np.isfinite(medians).all(axis=2))
    own = present_weights(weights, there[:, None])
    followed = belief(np.where(there[:, :, None], medians, 0.0), there[:, home], home, own, centre)
    shares = followed[..., None] * own
    shares[..., home] += (1.0 - followed) * there[:, None, home]
    parts = [
        (shares[..., j], answered(parts_of(name, member, medians[:, j], window), there[:, j]))
        for j, (name, member) in enumerate(members.items())
        if j == home or (shares[..., j] > 0).any()
    ]
    mixed = Attribution.mixed(parts)
    return replace(mixed, base=np.where(np.isfinite(centre), mixed.base, np.nan))


def belief(medians: Floats, has_last: Bools, home: int, own: Floats, centre: Floats) -> Floats:
    """(S, H) how far the members' weighted mean was followed from the last value; 1 where there is no way to go."""
    announced = np.einsum("shj,sjh->sh", own, medians)
    move = announced - medians[:, home]
    able = has_last[:, None] & np.isfinite(centre) & (move != 0)
    way = np.divide(centre - medians[:, home], move, out=np.ones_like(move), where=able)
    return np.asarray(np.clip(way, 0.0, 1.0))


def parts_of(name: str, member: Forecaster, median: Floats, window: Window) -> Attribution:
    """The parts of a member's ``median`` (S, H), by itself where it can; what they miss is on the line ``name``."""
    found = None
    if isinstance(member, Attributing):
        try:
            found = member.attribute(window)
        except Exception as error:
            logger.warning("member of the blend cannot be explained name=%s error=%s", name, error)
    if found is None:
        found = unexplained(median, window)
    off = np.nan_to_num(np.abs(median - found.median)).max(initial=0.0)
    large = np.nan_to_num(np.abs(median)).max(initial=1.0)
    return found if off <= EXACT * large else found.closed(name, median)


def unexplained(median: Floats, window: Window) -> Attribution:
    """The last value and nothing else; 0 without one."""
    a, (s, h) = window.layout, median.shape
    last = np.nan_to_num(newest(usable(window.observed.each(lambda x: x[:, 0])), MAX_AGE))
    v = len(a.slots)
    parts = np.zeros((s, h, a.past)), np.zeros((s, h, a.past + h, v)), np.zeros((s, h, v))
    return Attribution(window.stations, np.repeat(last[:, None], h, axis=1), *parts)


def answered(found: Attribution, there: Bools) -> Attribution:
    """With nothing in the rows that the member did not answer: their weight is 0."""

    def kept(part: Floats) -> Floats:
        return np.where(there.reshape(-1, *(1,) * (part.ndim - 1)), part, 0.0)

    lines = {name: kept(line) for name, line in found.lines.items()}
    return Attribution(found.stations, kept(found.base), kept(found.own), kept(found.inputs), kept(found.before), lines)
