"""Fitting one station: its networks for each form and knot, and how wide the errors of what was held out are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from hydria_plugin import History, Split
from hydria_plugin.values import Floats

from ..boosting_model import between
from ..cases import Cases
from ..spread import doubts, expected_error, fit_doubt, fit_spread
from .columns import Roles, filled_in
from .knots import Knot, Plan, fit_knot, rain_of
from .lesson import MARGIN, Lesson, lesson_of, roles_of
from .recurrent_station import MOST_ROWS, fit_recurrent
from .selection import Trial, select
from .serving import stacked

TRIALS = 7  # that a selection takes at most, each about as long as half a knot
Tell = Callable[[float], None]


@dataclass(frozen=True, slots=True, eq=False)
class Station:
    """One station's arrays, what its slots are, what was done less well than it should be, and what was tried."""

    roles: Roles
    arrays: dict[str, Floats]
    notes: tuple[str, ...]
    tried: tuple[Trial, ...] = ()


@dataclass(frozen=True, slots=True)
class Wish:
    """How a station is to be fitted, beside the plan."""

    directed: bool
    power: float | None
    max_rows: int
    max_age: int
    select: bool
    recurrent: bool = False


def fit_station(
    history: History, split: Split, s: int, plan: Plan, wish: Wish, tell: Tell = lambda share: None
) -> Station:
    """Raises ModelError where there is nothing to learn from."""
    name = history.layout.stations[s]
    roles, notes = roles_of(history, split, s, wish.directed, wish.power)
    if wish.recurrent:
        return fit_rolled(history, split, s, replace(roles, recurrent=True), notes, plan, wish, tell)
    lesson = lesson_of(history, split, s, roles, wish.max_rows, wish.max_age, plan.seed)
    count = Counted(tell, 2 * len(plan.knots) + (TRIALS if wish.select else 0))
    tried: tuple[Trial, ...] = ()
    if wish.select:
        plan, tried = select(lesson, plan, count)
    arrays, dropped = dict(lesson.arrays), 0
    for form in (0, 1):
        done: list[Knot] = []
        for k in range(len(plan.knots)):
            done.append(fit_knot(lesson, form, k, plan))
            count()
        arrays |= {f"{key}.{form}": a for key, a in form_arrays(lesson, form, done, plan).items()}
        dropped += sum(one.dropped for one in done)
    tell(1.0)
    return Station(roles, arrays, (*notes, *replaced(name, dropped)), tried)


def fit_rolled(
    history: History, split: Split, s: int, roles: Roles, notes: list[str], plan: Plan, wish: Wish, tell: Tell
) -> Station:
    """The recurrent form; nothing is selected."""
    lesson = lesson_of(history, split, s, roles, min(wish.max_rows, MOST_ROWS), wish.max_age, plan.seed)
    arrays, dropped, first = dict(lesson.arrays), 0, ~lesson.copy
    for form in (0, 1):
        found, held_out, lost = fit_recurrent(lesson, form, plan)
        unit = float(lesson.arrays["unit"])
        wide = width(lesson.raw.take(first), held_out[first], lesson.change[first], unit, form, plan.levels)
        arrays |= {f"{key}.{form}": a for key, a in (found | wide).items()}
        dropped += lost
        tell((form + 1) / 2)
    return Station(roles, arrays, (*notes, *replaced(lesson.station, dropped)))


def replaced(name: str, dropped: int) -> tuple[str, ...]:
    """A sentence where members are missing."""
    said = f"{name}: {dropped} networks diverged, or had nothing to learn from, and were replaced by others"
    return (said,) if dropped else ()


class Counted:
    """Tells the share of ``whole`` pieces that is done."""

    def __init__(self, tell: Tell, whole: int) -> None:
        self.tell, self.whole, self.done = tell, whole, 0

    def __call__(self) -> None:
        self.done += 1
        self.tell(min(1.0, self.done / self.whole))


def form_arrays(lesson: Lesson, form: int, knots: list[Knot], plan: Plan) -> dict[str, Floats]:
    """Everything one form keeps."""
    rain = np.stack([rain_of(lesson, form, lead, plan.window).max(axis=0) for lead in plan.knots]).max(axis=0)
    changes = np.nan_to_num(lesson.change[:, [lead - 1 for lead in plan.knots]])
    least = changes.min(axis=0, initial=0.0) * (1 + MARGIN)
    most = changes.max(axis=0, initial=0.0) * (1 + MARGIN)
    scale = np.array([one.scale for one in knots])
    arrays = {"rain_most": rain * (1 + MARGIN), "scale": scale, "least": least, "most": most}
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
