"""Fitting the recurrent form of one station: a network of one step, for each form of knowing the rain to come."""

from __future__ import annotations

import zlib

import numpy as np

from hydria_plugin import ModelError
from hydria_plugin.values import Bools, Floats, Ints

from .knots import Plan, joined, known_to, parts_of, whole
from .lesson import MARGIN, Lesson
from .network import Networks
from .recurrent_training import Course, descend
from .rolling import Bounds, held, order_of, rain_by_step, roll
from .serving import stack_of, stacked
from .training_start import starting_networks
from .transform import Transform

LONGEST = 24  # leads that are learned from; beyond, the network goes on
MOST_ROWS = 1_500  # cases to learn from, each over all these leads


def fit_recurrent(lesson: Lesson, form: int, plan: Plan) -> tuple[dict[str, Floats], Floats, int]:
    """The arrays of one form but its width, the held-out changes (N, H), and how many members were replaced. Raises
    ModelError where no member can be trained."""
    rain, bounds = rain_of_leads(lesson, form), bounds_of(lesson)
    known = known_to(lesson, form, 1)
    members, dropped = trained(lesson, rain, bounds, known, form, plan)
    one = {"scale": bounds.scale[:1], "least": bounds.least[:1], "most": bounds.most[:1]}
    arrays = stacked([joined(members)]) | {"rain_most": rain.max(axis=(0, 1)) * (1 + MARGIN)} | one
    return arrays, held_out(lesson, rain, bounds, members, plan), dropped


def rain_of_leads(lesson: Lesson, form: int) -> Floats:
    """(N, H, Z, L) in units. Without the rain to come it counts as none."""
    view = lesson.view
    leads = np.arange(1, view.coming.shape[1] + 1)
    coming = view.coming if form else np.full_like(view.coming, np.nan)
    return rain_by_step(view.rain, coming, leads) / float(lesson.arrays["rain_unit"])


def bounds_of(lesson: Lesson) -> Bounds:
    """(N) times the station's own; a change of one step may be larger than any seen by a margin."""
    a, n = lesson.arrays, len(lesson.raw)
    step = lesson.change[:, 0][np.isfinite(lesson.change[:, 0])]
    scale = float(np.sqrt(np.mean(step**2))) if len(step) else 0.0
    limits = step.min(initial=0.0) * (1 + MARGIN), step.max(initial=0.0) * (1 + MARGIN)
    transform = Transform(lesson.roles.power, a["shift"], a["shape_unit"])
    ends = (transform.forward(a[name]) for name in ("floor", "ceiling"))
    each = a["centre"], a["unit"], scale if scale > 0 else 1.0, *limits, *ends
    centre, unit, *rest = (np.full(n, float(one)) for one in each)
    wide = (np.broadcast_to(a[name], (n, len(a[name]))) for name in ("mean", "size", "low", "high"))
    return Bounds(centre, unit, *wide, *rest)


def trained(
    lesson: Lesson, rain: Floats, bounds: Bounds, known: Bools, form: int, plan: Plan
) -> tuple[list[Networks | None], int]:
    """The members of each fold, None where all of one diverged; and how many did."""
    recipe, share = plan.recipe, plan.recipe.members // plan.folds
    rng = np.random.default_rng([plan.seed, zlib.crc32(lesson.station.encode()), form])
    parts = [parts_of(lesson, known, plan, fold) for fold in range(plan.folds)]
    learn, stop = (np.repeat(np.stack([part[i] for part in parts]), share, axis=0) for i in (0, 1))
    leads = min(LONGEST, rain.shape[1])
    first = own_values(lesson)
    truth = (lesson.raw.base[:, None] + lesson.change)[:, :leads]
    course = Course(
        rain[:, :leads], lesson.state, first, truth, lesson.weight / lesson.weight.mean(), learn, stop, bounds
    )
    used = np.flatnonzero(learn.any(axis=0))
    start = starting_networks(
        rain[used, 0], lesson.state[used], np.zeros(1), recipe.members, recipe.hidden, recipe.straight, rng
    )
    networks, loss = descend(start, course, recipe, rng)
    there = [np.flatnonzero(np.isfinite(loss[k * share : (k + 1) * share])) + k * share for k in range(plan.folds)]
    if not sum(len(one) for one in there):
        raise ModelError(f"{lesson.station}: all {len(loss)} networks diverged in training: look for outliers")
    members = [whole(networks.only(one), share) if len(one) else None for one in there]
    return members, int((~np.isfinite(loss)).sum())


def own_values(lesson: Lesson) -> Floats:
    """(N, R) newest first."""
    target = lesson.raw.target
    return held(target[:, -order_of(target.shape[1]) :], lesson.raw.base)[:, ::-1]


def held_out(lesson: Lesson, rain: Floats, bounds: Bounds, members: list[Networks | None], plan: Plan) -> Floats:
    """(N, H) the change that the members say which did not see a case; NaN where there are none."""
    change, first = np.full(lesson.change.shape, np.nan), own_values(lesson)
    for fold, networks in enumerate(members):
        if networks is None:
            continue
        stack = stack_of({name: a[None] for name, a in stacked([networks]).items()})
        cases: Ints = np.flatnonzero(plan.fold[lesson.step] == fold)
        for some in np.array_split(cases, max(1, len(cases) // 256)):
            if len(some):
                fed = np.repeat(first[some][:, :, None], len(networks), axis=2)
                free = np.full((len(some), rain.shape[1]), np.nan)
                rows = np.zeros(len(some), dtype=np.int64)
                paths, _ = roll(stack, rows, rain[some], lesson.state[some], fed, free, bounds.take(some))
                change[some] = np.median(paths, axis=2) - lesson.raw.base[some][:, None]
    return change
