"""A fitted block network: stations of one shape in one stack, and its answer to cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from hydria_plugin.values import Bools, Floats, Ints

from ..boosting_model import between
from ..cases import NOWHERE, Cases
from ..keeping import Fit
from ..spread import Spread, doubts, expected_error
from .columns import Told, fallen, fallen_by, filled_in, foreseen, state, told
from .recurrent import rolled_out
from .rolling import newest_only
from .serving import STACKED, Stack, stack_of
from .transform import Transform

SHARED = (
    "zones", "others", "power", "centre", "unit", "shift", "shape_unit", "floor", "ceiling", "rain_unit",
    "mean", "size", "low", "high",
)  # fmt: skip
BY_FORM = (*STACKED, "rain_most", "scale", "least", "most", "doubt", "edges", "offsets")
ALL = -1  # the median over the members of all folds
AT_ONCE = 2_000  # cases of which all members' trajectories are held at once


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """Without, or with, the rain to come."""

    stack: Stack
    rain_most: Floats  # (G, Z, L) blocks of rain are believed up to here, in units
    scale: Floats  # (G, K) change per unit of output
    least: Floats  # (G, K) smallest change allowed
    most: Floats  # (G, K)
    doubt: Floats  # (G, H, E + 1)
    edges: Floats
    offsets: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """G stations with as many zones and the same kinds of other inputs. C state columns."""

    stations: Ints  # (G) as the model numbers them
    kinds: tuple[str, ...]
    zones: Ints  # (G, Z) slots
    others: Ints  # (G, O)
    power: Floats  # (G) all the same
    centre: Floats  # (G) of the target as the network is shown it
    unit: Floats  # (G)
    shift: Floats  # (G) of the transformation
    shape_unit: Floats  # (G)
    floor: Floats  # (G) no forecast below
    ceiling: Floats  # (G) nor above
    rain_unit: Floats  # (G) one divisor for all zones and lags
    mean: Floats  # (G, C) of the state columns
    size: Floats  # (G, C)
    low: Floats  # (G, C) standardised state columns are believed from here
    high: Floats  # (G, C) to here
    forms: tuple[Form, Form]


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """Everything a block network remembers."""

    fit: Fit
    durations: tuple[int, ...]  # seconds
    knots: tuple[int, ...]  # leads
    members: int
    folds: int
    directed: bool
    groups: tuple[Group, ...]
    place: Ints = field(default_factory=lambda: np.empty((0, 2), np.int64))  # (S, 2) group, row in it; -1 = none
    recurrent: bool = False  # one knot, of one step, that is rolled out

    def __post_init__(self) -> None:
        place = np.full((len(self.fit.stations), 2), -1, dtype=np.int64)
        for g, group in enumerate(self.groups):
            place[group.stations] = np.stack([np.full(len(group.stations), g), np.arange(len(group.stations))], axis=1)
        object.__setattr__(self, "place", place)

    def transform(self, group: Group, rows: Ints) -> Transform:
        return Transform(float(group.power[0]), group.shift[rows], group.shape_unit[rows])

    def of_fold(self, fold: int) -> slice:
        """The members that did not see a fold."""
        share = self.members // self.folds
        return slice(None) if fold == ALL else slice(fold * share, (fold + 1) * share)


def group_of(stations: Ints, kinds: tuple[str, ...], arrays: Mapping[str, Floats]) -> Group:
    forms = [
        Form(stack_of({n: arrays[f"{n}.{i}"] for n in STACKED}), *(arrays[f"{n}.{i}"] for n in BY_FORM[len(STACKED) :]))
        for i in (0, 1)
    ]
    shared: dict[str, Any] = {name: arrays[name] for name in SHARED}
    return Group(stations, kinds, forms=(forms[0], forms[1]), **shared)


def quantiles(model: Model, raw: Cases, fold: int = ALL) -> Floats:
    """(N, H, Q); NaN for unknown stations and, of a directed network, where the last value is too old."""
    return answer(model, raw, fold)[0]


def answer(model: Model, raw: Cases, fold: int = ALL, keep: bool = False) -> tuple[Floats, Floats]:
    """Quantiles (N, H, Q) and, if to ``keep``, the members' trajectories (N, M, H), else none of them."""
    n, horizon = raw.future.shape[:2]
    values = np.full((n, horizon, len(model.fit.quantiles)), np.nan)
    members = np.full((n if keep else 0, model.members, horizon), np.nan)
    place = np.where((raw.rows == NOWHERE)[:, None], -1, model.place[np.maximum(raw.rows, 0)])
    for g, group in enumerate(model.groups):
        mine = np.flatnonzero(place[:, 0] == g)
        for some in np.array_split(mine, max(1, -(-len(mine) // AT_ONCE))):
            if len(some):
                values[some], paths = of_group(model, group, raw.take(some), place[some, 1], fold)
                if keep:
                    members[some] = paths
    return values, members


def of_group(model: Model, group: Group, raw: Cases, rows: Ints, fold: int) -> tuple[Floats, Floats]:
    """(N, H, Q) and (N, M, H) for cases of the stations ``rows`` of a group."""
    transform = model.transform(group, rows)
    shown = replace(raw, target=transform.forward(raw.target), base=transform.forward(raw.base))
    known = foreseen(shown, group.zones[rows])
    paths = trajectories(model, group, shown, rows, known)
    centre = np.median(paths[:, model.of_fold(fold)], axis=1)
    if model.folds > 1 and fold != ALL:
        paths = paths[:, model.of_fold(fold)]
    forms, filled = [form for form, there in enumerate((not known.all(), known.any())) if there], filled_in(shown)
    spread = [around(model, group, form, filled, rows, centre) for form in forms]
    values = np.where(known[:, :, None], spread[-1], spread[0])
    floor = np.minimum(group.floor[rows], np.where(np.isfinite(raw.base), raw.base, np.inf))
    low, high = floor[:, None, None], group.ceiling[rows][:, None, None]
    return np.clip(transform.back(values), low, high), np.clip(transform.back(paths), low, high)


def around(model: Model, group: Group, form: int, cases: Cases, rows: Ints, centre: Floats) -> Floats:
    """(N, H, Q) quantiles around the centre, as wide as errors are to be expected by this form."""
    f = group.forms[form]
    known = cases if form else replace(cases, future=np.full_like(cases.future, np.nan))
    doubt = doubts(known, centre - origin(model, group, cases, rows)[:, None], group.unit[rows])
    expected = expected_error(doubt, f.doubt[rows])
    return Spread(f.edges, f.offsets).around(centre, expected, rows, model.fit.quantiles)


def origin(model: Model, group: Group, cases: Cases, rows: Ints) -> Floats:
    """(N) what changes are told from: the newest value, or the usual one where the network is not shown the target, or
    goes on without it."""
    if model.recurrent:
        return np.where(np.isfinite(cases.base), cases.base, group.centre[rows])
    return cases.base if model.directed else group.centre[rows]


def trajectories(model: Model, group: Group, cases: Cases, rows: Ints, known: Bools) -> Floats:
    """(N, M, H) each member's path: its change at the knots, by the form that what is known allows, between them
    straight. The recurrent form's path is a step after the other."""
    view = told(cases, group.zones[rows], group.others[rows])
    inputs = inputs_of(model, group, view, rows)
    if model.recurrent:
        return rolled_out(model, group, view, rows, known, inputs)
    change = changes(model, group, 0, view, rows, inputs)
    leads = np.array(model.knots) - 1
    if known.any():
        with_rain = changes(model, group, 1, view, rows, inputs)
        change = np.where(known[:, leads][:, :, None], with_rain, change)
    paths = np.einsum("hk,nkm->nmh", between(model.knots, known.shape[1]), change)
    return np.asarray(origin(model, group, cases, rows)[:, None, None] + paths)


def inputs_of(model: Model, group: Group, view: Told, rows: Ints) -> Floats:
    """(N, C) the standardised state, as of the issue time."""
    return standardised(group, rows, columns_of(model, group, view, rows))


def columns_of(model: Model, group: Group, view: Told, rows: Ints) -> Floats:
    """(N, C) the state; NaN = not known."""
    view = newest_only(view) if model.recurrent else view
    return state(view, group.kinds, group.centre[rows], group.unit[rows], model.directed)


def changes(model: Model, group: Group, form: int, view: Told, rows: Ints, inputs: Floats) -> Floats:
    """(N, K, M) changes at the knots by one form."""
    f = group.forms[form]
    fell = [fallen_by(view, lead) for lead in model.knots] if form else [fallen(view)]
    output = f.stack.answer(np.stack([rain(group, f, one, rows) for one in fell], axis=1), inputs, rows)
    change = output.reshape(len(rows), len(model.knots), model.members) * f.scale[rows][:, :, None]
    return np.clip(change, f.least[rows][:, :, None], f.most[rows][:, :, None])


def rain(group: Group, form: Form, lagged: Floats, rows: Ints) -> Floats:
    """(N, Z, L) in units, and no more than is believed."""
    return np.minimum(lagged / group.rain_unit[rows][:, None, None], form.rain_most[rows])


def standardised(group: Group, rows: Ints, columns: Floats) -> Floats:
    """(N, C) state columns as the network is shown them: what is not known is as usual."""
    z = (columns - group.mean[rows]) / group.size[rows]
    return np.clip(np.where(np.isfinite(z), z, 0.0), group.low[rows], group.high[rows])
