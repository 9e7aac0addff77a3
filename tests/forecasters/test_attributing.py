"""Why the forecast: the parts add up to the median and say what is true, one suite over all forecasters."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin import Attributing, Attribution, Flag, Forecast, Layout, Signal, Window
from hydria_plugin.forecasters.attributing import portions, to_speakers
from hydria_plugin.forecasters.blend import Blend, Trained
from hydria_plugin.forecasters.cases import cases_of_window
from hydria_plugin.forecasters.feature_places import issue_places, lead_places
from hydria_plugin.forecasters.features import Scales, issue_features, lead_features
from hydria_plugin.forecasters.host_forecast import HostForecast
from hydria_plugin.forecasters.laying import sharing
from hydria_plugin.testing.checks import check_attribution
from hydria_plugin.testing.samples import sample_layout, sample_window

from .records import FACTORIES, fitted, record, split_of

LAYOUT = sample_layout()
P, H = LAYOUT.past, LAYOUT.horizon
CHANGING = [name for name, made in FACTORIES.items() if name != "persistence" and isinstance(made(), Attributing)]
NAMES = ["persistence", *CHANGING, "blend"]


class Mute:
    """A member that cannot say why."""

    name = "mute"

    def forecast(self, window: Window) -> Forecast:
        last = np.nan_to_num(window.observed.values[:, 0, -1:, None])
        shape = (len(window.stations), window.layout.horizon, len(window.quantiles))
        return Forecast.of(window, np.broadcast_to(last + 0.3, shape).copy(), self.name)


def blend(*, mute: bool = False, belief: float = 0.7) -> Blend:
    """Weights set by hand: what is tested is how attributions mix, not who is believed."""
    history = record()
    members = {name: fitted(name) for name in ("persistence", "ridge", "boosting")} | ({"mute": Mute()} if mute else {})
    trained = Blend(members={"ridge": FACTORIES["ridge"]()}).fit(history, split_of(history)).ready()
    j, s = len(members), len(LAYOUT.stations)
    weights = np.broadcast_to(np.arange(1.0, j + 1) / np.arange(1.0, j + 1).sum(), (2, s, H, j))
    ones = np.ones((2, H, j)) / j
    sizes = trained.mix.sizes
    mix = replace(trained.mix, centre=weights, spread=ones, belief=np.full(sizes.shape, belief))
    made = Blend(members=members)  # type: ignore[arg-type]
    return made.with_trained(Trained(trained.fit, members, mix))  # type: ignore[arg-type]


@cache
def wet(future: bool = False) -> Window:
    """A window with rain on every gauge, in its last steps and in its horizon."""
    tried = (sample_window(LAYOUT, seed, 0.0, True) for seed in range(200))
    rain = LAYOUT.present[:, :2]
    found = next(
        w
        for w in tried
        if all((s[:, 0][..., :2].sum(axis=1) > 5)[rain].all() for s in (w.past.values[:, :, -6:], w.future.values))
    )
    return found if future else replace(found, future=Signal.measured(np.full(found.future.shape, np.nan)))


def forecaster(name: str) -> Attributing:
    made = blend() if name == "blend" else fitted(name)
    assert isinstance(made, Attributing)
    return made


def explained(name: str, window: Window) -> tuple[Attribution, Forecast]:
    one = forecaster(name)
    found = one.attribute(window)
    forecast: Forecast = one.forecast(window)  # type: ignore[attr-defined]
    check_attribution(one, forecast, window)
    return found, forecast


def with_rain(window: Window, values: np.ndarray, part: str = "past") -> Window:
    return replace(window, **{part: Signal.measured(values)})  # type: ignore[arg-type]


def ensemble(window: Window, factors: tuple[float, ...]) -> Window:
    """Scenarios of more and less rain; the first is the best estimate."""

    def many(signal: Signal) -> Signal:
        values = np.repeat(signal.values, len(factors), axis=1)
        rain = [v for v, kind in enumerate(LAYOUT.kinds) if kind == "rain"]
        values[..., rain] = values[..., rain] * np.array(factors)[:, None, None]
        return Signal.measured(values)

    observed = window.observed.each(lambda a: np.repeat(a, len(factors), axis=1))
    return replace(window, observed=observed, past=many(window.past), future=many(window.future))


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 500), gaps=st.sampled_from([0.0, 0.05, 0.4]), future=st.booleans(), wild=st.booleans())
def test_the_parts_add_up_to_the_median(name: str, seed: int, gaps: float, future: bool, wild: bool) -> None:
    window = sample_window(LAYOUT, seed, gaps, future)
    if wild:
        window = with_rain(window, window.past.values * 200)
    explained(name, window)


@pytest.mark.parametrize("name", NAMES)
def test_of_an_ensemble_too(name: str) -> None:
    window = ensemble(sample_window(gaps=0.0, future=True), (1.0, 0.0, 1.0, 6.0))
    found, forecast = explained(name, window)
    np.testing.assert_allclose(found.median, forecast.median, atol=1e-9)
    if name in CHANGING:
        each = [explained(name, scenario(window, r))[0] for r in (1, 2, 3)]
        paths = [one.median - one.lines.get("ensemble median", 0.0) for one in each]
        np.testing.assert_allclose(found.lines["ensemble median"], forecast.median - np.mean(paths, axis=0), atol=1e-9)


def scenario(window: Window, r: int) -> Window:
    def one(signal: Signal) -> Signal:
        return signal.each(lambda a: a[:, r : r + 1])

    return replace(window, observed=one(window.observed), past=one(window.past), future=one(window.future))


@pytest.mark.parametrize("name", NAMES)
def test_a_station_without_a_forecast_has_no_parts(name: str) -> None:
    window = sample_window(gaps=0.0)
    target = window.observed.values.copy()
    target[0] = np.nan
    found, forecast = explained(name, replace(window, observed=Signal.measured(target)))
    goes_on = name.startswith("recurrent")  # without the river, from its own outputs
    assert bool(forecast.there[0]) is goes_on and np.isfinite(found.median[1:]).all()
    assert np.isfinite(found.median[0]).all() if goes_on else np.isnan(found.median[0]).all()


def test_persistence_is_the_last_value_and_nothing_else() -> None:
    found, forecast = explained("persistence", sample_window(gaps=0.0))
    np.testing.assert_array_equal(found.base, forecast.median)
    assert not found.own.any() and not found.inputs.any() and not found.before.any()


@pytest.mark.parametrize("future", [False, True])
def test_of_a_ridge_a_change_of_rain_moves_its_own_share_only(future: bool) -> None:
    """Linear: what a step adds is what the median loses without its rain."""
    window = wet(future)
    found, forecast = explained("ridge", window)
    assert np.abs(found.lines["limits"]).max() < 1e-12, "nothing is at a limit here"
    part = "future" if future else "past"
    values = np.array(getattr(window, part).values)
    for v, step in ((0, 2), (1, 4), (0, 5)):
        dry = values.copy()
        dry[0, 0, step, v] = 0.0
        less = explained("ridge", with_rain(window, dry, part))[1]
        at = P + step if future else step
        np.testing.assert_allclose(forecast.median[0] - less.median[0], found.inputs[0, :, at, v], atol=1e-9)


def test_of_a_ridge_the_rivers_own_steps_are_exact_too() -> None:
    window = wet()
    found, forecast = explained("ridge", window)
    target = np.array(window.observed.values)
    for step in (3, 15, 20):  # but the newest, which is the level to which all others are compared
        moved = target.copy()
        moved[0, 0, step] = target[0, 0, -1]
        less = explained("ridge", replace(window, observed=Signal.measured(moved)))[1]
        np.testing.assert_allclose(forecast.median[0] - less.median[0], found.own[0, :, step], atol=1e-9)


def test_the_limits_of_a_ridge_are_named() -> None:
    window = sample_window(gaps=0.0)
    found, _ = explained("ridge", with_rain(window, window.past.values * 500 + 50.0))
    assert np.abs(found.lines["limits"]).max() > 0.1


@pytest.mark.parametrize("name", CHANGING)
def test_where_no_rain_fell_or_comes_rain_adds_next_to_nothing(name: str) -> None:
    window = wet(True)
    rain = np.array([kind == "rain" for kind in LAYOUT.kinds])
    past, future = (np.where(rain, 0.0 * s.values, s.values) for s in (window.past, window.future))
    found, _ = explained(name, replace(window, past=Signal.measured(past), future=Signal.measured(future)))
    rainy, _ = explained(name, window)
    assert found.inputs[..., rain].sum() < 0.2 * rainy.inputs[..., rain].sum()
    if name == "ridge":
        assert not found.inputs[..., rain].any()


@pytest.mark.parametrize("name", CHANGING)
def test_the_leads_before_a_rain_do_not_know_it(name: str) -> None:
    found, _ = explained(name, wet(True))
    for lead in range(H):
        later = found.inputs[:, lead, P + lead + 1 :]
        if name == "ridge" or lead + 1 in (1, 3, 6):
            assert not later[:, :, :2].any(), f"lead {lead + 1} is made of rain after its valid time"


def test_a_storm_on_one_gauge_is_that_gauges() -> None:
    window = wet()
    values = np.array(window.past.values)
    values[..., :2] *= 0.0  # and a slot that a station does not have stays NaN
    values[0, 0, -4:-1, 1] = 15.0
    for name in CHANGING:
        found, _ = explained(name, with_rain(window, values))
        share = np.abs(found.inputs[0, -1, :, 1]).sum() / np.abs(found.inputs[0, -1, :, :2]).sum()
        least = 0.99 if name == "ridge" else 0.6  # trees also say what the other gauge's drought takes away
        assert share > least, f"{name}: {share:.2f} of the rain's part on the one gauge where it rained"
        adding = np.maximum(found.inputs[0, -1, :, 1], 0.0)
        assert adding[-4 - H : -1 - H].sum() > 0.9 * adding.sum()


def test_a_silent_gauges_share_goes_to_those_who_spoke_for_it() -> None:
    window = wet()
    values = np.array(window.past.values)
    values[..., 0] = np.nan
    flags = np.where(np.isnan(values), np.uint8(Flag.MISSING), np.uint8(Flag.GOOD)).astype(np.uint8)
    for name in CHANGING:
        found, _ = explained(name, replace(window, past=Signal.measured(values, flags)))
        assert not found.inputs[:, :, :P, 0].any() and found.inputs[:2, :, :P, 1].any()


def test_to_speakers_shares_in_proportion_and_keeps_the_sum() -> None:
    inputs = np.array([[[np.nan, 3.0, 1.0], [np.nan, 0.0, 0.0], [np.nan, np.nan, np.nan]]])
    shares = np.arange(1.0, 10.0).reshape(1, 1, 3, 3)
    found = Attribution(("a",), np.zeros((1, 1)), np.zeros((1, 1, 2)), shares, np.zeros((1, 1, 3)))
    spoken = to_speakers(found, inputs, ("rain",) * 3).inputs[0, 0]
    np.testing.assert_allclose(spoken, [[0, 2 + 0.75, 3 + 0.25], [0, 5 + 2, 6 + 2], [7, 8, 9]])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=6))
def test_portions_sum_to_one(amounts: list[float]) -> None:
    given_ = np.array([amounts])
    assert portions(given_, np.ones(given_.shape, bool), axis=1).sum() == pytest.approx(1.0)


# ---- boosting: where its columns come from


def mixed_layout(past: int = 14) -> Layout:
    """Every kind of slot."""
    plain = sample_layout(stations=2, slots=1, past=past, horizon=8)
    kinds = ("rain", "pet", "rain", "discharge", "simulation", "temperature", "rain")
    slots = tuple(f"{kind}.{i}" for i, kind in enumerate(kinds))
    series = np.array([[f"{slot}@{s}" for slot in slots] for s in plain.stations])
    return replace(plain, slots=slots, kinds=kinds, series=series)


def columns(window: Window, scales: Scales, lead: int, wide: bool) -> np.ndarray:
    cases = cases_of_window(window, 0, np.arange(2), 6)
    both = issue_features(cases, scales, wide), lead_features(cases, lead, scales, True)
    return np.nan_to_num(np.concatenate(both, axis=1).astype(np.float64))


@pytest.mark.parametrize(("lead", "wide", "past"), [(1, False, 14), (4, False, 14), (8, False, 14), (4, True, 40)])
def test_a_column_changes_only_with_the_steps_it_is_said_to_come_from(lead: int, wide: bool, past: int) -> None:
    layout = mixed_layout(past)
    v = len(layout.slots)
    window = sample_window(layout, gaps=0.0, future=True)
    scales = Scales(np.zeros(2), np.ones(2), np.zeros((2, v)), np.ones((2, v)), np.asarray(layout.static))
    places = issue_places(layout.kinds, layout.past, 0, 1, wide) + lead_places(layout.kinds, layout.past, lead, True)
    plain = columns(window, scales, lead, wide)
    assert plain.shape[1] == len(places)
    touched = np.zeros((len(places), layout.past + lead, v), dtype=bool)
    for step in range(layout.past + lead):
        for slot in range(v):
            part, at = ("past", step) if step < layout.past else ("future", step - layout.past)
            values = np.array(getattr(window, part).values)
            values[:, 0, at, slot] += 7.0
            touched[:, step, slot] = (
                np.abs(columns(with_rain(window, values, part), scales, lead, wide) - plain).max(axis=0) > 0
            )
    for c, place in enumerate(places):
        said = np.zeros(touched.shape[1:], dtype=bool)
        if place.of == "inputs":
            said[np.ix_(np.arange(place.first, place.last), place.slots)] = True
        outside = touched[c] & ~said
        # differences are said to come from the steps between: their older end is one step before
        allowed = np.zeros_like(said)
        if place.of == "inputs" and layout.kinds[place.slots[0]] not in ("rain", "pet"):
            allowed[max(place.first - 1, 0) :, list(place.slots)] = True
            if layout.kinds[place.slots[0]] == "simulation":
                allowed[layout.past - 1, list(place.slots)] = True  # its own value now
        assert not (outside & ~allowed).any(), f"column {c} {place} also changes with {np.argwhere(outside)[:3]}"


@pytest.mark.parametrize("past", [14, 40])
def test_a_column_is_shared_out_whole(past: int) -> None:
    layout = mixed_layout(past)
    cases = cases_of_window(sample_window(layout, gaps=0.3, future=True, seed=3), 0, np.arange(2), 6)
    places = issue_places(layout.kinds, layout.past, 0, 1, wide=True)
    for place in places + lead_places(layout.kinds, layout.past, 5, True):
        if place.of in ("own", "inputs"):
            shares = sharing(place, cases)
            np.testing.assert_allclose(shares.reshape(2, -1).sum(axis=1), 1.0)
            assert (shares >= 0).all()


def test_lightgbm_s_contributions_are_whole() -> None:
    """The line of limits is what closes the sum; where nothing is cut it is nil, so nothing else was lost."""
    for seed in range(8):
        found, _ = explained("boosting", sample_window(gaps=0.0, future=True, seed=seed))
        assert np.abs(found.lines["limits"]).max() < 1e-9


# ---- blend


def test_a_blend_mixes_its_members_parts() -> None:
    window = wet(True)
    found, forecast = explained("blend", window)
    parts = [explained(name, window)[0] for name in ("persistence", "ridge", "boosting")]
    weights = np.array([1.0, 2.0, 3.0]) / 6 * 0.7
    np.testing.assert_allclose(found.inputs, weights[1] * parts[1].inputs + weights[2] * parts[2].inputs, atol=1e-9)
    np.testing.assert_allclose(found.median, forecast.median, atol=1e-12)


def test_a_member_that_cannot_say_why_is_a_line_of_its_own() -> None:
    window, one = sample_window(gaps=0.0), blend(mute=True)
    found = one.attribute(window)
    check_attribution(one, one.forecast(window), window)
    np.testing.assert_allclose(found.lines["mute"], 0.3 * 0.4 * 0.7, atol=1e-9)


def test_a_blend_that_follows_nobody_is_the_last_value() -> None:
    window, one = sample_window(gaps=0.0), blend(belief=0.0)
    found = one.attribute(window)
    assert np.abs(found.inputs).max() < 1e-12
    np.testing.assert_allclose(found.base, one.forecast(window).median)


def test_a_platforms_own_forecast_is_its_series_at_the_valid_time() -> None:
    layout = mixed_layout()
    window = sample_window(layout, gaps=0.0, future=True)
    host = HostForecast()
    found, forecast = host.attribute(window), host.forecast(window)
    check_attribution(host, forecast, window)
    slot = layout.kinds.index("simulation")
    for lead in range(layout.horizon):
        moved = forecast.median[:, lead] - window.observed.values[:, 0, -1]
        np.testing.assert_allclose(found.inputs[:, lead, layout.past + lead, slot], moved)
    assert np.count_nonzero(found.inputs) == 2 * layout.horizon
