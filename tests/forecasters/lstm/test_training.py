"""Training one member: it learns, it stops, it is the same twice, and what is no number is never given back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hydria_plugin import ModelError
from hydria_plugin.forecasters.lstm.network import Network, spoken
from hydria_plugin.forecasters.lstm.sequences import read
from hydria_plugin.forecasters.lstm.training import MOST_JUDGED, Lessons, Recipe, lines, ridge, train

from .small import MAX_AGE, lessons, record

LEVELS = (0.1, 0.5, 0.9)
RECIPE = Recipe(hidden=6, epochs=2, patience=2, batch=64, rate=0.01, seed=3)


@pytest.fixture(scope="module")
def halves() -> tuple[Lessons, Lessons]:
    whole = lessons()
    half = len(whole) // 2
    return whole.take(np.arange(half)), whole.take(np.arange(half, len(whole)))


def loss_of(network: Network, judge: Lessons) -> float:
    """Mean absolute error of the median with the rain known, in units of each lead's movement."""
    _, change = lines(judge, MAX_AGE)
    median = spoken(network.raw(read(judge.cases, MAX_AGE))[1], 1)[..., 1]
    return float(np.nanmean(np.abs(change - median)))


def test_it_learns_what_a_straight_path_cannot() -> None:
    """The rain to come, which the straight path does not read."""
    whole = lessons(most=1500)
    learn, judge = whole.take(np.arange(0, len(whole), 2)), whole.take(np.arange(1, len(whole), 2))
    network = train(learn, judge, LEVELS, MAX_AGE, RECIPE._replace(epochs=15, patience=15))
    line = replace(network, straight=ridge(learn, judge, MAX_AGE)[0])
    silent = {k: np.zeros_like(a) for k, a in line.arrays().items()} | {"straight": line.straight}
    assert loss_of(network, judge) < 0.8 * loss_of(Network.of(silent), judge)


def test_the_same_seed_brings_the_same_network(halves: tuple[Lessons, Lessons]) -> None:
    first, again, other = (train(*halves, LEVELS, MAX_AGE, RECIPE._replace(seed=seed)) for seed in (3, 3, 4))
    for name, array in first.arrays().items():
        np.testing.assert_array_equal(array, again.arrays()[name], err_msg=name)
    assert not np.array_equal(first.head, other.head)


def test_it_leaves_the_random_state_of_others_alone(halves: tuple[Lessons, Lessons]) -> None:
    import torch

    torch.manual_seed(9)
    before = torch.random.get_rng_state()
    train(*halves, LEVELS, MAX_AGE, RECIPE._replace(epochs=1))
    assert torch.equal(before, torch.random.get_rng_state())


def test_when_time_is_up_the_best_so_far_is_taken(halves: tuple[Lessons, Lessons]) -> None:
    done: list[float] = []
    network = train(
        *halves, LEVELS, MAX_AGE, RECIPE._replace(epochs=50), hurry=lambda: len(done) >= 2, tell=done.append
    )
    assert done == [1 / 50, 2 / 50], "an epoch is finished, then it stops"
    assert np.isfinite(network.head).all()


def test_it_stops_when_it_gets_no_better(halves: tuple[Lessons, Lessons]) -> None:
    """Nothing to learn: what came is noise."""
    learn, judge = (
        replace(part, truth=np.random.default_rng(i).normal(size=part.truth.shape)) for i, part in enumerate(halves)
    )
    done: list[float] = []
    train(learn, judge, LEVELS, MAX_AGE, RECIPE._replace(epochs=40, patience=1, rate=0.05), tell=done.append)
    assert len(done) < 40


def test_a_loss_that_is_no_number_is_a_model_error(halves: tuple[Lessons, Lessons]) -> None:
    with pytest.raises(ModelError, match=r"lstm: at the learning rate 1e\+30 .* not learned"):
        train(*halves, LEVELS, MAX_AGE, RECIPE._replace(rate=1e30))


def test_the_straight_path_starts_from_what_is_straight(halves: tuple[Lessons, Lessons]) -> None:
    learn, judge = halves
    slope = np.zeros((lines(learn, MAX_AGE)[0].straight.shape[1], learn.truth.shape[1]))
    slope[0], slope[3] = 0.4, -0.2

    def planted(part: Lessons) -> Lessons:
        seen, _ = lines(part, MAX_AGE)
        return replace(part, truth=seen.straight @ slope * part.cases.move + seen.base[:, None])

    found, announced = ridge(planted(learn), planted(judge), MAX_AGE)
    x = lines(judge, MAX_AGE)[0].straight
    np.testing.assert_allclose(x @ found, x @ slope, atol=0.02)
    assert announced.shape == (learn.truth.shape[1], 0)


def test_a_simulation_that_is_right_is_followed_from_the_start() -> None:
    whole = lessons(record(kind="simulation"))
    _, announced = ridge(whole, whole, MAX_AGE)
    np.testing.assert_allclose(announced.sum(axis=1), 1.0, atol=0.1)


def test_a_lead_of_which_nothing_came_stays_where_it_is(halves: tuple[Lessons, Lessons]) -> None:
    learn, judge = halves
    truth = learn.truth.copy()
    truth[:, -1] = np.nan
    found, _ = ridge(replace(learn, truth=truth), judge, MAX_AGE)
    np.testing.assert_array_equal(found[:, -1], 0.0)
    assert np.any(found[:, 0])


def test_fewer_cases_than_a_batch_are_enough(halves: tuple[Lessons, Lessons]) -> None:
    learn, judge = (part.take(np.arange(5)) for part in halves)
    network = train(learn, judge, LEVELS, MAX_AGE, RECIPE)
    assert all(np.isfinite(a).all() for a in network.arrays().values())
    assert len(judge) < MOST_JUDGED
