"""The arithmetic in numpy: equal to torch's, never crossing, indifferent to a batch's size."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from hydria_plugin.forecasters.lstm.network import Network, names_of_arrays, sigmoid, softplus, spoken
from hydria_plugin.forecasters.lstm.sequences import Read, read
from hydria_plugin.forecasters.lstm.trainee import Trainee, tensors

from .small import MAX_AGE, random_network, record, some_sequences

LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)


@pytest.fixture
def seen() -> Read:
    return read(some_sequences(), MAX_AGE)


def rows_of(seen: Read, pick: slice) -> Read:
    return Read(*(part[pick] for part in seen))


@given(arrays.arrays(np.float64, (3, 7), elements=st.floats(-40, 40)), st.integers(0, 6))
def test_quantiles_never_cross_whatever_the_network_says(raw: np.ndarray, median: int) -> None:
    q = spoken(raw, median)
    assert q.shape == raw.shape
    assert np.all(np.diff(q, axis=-1) >= 0)
    np.testing.assert_array_equal(q[:, median], raw[:, 0])


def test_the_gaps_next_to_the_median_come_first() -> None:
    raw = np.array([[1.0, 0.0, 2.0, 3.0, 4.0]])
    q = spoken(raw, 2)[0]
    assert q[2] == 1.0
    assert q[1] == pytest.approx(1.0 - softplus(np.array(0.0)))
    assert q[0] == pytest.approx(q[1] - softplus(np.array(2.0)))
    assert q[4] - q[3] == pytest.approx(softplus(np.array(4.0)))


def test_only_the_median_is_one_quantile() -> None:
    np.testing.assert_array_equal(spoken(np.array([[2.5]]), 0), [[2.5]])


@given(st.floats(-700, 700))
def test_sigmoid_neither_overflows_nor_leaves_its_range(x: float) -> None:
    with np.errstate(over="raise", invalid="raise"):
        assert 0.0 <= float(sigmoid(np.array(x))) <= 1.0


@pytest.mark.parametrize("kind", ["level", "simulation"])
def test_numpy_says_what_torch_says(kind: str) -> None:
    import torch

    cases = some_sequences(record(kind=kind))
    seen = read(cases, MAX_AGE)
    with torch.random.fork_rng():
        torch.manual_seed(4)
        net = Trainee(seen, 6, LEVELS)
        for parameter in net.parameters():
            parameter.data.add_(0.2 * torch.randn_like(parameter))
    batch = tensors(seen, np.zeros(cases.move.shape), np.ones(len(cases)), cases.foreseen)
    with torch.no_grad():
        theirs = net.raw(*(batch[k] for k in ("tokens", "around", "straight", "coming", "announced")))
        spoken_theirs = net.quantiles(theirs[1]).numpy()
    ours = net.export().raw(seen)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b.numpy(), rtol=2e-4, atol=2e-4)
    np.testing.assert_allclose(spoken(ours[1], 3), spoken_theirs, rtol=2e-4, atol=2e-4)


def test_a_case_alone_is_answered_as_among_others(seen: Read) -> None:
    network = random_network(seen)
    many = network.raw(seen)
    for n in range(3):
        alone = network.raw(rows_of(seen, slice(n, n + 1)))
        for a, b in zip(alone, many, strict=True):
            np.testing.assert_allclose(a[0], b[n], rtol=1e-12, atol=1e-12)


def test_a_lead_does_not_see_what_comes_after_it(seen: Read) -> None:
    network = random_network(seen)
    other = seen.coming.copy()
    other[:, 3:] += 1.0
    (say, go), (say_too, go_too) = network.raw(seen), network.raw(seen._replace(coming=other))
    np.testing.assert_array_equal(say, say_too)
    np.testing.assert_array_equal(go[:, :3], go_too[:, :3])
    assert not np.allclose(go[:, 3:], go_too[:, 3:])


def test_a_level_above_all_seen_still_moves_the_forecast(seen: Read) -> None:
    """tanh has levelled off there; the straight path has not."""
    network = random_network(seen)
    high, higher = (network.raw(seen._replace(straight=seen.straight * k))[0][..., 0] for k in (50.0, 100.0))
    assert np.abs(higher - high).min() > 0.1


def test_the_arrays_hold_the_whole_network(seen: Read) -> None:
    network = random_network(seen)
    arrays_of = network.arrays()
    assert set(arrays_of) == set(names_of_arrays())
    again = Network.of({k: a.astype(np.float32) for k, a in arrays_of.items()})
    assert again.head.dtype == np.float64
    for a, b in zip(again.raw(seen), network.raw(seen), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)


def test_the_loss_is_the_quantile_loss_where_the_truth_is_known() -> None:
    """Against the formula, with the squared error of the centre beside it; unknown truths weigh nothing."""
    import torch

    cases = some_sequences(count=4)
    seen = read(cases, MAX_AGE)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        net = Trainee(seen, 4, LEVELS)
    change = np.linspace(-1.0, 2.0, cases.move.size).reshape(cases.move.shape)
    change[1:] = np.nan
    batch = tensors(seen, change, np.ones(4), np.zeros_like(cases.foreseen))
    with torch.no_grad():
        told = float(net.loss(batch))
        q = spoken(net.export().raw(seen)[0][:1], 3)
    error = change[0, :, None] - q[0]
    pinball = 2 * np.maximum(np.array(LEVELS) * error, (np.array(LEVELS) - 1) * error).mean()
    from hydria_plugin.forecasters.lstm.trainee import SQUARE

    assert told == pytest.approx(pinball + SQUARE * 0.5 * (error[:, 3] ** 2).mean(), rel=1e-3)
