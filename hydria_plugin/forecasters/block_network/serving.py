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

AT_ONCE = 50_000  # neurons by cases of one station in one piece, so that it stays in the cache
STATIONS_AT_ONCE = 13_000  # the same of many stations, whose weights pass through the cache as well
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
        n, neurons, j = len(rows), self.mix.shape[1], self.out.shape[2]
        twice, with_one = 2.0 * lagged, np.concatenate([2.0 * state, np.full((n, 1), 2.0)], axis=1)
        said = np.empty((n, j))
        alone = bool(n) and bool((rows == rows[0]).all())
        size = max(1, (AT_ONCE if alone else STATIONS_AT_ONCE) // (j * neurons))
        for first in range(0, n, size):
            some = slice(first, min(first + size, n))
            if alone:
                said[some] = self.of_one(int(rows[0]), twice[some], with_one[some])
            else:
                said[some] = self.of_each(in_order(rows[some]), twice[some], with_one[some])
        return said

    def of_one(self, row: int, twice: Floats, with_one: Floats) -> Floats:
        """(B, J) of one station, for (B, P, Z, L) and (B, K + 1), both doubled: see :func:`tanh_of_half`."""
        kernel, mix = self.kernel[row], self.mix[row]
        neurons, _, j = mix.shape
        by_part = [np.moveaxis(twice[:, p], 1, 0) @ kernel[..., part] for p, part in parts_of(j, twice.shape[1])]
        zones = by_part[0] if len(by_part) == 1 else np.concatenate(by_part, axis=2)  # (Z, B, J)
        pushed = (with_one @ self.push[row]).reshape(-1, neurons, j)
        pushed += np.einsum("nzj,zbj->bnj", mix, zones)
        hidden = tanh_of_half(pushed[:, :-1])
        return np.asarray(np.einsum("bnj,nj->bj", hidden, self.out[row]) + 0.5 * pushed[:, -1])

    def of_each(self, rows: Ints | slice, twice: Floats, with_one: Floats) -> Floats:
        """(G, J) of one case for each station, for (G, P, Z, L) and (G, K + 1), both doubled. A zone's few lags are
        summed by einsum: as many calls of BLAS would cost more than they do."""
        kernel, mix = self.kernel[rows], self.mix[rows]
        g, neurons, z, j = mix.shape
        zones = np.empty((g, z, j))
        for p, part in parts_of(j, twice.shape[1]):
            np.einsum("gzl,gzlj->gzj", twice[:, p], kernel[..., part], out=zones[..., part])
        pushed = (with_one[:, None] @ self.push[rows]).reshape(g, neurons, j)
        pushed += np.einsum("gnzj,gzj->gnj", mix, zones)
        hidden = tanh_of_half(pushed[:, :-1])
        return np.asarray(np.einsum("gnj,gnj->gj", hidden, self.out[rows]) + 0.5 * pushed[:, -1])

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


def parts_of(whole: int, count: int) -> list[tuple[int, slice]]:
    """``count`` equal parts, numbered."""
    share = whole // count
    return [(p, slice(p * share, (p + 1) * share)) for p in range(count)]


def tanh_of_half(doubled: Floats) -> Floats:
    """tanh(x) of 2 x, as 1 - 2 / (exp(2 x) + 1): to the last digits of 1, in half of the time that numpy's takes."""
    with np.errstate(over="ignore"):  # exp is infinite, the tanh 1
        e = np.exp(doubled)
    e += 1.0
    np.divide(-2.0, e, out=e)
    e += 1.0
    return np.asarray(e)


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
