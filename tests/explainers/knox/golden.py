"""Networks of published examples, as block networks with one lag whose kernel is 1."""

from __future__ import annotations

import numpy as np

from hydria_plugin.forecasters.block_network.network import Networks

CARET_IN = np.array(
    [
        [-1.67624, 3.29022, 1.32466],
        [-0.51874, -0.22921, -0.25526],
        [-4.01764, 2.12486, -0.08168],
        [-1.75691, -1.44702, 0.58286],
    ]
)
CARET_OUT = np.array([4.57857, -0.48815, -5.73901, -2.65221])


def one_layer(into: np.ndarray, out: np.ndarray) -> Networks:
    """``into`` (N, Z), ``out`` (N)."""
    n, z = into.shape
    return Networks(
        np.ones((1, z, 1)), into[None], np.zeros((1, n, 0)), np.zeros((1, n)), out[None], np.zeros(1),
        np.zeros((1, z)), np.zeros((1, 0)),
    )  # fmt: skip


def caret() -> Networks:
    """After Gevrey (2003), in R's caret."""
    return one_layer(CARET_IN, CARET_OUT)


def neural_net_tools() -> Networks:
    """Of its help page: 2-2-1, the first weight of each triple is the bias."""
    return one_layer(np.array([[1.49, 0.16], [-0.19, -0.16]]), np.array([-0.52, 0.81]))
