"""A fitted LSTM: its members, scales and widths; asking it, keeping it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from hydria_plugin import ModelError
from hydria_plugin.learning.ticks import around_median
from hydria_plugin.values import Floats, Ints, Times

from ..cases import NOWHERE, Cases
from ..keeping import Fit, load_arrays, read_fit, save_arrays, write_fit
from .network import Network, names_of_arrays, spoken
from .norms import Norms
from .sequences import Read, Sequences, read, sequences

ALL = -1  # the mean of all folds' members


@dataclass(frozen=True, slots=True, eq=False)
class Recurrent:
    """Everything a fitted LSTM remembers. Member k has not seen fold k."""

    fit: Fit
    durations: tuple[int, ...]  # seconds
    max_age: int
    norms: Norms
    members: tuple[Network, ...]
    stretch: Floats  # (2, H, Q) by form: how much wider than the members think errors were where they had not looked
    fold: int = ALL
    times: Times | None = None  # (T) of the training record, in memory only
    fold_of: Ints | None = None  # (T)

    def fold_at(self, times: Times) -> Ints:
        """(N) the fold that each time was held out in; ALL where it was not learned from."""
        if self.times is None or self.fold_of is None:
            raise ModelError("lstm: what each fold's network would have forecast is known only right after a fit")
        place = np.minimum(np.searchsorted(self.times, times), len(self.times) - 1)
        return np.where(self.times[place] == times, self.fold_of[place], ALL)

    def only_fold(self, fold: int) -> Recurrent:
        return replace(self, fold=fold)


def quantiles(model: Recurrent, cases: Cases) -> Floats:
    """(N, H, Q); NaN for unknown stations and where the last value is too old."""
    rows = np.maximum(cases.rows, 0)
    asked = sequences(cases, model.norms, model.max_age)
    members = model.members if model.fold == ALL else (model.members[model.fold],)
    change = changes(members, asked, read(asked, model.max_age), model.fit.quantiles, model.stretch)
    unit = model.norms.unit[rows][:, None, None]
    floor = np.minimum(model.norms.floor[rows], cases.base)[:, None, None]
    values = np.maximum(cases.base[:, None, None] + unit * asked.move[:, :, None] * change, floor)
    return np.where((cases.rows != NOWHERE)[:, None, None], values, np.nan)


def changes(
    members: Sequence[Network], asked: Sequences, seen: Read, levels: tuple[float, ...], stretch: Floats
) -> Floats:
    """(N, H, Q) quantiles of the change from now in units of each lead's movement: the mean over the members, lead by
    lead in the form that what is known of the rain allows."""
    median = levels.index(0.5)
    total: Any = 0.0
    for member in members:
        without, with_rain = member.raw(seen)
        total = total + spoken(np.where(asked.foreseen[:, :, None], with_rain, without), median)
    mean = total / len(members)
    centre = mean[:, :, median, None]
    wide = np.where(asked.foreseen[:, :, None], stretch[1], stretch[0])
    return around_median(centre + wide * (mean - centre), median)


def save_recurrent(folder: Path, model: Recurrent, options: dict[str, Any]) -> None:
    """model.json and arrays.safetensors; weights in single precision, as they were learned."""
    about = {"durations": model.durations, "members": len(model.members)}
    write_fit(folder, model.fit, {"model": about, "factory": options})
    arrays = {f"norms.{name}": a for name, a in model.norms.arrays().items()} | {"stretch": model.stretch}
    for k, member in enumerate(model.members):
        arrays |= {f"{k}.{name}": a.astype(np.float32) for name, a in member.arrays().items()}
    save_arrays(folder, arrays)


def load_recurrent(folder: Path) -> tuple[Recurrent, dict[str, Any]]:
    """What :func:`save_recurrent` wrote. Raises ModelError."""
    fit, kept = read_fit("lstm", folder)
    count = int(kept["model"]["members"])
    norms = [f"norms.{f.name}" for f in fields(Norms)]
    weights = [f"{k}.{name}" for k in range(count) for name in names_of_arrays()]
    a = load_arrays("lstm", folder, [*norms, *weights, "stretch"])
    members = tuple(Network.of({name: a[f"{k}.{name}"] for name in names_of_arrays()}) for k in range(count))
    model = Recurrent(
        fit,
        tuple(kept["model"]["durations"]),
        int(kept["factory"]["max_age"]),
        Norms(*(a[name] for name in norms)),
        members,
        a["stretch"],
    )
    return model, kept["factory"]
