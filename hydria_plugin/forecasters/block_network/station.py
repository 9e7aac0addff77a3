"""Fitting the networks of one station: for each form and knot, a share of the members on all blocks of time but one,
stopped on that one. What those members say of it is out of sample: it tells how far to follow them, and how wide the
errors are. The forecast is the median of all members."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from hydria_plugin import History, ModelError, Split
from hydria_plugin.values import Bools, Floats, Ints

from ..boosting_fit import knots_for
from ..boosting_model import between
from ..cases import Cases
from ..fitting import fold_of_steps, gap_of, purged
from ..spread import doubts, expected_error, fit_doubt, fit_spread
from .columns import Roles, fallen, fallen_by, filled_in, foreseen
from .lesson import MARGIN, Lesson, lesson_of, roles_of
from .network import Networks
from .serving import stacked
from .training import Recipe, Samples, train_members

FEWEST_STOP = 8  # cases
Tell = Callable[[float], None]


class Plan(NamedTuple):
    """What the fits of all stations share."""

    knots: tuple[int, ...]
    fold: Ints  # (T)
    may_learn: Bools  # (F, T)
    folds: int
    recipe: Recipe
    power: float | None
    directed: bool
    max_rows: int
    max_age: int
    seed: int
    levels: tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Station:
    """One station's arrays, what its slots are, and what was done less well than it should be."""

    roles: Roles
    arrays: dict[str, Floats]
    notes: tuple[str, ...]
    dropped: int = 0  # members that diverged


@dataclass(frozen=True, slots=True, eq=False)
class Knot:
    """The networks of one form and knot."""

    networks: Networks  # (M)
    held_out: Floats  # (N) out-of-sample change; NaN = not known
    scale: float
    dropped: int


def plan_of(
    history: History, split: Split, folds: int, recipe: Recipe, power: float | None, directed: bool, max_rows: int,
    max_age: int, seed: int,
) -> Plan:  # fmt: skip
    fold = fold_of_steps(history, split, folds)
    gap = gap_of(history, fold, folds)
    may_learn = np.stack([purged(fold, k, gap) for k in range(folds)])
    knots = knots_for(history.layout.horizon)
    return Plan(
        knots, fold, may_learn, folds, recipe, power, directed, max_rows, max_age, seed, history.layout.quantiles
    )


def fit_station(history: History, split: Split, s: int, plan: Plan, tell: Tell = lambda share: None) -> Station:
    """Raises ModelError where there is nothing to learn from."""
    roles, notes = roles_of(history, split, s, plan.directed, plan.power)
    lesson = lesson_of(history, split, s, roles, plan.max_rows, plan.max_age, plan.seed)
    arrays, dropped = dict(lesson.arrays), 0
    for form in (0, 1):
        done: list[Knot] = []
        for k in range(len(plan.knots)):
            done.append(fit_knot(lesson, form, k, plan, history.layout.stations[s]))
            tell((form * len(plan.knots) + k + 1) / (2 * len(plan.knots)))
        arrays |= {f"{name}.{form}": a for name, a in form_arrays(lesson, form, done, plan).items()}
        dropped += sum(one.dropped for one in done)
    if dropped:
        notes.append(f"{history.layout.stations[s]}: {dropped} networks diverged and were replaced by others")
    return Station(roles, arrays, tuple(notes), dropped)


