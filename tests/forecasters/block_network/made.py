"""Records and cases for these tests: small and seeded."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from hydria_plugin import History, Signal, Split
from hydria_plugin.forecasters.block_network.forecaster import BlockNetwork
from hydria_plugin.forecasters.block_network.knowledge import raw_of_history
from hydria_plugin.forecasters.cases import Cases
from hydria_plugin.testing.samples import reservoir, sample_history, sample_layout, storms

from ..records import split_of

FEW = {
    "initialisations": 4,
    "folds": 2,
    "hidden": 2,
    "select": False,
    "twin": False,
    "num_threads": 1,
}  # options of networks that are fitted in a second or two


def one_station(slots: int = 3, steps: int = 500, past: int = 24, horizon: int = 3, seed: int = 3) -> History:
    return sample_history(sample_layout(stations=1, slots=slots, past=past, horizon=horizon), steps, seed)


def with_inputs(history: History, slot: int, values: np.ndarray | float) -> History:
    """One input of all stations set to (T) values."""
    inputs = history.inputs.values.copy()
    inputs[:, :, slot] = values
    return replace(history, inputs=Signal.measured(inputs))


def with_target(history: History, station: int, values: np.ndarray | float) -> History:
    target = history.target.values.copy()
    target[station] = values
    return replace(history, target=Signal.measured(target))


def cases(history: History, future: bool = True, first: int = 100, last: int = 140) -> Cases:
    return raw_of_history(history, 0, np.arange(first, last), future, 0, 6)


def fitted_on(history: History, split: Split | None = None, **options: object) -> BlockNetwork:
    return BlockNetwork(**{**FEW, **options}).fit(history, split or split_of(history))  # type: ignore[arg-type]


@cache
def small() -> BlockNetwork:
    return fitted_on(one_station())


def with_a_larger_flood(history: History, larger: float, first: int) -> tuple[History, np.ndarray, float]:
    """The storm of the largest flood of a discharge basin before ``first``, from there on once more and ``larger``
    times as heavy: the record, its discharge (T), and the largest before."""
    known = history.target.values[0, : first - 80]
    peak, rain = int(np.argmax(known)), history.inputs.values[0, :, 0].copy()
    rain[first : first + 60] = larger * rain[peak - 30 : peak + 30]
    flood = discharge_of(rain)
    return replace(with_inputs(history, 0, rain), target=Signal.measured(flood[None])), flood, float(known.max())


def discharge_basin(steps: int = 1200, seed: int = 5) -> History:
    """One station whose discharge rises faster than its rain: floods beyond the record are to be extrapolated."""
    layout = replace(sample_layout(stations=1, slots=2, past=24, horizon=3), quantities=("discharge",), units=("m3/s",))
    rng = np.random.default_rng(seed)
    rain = storms(steps, rng)
    flow = discharge_of(rain)
    inputs = np.stack([rain, 0.1 + 0.05 * np.sin(np.arange(steps) / 24 * 2 * np.pi)], axis=1)[None]
    times = np.datetime64("2026-01-01T00:00:00", "s") + layout.step * np.arange(steps)
    layout = replace(layout, slots=("rain.1", "pet.1"), kinds=("rain", "pet"))
    return History(
        layout, times, Signal.measured(flow[None]), Signal.measured(inputs), np.empty((1, steps, 2, 0)), durations=()
    )


def discharge_of(rain: np.ndarray) -> np.ndarray:
    """(T) of rain (T): a reservoir, two steps late, under a power law."""
    return np.asarray(20.0 * (reservoir(np.concatenate([[0.0, 0.0], rain[:-2]])) - 0.15) ** 1.6)
