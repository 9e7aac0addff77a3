"""The scorecard of a made-up backtest whose scores are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hydria_plugin import HydriaError, Reason
from hydria_plugin.alerts import Thresholds
from hydria_plugin.testing import sample_alert, sample_layout
from hydria_plugin.verification.backtest import Backtest, issue_times, lead_rows, truth_at
from hydria_plugin.verification.scorecard import scorecard, warnings

HOUR = np.timedelta64(3600, "s")
FIRST = np.datetime64("2026-01-01T00:00:00", "s")
LAYOUT = sample_layout(stations=1, slots=1, past=6, horizon=3)
OFFSETS = np.array([-3, -2, -1, 0, 1, 2, 3]) * 0.1


def made_up(n: int = 24 * 60, error: float = 0.05, alerts: dict[int, int] | None = None) -> Backtest:
    """A sine wave forecast with noise of standard deviation ``error``; ``alerts``: issue index -> rank told."""
    rng = np.random.default_rng(2)
    record = 2 + np.sin(np.arange(n + 4) / 12)
    times = FIRST + HOUR * np.arange(n)
    truth = truth_at(times, FIRST + HOUR * np.arange(n + 4), record[None], HOUR, 3)
    centre = truth + rng.normal(0, error, truth.shape)
    told = {i: news(times[i], rank) for i, rank in (alerts or {}).items()}
    return Backtest(
        "p",
        LAYOUT,
        times,
        centre[..., None] + OFFSETS,
        truth,
        record[:n, None],
        tuple((told[i],) if i in told else () for i in range(n)),
        (("x",),) * n,
    )


def news(at: np.datetime64, rank: int):  # type: ignore[no-untyped-def]
    reason = Reason.FIRST if rank >= 0 else Reason.CLEARED
    return replace(sample_alert(at), rank=rank, issued_at=at, reason=reason)


def test_truth_at_is_the_record_shifted_by_the_lead() -> None:
    times = FIRST + HOUR * np.arange(3)
    record = np.arange(5.0)[None]
    found = truth_at(times, FIRST + HOUR * np.arange(5), record, HOUR, 3)
    assert found[0, 0].tolist() == [1, 2, 3]
    assert np.isnan(found[2, 0, 2]) and found[2, 0, 1] == 4


def test_issue_times_start_on_a_step_and_include_the_last() -> None:
    times = issue_times(FIRST + np.timedelta64(1, "s"), FIRST + 6 * HOUR, 2 * HOUR, HOUR)
    assert times.tolist() == (FIRST + HOUR * np.array([1, 3, 5])).tolist()
    with pytest.raises(HydriaError, match="not a whole number of steps"):
        issue_times(FIRST, FIRST + HOUR, np.timedelta64(90, "m"), HOUR)


def test_lines_per_lead_with_the_expected_scores() -> None:
    lines = scorecard(made_up(), draws=50)
    assert [line.lead for line in lines] == [1, 2, 3]
    first = lines[0]
    assert first.scores["nse"] == pytest.approx(1 - 0.05**2 / 0.5, abs=2e-3)
    assert first.low["nse"] <= first.scores["nse"] <= first.high["nse"]
    assert first.scores["crps_skill"] < lines[2].scores["crps_skill"]
    assert abs(first.scores["peak_delay"]) <= 3


def test_coverage_counts_the_ten_to_ninety_band() -> None:
    line = scorecard(made_up(error=0.15), leads=[1], draws=0)[0]
    from math import erf, sqrt

    assert line.scores["coverage_80"] == pytest.approx(erf(0.2 / 0.15 / sqrt(2)), abs=0.03)
    assert not line.low


def test_a_station_without_truth_has_nan_scores_not_an_error() -> None:
    result = made_up()
    blind = Backtest(*[np.full_like(result.truth, np.nan) if k == "truth" else v for k, v in fields_of(result)])
    line = scorecard(blind, leads=[1], draws=10)[0]
    assert line.pairs == 0 and np.isnan(line.scores["nse"])


def fields_of(result: Backtest):  # type: ignore[no-untyped-def]
    from dataclasses import fields

    return [(f.name, getattr(result, f.name)) for f in fields(result)]


def test_threshold_scores_are_per_threshold_and_only_where_there_is_one() -> None:
    limits = Thresholds(("yellow", "red"), np.array([[2.5, np.nan]]))
    found = scorecard(made_up(), limits, leads=[1], draws=0)[0].scores
    assert found["pod_yellow"] > 0.9
    assert "pod_red" not in found


def test_warning_time_is_counted_from_the_first_standing_alert_and_at_most_one_horizon() -> None:
    limits = Thresholds(("yellow",), np.array([[2.5]]))
    plain = made_up(n=90)
    crossed = np.flatnonzero((plain.truth[1:, 0, 0] >= 2.5) & (plain.truth[:-1, 0, 0] < 2.5)) + 1
    second, first = int(crossed[1]), int(crossed[0])
    result = made_up(n=90, alerts={first - 1: 0, first + 20: -1, second - 30: 0})
    found = warnings(result, limits)
    assert [w.gained for w in found] == [2 * HOUR, 3 * HOUR]


def test_a_missed_crossing_gains_nothing() -> None:
    found = warnings(made_up(n=90), Thresholds(("yellow",), np.array([[2.5]])))
    assert len(found) == 2
    assert all(np.isnat(w.gained) for w in found)


def test_an_alert_that_was_cleared_before_the_crossing_does_not_count() -> None:
    limits = Thresholds(("yellow",), np.array([[2.5]]))
    crossed = int(np.flatnonzero(made_up(n=90).truth[:, 0, 0] >= 2.5)[0])
    found = warnings(made_up(n=90, alerts={0: 0, 1: -1}), limits)
    assert crossed > 2 and np.isnat(found[0].gained)


def every(n: int, result: Backtest) -> Backtest:
    """The same backtest, with a forecast at every ``n``-th step."""
    arrays = {f: getattr(result, f)[::n] for f in ("issued_at", "values", "truth", "last", "alerts", "made_by")}
    return replace(result, **arrays)


@pytest.mark.parametrize(("apart", "hours_after"), [(1, 0), (2, 0), (3, 0), (7, 3)])
def test_a_crossing_between_two_issues_is_told_when_it_was(apart: int, hours_after: int) -> None:
    """Within the horizon of three hours; of issues that lie further apart some steps were never met."""
    limits = Thresholds(("yellow",), np.array([[2.5]]))
    crossed = [w.crossed_at for w in warnings(made_up(n=91), limits)]
    late = [w.crossed_at - c for w, c in zip(warnings(every(apart, made_up(n=91)), limits), crossed, strict=True)]
    assert min(late) >= 0 * HOUR and max(late) == hours_after * HOUR


def test_a_short_crest_between_two_issues_is_a_crossing() -> None:
    plain = made_up(n=9)
    record = np.where(np.arange(13) == 5, 3.0, 1.0)
    truth = truth_at(plain.issued_at, FIRST + HOUR * np.arange(13), record[None], HOUR, 3)
    found = warnings(every(3, replace(plain, truth=truth)), Thresholds(("yellow",), np.array([[2.5]])))
    assert [w.crossed_at for w in found] == [FIRST + 5 * HOUR]


def test_lead_rows_keep_to_the_horizon() -> None:
    assert lead_rows([1, 3, 99], 24) == (1, 3)
    assert lead_rows(None, 2) == (1, 2)
