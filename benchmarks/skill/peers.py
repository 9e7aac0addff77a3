"""The peers: what a careful user gets from free tools on the same record. All forecast the change from the last
value, learn on the fit part, are stopped or chosen on the stop part, and then, where it helps, fitted on both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from hydria_plugin import History, Split
from hydria_plugin.values import Bools, Floats, Ints

from . import gr4h, nixtla
from .basins import QUANTILES
from .columns import coming, designed, frame_of, lagged

THREADS = 1


@dataclass(frozen=True)
class Task:
    """One lead of one station, with or without the rain to come."""

    history: History
    split: Split
    future: bool
    lead: int
    seed: int
    table: Floats  # (T, C) the designed columns, made once per station

    @cached_property
    def base(self) -> Floats:
        return frame_of(self.history)[0].to_numpy()

    @cached_property
    def change(self) -> Floats:
        """(T) of the target over the lead; NaN where either end is missing."""
        values = self.history.target.values[0]
        then = np.concatenate([values[self.lead :], np.full(self.lead, np.nan)])
        return np.asarray(then - self.base)

    @cached_property
    def columns(self) -> Floats:
        """(T, C) for trees."""
        if not self.future:
            return self.table
        return np.concatenate([self.table, coming(self.history, self.lead).to_numpy()], axis=1)

    def steps(self, part: Bools) -> Ints:
        """Steps of a part that can be learned from."""
        return np.flatnonzero(part[0] & np.isfinite(self.change))

    @property
    def fit(self) -> Ints:
        return self.steps(self.split.fit)

    @property
    def stop(self) -> Ints:
        return self.steps(self.split.stop)

    @property
    def test(self) -> Ints:
        return np.flatnonzero(self.split.test[0])


@dataclass(frozen=True)
class Answer:
    """What a peer forecasts for the test steps."""

    centre: Floats  # (N)
    quantiles: Floats | None = None  # (N, Q)


def persistence(task: Task) -> Answer:
    return Answer(task.base[task.test])


def ridge(task: Task) -> Answer:
    """ARX: standardised lags, the penalty with the least error on the stop part, then fitted on both parts."""
    from sklearn.linear_model import Ridge
    from sklearn.preprocessing import StandardScaler

    x = lagged(task.history, task.lead, task.future)
    scaler = StandardScaler().fit(x[task.fit])
    x = scaler.transform(x)
    tried = []
    for alpha in np.logspace(-1, 5, 13):
        model = Ridge(alpha=alpha).fit(x[task.fit], task.change[task.fit])
        tried.append((float(np.mean((model.predict(x[task.stop]) - task.change[task.stop]) ** 2)), alpha))
    both = np.concatenate([task.fit, task.stop])
    model = Ridge(alpha=min(tried)[1]).fit(x[both], task.change[both])
    return Answer(task.base[task.test] + model.predict(x[task.test]))


def boosted(task: Task, again: bool = True, rounds: int = 1500, **parameters: Any) -> Floats:
    """(N) LightGBM's change for the test steps: rounds chosen on the stop part, then (``again``) fitted on both."""
    import lightgbm

    options: dict[str, Any] = {
        "learning_rate": 0.03, "num_leaves": 31, "min_data_in_leaf": 20, "feature_fraction": 0.7,
        "bagging_fraction": 0.8, "bagging_freq": 1, "seed": task.seed, "num_threads": THREADS, "verbosity": -1,
    } | parameters  # fmt: skip
    x, y = task.columns, task.change
    seen = lightgbm.Dataset(x[task.fit], y[task.fit])
    check = lightgbm.Dataset(x[task.stop], y[task.stop], reference=seen)
    stopper = lightgbm.early_stopping(50, verbose=False)
    model = lightgbm.train(options, seen, rounds, valid_sets=[check], callbacks=[stopper])
    if again:
        both = np.concatenate([task.fit, task.stop])
        model = lightgbm.train(options, lightgbm.Dataset(x[both], y[both]), max(1, model.best_iteration))
    return np.asarray(model.predict(x[task.test]))


def lightgbm_direct(task: Task) -> Answer:
    return Answer(task.base[task.test] + boosted(task, objective="regression"))


def lightgbm_early(task: Task) -> Answer:
    """As most use it: fitted on the fit part only, stopped on the stop part."""
    return Answer(task.base[task.test] + boosted(task, again=False, objective="regression"))


def lightgbm_quantile(task: Task) -> Answer:
    """One model per level, each stopped by its own pinball loss."""
    found = [boosted(task, objective="quantile", alpha=level, learning_rate=0.05, rounds=800) for level in QUANTILES]
    values = task.base[task.test][:, None] + np.sort(np.stack(found, axis=1), axis=1)
    return Answer(values[:, QUANTILES.index(0.5)], values)


def mlp20(task: Task) -> Answer:
    """Mean of 20 networks of one hidden layer (scikit-learn, Adam, early stopping)."""
    from sklearn.neural_network import MLPRegressor
    from sklearn.preprocessing import StandardScaler

    both = np.concatenate([task.fit, task.stop])
    x = np.where(np.isfinite(task.columns), task.columns, np.nanmean(task.columns[both], axis=0))
    x = np.clip(StandardScaler().fit(x[both]).transform(x), -10, 10)
    unit = float(task.change[both].std()) or 1.0
    found = []
    for member in range(20):
        net = MLPRegressor(
            hidden_layer_sizes=(16,), activation="tanh", alpha=1e-2, early_stopping=True, max_iter=200,
            n_iter_no_change=8, random_state=1000 * task.seed + member, learning_rate_init=3e-3,
            batch_size=min(256, len(both)),
        )  # fmt: skip
        found.append(net.fit(x[both], task.change[both] / unit).predict(x[task.test]))
    return Answer(task.base[task.test] + unit * np.mean(found, axis=0))


def gr4h_corrected(task: Task) -> Answer:
    return Answer(gr4h.corrected(task.history, task.split, task.future, task.lead, task.seed))


def mlforecast_direct(task: Task) -> Answer:
    return Answer(task.base[task.test] + nixtla.change_at(task, THREADS))


PEERS: dict[str, Callable[[Task], Answer]] = {
    "persistence": persistence,
    "ridge ARX": ridge,
    "LightGBM": lightgbm_direct,
    "LightGBM early": lightgbm_early,
    "LightGBM quantile": lightgbm_quantile,
    "MLP 20": mlp20,
    "GR4H corrected": gr4h_corrected,
    "mlforecast": mlforecast_direct,
}
SEEDED = {"LightGBM", "LightGBM early", "LightGBM quantile", "MLP 20", "mlforecast"}


def table_of(history: History) -> Floats:
    return np.asarray(designed(history).to_numpy(dtype=np.float64))
