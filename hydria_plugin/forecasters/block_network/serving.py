"""Asking many networks at once: the weights of all stations of one shape, stacked so that each is read once.

kernel (S, Z, J, L)         the zones' linear neurons; J = knots by members
push   (S, J * (N + 1), K + 1)  on the state and on 1: the tanh neurons, and last the straight path
mix    (S, J, N + 1, Z)     of the zones
out    (S, J, N)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hydria_plugin.values import Floats, Ints

from .network import Networks

AT_ONCE = 400_000  # neurons by cases in one piece, so that it stays in the cache
STACKED = ("kernel", "push", "mix", "out")


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """The networks of one form, for stations of one shape."""

    kernel: Floats
    push: Floats
    mix: Floats
    out: Floats

    def answer(self, lagged: Floats, state: Floats, rows: Ints, part: slice = slice(None)) -> Floats:
        """(N, J) for cases (N, Z, L) and (N, K) of the stations ``rows`` (N); only the networks ``part`` of J."""
        n, j = len(rows), len(range(*part.indices(self.out.shape[1])))
        with_one = np.concatenate([state, np.ones((n, 1))], axis=1)
        said = np.empty((n, j))
        alone = bool(n) and bool((rows == rows[0]).all())
        size = max(1, AT_ONCE // (j * self.mix.shape[2]))
        for first in range(0, n, size):
            some = slice(first, min(first + size, n))
            if alone:
                one = self.respond(slice(rows[0], rows[0] + 1), lagged[some][None], with_one[some][None], part)
                said[some] = one[0]
            else:
                each = in_order(rows[some])
                said[some] = self.respond(each, lagged[some][:, None], with_one[some][:, None], part)[:, 0]
        return said

    def respond(self, rows: Ints | slice, lagged: Floats, state: Floats, part: slice) -> Floats:
        """(G, B, J) for (G, B, Z, L) and (G, B, K + 1)."""
        mix, out = self.mix[rows, part], self.out[rows, part]
        g, j, neurons, zones = mix.shape
        push = self.push[rows].reshape(g, -1, neurons, state.shape[2])[:, part].reshape(g, j * neurons, -1)
        pushed = (push @ state.swapaxes(1, 2)).reshape(g, j, neurons, -1)
        blocks = self.kernel[rows][:, :, part] @ np.moveaxis(lagged, 1, 3)  # (G, Z, J, B)
        for z in range(zones):
            pushed += mix[..., z, None] * blocks[:, z, :, None]
        bent = np.einsum("gjn,gjnb->gbj", out, np.tanh(pushed[:, :, :-1]))
        return np.asarray(bent + pushed[:, :, -1].swapaxes(1, 2))

    def networks(self, row: int, part: slice) -> Networks:
        """Some networks of one station, as they were trained."""
        mix, out = self.mix[row, part], self.out[row, part]
        neurons = mix.shape[1]
        push = self.push[row].reshape(-1, neurons, self.push.shape[2])[part]
        return Networks(
            kernel=self.kernel[row, :, part].swapaxes(0, 1), mix=mix[:, :-1], state=push[:, :-1, :-1],
            bias=push[:, :-1, -1], out=out, out_bias=push[:, -1, -1], straight=mix[:, -1],
            straight_state=push[:, -1, :-1],
        )  # fmt: skip


def in_order(rows: Ints) -> Ints | slice:
    """The rows as a slice, which copies nothing, where they follow one another."""
    return slice(rows[0], rows[0] + len(rows)) if (np.diff(rows) == 1).all() else rows


def stacked(knots: Sequence[Networks]) -> dict[str, Floats]:
    """The arrays of a :class:`Stack` for one station, from the networks (M) of each knot."""
    whole = {name: np.concatenate([n.arrays()[name] for n in knots]) for name in knots[0].arrays()}
    tanh = np.concatenate([whole["state"], whole["bias"][..., None]], axis=2)
    straight = np.concatenate([whole["straight_state"], whole["out_bias"][:, None]], axis=1)
    push = np.concatenate([tanh, straight[:, None]], axis=1)
    return {
        "kernel": np.ascontiguousarray(whole["kernel"].swapaxes(0, 1)),
        "push": push.reshape(-1, push.shape[2]),
        "mix": np.concatenate([whole["mix"], whole["straight"][:, None]], axis=1),
        "out": whole["out"],
    }


def stack_of(arrays: Mapping[str, Floats]) -> Stack:
    return Stack(**{name: arrays[name] for name in STACKED})
