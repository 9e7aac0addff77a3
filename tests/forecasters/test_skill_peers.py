"""The skill benchmark's heavier peers: they run, are strong, repeatable, and see nothing they may not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks.skill import nixtla
from benchmarks.skill.basins import HORIZON, PAST, QUANTILES, split_in_time
from benchmarks.skill.columns import filled_frame
from benchmarks.skill.peers import (
    PEERS,
    SEEDED,
    Answer,
    Task,
    lightgbm_quantile,
    mlforecast_direct,
    mlp20,
    persistence,
    table_of,
)
from hydria_plugin import History, Signal
from hydria_plugin.testing.samples import sample_history, sample_layout

pytest.importorskip("sklearn")
pytest.importorskip("mlforecast")

HISTORY = sample_history(sample_layout(stations=1, past=PAST, horizon=HORIZON), 900, gaps=0.0)
LEAD = 3


def task_of(history: History, future: bool, seed: int = 1) -> Task:
    return Task(history, split_in_time(history), future, LEAD, seed, table_of(history))


def rows(history: History, future: bool) -> tuple[pd.DataFrame, np.ndarray]:
    return nixtla.rows_of(nixtla.forecaster_of(history, 1, 1), history, LEAD, future)


def spoilt(history: History, after: int) -> History:
    target, inputs = history.target.values.copy(), history.inputs.values.copy()
    target[:, after + 1 :], inputs[:, after + 1 :] = 99.0, 99.0
    return replace(history, target=Signal.measured(target), inputs=Signal.measured(inputs))


def with_gap(first: int, last: int) -> History:
    target, inputs = HISTORY.target.values.copy(), HISTORY.inputs.values.copy()
    target[:, first:last], inputs[:, first:last] = np.nan, np.nan
    return replace(HISTORY, target=Signal.measured(target), inputs=Signal.measured(inputs))


@pytest.mark.parametrize("peer", [mlforecast_direct, mlp20, lightgbm_quantile])
def test_peers_beat_persistence_and_repeat_themselves(peer: Callable[[Task], Answer]) -> None:
    task = task_of(HISTORY, True)
    truth = HISTORY.target.values[0][task.test + LEAD]
    answer = peer(task)
    assert answer.centre.shape == task.test.shape
    assert np.mean((answer.centre - truth) ** 2) < 0.7 * np.mean((persistence(task).centre - truth) ** 2)
    np.testing.assert_array_equal(peer(task).centre, answer.centre)


def test_mlforecasts_trees_are_drawn_by_the_seed() -> None:
    first, second = (mlforecast_direct(task_of(HISTORY, False, seed)).centre for seed in (1, 2))
    assert not np.array_equal(first, second)
    assert {"mlforecast", "MLP 20", "LightGBM quantile"} <= SEEDED <= set(PEERS)


def test_quantiles_never_cross() -> None:
    values = lightgbm_quantile(task_of(HISTORY, False)).quantiles
    assert values is not None and values.shape[1] == len(QUANTILES)
    assert (np.diff(values, axis=1) >= 0).all()


@pytest.mark.parametrize("future", [False, True])
def test_mlforecasts_columns_end_at_the_issue_step_or_at_the_rain_of_the_lead(future: bool) -> None:
    cut = 700
    last = cut + 1 - (LEAD if future else 0)
    x, bad = rows(HISTORY, future)[0][:last], rows(spoilt(HISTORY, cut), future)[0][:last]
    np.testing.assert_allclose(bad.to_numpy(), x.to_numpy(), rtol=1e-9, atol=1e-9)
    seen = rows(spoilt(HISTORY, cut - 1), future)[0].to_numpy()[cut] - rows(HISTORY, future)[0].to_numpy()[cut]
    assert np.abs(seen).max() > 1, "the issue step itself is used"


def test_mlforecast_learns_the_change_over_the_lead() -> None:
    values = HISTORY.target.values[0]
    _, change = rows(HISTORY, False)
    np.testing.assert_allclose(change[:-LEAD], values[LEAD:] - values[:-LEAD], atol=1e-9)
    assert np.isnan(change[-LEAD:]).all()


@pytest.mark.parametrize("future", [False, True])
def test_a_row_is_what_the_librarys_own_predict_would_see(future: bool) -> None:
    issued = 600
    table = nixtla.long_table(HISTORY, LEAD, future)
    known, following = table[: issued + 1], table[issued + 1 : issued + 2].drop(columns="y")
    forecaster = nixtla.forecaster_of(HISTORY, 1, 1)
    forecaster.models = {"trees50": forecaster.models["trees50"]}
    forecaster.fit(known, static_features=[], dropna=False, max_horizon=LEAD)
    seen: list[pd.DataFrame] = []

    def keep(columns: pd.DataFrame) -> pd.DataFrame:
        seen.append(columns)
        return columns

    forecaster.predict(LEAD, before_predict_callback=keep, X_df=following)
    ours = rows(HISTORY, future)[0].iloc[issued]
    assert list(seen[0].columns) == list(ours.index)
    np.testing.assert_allclose(seen[0].to_numpy(dtype=float)[0], ours.to_numpy(dtype=float), rtol=1e-6, atol=1e-6)


def test_the_rain_to_come_lies_on_the_row_of_the_first_lead() -> None:
    gauges = [v for v, slot in enumerate(HISTORY.layout.slots) if slot.startswith("rain")]
    rain = HISTORY.inputs.values[0][:, gauges].mean(axis=1)
    x, _ = rows(HISTORY, True)
    for k in range(LEAD):
        np.testing.assert_allclose(x[f"coming{k}"].to_numpy()[: -LEAD - 1], rain[1 + k : len(rain) - LEAD + k])
    assert not any(c.startswith("coming") for c in rows(HISTORY, False)[0])


def test_a_filled_gap_is_neither_learned_nor_scored() -> None:
    gap = with_gap(300, 340)
    task = task_of(gap, False)
    assert not set(range(300 + 6, 340)) & set(task.fit), "no base after six steps of gap"
    assert not set(range(300 - LEAD, 340 - LEAD)) & set(task.fit), "no truth in the gap"
    assert np.isfinite(mlforecast_direct(task).centre).all()
    target, inputs = filled_frame(gap)
    assert target.notna().all() and inputs.notna().all(axis=None)
    rain = [c for c in inputs if c.startswith("rain")]
    assert (inputs[rain].iloc[300:340] == 0).all(axis=None), "no rain is made up"
