"""The reading of a twin: the truth of a fictitious basin, and each caution when there is cause for it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hydria_plugin.explainers.knox.checks import Findings, cautions
from hydria_plugin.explainers.knox.document import document
from hydria_plugin.explainers.knox.reading import HEADLINE, by_wetness, effect_of, read_twin, rescaled, taken_away
from hydria_plugin.explainers.knox.readings import VARIANTS, Reading
from hydria_plugin.explainers.knox.words import Speech, cautions_in_words
from hydria_plugin.forecasters.block_network.training import Recipe
from hydria_plugin.forecasters.block_network.twin import RECIPE, Twin, fit_twin
from hydria_plugin.learning.basin_cases import A, cases
from hydria_plugin.learning.fictitious_basin import Record, simulate
from hydria_plugin.learning.fictitious_cases import history_of, study_split

QUICK: Recipe = replace(RECIPE, members=5)


def twin_of(record: Record) -> Twin:
    split = study_split(record, np.random.default_rng(1))
    return fit_twin(history_of(record), split, 0, np.random.default_rng(2), QUICK)


@pytest.fixture(scope="module")
def record() -> Record:
    return simulate(replace(A, events=20), np.random.default_rng(905))


@pytest.fixture(scope="module")
def twin(record: Record) -> Twin:
    return twin_of(record)


@pytest.fixture(scope="module")
def reading(twin: Twin) -> Reading:
    return read_twin(twin)


# ---- the truth ----------------------------------------------------------------------------------------------------


def test_shares_and_times_of_the_basin_are_found(reading: Reading, record: Record) -> None:
    shares = np.array([slot.share.median for slot in reading.slots])
    np.testing.assert_allclose(shares, record.basin.shares, atol=0.03)
    times = [slot.response.centroid for slot in reading.slots if slot.response]
    np.testing.assert_allclose(times, record.basin.centroids(1.0), atol=0.8)
    assert reading.cautions == () and reading.variant == HEADLINE in VARIANTS


def test_it_is_whole(reading: Reading, twin: Twin) -> None:
    assert reading.station == twin.station and reading.window == twin.lags and reading.step == twin.step
    assert sum(s.share.median for s in reading.slots) == pytest.approx(1)
    for slot in reading.slots:
        assert slot.share.q25 <= slot.share.q75 and len(slot.lags) == twin.lags
        assert sum(slot.lags) == pytest.approx(1)
    for shares in reading.variants.values():
        assert sum(shares) == pytest.approx(1) and min(shares) >= 0
    assert 0 <= reading.negative_share < 0.2 and 0 <= reading.state_share < 0.4
    assert document("p", "f", "1", {"s": reading})["stations"]


def test_volume_and_per_std_shares_are_told_apart(reading: Reading, twin: Twin) -> None:
    shares = np.array([s.share.median for s in reading.slots])
    volume = shares * twin.rain_mean
    np.testing.assert_allclose([s.volume_share for s in reading.slots], volume / volume.sum())
    np.testing.assert_allclose([s.per_std_share for s in reading.slots], rescaled(shares, twin.rain_std))


def test_the_check_by_taking_rain_away_agrees(twin: Twin, record: Record) -> None:
    found = taken_away(twin)
    assert found.sum() == pytest.approx(1)
    np.testing.assert_allclose(found, record.basin.shares, atol=0.08)


def test_wet_and_dry_halves_cover_the_samples(twin: Twin) -> None:
    wet, dry = by_wetness(twin)
    assert wet.sum() == pytest.approx(1) == dry.sum()
    same = by_wetness(replace(twin, state=np.zeros_like(twin.state)))
    np.testing.assert_array_equal(same[0], same[1])


def test_the_season_is_no_wetness(twin: Twin) -> None:
    rng = np.random.default_rng(0)
    turning = np.concatenate([twin.state, 9.0 * rng.standard_normal((len(twin.state), 2))], axis=1)
    net = twin.networks
    more = {"state": np.pad(net.state, ((0, 0), (0, 0), (0, 2)))}
    told = replace(net, **more, straight_state=np.pad(net.straight_state, ((0, 0), (0, 2))))
    seasonal = replace(twin, state=turning, networks=told, season=True)
    np.testing.assert_allclose(by_wetness(seasonal), by_wetness(twin))
    assert not np.allclose(by_wetness(replace(seasonal, season=False)), by_wetness(twin))


def test_each_step_weighs_as_high_as_the_river_stood(twin: Twin) -> None:
    low = replace(twin, height=np.where(twin.height > np.median(twin.height), 0.0, twin.height))
    pick = twin.height <= np.median(twin.height)
    np.testing.assert_allclose(effect_of(low).rain, effect_of(twin, pick).rain)
    flat = effect_of(replace(twin, height=np.zeros_like(twin.height)))
    assert np.isfinite(flat.rain).all()


# ---- cautions -----------------------------------------------------------------------------------------------------


def findings(**changes: object) -> Findings:
    quarter = np.full(4, 0.25)
    lags = np.zeros((4, 24))
    lags[:, 3] = 1.0
    good = Findings(quarter, np.full(4, 0.01), quarter, quarter, quarter, lags, lags / 4, quarter, 0.01, 0.1)
    return replace(good, **changes)  # type: ignore[arg-type]


def long_kernels(twin: Twin) -> Twin:
    network = twin.networks
    return replace(twin, networks=replace(network, kernel=network.kernel[:, :, :24]))


late = np.full((4, 24), 1 / 24)
slow = np.zeros((4, 24))
slow[:, 3:5], slow[:, 5:19] = 0.35, 0.3 / 14


@pytest.mark.parametrize(
    ("code", "twins", "finds"),
    [
        ("skill", {"skill": {"nse": 0.9, "nse_shown": 0.5}}, {}),
        ("events", {"events": 4}, {}),
        ("members", {"dropped": 3}, {}),
        ("sign", {}, {"negative": 0.3}),
        ("state", {}, {"state": 0.6}),
        ("silent", {"wet": np.array([0.2, 0.0, 0.2, 0.2])}, {}),
        ("silent", {"speaking": np.array([1.0, 1.0, 1.0, 0.6])}, {}),
        ("alike", {"alike": np.full((4, 4), 0.2) + np.array([[0, 0.78], [0.78, 0]]).repeat(2, 0).repeat(2, 1)}, {}),
        ("spread", {}, {"iqr": np.array([0.01, 0.2, 0.01, 0.01])}),
        ("disagreement", {}, {"cross": np.array([0.4, 0.1, 0.25, 0.25])}),
        ("window", {}, {"effects": late / 4, "lags": late}),
        ("two-paths", {}, {"effects": slow / 4, "lags": slow}),
        ("twin", {}, {"total": np.array([0.5, 0.0, 0.25, 0.25])}),
        ("wet-dry", {}, {"wet": np.array([0.5, 0.0, 0.25, 0.25])}),
    ],
)
def test_each_caution_has_its_cause_its_numbers_and_its_words(
    code: str, twins: dict[str, object], finds: dict[str, object], twin: Twin, reading: Reading
) -> None:
    sound = long_kernels(twin)
    assert cautions(sound, findings()) == ()
    found = cautions(replace(sound, **twins), findings(**finds))  # type: ignore[arg-type]
    assert {c.code for c in found} == {code}
    assert all({"limit", "half"} & set(c.numbers) and set(c.slots) <= set(twin.slots) for c in found)
    assert {c.about for c in found} == {"times" if code in ("window", "two-paths") else "shares"}
    for language in ("en", "fr"):
        said = cautions_in_words(replace(reading, cautions=found), Speech(language))
        assert len(said) == len(found) and all("{" not in s and "“" not in s for s in said)


def test_one_gauge_says_that_it_is_alone(twin: Twin) -> None:
    lone = replace(long_kernels(twin), slots=("rain.1",), alike=np.ones((1, 1)))
    one = findings(
        **{name: np.ones(1) for name in ("shares", "cross", "wet", "dry", "total")},
        iqr=np.zeros(1),
        lags=findings().lags[:1],
        effects=findings().effects[:1],
    )
    assert [c.code for c in cautions(lone, one)] == ["single"]


def test_a_zone_of_small_share_is_not_judged_by_its_time(twin: Twin) -> None:
    small = np.array([0.04, 0.32, 0.32, 0.32])
    effects, lags = findings().effects.copy(), findings().lags.copy()
    effects[0], lags[0] = late[0] / 4, late[0]
    same = dict.fromkeys(("shares", "cross", "wet", "dry", "total"), small)
    assert cautions(long_kernels(twin), findings(effects=effects, lags=lags, **same)) == ()


def test_zones_that_are_unsure_are_named_together_with_the_widest(twin: Twin) -> None:
    (one,) = cautions(long_kernels(twin), findings(iqr=np.array([0.06, 0.01, 0.2, 0.05])))
    assert one.slots == ("rain.1", "rain.3", "rain.4") and one.numbers["iqr"] == 0.2


def test_of_zones_that_the_forecast_sees_otherwise_the_worst_is_named(twin: Twin) -> None:
    (one,) = cautions(long_kernels(twin), findings(total=np.array([0.45, 0.45, 0.05, 0.05])))
    assert one.code == "twin" and one.slots in (("rain.1",), ("rain.2",), ("rain.3",), ("rain.4",))
    (one,) = cautions(long_kernels(twin), findings(total=np.array([0.45, 0.2, 0.25, 0.1])))
    assert one.slots == ("rain.1",) and one.numbers["other"] == 0.45


def test_a_tail_as_low_as_noise_is_no_tail(twin: Twin) -> None:
    """It may rise to the very end, and still the response is over."""
    effects = findings().effects + np.where(np.arange(24) >= 18, 0.001, 0.0)
    assert cautions(long_kernels(twin), findings(effects=effects)) == ()


def test_a_network_told_of_rivers_upstream_is_not_held_to_the_rain(twin: Twin) -> None:
    other = {"total": np.array([0.6, 0.0, 0.2, 0.2])}
    sound = long_kernels(twin)
    assert {c.code for c in cautions(sound, findings(**other))} == {"twin"}
    assert cautions(replace(sound, rivers=True), findings(**other)) == ()
    assert cautions(sound, findings(total=None)) == ()


def test_the_network_that_forecasts_is_read_as_total(twin: Twin, reading: Reading) -> None:
    assert "total" not in reading.variants  # this twin was fitted alone
    told = read_twin(replace(twin, total=np.array([[4.0, 5.0], [3.0, 0.0], [0.0, 0.0], [-1.0, 0.0]])))
    assert told.variants["total"] == pytest.approx((0.75, 0.25, 0.0, 0.0))
    assert {c.code for c in told.cautions} == {"twin"}
    assert read_twin(replace(twin, total=-np.ones((4, 3)))).variants.keys() == reading.variants.keys()


def test_each_lag_has_its_quartiles(reading: Reading) -> None:
    for slot in reading.slots:
        assert len(slot.lags_q25) == len(slot.lags_q75) == len(slot.lags)
        low, middle, high = (np.array(lags) for lags in (slot.lags_q25, slot.lags, slot.lags_q75))
        assert (low <= high + 1e-12).all() and not high[middle == 0].any()
        assert np.abs(np.clip(middle, low, high) - middle).max() < 0.03  # the median run, near each member's own


def test_a_zone_without_a_share_has_no_response_time(twin: Twin) -> None:
    net = twin.networks
    turned = replace(net, kernel=net.kernel * np.array([1.0, 1.0, 1.0, -1.0])[:, None])
    gone = read_twin(replace(twin, networks=turned)).slots[3]
    assert gone.share.median == 0 and gone.response is None and not any(gone.lags)


def test_two_gauges_that_read_the_same_are_named_together() -> None:
    record = simulate(replace(cases()["identical"], events=18), np.random.default_rng(3))
    reading = read_twin(twin_of(record))
    alike = [c for c in reading.cautions if c.code == "alike"]
    assert [c.slots for c in alike] == [("rain.1", "rain.2")] and alike[0].numbers["correlation"] > 0.99


def test_a_gauge_off_the_basin_has_no_share() -> None:
    record = simulate(replace(cases()["off-basin"], events=20), np.random.default_rng(3))
    assert read_twin(twin_of(record)).slots[4].share.median < 0.03


def test_a_dead_gauge_says_nothing_and_is_named(twin: Twin) -> None:
    network, gone = twin.networks, np.array([1.0, 1.0, 1.0, 0.0])
    dead = replace(
        twin, networks=replace(network, kernel=network.kernel * gone[:, None]), wet=twin.wet * gone,
        lagged=twin.lagged * gone[:, None].astype(np.float32), rain_mean=twin.rain_mean * gone,
    )  # fmt: skip
    reading = read_twin(dead)
    assert reading.slots[3].share.median == 0 and reading.slots[3].response is None
    assert any(c.code == "silent" and c.slots == ("rain.4",) for c in reading.cautions)
