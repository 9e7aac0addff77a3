"""Several forecasters as one: each weighs, station by station and lead by lead, as much as independent events say.

The centre is the weighted mean of the members' centres; the other quantiles are averaged with weights of their own and
stretched to be reliable (stacking.py, reliability.py). Persistence is always a member, and where a record has too few
floods to tell skill from luck, the only one that counts. Truth that arrives tilts the weights, within bounds.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np

from hydria_plugin import Forecast, Forecaster, History, Layout, ModelError, Needs, Split, State, Verified, Window
from hydria_plugin.learning.powers import Judged
from hydria_plugin.learning.workbench import Workbench, traits
from hydria_plugin.values import Attribution, Bools, Floats, Ints

from . import attributing_blend
from .belief import learn_met, met_of
from .cases import rows_of, rows_of_names
from .evidence import (
    Asked,
    Fitted,
    Progress,
    asked_of,
    fit_member,
    hindcast,
    load_fitted,
    loaded,
    report,
    save_fitted,
    too_short,
)
from .keeping import Fit, check_fit, load_arrays, read_fit, save_arrays, write_fit
from .mix import Mix, foreseen, foreseen_in
from .mixing import learn_mix
from .persistence import Persistence
from .tilt import learn_tilt, tilted
from .trajectories import above_nothing, answer_of, of_blend
from .walking import walked

PERSISTENCE = "persistence"
ANNOUNCED = "announced"  # the part of a forecast that is the weighted centre, before it is known how far to follow it
CASES_AT_ONCE = 4_000  # issue times by stations in one piece of a hindcast
logger = logging.getLogger("hydria.blend")


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A fitted blend."""

    fit: Fit
    members: Mapping[str, Forecaster]  # in the order of the mix's axis J
    mix: Mix


