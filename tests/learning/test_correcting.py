"""Correctors are trained first, on the fit part, kept on the shelf; forecasters learn from what they leave."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from toy_correctors import Ceiling, Needy, Wider
from toy_forecasters import Drift

from hydria_plugin import Flag, History, ModelError, Signal
from hydria_plugin.learning.correcting import check_names, learns, train_correctors
from hydria_plugin.learning.shelf import Shelf
from hydria_plugin.learning.splits import split
from hydria_plugin.testing.samples import HOUR, sample_history, sample_layout
from hydria_plugin.totals import totals_over


@pytest.fixture(scope="module")
def history() -> History:
    """With one absurd rain in the part that is not fitted on, and the running totals that hold it."""
    clean = sample_history(sample_layout(stations=2, slots=2, past=12, horizon=4), steps=1600, gaps=0.002)
    values = clean.inputs.values.copy()
    at = int(np.flatnonzero(split(clean).test[0])[40])
    values[0, at, 0] = 9999.0
    summed, steps = np.array([True, False]), np.arange(1600)
    totals = np.stack([totals_over(row, 0, steps, [6], summed) for row in values])
    return replace(clean, inputs=Signal.measured(values), totals=totals, durations=(6 * HOUR,))


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    times = iter(np.datetime64("2026-11-23T10:00:00", "s") + np.arange(1000))
    return Shelf(tmp_path / "models", "gardons", clock=lambda: next(times))


def absurd(history: History) -> int:
    return int(np.flatnonzero(history.inputs.raw[0, :, 0] == 9999.0)[0])


def test_the_record_is_corrected_with_what_the_fit_part_taught(history: History, shelf: Shelf) -> None:
    _, after = train_correctors({"ceiling": Ceiling()}, history, shelf=shelf)
    at = absurd(history)
    assert np.isnan(after.inputs.values[0, at, 0]) and after.inputs.flags[0, at, 0] == Flag.FAIL
    assert after.inputs.raw[0, at, 0] == 9999.0
    others = np.ones(history.inputs.shape, dtype=bool)
    others[0, at, 0] = False
    np.testing.assert_array_equal(after.inputs.values[others], history.inputs.values[others])


def test_what_was_taken_out_leaves_the_running_totals(history: History, shelf: Shelf) -> None:
    _, after = train_correctors({"ceiling": Ceiling()}, history, shelf=shelf)
    at = absurd(history)
    assert history.totals[0, at : at + 6, 0, 0].min() > 9000
    assert after.totals[0, at : at + 6, 0, 0].max() < 100
    np.testing.assert_array_equal(after.totals[1], history.totals[1])


def test_what_is_kept_knows_the_largest_flood_too(history: History, shelf: Shelf) -> None:
    (outcome,), _ = train_correctors({"ceiling": Ceiling()}, history, shelf=shelf, options={"ceiling": {"times": 2.0}})
    assert outcome.promoted and shelf.active("ceiling") == outcome.version and outcome.version
    assert Ceiling().load(shelf.folder("ceiling")).most == 9999.0
    held = shelf.manifest("ceiling", outcome.version)
    assert held["role"] == "corrector" and held["options"] == {"times": 2.0}
    assert held["training"]["steps"] == 1600 and "not scored" in held["verdict"]


def test_a_second_training_reigns_and_can_be_taken_back(history: History, shelf: Shelf) -> None:
    (first,), _ = train_correctors({"ceiling": Ceiling()}, history, shelf=shelf)
    (second,), _ = train_correctors({"ceiling": Ceiling(times=3.0)}, history, shelf=shelf)
    assert shelf.active("ceiling") == second.version != first.version
    assert shelf.rollback("ceiling") == first.version


def test_one_that_fails_is_told_and_passed_over(history: History, shelf: Shelf) -> None:
    both = {"broken": Ceiling(fail=True), "ceiling": Ceiling()}
    (broken, fine), after = train_correctors(both, history, shelf=shelf)
    assert broken.version is None and "RuntimeError: this corrector cannot be fitted" in broken.why
    assert fine.promoted and np.isnan(after.inputs.values[0, absurd(history), 0])


def test_those_that_learn_nothing_of_a_record_are_only_applied(history: History, shelf: Shelf) -> None:
    class Blind:
        def correct_history(self, history: History) -> History:
            return replace(history, inputs=Signal.measured(np.full(history.inputs.shape, np.nan)))

    outcomes, after = train_correctors({"blind": Blind()}, history, shelf=shelf)
    assert outcomes == () and shelf.names() == () and np.isnan(after.inputs.values).all()
    assert train_correctors({}, history, shelf=shelf) == ((), history)


def test_a_corrector_of_forecasts_learns_from_the_record_too(history: History, shelf: Shelf) -> None:
    (outcome,), after = train_correctors({"wider": Wider()}, history, shelf=shelf)
    assert outcome.promoted and Wider().load(shelf.folder("wider")).by > 0
    assert after is history


def test_progress_names_the_corrector(history: History, shelf: Shelf) -> None:
    told: list[str] = []
    train_correctors({"ceiling": Ceiling()}, history, shelf=shelf, progress=lambda what, share: told.append(what))
    assert told == ["ceiling: fitting"]


def test_a_record_without_a_value_is_refused(history: History, shelf: Shelf) -> None:
    empty = replace(history, target=Signal.measured(np.full(history.target.shape, np.nan)))
    with pytest.raises(ModelError, match="no trusted value"):
        train_correctors({"ceiling": Ceiling()}, empty, shelf=shelf)


def test_two_parts_of_one_name_are_refused_where_both_keep_models() -> None:
    assert learns(Needy()) and not learns(object())
    check_names({"drift": Drift()}, {"ceiling": Ceiling()})
    with pytest.raises(ModelError, match="both called 'same'"):
        check_names({"same": Drift()}, {"same": Ceiling()})
