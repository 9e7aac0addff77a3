"""Laws of the fictitious basin: water is neither made nor lost, whatever falls on whatever ground at whatever step."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin.learning.fictitious_basin import Basin, Zone, simulate
from hydria_plugin.learning.production import evaporation, nash
from hydria_plugin.learning.sensor_faults import FaultRates, spoil
from hydria_plugin.learning.storms import tipped
from hydria_plugin.values import Floats, Times

STEPS = 240


def times_of(minutes: int) -> Times:
    return np.asarray(
        np.datetime64("2021-02-01T00:00", "s") + np.timedelta64(minutes * 60, "s") * np.arange(1, STEPS + 1)
    )


@st.composite
def zones(draw: st.DrawFn) -> tuple[Zone, ...]:
    many = draw(st.integers(1, 3))
    return tuple(
        Zone(
            f"z{i}",
            draw(st.floats(0.1 if i == 0 else 0.0, 1.0)),
            draw(st.floats(0.2, 60.0)),
            (3.0 * i, 0.0),
            draw(st.integers(2, 8)),
            draw(st.sampled_from([0.0, 0.4, 1.0])),
        )
        for i in range(many)
    )


@st.composite
def rains(draw: st.DrawFn, many: int) -> Floats:
    """Dry, drizzle, and more than ever fell in an hour."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    depth = draw(st.sampled_from([0.0, 0.1, 5.0, 400.0]))
    return depth * rng.random((STEPS, many)) * (rng.random((STEPS, many)) < draw(st.sampled_from([0.02, 0.3, 1.0])))


@settings(max_examples=40)
@given(data=st.data(), minutes=st.sampled_from([5, 15, 60, 360, 1440]), capacity=st.floats(1.0, 1000.0))
def test_rain_is_what_evaporates_flows_and_stays(data: st.DataObject, minutes: int, capacity: float) -> None:
    basin = Basin(
        data.draw(zones()), law="production", capacity_mm=capacity, noise=0.0, area_km2=data.draw(st.floats(1, 9e3))
    )
    rain = data.draw(rains(len(basin.zones)))
    record = simulate(basin, np.random.default_rng(0), times=times_of(minutes), rain=rain)
    b = record.balance
    assert b["rain"] == pytest.approx(b["evaporated"] + b["discharged"] + b["stored"], rel=1e-9, abs=1e-6)
    volume_mm = record.discharge.sum() * minutes * 60 / (basin.area_km2 * 1e3)
    assert volume_mm == pytest.approx(b["discharged"], rel=1e-9, abs=1e-9)
    assert min(b["evaporated"], b["discharged"]) >= 0 and (record.discharge >= 0).all()
    assert np.isfinite(record.level).all() and np.isfinite(record.measured).all()
    assert basin.shares.sum() == pytest.approx(1) and (basin.shares >= 0).all()


@settings(max_examples=30)
@given(data=st.data(), factor=st.floats(0.0, 10.0))
def test_the_linear_basin_is_linear_and_gives_what_it_got(data: st.DataObject, factor: float) -> None:
    basin = Basin(data.draw(zones()), power=1.0, noise=0.0)
    rain = data.draw(rains(len(basin.zones)))
    rain[-120:] = 0.0

    def flow(fallen: Floats) -> Floats:
        return simulate(basin, np.random.default_rng(0), times=times_of(60), rain=fallen).discharge

    np.testing.assert_allclose(flow(rain * factor), factor * flow(rain), rtol=1e-9, atol=1e-9)
    gained = flow(rain).sum() * 3.6 / basin.area_km2
    fell = float(rain.sum(axis=0) @ basin.shares) * basin.runoff_coefficient
    assert gained <= fell * (1 + 1e-9)  # the rest is on its way
    if len(basin.responses(1.0)) <= 120:
        assert gained == pytest.approx(fell, rel=1e-9, abs=1e-9)


