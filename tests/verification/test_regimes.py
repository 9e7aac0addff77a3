"""Scores by regime, of a backtest whose regimes are known."""

from __future__ import annotations

from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest

from hydria_plugin.alerts import Thresholds
from hydria_plugin.testing import sample_layout
from hydria_plugin.verification.backtest import Backtest
from hydria_plugin.verification.regimes import covered, highest, masks, regimes, reliability

HOUR = np.timedelta64(3600, "s")
LAYOUT = sample_layout(stations=1, slots=1, past=6, horizon=4)
LEVELS = LAYOUT.quantiles
NORMAL = np.array([NormalDist().inv_cdf(q) for q in LEVELS])


def made_up(n: int = 4000, spread: float = 1.0, flood_spread: float = 1.0) -> Backtest:
    """Errors ``spread`` times what is forecast, in the highest tenth of the last value ``flood_spread`` times."""
    rng = np.random.default_rng(3)
    last = rng.gamma(2.0, 1.0, n)
    flood = last >= np.quantile(last, 0.9)
    error = rng.normal(size=(n, 1, 4)) * np.where(flood, flood_spread, spread)[:, None, None]
    centre = last[:, None, None] * np.ones((1, 1, 4))
    times = np.datetime64("2026-01-01T00:00:00", "s") + HOUR * np.arange(n)
    values = centre[..., None] + NORMAL
    return Backtest("p", LAYOUT, times, values, centre + error, last[:, None], ((),) * n, (("x",),) * n)


def limits(value: float) -> Thresholds:
    return Thresholds(("yellow", "red"), np.array([[value, np.nan]]))


def lines(result: Backtest, lead: int = 1, thresholds: Thresholds | None = None) -> dict[str, object]:
    return {line.regime: line for line in regimes(result, thresholds) if line.lead == lead}


def test_a_reliable_forecast_is_reliable_in_every_regime() -> None:
    for line in lines(made_up(), thresholds=limits(4.0)).values():
        assert line.coverage_80 == pytest.approx(0.8, abs=0.05)  # type: ignore[attr-defined]
        assert line.reliability > 0.93  # type: ignore[attr-defined]
        assert abs(line.bias) < 0.2  # type: ignore[attr-defined]


def test_a_band_that_is_too_narrow_in_floods_is_seen_there_and_hardly_in_the_whole() -> None:
    found = lines(made_up(flood_spread=4.0))
    assert found["all"].coverage_80 > 0.7  # type: ignore[attr-defined]
    assert found["top decile"].coverage_80 < found["all"].coverage_80 - 0.05  # type: ignore[attr-defined]


def test_regimes_are_told_by_what_was_known_at_the_issue_time() -> None:
    result = made_up(300)
    other = replace(result, truth=result.truth + 100.0)
    for one, two in zip(masks(result, 0, 2, limits(3.0)), masks(other, 0, 2, limits(3.0)), strict=True):
        assert one[0] == two[0]
        np.testing.assert_array_equal(one[1], two[1])


def test_names_and_sizes() -> None:
    result = made_up(500)
    found = lines(result, thresholds=limits(3.0))
    assert list(found) == ["all", "rising", "top decile", "above yellow"], "a threshold without a limit is none"
    assert found["all"].pairs == 500  # type: ignore[attr-defined]
    rising = int((np.diff(result.last[:, 0]) > 0).sum())
    assert found["rising"].pairs == rising  # type: ignore[attr-defined]
    above = int((result.last[:, 0] >= 3.0).sum())
    assert found["above yellow"].pairs == above  # type: ignore[attr-defined]


def test_a_threshold_above_any_value_ever_seen_is_a_regime_without_pairs() -> None:
    line = lines(made_up(100), thresholds=limits(1e6))["above yellow"]
    assert line.pairs == 0 and np.isnan(line.crps)  # type: ignore[attr-defined]


def test_rows_without_truth_are_left_out() -> None:
    result = made_up(200)
    truth = np.array(result.truth)
    truth[:50] = np.nan
    assert lines(replace(result, truth=truth))["all"].pairs == 150  # type: ignore[attr-defined]


def test_reliability_of_known_shares() -> None:
    truth = np.linspace(0, 1, 2001)
    exact = np.tile(np.asarray(LEVELS), (2001, 1))
    assert reliability(truth, exact, LEVELS) == pytest.approx(1.0, abs=1e-3)
    low = np.zeros((2001, 7))
    assert reliability(truth + 1, low, LEVELS) == pytest.approx(1 - 2 * np.mean(LEVELS))
    assert reliability(np.zeros(10), np.zeros((10, 7)), LEVELS) == pytest.approx(
        1 - 2 * np.abs(0.5 - np.asarray(LEVELS)).mean()
    )


def test_the_band_has_to_be_among_the_levels() -> None:
    assert np.isnan(covered(np.zeros(3), np.zeros((3, 3)), (0.25, 0.5, 0.75)))
    assert covered(np.zeros(3), np.zeros((3, 7)), LEVELS) == 1.0


def test_nothing_known_is_nothing_high() -> None:
    assert not highest(np.full(4, np.nan)).any()
