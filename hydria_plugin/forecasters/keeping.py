"""Keeping a fitted forecaster: arrays as safetensors, what it was fitted for as JSON. Never pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from hydria_plugin import Layout, ModelError
from hydria_plugin.values import Floats

FORMAT = 2  # of model.json and the arrays beside it: one more with every change of what they mean


class OtherFormat(ModelError):
    """The model was kept by another version of hydria."""


@dataclass(frozen=True, slots=True)
class Fit:
    """What a model was fitted for; a window must match it."""

    stations: tuple[str, ...]
    slots: tuple[str, ...]
    kinds: tuple[str, ...]
    past: int
    horizon: int
    quantiles: tuple[float, ...]
    step_s: int
    quantities: tuple[str, ...]

    @classmethod
    def of(cls, layout: Layout) -> Self:
        step = int(layout.step / np.timedelta64(1, "s"))
        a = layout
        return cls(a.stations, a.slots, a.kinds, a.past, a.horizon, a.quantiles, step, a.quantities)


def check_fit(name: str, fit: Fit, layout: Layout) -> None:
    """Raise ModelError unless the model fits the pipeline as it is configured now."""
    asked = Fit.of(layout)
    for field in ("slots", "kinds", "past", "horizon", "quantiles", "step_s"):
        if (was := getattr(fit, field)) != (now := getattr(asked, field)):
            raise ModelError(
                f"{name} was trained for {field} {was!r}, the pipeline now has {now!r}: run `hydria train` again"
            )


def write_fit(folder: Path, fit: Fit, options: Mapping[str, Any]) -> None:
    text = json.dumps({"format": FORMAT, "fit": asdict(fit), "options": dict(options)}, indent=1)
    (folder / "model.json").write_text(text, encoding="utf-8")


def read_fit(name: str, folder: Path) -> tuple[Fit, dict[str, Any]]:
    """What :func:`write_fit` wrote. Raises ModelError; OtherFormat where another version of hydria wrote it."""
    path = folder / "model.json"
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        if (was := held.get("format")) != FORMAT:
            raise OtherFormat(f"{name}: {path} has format {was}, this version reads {FORMAT}: run `hydria train` again")
        fit: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in held["fit"].items()}
        return Fit(**fit), dict(held["options"])
    except (OSError, ValueError, TypeError, KeyError) as cause:
        raise ModelError(f"{name}: cannot read the model in {path}: {cause}") from cause


def save_arrays(folder: Path, arrays: Mapping[str, Floats]) -> None:
    from safetensors.numpy import save_file

    save_file({k: np.ascontiguousarray(a) for k, a in arrays.items()}, folder / "arrays.safetensors")


def load_arrays(name: str, folder: Path, wanted: Sequence[str]) -> dict[str, Floats]:
    """The arrays that :func:`save_arrays` wrote. Raises ModelError."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    path = folder / "arrays.safetensors"
    try:
        arrays = load_file(path)
        return {key: arrays[key] for key in wanted}
    except (OSError, KeyError, SafetensorError) as cause:
        raise ModelError(f"{name}: cannot read the arrays in {path}: {cause!r}") from cause
