"""Fitted models for any number of stations: a few are trained, the others are their copies.

What a cycle costs depends on the shape of the models, not on what they learned: ridge has weights per station, the
regional boosting one set of trees for all, with the default number of rounds and leaves.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from hydria_plugin.forecasters.blend import Blend
from hydria_plugin.forecasters.boosting import Boosting
from hydria_plugin.forecasters.persistence import Persistence
from hydria_plugin.forecasters.ridge import Ridge
from hydria_plugin.learning.record import read_history
from hydria_plugin.learning.splits import split

from .feed import BEGIN, FEW, STEP, MadeRegion, Switched, layout_for

RECORD = 1200  # steps that the models are trained on


def blend_of() -> Blend:
    return Blend(
        members={
            "ridge": Ridge(folds=2),
            "boosting": Boosting(regional=True, max_rows=3000),
            "persistence": Persistence(),
        }
    )


def trained(folder: Path) -> Path:
    """The folder of a blend trained for ``FEW`` stations; made once."""
    if not (folder / "model.json").exists():
        region, blend = Switched(MadeRegion(layout_for(FEW)), BEGIN), blend_of()
        last = BEGIN + (RECORD + 3000) * STEP
        history = read_history(region, layout_for(FEW), BEGIN + 3000 * STEP, last, durations=blend.antecedent)
        folder.mkdir(parents=True, exist_ok=True)
        blend.fit(history, split(history)).save(folder)
    return folder


def grown(few: Path, many: Path, stations: int) -> Blend:
    """The blend in the folder ``few`` as if it had been trained for ``stations`` stations."""
    for path in few.rglob("*"):
        to = many / path.relative_to(few)
        if path.is_dir():
            to.mkdir(parents=True, exist_ok=True)
        elif path.name == "arrays.safetensors":
            grow_arrays(path, to, stations)
        elif path.name == "model.json":
            grow_fit(path, to, stations)
        else:
            to.write_bytes(path.read_bytes())
    return blend_of().load(many)


def grow_arrays(few: Path, many: Path, stations: int) -> None:
    from safetensors.numpy import load_file, save_file

    many.parent.mkdir(parents=True, exist_ok=True)
    arrays = load_file(few)
    for name, array in arrays.items():
        for axis in [k for k, length in enumerate(array.shape) if length == FEW][:1]:
            arrays[name] = np.take(array, np.arange(stations) % FEW, axis=axis)
    save_file({name: np.ascontiguousarray(a) for name, a in arrays.items()}, many)


def grow_fit(few: Path, many: Path, stations: int) -> None:
    many.parent.mkdir(parents=True, exist_ok=True)
    held = json.loads(few.read_text())
    layout = layout_for(stations)
    held["fit"]["stations"], held["fit"]["quantities"] = list(layout.stations), list(layout.quantities)
    many.write_text(json.dumps(held))
