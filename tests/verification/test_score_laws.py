"""Laws of the scores: whichever stations stand beside, in whatever order, and however the period is cut."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin import Reason
from hydria_plugin.alerts import Thresholds
from hydria_plugin.testing import sample_alert, sample_layout
from hydria_plugin.values import Alert
from hydria_plugin.verification import scores
from hydria_plugin.verification.backtest import Backtest
from hydria_plugin.verification.diagrams import diagrams
from hydria_plugin.verification.regimes import regimes
from hydria_plugin.verification.scorecard import scorecard, up_crossings, warnings
from hydria_plugin.verification.shadows import duels

HOUR = np.timedelta64(3600, "s")
FIRST = np.datetime64("2026-01-01T00:00:00", "s")
LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)


def made_up(stations: int, issues: int, seed: int, gaps: float = 0.1, ticks: bool = False) -> Backtest:
    """Random rivers and forecasts with gaps on all sides; ``ticks``: of whole centimetres, so that values are equal."""
    rng = np.random.default_rng(seed)
    layout = replace(sample_layout(stations=stations, slots=1, past=6, horizon=2), quantiles=LEVELS)
    truth = 1 + np.cumsum(rng.normal(0, 0.1, (issues, stations, 2)), axis=0)
    centre = truth + rng.normal(0, 0.1, truth.shape)
    values = np.sort(centre[..., None] + rng.normal(0, 0.2, (*centre.shape, 7)), axis=-1)
    last = truth[:, :, 0] + rng.normal(0, 0.05, (issues, stations))
    for array in (truth, last):
        array[rng.random(array.shape) < gaps] = np.nan
    values[rng.random((issues, stations)) < gaps] = np.nan
    if ticks:
        truth, values, last = (np.round(a, 1) for a in (truth, values, last))
    times = FIRST + HOUR * np.arange(issues)
    return Backtest("p", layout, times, values, truth, last, ((),) * issues, (("x",) * stations,) * issues)


def rows(result: Backtest, issues: slice | np.ndarray) -> Backtest:
    """Some issue times of it."""
    places = np.arange(len(result.issued_at))[issues]
    return replace(
        result, issued_at=result.issued_at[places], values=result.values[places], truth=result.truth[places],
        last=result.last[places], alerts=tuple(result.alerts[i] for i in places),
        made_by=tuple(result.made_by[i] for i in places),
    )  # fmt: skip


def picked(result: Backtest, order: list[int]) -> Backtest:
    """Its stations in another order, or fewer of them."""
    a = result.layout
    layout = replace(
        a, stations=tuple(a.stations[i] for i in order), targets=tuple(a.targets[i] for i in order),
        quantities=tuple(a.quantities[i] for i in order), units=tuple(a.units[i] for i in order),
        series=a.series[order], static=a.static[order],
    )  # fmt: skip
    return replace(result, layout=layout, values=result.values[:, order], truth=result.truth[:, order],
                   last=result.last[:, order])  # fmt: skip


def limits_of(stations: int) -> Thresholds:
    return Thresholds(("yellow", "red"), np.tile([[1.0, 1.5]], (stations, 1)))


MANY = st.integers(0, 2**32)


@settings(max_examples=8)
@given(seed=MANY, order=st.permutations([0, 1, 2]), keep=st.integers(1, 3), ticks=st.booleans())
def test_no_score_and_no_bound_depends_on_the_other_stations(
    seed: int, order: list[int], keep: int, ticks: bool
) -> None:
    """Taking a station out of stations.csv, or moving its line, changes nothing that is told of the others."""
    whole = made_up(3, 400, seed, ticks=ticks)
    some = picked(whole, order[:keep])
    for score in (
        lambda r: {(x.station, x.lead): repr(x) for x in scorecard(r, limits_of(len(r.layout.stations)), draws=20)},
        lambda r: {(x.station, x.lead, x.regime): repr(x) for x in regimes(r, limits_of(len(r.layout.stations)))},
        lambda r: {
            (x.station, x.lead): repr((x.pairs, x.share, x.low, x.high, x.ranks, x.index))
            for x in diagrams(r)
            if x.station
        },
        lambda r: {(x.station, x.lead): repr(x) for x in duels(r, replace(r, values=r.values + 0.01), "other")},
    ):
        mine, its = score(some), score(whole)
        assert mine and all(its[key] == told for key, told in mine.items())


@settings(max_examples=40)
@given(seed=MANY, cut=st.integers(0, 90), ticks=st.booleans())
def test_two_halves_of_a_period_make_up_the_whole(seed: int, cut: int, ticks: bool) -> None:
    result = made_up(2, 90, seed, ticks=ticks)
    limits = limits_of(2)
    whole = scorecard(result, limits, draws=0)
    halves = [
        scorecard(rows(result, part), limits, draws=0)
        for part in (slice(0, cut), slice(cut, None))
        if len(result.issued_at[part])
    ]
    for i, line in enumerate(whole):
        parts = [half[i] for half in halves]
        assert line.pairs == sum(part.pairs for part in parts)
        for name in ("crps", "coverage_80"):
            summed = sum(part.pairs * part.scores[name] for part in parts if part.pairs)
            assert line.pairs * (line.scores[name] if line.pairs else 0.0) == pytest.approx(summed)
    counted = [
        sum(len(up_crossings(r.truth[:, 0, 0], 1.0)) for r in rs)
        for rs in ((result,), (rows(result, slice(0, cut)), rows(result, slice(cut, None))))
    ]
    assert counted[0] - counted[1] in (0, 1)  # the one that happens at the cut


@settings(max_examples=40)
@given(seed=MANY, shift=st.floats(-100, 100), scale=st.floats(0.01, 100))
def test_scores_without_unit_do_not_care_for_unit_or_datum(seed: int, shift: float, scale: float) -> None:
    result = made_up(1, 60, seed)
    moved = replace(
        result,
        values=result.values * scale + shift,
        truth=result.truth * scale + shift,
        last=result.last * scale + shift,
    )
    for one, other in zip(scorecard(result, draws=0), scorecard(moved, draws=0), strict=True):
        for name in ("nse", "pi", "crps_skill", "coverage_80", "peak_delay"):
            assert other.scores[name] == pytest.approx(one.scores[name], rel=1e-6, abs=1e-6, nan_ok=True), name


@settings(max_examples=60)
@given(st.lists(st.floats(-3, 3), min_size=2, max_size=40), st.sets(st.integers(0, 39)), st.floats(-2, 2))
def test_a_gap_in_the_gauge_never_makes_a_second_crossing(river: list[float], gone: set[int], limit: float) -> None:
    whole = np.array(river)
    gappy = whole.copy()
    gappy[[i for i in gone if i < len(river)]] = np.nan
    before, after = up_crossings(whole, limit), up_crossings(gappy, limit)
    assert len(after) <= len(before)
    assert all(np.isfinite(gappy[n]) and gappy[n] >= limit for n in after)


def told(at: int, threshold: str, rank: int, reason: Reason = Reason.HIGHER) -> tuple[int, Alert]:
    time = FIRST + HOUR * at
    return at, replace(sample_alert(time), threshold=threshold, rank=rank, issued_at=time, reason=reason)


def rising(news: list[tuple[int, Alert]]) -> Backtest:
    """One station that rises by 0.1 a step from 0: yellow (1.0) is crossed at step 10, red (1.5) at 15."""
    result = made_up(1, 30, 0, gaps=0.0)
    truth = np.repeat((0.1 * (np.arange(30) + 1))[:, None, None], 2, axis=2)
    alerts = tuple(tuple(a for at, a in news if at == n) for n in range(30))
    return replace(result, truth=truth, alerts=alerts)


def gained(news: list[tuple[int, Alert]]) -> dict[str, float | None]:
    found = warnings(rising(news), limits_of(1))
    return {w.threshold: None if np.isnat(w.gained) else float(w.gained / HOUR) for w in found}


def test_a_fast_rise_is_no_warning_of_a_threshold() -> None:
    """An alert's rank counts the rates of rise first: that of the lowest of them is 0, of yellow 1, of red 2."""
    assert gained([told(8, "fast rise", 0, Reason.FIRST)]) == {"yellow": None, "red": None}
    assert gained([told(8, "fast rise", 0, Reason.FIRST), told(9, "yellow", 1)]) == {"yellow": 1.0, "red": None}
    assert gained([told(9, "yellow", 1, Reason.FIRST), told(13, "red", 2)]) == {"yellow": 1.0, "red": 2.0}


