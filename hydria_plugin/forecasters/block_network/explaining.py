"""What a block network's median is made of: integrated gradients of every member, their mean laid on steps and slots.

The reference: no rain, a river that stands still at its usual level, all else as usual, no gauge silent. What the
networks say of it is the line "usual"; what a silent gauge makes them say, "estimated"; what the median of the members
differs from their mean, "ensemble median". Where the target is shown to the networks as a power of it, all parts of a
lead are turned back by one factor: the change of the target over the change as it is shown.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hydria_plugin import Attribution
from hydria_plugin.values import ENSEMBLE_MEDIAN, ESTIMATED, LIMITS, USUAL, Bools, Floats, Ints

from ..arx import blocks
from ..attributing import Parts
from ..boosting_model import between
from ..cases import NOWHERE, Cases
from ..laying import BEFORE, INPUTS, OWN, Place, lay
from .attributing import attribute
from .columns import CHANGES, SUMMED, Told, fallen, fallen_by, filled_in, foreseen, told
from .model import Group, Model, columns_of, inputs_of, origin, quantiles, rain, standardised, trajectories
from .recurrent_explaining import Asked, of_path
from .transform import Transform

TINY = 1e-7  # of a unit: a change below has the worth of its slope


def explain(model: Model, raw: Cases, stations: tuple[str, ...]) -> Attribution:
    """The parts of the median for N cases, whose silent gauges are still silent."""
    centre = quantiles(model, raw)[..., model.fit.quantiles.index(0.5)]
    parts = Parts.none(raw)
    lines: dict[str, Floats] = {name: np.zeros(centre.shape) for name in (USUAL, ESTIMATED, ENSEMBLE_MEDIAN)}
    base = np.repeat(raw.base[:, None], centre.shape[1], axis=1)
    for n in range(len(raw)):
        g, row = model.place[raw.rows[n]] if raw.rows[n] != NOWHERE else (-1, -1)
        if g >= 0 and np.isfinite(centre[n]).all():
            before = explain_case(model, model.groups[g], row, raw, n, parts, lines)
            base[n] = base[n] if np.isfinite(raw.base[n]) else before
            lines[USUAL][n] += before - base[n]
    base = np.where(np.isfinite(centre), base, np.nan)
    return Attribution(stations, base, parts.own, parts.inputs, parts.before, lines).closed(LIMITS, centre)


def explain_case(
    model: Model, group: Group, row: int, raw: Cases, n: int, parts: Parts, lines: dict[str, Floats]
) -> float:
    """Add one case's parts and lines; the value that its changes are told from."""
    rows, one = np.array([row]), raw.take(np.array([n]))
    transform = model.transform(group, rows)
    shown = replace(one, target=transform.forward(one.target), base=transform.forward(one.base))
    known = foreseen(shown, group.zones[rows])
    paths = trajectories(model, group, shown, rows, known)[0]
    start = origin(model, group, shown, rows)
    worth = worth_of(transform, start, np.median(paths, axis=0) - start)
    mine = Parts.none(one)
    if model.recurrent:
        said = members_rolled(model, group, shown, rows, known[0], mine, worth, paths)
    else:
        said = members_mean(model, group, shown, rows, known[0], mine, worth)
    parts.own[n], parts.inputs[n], parts.before[n] = mine.own[0], mine.inputs[0], mine.before[0]
    for name, line in said.items():
        lines[name][n] += line[0]
    lines[ENSEMBLE_MEDIAN][n] += worth * (np.median(paths, axis=0) - paths.mean(axis=0))
    return float(transform.back(start)[0])


def worth_of(transform: Transform, start: Floats, change: Floats) -> Floats:
    """(H) of the target for one as it is shown, on the way from ``start`` (1) through ``change`` (H)."""
    if transform.power == 1.0:
        return np.ones_like(change)
    step = np.where(np.abs(change) > TINY, change, TINY)
    ends = transform.back((start + step)[None])[0]
    return np.asarray((ends - transform.back(start)) / step)


def members_mean(
    model: Model, group: Group, shown: Cases, rows: Ints, known: Bools, parts: Parts, worth: Floats
) -> dict[str, Floats]:
    """Lay the mean of the members of every knot on ``parts``, for one case; its lines (1, H)."""
    view = told(shown, group.zones[rows], group.others[rows])
    columns = columns_of(model, group, view, rows)
    places = state_places(model.directed, group, rows, shown)
    weave = between(model.knots, len(worth))
    lines: dict[str, Floats] = {}
    for k, lead in enumerate(model.knots):
        form = int(known[lead - 1])
        found = of_knot(model, group, form, k, view, rows, columns, np.array([rests for _, rests in places]))
        ways = zone_places(group, rows, shown, lead if form else 0)
        ways = [*ways, *(place for place, _ in places), Place(USUAL)]
        reach = (weave[:, k] * group.forms[form].scale[rows, k] * worth)[None]
        for name, line in lay(parts, found, ways, filled_in(shown), np.array([0]), reach).items():
            lines[name] = lines.get(name, 0.0) + line
    return lines


