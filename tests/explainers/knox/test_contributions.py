"""The read-outs: published golden values, the laws they obey, and truths known beforehand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin.explainers.knox.contributions import (
    WEIGHT_READ_OUTS,
    Contributions,
    divided,
    garson,
    gradient,
    k1,
    k2,
    k2r,
    median_lags,
    median_zones,
    negative_share,
    olden,
)
from hydria_plugin.forecasters.block_network.network import Networks
from tests.explainers.knox.golden import caret, neural_net_tools
from tests.forecasters.block_network.planted import random_networks

ABSOLUTE = {**WEIGHT_READ_OUTS, "Garson": garson}
networks = st.builds(
    random_networks,
    members=st.integers(1, 3),
    zones=st.integers(1, 4),
    lags=st.integers(1, 5),
    hidden=st.integers(1, 4),
    states=st.integers(0, 2),
    seed=st.integers(0, 10_000),
)
LAWS = settings(max_examples=40, deadline=None)


# ---- golden values (reference: sources of caret and NeuralNetTools) -----------------------------------------------


@pytest.mark.parametrize(
    ("read", "percent"),
    [(garson, [47.324, 36.875, 15.801]), (k2, [47.610, 40.711, 11.679]), (k1, [47.490, 41.580, 10.931])],
)
def test_caret_s_network(read: object, percent: list[float]) -> None:
    np.testing.assert_allclose(100 * read(caret()).zones[0], percent, atol=5e-4)  # type: ignore[operator]


def test_olden_keeps_signs_and_sizes() -> None:
    np.testing.assert_allclose(olden(caret()).rain[0, :, 0], [20.2954, 6.8196, 5.1125], atol=5e-5)
    np.testing.assert_allclose(olden(neural_net_tools()).rain[0, :, 0], [-0.9287, -0.2128], atol=5e-5)


def test_garson_of_neural_net_tools() -> None:
    np.testing.assert_allclose(100 * garson(neural_net_tools()).zones[0], [72.3, 27.7], atol=0.05)


def test_in_garson_a_neuron_that_the_output_ignores_still_votes() -> None:
    net = caret()
    silent = replace(net, out=net.out * np.array([1.0, 1e-9, 1.0, 1.0]))
    np.testing.assert_allclose(garson(silent).zones, garson(net).zones)
    assert np.abs(k2(silent).zones - k2(net).zones).max() > 0.005


# ---- laws ---------------------------------------------------------------------------------------------------------


@given(net=networks)
@LAWS
def test_absolute_read_outs_sum_to_one(net: Networks) -> None:
    for read in ABSOLUTE.values():
        found = read(net)
        np.testing.assert_allclose(found.rain.sum(axis=(1, 2)) + found.state.sum(axis=1), 1)
        np.testing.assert_allclose(found.zones.sum(axis=1), 1)
        assert found.rain.min() >= 0 and ((found.state_share >= 0) & (found.state_share <= 1)).all()
        assert found.rain.shape == net.kernel.shape and found.state.shape == (len(net), net.state.shape[2])


@given(net=networks, factor=st.floats(0.1, 10))
@LAWS
def test_the_scale_of_a_kernel_is_arbitrary_for_all_but_k2(net: Networks, factor: float) -> None:
    """K2's fault, and why K2r is there: the same network, another number."""
    first = np.arange(net.mix.shape[2]) == 0
    by = np.where(first, factor, 1.0)
    same = replace(net, kernel=net.kernel * by[:, None], mix=net.mix / by, straight=net.straight / by)
    for read in (k1, k2r, garson):
        np.testing.assert_allclose(read(same).rain, read(net).rain, atol=1e-9)
    np.testing.assert_allclose(olden(same).rain, olden(net).rain, atol=1e-9)


def test_k2_does_depend_on_it() -> None:
    net = random_networks()
    same = replace(net, kernel=net.kernel * 3, mix=net.mix / 3)
    assert np.abs(k2(same).rain - k2(net).rain).max() > 1e-3
    np.testing.assert_allclose(k2r(same).rain, k2r(net).rain)


