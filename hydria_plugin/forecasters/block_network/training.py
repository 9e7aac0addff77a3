"""Training many block networks at once: the same samples, other starting weights, each stopped where it is best.

What is minimised, per member, on standardised samples:

    sum_b weight_b (target_b - y_b)^2  +  decay |kernel, mix, state, out|^2  +  decay_straight |straight|^2
        +  sum_z gain_z (ridge |kernel_z|^2 + smooth |second differences of kernel_z along the lags|^2)

all divided by the sum of the weights: a penalty of 3 weighs as much as three samples, and fades as a record grows.
gain_z is the mean square of d y / d x_z, taken anew at each step: ridge and smoothness bear on what the rain does to
the river, whatever way the network shares that out between a kernel and the layers behind it. Biases are free.

A member keeps the weights of the epoch whose loss on the stop samples was least. One that diverges is dropped and
counted, never returned.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hydria_plugin import ModelError
from hydria_plugin.values import Floats

from .network import Networks
from .training_start import starting_networks

Progress = Callable[[str, float | None], None]
OPTIMISERS = ("adam", "levenberg-marquardt")
FEWEST = 8  # samples to fit on, below which there is nothing to learn


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """B samples of Z rain zones at L lags and K state inputs, standardised: all zones by one common divisor."""

    lagged: Floats  # (B, Z, L) newest lag first
    state: Floats  # (B, K)
    target: Floats  # (B)
    weight: Floats | None = None  # (B) of its squared error; None = all 1

    def __post_init__(self) -> None:
        b = len(self.target)
        if self.lagged.ndim != 3 or len(self.lagged) != b or self.state.ndim != 2 or len(self.state) != b:
            shapes = f"lagged {self.lagged.shape}, state {self.state.shape}, target {self.target.shape}"
            raise ValueError(f"samples must be (B, Z, L), (B, K) and (B), not {shapes}")
        if self.weight is not None and self.weight.shape != (b,):
            raise ValueError(f"weight must be ({b},), not {self.weight.shape}")

    def __len__(self) -> int:
        return len(self.target)

    @property
    def weights(self) -> Floats:
        return np.ones(len(self)) if self.weight is None else self.weight

    @property
    def finite(self) -> bool:
        return all(bool(np.isfinite(a).all()) for a in (self.lagged, self.state, self.target, self.weights))


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train. ``max_epochs`` and ``patience`` None: the optimiser's own."""

    members: int = 40
    hidden: int = 3
    decay: float = 0.1
    decay_straight: float = 0.1
    ridge: float = 0.1
    smooth: float = 1.0
    straight: bool = False
    optimiser: str = "levenberg-marquardt"
    max_epochs: int | None = None
    patience: int | None = None
    threads: int = 1  # members fitted at once, by Levenberg-Marquardt
    batch: int = 512  # Adam's
    learning_rate: float = 0.01  # Adam's

    def __post_init__(self) -> None:
        if self.optimiser not in OPTIMISERS:
            raise ValueError(f"optimiser {self.optimiser!r} is not one of {', '.join(OPTIMISERS)}")
        if self.members < 1 or self.hidden < 1 or self.batch < 1:
            raise ValueError(
                f"members, hidden and batch must be 1 or more, not {self.members}, {self.hidden}, {self.batch}"
            )
        if min(self.decay, self.decay_straight, self.ridge, self.smooth) < 0:
            raise ValueError("decay, decay_straight, ridge and smooth must not be negative")


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """The members that converged, each at its best epoch."""

    networks: Networks  # (M) of them
    stop_loss: Floats  # (M) mean squared error on the stop samples
    dropped: int  # members that diverged
    epochs: int  # the longest run
    seconds: float


def train_members(
    fit: Samples,
    stop: Samples,
    recipe: Recipe,
    rng: np.random.Generator,
    progress: Progress = lambda what, share: None,
) -> Trained:
    """Fit ``recipe.members`` networks on ``fit``, stopped by ``stop``. The same ``rng`` seed gives the same weights.

    Raises ModelError when there is nothing to learn from, or when no member converged.
    """
    check_samples(fit, stop)
    begun = time.monotonic()
    start = starting_networks(fit.lagged, fit.state, fit.target, recipe.members, recipe.hidden, recipe.straight, rng)
    if recipe.optimiser == "adam":
        from .adam import descend
    else:
        from .levenberg import descend
    best, loss, epochs = descend(start, fit, stop, recipe, rng, progress)
    whole = np.isfinite(loss)
    for array in best.arrays().values():
        whole &= np.isfinite(array.reshape(len(loss), -1)).all(axis=1)
    if not whole.any():
        raise ModelError(f"all {len(loss)} networks diverged in training: look for outliers among the inputs")
    kept = np.flatnonzero(whole)
    return Trained(best.only(kept), loss[kept], len(loss) - len(kept), epochs, time.monotonic() - begun)


def check_samples(fit: Samples, stop: Samples) -> None:
    """Raise ModelError unless there is something to learn from."""
    if len(fit) < FEWEST or len(stop) < 1:
        raise ModelError(
            f"{len(fit)} samples to fit a network and {len(stop)} to stop it; at least {FEWEST} and 1 are needed"
        )
    if not (fit.finite and stop.finite):
        raise ModelError("the samples of a network hold NaN or infinite values")
    if fit.weights.sum() <= 0 or stop.weights.sum() <= 0 or min(fit.weights.min(), stop.weights.min()) < 0:
        raise ModelError("the weights of a network's samples must not be negative, and some must be above 0")
    if np.ptp(fit.target) == 0:
        raise ModelError(f"the target never changes in the {len(fit)} samples to fit on: there is nothing to learn")
    if not (np.ptp(fit.lagged, axis=0).any() or np.ptp(fit.state, axis=0).any()):
        raise ModelError(f"no input ever changes in the {len(fit)} samples to fit on: there is nothing to learn from")


def stop_loss(networks: Networks, stop: Samples) -> Floats:
    """(M) weighted mean squared error."""
    with np.errstate(over="ignore", invalid="ignore"):
        squares = (networks.output(stop.lagged, stop.state) - stop.target) ** 2
        return np.asarray(squares @ stop.weights / stop.weights.sum())
