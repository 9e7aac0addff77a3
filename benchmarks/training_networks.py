"""Forty networks on 20,000 samples: how soon they reach the stop-set loss that scikit-learn's loop ends with.

    OMP_NUM_THREADS=1 python -m benchmarks.training_networks [--samples 20000] [--members 40] [--sequential 3] [--quick]

Beside ours (Levenberg-Marquardt, and Adam with all members in one graph): scikit-learn's MLPRegressor one by one, as
large a network as it offers (a plain hidden layer of as many neurons), and a torch loop that trains our architecture
one member at a time. The two loops are timed on ``--sequential`` members and multiplied up: their members do not share
work. Processor time, so that other work on the machine takes no part: on more than one thread it is the sum of
them. The search for the epochs that are needed is not timed, for any of them. The record is the fictitious basin's; the
target is shown as the twin is shown it. Asked: 5 times faster than either loop.
"""

from __future__ import annotations

import argparse
import platform
import time
from dataclasses import replace

import numpy as np

from hydria_plugin.forecasters.block_network.training import Recipe, Samples, train_members
from hydria_plugin.forecasters.block_network.twin import RECIPE, Height, samples
from hydria_plugin.forecasters.block_network.twin_rain import gauges_of
from hydria_plugin.learning.basin_cases import A
from hydria_plugin.learning.fictitious_basin import simulate
from hydria_plugin.learning.fictitious_cases import STOP, TEST, history_of, study_split

LAGS, EVENT = 24, 96  # steps
MOST = 200  # epochs


def parts(count: int) -> tuple[Samples, Samples]:
    """About ``count`` samples to fit, and those to stop at, all of weight 1."""
    record = simulate(replace(A, events=count // EVENT + STOP + TEST), np.random.default_rng(1))
    history, split = history_of(record), study_split(record, np.random.default_rng(2))
    gauges, height = gauges_of(history, split, 0), Height.of(history, split, 0)
    fit_at, stop_at = np.flatnonzero(split.fit[0]), np.flatnonzero(split.stop[0])
    fit, stop = (replace(samples(gauges, height, at, LAGS, fit_at), weight=None) for at in (fit_at, stop_at))
    return fit, stop


def sklearn_loop(fit: Samples, stop: Samples, members: int, hidden: int) -> tuple[float, float]:
    """Seconds per member, and the median stop loss it ends with."""
    from sklearn.neural_network import MLPRegressor

    x, z = (np.column_stack([s.lagged.reshape(len(s), -1), s.state]) for s in (fit, stop))
    begun, losses = time.process_time(), []
    for seed in range(members):
        model = MLPRegressor(
            hidden_layer_sizes=(hidden,), activation="tanh", early_stopping=True, max_iter=500, random_state=seed
        )
        model.fit(x, fit.target)
        losses.append(float(np.mean((model.predict(z) - stop.target) ** 2)))
    return (time.process_time() - begun) / members, float(np.median(losses))


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.training_networks", description=__doc__)
    parser.add_argument("--samples", type=int, default=20_000)
    parser.add_argument("--members", type=int, default=40)
    parser.add_argument("--sequential", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="Adam only, and not to its end")
    asked = parser.parse_args()
    import sklearn
    import torch

    fit, stop = parts(asked.samples)
    recipe = replace(RECIPE, members=asked.members)
    adam = replace(recipe, optimiser="adam")
    ours = {"Adam, all at once": adam} | ({} if asked.quick else {"Levenberg-Marquardt": recipe})
    versions = f"numpy {np.__version__}, torch {torch.__version__}, scikit-learn {sklearn.__version__}"
    print(f"Python {platform.python_version()}, {versions}, {torch.get_num_threads()} threads")
    each, wanted = sklearn_loop(fit, stop, asked.sequential, recipe.hidden)
    peer = each * asked.members
    print(f"{len(fit)} samples to fit, {len(stop)} to stop, {asked.members} members, loss wanted {wanted:.5f}\n")
    print("| what | to that loss | loss | against scikit-learn | against the torch loop |\n|---|---|---|---|---|")
    print(f"| scikit-learn, one by one ({asked.sequential} timed) | {peer:.1f} s | {wanted:.5f} | | |", flush=True)
    alone = [sooner(fit, stop, replace(adam, members=1), wanted, s) for s in range(asked.sequential)]
    loop, loss = (float(np.mean(one)) for one in zip(*alone, strict=True))
    torch_peer = loop * asked.members
    name = f"torch, one by one ({asked.sequential} timed)"
    print(f"| {name} | {torch_peer:.1f} s | {loss:.5f} | {peer / torch_peer:.1f} | |", flush=True)
    for name, its in ours.items():
        took, loss = sooner(fit, stop, its, wanted, 0)
        print(f"| {name} | {took:.1f} s | {loss:.5f} | {peer / took:.1f} | {torch_peer / took:.1f} |", flush=True)
    if not asked.quick:
        print("\n| to the end | seconds | median stop loss |\n|---|---|---|")
        for name, its in ours.items():
            took, loss = timed(fit, stop, its, 0)
            print(f"| {name} | {took:.1f} | {loss:.5f} |", flush=True)


def sooner(fit: Samples, stop: Samples, recipe: Recipe, loss: float, seed: int) -> tuple[float, float]:
    """Seconds of the shortest run whose median member reaches ``loss`` on the stop samples, and the loss reached. How
    many epochs that takes is found first, and not timed."""
    epochs = 1
    while True:
        found = timed(fit, stop, replace(recipe, max_epochs=epochs), seed)
        if found[1] <= loss or epochs >= MOST:
            return found
        epochs = min(max(epochs + 1, int(epochs * 1.3)), MOST)


def timed(fit: Samples, stop: Samples, recipe: Recipe, seed: int) -> tuple[float, float]:
    begun = time.process_time()
    trained = train_members(fit, stop, recipe, np.random.default_rng(seed))
    return time.process_time() - begun, float(np.median(trained.stop_loss))


if __name__ == "__main__":
    main()