def members_rolled(
    model: Model, group: Group, shown: Cases, rows: Ints, known: Bools, parts: Parts, worth: Floats, paths: Floats
) -> dict[str, Floats]:
    """The same of the recurrent form's ``paths`` (M, H). What a bound cut off is left to be closed."""
    view = told(shown, group.zones[rows], group.others[rows])
    inputs, columns = inputs_of(model, group, view, rows), columns_of(model, group, view, rows)
    places = state_places(False, group, rows, shown)
    own = columns.shape[1] - len(places)
    at_rest = np.array([r < own - 2 for r in range(own)] + [rests for _, rests in places])
    rest = standardised(group, rows, np.where(at_rest & np.isfinite(columns), 0.0, np.nan))
    zones = [zone_places(group, rows, shown, lead) for lead in range(1, len(worth) + 1)]
    asked = Asked(group, rows, view, filled_in(shown), inputs, rest, zones, [place for place, _ in places])
    found, lines = of_path(model, asked, paths, int(known.sum()))
    parts.own += worth[:, None] * found.own
    parts.inputs += worth[:, None, None] * found.inputs
    parts.before += worth[:, None] * found.before
    return {name: (worth * lines[name])[None] for name in (USUAL, ESTIMATED)}


def of_knot(
    model: Model, group: Group, form: int, k: int, view: Told, rows: Ints, columns: Floats, at_rest: Bools
) -> Floats:
    """(1, Z * L + C + 1) what the rain of each zone and lag and each state column add to the output of one knot, mean
    over its networks; last what they say of the reference."""
    f, part = group.forms[form], slice(k * model.members, (k + 1) * model.members)
    networks = f.stack.networks(int(rows[0]), part)
    lagged = rain(group, f, fallen_by(view, model.knots[k]) if form else fallen(view), rows)
    inputs = standardised(group, rows, columns)
    rest = standardised(group, rows, np.where(at_rest & np.isfinite(columns), 0.0, np.nan))
    zones, states = attribute(networks, lagged, inputs, np.zeros_like(lagged), rest)
    usual = networks.output(np.zeros_like(lagged), rest)
    each = [zones.mean(axis=0).reshape(1, -1), states.mean(axis=0), usual.mean(axis=0)[:, None]]
    return np.concatenate(each, axis=1)


def zone_places(group: Group, rows: Ints, cases: Cases, lead: int) -> list[Place]:
    """Of the blocks of lags of each zone, counted back from the issue time (``lead`` 0) or from the valid time."""
    past, horizon = cases.target.shape[1], cases.future.shape[1]
    lags = blocks(past + horizon) if lead else blocks(past)
    spans = [(max(past + lead - 1 - last, 0), past + lead - first) for first, last in lags]
    zones = group.zones[rows[0]]
    return [
        Place(INPUTS, first, last, (int(v),)) if last > first else Place(USUAL) for v in zones for first, last in spans
    ] or [Place(USUAL)] * len(spans)


def state_places(directed: bool, group: Group, rows: Ints, cases: Cases) -> list[tuple[Place, bool]]:
    """Of the columns of :func:`~hydria_plugin.forecasters.block_network.columns.state`, in their order; True with those
    whose reference is 0 and not their mean: changes, and who is silent."""
    past, totals = cases.target.shape[1], cases.totals.shape[2]
    zones, others = (tuple(int(v) for v in slots[rows[0]]) for slots in (group.zones, group.others))
    places: list[tuple[Place, bool]] = []
    if directed:
        places += [(Place(OWN, past - 1 - last, past - first), True) for first, last in blocks(past)[1:]]
        places += [(Place(OWN, past - 1, past), False)] * 2
    places += [(Place(BEFORE, slots=zones) if zones else Place(USUAL), False)] * totals
    for kind, v in zip(group.kinds, others, strict=True):
        if kind not in SUMMED:
            places.append((Place(INPUTS, past - 1, past, (v,)), False))
            places += [(Place(INPUTS, past - k, past, (v,)), True) for k in CHANGES if k < past]
        places += [(Place(BEFORE, slots=(v,)), False)] * totals
    return places + [(Place(ESTIMATED), True)] * (len(zones) + len(others))
