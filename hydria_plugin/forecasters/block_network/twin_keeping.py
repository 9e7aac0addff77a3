"""Keeping twins beside the forecaster they belong to: ``twin.<station>.json`` and ``twin.<station>.safetensors``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import numpy as np

from hydria_plugin import ModelError

from .network import Networks
from .twin import Twin

FORMAT, READ = 3, (2, 3)  # 2: the state is the wetness, there is no season
ARRAYS = ("lagged", "state", "height", "rain_mean", "rain_std", "alike", "speaking", "wet", "total")


def save_twins(folder: Path, twins: Mapping[str, Twin]) -> None:
    """By station."""
    from safetensors.numpy import save_file

    for station, twin in twins.items():
        held = {f.name: getattr(twin, f.name) for f in fields(twin)}
        arrays = {name: held.pop(name) for name in ARRAYS}
        arrays |= {f"network.{name}": a for name, a in held.pop("networks").arrays().items()}
        held |= {"step": int(twin.step / np.timedelta64(1, "s")), "skill": dict(twin.skill), "format": FORMAT}
        path = folder / f"twin.{quote(station, safe='')}.json"
        path.write_text(json.dumps(held, ensure_ascii=False, allow_nan=False, indent=1), encoding="utf-8")
        save_file({name: np.ascontiguousarray(a) for name, a in arrays.items()}, path.with_suffix(".safetensors"))


def load_twins(folder: Path) -> dict[str, Twin]:
    """What :func:`save_twins` wrote, by station. Raises ModelError."""
    paths = sorted(folder.glob("twin.*.json"))
    return {unquote(path.name.removeprefix("twin.").removesuffix(".json")): load_twin(path) for path in paths}


def load_twin(path: Path) -> Twin:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        held: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if (was := held.pop("format")) not in READ:
            known = " and ".join(str(one) for one in READ)
            raise ModelError(f"{path} has format {was}, this version reads {known}: run `hydria train` again")
        arrays = load_file(path.with_suffix(".safetensors"))
        networks = Networks(**{f.name: arrays[f"network.{f.name}"] for f in fields(Networks)})
        held |= {"slots": tuple(held["slots"]), "series": tuple(held["series"])}
        held |= {"step": np.timedelta64(held["step"], "s"), "networks": networks}
        return Twin(**(held | {name: arrays[name] for name in ARRAYS}))
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as cause:
        raise ModelError(f"cannot read the network in {path}: {cause!r}") from cause
