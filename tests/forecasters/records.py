"""Records and fitted forecasters for these tests: small, seeded, fitted once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from hydria_plugin import Forecaster, History, Split
from hydria_plugin.forecasters.block_network.forecaster import BlockNetwork
from hydria_plugin.forecasters.boosting import Boosting
from hydria_plugin.forecasters.persistence import Persistence
from hydria_plugin.forecasters.ridge import Ridge
from hydria_plugin.testing.samples import sample_history, sample_layout

STEPS = 900
FACTORIES: dict[str, Callable[[], Forecaster]] = {
    "persistence": Persistence,
    "ridge": Ridge,
    "boosting": lambda: Boosting(rounds=40, leaves=7, folds=2, num_threads=1),
    "regional boosting": lambda: Boosting(regional=True, rounds=40, leaves=7, folds=2, num_threads=1),
    "block network": lambda: BlockNetwork(initialisations=6, folds=2, select=False, twin=False),
    "recurrent block network": lambda: BlockNetwork(
        form="recurrent", initialisations=4, folds=2, max_rows=200, twin=False
    ),
}


def split_of(history: History, first_test: float = 0.8) -> Split:
    """In time: the first part to fit, a quarter of it to stop, the rest to test."""
    s, t = len(history.layout.stations), len(history)
    steps = np.arange(t)
    test = int(first_test * t)
    inside = (steps >= history.layout.past - 1) & (steps < t - history.layout.horizon)
    masks = [steps < 0.75 * test, (steps >= 0.75 * test) & (steps < test), steps >= test]
    fit, stop, rest = (np.repeat((inside & m)[None], s, axis=0) for m in masks)
    return Split(fit, stop, rest, np.full((s, t), -1, dtype=np.int32))


@cache
def record() -> History:
    return sample_history(sample_layout(), STEPS, seed=3)


@cache
def fitted(name: str) -> Forecaster:
    history = record()
    return FACTORIES[name]().fit(history, split_of(history))  # type: ignore[attr-defined,no-any-return]
