"""The trajectories of a blend: those of one of its members, followed as far as the blend follows what is announced.

Only some forecasters have trajectories. That the others would move with the inputs as this one does is an assumption;
what it is worth: docs/decisions/0062-the-trajectories-of-a-blend.md.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np

from hydria_plugin import Forecast, Forecaster, Window
from hydria_plugin.values import Bools, Floats, onto_quantiles, thinned, two_way

from .attributing_blend import belief
from .cases import newest, usable
from .stacking import present_weights

MAX_AGE = 6  # steps the last value may be old that a trajectory starts from
BLOCK = 256  # stations worked on at once
logger = logging.getLogger("hydria.blend")


def answer_of(name: str, member: Forecaster, window: Window) -> Forecast:
    """A member's forecast; no row of it if it fails: the others then carry its weight."""
    try:
        return member.forecast(window)
    except Exception as error:
        logger.warning("member of the blend failed name=%s issued_at=%s error=%s", name, window.issued_at, error)
        shape = (len(window.stations), window.layout.horizon, len(window.quantiles))
        return Forecast.of(window, np.full(shape, np.nan), "")


def of_blend(
    window: Window, answers: Sequence[Forecast], home: int, weights: Floats, values: Floats
) -> dict[str, Floats]:
    """``members``, trajectories (S, R, M, H) on the blend's quantiles ``values`` (S, H, Q), and ``variance`` (S, H, 3)
    of model and input, the rest still NaN; nothing where no member has any. ``answers``: J of them, ``home`` that of
    persistence; ``weights`` (S, H, J) as they are before it is known who answered."""
    able = [j for j, one in enumerate(answers) if one.members is not None]
    if not able:
        return {}
    speaker = max(able, key=lambda j: float(weights[..., j].mean()))
    members = np.asarray(answers[speaker].members)
    followed = gain(answers, home, weights, values[..., window.layout.median])
    last = np.stack([last_of(window, r) for r in range(window.scenarios)], axis=1)  # (S, R)
    laid, variance = [], np.full((*values.shape[:2], 3), np.nan)
    for first in range(0, len(members), BLOCK):
        some = slice(first, first + BLOCK)
        start = last[some, :, None, None]
        way = followed[some, None, None] * (members[some] - start)
        paths = np.where(np.isfinite(start), start + way, members[some])
        variance[some, :, :2] = two_way(paths)
        laid.append(onto_quantiles(thinned(paths), values[some], window.quantiles))
    return {"members": np.concatenate(laid), "variance": variance}


def last_of(window: Window, scenario: int) -> Floats:
    """(S) the newest value of a scenario."""
    return newest(usable(window.observed.each(lambda a: a[:, scenario])), MAX_AGE)


def gain(answers: Sequence[Forecast], home: int, weights: Floats, centre: Floats) -> Floats:
    """(S, H) how far the blend goes from the last value for one unit of what its members announce: what is believed of
    their weighted mean, less the weight of persistence, which announces nothing."""
    medians = np.stack([one.median for one in answers], axis=1)
    there: Bools = np.asarray(np.isfinite(medians).all(axis=2))
    own = present_weights(weights, there[:, None])
    followed = belief(np.where(there[:, :, None], medians, 0.0), there[:, home], home, own, centre)
    return np.asarray(np.where(there[:, home, None], followed * (1.0 - own[..., home]), 1.0))


def above_nothing(values: Floats, window: Window) -> Floats:
    """Quantiles (S, H, Q) of a discharge not below 0, where the window shows none that was: stretched distances from
    the centre reach beyond it. A tidal river shows that it runs backwards."""
    discharge = np.asarray([quantity == "discharge" for quantity in window.layout.quantities], dtype=bool)
    backwards = (np.nan_to_num(window.observed.told[:, 0]) < 0).any(axis=1)
    return np.where((discharge & ~backwards)[:, None, None], np.maximum(values, 0.0), values)
