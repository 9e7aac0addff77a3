"""Fitting all stations, one after the other, resumable."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
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
from .knots import Plan, plan_of
from .model import ALL, BY_FORM, SHARED, Group, Model, group_of
from .selection import Trial
from .station import Station, Wish, fit_station
from .training import Recipe
from .twin import RECIPE as TWIN
from .twin import Twin, fit_twin
from .twin_keeping import load_twins, save_twins
from .unrolling import with_total

EPOCHS = {"levenberg-marquardt": 30}  # the last 30 of 60 took half the time and less than 1 % of the loss
FORMS = ("directed", "static", "recurrent")
NAMES = (*SHARED, *(f"{name}.{i}" for i in (0, 1) for name in BY_FORM))


class Options(NamedTuple):
    """What an admin may set; see :class:`~hydria_plugin.forecasters.block_network.forecaster.BlockNetwork`."""

    form: str
    initialisations: int
    hidden: int
    decay: float
    power: float | None
    optimiser: str
    folds: int
    max_rows: int
    max_age: int
    select: bool
    twin: bool
    num_threads: int
    seed: int

    def check(self) -> None:
        """Raise ValueError for what cannot be."""
        if self.form not in FORMS:
            raise ValueError(f"form {self.form!r} is not one of {', '.join(FORMS)}")
        if self.folds < 2 or self.initialisations < self.folds:
            raise ValueError(f"{self.initialisations} initialisations cannot be shared among {self.folds} folds")
        if self.power is not None and not 0.0 <= self.power <= 1.0:
            raise ValueError(f"power must lie between 0 (logarithm) and 1 (as it is), not {self.power}")
        self.recipe()

    @property
    def threads(self) -> int:
        return self.num_threads or os.cpu_count() or 1

    def recipe(self) -> Recipe:
        members = self.initialisations // self.folds * self.folds
        epochs = None if self.form == "recurrent" else EPOCHS.get(self.optimiser)  # that one is trained by Adam
        return Recipe(
            members=members, hidden=self.hidden, decay=self.decay, decay_straight=self.decay, straight=True,
            optimiser=self.optimiser, max_epochs=epochs, threads=self.threads,
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
    plan = plan_of(history, split, o.folds, o.recipe(), o.seed)
    recurrent = o.form == "recurrent"
    wish = Wish(o.form != "static", o.power, o.max_rows, o.max_age, o.select, recurrent)
    plan = plan._replace(knots=(1,)) if recurrent else plan
    stations: dict[int, Station] = {}
    twins: dict[str, Twin] = {}
    failed: list[ModelError] = []
    notes: list[str] = []
    names = history.layout.stations
    for s, name in enumerate(names):
        tell = partial(report, progress, f"networks of {name}", s / len(names), 1 / len(names))
        try:
            make = partial(fit_station, history, split, s, plan, wish, tell)
            stations[s] = bench.piece(make, save_station, load_station, "station", name, o._asdict())
        except ModelError as fault:
            failed.append(fault)
            continue
        if o.twin:
            tell = partial(report, progress, f"twin of {name}", (s + 1) / len(names), 0.0)
            twin = twin_of(bench, history, split, s, o, notes, tell)
            twins |= {name: twin} if twin else {}
    if not stations:
        raise ModelError("block-network: no station could be learned: " + "; ".join(str(one) for one in failed[:3]))
    said = (*(note for one in stations.values() for note in one.notes), *notes)
    said += tuple(f"no forecast: {fault}" for fault in failed)
    tried = {names[s]: one.tried for s, one in stations.items()}
    model = model_of(history, plan, wish, stations)
    read = {n: with_total(t, model, history, split, names.index(n), o.max_age, o.seed) for n, t in twins.items()}
    return Kept(model, said, tried, read), Folds(history.times, plan.fold)


def twin_of(
    bench: Workbench, history: History, split: Split, s: int, o: Options, notes: list[str],
    tell: Callable[[float], None],
) -> Twin | None:  # fmt: skip
    """The network made for being read; a note where there is none."""
    name = history.layout.stations[s]

    def make() -> dict[str, Twin]:
        tell(0.0)
        rng = np.random.default_rng([o.seed, zlib.crc32(name.encode())])
        return {name: fit_twin(history, split, s, rng, replace(TWIN, threads=o.threads))}

    try:
        return bench.piece(make, lambda made, folder: save_twins(folder, made), load_twins, "twin", name, o.seed)[name]
    except ModelError as fault:
        notes.append(f"no reading of the rain: {fault}")
        return None


def report(progress: Callable[[str, float], None], what: str, start: float, share: float, done: float) -> None:
    progress(what, start + share * done)


def model_of(history: History, plan: Plan, wish: Wish, stations: dict[int, Station]) -> Model:
    """Stations of one shape in one group."""
    keys = {s: (*one.roles.key, one.arrays["mix.0"].shape) for s, one in stations.items()}
    groups: list[Group] = []
    for key in dict.fromkeys(keys.values()):
        mine = [s for s, its in keys.items() if its == key]
        arrays = {name: np.stack([stations[s].arrays[name] for s in mine]) for name in NAMES}
        groups.append(group_of(np.array(mine, dtype=np.int64), stations[mine[0]].roles.kinds, arrays))
    return Model(
        Fit.of(history.layout), seconds(history.durations), plan.knots, plan.recipe.members, plan.folds,
        wish.directed, tuple(groups), recurrent=wish.recurrent,
    )  # fmt: skip


def save_station(station: Station, folder: Path) -> None:
    about: dict[str, Any] = {"roles": asdict(station.roles), "notes": station.notes}
    about["tried"] = [asdict(trial) for trial in station.tried]
    (folder / "station.json").write_text(json.dumps(about), encoding="utf-8")
    save_arrays(folder, {name: array[None] for name, array in station.arrays.items()})


def load_station(folder: Path) -> Station:
    about = json.loads((folder / "station.json").read_text(encoding="utf-8"))
    roles = about["roles"]
    tuples = {k: tuple(roles[k]) for k in ("zones", "others", "kinds")}
    arrays: dict[str, Floats] = {n: a[0] for n, a in load_arrays("block-network", folder, NAMES).items()}
    return Station(
        Roles(**{**roles, **tuples}), arrays, tuple(about["notes"]), tuple(Trial(**t) for t in about["tried"])
    )
