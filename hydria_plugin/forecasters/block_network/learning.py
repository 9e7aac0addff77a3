"""Fitting all stations, one after the other, resumable."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hydria_plugin import History, ModelError, Split
from hydria_plugin.learning.workbench import Workbench
from hydria_plugin.values import Floats, Ints, Times

from ..boosting import seconds
from ..keeping import Fit, load_arrays, save_arrays
from .columns import Roles
from .keeping import Kept
from .model import ALL, BY_FORM, SHARED, Group, Model, group_of
from .station import Plan, Station, fit_station, nothing_to_learn, plan_of
from .training import Recipe

FORMS = ("directed", "static")
NAMES = (*SHARED, *(f"{name}.{i}" for i in (0, 1) for name in BY_FORM))


class Options(NamedTuple):
    """What an admin may set; see :class:`~hydria_plugin.forecasters.block_network.forecaster.BlockNetwork`."""

    form: str
    members: int
    hidden: int
    decay: float
    power: float | None
    optimiser: str
    folds: int
    max_rows: int
    max_age: int
    seed: int

    def check(self) -> None:
        """Raise ValueError for what cannot be."""
        if self.form not in FORMS:
            raise ValueError(f"form {self.form!r} is not one of {', '.join(FORMS)}")
        if self.folds < 2 or self.members < self.folds:
            raise ValueError(f"members and folds: {self.members} members cannot be shared among {self.folds} folds")
        if self.power is not None and not 0.0 <= self.power <= 1.0:
            raise ValueError(f"power must lie between 0 (logarithm) and 1 (as it is), not {self.power}")
        self.recipe()

    def recipe(self) -> Recipe:
        members = self.members // self.folds * self.folds
        return Recipe(
            members=members, hidden=self.hidden, decay=self.decay, decay_straight=self.decay, straight=True,
            optimiser=self.optimiser,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Folds:
    """Which steps of the training record each fold's members did not see; only in memory, after a fit."""

    times: Times  # (T)
    fold: Ints  # (T)

    def at(self, times: Times) -> Ints:
        """(N) the fold of each time; ALL where it was not learned from."""
        place = np.minimum(np.searchsorted(self.times, times), len(self.times) - 1)
        return np.where(self.times[place] == times, self.fold[place], ALL)


def fit_all(
    bench: Workbench, history: History, split: Split, options: Options, progress: Callable[[str, float], None]
) -> tuple[Kept, Folds]:
    """Raises ModelError when no station can be learned."""
    o = options
    plan = plan_of(history, split, o.folds, o.recipe(), o.power, o.form == "directed", o.max_rows, o.max_age, o.seed)
    stations: dict[int, Station] = {}
    failed: list[ModelError] = []
    count = len(history.layout.stations)
    for s, name in enumerate(history.layout.stations):
        tell = partial(report, progress, name, s / count, 1 / count)
        try:
            make = partial(fit_station, history, split, s, plan, tell)
            stations[s] = bench.piece(make, save_station, load_station, "station", name, o._asdict())
        except ModelError as fault:
            failed.append(fault)
    if not stations:
        raise nothing_to_learn(failed)
    notes = tuple(note for one in stations.values() for note in one.notes)
    notes += tuple(f"no forecast: {fault}" for fault in failed)
    return Kept(model_of(history, plan, stations), notes), Folds(history.times, plan.fold)


def report(progress: Callable[[str, float], None], name: str, start: float, share: float, done: float) -> None:
    progress(f"networks of {name}", start + share * done)


def model_of(history: History, plan: Plan, stations: dict[int, Station]) -> Model:
    """Stations of one shape in one group."""
    keys = {s: one.roles.key for s, one in stations.items()}
    groups: list[Group] = []
    for key in dict.fromkeys(keys.values()):
        mine = [s for s, its in keys.items() if its == key]
        arrays = {name: np.stack([stations[s].arrays[name] for s in mine]) for name in NAMES}
        groups.append(group_of(np.array(mine, dtype=np.int64), stations[mine[0]].roles.kinds, arrays))
    return Model(
        Fit.of(history.layout), seconds(history.durations), plan.knots, plan.recipe.members, plan.folds,
        plan.directed, tuple(groups),
    )  # fmt: skip


def save_station(station: Station, folder: Path) -> None:
    about: dict[str, Any] = {"roles": asdict(station.roles), "notes": station.notes, "dropped": station.dropped}
    (folder / "station.json").write_text(json.dumps(about), encoding="utf-8")
    save_arrays(folder, {name: array[None] for name, array in station.arrays.items()})


def load_station(folder: Path) -> Station:
    about = json.loads((folder / "station.json").read_text(encoding="utf-8"))
    roles = about["roles"]
    tuples = {k: tuple(roles[k]) for k in ("zones", "others", "kinds")}
    arrays: dict[str, Floats] = {n: a[0] for n, a in load_arrays("block-network", folder, NAMES).items()}
    return Station(Roles(**{**roles, **tuples}), arrays, tuple(about["notes"]), about["dropped"])
