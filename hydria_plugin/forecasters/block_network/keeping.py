"""Keeping a fitted block network: one JSON, one file of arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hydria_plugin import ModelError

from ..keeping import load_arrays, read_fit, save_arrays, write_fit
from .model import BY_FORM, SHARED, Group, Model, group_of
from .selection import Trial
from .twin import Twin
from .twin_keeping import load_twins, save_twins

if TYPE_CHECKING:
    from .learning import Options

ABOUT = ("durations", "knots", "members", "folds", "directed", "recurrent")


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """What a block network remembers: its model, and what was done less well than it should be."""

    model: Model
    notes: tuple[str, ...] = ()
    tried: Mapping[str, tuple[Trial, ...]] = field(default_factory=dict)  # by station, in the order of trial
    twins: Mapping[str, Twin] = field(default_factory=dict)  # by station


class TwinsOnDisk(Mapping[str, Twin]):
    """Those kept in a folder, read when one is first asked for: a forecast does not need them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def held(self) -> dict[str, Twin]:
        return load_twins(self.folder)

    def __getitem__(self, station: str) -> Twin:
        return self.held[station]

    def __iter__(self) -> Iterator[str]:
        return iter(self.held)

    def __len__(self) -> int:
        return len(self.held)


def save_kept(folder: Path, kept: Kept, options: Options) -> None:
    """model.json and arrays.safetensors."""
    model = kept.model
    about = {name: getattr(model, name) for name in ABOUT}
    tried = {station: [asdict(trial) for trial in trials] for station, trials in kept.tried.items()}
    kinds = [group.kinds for group in model.groups]
    write_fit(
        folder,
        model.fit,
        {"factory": options._asdict(), "model": about, "groups": kinds, "notes": kept.notes, "tried": tried},
    )
    each = {f"{g}.{name}": a for g, group in enumerate(model.groups) for name, a in arrays_of(group).items()}
    save_arrays(folder, each)
    save_twins(folder, kept.twins)


def arrays_of(group: Group) -> dict[str, Any]:
    arrays: dict[str, Any] = {"stations": group.stations} | {name: getattr(group, name) for name in SHARED}
    for i, form in enumerate(group.forms):
        for name in BY_FORM:
            held = form.stack if hasattr(form.stack, name) else form
            arrays[f"{name}.{i}"] = getattr(held, name)
    return arrays


def load_kept(folder: Path) -> tuple[Kept, dict[str, Any]]:
    """What :func:`save_kept` wrote, and the factory's options. Raises ModelError."""
    fit, kept = read_fit("block-network", folder)
    try:
        about, kinds = dict(kept["model"]), [tuple(k) for k in kept["groups"]]
        options, notes = dict(kept["factory"]), tuple(kept["notes"])
        tried = {station: tuple(Trial(**one) for one in trials) for station, trials in kept["tried"].items()}
        about |= {name: tuple(about[name]) for name in ("durations", "knots")}
    except (KeyError, TypeError) as cause:
        raise ModelError(f"block-network: cannot read the model in {folder / 'model.json'}: {cause!r}") from cause
    names = ["stations", *SHARED, *(f"{name}.{i}" for i in (0, 1) for name in BY_FORM)]
    wanted = [f"{g}.{name}" for g in range(len(kinds)) for name in names]
    arrays = load_arrays("block-network", folder, wanted)
    groups = tuple(
        group_of(arrays[f"{g}.stations"].astype(np.int64), kinds[g], {n: arrays[f"{g}.{n}"] for n in names[1:]})
        for g in range(len(kinds))
    )
    return Kept(Model(fit, groups=groups, **about), notes, tried, TwinsOnDisk(folder)), options
