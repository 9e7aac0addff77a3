"""Rolling a network of one step out: the same as asking it step by step by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin.forecasters.block_network.columns import Told, fallen_by, state, target_columns, told
from hydria_plugin.forecasters.block_network.network import Networks
from hydria_plugin.forecasters.block_network.rolling import (
    Bounds,
    held,
    newest_only,
    order_of,
    rain_by_step,
    roll,
)
from hydria_plugin.forecasters.block_network.serving import Stack, stack_of, stacked
from hydria_plugin.values import Floats

from .made import cases, one_station
from .planted import random_networks

N, F, R, Z, L, K = 3, 5, 3, 2, 4, 7  # of the K state columns the first R + 1 are the own ones


def bounds(n: int = N, k: int = K, far: float = 1e6) -> Bounds:
    def full(value: float) -> Floats:
        return np.full(n, value)

    wide = np.zeros((n, k)), np.full((n, k), 2.0), np.full((n, k), -far), np.full((n, k), far)
    return Bounds(full(1.0), full(0.5), *wide, full(0.3), full(-far), full(far), full(-far), full(far))


def stack(networks: Networks) -> Stack:
    return stack_of({name: a[None] for name, a in stacked([networks]).items()})


def some(members: int = 2, seed: int = 0) -> tuple[Networks, Floats, Floats, Floats]:
    """Networks, rain (N, F, Z, L), state (N, K), start (N, R, M)."""
    rng = np.random.default_rng(seed)
    networks = random_networks(members, Z, L, hidden=3, states=K, seed=seed)
    start = np.repeat(1.0 + rng.random((N, R, 1)), members, axis=2)
    return networks, rng.random((N, F, Z, L)), rng.normal(size=(N, K)), start


def by_hand(networks: Networks, rain: Floats, state: Floats, start: Floats, b: Bounds) -> Floats:
    """(N, F, M) one case, one member and one step at a time."""
    paths = np.empty((len(rain), rain.shape[1], len(networks)))
    for n in range(len(rain)):
        for m in range(len(networks)):
            one, own = networks.only(np.array([m])), list(start[n, :, m])
            for f in range(rain.shape[1]):
                level = (own[0] - b.centre[n]) / b.unit[n]
                columns = [(own[1] - own[0]) / b.unit[n], (own[2] - own[0]) / b.unit[n], level, np.arcsinh(10 * level)]
                z = np.concatenate([(np.array(columns) - b.mean[n, :4]) / b.size[n, :4], state[n, 4:]])
                own = [own[0] + b.scale[n] * one.output(rain[n, f][None], z[None])[0, 0], *own[:-1]]
                paths[n, f, m] = own[0]
    return paths


def test_it_is_the_network_of_one_step_again_and_again() -> None:
    networks, rain, still, start = some()
    free = np.full((N, F), np.nan)
    paths, fed = roll(stack(networks), np.zeros(N, np.int64), rain, still, start, free, bounds())
    np.testing.assert_allclose(paths, by_hand(networks, rain, still, start, bounds()))
    np.testing.assert_allclose(fed, paths[:, :-4:-1])


def test_stations_beside_each_other_do_not_mix() -> None:
    one, rain, still, start = some()
    other = some(seed=1)[0]
    both = stack_of({k: np.stack([a, stacked([other])[k]]) for k, a in stacked([one]).items()})
    free, b = np.full((N, F), np.nan), bounds()
    for rows in (np.array([0, 1, 0]), np.array([1, 0, 1])):
        paths, _ = roll(both, rows, rain, still, start, free, b)
        for n, row in enumerate(rows):
            alone = by_hand(
                (one, other)[row], rain[n : n + 1], still[n : n + 1], start[n : n + 1], b.take(np.array([n]))
            )
            np.testing.assert_allclose(paths[n], alone[0])


def test_what_is_measured_takes_the_place_of_what_is_said() -> None:
    networks, rain, still, start = some()
    measured = np.full((N, F), np.nan)
    measured[:, 2] = 3.0
    paths, _ = roll(stack(networks), np.zeros(N, np.int64), rain, still, start, measured, bounds())
    free, _ = roll(stack(networks), np.zeros(N, np.int64), rain, still, start, np.full((N, F), np.nan), bounds())
    np.testing.assert_array_equal(paths[:, 2], 3.0)
    np.testing.assert_array_equal(paths[:, :2], free[:, :2])
    assert (paths[:, 3] != free[:, 3]).all(), "and is fed back"


def test_a_step_and_the_river_stay_in_their_bounds() -> None:
    networks, rain, still, start = some()
    tight = replace(
        bounds(), least=np.full(N, -0.1), most=np.full(N, 0.2), floor=np.full(N, 0.9), ceiling=np.full(N, 2.2)
    )
    paths, _ = roll(stack(networks), np.zeros(N, np.int64), 1e9 * rain, still, start, np.full((N, F), np.nan), tight)
    steps = np.diff(np.concatenate([start[:, :1], paths], axis=1), axis=1)
    assert np.isfinite(paths).all() and paths.max() <= 2.2 and paths.min() >= 0.9
    assert steps.max() <= 0.2 + 1e-12 and steps.min() >= -0.1 - 1e-12


def view() -> Told:
    raw = cases(one_station())
    return told(raw, np.tile([0, 1], (len(raw), 1)), np.tile([2], (len(raw), 1)))


def test_the_rain_by_step_is_that_of_the_directed_form() -> None:
    v = view()
    found = rain_by_step(v.rain, v.coming, np.array([1, 2, 3]))
    for f, lead in enumerate((1, 2, 3)):
        np.testing.assert_allclose(found[:, f], fallen_by(v, lead), atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 14), st.integers(1, 6), st.integers(0, 3))
def test_the_rain_of_a_past_step_is_what_had_fallen_until_then(seed: int, past: int, horizon: int, zones: int) -> None:
    rng = np.random.default_rng(seed)
    rain, coming = rng.random((2, past, zones)), rng.random((2, horizon, zones))
    rain[rng.random(rain.shape) < 0.3] = np.nan
    back = int(rng.integers(0, past))
    found = rain_by_step(rain, coming, np.array([-back]))
    later = np.where((np.arange(past) < past - back)[:, None], rain, np.nan)
    shifted = np.concatenate([np.full((2, back, zones), np.nan), later[:, : past - back]], axis=1)
    np.testing.assert_allclose(found, rain_by_step(shifted, np.full_like(coming, np.nan), np.array([0])), atol=1e-12)
    assert np.isfinite(found).all() and found.shape[2] == max(zones, 1)


def test_the_own_columns_are_those_the_network_learned_from() -> None:
    v = newest_only(view())
    ones = np.ones(len(v.target))
    columns = np.concatenate(target_columns(v, 0.7 * ones, 0.2 * ones), axis=1)
    whole = state(v, ("level",), 0.7 * ones, 0.2 * ones, True)
    np.testing.assert_array_equal(whole[:, : R + 1], columns)
    k = whole.shape[1]
    b = replace(bounds(len(ones), k), centre=0.7 * ones, unit=0.2 * ones)
    np.testing.assert_allclose(b.own(v.target[:, ::-1, None])[..., 0], columns / 2.0)


@pytest.mark.parametrize("past", [1, 2, 3, 24])
def test_a_window_shorter_than_the_order_feeds_back_what_there_is(past: int) -> None:
    assert order_of(past) == min(past, R)


@given(st.lists(st.one_of(st.none(), st.floats(-5, 5)), min_size=1, max_size=5))
def test_a_gap_is_as_what_comes_after_it(values: list[float | None]) -> None:
    target = np.array([[np.nan if v is None else v for v in values]])
    filled = held(target, np.array([9.0]))[0]
    for i, v in enumerate(values):
        later = [w for w in values[i:] if w is not None]
        assert filled[i] == (v if v is not None else later[0] if later else 9.0)