def test_down_to_the_rate_of_rise_is_no_longer_yellow() -> None:
    fell = [told(7, "yellow", 1, Reason.FIRST), told(8, "fast rise", 0, Reason.LOWER)]
    assert gained(fell) == {"yellow": None, "red": None}
    cleared = [told(7, "yellow", 1, Reason.FIRST), told(8, "yellow", -1, Reason.CLEARED)]
    assert gained(cleared) == {"yellow": None, "red": None}


def test_a_threshold_that_is_no_more_warned_of_nothing() -> None:
    assert gained([told(8, "purple", 3, Reason.FIRST)]) == {"yellow": None, "red": None}


@pytest.mark.parametrize("every", [1, 3])
@pytest.mark.parametrize("missing", [(), (18, 21)])
def test_the_peak_is_as_many_steps_late_whatever_is_missing_between(every: int, missing: tuple[int, ...]) -> None:
    """Seen at step 15, foreseen for step 24: nine steps, however many issue times there are between."""
    result = made_up(1, 48, 1, gaps=0.0)
    truth, values = np.zeros((48, 1, 2)), np.zeros((48, 1, 2, 7))
    truth[15], values[24] = 5.0, 5.0
    truth[list(missing)] = np.nan
    shown = rows(replace(result, truth=truth, values=values), np.arange(0, 48, every))
    assert [line.scores["peak_delay"] for line in scorecard(shown, draws=0)] == [9.0, 9.0]


