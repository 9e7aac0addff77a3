"""The Cance at Sarras, Ardèche, autumn 2014: the flood of 13 October, from the data of the package hydro-smash.

Three nested gauges and the rain over each, hourly, from 15 September: four weeks to learn from. The data are read from
the installed package; nothing of them is kept here. Thresholds are assumed, and say so. In four weeks there are too
few floods to tell skill from luck: the blend stays with persistence, and it is the gauges that raise the alerts.
"""

from __future__ import annotations

import contextlib
import importlib
import io
from typing import Any

import numpy as np

from ..errors import ConfigError
from ..values import Floats
from .platform import Case, Site

BEGIN, END = "2014-09-15 00:00", "2014-10-31 00:00"
FLOOD = np.datetime64("2014-10-12T12:00:00", "s"), np.datetime64("2014-10-14T12:00:00", "s")
GAUGES = {  # code: name, assumed thresholds in m3/s
    "V3524010": ("Cance at Sarras", (60.0, 120.0, 200.0)),
    "V3515010": ("Cance upstream, 107 km2", (20.0, 35.0, 60.0)),
    "V3517010": ("Cance upstream, 25 km2", (5.0, 10.0, 20.0)),
}
MISSING = (
    "--basin cance: the package hydro-smash, whose data it replays, is not installed; "
    "allowed: cance once `pip install hydro-smash` has been run in this environment, or --basin simulated"
)


def cance_case() -> Case:
    """Train on four weeks, replay the flood. Raises ConfigError when hydro-smash is not installed."""
    discharge, rain, codes = read()
    times = np.datetime64(BEGIN, "s") + np.timedelta64(1, "h") * np.arange(1, discharge.shape[1] + 1)
    series = {f"discharge.{code}": row for code, row in zip(codes, discharge, strict=True)}
    series |= {f"rain.{code}": row for code, row in zip(codes, rain, strict=True)}
    first, last = (int(np.searchsorted(times, t)) for t in FLOOD)
    return Case(
        basin="Cance, autumn 2014 (real data of hydro-smash; thresholds assumed)",
        label="REAL data: package hydro-smash, dataset Cance",
        sites=tuple(Site(c, GAUGES[c][0], f"discharge.{c}", "discharge", "m3/s", GAUGES[c][1]) for c in codes),
        inputs=tuple(line for code in codes for line in inputs_of(code, codes)),
        times=times,
        step="1h",
        past="24h",
        horizon="6h",
        series=series,
        truth=dict(zip(codes, discharge, strict=True)),
        first_trained=0,
        first=first,
        last=last,
        of=("ridge", "persistence"),  # trees need more than four weeks: loss of the blend 0.86 with them, 0.81 without
    )


def inputs_of(code: str, codes: tuple[str, ...]) -> list[tuple[str, str, str, str]]:
    """A gauge's rain is that over its own basin and over the smaller ones in it; their discharge comes from above."""
    within = codes[codes.index(code) :]
    rain = [(code, f"rain.{i}", f"rain.{c}", "rain") for i, c in enumerate(within, 1)]
    return rain + [
        (code, f"discharge.upstream.{i}", f"discharge.{c}", "discharge") for i, c in enumerate(within[1:], 1)
    ]


def read() -> tuple[Floats, Floats, tuple[str, ...]]:
    """Discharge (G, T) m3/s and basin rain (G, T) mm, hourly, and the gauges' codes, largest basin first."""
    smash = load_smash()
    setup, mesh = smash.factory.load_dataset("cance")
    asked = {"start_time": BEGIN, "end_time": END, "read_descriptor": False, "descriptor_name": []}
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):  # its progress bars
        model = smash.Model({**setup, **asked}, mesh)
    order = np.argsort(-np.asarray(mesh["area"]))
    codes = tuple(str(mesh["code"][g]) for g in order)
    return known(model.response_data.q)[order], known(model.atmos_data.mean_prcp)[order], codes


def load_smash() -> Any:
    try:
        return importlib.import_module("smash")
    except ImportError as cause:
        raise ConfigError(MISSING) from cause


def known(values: Any) -> Floats:
    """smash marks what is missing by -99."""
    array = np.asarray(values, dtype=float)
    return np.where(array < 0, np.nan, array)
