"""Forty networks on 20,000 samples: how soon they reach the stop-set loss that scikit-learn's loop ends with.

    python -m benchmarks.training_networks [--samples 20000] [--members 40] [--sequential 3]

Beside ours (Levenberg-Marquardt, and Adam with all members in one graph): scikit-learn's MLPRegressor one by one, as
large a network as it offers (a plain hidden layer of as many neurons), and a torch loop that trains our architecture
one member at a time. The two loops are timed on ``--sequential`` members and multiplied up: their members do not share
work. The record is the fictitious basin's; the target is shown as the twin is shown it.
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
    begun, losses = time.perf_counter(), []
    for seed in range(members):
        model = MLPRegressor(
            hidden_layer_sizes=(hidden,), activation="tanh", early_stopping=True, max_iter=500, random_state=seed
        )
        model.fit(x, fit.target)
        losses.append(float(np.mean((model.predict(z) - stop.target) ** 2)))
    return (time.perf_counter() - begun) / members, float(np.median(losses))


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.training_networks", description=__doc__)
    parser.add_argument("--samples", type=int, default=20_000)
    parser.add_argument("--members", type=int, default=40)
    parser.add_argument("--sequential", type=int, default=3)
    asked = parser.parse_args()
    import sklearn
    import torch

    fit, stop = parts(asked.samples)
    recipe = replace(RECIPE, members=asked.members)
    adam = replace(recipe, optimiser="adam")
    each, wanted = sklearn_loop(fit, stop, asked.sequential, recipe.hidden)
    (lm_time, lm_loss), (adam_time, adam_loss) = (sooner(fit, stop, r, wanted, 0) for r in (recipe, adam))
    loop = float(np.mean([sooner(fit, stop, replace(adam, members=1), wanted, s)[0] for s in range(asked.sequential)]))
    lm_end, adam_end = (timed(fit, stop, r, 0) for r in (recipe, adam))
    peer, torch_peer = each * asked.members, loop * asked.members
    versions = f"numpy {np.__version__}, torch {torch.__version__}, scikit-learn {sklearn.__version__}"
    print(f"Python {platform.python_version()}, {versions}, {torch.get_num_threads()} threads")
    print(f"{len(fit)} samples to fit, {len(stop)} to stop, {asked.members} members, loss wanted {wanted:.5f}\n")
    print("| what | to that loss | loss | against scikit-learn | against the torch loop |\n|---|---|---|---|---|")
    print(f"| scikit-learn, one by one ({asked.sequential} timed) | {peer:.1f} s | {wanted:.5f} | | |")
    print(f"| torch, one by one ({asked.sequential} timed) | {torch_peer:.1f} s | | {peer / torch_peer:.1f} | |")
    for name, took, loss in (("Levenberg-Marquardt", lm_time, lm_loss), ("Adam, all at once", adam_time, adam_loss)):
        print(f"| {name} | {took:.1f} s | {loss:.5f} | {peer / took:.1f} | {torch_peer / took:.1f} |")
    print("\n| to the end | seconds | median stop loss |\n|---|---|---|")
    print(
        f"| Levenberg-Marquardt | {lm_end[0]:.1f} | {lm_end[1]:.5f} |\n| Adam | {adam_end[0]:.1f} | {adam_end[1]:.5f} |"
    )


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
    begun = time.perf_counter()
    trained = train_members(fit, stop, recipe, np.random.default_rng(seed))
    return time.perf_counter() - begun, float(np.median(trained.stop_loss))


if __name__ == "__main__":
    main()
