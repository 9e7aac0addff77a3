"""One trial: a basin is drawn, its twin trained as the product trains it, read by every rule, and held to the truth."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.knox.directed import directed_read_outs, forecast_read_out
from benchmarks.knox.records import drawn
from benchmarks.knox.rivals import permutation, shapley
from hydria_plugin.explainers.knox.contributions import garson, gradient, median_lags, median_zones, olden
from hydria_plugin.explainers.knox.reading import effect_of, read_twin
from hydria_plugin.explainers.knox.readings import Reading
from hydria_plugin.forecasters.block_network.twin import RECIPE, Twin, fit_twin
from hydria_plugin.learning.fictitious_basin import Record
from hydria_plugin.values import Floats

Trial = dict[str, Any]


def trial(case: str, seed: int, members: int, quantity: str = "discharge") -> Trial:
    """All figures of one realisation; errors in points (of 100) and hours."""
    begun = time.monotonic()
    record, history, split, rng = drawn(case, seed, quantity)
    twin = fit_twin(history, split, 0, rng, replace(RECIPE, members=members))
    reading, shares = read_twin(twin), rivals(twin, rng)
    if case == "D":
        shares |= directed_read_outs(record, split, members, rng)
        shares |= forecast_read_out(record, split, members, rng)
    truth = record.basin.shares
    return {
        "case": case,
        "quantity": quantity,
        "seed": seed,
        "headline": reading.variant,
        "error": {name: largest(share, truth) for name, share in shares.items()},
        "shares": {name: [round(float(s), 4) for s in share] for name, share in shares.items()},
        "first": float(np.mean(effect_of(twin).zones.argmax(axis=1) == truth.argmax())),
        "centroid": centroid_errors(reading, record),
        "cut": cut_centroid_errors(twin, record),
        "iqr": max(100 * (s.share.q75 - s.share.q25) for s in reading.slots),
        "together": together(reading, record),
        "skill": dict(twin.skill),
        "lags": twin.lags,
        "negative": reading.negative_share,
        "state": reading.state_share,
        "cautions": named(reading, "shares"),
        "of times": named(reading, "times"),
        "seconds": time.monotonic() - begun,
    }


def rivals(twin: Twin, rng: np.random.Generator) -> dict[str, Floats]:
    """Shares (Z) by read-out."""
    lagged, state = np.asarray(twin.lagged, dtype=np.float64), twin.state
    net, reading = twin.networks, read_twin(twin)
    shown = twin.height - twin.centre
    return {
        "headline": np.array([slot.share.median for slot in reading.slots]),
        **{name: np.array(share) for name, share in reading.variants.items() if name != reading.variant},
        "plain gradient": median_zones(gradient(net, lagged, state)),
        "Garson": median_zones(garson(net)),
        "Olden": median_zones(olden(net)),
        "permutation": permutation(net, lagged, state, shown, rng),
        "Shapley": shapley(net, lagged, state, rng),
        "equal": np.full(len(twin.slots), 1 / len(twin.slots)),
    }


def largest(share: Floats, truth: Floats) -> float:
    return float(100 * np.abs(share - truth).max())


def centroid_errors(reading: Reading, record: Record) -> list[float]:
    """Hours, signed, of the zones that have a share."""
    truth, hours = record.basin.centroids(record.step_hours), record.step_hours
    return [
        slot.response.centroid * hours - float(truth[z])
        for z, slot in enumerate(reading.slots)
        if record.basin.shares[z] > 0 and slot.response is not None
    ]


def cut_centroid_errors(twin: Twin, record: Record) -> list[float]:
    """The same where negative lags are set to 0 and nothing else is done."""
    effect = np.maximum(median_lags(effect_of(twin)), 0.0)
    at = effect @ np.arange(effect.shape[1]) / np.maximum(effect.sum(axis=1), 1e-12)
    return [float(e) for e in (at * record.step_hours - record.basin.centroids(record.step_hours))]


def together(reading: Reading, record: Record) -> float:
    """Largest error when gauges that are named as alike are taken together, points."""
    share, truth = np.array([s.share.median for s in reading.slots]), record.basin.shares.copy()
    place = {slot.slot: z for z, slot in enumerate(reading.slots)}
    for caution in (c for c in reading.cautions if c.code == "alike"):
        one, other = (place[slot] for slot in caution.slots)
        for values in (share, truth):
            values[one], values[other] = values[one] + values[other], 0.0
    return largest(share, truth)


def named(reading: Reading, about: str) -> list[str]:
    """The cautions that bear on shares, or on times."""
    mine = [caution for caution in reading.cautions if caution.about == about]
    return [f"{c.code} {'+'.join(c.slots)} {rounded(c.numbers)}" for c in mine]


def rounded(numbers: Any) -> dict[str, float]:
    return {key: round(float(value), 3) for key, value in numbers.items()}