@given(mode=st.floats(0.05, 200), reservoirs=st.integers(2, 12), step=st.sampled_from([1 / 60, 0.25, 1.0, 24.0]))
@settings(max_examples=60)
def test_a_unit_hydrograph_is_shares_of_one(mode: float, reservoirs: int, step: float) -> None:
    shares = nash(max(mode, step / 4), reservoirs, step)
    assert shares.sum() == pytest.approx(1) and (shares >= -1e-12).all()
    centre = float(np.arange(len(shares)) @ shares * step)
    assert centre == pytest.approx(reservoirs * max(mode, step / 4) / (reservoirs - 1), rel=0.02, abs=0.6 * step)


@given(st.floats(-1.0, 1e6))
def test_the_rating_curve_goes_both_ways(discharge: float) -> None:
    basin = Basin((Zone("z", 1.0, 3.0),))
    back = float(basin.discharge(basin.level(np.array([discharge])))[0])
    assert back == pytest.approx(max(discharge, 0.0), rel=1e-6, abs=1e-9)


@settings(max_examples=40)
@given(st.lists(st.floats(0, 60), min_size=1, max_size=80), st.sampled_from([0.1, 0.2, 1.0]))
def test_a_tipping_bucket_keeps_the_rest_for_the_next_step(rain: list[float], bucket: float) -> None:
    fallen = np.array(rain)[:, None]
    read = tipped(fallen, bucket)
    behind = np.cumsum(fallen) - np.cumsum(read)
    assert (behind > -1e-6).all() and (behind < bucket + 1e-6).all()


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32), many=st.floats(0, 400), constant=st.booleans())
def test_the_record_of_faults_is_the_whole_truth(seed: int, many: float, constant: bool) -> None:
    """Outside of the faults that are told, every value is what the gauge should have said."""
    rng = np.random.default_rng(seed)
    series = {name: np.full(500, 2.0) if constant else rng.random(500) for name in ("rain.a", "level")}
    rates = FaultRates(gaps=many, stuck=many, spikes=many, clogged=many)
    spoilt, faults = spoil(series, 1.0, rates, rng)
    for name, values in series.items():
        touched = np.zeros(500, bool)
        for fault in (f for f in faults if f.series == name):
            assert 0 <= fault.first <= fault.last < 500
            touched[fault.first : fault.last + 1] = True
        assert np.array_equal(spoilt[name][~touched], values[~touched])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"zones": (Zone("one", 1.0, 3.0, reservoirs=1),)}, "'one': 1 reservoirs"),
        ({"zones": (Zone("still", 1.0, 0.0),)}, "'still': 4 reservoirs, mode 0.0 h"),
        ({"zones": (Zone("none", 0.0, 3.0),)}, r"shares must be 0 or more, and one above: not \[0.0\]"),
        ({"law": "magic"}, "'magic' is not one of block-linear, production"),
    ],
)
def test_a_basin_that_cannot_be_is_refused_with_a_sentence(change: dict[str, object], told: str) -> None:
    basin = replace(Basin((Zone("z", 1.0, 3.0),)), **change)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=told):
        simulate(basin, np.random.default_rng(0), times=times_of(60))


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -0.1])
def test_rain_that_cannot_be_is_refused(wrong: float) -> None:
    rain = np.zeros((STEPS, 1))
    rain[7, 0] = wrong
    with pytest.raises(ValueError, match="finite and not negative"):
        simulate(Basin((Zone("z", 1.0, 3.0),)), np.random.default_rng(0), times=times_of(60), rain=rain)


@pytest.mark.parametrize("steps", [0, 1])
def test_a_moment_is_no_record(steps: int) -> None:
    with pytest.raises(ValueError, match="times must be regular, and at least two"):
        simulate(Basin((Zone("z", 1.0, 3.0),)), np.random.default_rng(0), times=times_of(60)[:steps])


@given(st.sampled_from([15, 60, 1440]), st.floats(0, 10))
@settings(max_examples=15)
def test_evaporation_over_a_year_is_what_it_is_called(minutes: int, mean: float) -> None:
    times = np.datetime64("2021-01-01T00:00", "s") + np.timedelta64(minutes * 60, "s") * np.arange(
        1, 365 * 1440 // minutes + 1
    )
    taken = evaporation(times, minutes / 60, mean)
    assert (taken >= 0).all() and taken.sum() / 365 == pytest.approx(mean, rel=0.02)
