"""Asking many networks at once: the weights of all stations of one shape, stacked so that each is read once, and with
the networks last, so that what is worked on is contiguous.

    kernel (S, Z, L, J)           the zones' linear neurons; J = knots by members
    push   (S, K + 1, (N + 1) * J)   on the state and on 1: the tanh neurons, and last the straight path
    mix    (S, N + 1, Z, J)       of the zones
    out    (S, N, J)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hydria_plugin.values import Floats, Ints

from .network import Networks

AT_ONCE = 50_000  # neurons by cases in one piece, so that it stays in the cache
STACKED = ("kernel", "push", "mix", "out")


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """The networks of one form, for stations of one shape."""

    kernel: Floats
    push: Floats
    mix: Floats
    out: Floats

    def answer(self, lagged: Floats, state: Floats, rows: Ints) -> Floats:
        """(N, J) for cases of the stations ``rows`` (N): ``state`` (N, K), and ``lagged`` (N, P, Z, L), one for each of
        P equal parts of J."""
        n, j = len(rows), self.out.shape[2]
        with_one = np.concatenate([state, np.ones((n, 1))], axis=1)
        said = np.empty((n, j))
        alone = bool(n) and bool((rows == rows[0]).all())
        size = max(1, AT_ONCE // (j * self.mix.shape[1]))
        for first in range(0, n, size):
            some = slice(first, min(first + size, n))
            if alone:
                said[some] = self.respond(slice(rows[0], rows[0] + 1), lagged[some][None], with_one[some][None])[0]
            else:
                each = in_order(rows[some])
                said[some] = self.respond(each, lagged[some][:, None], with_one[some][:, None])[:, 0]
        return said

    def respond(self, rows: Ints | slice, lagged: Floats, state: Floats) -> Floats:
        """(G, B, J) for (G, B, P, Z, L) and (G, B, K + 1)."""
        kernel, mix, out = self.kernel[rows], self.mix[rows], self.out[rows]
        g, neurons, _, j = mix.shape
        parts = lagged.shape[2]
        share = j // parts
        by_part = [
            np.moveaxis(lagged[:, :, p], 2, 1) @ kernel[..., p * share : (p + 1) * share] for p in range(parts)
        ]  # each (G, Z, B, J / P)
        blocks = by_part[0] if parts == 1 else np.concatenate(by_part, axis=3)
        pushed = (state @ self.push[rows]).reshape(g, -1, neurons, j)
        pushed += np.einsum("gnzj,gzbj->gbnj", mix, blocks)
        hidden = pushed[:, :, :-1]
        np.tanh(hidden, out=hidden)
        hidden *= out[:, None]
        return np.asarray(pushed.sum(axis=2))

    def networks(self, row: int, part: slice) -> Networks:
        """Some networks of one station, as they were trained."""
        mix, out = np.moveaxis(self.mix[row][..., part], 2, 0), self.out[row][:, part].T
        neurons, j = self.mix.shape[1], self.out.shape[2]
        push = np.moveaxis(self.push[row].reshape(-1, neurons, j)[..., part], (0, 2), (2, 0))  # (J, N + 1, K + 1)
        return Networks(
            kernel=np.moveaxis(self.kernel[row][..., part], 2, 0), mix=mix[:, :-1], state=push[:, :-1, :-1],
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
    push = np.concatenate([tanh, straight[:, None]], axis=1)  # (J, N + 1, K + 1)
    mix = np.concatenate([whole["mix"], whole["straight"][:, None]], axis=1)  # (J, N + 1, Z)
    arrays = {
        "kernel": np.moveaxis(whole["kernel"], 0, 2),
        "push": np.moveaxis(push, (0, 2), (2, 0)).reshape(push.shape[2], -1),
        "mix": np.moveaxis(mix, 0, 2),
        "out": whole["out"].T,
    }
    return {name: np.ascontiguousarray(array) for name, array in arrays.items()}


def stack_of(arrays: Mapping[str, Floats]) -> Stack:
    return Stack(**{name: arrays[name] for name in STACKED})
