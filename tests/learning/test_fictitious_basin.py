"""The fictitious basin against its own truth: shares, responses, water, rain, faults, seeds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hydria_plugin.learning.basin_cases import STUDY_ZONES, A, cases, demonstration
from hydria_plugin.learning.fictitious_basin import HOUR, START, Record, simulate
from hydria_plugin.learning.production import evaporation, nash, soil
from hydria_plugin.learning.sensor_faults import FaultRates, spoil
from hydria_plugin.learning.storms import storms, study_storms, tipped
from hydria_plugin.values import Floats, Times

YEARS = 4


def hourly(steps: int) -> Times:
    return np.asarray(START + HOUR * np.arange(1, steps + 1))


def pulse(zone: int, steps: int = 120, depth: float = 1.0) -> Floats:
    rain = np.zeros((steps, 4))
    rain[10, zone] = depth
    return rain


@pytest.fixture(scope="module")
def decade_part() -> Record:
    return simulate(demonstration(), np.random.default_rng(7), times=hourly(YEARS * 8766))


# ---- what KnoX will be judged on --------------------------------------------------------------------------------


def test_the_study_s_truth() -> None:
    np.testing.assert_allclose(A.shares, [0.45, 0.30, 0.15, 0.10])
    assert A.responses(1.0).argmax(axis=0).tolist() == [2, 5, 3, 7]
    assert len(cases()["B"].zones) == 4 and cases()["B"].power == 1.0


def test_impulse_responses_give_the_shares_and_unit_hydrographs_back() -> None:
    basin = replace(A, power=1.0, noise=0.0)
    passed = np.stack(
        [simulate(basin, np.random.default_rng(0), times=hourly(120), rain=pulse(z)).discharge for z in range(4)],
        axis=1,
    )
    np.testing.assert_allclose(passed.sum(axis=0) / passed.sum(), basin.shares, atol=1e-12)
    responses = passed[10:] / passed.sum(axis=0)
    np.testing.assert_allclose(responses[: len(basin.responses(1.0))], basin.responses(1.0)[:110], atol=1e-12)


def test_the_power_acts_on_the_sum_of_the_zones() -> None:
    record = simulate(replace(A, noise=0.0), np.random.default_rng(1))
    a = record.basin
    whole = a.reference_mm_h * (record.routed.sum(axis=1) / a.reference_mm_h) ** 1.5 * a.runoff_coefficient
    np.testing.assert_allclose(record.discharge, whole * a.area_km2 / 3.6)
    np.testing.assert_array_equal(record.measured.shape, record.discharge.shape)
    np.testing.assert_allclose(record.measured, record.discharge, rtol=1e-9)


@pytest.mark.parametrize("name", list(cases()))
def test_every_case_is_finite_where_no_gauge_failed_and_says_its_truth(name: str) -> None:
    basin = cases()[name]
    record = simulate(basin, np.random.default_rng(3))
    assert np.isfinite(record.discharge).all() and record.discharge.max() > 100
    assert basin.shares.sum() == pytest.approx(1) and record.volume_shares.sum() == pytest.approx(1)
    np.testing.assert_allclose(basin.responses(1.0).sum(axis=0), 1)
    assert len(np.unique(record.events)) == basin.events
    assert bool(record.faults) == (name == "faulty")


def test_the_harder_cases_are_what_they_are_called() -> None:
    assert cases()["off-basin"].shares[-1] == 0
    identical = simulate(cases()["identical"], np.random.default_rng(1))
    np.testing.assert_array_equal(identical.gauges[:, 0], identical.gauges[:, 1])
    assert not np.array_equal(identical.rain[:, 0], identical.rain[:, 1])
    assert cases()["karst"].centroids(1.0)[1] > 3 * A.centroids(1.0)[1]
    assert cases()["equal"].shares.tolist() == [0.25] * 4
    wrong = simulate(cases()["E"], np.random.default_rng(1))
    wet = wrong.rain > 0.5
    assert np.std(np.log(wrong.gauges[wet] / wrong.rain[wet])) == pytest.approx(np.log(1.3), rel=0.03)


def test_the_noise_is_multiplicative_and_as_large_as_said() -> None:
    record = simulate(A, np.random.default_rng(4))
    flowing = record.discharge > 1
    assert np.std(record.measured[flowing] / record.discharge[flowing]) == pytest.approx(0.05, rel=0.05)


# ---- water ------------------------------------------------------------------------------------------------------


def test_no_water_is_made_or_lost(decade_part: Record) -> None:
    b = decade_part.balance
    assert b["rain"] == pytest.approx(b["evaporated"] + b["discharged"] + b["stored"], abs=1e-6)
    volume = decade_part.discharge.sum() * 3600 / (decade_part.basin.area_km2 * 1e6) * 1000
    assert volume == pytest.approx(b["discharged"], rel=1e-9)
    assert 0.3 < b["discharged"] / b["rain"] < 0.7


def test_the_river_remembers_the_soil(decade_part: Record) -> None:
    """The same storm gives more on wet soil: what no fixed unit hydrograph can do."""
    basin = replace(demonstration(), faults=None, noise=0.0)
    storm, before = np.zeros((400, 4)), np.zeros((400, 4))
    storm[300:306] = 10.0
    before[200:260] = 2.0
    times = hourly(400)
    dry = simulate(basin, np.random.default_rng(0), times=times, rain=storm).discharge.max()
    wet = simulate(basin, np.random.default_rng(0), times=times, rain=storm + before).discharge.max()
    assert wet > 1.3 * dry
    assert np.all(decade_part.discharge >= 0) and np.quantile(decade_part.discharge, 0.5) < 5


def test_the_store_drains_alike_at_every_step() -> None:
    """A year of even rain: what evaporates and what flows hardly depend on the step."""

    def year(minutes: int) -> tuple[float, float]:
        steps = 365 * 1440 // minutes
        times = START + np.timedelta64(60 * minutes, "s") * np.arange(1, steps + 1)
        water = soil(times, np.full((steps, 1), 4.0 * minutes / 1440), minutes / 60, 180.0, 240.0)
        return float(water.evaporated[0]), float(water.direct.sum() + water.slow.sum())

    for minutes in (15, 180):
        assert year(minutes) == pytest.approx(year(60), rel=0.05)


def test_evaporation_is_that_of_a_year() -> None:
    for step_hours in (0.25, 1.0, 24.0):
        steps = int(8766 / step_hours)
        times = START + np.timedelta64(int(3600 * step_hours), "s") * np.arange(1, steps + 1)
        assert evaporation(times, step_hours).sum() == pytest.approx(2.8 * 365.25, rel=0.01)


def test_a_cascade_peaks_where_it_says_at_every_step() -> None:
    for step_hours in (0.1, 0.25, 1.0):
        assert nash(5.0, 4, step_hours).argmax() * step_hours == pytest.approx(5.0, abs=step_hours / 2)
    assert nash(2.0, 4, 24.0).argmax() == 0  # within the day
    lags = np.arange(len(nash(6.0, 4, 0.1))) * 0.1
    assert nash(6.0, 4, 0.1) @ lags == pytest.approx(6.0 / 3 * 4, rel=0.01)  # a cascade's mean is n residence times


def test_the_rating_curve_goes_both_ways() -> None:
    q = np.array([0.0, 1.0, 50.0, 900.0])
    np.testing.assert_allclose(A.discharge(A.level(q)), q, atol=1e-12)


# ---- rain -------------------------------------------------------------------------------------------------------


def test_the_storms_of_a_mediterranean_basin(decade_part: Record) -> None:
    rain, times = decade_part.rain, decade_part.times
    month = times.astype("datetime64[M]").astype(int) % 12
    autumn = np.isin(month, (8, 9, 10))
    assert np.all((rain.sum(axis=0) / YEARS > 700) & (rain.sum(axis=0) / YEARS < 2000))
    assert np.all(((rain > 0.2).mean(axis=0) > 0.03) & ((rain > 0.2).mean(axis=0) < 0.12))
    assert rain[autumn].sum() / rain.sum() > 0.3
    assert 25 < rain.max() < 200
    summer = rain[np.isin(month, (5, 6, 7))]
    winter = rain[np.isin(month, (11, 0, 1))]
    assert np.quantile(summer[summer > 0.2], 0.95) > np.quantile(winter[winter > 0.2], 0.95)


def test_near_gauges_agree_more_than_far_ones() -> None:
    places = np.array([[0.0, 0.0], [3.0, 0.0], [40.0, 0.0]])
    c = np.corrcoef(storms(hourly(2 * 8766), places, np.random.default_rng(5)).T)
    assert c[0, 1] > 0.85 and c[0, 2] < c[0, 1] - 0.2


def test_rain_does_not_depend_on_the_step() -> None:
    """The same climate by quarter hours: as much water, in sharper bursts."""
    quarters = START + np.timedelta64(900, "s") * np.arange(1, 4 * 8766 + 1)
    fine = storms(quarters, np.zeros((1, 2)), np.random.default_rng(6))[:, 0]
    coarse = storms(hourly(8766), np.zeros((1, 2)), np.random.default_rng(6))[:, 0]
    assert fine.sum() == pytest.approx(coarse.sum(), rel=0.05)
    assert 4 * fine.max() > coarse.max()


def test_the_study_s_storms_share_what_they_should() -> None:
    def between(together: float) -> float:
        rain, events = study_storms(60, 4, together, np.random.default_rng(8))
        assert rain.shape == (60 * 96, 4) and events[-1] == 59
        return float(np.corrcoef(rain.T)[np.triu_indices(4, 1)].mean())

    assert between(0.0) < 0.25 < between(0.5) < between(0.7) < between(1.0) + 1e-9
    assert between(1.0) == pytest.approx(1.0)


def test_a_tipping_bucket_counts_whole_buckets_and_loses_nothing() -> None:
    rain = np.random.default_rng(9).gamma(0.3, 0.5, (500, 2))
    read = tipped(rain, 0.2)
    np.testing.assert_allclose(read / 0.2, np.round(read / 0.2), atol=1e-9)
    assert np.all(np.abs(read.cumsum(axis=0) - rain.cumsum(axis=0)) < 0.2 + 1e-9)
    assert tipped(rain, 0.0) is rain


# ---- gauges, seeds, bad input -----------------------------------------------------------------------------------


def test_every_fault_is_on_record_and_nothing_else_is_wrong(decade_part: Record) -> None:
    clean = simulate(replace(demonstration(), faults=None), np.random.default_rng(7), times=decade_part.times)
    named = {f"rain.{zone.name}": z for z, zone in enumerate(STUDY_ZONES)}
    faulty = np.zeros((len(decade_part.times), 5), dtype=bool)
    for fault in decade_part.faults:
        faulty[fault.first : fault.last + 1, named.get(fault.series, 4)] = True
    same = np.column_stack([decade_part.gauges == clean.gauges, decade_part.measured_level == clean.measured_level])
    assert np.all(same | faulty)
    assert {fault.kind for fault in decade_part.faults} == {"gap", "stuck", "spike", "clogged"}
    gaps = [f for f in decade_part.faults if f.kind == "gap" and f.series == "level"]
    assert gaps and all(np.isnan(decade_part.measured_level[f.first : f.last + 1]).all() for f in gaps)


def test_faults_come_as_often_as_asked() -> None:
    series = {f"level.{i}": np.sin(np.arange(8766) / 50) for i in range(40)}
    _, faults = spoil(series, 1.0, FaultRates(gaps=6, stuck=2, spikes=0), np.random.default_rng(1))
    assert len([f for f in faults if f.kind == "gap"]) == pytest.approx(240, rel=0.25)
    assert not [f for f in faults if f.kind in ("spike", "clogged")]


def test_the_same_seed_is_the_same_basin_and_another_is_not() -> None:
    def run(seed: int) -> Record:
        return simulate(demonstration(), np.random.default_rng(seed), times=hourly(3000))

    np.testing.assert_array_equal(run(1).gauges, run(1).gauges)
    np.testing.assert_array_equal(run(1).measured_level, run(1).measured_level)
    assert run(1).faults == run(1).faults
    assert not np.array_equal(run(1).rain, run(2).rain)


def test_real_rain_can_drive_it() -> None:
    rain = np.zeros((200, 4))
    rain[50:60] = 5.0
    record = simulate(demonstration(), np.random.default_rng(1), times=hourly(200), rain=rain)
    assert record.rain is rain and 54 <= record.discharge.argmax() <= 72
    assert np.all(record.events == -1)


@pytest.mark.parametrize(
    ("rain", "words"),
    [
        (np.zeros((10, 3)), "4 zones"),
        (np.full((10, 4), -1.0), "not negative"),
        (np.full((10, 4), np.nan), "finite"),
    ],
)
def test_rain_that_cannot_be_is_refused(rain: Floats, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        simulate(A, np.random.default_rng(1), times=hourly(10), rain=rain)


def test_an_unknown_law_or_broken_clock_is_refused() -> None:
    with pytest.raises(ValueError, match="'magic' is not one of block-linear, production"):
        simulate(replace(A, law="magic"), np.random.default_rng(1), times=hourly(10), rain=np.zeros((10, 4)))
    with pytest.raises(ValueError, match="regular"):
        simulate(A, np.random.default_rng(1), times=hourly(10)[[0, 1, 3]], rain=np.zeros((3, 4)))
