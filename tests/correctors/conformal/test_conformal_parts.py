"""How a network is parted, and on how many threads, changes nothing that is learned or issued."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin import Flag, State, Verified, Window
from hydria_plugin.correctors.conformal import corrector as module
from hydria_plugin.correctors.conformal.corrector import Conformal
from hydria_plugin.forecasters.persistence import Persistence
from hydria_plugin.testing import sample_history, sample_layout
from hydria_plugin.testing.samples import window_of
from hydria_plugin.values import Floats
from tests.correctors.threads import threads

STATIONS, TICK = 11, 0.25


@cache
def window() -> Window:
    return window_of(sample_history(sample_layout(STATIONS, past=24, horizon=9), steps=300, gaps=0.02), 200)


def conformal() -> Conformal:
    """Of every third gauge it knows the ticks."""
    found = Conformal()
    found.ticks = dict.fromkeys(window().stations[::3], TICK)
    return found


def lived(seed: int, steps: int = 12) -> tuple[State, Floats]:
    """What is learned from truth that lacks here and there, floods among it, and what is issued after."""
    rng, corrector = np.random.default_rng(seed), conformal()
    state: State = {}
    quantiles = np.asarray(Persistence().forecast(window()).values)
    for _ in range(steps):
        state = corrector.learn(met(quantiles, rng), state)
    some = rng.permutation(STATIONS)[: int(rng.integers(1, STATIONS + 1))].tolist()
    forecast = Persistence().forecast(window().only(some))
    return state, corrector.correct_forecast(forecast, replace(window(), learned={"conformal": state})).values


def met(quantiles: Floats, rng: np.random.Generator) -> Verified:
    s, h, q = quantiles.shape
    raw = quantiles * rng.lognormal(0.0, 0.5, (s, 1, 1))
    truth = np.where(rng.random(s) < 0.2, np.nan, raw[:, 0, q // 2] * rng.lognormal(0.0, 0.3, s))
    flags = np.where(rng.random(s) < 0.1, Flag.SUSPECT, Flag.GOOD).astype(np.uint8)
    base, rise = np.repeat(raw[:, :1, q // 2], h, axis=1), rng.normal(size=(s, h))
    return Verified(
        window().issued_at, window().stations, window().quantiles, raw, truth, flags, base=base, rise=rise, raw=raw
    )


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 5), st.integers(1, STATIONS))
def test_neither_the_parts_nor_the_threads_change_anything(seed: int, many: int, block: int) -> None:
    state, issued = lived(seed)
    assert (np.asarray(state["floods"]) > 0).any() and not np.array_equal(issued, 0.0)
    with pytest.MonkeyPatch.context() as patch, threads(many):
        patch.setattr(module, "BLOCK", block)
        found, again = lived(seed)
    np.testing.assert_array_equal(again, issued)
    assert found.keys() == state.keys()
    for name, array in state.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)
