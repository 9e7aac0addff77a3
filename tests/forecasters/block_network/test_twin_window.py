"""How many lags a twin is given: enough for the response, whatever else moves the river."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hydria_plugin.forecasters.block_network.training import Recipe, Samples
from hydria_plugin.forecasters.block_network.twin_window import WINDOWS, columns, window_of

from . import planted


def test_the_window_is_a_little_longer_than_the_response() -> None:
    """The planted unit hydrographs end at lag 8."""
    rng = np.random.default_rng(0)
    rain = planted.rain(1500, rng)
    x = planted.lagged(rain, 36)
    y = np.einsum("bzl,zl,z->b", x[:, :, : planted.LAGS], planted.responses(), planted.SHARES)
    fit, stop = (Samples(x[a], np.zeros((len(x[a]), 0)), y[a]) for a in (slice(0, 1000), slice(1000, None)))
    assert window_of(fit, stop, Recipe()) == 18
    assert columns(fit, 3).shape == (1000, 10)
    assert columns(replace(fit, state=np.ones((1000, 2))), 3).shape == (1000, 12)
    short = replace(fit, lagged=fit.lagged[:, :, :6]), replace(stop, lagged=stop.lagged[:, :, :6])
    assert window_of(*short, Recipe()) == WINDOWS[0]


def test_what_the_state_does_to_the_river_does_not_shorten_the_window() -> None:
    """A season as large as the rain: beside it as an error, what the last lags bring is hardly seen."""
    rng = np.random.default_rng(0)
    x, season = planted.lagged(planted.rain(1500, rng), 36), np.sin(np.arange(1500) / 100)[:, None]
    y = np.einsum("bzl,zl,z->b", x[:, :, : planted.LAGS], planted.responses(), planted.SHARES) + season[:, 0]
    dealt = np.split(rng.permutation(1500), [1000])
    fit, stop = (Samples(x[at], season[at], y[at]) for at in dealt)
    blind, also = (replace(part, state=np.zeros((len(part), 0))) for part in (fit, stop))
    assert window_of(fit, stop, Recipe()) == 18 > window_of(blind, also, Recipe())
