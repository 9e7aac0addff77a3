"""Reliability diagrams and rank histograms against counts made by hand, against ``scores``, and their bars at work."""

from __future__ import annotations

from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest

from hydria_plugin.testing import sample_layout
from hydria_plugin.verification.backtest import Backtest
from hydria_plugin.verification.diagrams import POOLED, Diagram, blocks_of, diagrams, ranks_of
from hydria_plugin.verification.regimes import reliability, some_leads

HOUR = np.timedelta64(3600, "s")
LAYOUT = sample_layout(stations=2, slots=1, past=6, horizon=4)
LEVELS = np.asarray(LAYOUT.quantiles)
NORMAL = np.array([NormalDist().inv_cdf(q) for q in LEVELS])


def issued(truth: np.ndarray, quantiles: np.ndarray) -> Backtest:
    """``truth`` (N, S), the same at every lead, against ``quantiles`` (Q)."""
    n = len(truth)
    values = np.broadcast_to(quantiles, (n, 2, 4, len(LEVELS)))
    times = np.datetime64("2026-01-01T00:00:00", "s") + HOUR * np.arange(n)
    whole = np.repeat(truth[:, :, None], 4, axis=2)
    return Backtest("p", LAYOUT, times, values, whole, truth, ((),) * n, (("x", "x"),) * n)


def hanging(rng: np.random.Generator, n: int, memory: float = 0.9) -> np.ndarray:
    """(N, 2) standard normal errors, each ``memory`` times the one before."""
    noise = rng.normal(size=(n, 2)) * np.sqrt(1 - memory**2)
    noise[0] = rng.normal(size=2)
    for t in range(1, n):
        noise[t] += memory * noise[t - 1]
    return noise


def one(result: Backtest, station: str, lead: int = 1) -> Diagram:
    return next(d for d in diagrams(result) if (d.station, d.lead) == (station, lead))


def test_stations_leads_and_all_of_them() -> None:
    found = diagrams(issued(np.zeros((50, 2)), NORMAL))
    leads = some_leads(4)
    assert [(d.station, d.lead) for d in found] == [(s, f) for s in (POOLED, "s1", "s2") for f in leads]
    assert {d.station: d.pairs for d in found} == {POOLED: 100, "s1": 50, "s2": 50}


def test_shares_are_those_counted_by_hand() -> None:
    truth = np.array([[-9.0, 9.0], [0.05, 9.0], [0.6, 9.0], [0.6, 9.0], [9.0, 9.0]])
    found = one(issued(truth, np.arange(7) / 10), "s1")  # quantiles 0, 0.1, ..., 0.6
    np.testing.assert_allclose(found.share, [0.2, 0.4, 0.4, 0.4, 0.4, 0.4, 0.6])
    np.testing.assert_allclose(found.ticks, [0, 0, 0, 0, 0, 0, 0.4])
    np.testing.assert_allclose(found.ranks, [0.2, 0.2, 0, 0, 0, 0, 0.2, 0.4])
    assert one(issued(truth, np.arange(7) / 10), "s2").share.sum() == 0


def test_shares_agree_with_another_library() -> None:
    scores = pytest.importorskip("scores.probability")
    xarray = pytest.importorskip("xarray")
    truth = np.random.default_rng(5).normal(size=(800, 2))
    found = one(issued(truth, NORMAL), "s1")
    for q, value in enumerate(NORMAL):
        flips = xarray.DataArray((truth[:, 0] < np.float32(value)).astype(float), dims="n")
        seen = xarray.DataArray(np.full(800, LEVELS[q]), dims="n")
        brier = float(scores.brier_score(seen, flips))
        assert brier == pytest.approx(LEVELS[q] ** 2 - 2 * LEVELS[q] * found.share[q] + found.share[q], abs=1e-9)


def test_the_index_is_that_of_the_regimes() -> None:
    truth = hanging(np.random.default_rng(1), 500)
    found = one(issued(truth, 0.7 * NORMAL), "s1")
    whole = np.broadcast_to(0.7 * NORMAL, (500, 7))
    assert found.index == pytest.approx(reliability(truth[:, 0], whole, LAYOUT.quantiles))


def test_all_stations_are_one_sample() -> None:
    truth = hanging(np.random.default_rng(2), 300)
    result = issued(truth, NORMAL)
    both = np.mean([one(result, s).share for s in ("s1", "s2")], axis=0)
    np.testing.assert_allclose(one(result, POOLED).share, both)


@pytest.mark.parametrize(("many", "expected"), [
    (1, [0, 0.5, 0.5, 0, 0, 0, 0, 0]),  # equal to the second quantile: half on either side
    (3, [0, 0, 0.375, 0.625, 0, 0, 0, 0]),  # to the second to fourth, of 10, 25 and 50 %
])  # fmt: skip
def test_truth_on_quantiles_lies_between_their_levels(many: int, expected: list[float]) -> None:
    below, equal = np.zeros((4, 7), bool), np.zeros((4, 7), bool)
    below[:, 0] = True
    equal[:, 1 : 1 + many] = True
    np.testing.assert_allclose(ranks_of(below, equal, LEVELS), expected)


def test_a_river_that_stands_still_on_a_tick_is_reliable_by_ranks() -> None:
    found = one(issued(np.zeros((100, 2)), np.zeros(7)), "s1")
    assert found.ticks == pytest.approx(np.ones(7))
    assert found.share == pytest.approx(np.full(7, 0.5))
    inside = found.ranks[1:-1]
    np.testing.assert_allclose(inside, np.diff(LEVELS) / (LEVELS[-1] - LEVELS[0]))
    assert found.ranks.sum() == pytest.approx(1.0)


def test_bars_hold_the_shares_of_a_reliable_forecast_as_often_as_they_say() -> None:
    held = []
    for seed in range(60):
        result = issued(hanging(np.random.default_rng(seed), 24 * 7 * 30), NORMAL)
        found = diagrams(result, leads=[1], rng=np.random.default_rng(seed))
        held += [(d.low <= d.share) & (d.share <= d.high) for d in found]
    assert 0.82 < np.mean(held) < 0.95, np.mean(held)


def test_bars_know_that_errors_hang_together() -> None:
    rng = np.random.default_rng(0)
    free, hung = (one(issued(hanging(rng, 5000, m), NORMAL), "s1") for m in (0.0, 0.95))
    assert np.all(hung.high - hung.low > 2 * (free.high - free.low))


def test_no_bars_from_few_blocks() -> None:
    found = one(issued(hanging(np.random.default_rng(0), 30), NORMAL), "s1")
    assert np.isnan(found.low).all() and np.isnan(found.high).all()
    assert np.isfinite(found.share).all()


def test_blocks_are_weeks_or_a_twentieth_but_no_shorter_than_two_horizons() -> None:
    def length(n: int) -> int:
        return int((blocks_of(issued(np.zeros((n, 2)), NORMAL)) == 0).sum())

    assert [length(n) for n in (24 * 7 * 40, 400, 60)] == [24 * 7, 20, 8]


def test_truth_that_never_came_leaves_a_diagram_without_pairs() -> None:
    truth = np.zeros((40, 2))
    truth[:, 0] = np.nan
    result = issued(truth, NORMAL)
    found = one(result, "s1")
    assert found.pairs == 0 and np.isnan(found.index) and np.isnan(found.ranks).all()
    assert one(result, POOLED).pairs == 40
    gone = replace(result, values=np.full(result.values.shape, np.nan))
    assert one(gone, "s2").pairs == 0
