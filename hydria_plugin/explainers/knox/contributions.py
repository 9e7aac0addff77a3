"""What each zone and lag contributes, read from the weights of block networks or from their slopes.

M members, Z zones, L lags, K state inputs, N neurons; c kernel, w mix, a state, v out:

    K1        |c_zt| sum_j |w_jz| |v_j|, one normalisation at the end
    K2        |c_zt| / sum_t' |c_zt'|  *  sum_j |w_jz| / (sum_z' |w_jz'| + sum_i |a_ji|)  *  |v_j| / sum_j' |v_j'|
    K2r       K2 after every kernel was brought to sum 1, its scale moved into w: then an arbitrary number drops out
    Garson    with v cancelled, as coded in NeuralNetTools and caret: a neuron that the output ignores still votes
    Olden     c_zt sum_j w_jz v_j, signed
    gradient  mean over the samples of dy / du_zt, signed, each sample weighing by ``weight``

After Kong-A-Siou et al. (2013), Darras et al. (2015), Garson (1991), Olden and Jackson (2002); the published
equations of KnoX could not be read again in full.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hydria_plugin.forecasters.block_network.network import Networks
from hydria_plugin.values import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Contributions:
    """Of every member: absolute read-outs sum to 1 over zones, lags and state; signed ones are as they come."""

    rain: Floats  # (M, Z, L)
    state: Floats  # (M, K)

    @property
    def zones(self) -> Floats:
        """(M, Z) shares of the zones among the rain of each member; 0 where a member has no rain at all."""
        by_zone = self.rain.sum(axis=2)
        return divided(by_zone, by_zone.sum(axis=1, keepdims=True))

    @property
    def state_share(self) -> Floats:
        """(M) share of the state inputs, all absolute."""
        state, rain = np.abs(self.state).sum(axis=1), np.abs(self.rain).sum(axis=(1, 2))
        return divided(state, state + rain)


def divided(part: Floats, whole: Floats) -> Floats:
    """``part / whole``, 0 where there is nothing to divide by."""
    return np.asarray(
        np.divide(part, whole, out=np.zeros(np.broadcast_shapes(part.shape, whole.shape)), where=whole != 0)
    )


def normalised(rain: Floats, state: Floats) -> Contributions:
    """Sum 1 over zones, lags and state."""
    whole = rain.sum(axis=(1, 2)) + state.sum(axis=1)
    return Contributions(divided(rain, whole[:, None, None]), divided(state, whole[:, None]))


def k1(net: Networks) -> Contributions:
    out = np.abs(net.out)
    paths = np.einsum("mnz,mn->mz", np.abs(net.mix), out)
    return normalised(np.abs(net.kernel) * paths[:, :, None], np.einsum("mnk,mn->mk", np.abs(net.state), out))


def k2(net: Networks) -> Contributions:
    kernel, out = np.abs(net.kernel), np.abs(net.out)
    into = np.concatenate([np.abs(net.mix), np.abs(net.state)], axis=2)  # (M, N, Z + K)
    paths = divided(into, into.sum(axis=2, keepdims=True)) * divided(out, out.sum(axis=1, keepdims=True))[:, :, None]
    zones = net.mix.shape[2]
    by_input = paths.sum(axis=1)
    own = divided(kernel, kernel.sum(axis=2, keepdims=True))
    return normalised(own * by_input[:, :zones, None], by_input[:, zones:])


def k2r(net: Networks) -> Contributions:
    size = np.abs(net.kernel).sum(axis=2)  # (M, Z)
    return k2(
        Networks(
            divided(net.kernel, size[:, :, None]), net.mix * size[:, None], net.state, net.bias, net.out, net.out_bias,
            net.straight * size, net.straight_state,
        )
    )  # fmt: skip


def garson(net: Networks) -> Contributions:
    """The kernel and the mix taken as one layer of weights."""
    rain = np.abs(net.mix[:, :, :, None] * net.kernel[:, None])  # (M, N, Z, L)
    state = np.abs(net.state)
    whole = rain.sum(axis=(2, 3)) + state.sum(axis=2)  # (M, N)
    return normalised(divided(rain, whole[:, :, None, None]).sum(axis=1), divided(state, whole[:, :, None]).sum(axis=1))


def olden(net: Networks) -> Contributions:
    """Signed, not normalised."""
    paths = np.einsum("mnz,mn->mz", net.mix, net.out)
    return Contributions(net.kernel * paths[:, :, None], np.einsum("mnk,mn->mk", net.state, net.out))


def gradient(net: Networks, lagged: Floats, state: Floats, weight: Floats | None = None) -> Contributions:
    """The mean effect of one unit more rain (or state) on the output over B samples, signed, not normalised."""
    share = np.full(len(lagged), 1 / len(lagged)) if weight is None else weight / weight.sum()
    by_block, by_state = net.slope(lagged, state)  # (M, B, Z), (M, B, K)
    rain, states = np.einsum("mbz,b->mz", by_block, share), np.einsum("mbk,b->mk", by_state, share)
    return Contributions(net.kernel * rain[:, :, None], states)


WEIGHT_READ_OUTS: dict[str, Callable[[Networks], Contributions]] = {"K1": k1, "K2": k2, "K2r": k2r}


def median_zones(contributions: Contributions) -> Floats:
    """(Z) median over the members of each zone's share, none below 0, renormalised."""
    median = np.maximum(np.median(contributions.zones, axis=0), 0.0)
    return divided(median, median.sum())


def median_lags(contributions: Contributions) -> Floats:
    """(Z, L) median over the members of the share of each zone and lag among the rain, signs kept."""
    whole = contributions.rain.sum(axis=(1, 2), keepdims=True)
    return np.asarray(np.median(divided(contributions.rain, whole), axis=0))


def negative_share(net: Networks) -> float:
    """nu: the negative part of the signed paths from rain to output, median over the members (reference: above 0.2
    absolute read-outs are not to be trusted)."""
    signed = olden(net).rain
    lowering, whole = np.maximum(-signed, 0.0).sum(axis=(1, 2)), np.abs(signed).sum(axis=(1, 2))
    return float(np.median(divided(lowering, whole)))
