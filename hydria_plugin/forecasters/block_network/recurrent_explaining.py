"""What a recurrent network's path is made of: each step's integrated gradients, chained through what was fed back.

With D(t) the path less the newest value, and C(t) its parts, which add up to it: a step adds what its rain, its state
and its own inputs say. Own inputs are differences and levels of the D before, so their parts are those of the D before,
by the secant of each neuron between the reference and where it stands. What is measured is the river's own; what the
networks put in a gap is "estimated"; what a bound cut off is a part too, so that nothing is lost on the way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hydria_plugin.values import ESTIMATED, LIMITS, USUAL, Floats, Ints

from ..attributing import Parts
from ..cases import Cases
from ..laying import OWN, Place, lay
from .attributing import secant_slope
from .recurrent import bounds_of, started, taken
from .rolling import Bounds, rain_by_step

if TYPE_CHECKING:
    from .columns import Told
    from .model import Group, Model

LINES = (USUAL, ESTIMATED, LIMITS)


class Asked(NamedTuple):
    """One case, and the places of its rain by lead and of its state columns after the own ones."""

    group: Group
    rows: Ints  # (1)
    view: Told
    shown: Cases
    inputs: Floats  # (1, C)
    rest: Floats  # (1, C) of the reference
    zones: list[list[Place]]  # by lead
    others: list[Place]


def of_path(model: Model, asked: Asked, paths: Floats, known: int) -> tuple[Parts, dict[str, Floats]]:
    """The mean over the members of the parts of ``paths`` (M, H), less the newest value, in the target as it is shown:
    for one case, the first ``known`` steps of whose rain to come are known."""
    horizon, past = paths.shape[1], asked.shown.target.shape[1]
    origin = asked.view.base if np.isfinite(asked.view.base).all() else asked.group.centre[asked.rows]
    fed = started(model, asked.group, asked.view, asked.rows, asked.inputs)[0] - origin  # (R, M) D, newest first
    size = past + (past + horizon + 1) * asked.shown.inputs.shape[2] + len(LINES)
    chain = [own_parts(d, past - 1 - r, asked.shown.target[0], size) for r, d in enumerate(fed)]
    told = list(fed)
    found: list[Floats] = []
    for f in range(horizon):
        parts = one_step(model, asked, f + 1, known, told, chain, float(origin[0]))
        change = paths[:, f] - origin
        parts[:, -1] += change - parts.sum(axis=1)
        found.append(parts.mean(axis=0))
        chain, told = [parts, *chain[:-1]], [change, *told[:-1]]
    return unpacked(np.stack(found), past, horizon, asked.shown.inputs.shape[2])


def own_parts(value: Floats, step: int, target: Floats, size: int) -> Floats:
    """(M, size) of one of the values (M) to begin with: measured, or put in a gap."""
    parts = np.zeros((len(value), size))
    parts[:, step if np.isfinite(target[step]) else -2] = value
    return parts


def one_step(
    model: Model, asked: Asked, lead: int, known: int, told: list[Floats], chain: list[Floats], origin: float
) -> Floats:
    """(M, size) the parts of the path at ``lead``, from the D (M) before, newest first, and their parts."""
    form = int(lead <= known)
    bounds, f = bounds_of(model, asked.group, form, asked.rows), asked.group.forms[form]
    networks = f.stack.networks(int(asked.rows[0]), slice(None))
    view = taken(asked.view, slice(None), known)
    rain = rain_by_step(view.rain, view.coming, np.array([lead]))[:, 0] / asked.group.rain_unit[asked.rows, None, None]
    rain = np.minimum(rain, f.rain_most[asked.rows])
    r = len(told)
    own = bounds.own(np.stack(told)[None] + origin)[0].T  # (M, E)
    still = np.broadcast_to(asked.inputs[:, r + 1 :], (len(own), asked.inputs.shape[1] - r - 1))
    state = np.concatenate([own, still], axis=1)[:, None]
    zones, slope = secant_slope(networks, rain, state, rain, state - asked.rest)
    by_rain = (zones[:, 0, :, None] * networks.kernel * rain).reshape(len(own), -1)
    by_state = slope[:, 0, r + 1 :] * (asked.inputs - asked.rest)[:, r + 1 :]
    level = slope[:, 0, r - 1 : r + 1] @ level_at(bounds, origin, r)
    usual = networks.output(np.zeros_like(rain), asked.rest)[:, 0]
    direct = packed(asked, lead, by_rain, by_state, level, usual)
    back = fed_back(bounds, slope[:, 0], told, chain, origin)
    return np.asarray(chain[0] + bounds.scale[0] * (direct + back))


def level_at(bounds: Bounds, origin: float, r: int) -> Floats:
    """(2) the standardised level columns, straight and bent, where the river stands at ``origin``."""
    level = (origin - bounds.centre[0]) / bounds.unit[0]
    columns = np.array([level, np.arcsinh(10.0 * level)])
    return np.asarray((columns - bounds.mean[0, r - 1 : r + 1]) / bounds.size[0, r - 1 : r + 1])


def fed_back(bounds: Bounds, slope: Floats, told: list[Floats], chain: list[Floats], origin: float) -> Floats:
    """(M, size) what the D before say through the own columns."""
    r, unit, size = len(told), bounds.unit[0], bounds.size[0]
    start, moved = (origin - bounds.centre[0]) / unit, told[0] / unit
    bent = np.arcsinh(10.0 * (start + moved)) - np.arcsinh(10.0 * start)
    small = np.abs(moved) < 1e-9
    secant = np.where(small, 10.0 / np.sqrt(1.0 + (10.0 * start) ** 2), bent / np.where(small, 1.0, moved))
    level = (slope[:, r - 1] / size[r - 1] + slope[:, r] * secant / size[r]) / unit
    said = level[:, None] * chain[0]
    for lag in range(1, r):
        said = said + (slope[:, lag - 1] / (unit * size[lag - 1]))[:, None] * (chain[lag] - chain[0])
    return np.asarray(said)


def packed(asked: Asked, lead: int, by_rain: Floats, by_state: Floats, level: Floats, usual: Floats) -> Floats:
    """(M, size) what is said directly, laid on steps and slots."""
    (_, past), (_, horizon, v), m = asked.shown.target.shape, asked.shown.future.shape, len(usual)
    parts = Parts(np.zeros((m, 1, past)), np.zeros((m, 1, past + horizon, v)), np.zeros((m, 1, v)))
    found = np.concatenate([by_rain, by_state, level[:, None], usual[:, None]], axis=1)
    newest = Place(OWN, past - 1, past) if np.isfinite(asked.shown.target[0, -1]) else Place(ESTIMATED)
    places = [*asked.zones[lead - 1], *asked.others, newest, Place(USUAL)]
    cases = asked.shown.take(np.zeros(m, dtype=np.int64))
    lines = lay(parts, found, places, cases, np.arange(m), np.ones((m, 1)))
    ends = [lines.get(name, np.zeros((m, 1))) for name in LINES]
    return np.concatenate([parts.own[:, 0], parts.inputs.reshape(m, -1), parts.before[:, 0], *ends], axis=1)


def unpacked(found: Floats, past: int, horizon: int, v: int) -> tuple[Parts, dict[str, Floats]]:
    """Of (H, size): one case's parts, and its lines (H)."""
    edges = np.cumsum([past, (past + horizon) * v, v])
    own, inputs, before, ends = np.split(found, edges, axis=1)
    parts = Parts(own[None], inputs.reshape(1, horizon, past + horizon, v), before[None])
    return parts, dict(zip(LINES, ends.T, strict=True))
