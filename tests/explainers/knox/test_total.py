"""Total effects: what unrolling says is what happens when it rains a little more."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hydria_plugin.explainers.knox.contributions import gradient
from hydria_plugin.explainers.knox.total import total_effect
from hydria_plugin.forecasters.block_network.network import Networks
from hydria_plugin.values import Floats
from tests.forecasters.block_network.planted import random_networks

LAGS, STEPS = 3, 30


def run(net: Networks, rain: Floats, order: int) -> tuple[Floats, Floats, Floats]:
    """One member fed with its own output: (B) outputs, (B, Z, L) and (B, order) what it was told."""
    said, x, s = np.zeros(len(rain) + order), [], []
    for k in range(len(rain)):
        lagged = np.stack([rain[k - t] if k >= t else np.zeros(rain.shape[1]) for t in range(LAGS)], axis=-1)
        told = said[order + k - 1 :: -1][:order] if order + k else said[:0]
        x, s = [*x, lagged], [*s, told]
        said[order + k] = net.output(lagged[None], told[None])[0, 0]
    return said[order:], np.array(x), np.array(s)


@pytest.mark.parametrize("order", [1, 2])
def test_it_is_the_effect_of_a_little_more_rain(order: int) -> None:
    net = random_networks(1, zones=2, lags=LAGS, hidden=3, states=order, seed=4)
    rng = np.random.default_rng(0)
    rain = rng.random((STEPS, 2))
    said, x, s = run(net, rain, order)
    follows = np.arange(STEPS) > 0
    for zone in range(2):
        numeric = np.zeros(8)
        for tau in range(8):
            more = rain.copy()
            more[STEPS - 1 - tau, zone] += 1e-6
            numeric[tau] = (run(net, more, order)[0][-1] - said[-1]) / 1e-6
        last = np.zeros(STEPS)
        last[-1] = 1.0
        found = total_effect(net, x, s, np.arange(order), np.ones(order), follows, 8, last)
        np.testing.assert_allclose(found.rain[0, zone], numeric, atol=1e-4)


def test_without_feedback_it_is_the_gradient() -> None:
    net, rng = random_networks(2, zones=2, lags=LAGS, states=1), np.random.default_rng(0)
    x, s = rng.random((9, 2, LAGS)), rng.random((9, 1))
    whole = total_effect(net, x, s, np.array([0]), np.zeros(1), np.arange(9) > 0, LAGS)
    np.testing.assert_allclose(whole.rain, gradient(net, x, s).rain)
    assert whole.state.shape == (2, 0)


def test_a_gap_in_the_record_breaks_the_chain_and_units_count() -> None:
    net, rng = random_networks(1, zones=2, lags=LAGS, states=2), np.random.default_rng(0)
    x, s = rng.random((6, 2, LAGS)), rng.random((6, 2))
    apart = total_effect(net, x, s, np.array([0]), np.ones(1), np.zeros(6, bool))
    assert apart.rain.shape[2] == 2 * LAGS and not apart.rain[:, :, LAGS:].any()
    np.testing.assert_allclose(apart.rain[:, :, :LAGS], gradient(net, x, s).rain)
    np.testing.assert_allclose(apart.state[:, 0], gradient(net, x, s).state[:, 1])
    scaled = replace(net, state=net.state / 4.0, straight_state=net.straight_state / 4.0)
    one = total_effect(net, x, s, np.array([0]), np.ones(1), np.arange(6) > 0)
    other = total_effect(scaled, x, 4.0 * s, np.array([0]), np.full(1, 4.0), np.arange(6) > 0)
    np.testing.assert_allclose(one.rain, other.rain, atol=1e-12)


def test_an_autoregressive_truth_is_read_through_its_memory() -> None:
    """y(k) = 0.8 y(k-1) + u(k): directly only lag 0, in truth 0.8 ** tau."""
    net = random_networks(1, zones=1, lags=1, hidden=1, states=1)
    zero = {name: np.zeros_like(a) for name, a in net.arrays().items()}
    net = Networks(
        **(zero | {"kernel": np.ones((1, 1, 1)), "straight": np.ones((1, 1)), "straight_state": np.full((1, 1), 0.8)})
    )
    rain = np.random.default_rng(0).random((200, 1, 1))
    found = total_effect(net, rain, np.zeros((200, 1)), np.array([0]), np.ones(1), np.arange(200) > 0, 10)
    np.testing.assert_allclose(found.rain[0, 0], 0.8 ** np.arange(10), rtol=0.06)