@given(net=networks, seed=st.integers(0, 100))
@LAWS
def test_the_order_of_neurons_and_a_turned_sign_change_nothing(net: Networks, seed: int) -> None:
    rng = np.random.default_rng(seed)
    order, sign = rng.permutation(net.out.shape[1]), rng.choice([-1.0, 1.0], net.out.shape[1])
    other = replace(
        net,
        mix=(net.mix * sign[:, None])[:, order],
        state=(net.state * sign[:, None])[:, order],
        bias=(net.bias * sign)[:, order],
        out=(net.out * sign)[:, order],
    )
    for read in (*ABSOLUTE.values(), olden):
        np.testing.assert_allclose(read(other).rain, read(net).rain, atol=1e-12)


def test_the_gradient_is_the_derivative() -> None:
    net, rng = random_networks(2, zones=2, lags=3, states=1), np.random.default_rng(0)
    x, s, weight = rng.random((6, 2, 3)), rng.random((6, 1)), rng.random(6)
    found = gradient(net, x, s, weight)
    for z in range(2):
        for lag in range(3):
            more = x.copy()
            more[:, z, lag] += 1e-6
            slope = (net.output(more, s) - net.output(x, s)) / 1e-6
            np.testing.assert_allclose(found.rain[:, z, lag], slope @ weight / weight.sum(), atol=1e-5)
    up = (net.output(x, s + 1e-6) - net.output(x, s)) / 1e-6
    np.testing.assert_allclose(gradient(net, x, s).state[:, 0], up.mean(axis=1), atol=1e-5)


def test_all_read_outs_agree_on_a_linear_network_with_one_neuron() -> None:
    """Small weights: tanh is a straight line, one path per zone."""
    net = replace(random_networks(3, hidden=1, states=0), bias=np.zeros((3, 1)), straight=np.zeros((3, 3)))
    net = replace(net, kernel=np.abs(net.kernel), mix=np.abs(net.mix) * 1e-4)
    slope = gradient(net, np.random.default_rng(0).random((20, 3, 5)), np.zeros((20, 0))).zones
    for read in (k1, k2r, garson, olden):
        np.testing.assert_allclose(read(net).zones, slope, atol=1e-6)


# ---- medians and signs --------------------------------------------------------------------------------------------


def test_the_median_is_of_contributions_and_renormalised() -> None:
    zones = np.array([[0.5, 0.3, 0.2], [0.6, 0.3, 0.1], [0.1, 0.2, 0.7]])
    found = Contributions(zones[:, :, None] * np.array([0.25, 0.75]), np.zeros((3, 0)))
    np.testing.assert_allclose(median_zones(found), np.array([0.5, 0.3, 0.2]))
    np.testing.assert_allclose(median_lags(found)[0], [0.125, 0.375])
    signed = Contributions(np.array([[[1.2], [-0.2]]]), np.zeros((1, 0)))
    np.testing.assert_allclose(median_zones(signed), [1.0, 0.0])


def test_a_network_that_says_nothing_divides_by_nothing() -> None:
    net = replace(random_networks(), kernel=np.zeros((2, 3, 5)), state=np.zeros((2, 2, 2)))
    for read in (*ABSOLUTE.values(), olden):
        found = read(net)
        assert np.isfinite(found.zones).all() and np.isfinite(found.state_share).all()
    assert not median_zones(olden(net)).any()
    np.testing.assert_array_equal(divided(np.array([1.0, 2.0]), np.array([0.0, 4.0])), [0.0, 0.5])


def test_the_share_of_paths_that_lower_the_flow() -> None:
    net = replace(random_networks(), kernel=np.ones((2, 3, 5)), mix=np.ones((2, 2, 3)), out=np.ones((2, 2)))
    assert negative_share(net) == 0
    turned = replace(net, kernel=np.where(np.arange(5) < 1, -1.0, 1.0) * np.ones((2, 3, 5)))
    assert negative_share(turned) == pytest.approx(0.2)
