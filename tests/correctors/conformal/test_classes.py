"""Classes of forecasts: borders that never cross, and follow what they are the quantiles of; shares that are one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin.correctors.conformal.classes import FLOOD, LEVELS, NARROWEST, Seen, flooded, shares

S, K, G = 3, 2, len(LEVELS)
SEEDS = st.integers(0, 10_000)


def seen_after(width: np.ndarray, marks: np.ndarray) -> Seen:
    """After (T, S, K) widths and (T, S, K, 3) marks."""
    seen = Seen.nothing(*width.shape[1:])
    for w, m in zip(width, marks, strict=True):
        seen = seen.met(w, m)
    return seen


def made(seed: int, steps: int = 30, gaps: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    width, marks = np.exp(rng.normal(size=(steps, S, K))), rng.normal(size=(steps, S, K, 3))
    return np.where(rng.random(width.shape) < gaps, np.nan, width), marks


def arrays(seen: Seen) -> dict[str, np.ndarray]:
    return {name: getattr(seen, name) for name in ("borders", "floods", "spread", "visits")}


@settings(max_examples=10)
@given(SEEDS, st.floats(0, 0.9))
def test_borders_never_cross_and_all_that_is_kept_is_finite_once_seen(seed: int, gaps: float) -> None:
    width, marks = made(seed, gaps=gaps)
    seen = seen_after(width, marks)
    there = np.isfinite(width).any(axis=0)
    assert (np.diff(seen.borders[there], axis=-1) >= 0).all()
    assert np.isfinite(seen.borders[there]).all() and np.isfinite(seen.floods[there]).all()
    assert (seen.spread[there] > 0).all() and all(a.dtype == np.float32 for a in arrays(seen).values())
    np.testing.assert_array_equal(seen.visits, np.isfinite(width).sum(axis=0))


@settings(max_examples=10)
@given(SEEDS, st.permutations(range(S)))
def test_the_order_of_the_stations_changes_nothing(seed: int, order: list[int]) -> None:
    width, marks = made(seed, gaps=0.2)
    one, other = arrays(seen_after(width, marks)), arrays(seen_after(width[:, order], marks[:, order]))
    for name, array in one.items():
        np.testing.assert_array_equal(other[name], array[order], err_msg=name)


@settings(max_examples=10)
@given(SEEDS, st.sampled_from(["width", "median", "observation", "rise"]))
def test_nan_teaches_nothing_and_touches_no_other(seed: int, lost: str) -> None:
    width, marks = made(seed)
    seen = seen_after(width, marks)
    new_width, new_marks = (a[0].copy() for a in made(seed + 1))
    if lost == "width":
        new_width[1, 0] = np.nan
    else:
        new_marks[1, 0, ("median", "observation", "rise").index(lost)] = np.nan
    after = arrays(seen.met(new_width, new_marks))
    for name, before in arrays(seen).items():
        np.testing.assert_array_equal(after[name][1, 0], before[1, 0], err_msg=name)
    assert (after["visits"].sum() - seen.visits.sum()) == S * K - 1


@settings(max_examples=10)
@given(SEEDS, st.floats(0.1, 100))
def test_the_unit_of_the_width_moves_the_borders_by_its_logarithm(seed: int, unit: float) -> None:
    width, marks = made(seed)
    one, other = seen_after(width, marks), seen_after(unit * width, marks)
    np.testing.assert_allclose(other.borders - one.borders, np.log(unit), atol=1e-3)


def test_the_first_forecast_sets_the_borders_around_itself() -> None:
    seen = Seen.nothing(1, 1).met(np.array([[2.0]]), np.array([[[1.0, 2.0, 3.0]]]))
    np.testing.assert_allclose(seen.borders[0, 0], np.log(2.0), atol=1.1)
    np.testing.assert_allclose(seen.floods[0, 0], [1.0, 2.0, 3.0], rtol=0.01)
    assert seen.visits[0, 0] == 1


@pytest.mark.parametrize(("centre", "spread"), [(0.0, 1.0), (3.0, 0.5)])
def test_borders_are_the_quantiles_of_what_was_met(centre: float, spread: float) -> None:
    rng, steps = np.random.default_rng(4), 4000
    width = np.exp(centre + spread * rng.normal(size=(steps, 40, 1)))
    marks = 5.0 + 2.0 * rng.normal(size=(steps, 40, 1, 3))
    seen = seen_after(width[:2500], marks[:2500])
    log = np.log(width)
    below = [(log < seen.borders[:, :, g]).mean() for g in range(G)]
    np.testing.assert_allclose(below, LEVELS, atol=0.04)
    assert (marks < seen.floods).mean() == pytest.approx(FLOOD, abs=0.04)


def test_a_band_of_no_width_is_the_narrowest() -> None:
    at = np.zeros((1, 1, 3))
    nothing, least = (Seen.nothing(1, 1).met(np.array([[w]]), at).borders for w in (0.0, NARROWEST))
    np.testing.assert_array_equal(nothing, least)
    assert np.isfinite(nothing).all()


@given(st.lists(st.floats(-6, 6), min_size=G, max_size=G), st.lists(st.floats(-8, 8), min_size=2, max_size=9))
def test_shares_are_one_whole_and_wider_is_never_of_a_lower_class(borders: list[float], logs: list[float]) -> None:
    log = np.sort(logs)
    edges = np.broadcast_to(np.sort(borders), (1, len(log), G))
    found = shares(np.exp(log)[None], edges)
    np.testing.assert_allclose(found.sum(axis=-1), 1.0, atol=1e-9)
    assert (found >= -1e-9).all() and (
        (found > 1e-9).sum(axis=-1) <= 2 + (np.diff(np.sort(borders)) < 1e-6).sum()
    ).all()
    reached = np.cumsum(found[0, :, ::-1], axis=-1)
    assert (np.diff(reached, axis=0) >= -1e-9).all()


def test_at_a_border_a_forecast_is_of_its_class_alone_and_half_way_of_both() -> None:
    borders = np.array([-1.0, 0.0, 1.0, 3.0])
    at = shares(np.exp(borders)[None], np.broadcast_to(borders, (1, G, G)))[0]
    np.testing.assert_allclose(at, np.eye(G), atol=1e-12)
    half = shares(np.exp(np.array([[2.0]])), borders[None, None])[0, 0]
    np.testing.assert_allclose(half, [0, 0, 0.5, 0.5])
    np.testing.assert_allclose(shares(np.array([[1e9]]), borders[None, None])[0, 0], [0, 0, 0, 1])


def test_where_nothing_was_seen_or_is_forecast_it_is_the_first_class() -> None:
    unseen = np.full((1, 1, G), np.nan)
    np.testing.assert_array_equal(shares(np.array([[5.0]]), unseen)[0, 0], [1, 0, 0, 0])
    np.testing.assert_array_equal(shares(np.array([[np.nan]]), np.arange(G)[None, None] * 1.0)[0, 0], [1, 0, 0, 0])


@given(SEEDS)
def test_a_flood_is_where_any_mark_reaches_its_limit(seed: int) -> None:
    rng = np.random.default_rng(seed)
    marks, limits = rng.integers(0, 3, (S, K, 3)).astype(float), rng.integers(0, 3, (S, K, 3)).astype(float)
    wanted = [[any(marks[s, h, m] >= limits[s, h, m] for m in range(3)) for h in range(K)] for s in range(S)]
    assert flooded(marks, limits).tolist() == wanted
    assert not flooded(marks, np.full_like(limits, np.nan)).any(), "nothing was seen yet"
