"""The benchmark's own counting: what is missed, what is falsely warned of, of shares and of times apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmarks.knox import records
from benchmarks.knox.report import BEST, QUICK, SLOW, WORST, caution_table, rival_table
from benchmarks.knox.trial import named
from hydria_plugin.learning.basin_cases import cases
from hydria_plugin.learning.fictitious_basin import simulate
from tests.explainers.knox.made_readings import doubtful, reading, two_paths


def trial(error: float = 1.0, late: float = 0.1, shares: tuple[str, ...] = (), times: tuple[str, ...] = ()) -> Any:
    return {"error": {"headline": error}, "centroid": [0.0, -late], "cautions": shares, "of times": times}


def counts(*trials: Any) -> list[str]:
    """Of one case: warned, missed, false, codes; twice."""
    row = caution_table({"A": list(trials)}).splitlines()[2]
    return [cell.strip() for cell in row.strip("|").split("|")][1:]


def test_a_sound_reading_without_a_caution_counts_as_nothing() -> None:
    assert counts(trial(), trial()) == ["0 of 2", "0", "0", "", "0 of 2", "0", "0", ""]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (trial(error=WORST + 0.1), ["0 of 1", "1", "0", "", "0 of 1", "0", "0", ""]),
        (trial(error=WORST + 0.1, shares=("spread a",)), ["1 of 1", "0", "0", "spread", "0 of 1", "0", "0", ""]),
        (trial(error=BEST - 0.1, shares=("spread a",)), ["1 of 1", "0", "1", "spread", "0 of 1", "0", "0", ""]),
        (trial(error=BEST + 0.1, shares=("spread a",)), ["1 of 1", "0", "0", "spread", "0 of 1", "0", "0", ""]),
        (trial(late=SLOW + 0.1), ["0 of 1", "0", "0", "", "0 of 1", "1", "0", ""]),
        (trial(late=SLOW + 0.1, times=("window b",)), ["0 of 1", "0", "0", "", "1 of 1", "0", "0", "window"]),
        (trial(late=QUICK - 0.1, times=("window b",)), ["0 of 1", "0", "0", "", "1 of 1", "0", "1", "window"]),
    ],
)
def test_shares_and_times_are_counted_apart(given: Any, expected: list[str]) -> None:
    assert counts(given) == expected


def test_a_caution_about_times_is_none_about_shares() -> None:
    assert named(two_paths(), "shares") == [] and named(two_paths(), "times")[0].startswith("two-paths rain.1 ")
    assert [said.split(" ")[0] for said in named(doubtful(), "shares")] == ["alike", "disagreement"]
    assert named(doubtful(), "times") == named(reading(), "shares") == []


def test_a_read_out_that_only_some_cases_have_leaves_the_others_empty() -> None:
    one, other = trial(), trial()
    one["error"] = {"headline": 1.0, "directed": 4.0}
    lines = rival_table({"D": [one], "A": [other]}).splitlines()
    assert lines[2].strip() == "| D | 1.0 | 4.0 |" and lines[3].strip() == "| A | 1.0 |  |"


def test_the_continuous_record_leaves_the_realisations_of_the_study_as_they_are() -> None:
    for number, case in enumerate(sorted(cases())):
        if case in ("A", "production"):
            record, _, split, _ = records.drawn(case, 3, "discharge")
            same = simulate(cases()[case], np.random.default_rng([3, number]))
            np.testing.assert_array_equal(record.measured, same.measured)
            assert len(np.unique(record.events[split.stop[0]])) == 6


def test_the_continuous_record_has_seasons_and_soil_and_gauges_without_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "YEARS", 0.2)
    record, history, split, _ = records.drawn(records.CONTINUOUS, 3, "discharge")
    assert record.basin.law == "production" and record.balance["stored"] != 0
    np.testing.assert_array_equal(record.gauges, record.rain)
    np.testing.assert_allclose(history.target.values[0], record.discharge)
    assert len(record.times) == 1753 and split.fit.any() and split.stop.any() and split.test.any()
    assert records.names()[-1] == records.CONTINUOUS
