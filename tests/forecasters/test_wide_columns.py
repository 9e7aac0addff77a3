"""What follows the clock: its columns by hand, and that a boosting takes them only where they pay."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hydria_plugin import History, Layout, Signal
from hydria_plugin.forecasters.boosting import Boosting
from hydria_plugin.forecasters.boosting_fit import blocks_of
from hydria_plugin.forecasters.cases import cases_of_history, cases_of_window
from hydria_plugin.forecasters.features import SPANS, Scales, further, issue_features, part_of
from hydria_plugin.testing.samples import sample_history, sample_layout, window_of

from .records import split_of

STEPS = 2_400


def options(**more: object) -> Boosting:
    return Boosting(rounds=30, leaves=7, folds=2, num_threads=1, **more)  # type: ignore[arg-type]


def record(layout: Layout, turbines: float, seed: int = 5) -> History:
    """A river that wanders, and rises by ``turbines`` from 06:00 to 09:00 UTC every day."""
    plain = sample_history(layout, STEPS, gaps=0.0)
    rng = np.random.default_rng(seed)
    wander = np.cumsum(rng.normal(0, 0.05, (len(layout.stations), STEPS)), axis=1)
    hour = part_of(plain.times, "D") * 24
    return replace(plain, target=Signal.measured(wander + turbines * ((hour >= 6) & (hour < 9))))


def test_parts_of_day_and_year() -> None:
    times = np.array(["2021-01-01T00:00", "2021-07-02T12:00", "2020-12-31T18:00"], dtype="datetime64[s]")
    np.testing.assert_allclose(part_of(times, "D"), [0.0, 0.5, 0.75])
    np.testing.assert_allclose(part_of(times, "Y"), [0.0, 182.5 / 365, 365.75 / 366])


@pytest.mark.parametrize(("length", "steps"), [(12, []), (30, [29]), (72, [60, 71]), (200, [60, 199])])
def test_further_back_than_the_narrow_columns_as_far_as_the_window_goes(length: int, steps: list[int]) -> None:
    assert further(SPANS, length) == steps


def test_wide_columns_by_hand() -> None:
    layout = sample_layout(stations=1, past=80, horizon=2)
    history = sample_history(layout, 200, gaps=0.0)
    cases = cases_of_history(history, 0, np.array([150]), False, 0, 6)
    scales = Scales(np.zeros(1), np.array([2.0]), np.zeros((1, 3)), np.array([[1.0, 1.0, 4.0]]), np.zeros((1, 1)))
    narrow, wide = issue_features(cases, scales), issue_features(cases, scales, wide=True)
    np.testing.assert_array_equal(wide[:, : narrow.shape[1]], narrow)
    level, river = history.target.values[0], history.inputs.values[0, :, 2]
    angles = [2 * np.pi * part_of(history.times[150:151], c)[0] for c in ("D", "Y")]
    expected = [*np.sin(angles), *np.cos(angles)]
    expected += [(level[150] - level[150 - k]) / 2 for k in (60, 79)]
    expected += [(river[150] - river[150 - k]) / 4 for k in (36, 48, 60, 79)]
    np.testing.assert_allclose(wide[0, narrow.shape[1] :], expected, rtol=1e-5, atol=1e-6)


def test_a_window_has_the_columns_that_its_step_of_the_record_has() -> None:
    layout = sample_layout(past=40)
    history = sample_history(layout, 300)
    scales = Scales(np.zeros(3), np.ones(3), np.zeros((3, 3)), np.ones((3, 3)), np.zeros((3, 1)))
    seen = issue_features(cases_of_window(window_of(history, 217), 0, np.arange(3), 6), scales, wide=True)
    for s in range(3):
        known = issue_features(cases_of_history(history, s, np.array([217]), False, s, 6), scales, wide=True)
        np.testing.assert_array_equal(seen[s], known[0])


def test_blocks_are_numbered_over_gaps() -> None:
    np.testing.assert_array_equal(blocks_of(np.array([-1, 0, 0, -1, 0, 1, 1, 0])), [-1, 0, 0, -1, 0, 1, 1, 2])


@pytest.mark.parametrize(("turbines", "wanted"), [(1.0, True), (0.0, False)])
def test_the_clock_is_looked_at_where_the_river_goes_by_it(turbines: float, wanted: bool, tmp_path: Path) -> None:
    history = record(sample_layout(stations=1, past=12), turbines)
    split = split_of(history)
    boosting = options().fit(history, split)
    assert boosting.model is not None
    assert boosting.model.wide == (wanted,)
    boosting.save(tmp_path)
    at = np.flatnonzero(split.test[0])[:50]
    kept = options().load(tmp_path)
    np.testing.assert_allclose(kept.hindcast(history, at, False), boosting.hindcast(history, at, False), atol=1e-6)


def test_a_model_kept_before_there_were_such_columns_still_answers(tmp_path: Path) -> None:
    history = record(sample_layout(stations=1, past=12), 0.0)
    boosting = options().fit(history, split_of(history))
    boosting.save(tmp_path)
    about = (tmp_path / "model.json").read_text(encoding="utf-8")
    assert '"wide"' in about
    (tmp_path / "model.json").write_text(about.replace('"wide"', '"other"'), encoding="utf-8")
    assert np.isfinite(options().load(tmp_path).hindcast(history, np.array([2_300]), False)).all()