def test_nothing_to_score_is_nothing_not_an_error() -> None:
    """One station, one step; all NaN; a constant river."""
    one = made_up(1, 1, 0, gaps=0.0)
    none = replace(made_up(2, 5, 0), truth=np.full((5, 2, 2), np.nan))
    flat = replace(
        made_up(1, 9, 0, gaps=0.0), truth=np.ones((9, 1, 2)), values=np.ones((9, 1, 2, 7)), last=np.ones((9, 1))
    )
    for result in (one, none, flat):
        lines = scorecard(result, limits_of(len(result.layout.stations)), draws=5)
        assert len(lines) == 2 * len(result.layout.stations)
        assert not any(np.isinf(v) for line in lines for v in line.scores.values())
        assert regimes(result) and diagrams(result) and list(duels(result, result, "same")) is not None
    assert [line.scores["crps"] for line in scorecard(flat, draws=0)] == [0.0, 0.0]


@settings(max_examples=40)
@given(seed=MANY, many=st.integers(1, 30))
def test_the_truth_scores_best_and_crps_is_never_below_nothing(seed: int, many: int) -> None:
    rng = np.random.default_rng(seed)
    truth, spread = rng.normal(0, 3, many), np.sort(rng.normal(0, 1, (many, 7)), axis=1)
    assert scores.crps(truth, np.repeat(truth[:, None], 7, axis=1), LEVELS) == pytest.approx(0.0, abs=1e-12)
    assert scores.crps(truth, truth[:, None] + spread, LEVELS) >= 0
    if many > 1:
        assert scores.nse(truth, truth) == pytest.approx(1.0) and scores.kge(truth, truth) == pytest.approx(1.0)
        assert scores.nse(truth, truth + spread[:, 0]) <= 1
