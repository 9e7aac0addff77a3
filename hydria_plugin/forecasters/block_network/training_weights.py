"""The weights of a member as one vector, and what each of them costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from hydria_plugin.values import Floats

from .network import Networks

if TYPE_CHECKING:
    from .training import Recipe


@dataclass(frozen=True, slots=True)
class Shape:
    """The order of a member's P weights: kernel, mix, state, bias, out, out_bias[, straight, straight_state]."""

    zones: int
    lags: int
    hidden: int
    states: int
    straight: bool

    @classmethod
    def of(cls, networks: Networks, straight: bool) -> Self:
        _, z, lags = networks.kernel.shape
        return cls(z, lags, networks.mix.shape[1], networks.state.shape[2], straight)

    @property
    def parts(self) -> dict[str, tuple[int, ...]]:
        z, n, k = self.zones, self.hidden, self.states
        parts: dict[str, tuple[int, ...]] = {
            "kernel": (z, self.lags), "mix": (n, z), "state": (n, k), "bias": (n,), "out": (n,), "out_bias": (),
        }  # fmt: skip
        return parts | ({"straight": (z,), "straight_state": (k,)} if self.straight else {})

    def vector(self, networks: Networks) -> Floats:
        """(M, P)"""
        arrays = networks.arrays()
        return np.concatenate([arrays[name].reshape(len(networks), -1) for name in self.parts], axis=1)

    def networks(self, theta: Floats) -> Networks:
        """Of (M, P); no straight paths: zeros."""
        m, at, arrays = len(theta), 0, {}
        for name, part in self.parts.items():
            size = int(np.prod(part))
            arrays[name] = theta[:, at : at + size].reshape(m, *part)
            at += size
        if not self.straight:
            arrays |= {"straight": np.zeros((m, self.zones)), "straight_state": np.zeros((m, self.states))}
        return Networks(**arrays)


def penalty_matrix(shape: Shape, recipe: Recipe, gain: Floats) -> Floats:
    """(P, P) the penalties of a :class:`Recipe`: theta' R theta, where the blocks have the mean square slopes ``gain``
    (Z)."""
    each = {"bias": 0.0, "out_bias": 0.0, "straight": recipe.decay_straight, "straight_state": recipe.decay_straight}
    decay = [np.full(int(np.prod(part)), each.get(name, recipe.decay)) for name, part in shape.parts.items()]
    matrix = np.diag(np.concatenate(decay))
    own = recipe.ridge * np.eye(shape.lags)
    if shape.lags > 2:
        bend = np.diff(np.eye(shape.lags), n=2, axis=0)
        own += recipe.smooth * bend.T @ bend
    kernels = shape.zones * shape.lags
    matrix[:kernels, :kernels] += np.kron(np.diag(gain), own)
    return matrix
