"""From forecasts to the table: squared errors against the best peer, persistence index, CRPS, with bootstrap intervals
over weeks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hydria_plugin.values import Bools, Floats, Ints
from hydria_plugin.verification.scores import pinball

from .basins import QUANTILES

RIVALS = ("LightGBM", "ridge ARX")  # whose better one is the measure
DRAWS = 400


@dataclass(frozen=True)
class Case:
    """One station, with or without the rain to come, one lead."""

    station: str
    future: bool
    lead: int
    events: int
    counted: bool


@dataclass(frozen=True)
class Score:
    """Of one forecaster in one case; intervals are 5 and 95 %."""

    squared: float
    ratio: float  # of the squared error to that of the better rival
    ratio_low: float
    ratio_high: float
    index: float  # persistence index
    index_low: float
    index_high: float
    crps: float  # over the standard deviation of the truth; NaN without quantiles


def weeks(times: np.ndarray) -> Ints:
    return np.asarray(times.astype("datetime64[s]").astype(np.int64) // (7 * 86_400))


def squared_errors(truth: Floats, runs: list[Floats]) -> Floats:
    """(N) mean over the seeds of the squared error of each seed's run."""
    return np.asarray(np.mean([(run - truth) ** 2 for run in runs], axis=0))


def common(truth: Floats, centres: Mapping[str, list[Floats]]) -> Bools:
    """(N) rows that every forecaster answers."""
    good = np.isfinite(truth)
    for runs in centres.values():
        good &= np.all([np.isfinite(run) for run in runs], axis=0)
    return good


def block_sums(values: Mapping[str, Floats], block: Ints) -> dict[str, Floats]:
    """Sums per week of each (N): the bootstrap draws weeks, and only their sums count."""
    _, place = np.unique(block, return_inverse=True)
    return {name: np.bincount(place, weights=v) for name, v in values.items()}


def score_all(
    truth: Floats,
    centres: Mapping[str, list[Floats]],
    quantiles: Mapping[str, list[Floats]],
    times: np.ndarray,
    spread: float,
    seed: int = 7,
) -> dict[str, Score]:
    """Scores of every forecaster on the rows that all answer."""
    rows = common(truth, centres)
    errors = {name: squared_errors(truth[rows], [run[rows] for run in runs]) for name, runs in centres.items()}
    sums = block_sums(errors, weeks(times[rows]))
    count = len(next(iter(sums.values())))
    drawn = np.random.default_rng(seed).integers(0, count, (DRAWS, count))
    boot = {name: s[drawn].sum(axis=1) for name, s in sums.items()}
    total = {name: float(s.sum()) for name, s in sums.items()}
    rival = min(RIVALS, key=lambda name: total[name])
    return {
        name: one_score(name, total, boot, rival, int(rows.sum()), crps(truth, quantiles.get(name, []), rows, spread))
        for name in centres
    }


def one_score(
    name: str, total: dict[str, float], boot: dict[str, Floats], rival: str, rows: int, crps_value: float
) -> Score:
    ratio = np.quantile(boot[name] / np.maximum(boot[rival], 1e-300), [0.05, 0.95])
    index = np.quantile(1 - boot[name] / np.maximum(boot["persistence"], 1e-300), [0.05, 0.95])
    return Score(
        total[name] / rows,
        total[name] / total[rival],
        float(ratio[0]),
        float(ratio[1]),
        1 - total[name] / total["persistence"],
        float(index[0]),
        float(index[1]),
        crps_value,
    )


def crps(truth: Floats, runs: list[Floats], rows: Bools, spread: float) -> float:
    """Twice the mean pinball loss over the quantiles, in standard deviations of the truth; mean over seeds."""
    if not runs:
        return float("nan")
    return float(np.mean([2 * pinball(truth[rows], run[rows], QUANTILES).mean() / spread for run in runs]))
