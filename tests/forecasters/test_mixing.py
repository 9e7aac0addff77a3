"""How a mix is learned: who is believed, of which stations, and that gaps, order and luck do not make weight."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin import History, Split
from hydria_plugin.forecasters.evidence import Asked, Fitted, truths
from hydria_plugin.forecasters.evidence import split_of as split_of_some
from hydria_plugin.forecasters.mix import Mix
from hydria_plugin.forecasters.mixing import (
    ROWS_FOR_SPREAD,
    Trial,
    last_values,
    learn_centre,
    learn_mix,
    learn_spread,
    mean_of_finite,
    mix_of_witnesses,
    sample_rows,
    scale_of,
)
from hydria_plugin.values import Flag

from .records import record, split_of

LEVELS = np.array([0.1, 0.25, 0.5, 0.75, 0.9])
WIDTHS = np.array([-1.28, -0.67, 0.0, 0.67, 1.28])
MIDDLE, H, EVENTS = 2, 3, 12


def trial(seed: int = 0, stations: int = 2, rows: int = 240, skill: float = 0.9, members: int = 3) -> Trial:
    """Persistence (member 0), one that sees ``skill`` of the movement, and others that see noise."""
    rng = np.random.default_rng(seed)
    size = 1.0 + np.arange(stations)[:, None]
    moved = rng.normal(size=(rows, stations, H)) * size
    centres = [np.zeros_like(moved), skill * moved]
    centres += [0.5 * rng.normal(size=moved.shape) * size for _ in range(members - 2)]
    spread = [1.0, np.sqrt(1 - skill**2) + 0.05, 1.0, 1.0][:members]
    quantiles = [c[..., None] + WIDTHS * w * size[..., None] for c, w in zip(centres, spread, strict=True)]
    owner = np.repeat(np.arange(EVENTS), rows // EVENTS)[:, None].repeat(stations, axis=1)
    many = np.full(stations, EVENTS)
    return Trial(quantiles, moved, owner, many, np.arange(members), 0, MIDDLE, LEVELS)


def centre(t: Trial, station: int = 0) -> np.ndarray:
    return learn_centre(t, station, np.random.default_rng(1))[0]


def spread_of(t: Trial) -> tuple[np.ndarray, np.ndarray]:
    learned = [learn_centre(t, s, np.random.default_rng(1)) for s in range(len(t.events))]
    weights, sizes, belief = (np.stack(part) for part in zip(*learned, strict=True))
    return learn_spread(t, weights, (sizes, belief), np.random.default_rng(1))


@settings(max_examples=8)
@given(st.integers(0, 1000), st.floats(0, 1), st.integers(0, EVENTS))
def test_weights_are_shares_of_one_and_belief_is_a_share(seed: int, skill: float, events: int) -> None:
    t = replace(trial(seed, skill=skill), events=np.full(2, events))
    weights, sizes, belief = learn_centre(t, 0, np.random.default_rng(1))
    assert (weights >= 0).all()
    np.testing.assert_allclose(weights.sum(axis=1), 1.0)
    assert (np.diff(sizes, axis=1) >= 0).all() and ((belief >= 0) & (belief <= 1)).all()


def test_who_sees_what_comes_is_believed_and_noise_is_not() -> None:
    weights = centre(trial())
    assert (weights[:, 1] > 0.5).all() and (weights[:, 2] < 0.1).all()


def test_the_members_weights_go_with_their_places() -> None:
    t = trial()
    turned = replace(t, quantiles=[t.quantiles[2], t.quantiles[0], t.quantiles[1]], home=1)
    np.testing.assert_allclose(centre(turned)[:, [1, 2, 0]], centre(t), atol=0.02)


def test_a_member_that_is_not_used_has_no_weight_and_without_others_persistence_has_all() -> None:
    t = trial()
    some = centre(replace(t, use=np.array([0, 2])))
    np.testing.assert_array_equal(some[:, 1], 0.0)
    alone = centre(replace(t, use=np.array([0])))
    np.testing.assert_array_equal(alone, np.tile([1.0, 0.0, 0.0], (H, 1)))
    nothing = centre(replace(t, truth=np.full_like(t.truth, np.nan)))
    np.testing.assert_array_equal(nothing, np.tile([1.0, 0.0, 0.0], (H, 1)))


def test_each_station_learns_from_its_own_truth_only() -> None:
    t = trial()
    spoilt = np.array(t.truth)
    spoilt[:, 1] = 1e3
    np.testing.assert_array_equal(centre(replace(t, truth=spoilt)), centre(t))
    assert np.abs(centre(replace(t, truth=spoilt), 1) - centre(t, 1)).max() > 0.1


@pytest.mark.parametrize("unit", [1e-3, 1e3])
def test_the_unit_of_the_river_changes_no_weight(unit: float) -> None:
    t = trial()
    other = replace(t, quantiles=[unit * q for q in t.quantiles], truth=unit * t.truth)
    np.testing.assert_allclose(centre(other), centre(t), atol=1e-6)
    for mine, its in zip(spread_of(t), spread_of(other), strict=True):
        np.testing.assert_allclose(its, mine, atol=1e-5)


def test_the_spread_is_that_of_the_sharp_and_reliable() -> None:
    weights, factors = spread_of(trial())
    np.testing.assert_allclose(weights.sum(axis=1), 1.0)
    assert (weights >= -1e-12).all() and (weights[:, 1] > weights[:, 2]).all()
    np.testing.assert_array_equal(factors[:, MIDDLE], 1.0)
    assert ((factors >= 0.5) & (factors <= 2.0)).all()


def test_a_spread_that_is_too_narrow_is_stretched_and_one_too_wide_drawn_in() -> None:
    def factors(width: float) -> np.ndarray:
        t = trial(members=2, skill=0.0)
        c = [q[..., MIDDLE, None] for q in t.quantiles]
        made = replace(t, quantiles=[x + width * (q - x) for q, x in zip(t.quantiles, c, strict=True)])
        return np.delete(spread_of(made)[1], MIDDLE, axis=1)

    assert factors(0.5).mean() > 1.1 and factors(2.0).mean() < 0.9


@pytest.mark.parametrize("what", ["no truth", "no events"])
def test_without_evidence_the_spread_is_persistence_as_it_is(what: str) -> None:
    t = trial()
    t = replace(t, events=np.zeros(2, int)) if what == "no events" else replace(t, truth=np.full_like(t.truth, np.nan))
    assert sample_rows(t, np.random.default_rng(0)) is None
    weights, factors = learn_spread(t, np.zeros((2, H, 3)), (np.zeros(0), np.zeros(0)), np.random.default_rng(0))
    np.testing.assert_array_equal(weights, np.tile([1.0, 0.0, 0.0], (H, 1)))
    np.testing.assert_array_equal(factors, 1.0)


def test_rows_are_whole_away_from_the_last_value_in_units_of_each_station_and_not_too_many() -> None:
    t = trial(rows=240)
    truth = np.array(t.truth)
    truth[:100, 0, 1] = np.nan
    rows = sample_rows(replace(t, truth=truth), np.random.default_rng(0))
    assert rows is not None
    seen, moved, by_event, station, size = rows
    assert (np.bincount(station) == [140, 240]).all() and np.isfinite(seen).all() and np.isfinite(moved).all()
    np.testing.assert_array_equal(seen[:, 0, :, MIDDLE], 0.0)
    for s in range(2):
        assert np.abs(moved[station == s]).mean() == pytest.approx(1.0)
        assert np.ptp(size[station == s]) == 0
    assert set(by_event.tolist()) <= set(range(EVENTS))
    many = sample_rows(trial(rows=2 * ROWS_FOR_SPREAD, stations=1), np.random.default_rng(0))
    assert many is not None and len(many[0]) == ROWS_FOR_SPREAD


def test_the_scale_of_a_station_that_never_moves_is_one() -> None:
    moved = np.array([[2.0, -4.0], [0.0, 0.0], [4.0, 2.0]])
    np.testing.assert_array_equal(scale_of(moved, np.array([0, 1, 0]), 3), [3.0, 1.0, 1.0])


@given(st.lists(st.one_of(st.just(float("nan")), st.floats(0.1, 9)), min_size=1, max_size=8), st.sampled_from([1, 2]))
def test_a_mean_is_of_what_is_known(values: list[float], power: int) -> None:
    known = [v**power for v in values if np.isfinite(v)]
    found = mean_of_finite(np.array(values)[:, None, None], power)[0, 0]
    assert found == pytest.approx(np.mean(known) if known else 1.0)


def test_the_last_value_is_only_one_that_is_trusted() -> None:
    history = record()
    at = np.array([100, 101, 102])
    flagged = np.array(history.target.flags)
    flagged[0, 101] = Flag.FAIL
    found = last_values(replace(history, target=replace(history.target, flags=flagged)), at)
    assert found.shape == (3, len(history.layout.stations)) and np.isnan(found[1, 0])
    np.testing.assert_array_equal(found[2, 1], np.float64(history.target.values[1, 102]))


Evidence = tuple[History, Split, Asked, list[Fitted]]


def evidence(stations: list[int]) -> Evidence:
    """Of persistence and of one that knows what comes, with some stations as witnesses."""
    history = record()
    owner = np.tile(np.arange(len(history)) // 60, (len(history.layout.stations), 1)).astype(np.int32)
    split = replace(split_of(history), events=owner)
    asked = Asked(np.array(stations), np.arange(30, 600, 9))
    seen = history.only(asked.stations)
    last, truth = last_values(seen, asked.at)[..., None, None], truths(seen, asked.at)[..., None]
    widths = np.asarray(history.layout.quantiles) - 0.5
    persistence, seer = (np.float32(np.stack([c + widths] * 2)) for c in (last + 0 * truth, truth))
    return history, split, asked, [Fitted(None, persistence), Fitted(None, seer)]


def learned(stations: list[int]) -> Mix:
    return learn_mix(*evidence(stations), 0, np.random.default_rng(1))


def test_a_mix_is_whole_and_the_same_for_the_same_draws() -> None:
    mix, again = learned([0, 1, 2]), learned([0, 1, 2])
    for name, array in mix.arrays().items():
        assert np.isfinite(array).all(), name
        np.testing.assert_array_equal(again.arrays()[name], array, err_msg=name)
    np.testing.assert_allclose(mix.centre.sum(axis=-1), 1.0)
    assert (mix.centre[..., 1] > 0.8).all(), "who knows what comes is believed"


def test_the_energy_is_the_mean_square_of_what_the_truth_moved() -> None:
    history, _, asked, _ = evidence([0, 1, 2])
    moved = truths(history, asked.at) - last_values(history, asked.at)[..., None]
    np.testing.assert_allclose(learned([0, 1, 2]).energy, np.nanmean(moved**2, axis=0), rtol=1e-5)


def test_stations_that_are_no_witnesses_have_the_mean_of_those_that_are_in_units_of_their_own() -> None:
    mix = learned([0, 2])
    history, split, asked, fitted = evidence([0, 2])
    seen = history.only(asked.stations)
    own = mix_of_witnesses(seen, split_of_some(split, asked.stations), asked.at, fitted, 0, np.random.default_rng(1))
    stations = len(history.layout.stations)
    assert mix.centre.shape[1] == len(mix.energy) == len(mix.tick) == len(mix.events) == stations
    unit = np.sqrt(mix.energy)[None, ..., None]
    sizes = (own.sizes / np.sqrt(own.energy)[None, ..., None]).mean(axis=1, keepdims=True)
    np.testing.assert_allclose(mix.sizes / unit, np.repeat(sizes, stations, axis=1), rtol=1e-6)
    for name in ("centre", "belief"):
        mean = getattr(own, name).mean(axis=1, keepdims=True)
        np.testing.assert_allclose(getattr(mix, name), np.repeat(mean, stations, axis=1))
