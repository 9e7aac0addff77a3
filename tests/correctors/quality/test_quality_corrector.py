"""The promises of ``quality``: causal, the same for a series everywhere, a record as its windows, kept and loaded."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rivers_made import (
    CUT,
    PAST,
    STEPS,
    calm,
    columns,
    first_part,
    flood,
    history,
    seen,
    spoilt,
    trained,
    window,
)

from hydria_plugin import METHODS, Flag, InputCorrector, Layout, ModelError, Persistent, Retracing, Signal, Trainable
from hydria_plugin.correctors.quality.corrector import Quality
from hydria_plugin.correctors.quality.limits import LATER, NAMES
from hydria_plugin.testing import check_corrector, sample_layout
from hydria_plugin.testing.samples import sample_history
from hydria_plugin.values import Floats, Window

SHAPES = ("values", "sigma", "flags", "method", "raw")


def same(a: Signal, b: Signal) -> None:
    for name in SHAPES:
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name), err_msg=name)


def faulty(seed: int, share: float = 0.01) -> Floats:
    """The record with faults of all sizes strewn over its last part."""
    rng, x = np.random.default_rng(seed), columns().copy()
    hit = rng.random(x.shape) < share
    hit[:CUT] = False
    x[hit] *= rng.choice([0.0, np.nan, 1.5, 4.0, -1.0], hit.sum())
    for column in range(x.shape[1]):
        at = int(rng.integers(CUT, STEPS - 60))
        x[at : at + 30, column] += rng.normal() * np.nanstd(x[:, column]) * 5
    return x


def test_it_has_the_powers_it_needs() -> None:
    for power in (InputCorrector, Trainable, Persistent, Retracing):
        assert isinstance(trained(), power)


@pytest.mark.parametrize("layout", [sample_layout(), sample_layout(1, 1), sample_layout(5, 4, past=6)])
def test_it_keeps_the_promises_of_a_corrector(layout: Layout) -> None:
    check_corrector(Quality(), layout)
    record = sample_history(layout, 900)
    fit = np.ones(record.target.shape, dtype=bool)
    parts = replace(first_part(history()), fit=fit, stop=~fit, test=~fit, events=np.zeros(fit.shape, np.int32))
    check_corrector(Quality().fit(record, parts), layout)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6), st.integers(CUT + 100, STEPS - 100))
def test_it_is_causal(seed: int, at: int) -> None:
    """Whatever comes after a step changes nothing of what was said of the steps up to it in its own window; and in a
    record nothing at all."""
    x, rng = faulty(seed), np.random.default_rng(seed)
    other = x.copy()
    other[at + 1 :] = rng.normal(size=other[at + 1 :].shape) * 10
    a, b = seen(x, at), seen(other, at)
    same(a.observed, b.observed)
    same(a.past, b.past)
    corrected, changed = (trained().correct_history(history(y)) for y in (x, other))
    same(corrected.target.each(lambda s: s[:, : at + 1]), changed.target.each(lambda s: s[:, : at + 1]))
    same(corrected.inputs.each(lambda s: s[:, : at + 1]), changed.inputs.each(lambda s: s[:, : at + 1]))


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 10**6))
def test_a_record_is_judged_as_its_windows_judge_their_newest_value(seed: int) -> None:
    x = faulty(seed, 0.02)
    whole = trained().correct_history(history(x))
    for at in np.random.default_rng(seed).integers(CUT, STEPS - 10, 60):
        one = seen(x, int(at))
        same(whole.target.each(lambda s, at=at: s[0, at]), one.observed.each(lambda s: s[0, 0, -1]))
        same(whole.inputs.each(lambda s, at=at: s[0, at]), one.past.each(lambda s: s[0, 0, -1]))


def test_correcting_twice_is_correcting_once() -> None:
    for at in (calm() + 1, flood()):
        once = seen(faulty(3), at)
        twice = trained().correct_inputs(once)
        failed = once.observed.flags == Flag.FAIL
        assert (twice.observed.flags[failed] == Flag.FAIL).all()
        same(twice.past.each(lambda s: s[:, :, -1]), once.past.each(lambda s: s[:, :, -1]))


def two_stations(x: Floats, at: int, order: tuple[int, ...] = (0, 1)) -> Window:
    """The valley twice: a second station has the first one's target as its upstream level, and one of its gauges."""
    series = np.asarray([["r1", "r2", "up", "side"], ["r1", "", "target", ""]])
    base = window(x, at)
    layout = replace(
        base.layout, stations=("s", "t"), targets=("target", "side"), quantities=("level", "discharge"),
        units=("m", "m3/s"), series=series, static=np.empty((2, 0)),
    )  # fmt: skip
    past = np.full((2, 1, PAST, 4), np.nan)
    past[0] = base.past.values[0]
    past[1, 0, :, 0], past[1, 0, :, 2] = base.past.values[0, 0, :, 0], base.observed.values[0, 0]
    observed = np.concatenate([base.observed.values, base.past.values[:, :, :, 3]])
    whole = Window(
        base.issued_at, base.known_at, layout, Signal.measured(observed), Signal.measured(past),
        Signal.measured(np.full((2, 1, 6, 4), np.nan)), np.empty((2, 4, 0)),
    )  # fmt: skip
    return whole.only(order)


