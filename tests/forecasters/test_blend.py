"""The blend: weights by events, rows that are missing, both forms, keeping, learning, short records."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin import Forecast, History, Layout, ModelError, Signal, Verified, Window
from hydria_plugin.forecasters.blend import Blend
from hydria_plugin.forecasters.mix import foreseen, foreseen_in
from hydria_plugin.forecasters.persistence import Persistence
from hydria_plugin.forecasters.tilt import BANDS, BOUND, band_of_leads, learn_tilt, tilted
from hydria_plugin.learning.splits import everything, split
from hydria_plugin.learning.workbench import Workbench
from hydria_plugin.testing.samples import sample_history, sample_layout, window_of
from tests.learning.toy_forecasters import Drift, Still

PAST, HORIZON = 12, 4


@pytest.fixture(scope="module")
def history() -> History:
    return sample_history(sample_layout(stations=2, slots=2, past=PAST, horizon=HORIZON), steps=1600, gaps=0.003)


def blend_of(**members: Drift) -> Blend:
    return Blend(members=members, rng=np.random.default_rng(2))


@pytest.fixture(scope="module")
def trained(history: History) -> Blend:
    return blend_of(drift=Drift(), still=Still()).fit(history, split(history))


def windows(history: History, *, future: bool = False, count: int = 12) -> list[Window]:
    return [window_of(history, at, future) for at in np.linspace(PAST, len(history) - HORIZON - 1, count).astype(int)]


def test_weights_are_weights(trained: Blend) -> None:
    mix = trained.ready().mix
    for weights in (mix.centre, mix.spread):
        assert (weights >= 0).all() and weights.sum(axis=-1) == pytest.approx(1.0)
    assert (mix.belief >= 0).all() and (mix.belief <= 1).all()
    assert (np.diff(mix.belief, axis=-1) >= 0).all() and (np.diff(mix.sizes, axis=-1) >= 0).all()
    assert (mix.events > 3).all()


def test_the_better_member_weighs_more(trained: Blend) -> None:
    t = trained.ready()
    drift, still = (list(t.members).index(n) for n in ("drift", "still"))
    assert t.mix.centre[..., drift].mean() > 0.5 > t.mix.centre[..., still].mean()


def test_forecast_and_hindcast_are_one(trained: Blend, history: History) -> None:
    steps = np.linspace(PAST, len(history) - HORIZON - 1, 15).astype(int)
    for future in (False, True):
        many = trained.hindcast(history, steps, future)
        for i, at in enumerate(steps):
            one = trained.forecast(window_of(history, int(at), future)).values
            np.testing.assert_allclose(many[i], one, rtol=1e-9, atol=1e-12)


def test_parts_are_the_members_medians(trained: Blend, history: History) -> None:
    window = window_of(history, 700)
    forecast = trained.forecast(window)
    assert forecast.part_names == ("drift", "still", "persistence", "announced")
    assert forecast.parts is not None
    member = trained.ready().members["drift"].forecast(window)
    assert np.array_equal(forecast.parts[:, 0], member.median)
    low, high = forecast.parts[:, :-1].min(axis=1), forecast.parts[:, :-1].max(axis=1)
    assert ((low - 1e-9 <= forecast.parts[:, -1]) & (forecast.parts[:, -1] <= high + 1e-9)).all()
    assert set(forecast.made_by) == {"blend"}


def test_the_centre_lies_between_the_members(trained: Blend, history: History) -> None:
    for window in windows(history):
        forecast = trained.forecast(window)
        assert forecast.parts is not None
        ok = forecast.there & np.isfinite(forecast.parts).all(axis=(1, 2))
        low, high = forecast.parts.min(axis=1)[ok], forecast.parts.max(axis=1)[ok]
        assert (forecast.median[ok] >= low - 1e-9).all() and (forecast.median[ok] <= high + 1e-9).all()


def test_a_member_without_a_row_leaves_its_weight_to_the_others(trained: Blend, history: History) -> None:
    class Gappy(Drift):
        def forecast(self, window: Window) -> Forecast:
            values = np.array(super().forecast(window).values)
            values[0] = np.nan
            return Forecast.of(window, values, "gappy")

    t = trained.ready()
    gappy = Gappy()
    gappy.gain, gappy.scale = t.members["drift"].gain, t.members["drift"].scale  # type: ignore[attr-defined]
    broken = trained.with_trained(replace(t, members={**t.members, "drift": gappy}))
    window = window_of(history, 800)
    whole, without = trained.forecast(window), broken.forecast(window)
    assert without.there.all()
    assert np.array_equal(without.values[1], whole.values[1])
    assert without.parts is not None and np.isnan(without.parts[0, 0]).all()
    assert not np.array_equal(without.values[0], whole.values[0])


def test_a_member_that_raises_costs_only_itself(
    trained: Blend, history: History, caplog: pytest.LogCaptureFixture
) -> None:
    class Fails(Drift):
        def forecast(self, window: Window) -> Forecast:
            raise RuntimeError("no luck tonight")

    t = trained.ready()
    broken = trained.with_trained(replace(t, members={**t.members, "drift": Fails()}))
    forecast = broken.forecast(window_of(history, 800))
    assert forecast.there.all()
    assert "name=drift" in caplog.text and "no luck tonight" in caplog.text


def test_no_member_no_forecast(trained: Blend, history: History) -> None:
    window = window_of(history, 800)
    silent = replace(window, observed=Signal.measured(np.full_like(window.observed.values, np.nan)))
    assert not trained.forecast(silent).there.any()


def test_an_unknown_station_is_given_persistence(trained: Blend, history: History) -> None:
    window = window_of(history, 800)
    names = ("stranger", *window.layout.stations[1:])
    strange = replace(window, layout=replace(window.layout, stations=names))
    forecast = trained.forecast(strange)
    last = strange.observed.values[0, 0, -1]
    assert forecast.median[0] == pytest.approx(last)


def test_stations_are_known_by_name(trained: Blend, history: History) -> None:
    window = window_of(history, 800)
    whole, turned = trained.forecast(window), trained.forecast(window.only([1, 0]))
    np.testing.assert_array_equal(turned.values, whole.values[[1, 0]])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"quantiles": (0.1, 0.5, 0.9)}, "trained for quantiles"),
        ({"slots": ("rain.9", "level.upstream")}, "trained for slots"),
        ({"step": np.timedelta64(900, "s")}, "trained for step"),
    ],
    ids=["quantiles", "slots", "step"],
)
def test_another_configuration_is_refused_by_name(trained: Blend, history: History, change: dict, told: str) -> None:
    window = window_of(history, 800)
    with pytest.raises(ModelError, match=told):
        trained.forecast(replace(window, layout=replace(window.layout, **change)))


def test_a_members_own_progress_is_told(history: History) -> None:
    class Slow(Drift):
        def fit_on(self, bench, history, split, progress):
            progress("knot 1", 0.5)
            return self.fit(history, split)

    seen: list[tuple[str, float]] = []
    Blend(members={"slow": Slow()}).fit_on(
        Workbench(), history, split(history), lambda what, share: seen.append((what, share))
    )
    assert ("slow: knot 1", pytest.approx(1 / 6)) in seen
    assert [share for _, share in seen] == sorted(share for _, share in seen)


def test_saved_and_loaded_it_is_the_same(trained: Blend, history: History, tmp_path: Path) -> None:
    trained.save(tmp_path)
    assert (tmp_path / "members" / "drift" / "drift.json").exists()
    assert not list(tmp_path.rglob("*.pkl")) and not list(tmp_path.rglob("*.pickle"))
    again = blend_of(drift=Drift(), still=Still()).load(tmp_path)
    for window in windows(history, count=4):
        np.testing.assert_array_equal(again.forecast(window).values, trained.forecast(window).values)


def test_a_member_gone_since_training_is_named(trained: Blend, tmp_path: Path) -> None:
    trained.save(tmp_path)
    with pytest.raises(ModelError, match="trained with 'drift', which is not among its members now"):
        Blend(members={"still": Still()}).load(tmp_path)


def test_untrained_it_says_so(history: History) -> None:
    with pytest.raises(ModelError, match="run `hydria train`"):
        Blend().forecast(window_of(history, 700))


def test_of_chooses_and_refuses() -> None:
    given = {"drift": Drift(), "still": Still()}
    assert list(Blend(of=["still"], members=given).members) == ["still", "persistence"]
    assert list(Blend(members=given).members) == ["drift", "still", "persistence"]
    with pytest.raises(ValueError, match="no forecaster 'lstm' to blend; there are: drift, still"):
        Blend(of=["lstm"], members=given)


def test_it_asks_for_the_totals_its_members_need() -> None:
    class Thirsty(Drift):
        antecedent = (np.timedelta64(7, "D"), np.timedelta64(1, "D"))

    assert Blend(members={"a": Thirsty(), "b": Drift()}).antecedent == (np.timedelta64(1, "D"), np.timedelta64(7, "D"))
    assert Blend().antecedent == ()


def test_a_member_that_cannot_be_fitted_is_left_out(history: History, caplog: pytest.LogCaptureFixture) -> None:
    blend = blend_of(bad=Drift(fail=True), drift=Drift()).fit(history, split(history))
    assert list(blend.ready().members) == ["drift", "persistence"]
    assert "member left out of the blend name=bad" in caplog.text


def test_a_member_that_never_answers_gets_no_weight(history: History) -> None:
    class Mute(Drift):
        def hindcast(self, history: History, at: np.ndarray, future: bool) -> np.ndarray:
            return np.full_like(super().hindcast(history, at, future), np.nan)

    mix = blend_of(mute=Mute(), drift=Drift()).fit(history, split(history)).ready().mix
    assert (mix.centre[..., 0] == 0).all() and (mix.spread[..., 0] == 0).all()
    assert mix.centre[..., 1].mean() > 0.5


def flashy(steps: int, floods: tuple[int, ...]) -> History:
    """One station, quiet but for ``floods``: six weeks with a single great one are the stress test."""
    rng = np.random.default_rng(8)
    t = np.arange(steps, dtype=float)
    level = 2.0 + 0.02 * np.cumsum(rng.normal(size=steps)) * 0.2
    for at in floods:
        level += np.where(t > at, 30.0 * (t - at) / 6.0 * np.exp(-(t - at) / 6.0), 0.0)
    layout = sample_layout(stations=1, slots=1, past=PAST, horizon=HORIZON)
    wet = np.zeros((1, steps, 1))
    wet[0, list(floods), 0] = 40.0
    times = np.datetime64("2014-09-15T00:00:00", "s") + layout.step * np.arange(steps)
    return History(layout, times, Signal.measured(level[None]), Signal.measured(wet), np.empty((1, steps, 1, 0)))


@pytest.mark.parametrize("floods", [(300,), (200, 320)], ids=["one flood", "two floods"])
def test_a_record_of_few_floods_keeps_to_persistence(floods: tuple[int, ...]) -> None:
    record = flashy(1000, floods)
    blend = blend_of(wild=Drift(noise=3.0), drift=Drift()).fit(record.between(0, 600), split(record.between(0, 600)))
    at = np.arange(620, 990)
    seen = blend.hindcast(record, at, False)[:, 0, :, record.layout.median]
    truth = record.target.values[0][at[:, None] + np.arange(1, HORIZON + 1)]
    last = record.target.values[0][at][:, None]
    index = 1 - ((truth - seen) ** 2).sum(axis=0) / ((truth - last) ** 2).sum(axis=0)
    assert (index >= -0.02).all()


def test_everything_may_be_used_for_the_last_fit(history: History) -> None:
    whole = everything(history, split(history))
    blend = blend_of(drift=Drift()).fit(history, whole)
    assert np.isfinite(blend.ready().mix.centre).all()


def test_many_stations_share_what_their_witnesses_say(monkeypatch: pytest.MonkeyPatch) -> None:
    layout = sample_layout(stations=6, slots=1, past=PAST, horizon=HORIZON)
    record = sample_history(layout, steps=1200, gaps=0.002)
    values = np.array(record.target.values)
    values[3] *= 1000.0  # in another unit
    record = replace(record, target=Signal.measured(values))
    monkeypatch.setattr("hydria_plugin.forecasters.evidence.MOST_WITNESSES", 3)
    blend = blend_of(drift=Drift(), still=Still()).fit(record, split(record))
    mix = blend.ready().mix
    assert mix.centre.shape[:2] == mix.belief.shape[:2] == mix.sizes.shape[:2] == (2, 6)
    assert mix.centre.sum(axis=-1) == pytest.approx(1.0) and mix.centre[..., 0].mean() > 0.5
    assert (mix.centre[:, 0] == mix.centre[:, 5]).all()
    assert mix.sizes[:, 3].mean() == pytest.approx(1000 * mix.sizes[:, 2].mean(), rel=0.5)
    assert blend.forecast(window_of(record, 900)).there.all()


def test_a_record_without_a_usable_step_is_named() -> None:
    record = sample_history(sample_layout(stations=1, slots=1, past=24, horizon=6), steps=20)
    with pytest.raises(ModelError, match="20 steps, training needs more than past"):
        blend_of(drift=Drift()).fit(record, split(record))


def test_which_leads_are_foreseen(history: History) -> None:
    window = window_of(history, 700, future=True)
    rain = np.array(window.future.values)
    rain[0, 0, 2, 0] = np.nan
    partly = replace(window, future=Signal.measured(rain))
    assert foreseen(partly)[0].tolist() == [True, True, False, False]
    assert foreseen(partly)[1].all()
    assert not foreseen(window_of(history, 700)).any()
    steps = np.array([700, 701, len(history) - 2])
    for future in (False, True):
        many = foreseen_in(history, steps, future)
        assert np.array_equal(many[0], foreseen(window_of(history, 700, future)))
        assert np.array_equal(many[1], foreseen(window_of(history, 701, future)))
    assert foreseen_in(history, steps, True)[2, 0].tolist() == [True, False, False, False]


def test_without_rain_slots_nothing_is_foreseen() -> None:
    layout = replace(sample_layout(stations=1, slots=1), kinds=("level",))
    record = sample_history(layout, steps=200)
    assert not foreseen(window_of(record, 150, future=True)).any()
    assert not foreseen_in(record, np.array([150]), True).any()


# ---- learning while running


def met(layout: Layout, parts: np.ndarray, truth: float, centre: float = 1.0, flag: int = 1) -> Verified:
    s, h, q = 1, parts.shape[1], len(layout.quantiles)
    return Verified(
        np.datetime64("2026-03-01T00:00:00", "s"), ("s1",), layout.quantiles, np.full((s, h, q), centre),
        np.full(s, truth), np.full(s, flag, np.uint8), parts[None], ("a", "b"), np.full((s, h), 1.0),
    )  # fmt: skip


LAYOUT = sample_layout(stations=1, slots=1, horizon=8)
AT, ENERGY = np.array([0]), np.full((1, 8), 1.0)


def test_the_member_that_was_right_gains_weight() -> None:
    parts = np.array([[2.0] * 8, [1.0] * 8])
    state = learn_tilt(met(LAYOUT, parts, truth=2.0), {}, ("a", "b"), AT, ENERGY)
    weights = tilted(np.full((1, 8, 2), 0.5), state, AT)
    assert (weights[..., 0] > weights[..., 1]).all()
    wrong = learn_tilt(met(LAYOUT, parts, truth=0.0), {}, ("a", "b"), AT, ENERGY)
    weights = tilted(np.full((1, 8, 2), 0.5), wrong, AT)
    assert (weights[..., 0] < weights[..., 1]).all()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), max_size=60))
def test_the_tilt_is_bounded_and_finite_whatever_comes(seen: list[tuple[float, float, float]]) -> None:
    state = {}
    for a, b, truth in seen:
        state = learn_tilt(met(LAYOUT, np.array([[a] * 8, [b] * 8]), truth), state, ("a", "b"), AT, ENERGY)
    if seen:
        assert np.isfinite(state["tilt"]).all() and np.abs(state["tilt"]).max() <= BOUND + 1e-6


@pytest.mark.parametrize("flag", [4], ids=["failed"])
def test_bad_truth_teaches_nothing(flag: int) -> None:
    parts = np.array([[2.0] * 8, [1.0] * 8])
    for verified in (met(LAYOUT, parts, 2.0, flag=flag), met(LAYOUT, parts, float("nan"))):
        assert not np.any(learn_tilt(verified, {}, ("a", "b"), AT, ENERGY)["tilt"])


def test_parts_of_another_blend_teach_nothing() -> None:
    parts = np.array([[2.0] * 8, [1.0] * 8])
    assert learn_tilt(met(LAYOUT, parts, 2.0), {}, ("x", "y"), AT, ENERGY) == {}
    weights = np.full((1, 8, 2), 0.5)
    assert tilted(weights, {"tilt": np.ones((1, BANDS, 3))}, AT) is weights


def test_what_was_learned_is_forgotten() -> None:
    parts = np.array([[2.0] * 8, [1.0] * 8])
    state = learn_tilt(met(LAYOUT, parts, 2.0), {}, ("a", "b"), AT, ENERGY)
    first = np.abs(state["tilt"]).max()
    for _ in range(3000):
        state = learn_tilt(met(LAYOUT, parts, float("nan")), state, ("a", "b"), AT, ENERGY)
    assert np.abs(state["tilt"]).max() < 0.3 * first


def test_bands_of_leads_widen() -> None:
    assert np.bincount(band_of_leads(24)).tolist() == [2, 2, 6, 14]
    assert band_of_leads(1).tolist() == [0]


def test_online_learning_is_no_worse_than_the_trained_weights() -> None:
    """On a stationary stream, with the trained weights at their best, the tilt costs next to nothing; after a member
    has gone wrong for good, it helps."""
    rng = np.random.default_rng(9)
    trained_weights = np.array([0.6, 0.3, 0.1])
    for drifts, most in ((False, 1.005), (True, 0.97)):
        state, losses = {}, np.zeros(2)
        for t in range(3000):
            signal = rng.normal(size=8)
            truth = signal[0]
            gone = 1.5 if drifts and t > 500 else 0.0
            errors = rng.normal(size=3) * np.array([0.5, 0.7, 1.2]) + np.array([gone, 0.0, 0.0])
            parts = np.repeat((truth + errors)[:, None], 8, axis=1)
            plain = trained_weights @ parts
            weights = tilted(np.tile(trained_weights, (1, 8, 1)), state, AT)[0]
            weights = weights / weights.sum(axis=1, keepdims=True)
            mine = np.einsum("hj,jh->h", weights, parts)
            losses += np.array([((mine - truth) ** 2).mean(), ((plain - truth) ** 2).mean()])
            verified = replace(
                met(LAYOUT, parts[:2], truth, centre=float(mine[0])), parts=parts[None], part_names=("a", "b", "c")
            )
            state = learn_tilt(verified, state, ("a", "b", "c"), AT, ENERGY)
        assert losses[0] <= most * losses[1]


def test_learned_state_changes_the_forecast_and_only_there(trained: Blend, history: History) -> None:
    window = window_of(history, 800)
    tilt = np.zeros((2, BANDS, 3), np.float32)
    tilt[0, :, 2] = 0.5
    learned = replace(window, learned={"blend": {"tilt": tilt}})
    plain, after = trained.forecast(window), trained.forecast(learned)
    assert np.array_equal(after.values[1], plain.values[1])
    one = trained.forecast(learned.only([0]))
    np.testing.assert_allclose(one.values[0], after.values[0])


def test_learn_goes_through_the_blend(trained: Blend, history: History) -> None:
    window = window_of(history, 800)
    f = trained.forecast(window)
    truth = history.target.values[:, 801]
    verified = Verified(
        history.times[801], f.stations, f.quantiles, f.values, truth, np.ones(2, np.uint8), f.parts, f.part_names,
        np.repeat(window.observed.values[:, 0, -1:], HORIZON, axis=1),
    )  # fmt: skip
    state = trained.learn(verified, {})
    again = trained.learn(verified, {})
    assert state["tilt"].shape == (2, BANDS, 3)
    assert np.array_equal(state["tilt"], again["tilt"])


def test_persistence_alone_is_persistence(history: History) -> None:
    blend = Blend().fit(history, split(history))
    alone = Persistence().fit(history, split(history))
    window = window_of(history, 900)
    assert blend.forecast(window).median == pytest.approx(alone.forecast(window).median, nan_ok=True)
