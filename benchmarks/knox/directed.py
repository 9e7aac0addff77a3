"""Case D: networks that are told the discharge of the step before, read by their weights and by their total effects:
one in the study's form, and the one that forecasts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hydria_plugin import Split
from hydria_plugin.explainers.knox.contributions import gradient, k1, k2, k2r, median_zones
from hydria_plugin.explainers.knox.total import total_effect
from hydria_plugin.forecasters.block_network.forecaster import BlockNetwork
from hydria_plugin.forecasters.block_network.training import Samples, train_members
from hydria_plugin.forecasters.block_network.twin import RECIPE, Height, samples
from hydria_plugin.forecasters.block_network.twin_rain import gauges_of
from hydria_plugin.forecasters.block_network.unrolling import one_step, total_effects
from hydria_plugin.learning.fictitious_basin import Record
from hydria_plugin.learning.fictitious_cases import history_of
from hydria_plugin.values import Floats, Ints

LAGS = 12  # the study's window
UNROLLED = 36  # steps for which the network that forecasts is asked


def directed_read_outs(record: Record, split: Split, members: int, rng: np.random.Generator) -> dict[str, Floats]:
    """Shares (Z) of a one-step directed network, by read-out."""
    history = history_of(record)
    gauges, height = gauges_of(history, split, 0), Height.of(history, split, 0)
    at = [np.flatnonzero(mask[0] & (np.arange(len(record.times)) > 0)) for mask in (split.fit, split.stop)]
    fit, stop = (told(samples(gauges, height, steps, LAGS, at[0]), height, steps) for steps in at)
    net = train_members(fit, stop, replace(RECIPE, members=members), rng).networks
    weight = np.maximum(height.values[at[0]], 0.0)
    last = np.array([fit.state.shape[1] - 1])
    follows = np.concatenate([[False], np.diff(at[0]) == 1])
    whole = total_effect(net, fit.lagged, fit.state, last, np.ones(1), follows, 3 * LAGS, weight)
    return {
        "directed K1": median_zones(k1(net)),
        "directed K2": median_zones(k2(net)),
        "directed K2r": median_zones(k2r(net)),
        "directed gradient": median_zones(gradient(net, fit.lagged, fit.state, weight)),
        "directed total": median_zones(whole),
    }


def forecast_read_out(record: Record, split: Split, members: int, rng: np.random.Generator) -> dict[str, Floats]:
    """Shares (Z) by the total effects of the network that forecasts, by its defaults but for the selection."""
    history = history_of(record)
    kept = BlockNetwork(initialisations=members, select=False, twin=False, num_threads=1).fit(history, split).kept
    assert kept is not None
    slots = np.arange(len(record.basin.zones))
    total = total_effects(one_step(kept.model), history, split, 0, slots, UNROLLED, 6, rng, 0)
    gains = np.maximum(total.sum(axis=1), 0.0)
    return {"forecasting total": gains / gains.sum()}


def told(rain: Samples, height: Height, at: Ints) -> Samples:
    """With the height one step before as the last column of the state."""
    return replace(rain, state=np.column_stack([rain.state, height.values[at - 1] - height.centre]))
