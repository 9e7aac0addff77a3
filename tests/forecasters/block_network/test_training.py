"""Training: it finds a planted truth, is deterministic, names what it cannot learn, and never returns a NaN member."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin import ModelError
from hydria_plugin.forecasters.block_network import adam, levenberg
from hydria_plugin.forecasters.block_network.training import (
    OPTIMISERS,
    Recipe,
    Samples,
    check_samples,
    stop_loss,
    train_members,
)
from hydria_plugin.forecasters.block_network.training_start import spread_of_blocks, starting_networks
from hydria_plugin.forecasters.block_network.training_weights import Shape, penalty_matrix

from .planted import SHARES, random_networks, responses, samples

SHORT = Recipe(members=4, hidden=2, max_epochs=40)
DESCENTS = pytest.mark.parametrize("optimiser", OPTIMISERS)


def quick(optimiser: str, **changes: object) -> Recipe:
    adams = {"learning_rate": 0.03, "batch": 64} if optimiser == "adam" else {}
    return replace(SHORT, optimiser=optimiser, **(adams | changes))  # type: ignore[arg-type]


# ---- what is learned ----------------------------------------------------------------------------------------------


@DESCENTS
def test_the_planted_truth_is_found(optimiser: str) -> None:
    fit, stop, test = samples(600, 1), samples(300, 2), samples(300, 3)
    trained = train_members(fit, stop, quick(optimiser, max_epochs=80), np.random.default_rng(0))
    assert trained.dropped == 0 and len(trained.networks) == 4 and trained.seconds > 0
    best = trained.networks.only(np.array([np.argmin(trained.stop_loss)]))
    assert np.mean((best.output(test.lagged, test.state)[0] - test.target) ** 2) < 0.05
    gain = (best.slope(fit.lagged, fit.state)[0].mean(axis=1)[:, :, None] * best.kernel).sum(axis=2)[0]
    np.testing.assert_allclose(gain / gain.sum(), SHARES, atol=0.05)


def test_levenberg_s_kernels_are_the_unit_hydrographs() -> None:
    fit = samples(900, 1, noise=0.0, bend=0.0)
    trained = train_members(
        fit, samples(300, 2, 0.0, bend=0.0), replace(SHORT, decay=1e-4, smooth=0.0), np.random.default_rng(0)
    )
    kernel = trained.networks.kernel[np.argmin(trained.stop_loss)]
    np.testing.assert_allclose(kernel / kernel.sum(axis=1, keepdims=True), responses(), atol=0.02)


@DESCENTS
def test_the_straight_path_carries_what_is_linear(optimiser: str) -> None:
    fit, stop = samples(500, 1, bend=0.0, states=1), samples(200, 2, bend=0.0, states=1)
    recipe = quick(optimiser, straight=True, decay=30.0, decay_straight=0.01, smooth=0.0)
    networks = train_members(fit, stop, recipe, np.random.default_rng(0)).networks
    assert np.abs(networks.straight).sum(axis=1).min() > 0 and np.abs(networks.straight_state).min() > 0
    none = train_members(fit, stop, replace(recipe, straight=False), np.random.default_rng(0)).networks
    assert not none.straight.any() and not none.straight_state.any()


@DESCENTS
def test_smoothness_smoothes_and_decay_shrinks(optimiser: str) -> None:
    fit, stop = samples(200, 1, noise=0.5), samples(200, 2, noise=0.5)

    def roughness(**changes: float) -> float:
        kernel = train_members(fit, stop, quick(optimiser, **changes), np.random.default_rng(0)).networks.kernel
        kernel = kernel / np.abs(kernel).sum(axis=2, keepdims=True)
        return float(np.abs(np.diff(kernel, n=2, axis=2)).mean())

    assert roughness(smooth=100.0) < 0.7 * roughness(smooth=0.0, decay=1e-3)
    sizes = [
        np.abs(train_members(fit, stop, quick(optimiser, decay=d), np.random.default_rng(0)).networks.out).mean()
        for d in (0.01, 30.0)
    ]
    assert sizes[1] < sizes[0]


@DESCENTS
def test_weights_say_which_samples_count(optimiser: str) -> None:
    fit, stop = samples(300, 1), samples(200, 2)
    wrong = np.arange(300) % 3 == 0
    spoilt = replace(fit, target=np.where(wrong, 5.0, fit.target))
    recipe = quick(optimiser)
    deaf = train_members(replace(spoilt, weight=1.0 - wrong), stop, recipe, np.random.default_rng(0))
    hears = train_members(spoilt, stop, recipe, np.random.default_rng(0))
    assert np.median(deaf.stop_loss) < 0.5 * np.median(hears.stop_loss)


# ---- the same seed, the best epoch --------------------------------------------------------------------------------


@DESCENTS
def test_the_same_seed_gives_the_same_weights(optimiser: str) -> None:
    fit, stop = samples(200, 1, states=1), samples(100, 2, states=1)
    one, same, other = (
        train_members(fit, stop, quick(optimiser, max_epochs=5), np.random.default_rng(seed)) for seed in (3, 3, 4)
    )
    for name, array in one.networks.arrays().items():
        np.testing.assert_array_equal(array, same.networks.arrays()[name])
    assert np.abs(one.networks.kernel - other.networks.kernel).max() > 1e-3


@DESCENTS
def test_what_is_kept_is_the_epoch_with_the_least_stop_loss(optimiser: str) -> None:
    fit, stop = samples(60, 1, noise=1.0), samples(200, 2, noise=1.0)
    loose = quick(optimiser, hidden=4, decay=0.0, smooth=0.0, max_epochs=30, patience=30)
    trained = train_members(fit, stop, loose, np.random.default_rng(0))
    np.testing.assert_allclose(stop_loss(trained.networks, stop), trained.stop_loss, rtol=1e-3)
    for epochs in (1, 3, 10):  # Adam's step length depends on the epochs, Levenberg's path does not
        if optimiser == "levenberg-marquardt":
            sooner = train_members(fit, stop, replace(loose, max_epochs=epochs), np.random.default_rng(0))
            assert (trained.stop_loss <= sooner.stop_loss + 1e-12).all()


def test_progress_is_told() -> None:
    heard: list[float | None] = []
    fit, stop = samples(100, 1), samples(50, 2)
    train_members(fit, stop, SHORT, np.random.default_rng(0), lambda what, share: heard.append(share))
    assert heard[-1] == 1.0 and len(heard) == SHORT.members


# ---- the formulas -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("straight", [False, True])
def test_levenberg_s_jacobian_is_the_derivative(straight: bool) -> None:
    nets = random_networks(1, lags=8)
    shape = Shape.of(nets, straight)
    theta, some = shape.vector(nets)[0], samples(20, 5, states=2)
    jacobian, by_block = levenberg.slopes(shape, theta, some)
    np.testing.assert_allclose(by_block, shape.networks(theta[None]).slope(some.lagged, some.state)[0][0])
    step = 1e-6 * np.eye(len(theta))
    numeric = [
        (levenberg.output(shape, theta + d, some) - levenberg.output(shape, theta - d, some)) / 2e-6 for d in step
    ]
    np.testing.assert_allclose(jacobian, np.stack(numeric, axis=1), atol=1e-7)
    root = np.linspace(0.5, 2.0, 20)
    scaled, same = levenberg.slopes(shape, theta, some, root)
    np.testing.assert_allclose(scaled, jacobian * root[:, None])
    np.testing.assert_array_equal(same, by_block)


@pytest.mark.parametrize("states", [0, 2])
def test_adam_s_output_and_penalty_are_the_networks_own(states: int) -> None:
    import torch

    nets, some = random_networks(3, lags=8, states=states), samples(20, 5, states=states)
    weights = {name: torch.tensor(a, dtype=torch.float32) for name, a in nets.arrays().items()}
    lagged, state, target, weight = adam.as_tensors(some)
    np.testing.assert_allclose(
        adam.output(weights, lagged, state)[0].numpy(), nets.output(some.lagged, some.state), atol=1e-5
    )
    recipe = Recipe(decay=0.3, decay_straight=0.7, smooth=2.0, straight=True)
    shape = Shape.of(nets, straight=True)
    losses, gain = adam.loss(weights, (lagged, state, target, weight))
    np.testing.assert_allclose(losses.numpy(), stop_loss(nets, some), rtol=1e-4)
    squares = (nets.slope(some.lagged, some.state)[0] ** 2).mean(axis=1)
    np.testing.assert_allclose(gain.numpy(), squares, rtol=1e-4)
    want = sum(t @ penalty_matrix(shape, recipe, g) @ t for t, g in zip(shape.vector(nets), squares, strict=True))
    assert float(adam.penalty(weights, recipe, gain)) == pytest.approx(want, rel=1e-4)


@given(
    zones=st.integers(1, 3), lags=st.integers(1, 4), hidden=st.integers(1, 3), states=st.integers(0, 2),
    straight=st.booleans(),
)  # fmt: skip
@settings(max_examples=30, deadline=None)
def test_a_vector_of_weights_is_the_network(zones: int, lags: int, hidden: int, states: int, straight: bool) -> None:
    nets = random_networks(2, zones, lags, hidden, states)
    shape = Shape.of(nets, straight)
    theta = shape.vector(nets)
    again = shape.networks(theta)
    np.testing.assert_array_equal(shape.vector(again), theta)
    np.testing.assert_array_equal(again.kernel, nets.kernel)
    assert straight or not again.straight.any()
    matrix = penalty_matrix(shape, Recipe(straight=straight), np.arange(zones) + 0.0)
    assert matrix.shape == (theta.shape[1],) * 2 and np.linalg.eigvalsh(matrix).min() > -1e-9


def test_smoothness_does_not_depend_on_how_a_gain_is_shared_out() -> None:
    """Kernel ten times larger, mix ten times smaller: the same network, the same penalty of roughness."""
    nets, some = random_networks(1, lags=8, states=0), samples(50, 1)
    other = replace(nets, kernel=10 * nets.kernel, mix=nets.mix / 10, straight=nets.straight / 10)
    costs = []
    for net in (nets, other):
        shape = Shape.of(net, straight=True)
        gain = (net.slope(some.lagged, some.state)[0][0] ** 2).mean(axis=0)
        matrix = penalty_matrix(
            shape, Recipe(decay=0.0, decay_straight=0.0, ridge=1.0, smooth=5.0, straight=True), gain
        )
        costs.append(shape.vector(net)[0] @ matrix @ shape.vector(net)[0])
    assert costs[0] == pytest.approx(costs[1]) and costs[0] > 0


def test_biases_are_free() -> None:
    shape = Shape(2, 3, 2, 1, False)
    nothing = Recipe(decay=1.0, ridge=0.0, smooth=0.0)
    free = shape.networks(np.diag(penalty_matrix(shape, nothing, np.ones(2)))[None])
    assert not free.bias.any() and not free.out_bias.any() and free.kernel.all() and free.state.all()


# ---- the start ----------------------------------------------------------------------------------------------------


def test_every_block_listens_at_the_start() -> None:
    some = samples(300, 1, states=2)
    args = some.lagged, some.state, some.target, 6, 3
    nets = starting_networks(*args, True, np.random.default_rng(0))
    assert (nets.kernel > 0).all() and np.var(nets.blocks(some.lagged), axis=1).mean() == pytest.approx(1, abs=0.5)
    assert nets.straight.any() and np.allclose(nets.out_bias, some.target.mean())
    assert not starting_networks(
        some.lagged, some.state, some.target, 6, 3, False, np.random.default_rng(0)
    ).straight.any()
    assert spread_of_blocks(np.zeros((5, 2, 3)), np.ones(3)) == 1.0


# ---- what cannot be learned ---------------------------------------------------------------------------------------


@DESCENTS
def test_a_member_that_diverges_is_dropped_and_counted(optimiser: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from hydria_plugin.forecasters.block_network import training

    def broken(*args: object) -> object:
        nets = starting_networks(*args)  # type: ignore[arg-type]
        nets.out[1] = np.nan
        return nets

    monkeypatch.setattr(training, "starting_networks", broken)
    trained = train_members(samples(80, 1), samples(40, 2), quick(optimiser, max_epochs=5), np.random.default_rng(0))
    assert trained.dropped == 1 and len(trained.networks) == 3
    assert all(np.isfinite(a).all() for a in trained.networks.arrays().values())
    with pytest.raises(ModelError, match="all 1 networks diverged"):
        monkeypatch.setattr(training, "starting_networks", lambda *a: broken(*a).only(np.array([1])))  # type: ignore[attr-defined]
        train_members(samples(80, 1), samples(40, 2), quick(optimiser, max_epochs=5), np.random.default_rng(0))


def test_nothing_to_learn_is_said() -> None:
    good, some = samples(40, 1), samples(20, 2)
    nan = replace(good, target=np.where(np.arange(40) == 3, np.nan, good.target))
    bad: list[tuple[Samples, Samples, str]] = [
        (samples(4, 1), some, "4 samples to fit"),
        (good, samples(0, 1), "0 to stop"),
        (nan, some, "NaN"),
        (replace(good, target=np.ones(40)), some, "never changes in the 40"),
        (replace(good, lagged=np.ones_like(good.lagged)), some, "no input ever changes"),
        (replace(good, weight=np.zeros(40)), some, "weights"),
        (replace(good, weight=-np.ones(40)), some, "weights"),
    ]
    for fit, stop, words in bad:
        with pytest.raises(ModelError, match=words):
            check_samples(fit, stop)


@DESCENTS
def test_a_gauge_that_never_rains_does_no_harm(optimiser: str) -> None:
    fit, stop = samples(200, 1), samples(100, 2)
    fit.lagged[:, 2] = 0.0
    trained = train_members(fit, stop, quick(optimiser, max_epochs=5), np.random.default_rng(0))
    assert trained.dropped == 0 and np.isfinite(trained.stop_loss).all()


def test_wrong_recipes_and_shapes_are_refused() -> None:
    for changes, words in [
        ({"optimiser": "sgd"}, "'sgd' is not one of adam"),
        ({"members": 0}, "members, hidden and batch"),
        ({"smooth": -1.0}, "must not be negative"),
    ]:
        with pytest.raises(ValueError, match=words):
            replace(SHORT, **changes)
    with pytest.raises(ValueError, match=r"samples must be \(B, Z, L\)"):
        Samples(np.zeros((3, 2)), np.zeros((3, 0)), np.zeros(3))
    with pytest.raises(ValueError, match=r"weight must be \(3,\)"):
        Samples(np.zeros((3, 2, 1)), np.zeros((3, 0)), np.zeros(3), np.ones(2))


def test_torch_is_not_loaded_for_levenberg() -> None:
    code = (
        "import sys, numpy as np\n"
        "from hydria_plugin.forecasters.block_network.training import Recipe, Samples, train_members\n"
        "r = np.random.default_rng(0)\n"
        "s = Samples(r.random((20, 1, 2)), np.zeros((20, 0)), r.random(20))\n"
        "train_members(s, s, Recipe(members=1, max_epochs=2), r)\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
