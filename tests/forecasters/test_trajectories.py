"""The trajectories of a blend: its network's, as far as the blend follows what is announced, on its quantiles."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hydria_plugin import Forecast, Window
from hydria_plugin.forecasters.blend import Blend
from hydria_plugin.forecasters.persistence import Persistence
from hydria_plugin.forecasters.trajectories import answer_of, gain, of_blend
from hydria_plugin.learning.splits import split
from hydria_plugin.testing import sample_history, sample_window
from hydria_plugin.testing.samples import window_of
from hydria_plugin.values import Floats, two_way

NORMAL = np.array([-1.645, -1.282, -0.674, 0.0, 0.674, 1.282, 1.645])


def scenarios(window: Window, count: int = 6) -> Window:
    def each(a: np.ndarray) -> np.ndarray:
        return np.broadcast_to(a, (len(a), count, *a.shape[2:]))

    return replace(
        window, observed=window.observed.each(each), past=window.past.each(each), future=window.future.each(each)
    )


def last(window: Window) -> Floats:
    return np.asarray(window.observed.values[:, 0, -1])


def keeping(window: Window) -> Forecast:
    return Forecast.of(window, last(window)[:, None, None] + np.zeros((1, 6, 1)) + 0.1 * NORMAL, "persistence")


def announcing(window: Window, move: float = 2.0) -> Forecast:
    """Members that differ by 0.1, scenarios by 0.5, about a rise of ``move``."""
    rng = np.random.default_rng(1)
    s, r = len(window.stations), window.scenarios
    spread = 0.1 * rng.normal(size=(s, 1, 9, 6)) + 0.5 * rng.normal(size=(s, r, 1, 6))
    centre = last(window)[:, None, None] + move + np.zeros((1, 6, 1))
    return Forecast.of(window, centre + NORMAL, "network", members=last(window)[:, None, None, None] + move + spread)


def mixed_by(window: Window, weight: float, believed: float = 1.0) -> tuple[list[Forecast], Floats, Floats]:
    answers = [announcing(window), keeping(window)]
    weights = np.broadcast_to([weight, 1 - weight], (3, 6, 2))
    values = last(window)[:, None, None] + believed * weight * 2.0 + np.zeros((1, 6, 1)) + 0.3 * NORMAL
    return answers, np.asarray(weights), values


@pytest.mark.parametrize(("weight", "believed"), [(1.0, 1.0), (0.5, 1.0), (0.8, 0.5), (0.0, 1.0)])
def test_the_variance_is_as_large_as_what_is_followed(weight: float, believed: float) -> None:
    window = scenarios(sample_window(gaps=0.0))
    answers, weights, values = mixed_by(window, weight, believed)
    found = of_blend(window, answers, 1, weights, values)["variance"]
    whole = two_way(np.asarray(answers[0].members))
    np.testing.assert_allclose(found[..., :2], (weight * believed) ** 2 * whole, rtol=1e-6, atol=1e-12)
    assert np.isnan(found[..., 2]).all()


def test_they_lie_on_the_quantiles_of_the_blend_in_the_order_of_the_network() -> None:
    window = scenarios(sample_window(gaps=0.0))
    answers, weights, values = mixed_by(window, 0.7)
    laid = of_blend(window, answers, 1, weights, values)["members"]
    was = np.asarray(answers[0].members)
    assert laid.shape == was.shape
    np.testing.assert_array_equal(
        laid.reshape(3, -1, 6).argsort(axis=1, kind="stable"), was.reshape(3, -1, 6).argsort(axis=1, kind="stable")
    )
    np.testing.assert_allclose(np.median(laid, axis=(1, 2)), values[..., 3], atol=0.05)


def test_a_scenario_whose_river_stands_elsewhere_shifts_all() -> None:
    """What is doubted of the last value is followed in full, whoever is believed."""
    window = scenarios(sample_window(gaps=0.0))
    shift = np.arange(6.0)
    observed = window.observed.values + shift[:, None]
    window = replace(window, observed=replace(window.observed, values=observed))
    answers, weights, values = mixed_by(window, 0.4)
    moved = np.asarray(answers[0].members) * 0 + last(window)[:, None, None, None] + shift[:, None, None] + 2.0
    answers[0] = replace(answers[0], members=moved)
    found = of_blend(window, answers, 1, weights, values)["variance"]
    np.testing.assert_allclose(found[..., 1], np.var(shift[1:], ddof=1), rtol=1e-9)


def test_without_a_last_value_the_network_is_followed() -> None:
    window = scenarios(sample_window(gaps=0.0))
    answers, weights, values = mixed_by(window, 0.6)
    gone = np.full(window.observed.shape, np.nan)
    blind = replace(window, observed=replace(window.observed, values=gone))
    silent = replace(answers[1], values=np.full(answers[1].values.shape, np.nan))
    found = of_blend(blind, [answers[0], silent], 1, weights, values)["variance"]
    np.testing.assert_allclose(found[..., :2], two_way(np.asarray(answers[0].members)), rtol=1e-6)


def test_nobody_has_trajectories() -> None:
    window = sample_window()
    assert of_blend(window, [keeping(window)], 0, np.ones((3, 6, 1)), keeping(window).values) == {}


def test_the_gain_is_one_where_all_is_followed_and_none_where_nothing_is() -> None:
    window = sample_window(gaps=0.0)
    for weight in (0.0, 0.3, 1.0):
        answers, weights, values = mixed_by(window, weight)
        np.testing.assert_allclose(gain(answers, 1, weights, values[..., 3]), weight, atol=1e-9)


class Failing:
    def forecast(self, window: Window) -> Forecast:
        raise RuntimeError("broken")


def test_a_member_that_fails_answers_nothing() -> None:
    window = sample_window()
    answer = answer_of("failing", Failing(), window)
    assert not answer.there.any() and answer.members is None


# ---- in a real blend


class Network(Persistence):
    """Persistence with trajectories: what a blend does with them does not depend on who has them."""

    name = "network"

    def forecast(self, window: Window) -> Forecast:
        made = super().forecast(window)
        steps = np.linspace(-0.2, 0.2, 5)[:, None] * np.ones(made.horizon)
        rain = np.nan_to_num(window.past.values[..., 0]).sum(axis=2)
        members = made.median[:, None, None] + steps + 0.01 * rain[:, :, None, None]
        return replace(made, members=np.where(made.there[:, None, None, None], members, np.nan))


def test_a_blend_has_the_trajectories_of_its_members() -> None:
    history = sample_history(steps=1500, gaps=0.0)
    blend = Blend(members={"network": Network()}).fit(history, split(history))
    window = scenarios(window_of(history))
    issued = blend.forecast(window)
    assert issued.members is not None and issued.members.shape == (3, 6, 5, 6)
    assert issued.variance is not None and np.isnan(issued.variance[..., 2]).all()
    pooled = issued.members.reshape(3, -1, 6)
    assert (pooled.min(axis=1) <= issued.values[..., 1]).all() and (pooled.max(axis=1) >= issued.values[..., -2]).all()
    alone = blend.forecast(window.only([1]))
    np.testing.assert_allclose(alone.members, issued.members[[1]])
