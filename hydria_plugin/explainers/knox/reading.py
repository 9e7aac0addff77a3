"""Reading a twin: shares, lags and times of each zone, with the cautions that belong to them.

The headline is the gradient: the mean effect of a millimetre more rain on the river, signs kept, over the steps of the
record, each weighing as high as the river stood. Why this one: docs/decisions/0035. It is checked
against what the same networks answer when a part of a zone's rain is taken away.
"""

from __future__ import annotations

import numpy as np

from hydria_plugin.forecasters.block_network.twin import Twin, in_own_unit
from hydria_plugin.values import Floats

from .checks import Findings, cautions
from .contributions import (
    WEIGHT_READ_OUTS,
    Contributions,
    divided,
    gradient,
    k2r,
    median_lags,
    median_zones,
    negative_share,
)
from .readings import Reading, Share, SlotReading
from .response import lag_shares, responses

HEADLINE = "gradient"
TAKEN = 0.2  # of the rain of a zone, in the cross-check


def read_twin(twin: Twin) -> Reading:
    """Of one station."""
    effect = effect_of(twin)
    effects = median_lags(effect)
    shares = median_zones(effect)
    lags = lag_shares(np.where(shares[:, None] > 0, effects, 0.0))  # a zone without a share has no time either
    wet, dry = by_wetness(twin)
    total = total_shares(twin)
    variants = {name: median_zones(read(twin.networks)) for name, read in WEIGHT_READ_OUTS.items()}
    variants |= {HEADLINE: shares} if total is None else {HEADLINE: shares, "total": total}
    quartiles = np.quantile(effect.zones, [0.25, 0.75], axis=0)
    state, negative = float(np.median(k2r(twin.networks).state_share)), negative_share(twin.networks)
    iqr, cross = quartiles[1] - quartiles[0], taken_away(twin)
    found = Findings(shares, iqr, cross, wet, dry, lags, effects, total, negative, state)
    return Reading(
        twin.station, HEADLINE, twin.initialisations, twin.dropped, dict(twin.skill),
        slot_readings(twin, shares, quartiles, lags, lag_quartiles(effect, lags), wet, dry), state,
        {name: as_tuple(variant) for name, variant in variants.items()}, negative, twin.lags, twin.step, 0,
        cautions(twin, found),
    )  # fmt: skip


def total_shares(twin: Twin) -> Floats | None:
    """(Z) shares by the total effects of the network that forecasts; None where they are not known, or where rain does
    not raise its river."""
    gains = np.maximum(twin.total.sum(axis=1), 0.0)
    return divided(gains, gains.sum()) if gains.any() else None


def lag_quartiles(effect: Contributions, lags: Floats) -> Floats:
    """(2, Z, L) quartiles over the members of each zone's own distribution of lags, where ``lags`` (Z, L) has any."""
    rain = np.where(lags > 0, effect.rain, 0.0)
    return np.asarray(np.quantile(divided(rain, rain.sum(axis=2, keepdims=True)), [0.25, 0.75], axis=0))


def effect_of(twin: Twin, pick: np.ndarray | None = None) -> Contributions:
    """The headline read-out of every member, on some of the samples or all."""
    pick = np.ones(len(twin.height), dtype=bool) if pick is None else pick
    lagged, height = np.asarray(twin.lagged[pick], dtype=np.float64), np.maximum(twin.height[pick], 0.0)
    return gradient(twin.networks, lagged, twin.state[pick], height if height.any() else None)


def taken_away(twin: Twin) -> Floats:
    """(Z) shares by what the river, in its own unit, would have lacked without a part of a zone's rain, per millimetre:
    median over the members."""
    lagged = np.asarray(twin.lagged, dtype=np.float64)
    net, state = twin.networks, twin.state
    whole, lacking = in_own_unit(net.output(lagged, state), twin), np.zeros((len(twin.networks), len(twin.slots)))
    for z in range(len(twin.slots)):
        less = lagged.copy()
        less[:, z] *= 1 - TAKEN
        lacking[:, z] = (whole - in_own_unit(net.output(less, state), twin)).mean(axis=1)
    fallen = TAKEN * lagged.sum(axis=2).mean(axis=0)
    by_zone = divided(lacking, fallen[None])
    return median_zones(Contributions(by_zone[:, :, None], np.zeros((len(by_zone), 0))))


def by_wetness(twin: Twin) -> tuple[Floats, Floats]:
    """(Z), (Z) shares on the wetter and on the drier half of the samples, by the rain of the days and months before."""
    wetness = twin.wetness.sum(axis=1)
    wet = wetness > np.median(wetness)
    if not wet.any():
        both = median_zones(effect_of(twin))
        return both, both
    return median_zones(effect_of(twin, wet)), median_zones(effect_of(twin, ~wet))


def slot_readings(
    twin: Twin, shares: Floats, quartiles: Floats, lags: Floats, spread: Floats, wet: Floats, dry: Floats
) -> tuple[SlotReading, ...]:
    """One per zone; ``quartiles`` (2, Z) of the shares, ``spread`` (2, Z, L) of the lags."""
    volume, per_std = (rescaled(shares, by) for by in (twin.rain_mean, twin.rain_std))
    times = responses(lags)
    return tuple(
        SlotReading(
            slot, twin.series[z], Share(float(shares[z]), float(quartiles[0, z]), float(quartiles[1, z])),
            float(volume[z]), float(per_std[z]), as_tuple(lags[z]), times[z], float(wet[z]), float(dry[z]),
            as_tuple(spread[0, z]), as_tuple(spread[1, z]),
        )
        for z, slot in enumerate(twin.slots)
    )  # fmt: skip


def rescaled(shares: Floats, by: Floats) -> Floats:
    """(Z) shares in proportion to shares times ``by``."""
    return divided(shares * by, (shares * by).sum())


def as_tuple(values: Floats) -> tuple[float, ...]:
    return tuple(float(v) for v in values)
