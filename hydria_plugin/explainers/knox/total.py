"""Total effects: rain acts on a directed network also through the river it was told of.

A network that is given q(k-1), q(k-2) ... answers rain at lag tau directly, and through the values that the same rain
raised before. Unrolled along the record, with r_i(k) = d y(k) / d q(k-i):

    T(k, tau) = d y(k) / d u(k - tau)  +  sum_i r_i(k) T(k - i, tau - i)

and averaged over the steps. So yesterday's discharge does not mask yesterday's rain.
"""

from __future__ import annotations

import numpy as np

from hydria_plugin.forecasters.block_network.network import Networks
from hydria_plugin.values import Bools, Floats, Ints

from .contributions import Contributions


def total_effect(
    net: Networks,
    lagged: Floats,
    state: Floats,
    fed_back: Ints,
    per_output: Floats,
    follows: Bools,
    lags: int | None = None,
    weight: Floats | None = None,
) -> Contributions:
    """Signed effects of rain, also beyond the network's own window, and the direct ones of the other state inputs.

    ``lagged`` (B, Z, L) and ``state`` (B, K) in time order; ``fed_back`` (I) the columns of the state that are the
    output 1, 2, ... I steps before, ``per_output`` (I) state units for one unit of output; ``follows`` (B) True where
    a sample is one step after the one before it; ``lags``: of the result, by default twice the window.
    """
    m, z, own = net.kernel.shape
    lags = 2 * own if lags is None else lags
    share = np.full(len(lagged), 1 / len(lagged)) if weight is None else weight / weight.sum()
    by_block, by_state = net.slope(lagged, state)  # (M, B, Z), (M, B, K)
    returned = by_state[:, :, fed_back] * per_output  # (M, B, I)
    kernel = np.zeros((m, z, lags))
    kernel[:, :, : min(own, lags)] = net.kernel[:, :, :lags]
    before: list[Floats] = []  # effects at the steps before, newest first
    mean = np.zeros((m, z, lags))
    for b in range(len(lagged)):
        before = before if follows[b] else []
        effect = by_block[:, b, :, None] * kernel
        for i, earlier in enumerate(before[:lags], start=1):
            effect[:, :, i:] += returned[:, b, i - 1, None, None] * earlier[:, :, : lags - i]
        before = [effect, *before[: len(fed_back) - 1]]
        mean += share[b] * effect
    others = np.setdiff1d(np.arange(state.shape[1]), fed_back)
    return Contributions(mean, np.einsum("mbk,b->mk", by_state[:, :, others], share))
