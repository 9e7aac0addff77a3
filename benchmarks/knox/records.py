"""The records that are read: the study's cases by their events, and one that runs through the years."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hydria_plugin import History, Split
from hydria_plugin.learning.basin_cases import cases, demonstration
from hydria_plugin.learning.fictitious_basin import HOUR, START, Basin, Record, simulate
from hydria_plugin.learning.fictitious_cases import history_of, study_split
from hydria_plugin.learning.splits import split

CONTINUOUS = "continuous"
YEARS = 3.0


def names() -> list[str]:
    """Of all cases."""
    return [*cases(), CONTINUOUS]


def drawn(case: str, seed: int, quantity: str) -> tuple[Record, History, Split, np.random.Generator]:
    """A realisation, and the chance that its networks start from."""
    number = [*sorted(cases()), CONTINUOUS].index(case)
    rng = np.random.default_rng([seed, number])
    if case == CONTINUOUS:
        record = simulate(undisturbed(), rng, times=START + HOUR * np.arange(1, int(8766 * YEARS) + 1))
    else:
        record = simulate(cases()[case], rng)
    history = history_of(record, quantity)
    dealt = split(history) if case == CONTINUOUS else study_split(record, np.random.default_rng([seed, number, 1]))
    return record, history, dealt, np.random.default_rng([seed, number, 2])


def undisturbed() -> Basin:
    """The demonstration's basin (production stores, realistic storms, twice the study's response times), its gauges
    without a fault or an error: what is left is the soil, the seasons and the dry weather between floods."""
    return replace(demonstration(), faults=None, gauge_error=0.0, bucket_mm=0.0, resolution_m=0.0, noise=0.0)
