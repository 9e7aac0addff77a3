"""Integrated gradients in closed form: against quadrature, autograd, and captum where it is installed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin.forecasters.block_network.attributing import attribute, sinc_tanh
from hydria_plugin.forecasters.block_network.network import Networks

M, B, Z, L, N, K = 3, 5, 4, 6, 3, 2


def some_networks(seed: int = 0, size: float = 0.6) -> Networks:
    rng = np.random.default_rng(seed)
    shapes = {
        "kernel": (M, Z, L), "mix": (M, N, Z), "state": (M, N, K), "bias": (M, N), "out": (M, N), "out_bias": (M,),
        "straight": (M, Z), "straight_state": (M, K),
    }  # fmt: skip
    return Networks(**{name: rng.normal(0, size, shape) for name, shape in shapes.items()})


def some_inputs(seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return (
        rng.gamma(0.5, 2.0, (B, Z, L)), rng.normal(size=(B, K)), np.zeros((1, Z, L)), rng.normal(0, 0.3, size=(1, K)),
    )  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([1e-9, 1e-4, 0.1, 1.0, 10.0]))
def test_the_shares_add_up_to_what_the_output_moved(seed: int, size: float) -> None:
    networks = some_networks(seed, size)
    lagged, state, from_lagged, from_state = some_inputs(seed + 1)
    zones, states = attribute(networks, lagged, state, from_lagged, from_state)
    start = networks.output(from_lagged + np.zeros_like(lagged), from_state + np.zeros_like(state))
    moved = networks.output(lagged, state) - start
    scale = max(1.0, float(np.abs(networks.out).sum(axis=1).max()), float(np.abs(zones).sum(axis=(2, 3)).max()))
    np.testing.assert_allclose(zones.sum(axis=(2, 3)) + states.sum(axis=2), moved, atol=1e-12 * scale)


def test_equals_the_path_integral() -> None:
    """By Gauss-Legendre of 40 nodes on the analytic slopes, which are tested with the network itself."""
    networks = some_networks()
    lagged, state, from_lagged, from_state = some_inputs()
    nodes, weights = np.polynomial.legendre.leggauss(40)
    by_block, by_state = np.zeros((M, B, Z)), np.zeros((M, B, K))
    for node, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
        at = from_lagged + node * (lagged - from_lagged), from_state + node * (state - from_state)
        block, kept = networks.slope(*at)
        by_block, by_state = by_block + weight * block, by_state + weight * kept
    zones, states = attribute(networks, lagged, state, from_lagged, from_state)
    expected = by_block[..., None] * networks.kernel[:, None] * (lagged - from_lagged)
    np.testing.assert_allclose(zones, expected, atol=1e-8)
    np.testing.assert_allclose(states, by_state * (state - from_state), atol=1e-8)


def test_of_a_linear_network_the_shares_are_the_weights() -> None:
    networks = some_networks()
    linear = Networks(**{**networks.arrays(), "out": np.zeros((M, N))})
    lagged, state, from_lagged, from_state = some_inputs()
    zones, states = attribute(linear, lagged, state, from_lagged, from_state)
    np.testing.assert_allclose(zones, (linear.straight[..., None] * linear.kernel)[:, None] * lagged)
    np.testing.assert_allclose(states, linear.straight_state[:, None] * (state - from_state))


def test_an_input_at_its_reference_adds_nothing() -> None:
    lagged, state, from_lagged, from_state = some_inputs()
    lagged[:, 1] = 0.0
    zones, _ = attribute(some_networks(), lagged, state, from_lagged, from_state)
    assert not zones[:, :, 1].any() and zones[:, :, 0].any()
    same, none = attribute(some_networks(), lagged, state, lagged, state)
    assert not same.any() and not none.any()


def test_zones_that_are_alike_share_alike() -> None:
    """Symmetry, which integrated gradients keep and single gradients along a bent path would not."""
    networks = some_networks()
    arrays = networks.arrays()
    for name, axis in (("kernel", 1), ("mix", 2), ("straight", 1)):
        arrays[name] = arrays[name].copy()
        np.moveaxis(arrays[name], axis, 0)[1] = np.moveaxis(arrays[name], axis, 0)[0]
    lagged, state, from_lagged, from_state = some_inputs()
    lagged[:, 1] = lagged[:, 0]
    zones, _ = attribute(Networks(**arrays), lagged, state, from_lagged, from_state)
    np.testing.assert_allclose(zones[:, :, 1], zones[:, :, 0])


def test_a_neuron_that_is_full_gives_its_whole_way_to_the_rain() -> None:
    """A single gradient is nil there: why gradients do not explain a flood and their integral does."""
    one = {name: a[:1] for name, a in some_networks().arrays().items()}
    at_rest = {"bias": np.zeros((1, N)), "state": np.zeros((1, N, K)), "straight": np.zeros((1, Z))}
    steep = {"mix": np.abs(one["mix"]) * 50, "kernel": np.abs(one["kernel"]) + 1.0, "out": np.array([[1.0, 0.0, 0.0]])}
    lone = Networks(**{**one, **at_rest, **steep})
    lagged, state, from_lagged, _ = some_inputs()
    zones, _ = attribute(lone, lagged + 1.0, state, from_lagged, state)
    slope, _ = lone.slope(lagged + 1.0, state)
    assert np.abs(slope).max() < 1e-6 and (zones.sum(axis=(2, 3)) > 0.01).all()


@given(st.floats(-30, 30))
def test_sinc_tanh_is_smooth(d: float) -> None:
    value = float(sinc_tanh(np.array(d)))
    assert 0 < value <= 1
    assert value == pytest.approx(np.tanh(d) / d if d and abs(d) > 1e-3 else 1 - d * d / 3, rel=1e-8)


def torch_module(networks: Networks, m: int) -> Any:
    """Member ``m`` over one flat input: lags, then state."""
    import torch

    a = {name: torch.tensor(np.asarray(array[m])) for name, array in networks.arrays().items()}

    def forward(flat: Any) -> Any:
        lagged, state = flat[:, : Z * L].reshape(-1, Z, L), flat[:, Z * L :]
        blocks = (lagged * a["kernel"]).sum(dim=2)
        h = torch.tanh(blocks @ a["mix"].T + state @ a["state"].T + a["bias"])
        return h @ a["out"] + blocks @ a["straight"] + state @ a["straight_state"] + a["out_bias"]

    return forward


def flat_case() -> tuple[np.ndarray, np.ndarray]:
    lagged, state, from_lagged, from_state = some_inputs()
    start = np.concatenate([np.zeros((B, Z * L)), np.repeat(from_state, B, axis=0)], axis=1)
    assert not from_lagged.any()
    return np.concatenate([lagged.reshape(B, -1), state], axis=1), start


def ours(m: int) -> np.ndarray:
    zones, states = attribute(some_networks(), *some_inputs())
    return np.concatenate([zones[m].reshape(B, -1), states[m]], axis=1)


def test_equals_autograd_along_the_path() -> None:
    torch = pytest.importorskip("torch")
    end, start = (torch.tensor(a) for a in flat_case())
    forward = torch_module(some_networks(), 1)
    nodes, weights = np.polynomial.legendre.leggauss(60)
    total = torch.zeros_like(end)
    for node, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
        at = (start + node * (end - start)).requires_grad_(True)
        total += weight * torch.autograd.grad(forward(at).sum(), at)[0]
    np.testing.assert_allclose(ours(1), (total * (end - start)).numpy(), atol=1e-8)


def test_equals_captum() -> None:
    attr = pytest.importorskip("captum.attr", reason="captum is not installed")
    import torch

    end, start = (torch.tensor(a) for a in flat_case())
    for m in range(M):
        found = attr.IntegratedGradients(torch_module(some_networks(), m)).attribute(end, start, n_steps=64)
        np.testing.assert_allclose(ours(m), found.numpy(), atol=1e-5)
