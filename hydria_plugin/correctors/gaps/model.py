"""What gaps remembers of a record."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from hydria_plugin import ModelError
from hydria_plugin.values import Floats, Ints

from .climate import Climate
from .neighbours import Neighbours
from .rivers import Rivers
from .series import ABSENT, Series
from .showers import Showers
from .web import Web, gauges_of

FORMAT = 1
PARTS = {"climate": Climate, "neighbours": Neighbours, "showers": Showers, "rivers": Rivers}


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """Of N series, whatever layout shows them."""

    names: tuple[str, ...]
    kinds: tuple[str, ...]
    step_s: int
    durations: tuple[int, ...]  # s, of the running totals
    climate: Climate  # in the scale of filling
    neighbours: Neighbours
    showers: Showers
    rivers: Rivers
    wet: Floats  # (N, A) usual logarithm of the totals of the basin's rain
    totals: Floats  # (N, A) usual running totals of the series itself

    def web(self, series: Series) -> Web:
        """The series of a layout, as the model knows them. One whose kind has changed is unknown."""
        place = {name: i for i, name in enumerate(self.names)}
        rows = np.asarray([place.get(name, ABSENT) for name in series.names], dtype=np.int64)
        same = np.asarray([r >= 0 and self.kinds[r] == k for r, k in zip(rows, series.kinds, strict=True)], dtype=bool)
        rows = np.where(same, rows, ABSENT)
        shown = np.full(len(self.names) + 1, ABSENT, dtype=np.int64)
        shown[rows[same]] = np.flatnonzero(same)

        def here(index: Ints) -> Ints:
            return np.where((rows == ABSENT)[:, None], ABSENT, shown[index[rows]])

        return Web(
            rows,
            here(self.neighbours.near),
            here(self.rivers.beside),
            here(self.showers.rivers),
            gauges_of(series),
            series.is_rain,
            series.filled,
        )


def unfitted(series: Series) -> Web:
    """The web of a layout of which nothing was learned."""
    n = len(series.names)
    nobody = np.full((n, 0), ABSENT, dtype=np.int64)
    return Web(np.full(n, ABSENT), nobody, nobody, nobody, gauges_of(series), series.is_rain, series.filled)


def save_model(folder: Path, model: Model) -> None:
    """JSON and safetensors."""
    from safetensors.numpy import save_file

    told = {
        "format": FORMAT,
        "names": model.names,
        "kinds": model.kinds,
        "step_s": model.step_s,
        "durations": model.durations,
    }
    (folder / "model.json").write_text(json.dumps(told, indent=1), encoding="utf-8")
    arrays: dict[str, Any] = {"wet": model.wet, "totals": model.totals}
    for name, kind in PARTS.items():
        arrays |= {f"{name}.{f.name}": getattr(getattr(model, name), f.name) for f in fields(kind)}
    save_file({k: np.ascontiguousarray(a) for k, a in arrays.items()}, folder / "arrays.safetensors")


def load_model(folder: Path) -> Model:
    """What :func:`save_model` wrote. Raises ModelError."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        told = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        if told["format"] != FORMAT:
            raise ModelError(f"gaps: {folder} has format {told['format']}, this version reads {FORMAT}: train again")
        arrays = load_file(folder / "arrays.safetensors")
        parts: dict[str, Any] = {
            name: kind(**{f.name: arrays[f"{name}.{f.name}"] for f in fields(kind)}) for name, kind in PARTS.items()
        }
        parts |= {k: tuple(told[k]) for k in ("names", "kinds", "durations")}
        return Model(step_s=int(told["step_s"]), wet=arrays["wet"], totals=arrays["totals"], **parts)
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as cause:
        raise ModelError(f"gaps: cannot read the model in {folder}: {cause!r}") from cause
