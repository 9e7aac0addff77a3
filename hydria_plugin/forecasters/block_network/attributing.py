"""Integrated gradients of the block network, in closed form.

The integral of the gradient along the straight line from a reference to the inputs (Sundararajan et al. 2017, ICML,
3319-3328). Along that line the push p of a hidden neuron is linear, and the integral of 1 - tanh(p)^2 is the slope of
the secant of tanh between the two ends:

    (tanh(a + d) - tanh(a)) / d = (1 - tanh(a) tanh(a + d)) tanh(d) / d

in which nothing cancels as d goes to 0. So each neuron acts as a linear one with the secant's slope; the shares are
exact, and add up to the output less that at the reference. No steps, no error.
"""

from __future__ import annotations

import numpy as np

from hydria_plugin.values import Floats

from .network import Networks


def attribute(
    networks: Networks, lagged: Floats, state: Floats, from_lagged: Floats, from_state: Floats
) -> tuple[Floats, Floats]:
    """(M, B, Z, L) and (M, B, K): what each lag of each zone, and each state input, adds to the output at ``lagged``
    (B, Z, L), ``state`` (B, K) over that at the reference, of the same or a broadcastable shape."""
    lagged_step, state_step = lagged - from_lagged, state - from_state
    slopes, by_state = secant_slope(networks, lagged, state, lagged_step, state_step)
    shares = slopes[..., None] * networks.kernel[:, None] * lagged_step
    return np.asarray(shares), np.asarray(by_state * state_step)


def secant_slope(
    networks: Networks, lagged: Floats, state: Floats, lagged_step: Floats, state_step: Floats
) -> tuple[Floats, Floats]:
    """(M, B, Z) mean of d output / d block and (M, B, K) of d output / d state over the way that ends at ``lagged``,
    ``state`` and is ``lagged_step``, ``state_step`` long."""
    end = networks.hidden(networks.blocks(lagged), state)
    start = networks.hidden(networks.blocks(lagged - lagged_step), state - state_step)
    way = networks.blocks(lagged_step) @ networks.mix.swapaxes(1, 2) + state_step @ networks.state.swapaxes(1, 2)
    bent = (1.0 - start * end) * sinc_tanh(way) * networks.out[:, None]
    return (
        np.asarray(bent @ networks.mix + networks.straight[:, None]),
        np.asarray(bent @ networks.state + networks.straight_state[:, None]),
    )


def sinc_tanh(d: Floats) -> Floats:
    """tanh(d) / d, 1 at 0."""
    small = np.abs(d) < 1e-4
    return np.where(small, 1.0 - d**2 / 3.0, np.tanh(d) / np.where(small, 1.0, d))
