"""GR4H (package hydrogr) with error correction, where rain, evaporation and area are known: calibrated on the fit and
stop parts, run on with the rain to come or without, its last error carried on by a factor fitted per lead."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd

from hydria_plugin import History, Split
from hydria_plugin.values import Floats, Ints

from .basins import BASINS, HORIZON

AREAS = {s.name: s.area_km2 for b in BASINS for s in b.stations if s.area_km2}
WARM_UP = 365 * 24  # hours
NAMES = ("X1", "X2", "X3", "X4")
BOUNDS = ((10.0, 3000.0), (-5.0, 5.0), (1.0, 1000.0), (0.6, 80.0))


def can_run(history: History) -> bool:
    return history.layout.stations[0] in AREAS and "pet" in history.layout.kinds


def weather_of(history: History) -> pd.DataFrame:
    slots = {kind: history.inputs.values[0][:, v] for v, kind in enumerate(history.layout.kinds)}
    table = {"precipitation": slots["rain"], "evapotranspiration": slots["pet"]}
    return pd.DataFrame(table, index=pd.DatetimeIndex(history.times)).fillna(0.0).asfreq("h")


@lru_cache(maxsize=1)
def simulated(history: History, split: Split, seed: int) -> tuple[Floats, Floats]:
    """(T) with the rain as it came, and (N, H) from the test steps on without any, in m3/s."""
    from hydrogr import ModelGr4h

    weather, area = weather_of(history), AREAS[history.layout.stations[0]]
    to_discharge = (area or 0.0) / 3.6
    learn = np.flatnonzero((split.fit | split.stop)[0])
    parameters = calibrated(weather, history.target.values[0] / to_discharge, learn[learn > WARM_UP], seed)
    model = ModelGr4h(dict(zip(NAMES, parameters, strict=True)))
    whole = model.run(weather)["flow"].to_numpy()
    dry = without_rain(parameters, weather, np.flatnonzero(split.test[0]))
    return whole * to_discharge, dry * to_discharge


def calibrated(weather: pd.DataFrame, flow: Floats, learn: Ints, seed: int) -> tuple[float, ...]:
    """Least squared error by differential evolution."""
    from hydrogr import ModelGr4h
    from scipy.optimize import differential_evolution

    known = learn[np.isfinite(flow[learn])]
    run_to = int(known[-1]) + 1

    def cost(x: Floats) -> float:
        found = ModelGr4h(dict(zip(NAMES, map(float, x), strict=True))).run(weather[:run_to])["flow"].to_numpy()
        return float(np.mean((found[known] - flow[known]) ** 2))

    best = differential_evolution(cost, BOUNDS, seed=seed, maxiter=25, popsize=8, tol=1e-4)
    return tuple(float(v) for v in best.x)


def without_rain(parameters: tuple[float, ...], weather: pd.DataFrame, at: Ints) -> Floats:
    """(N, H) from the state at each step of ``at``, with no rain to come."""
    from hydrogr import ModelGr4h

    model = ModelGr4h(dict(zip(NAMES, parameters, strict=True)))
    done, out = 0, np.empty((len(at), HORIZON))
    for n, step in enumerate(at):
        model.run(weather[done : step + 1])
        done = int(step) + 1
        kept = {k: np.array(v) if isinstance(v, np.ndarray) else v for k, v in model.get_states().items()}
        dry = weather[done : done + HORIZON].assign(precipitation=0.0)
        out[n] = model.run(dry)["flow"].to_numpy()
        model.set_states(kept)
    return out


def corrected(history: History, split: Split, future: bool, lead: int, seed: int) -> Floats:
    """(N) the forecast for the test steps."""
    whole, dry = simulated(history, split, seed)
    truth = history.target.values[0]
    error = truth - whole
    at = np.flatnonzero(split.fit[0] | split.stop[0])
    now, then = error[at], error[at + lead]
    known = np.isfinite(now) & np.isfinite(then)
    carried = float(now[known] @ then[known] / (now[known] @ now[known]))
    test = np.flatnonzero(split.test[0])
    ahead = whole[test + lead] if future else dry[:, lead - 1]
    return np.asarray(ahead + carried * error[test])