class Blend:
    """Weighted mean of other forecasters.

    ``of``: names of the members; by default all that are given. Persistence is added where it is not among them.
    """

    name = "blend"

    def __init__(
        self,
        *,
        of: Sequence[str] | None = None,
        members: Mapping[str, Forecaster] | None = None,
        rng: np.random.Generator | None = None,
    ) -> None:
        given = dict(members or {})
        if unknown := [name for name in of or () if name not in given and name != PERSISTENCE]:
            raise ValueError(f"of: no forecaster {unknown[0]!r} to blend; there are: {', '.join(given) or 'none'}")
        chosen = {name: given[name] for name in (given if of is None else of) if name in given}
        self.members: dict[str, Forecaster] = {**chosen, PERSISTENCE: chosen.get(PERSISTENCE, Persistence())}
        self.seed = int((rng or np.random.default_rng(0)).integers(2**63))
        self.trained: Trained | None = None

    @property
    def antecedent(self) -> tuple[np.timedelta64, ...]:
        """What any member needs."""
        asked = {d for m in self.members.values() if isinstance(m, Needs) for d in m.antecedent}
        return tuple(sorted(asked))

    # ---- forecasting

    def forecast(self, window: Window) -> Forecast:
        t = self.ready()
        check_fit(self.name, t.fit, window.layout)
        answers = [answer_of(name, m, window) for name, m in t.members.items()]
        quantiles, learned = np.stack([a.values for a in answers], axis=1), window.learned.get(self.name, {})
        values, parts = self.answer(quantiles.astype(np.float64), foreseen(window), window.layout, learned)
        values = above_nothing(values, window)
        weights, home = self.weights_now(window), self.home(t)
        paths = of_blend(window, answers, home, weights, values)
        return Forecast.of(window, values, self.name, parts=parts, part_names=self.part_names, **paths)

    def weights_now(self, window: Window) -> Floats:
        """(S, H, J) of the members' centres, tilted by what was learned while running."""
        t = self.ready()
        rows = rows_of(window.layout, t.fit.stations)
        return tilted(t.mix.weights(rows, foreseen(window), self.home(t)), window.learned.get(self.name, {}), rows)

    def answer(self, quantiles: Floats, known: Bools, layout: Layout, learned: State) -> tuple[Floats, Floats]:
        """(S, H, Q) of the members' (S, J, H, Q), after what was ``learned`` while running; and (S, J + 1, H) the
        parts it was made of."""
        t = self.ready()
        rows = rows_of(layout, t.fit.stations)
        values, announced = self.mixed(quantiles, rows, known, layout.median, learned)
        return values, np.concatenate([quantiles[..., layout.median], announced[:, None]], axis=1)

    def mixed(self, quantiles: Floats, rows: Ints, known: Bools, middle: int, learned: State) -> tuple[Floats, Floats]:
        """(S, H, Q) of the members' (S, J, H, Q), and (S, H) what their weighted centre announced."""
        t = self.ready()
        home = self.home(t)
        weights = tilted(t.mix.weights(rows, known, home), learned, rows)
        met = met_of(learned, len(t.fit.stations), t.mix.sizes.shape[-1] + 1)
        return t.mix.combine(quantiles, weights, rows, known, middle, home, None if met is None else met[rows])

    @property
    def part_names(self) -> tuple[str, ...]:
        return (*self.ready().members, ANNOUNCED)

    def attribute(self, window: Window) -> Attribution:
        t, issued = self.ready(), self.forecast(window)
        medians = np.asarray(issued.parts)[:, : len(t.members)]
        return attributing_blend.mix(t.members, self.home(t), self.weights_now(window), medians, issued.median, window)

    def hindcast(self, history: History, at: Ints, future: bool) -> Floats:
        """(N, S, H, Q) with the trained weights: what was learned online since is left out."""
        rows, middle, out = rows_of(history.layout, self.ready().fit.stations), history.layout.median, []
        for some, quantiles, known in self.pieces(history, at, future):
            flat, of_case = quantiles.reshape(-1, *quantiles.shape[2:]), np.tile(rows, len(some))
            values, _ = self.mixed(flat, of_case, known.reshape(len(flat), -1), middle, {})
            out.append(values.reshape(len(some), len(rows), *values.shape[1:]))
        return np.concatenate(out)

    def hindcast_learning(self, history: History, at: Ints, future: bool) -> Floats:
        """(N, S, H, Q) as in operation since the first of the contiguous steps ``at``: learning from step to step."""
        return walked(self, history, at, future)

    def pieces(self, history: History, at: Ints, future: bool) -> Iterator[tuple[Ints, Floats, Bools]]:
        """Some of the steps ``at`` after the other: (N), the members' (N, S, J, H, Q), and (N, S, H) foreseen leads."""
        t = self.ready()
        check_fit(self.name, t.fit, history.layout)
        for some in np.array_split(at, max(1, len(at) * len(history.layout.stations) // CASES_AT_ONCE)):
            members = [hindcast(m, history, some, future) for m in t.members.values()]
            yield some, np.stack(members, axis=2).astype(np.float64), foreseen_in(history, some, future)

    def ready(self) -> Trained:
        if self.trained is None:
            raise ModelError("blend has not been trained: run `hydria train`")
        return self.trained

    @staticmethod
    def home(t: Trained) -> int:
        return list(t.members).index(PERSISTENCE)

    # ---- learning

    def fit(self, history: History, split: Split) -> Self:
        return self.fit_on(Workbench(), history, split)

    def fit_on(
        self, bench: Workbench, history: History, split: Split, progress: Progress = lambda what, share: None
    ) -> Self:
        """Fit the members, then the mix. A finished member is kept on the ``bench``. A member that cannot be fitted is
        left out with a warning. Same data, options and seed: same blend."""
        asked = asked_of(history, split)
        if not len(asked.at):
            raise ModelError(too_short(history))
        fitted: dict[str, Fitted] = {}
        for i, (name, member) in enumerate(self.members.items()):
            progress(name, i / (len(self.members) + 1))
            told = partial(report, progress, name, i / (len(self.members) + 1), 1 / (len(self.members) + 1))
            one = self.fit_one(bench, name, member, (history, split, asked), told)
            if one is not None:
                fitted[name] = one
        if PERSISTENCE not in fitted:
            raise ModelError(f"blend needs persistence, and it could not be fitted; {too_short(history)}")
        progress("weights", len(self.members) / (len(self.members) + 1))
        home = list(fitted).index(PERSISTENCE)
        mix = learn_mix(history, split, asked, list(fitted.values()), home, np.random.default_rng(self.seed))
        return self.with_trained(Trained(Fit.of(history.layout), {k: f.member for k, f in fitted.items()}, mix))

    def fit_one(
        self, bench: Workbench, name: str, member: Forecaster, data: tuple[History, Split, Asked], progress: Progress
    ) -> Fitted | None:
        facts = ("member", name, traits(member))
        make = partial(fit_member, member, *data, bench.under(*facts), progress)
        try:
            return bench.piece(make, save_fitted, partial(load_fitted, member), *facts)
        except Exception as error:
            logger.warning("member left out of the blend name=%s error=%s", name, error)
            return None

    def to_be_judged(self) -> Self:
        """Of members that leave out what no forecast depends on."""
        new = copy.copy(self)
        new.members = {n: m.to_be_judged() if isinstance(m, Judged) else m for n, m in self.members.items()}
        return new

    def with_trained(self, trained: Trained) -> Self:
        new = type(self)(of=None, members=self.members)
        new.seed, new.trained = self.seed, trained
        return new

    def learn(self, verified: Verified, state: State) -> State:
        """Tilt the weights of the centre, and see how far what they announced came true, at one verified valid time."""
        t = self.ready()
        if verified.parts is None or verified.part_names != self.part_names:
            return state
        rows = rows_of_names(verified.stations, t.fit.stations)
        members = replace(verified, parts=verified.parts[:, :-1], part_names=tuple(t.members))
        state = learn_tilt(members, state, tuple(t.members), rows, t.mix.energy)
        announced, last = verified.parts[:, -1], verified.parts[:, self.home(t)]
        return learn_met(verified, state, announced, last, rows, t.mix.knots, t.mix.energy)

    # ---- keeping

    def save(self, folder: Path) -> None:
        t = self.ready()
        write_fit(folder, t.fit, {"members": list(t.members)})
        save_arrays(folder, t.mix.arrays())
        for name, member in t.members.items():
            if hasattr(member, "save"):
                (folder / "members" / name).mkdir(parents=True)
                member.save(folder / "members" / name)

    def load(self, folder: Path) -> Self:
        fit, options = read_fit(self.name, folder)
        names: list[str] = list(options["members"])
        if gone := [n for n in names if n not in self.members]:
            raise ModelError(
                f"blend was trained with {gone[0]!r}, which is not among its members now: run `hydria train`"
            )
        arrays: dict[str, Any] = load_arrays(self.name, folder, tuple(f.name for f in fields(Mix)))
        members = {n: loaded(self.members[n], folder / "members" / n) for n in names}
        return self.with_trained(Trained(fit, members, Mix(**arrays)))
