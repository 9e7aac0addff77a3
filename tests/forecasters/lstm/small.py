"""Small cases and networks for these tests."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from hydria_plugin import History, Signal
from hydria_plugin.forecasters.boosting_rows import gather, scales_of
from hydria_plugin.forecasters.cases import Cases, cases_of_history
from hydria_plugin.forecasters.lstm.fit import lessons_of
from hydria_plugin.forecasters.lstm.network import Cell, Network
from hydria_plugin.forecasters.lstm.norms import Norms, norms_of
from hydria_plugin.forecasters.lstm.sequences import Read, Sequences, sequences
from hydria_plugin.forecasters.lstm.training import Lessons
from hydria_plugin.testing.samples import sample_history, sample_layout

from ..records import split_of

MAX_AGE = 6


@cache
def record(past: int = 24, kind: str = "level") -> History:
    """600 hours; the last slot is an upstream ``level``, or a ``simulation`` with perfect archived forecasts."""
    history = sample_history(replace(sample_layout(), past=past), 600, seed=5)
    if kind == "level":
        return history
    layout = replace(history.layout, kinds=(*history.layout.kinds[:-1], kind))
    archived = np.full((3, 600, layout.horizon), np.nan)
    for lead in range(1, layout.horizon + 1):
        archived[:, :-lead, lead - 1] = history.target.values[:, lead:]
    inputs = history.inputs.values.copy()
    inputs[:, :, -1] = history.target.values
    return replace(
        history, layout=layout, inputs=Signal.measured(inputs), forecasts={layout.slots[-1]: np.nan_to_num(archived)}
    )


def scales(history: History) -> Norms:
    return norms_of(history, split_of(history))


def some_cases(history: History, count: int = 12, future: bool = True) -> Cases:
    at = np.linspace(history.layout.past, len(history) - 10, count).astype(int)
    return cases_of_history(history, 0, at, future, 0, MAX_AGE)


def some_sequences(history: History | None = None, count: int = 12) -> Sequences:
    history = history or record()
    return sequences(some_cases(history, count), scales(history), MAX_AGE)


def lessons(history: History | None = None, most: int = 600) -> Lessons:
    history = history or record()
    split = split_of(history)
    rows = gather(history, split, np.arange(3), scales_of(history, split), most, MAX_AGE, 1)
    return lessons_of(rows, scales(history), MAX_AGE)


def random_network(like: Read, hidden: int = 5, levels: int = 7, seed: int = 2) -> Network:
    """Weights as large as trained ones."""
    rng = np.random.default_rng(seed)
    horizon, around = like.coming.shape[1], like.around.shape[1]

    def normal(*shape: int) -> np.ndarray:
        return rng.normal(0.0, 0.3, shape)

    def cell(inward: int) -> Cell:
        return Cell(
            normal(inward, 4 * hidden), normal(around, 4 * hidden), normal(hidden, 4 * hidden), normal(4 * hidden)
        )

    return Network(
        cell(like.tokens.shape[2]), cell(like.coming.shape[2]), normal(hidden + around, horizon * levels),
        normal(horizon * levels), normal(like.straight.shape[1], horizon), normal(horizon, like.announced.shape[2]),
        normal(hidden, levels), normal(levels),
    )  # fmt: skip
