"""Training through time: what is fitted is what is asked, gaps weigh nothing, a diverging member is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hydria_plugin.forecasters.block_network.network import Networks
from hydria_plugin.forecasters.block_network.recurrent_training import (
    Course,
    as_tensors,
    descend,
    losses,
    paths,
    penalties,
    reach_of,
)
from hydria_plugin.forecasters.block_network.rolling import roll
from hydria_plugin.forecasters.block_network.training import Recipe
from hydria_plugin.forecasters.block_network.training_weights import Shape, penalty_matrix

from .planted import random_networks
from .test_rolling import F, K, L, R, Z, bounds, stack

torch = pytest.importorskip("torch")
M, B = 4, 60
RECIPE = Recipe(members=M, hidden=3, decay=0.01, decay_straight=0.01, straight=True, max_epochs=40, batch=32)


def course(seed: int = 0, truth_of: Networks | None = None) -> Course:
    """Truth by a network, or noise; the first half of the members stops on what the others learn from."""
    rng = np.random.default_rng(seed)
    rain, state = rng.random((B, F, Z, L)), rng.normal(size=(B, K))
    start = 1.0 + rng.random((B, R))
    learn = np.zeros((M, B), dtype=bool)
    learn[: M // 2, : B // 2] = learn[M // 2 :, B // 2 :] = True
    truth = rng.normal(1.0, 1.0, (B, F))
    if truth_of is not None:
        rows, free = np.zeros(B, np.int64), np.full((B, F), np.nan)
        truth = roll(stack(truth_of), rows, rain, state, start[:, :, None], free, bounds(B))[0][..., 0]
    return Course(rain, state, start, truth, np.ones(B), learn, ~learn, bounds(B))


def tensors(networks: Networks) -> dict[str, object]:
    return {name: torch.tensor(a, dtype=torch.float32) for name, a in networks.arrays().items()}


def start(seed: int = 1) -> Networks:
    return random_networks(M, Z, L, hidden=3, states=K, seed=seed)


@pytest.mark.parametrize("tight", [False, True])
def test_what_is_trained_is_what_is_served(tight: bool) -> None:
    given = course()
    limits = {"least": np.full(B, -0.05), "most": np.full(B, 0.1), "floor": np.full(B, 0.9), "ceiling": np.full(B, 1.6)}
    b = replace(given.bounds, **limits) if tight else given.bounds
    given = replace(given, bounds=b)
    networks = start()
    said = paths(tensors(networks), as_tensors(given), reach_of(given)).numpy()  # type: ignore[arg-type]
    fed = np.repeat(given.start[:, :, None], M, axis=2)
    free = np.full((B, F), np.nan)
    served, _ = roll(stack(networks), np.zeros(B, np.int64), given.rain, given.state, fed, free, b)
    in_units = (served - b.centre[0]) / b.unit[0]
    np.testing.assert_allclose(said, np.moveaxis(in_units, 2, 0), rtol=2e-4, atol=2e-4)


def test_a_truth_of_its_own_form_is_learned() -> None:
    given = course(truth_of=random_networks(1, Z, L, hidden=2, states=K, seed=7))
    recipe = replace(RECIPE, max_epochs=150, patience=60, learning_rate=0.03, decay=1e-4, decay_straight=1e-4)
    parts, reach = as_tensors(given), reach_of(given)
    before = losses(tensors(start()), parts, parts.stop, reach).numpy()  # type: ignore[arg-type]
    _, after = descend(start(), given, recipe, np.random.default_rng(0))
    assert (after < 0.2 * before).all()


def test_the_loss_returned_is_of_the_weights_returned() -> None:
    given = course()
    found, loss = descend(start(), given, RECIPE, np.random.default_rng(0))
    parts = as_tensors(given)
    now = losses(tensors(found), parts, parts.stop, reach_of(given)).numpy()  # type: ignore[arg-type]
    np.testing.assert_allclose(now, loss, rtol=1e-4)


def test_the_same_seed_gives_the_same_weights_and_another_does_not() -> None:
    given = course()
    one, again, other = (descend(start(), given, RECIPE, np.random.default_rng(s))[0] for s in (3, 3, 4))
    np.testing.assert_array_equal(one.kernel, again.kernel)
    assert not np.array_equal(one.kernel, other.kernel)


def test_a_gap_in_the_truth_weighs_nothing() -> None:
    given, parts = course(), as_tensors(course())
    truth = given.truth.copy()
    truth[:5, 2:] = np.nan
    gone = as_tensors(replace(given, truth=truth))
    assert not gone.weight[:5, 2:].any() and bool((gone.weight[5:] > 0).all())
    only = losses(tensors(start()), gone, gone.learn, reach_of(given))  # type: ignore[arg-type]
    assert bool(torch.isfinite(only).all()) and parts.truth.shape == gone.truth.shape


def test_a_member_is_judged_by_its_own_cases_alone() -> None:
    given = course()
    other = replace(given, truth=np.where(given.learn[0][:, None], given.truth, given.truth + 5.0))
    a, b = (as_tensors(g) for g in (given, other))
    weights, reach = tensors(start()), reach_of(given)
    same = replace(b, weight=a.weight)
    first, second = (losses(weights, p, p.learn, reach).numpy() for p in (a, same))  # type: ignore[arg-type]
    np.testing.assert_allclose(first[: M // 2], second[: M // 2], rtol=1e-5)
    assert (first[M // 2 :] != second[M // 2 :]).all()


def test_a_member_that_diverges_has_no_finite_loss_and_harms_no_other() -> None:
    given, sick = course(), start()
    sick.kernel[1] = np.nan
    _, loss = descend(sick, given, RECIPE, np.random.default_rng(0))
    _, whole = descend(start(), given, RECIPE, np.random.default_rng(0))
    assert not np.isfinite(loss[1])
    np.testing.assert_allclose(np.delete(loss, 1), np.delete(whole, 1), rtol=0.2)


def test_the_penalties_are_those_of_the_other_forms() -> None:
    networks = start()
    shape = Shape.of(networks, True)
    matrix = penalty_matrix(shape, RECIPE, np.ones(Z))
    theta = shape.vector(networks)
    expected = np.einsum("mp,pq,mq->m", theta, matrix, theta)
    np.testing.assert_allclose(penalties(tensors(networks), RECIPE).numpy(), expected, rtol=1e-4)  # type: ignore[arg-type]
