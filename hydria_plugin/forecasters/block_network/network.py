"""The block network: one linear neuron per zone, a tanh layer, a linear output; many members at once.

    x_z = sum_tau kernel_z,tau u_z(tau)                             the zone's block: its weights are its lag response
    h_j = tanh(sum_z mix_j,z x_z + sum_k state_j,k s_k + bias_j)    the mixing of zones and state
    y   = sum_j out_j h_j + sum_z straight_z x_z + sum_k straight_state_k s_k + out_bias

After Kong-A-Siou et al. (2013) and Darras et al. (2015, HESS 19, 4397-4410). The straight paths, absent in the
published form and in every network that is read for knowledge, let a forecast go on rising where tanh has levelled off.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from hydria_plugin.values import Floats, Ints


@dataclass(frozen=True, slots=True, eq=False)
class Networks:
    """M networks of one architecture: Z zones, L lags (newest first), N hidden neurons, K state inputs."""

    kernel: Floats  # (M, Z, L)
    mix: Floats  # (M, N, Z)
    state: Floats  # (M, N, K)
    bias: Floats  # (M, N)
    out: Floats  # (M, N)
    out_bias: Floats  # (M)
    straight: Floats  # (M, Z) zeros where the network has no straight path
    straight_state: Floats  # (M, K)

    def __post_init__(self) -> None:
        m, z, _ = self.kernel.shape
        n, k = self.mix.shape[1], self.state.shape[2]
        shapes = {
            "mix": (m, n, z), "state": (m, n, k), "bias": (m, n), "out": (m, n), "out_bias": (m,),
            "straight": (m, z), "straight_state": (m, k),
        }  # fmt: skip
        for name, shape in shapes.items():
            if getattr(self, name).shape != shape:
                raise ValueError(f"Networks.{name} has shape {getattr(self, name).shape}, expected {shape}")

    def __len__(self) -> int:
        return len(self.kernel)

    def only(self, members: Ints) -> Self:
        """Some of the members."""
        return type(self)(**{name: a[members] for name, a in self.arrays().items()})

    def arrays(self) -> dict[str, Floats]:
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def blocks(self, lagged: Floats) -> Floats:
        """(M, B, Z) what the zones' linear neurons say of ``lagged`` (B, Z, L)."""
        kernel = np.moveaxis(self.kernel, 0, -1)  # (Z, L, M)
        said = np.matmul(np.moveaxis(lagged, 1, 0), kernel)  # (Z, B, M)
        return np.asarray(np.moveaxis(said, (0, 2), (2, 0)))

    def hidden(self, blocks: Floats, state: Floats) -> Floats:
        """(M, B, N) the tanh layer over (M, B, Z) and (B, K)."""
        push = blocks @ self.mix.swapaxes(1, 2) + state @ self.state.swapaxes(1, 2)
        return np.tanh(push + self.bias[:, None])

    def output(self, lagged: Floats, state: Floats) -> Floats:
        """(M, B) for inputs (B, Z, L), newest first, and (B, K), both standardised, without NaN."""
        blocks = self.blocks(lagged)
        h = self.hidden(blocks, state)
        straight = (blocks @ self.straight[:, :, None])[..., 0] + self.straight_state @ state.T
        return np.asarray((h @ self.out[:, :, None])[..., 0] + straight + self.out_bias[:, None])

    def slope(self, lagged: Floats, state: Floats) -> tuple[Floats, Floats]:
        """d output / d block (M, B, Z) and d output / d state (M, B, K) at each case. By the lag of a zone: times the
        zone's kernel."""
        h = self.hidden(self.blocks(lagged), state)
        bent = (1.0 - h**2) * self.out[:, None]
        return (
            np.asarray(bent @ self.mix + self.straight[:, None]),
            np.asarray(bent @ self.state + self.straight_state[:, None]),
        )
