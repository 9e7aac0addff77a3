"""Bands that a careful user would have without us: the raw ensemble, and LightGBM's quantiles with split-conformal
bands. Pieces are kept, as in benchmarks.skill.runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.skill.basins import QUANTILES, with_events
from benchmarks.skill.peers import THREADS, Task
from benchmarks.skill.runs import LEADS, threads, write
from hydria_plugin import History, Split
from hydria_plugin.forecasters.block_network.forecaster import BlockNetwork
from hydria_plugin.forecasters.block_network.knowledge import raw_of_history
from hydria_plugin.forecasters.block_network.model import answer
from hydria_plugin.values import Floats

PIECE = 2_000  # issue times whose trajectories are held at once


def raw_ensemble(keep: Path, name: str, history: History, split: Split, future: bool) -> dict[int, Floats]:
    """(N, Q) by lead: the quantiles of 40 networks' trajectories as they are, for the test steps."""
    file = keep / f"{name}.raw_ensemble.1.npz"
    if not file.exists():
        network = BlockNetwork(initialisations=40, max_rows=4_000, select=False, seed=1, num_threads=threads())
        fitted = network.fit(history, with_events(history, split))
        at = np.flatnonzero(split.test[0])
        write(file, **{str(known): members_quantiles(fitted, history, at, known) for known in (False, True)})
    held = np.load(file)[str(future)]
    return {lead: held[:, i] for i, lead in enumerate(LEADS)}


def members_quantiles(network: BlockNetwork, history: History, at: np.ndarray, future: bool) -> Floats:
    """(N, leads, Q)"""
    model, rows, found = network.fitted(history), [lead - 1 for lead in LEADS], []
    for first in range(0, len(at), PIECE):
        raw = raw_of_history(history, 0, at[first : first + PIECE], future, 0, network.options.max_age)
        members = answer(model, raw, keep=True)[1][:, :, rows]  # (N, M, leads)
        found.append(np.moveaxis(np.quantile(members, QUANTILES, axis=1), 0, 2))
    return np.concatenate(found)


def split_conformal(keep: Path, name: str, task: Task) -> Floats:
    """(N, Q) LightGBM's quantiles, fitted on the fit part, each pair widened by what the stop part missed by it
    (conformalised quantile regression: Romano, Patterson and Candes 2019)."""
    file = keep / f"{name}.split_conformal.{'ab'[task.future]}{task.lead}.1.npz"
    if not file.exists():
        levels = [fitted_on_fit(task, level) for level in QUANTILES]
        stop, test = (np.sort(np.stack(part, axis=1), axis=1) for part in zip(*levels, strict=True))
        write(file, values=task.base[task.test][:, None] + widened_by(stop, task.change[task.stop], test))
    return np.asarray(np.load(file)["values"])


def fitted_on_fit(task: Task, level: float) -> tuple[Floats, Floats]:
    """One level's change for the stop and the test steps; rounds by early stopping, as most use it."""
    import lightgbm

    options: dict[str, Any] = {
        "objective": "quantile", "alpha": level, "learning_rate": 0.05, "num_leaves": 31, "min_data_in_leaf": 20,
        "feature_fraction": 0.7, "bagging_fraction": 0.8, "bagging_freq": 1, "seed": task.seed,
        "num_threads": THREADS, "verbosity": -1,
    }  # fmt: skip
    x, y = task.columns, task.change
    seen = lightgbm.Dataset(x[task.fit], y[task.fit])
    check = lightgbm.Dataset(x[task.stop], y[task.stop], reference=seen)
    model = lightgbm.train(
        options, seen, 800, valid_sets=[check], callbacks=[lightgbm.early_stopping(50, verbose=False)]
    )
    return np.asarray(model.predict(x[task.stop])), np.asarray(model.predict(x[task.test]))


def widened_by(stop: Floats, truth: Floats, test: Floats) -> Floats:
    """(N, Q) quantiles ``test``, each pair moved outward (or inward) by the empirical quantile of what the pair missed
    ``truth`` (M) by on the calibration steps ``stop`` (M, Q)."""
    out, m = test.copy(), len(truth)
    for low in range(len(QUANTILES) // 2):
        high = len(QUANTILES) - 1 - low
        missed = np.maximum(stop[:, low] - truth, truth - stop[:, high])
        wanted = min(1.0, (QUANTILES[high] - QUANTILES[low]) * (1.0 + 1.0 / m))
        by = float(np.quantile(missed, wanted, method="higher"))
        out[:, low], out[:, high] = test[:, low] - by, test[:, high] + by
    return np.sort(out, axis=1)
