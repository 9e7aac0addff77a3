"""Asking the block networks of 10,000 stations, 40 members, 24 leads (through the product's knots), for one issue time.

    python -m benchmarks.inference [--stations 10000] [--repeats 5]

Beside it, turn by turn in the same run: reading the same weights once (the memory bound), and the same networks by
torch.bmm, laid out alike. Asked: at least 80 % of the bound, and 2.5 times torch. The bound is read by numpy's sum, and
by BLAS (a product with ones), which may be quicker: both are printed. The weights are random: speed does not depend on
them. One thread (OMP_NUM_THREADS=1), its own processor time, best of the repeats: other work on the
machine can only slow a repeat down.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

from hydria_plugin.forecasters.arx import blocks
from hydria_plugin.forecasters.block_network.serving import Stack
from hydria_plugin.forecasters.boosting_fit import knots_for
from hydria_plugin.forecasters.boosting_model import between
from hydria_plugin.values import Floats

MEMBERS, LEADS, PAST, ZONES, HIDDEN, STATES = 40, 24, 72, 4, 3, 30


def random_stack(stations: int, rng: np.random.Generator) -> Stack:
    j, lags = MEMBERS * len(knots_for(LEADS)), len(blocks(PAST))
    shapes = (
        (stations, ZONES, lags, j), (stations, STATES + 1, (HIDDEN + 1) * j), (stations, HIDDEN + 1, ZONES, j),
        (stations, HIDDEN, j),
    )  # fmt: skip
    return Stack(*(rng.standard_normal(shape) * 0.1 for shape in shapes))


def arrays(stack: Stack) -> tuple[Floats, ...]:
    return stack.kernel, stack.push, stack.mix, stack.out


def read_once(stack: Stack) -> None:
    """The memory bound: every weight is read, and nothing else done."""
    for array in arrays(stack):
        array.sum()


def read_by_blas(stack: Stack) -> None:
    """The same, by a product with ones: BLAS may read faster than numpy sums."""
    for array in arrays(stack):
        flat = array.reshape(len(array), -1)
        flat @ np.ones(flat.shape[1])


def by_stack(stack: Stack, lagged: Floats, state: Floats) -> Floats:
    """(S, J)"""
    return stack.answer(lagged[:, None], state, np.arange(len(state)))


def by_torch(stack: Stack, lagged: Floats, state: Floats) -> Floats:
    """(S, J) the same by torch.bmm."""
    import torch

    kernel, push, mix, out = (torch.from_numpy(a) for a in arrays(stack))
    s, z, lags, j = kernel.shape
    with_one = torch.from_numpy(np.concatenate([state, np.ones((s, 1))], axis=1)[:, None])
    rain = torch.from_numpy(lagged).reshape(s * z, 1, lags)
    zones = torch.bmm(rain, kernel.view(s * z, lags, j)).view(s, 1, z, j)
    pushed = torch.bmm(with_one, push).view(s, HIDDEN + 1, j) + (mix * zones).sum(dim=2)
    return np.asarray(((pushed[:, :-1].tanh() * out).sum(dim=1) + pushed[:, -1]).numpy())


def to_median(output: Floats) -> Floats:
    """(S, H) the median over the members' paths."""
    knots = knots_for(LEADS)
    change = output.reshape(len(output), len(knots), MEMBERS)
    return np.asarray(np.median(np.einsum("hk,skm->smh", between(knots, LEADS), change), axis=1))


def timed(call: Callable[[], object]) -> float:
    begun = time.thread_time()
    call()
    return time.thread_time() - begun


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.inference", description=__doc__)
    parser.add_argument("--stations", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    rng = np.random.default_rng(1)
    stack = random_stack(options.stations, rng)
    lagged = rng.gamma(1.0, 1.0, (options.stations, ZONES, len(blocks(PAST))))
    state = rng.standard_normal((options.stations, STATES))
    output = by_stack(stack, lagged, state)
    np.testing.assert_allclose(by_torch(stack, lagged, state), output, rtol=1e-9, atol=1e-9)
    ways = {
        "reading the weights once": lambda: read_once(stack),
        "the same, by BLAS": lambda: read_by_blas(stack),
        "block network": lambda: by_stack(stack, lagged, state),
        "torch.bmm": lambda: by_torch(stack, lagged, state),
        "paths and median": lambda: to_median(output),
    }
    best = dict.fromkeys(ways, np.inf)
    for _ in range(options.repeats):
        best = {name: min(best[name], timed(call)) for name, call in ways.items()}
    size = sum(a.nbytes for a in arrays(stack))
    print(f"{options.stations} stations, {output.shape[1]} networks each, {size / 1e9:.2f} GB of weights")
    for name, seconds in best.items():
        print(f"{name:28s} {seconds:8.3f} s   {size / seconds / 1e9:6.2f} GB/s")
    bound, by_blas, ours, torchs, _ = best.values()
    print(f"of the memory bound: {bound / ours:.0%} (asked 80 %); against torch.bmm: {torchs / ours:.2f} (asked 2.5)")
    print(f"of reading by BLAS: {by_blas / ours:.0%}")


if __name__ == "__main__":
    main()
