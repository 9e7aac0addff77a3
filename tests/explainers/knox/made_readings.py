"""Readings with known numbers, and such as hypothesis makes them up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from hydria_plugin.explainers.knox.readings import VARIANTS, Caution, Reading, Response, Share, SlotReading

STEP = np.timedelta64(3600, "s")
LAGS = 24
CAUTIONS = (
    Caution("alike", {"correlation": 0.97, "limit": 0.95}, ("rain.1", "rain.2")),
    Caution("disagreement", {"share": 0.45, "other": 0.33, "limit": 0.1}, ("rain.1",)),
)


def hill(mode: float, lags: int = LAGS) -> tuple[float, ...]:
    """(L) a gamma-shaped response that sums to 1."""
    t = np.arange(lags) + 0.5
    shape = (t / mode) ** 3 * np.exp(-3 * t / mode)
    return tuple((shape / shape.sum()).tolist())


def zone(slot: str, series: str, share: float, mode: float) -> SlotReading:
    lags = np.array(hill(mode))
    reached = np.cumsum(lags)
    response = Response(
        float(lags.argmax()),
        float(lags @ np.arange(LAGS)),
        float((reached >= 0.1).argmax()),
        float((reached >= 0.9).argmax()),
    )
    spread = Share(share, share - 0.03, share + 0.04)
    low, high = (tuple((factor * lags).tolist()) for factor in (0.9, 1.2))
    volume = share * 0.9 + 0.025
    return SlotReading(
        slot, series, spread, volume, share, tuple(lags.tolist()), response, 0.5, 0.4, low, high
    )  # fmt: skip


def reading(station: str = "A1") -> Reading:
    """Four zones: 45, 30, 15 and 10 %; no cautions."""
    shares, modes = (0.45, 0.30, 0.15, 0.10), (2.0, 5.0, 3.0, 7.0)
    named = ("Saumane", "Saint-Roman", "Mialet", "p3")
    slots = tuple(zone(f"rain.{i}", n, s, m) for i, (n, s, m) in enumerate(zip(named, shares, modes, strict=True), 1))
    return Reading(station, "K2r", 38, 2, {"nse": 0.93}, slots, 0.04, dict.fromkeys(VARIANTS, shares), 0.03, LAGS, STEP)


def doubtful(station: str = "A1") -> Reading:
    return replace(reading(station), cautions=CAUTIONS)


def two_paths(station: str = "A1", slot: str = "rain.1") -> Reading:
    """A reading with a caution about the response time of one zone."""
    return replace(reading(station), cautions=(Caution("two-paths", {"half": 7.0, "tenth": 40.0}, (slot,)),))


def dumb(station: str = "A1") -> Reading:
    """A reading with a zone that has no say."""
    whole = reading(station)
    silent = replace(
        whole.slots[3], share=Share(0.0, 0.0, 0.0), lags=(0.0,) * LAGS, response=None, lags_q25=(), lags_q75=()
    )
    return replace(whole, slots=(*whole.slots[:3], silent))


finite = st.floats(-1e6, 1e6)
shares = st.floats(-0.2, 1.2)
names = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co")), max_size=12)
responses = st.none() | st.builds(Response, finite, finite, finite, finite)


@st.composite
def any_readings(draw: st.DrawFn) -> Reading:
    """Whatever the contract allows, sensible or not."""
    lags, zones = draw(st.integers(1, 6)), draw(st.integers(0, 10))
    some_shares = st.builds(Share, shares, shares, shares)
    lists = st.lists(shares, min_size=lags, max_size=lags).map(tuple)
    wetness = st.none() | shares
    slot = st.builds(
        SlotReading, names, names, some_shares, shares, shares, lists, responses, wetness, wetness, lists, lists
    )
    slots = tuple(draw(st.lists(slot, min_size=zones, max_size=zones)))
    per_zone = st.lists(shares, min_size=zones, max_size=zones).map(tuple)
    cautions = st.builds(Caution, names, st.dictionaries(names, finite, max_size=2), st.lists(names).map(tuple))
    return Reading(
        draw(names),
        draw(names),
        draw(st.integers(0, 99)),
        draw(st.integers(0, 99)),
        draw(st.dictionaries(names, finite, max_size=2)),
        slots,
        draw(shares),
        draw(st.dictionaries(st.sampled_from(VARIANTS), per_zone)),
        draw(shares),
        lags,
        np.timedelta64(draw(st.integers(1, 10**6)), "s"),
        draw(st.integers(0, 9)),
        tuple(draw(st.lists(cautions, max_size=3))),
    )