def test_a_series_has_one_verdict_wherever_it_stands() -> None:
    at = flood()
    after = trained().correct_inputs(two_stations(spoilt("target", at, [0.0]), at))
    assert after.observed.flags[0, 0, -1] == after.past.flags[1, 0, -1, 2] == Flag.FAIL
    assert METHODS[after.past.method[1, 0, -1, 2]] == "drop-to-zero"


def test_the_order_of_stations_does_not_matter() -> None:
    at = flood()
    x = faulty(5)
    one, other = (trained().correct_inputs(two_stations(x, at, order)) for order in ((0, 1), (1, 0)))
    same(one.observed, other.observed.each(lambda a: a[::-1]))
    same(one.past, other.past.each(lambda a: a[::-1]))


def test_what_the_host_failed_is_a_gap_and_tested_no_more() -> None:
    at = calm()
    given_up = window(columns(), at)
    flags = np.array(given_up.observed.flags)
    flags[0, 0, -1] = Flag.FAIL
    after = trained().correct_inputs(replace(given_up, observed=replace(given_up.observed, flags=flags)))
    assert np.isnan(after.observed.values[0, 0, -1]) and after.observed.method[0, 0, -1] == 0
    assert after.observed.raw[0, 0, -1] == columns()[at, 0]


def test_what_a_person_said_stays() -> None:
    at = calm()
    doubtful = window(spoilt("target", at, 99.0), at)
    method, flags = np.array(doubtful.observed.method), np.array(doubtful.observed.flags)
    method[0, 0, -1], flags[0, 0, -1] = METHODS.index("manual"), Flag.GOOD
    after = trained().correct_inputs(replace(doubtful, observed=replace(doubtful.observed, method=method, flags=flags)))
    assert after.observed.values[0, 0, -1] == 99.0 and after.observed.flags[0, 0, -1] == Flag.GOOD


def test_the_admins_limits_stand_over_the_learned() -> None:
    at = calm()
    own = Quality(limits={"target": {"high": 0.9}, "elsewhere": {"low": 1.0}}).fit(history(), first_part(history()))
    after = own.correct_inputs(window(spoilt("target", at, 0.95), at))
    assert after.observed.flags[0, 0, -1] == Flag.FAIL and METHODS[after.observed.method[0, 0, -1]] == "range"
    untrained = Quality(limits={"target": {"high": 0.9}})
    assert untrained.correct_inputs(window(spoilt("target", at, 0.95), at)).observed.flags[0, 0, -1] == Flag.FAIL


@pytest.mark.parametrize("limits", [{"target": {"hihg": 1.0}}, {"target": {"high": "much"}}])
def test_an_unknown_limit_is_refused(limits: dict[str, dict[str, float]]) -> None:
    with pytest.raises(ValueError, match=r"limits.target.*allowed are numbers for low, high"):
        Quality(limits=limits)


def test_kept_and_loaded_it_is_the_same(tmp_path: Path) -> None:
    trained().save(tmp_path)
    held = json.loads((tmp_path / "quality.json").read_text())
    assert set(held["limits"]) == set(NAMES) and held["series"] == list(trained().names)
    loaded = Quality().load(tmp_path)
    for at in (calm() + 1, flood()):
        a, b = trained().correct_inputs(window(faulty(1), at)), loaded.correct_inputs(window(faulty(1), at))
        same(a.past, b.past)


def test_a_file_that_holds_no_limits_is_a_model_error(tmp_path: Path) -> None:
    (tmp_path / "quality.json").write_text('{"limits": {"low": [1]}}')
    with pytest.raises(ModelError, match="holds no limits"):
        Quality().load(tmp_path)


def test_a_short_record_teaches_nothing_and_fails_nothing() -> None:
    record = history(columns()[:60])
    new = Quality().fit(record, replace(first_part(record)))
    after = new.correct_inputs(window(columns(), flood()))
    assert not (after.observed.flags == Flag.FAIL).any() and not (after.past.flags == Flag.FAIL).any()


def test_scenarios_share_the_verdict() -> None:
    at = calm()
    one = window(spoilt("target", at, 99.0), at)
    many = replace(
        one,
        observed=one.observed.each(lambda a: np.broadcast_to(a, (1, 3, PAST))),
        past=one.past.each(lambda a: np.broadcast_to(a, (1, 3, PAST, 4))),
        future=one.future.each(lambda a: np.broadcast_to(a, (1, 3, 6, 4))),
    )
    after = trained().correct_inputs(many)
    assert (after.observed.flags[0, :, -1] == Flag.FAIL).all() and np.isnan(after.observed.values[0, :, -1]).all()


def test_a_model_kept_before_some_limits_were_learned_is_silent_about_them(tmp_path: Path) -> None:
    trained().save(tmp_path)
    file = tmp_path / "quality.json"
    held = json.loads(file.read_text(encoding="utf-8"))
    for name in LATER:
        del held["limits"][name]
    file.write_text(json.dumps(held), encoding="utf-8")
    again = Quality().load(tmp_path)
    assert np.isinf(again.learned.climb).all() and np.isfinite(trained().learned.climb).any()
    del held["limits"]["low"]
    file.write_text(json.dumps(held), encoding="utf-8")
    with pytest.raises(ModelError):
        Quality().load(tmp_path)