def fit_knot(lesson: Lesson, form: int, k: int, plan: Plan, station: str) -> Knot:
    """All members of one form and knot, fold by fold."""
    lead = plan.knots[k]
    change = lesson.change[:, lead - 1]
    known = np.isfinite(change)
    if form == 1:
        with_rain = known & foreseen(lesson.raw, lesson.zones)[:, lead - 1]
        known = with_rain if with_rain.sum() >= 2 * FEWEST_STOP else known
    lagged = rain_of(lesson, form, lead)
    scale = float(np.sqrt(np.mean(change[known] ** 2))) if known.any() else 0.0
    scale = scale if scale > 0 else 1.0
    parts, held_out, dropped = [], np.full(len(change), np.nan), 0
    for fold in range(plan.folds):
        learn, stop = parts_of(lesson, known, plan, fold)
        recipe = replace(plan.recipe, members=plan.recipe.members // plan.folds)
        rng = np.random.default_rng([plan.seed, zlib.crc32(station.encode()), form, k, fold])
        trained = train_members(
            samples(lesson, lagged, change / scale, learn), samples(lesson, lagged, change / scale, stop), recipe, rng
        )
        networks, lost = whole(trained.networks, recipe.members)
        parts.append(networks)
        dropped += lost
        out = plan.fold[lesson.step] == fold
        held_out[out] = scale * np.median(networks.output(lagged[out], lesson.state[out]), axis=0)
    fields = parts[0].arrays()
    every = Networks(**{name: np.concatenate([p.arrays()[name] for p in parts]) for name in fields})
    follow = followed(held_out, change, lesson.weight, known & ~lesson.copy) if plan.directed else 1.0
    return Knot(every, follow * held_out, follow * scale, dropped)


def parts_of(lesson: Lesson, known: Bools, plan: Plan, fold: int) -> tuple[Bools, Bools]:
    """Cases to learn from and to stop on. Copies with silent gauges only teach. Where a fold has next to no truth,
    every fifth case stops instead."""
    stop = known & (plan.fold[lesson.step] == fold) & ~lesson.copy
    learn = known & plan.may_learn[fold][lesson.step]
    if min(stop.sum(), learn.sum()) < FEWEST_STOP:
        some = np.arange(len(known)) % (5 * plan.folds) == 5 * fold % (5 * plan.folds)
        some = some if (some & known).sum() >= FEWEST_STOP else np.arange(len(known)) % 5 == fold % 5
        return known & ~some, known & some
    return learn, stop


def samples(lesson: Lesson, lagged: Floats, target: Floats, pick: Bools) -> Samples:
    weight = lesson.weight[pick]
    return Samples(lagged[pick], lesson.state[pick], target[pick], weight / weight.mean() if len(weight) else weight)


def rain_of(lesson: Lesson, form: int, lead: int) -> Floats:
    """(N, Z, L) in units."""
    lagged = fallen_by(lesson.view, lead) if form else fallen(lesson.view)
    return np.asarray(lagged / lesson.arrays["rain_unit"])


def whole(networks: Networks, members: int) -> tuple[Networks, int]:
    """As many as were wanted: those that diverged are replaced by others, in turn; and how many they were."""
    lost = members - len(networks)
    return (networks.only(np.resize(np.arange(len(networks)), members)), lost) if lost else (networks, 0)


def followed(guess: Floats, truth: Floats, weight: Floats, known: Bools) -> float:
    """The factor in [0, 1] on the forecast change that would have been best for what was held out."""
    use = known & np.isfinite(guess)
    size = float((weight[use] * guess[use] ** 2).sum())
    return float(np.clip((weight[use] * guess[use] * truth[use]).sum() / size, 0.0, 1.0)) if size > 0 else 0.0


def form_arrays(lesson: Lesson, form: int, knots: list[Knot], plan: Plan) -> dict[str, Floats]:
    """Everything one form keeps."""
    rain = np.stack([rain_of(lesson, form, lead).max(axis=0) for lead in plan.knots]).max(axis=0)
    changes = np.nan_to_num(lesson.change[:, [lead - 1 for lead in plan.knots]])
    least = changes.min(axis=0, initial=0.0) * (1 + MARGIN)
    most = changes.max(axis=0, initial=0.0) * (1 + MARGIN)
    arrays = {
        "rain_most": rain * (1 + MARGIN),
        "scale": np.array([one.scale for one in knots]),
        "least": least,
        "most": most,
    }
    held_out = np.clip(np.stack([one.held_out for one in knots], axis=1), least, most)
    first = ~lesson.copy
    guess = held_out[first] @ between(plan.knots, lesson.change.shape[1]).T
    wide = width(lesson.raw.take(first), guess, lesson.change[first], float(lesson.arrays["unit"]), form, plan.levels)
    return stacked([one.networks for one in knots]) | arrays | wide


def width(
    raw: Cases, guess: Floats, change: Floats, unit: float, form: int, levels: tuple[float, ...]
) -> dict[str, Floats]:
    """How large errors grow with what, and their quantiles in units of that, of what was held out."""
    cases = filled_in(raw)
    cases = cases if form else replace(cases, future=np.full_like(cases.future, np.nan))
    doubt = doubts(cases, np.nan_to_num(guess), np.full(len(guess), unit))
    errors = change - guess
    weights, edges, offsets = [], [], []
    for f in range(change.shape[1]):
        weights.append(fit_doubt(doubt[:, f], np.abs(errors[:, f])))
        expected = expected_error(doubt[:, f : f + 1], weights[-1][None])[:, 0]
        some_edges, some_offsets = fit_spread(errors[:, f], expected, levels)
        edges.append(some_edges)
        offsets.append(some_offsets)
    return {"doubt": np.stack(weights), "edges": np.stack(edges), "offsets": np.stack(offsets)}


def nothing_to_learn(failed: list[ModelError]) -> ModelError:
    """For a pipeline none of whose stations could be learned."""
    return ModelError("block-network: no station could be learned: " + "; ".join(str(one) for one in failed[:3]))
