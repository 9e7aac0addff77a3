"""The recurrent form's members: through the gap before the issue time, if there is one, then over the horizon.

Up to where the rain is known the network goes that learned with rain, from there on the one that learned without."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hydria_plugin.values import Bools, Floats, Ints

from ..cases import chunks
from .columns import Told
from .rolling import Bounds, held, order_of, rain_by_step, roll

if TYPE_CHECKING:
    from .model import Group, Model

AT_ONCE = 256  # cases rolled out together


def rolled_out(model: Model, group: Group, view: Told, rows: Ints, known: Bools, inputs: Floats) -> Floats:
    """(N, M, H) each member's path, as shown; ``known`` (N, H) is the rain to come, ``inputs`` (N, C) the standardised
    state, of which the own columns are not looked at."""
    n, horizon = known.shape
    paths = np.empty((n, horizon, model.members))
    for part in chunks(n, AT_ONCE):
        fed = started(model, group, taken(view, part), rows[part], inputs[part])
        foreseen = known[part].sum(axis=1)
        for far in np.unique(foreseen):
            some = np.arange(n)[part][foreseen == far]
            near, after = of_form(
                model, group, 1, taken(view, some), rows[some], inputs[some], fed[foreseen == far], 1, far
            )
            rest, _ = of_form(
                model, group, 0, taken(view, some, far), rows[some], inputs[some], after, far + 1, horizon
            )
            paths[some] = np.concatenate([near, rest], axis=1)
    return np.asarray(np.moveaxis(paths, 2, 1))


def taken(view: Told, pick: Ints | slice, known: int | None = None) -> Told:
    """Some of the cases; of the rain to come only the first ``known`` steps."""
    arrays = {name: getattr(view, name)[pick] for name in Told.__dataclass_fields__}
    if known is not None:
        arrays["coming"] = np.where(np.arange(view.coming.shape[1])[:, None] < known, arrays["coming"], np.nan)
    return Told(**arrays)


def started(model: Model, group: Group, view: Told, rows: Ints, inputs: Floats) -> Floats:
    """(N, R, M) the own values to begin with, newest first: measured, or the networks own where there is a gap."""
    past = view.target.shape[1]
    r = order_of(past)
    newest = np.where(np.isfinite(view.base), view.base, group.centre[rows])
    fed = np.repeat(held(view.target[:, -r:], newest)[:, ::-1, None], model.members, axis=2)
    gap = np.flatnonzero(~np.isfinite(view.target[:, -r:]).all(axis=1))
    if len(gap) and past > r:
        old = taken(view, gap)
        first = np.repeat(oldest(old.target, r, group.centre[rows[gap]])[:, ::-1, None], model.members, axis=2)
        _, fed[gap] = of_form(model, group, 1, old, rows[gap], inputs[gap], first, r + 1 - past, 0)
    return fed


def oldest(target: Floats, r: int, usual: Floats) -> Floats:
    """(N, R) the first R values of (N, P); a gap is as the next known, else the last before, else as ``usual``."""
    known = np.isfinite(target[:, r - 1 :])
    there = np.isfinite(target)
    first = np.take_along_axis(target[:, r - 1 :], known.argmax(axis=1)[:, None], axis=1)[:, 0]
    last = np.take_along_axis(target, target.shape[1] - 1 - there[:, ::-1].argmax(axis=1)[:, None], axis=1)[:, 0]
    base = np.where(known.any(axis=1), first, np.where(there.any(axis=1), last, usual))
    return held(target[:, :r], base)


def of_form(
    model: Model, group: Group, form: int, view: Told, rows: Ints, inputs: Floats, fed: Floats, first: int, last: int
) -> tuple[Floats, Floats]:
    """(N, F, M) and what is fed back after, for the leads ``first`` to ``last``; those up to 0 are measured where the
    river is."""
    leads, past = np.arange(first, last + 1), view.target.shape[1]
    f = group.forms[form]
    rain = rain_by_step(view.rain, view.coming, leads) / group.rain_unit[rows][:, None, None, None]
    measured = np.full((len(rows), len(leads)), np.nan)
    measured[:, leads <= 0] = view.target[:, past - 1 + leads[leads <= 0]]
    rain = np.minimum(rain, f.rain_most[rows][:, None])
    return roll(f.stack, rows, rain, inputs, fed, measured, bounds_of(model, group, form, rows))


def bounds_of(model: Model, group: Group, form: int, rows: Ints) -> Bounds:
    transform, f = model.transform(group, rows), group.forms[form]
    floor, ceiling = (transform.forward(a[rows]) for a in (group.floor, group.ceiling))
    return Bounds(
        group.centre[rows], group.unit[rows], group.mean[rows], group.size[rows], group.low[rows], group.high[rows],
        f.scale[rows, 0], f.least[rows, 0], f.most[rows, 0], floor, ceiling,
    )  # fmt: skip
