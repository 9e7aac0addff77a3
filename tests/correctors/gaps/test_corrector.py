"""Gaps as a corrector: what is filled, how it says so, and what it never does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin import Flag, History, InputCorrector, ModelError, Persistent, Retracing, Signal, Trainable, Window
from hydria_plugin.correctors.gaps.corrector import Gaps
from hydria_plugin.plugins import load_plugins
from hydria_plugin.testing import check_corrector, sample_history, sample_layout
from hydria_plugin.testing.samples import window_of
from hydria_plugin.values import METHODS

from .records import basin, basin_layout, first_two_thirds, with_gaps

RECORD = basin()
GAPS = Gaps().fit(RECORD, first_two_thirds(RECORD))
AT = 3500


def method(signal: Signal, *place: int) -> str:
    return METHODS[int(signal.method[place])]


def flood() -> int:
    """The step of the highest level in the test part."""
    return 3000 + int(np.argmax(RECORD.target.values[0, 3000:]))


def rain_missed(lost: tuple[int, ...]) -> float:
    """Root mean square error of gauge 1 in wet steps of the test part, when the gauges ``lost`` are silent there,
    relative to its rain."""
    gone = RECORD
    for slot in lost:
        gone = with_gaps(gone, slot, slice(2700, None))
    told, truth = GAPS.correct_history(gone).inputs.values[0, 2700:, 1], RECORD.inputs.values[0, 2700:, 1]
    wet = truth > 2.0
    return float(np.sqrt(((told - truth)[wet] ** 2).mean() / (truth[wet] ** 2).mean()))


def test_it_is_offered_and_has_its_powers() -> None:
    built = load_plugins().build("corrector", "gaps", {}, {})
    assert isinstance(built, Gaps)
    for power in (InputCorrector, Trainable, Persistent, Retracing):
        assert isinstance(built, power)
    assert built.works_untrained


@pytest.mark.parametrize("corrector", [Gaps(), GAPS], ids=["untrained", "trained elsewhere"])
def test_the_kit_accepts_it(corrector: Gaps) -> None:
    check_corrector(corrector)


def three_stations() -> tuple[Gaps, History]:
    """Trained on the samples' basin of three stations."""
    history = sample_history(sample_layout(), gaps=0.0)
    fit = np.ones((3, len(history)), dtype=bool)
    split = replace(first_two_thirds(RECORD), fit=fit, stop=~fit, test=~fit, events=np.full(fit.shape, -1, np.int32))
    return Gaps().fit(history, split), history


def test_the_kit_accepts_it_trained() -> None:
    check_corrector(three_stations()[0], sample_layout())


TRAINED, THREE = three_stations()


@settings(max_examples=20, deadline=None)
@given(st.lists(st.booleans(), min_size=6, max_size=6), st.integers(0, 5))
def test_what_is_filled_does_not_depend_on_gaps_at_other_stations(others: list[bool], mine: int) -> None:
    """``mine``: the target or the river upstream of one of three stations; ``others``: which more of these are lost."""
    window = window_of(THREE, 1200)

    def filled(lost: list[int]) -> Window:
        target, past = np.array(window.observed.values), np.array(window.past.values)
        for place in lost:
            (target if place < 3 else past[..., 2])[place % 3, :, -3:] = np.nan
        return TRAINED.correct_inputs(replace(window, observed=Signal.measured(target), past=Signal.measured(past)))

    elsewhere = [n for n, lost in enumerate(others) if lost and n % 3 != mine % 3]
    alone, among = filled([mine]), filled([mine, *elsewhere])
    s = mine % 3
    assert np.array_equal(alone.observed.values[s], among.observed.values[s])
    assert np.array_equal(alone.past.values[s], among.past.values[s], equal_nan=True)
    assert np.array_equal(alone.observed.method[s], among.observed.method[s])


def test_a_window_without_gaps_is_left_as_it_is() -> None:
    window = window_of(RECORD, AT)
    assert GAPS.correct_inputs(window) is window


def test_a_silent_gauge_reads_what_its_neighbours_say() -> None:
    plain = RECORD.inputs.values[0, 2700:, [0, 2]].mean(axis=0)
    truth = RECORD.inputs.values[0, 2700:, 1]
    wet = truth > 2.0
    by_mean = float(np.sqrt(((plain - truth)[wet] ** 2).mean() / (truth[wet] ** 2).mean()))
    assert rain_missed((1,)) < 0.3 < by_mean  # its exposure is 1.5: a plain mean is far too low


def test_a_silent_gauge_is_filled_from_whichever_neighbours_speak() -> None:
    both = rain_missed((1,))
    for other in (0, 2):
        assert both < rain_missed((1, other)) < 1.5 * both
    assert rain_missed((0, 1, 2)) > 0.8  # what the river says of the newest rain is little


def test_its_standard_error_is_that_of_the_fill() -> None:
    filled = GAPS.correct_history(with_gaps(RECORD, 1, slice(2700, None))).inputs
    truth = RECORD.inputs.values[0, 2700:, 1]
    ratio = (filled.values[0, 2700:, 1] - truth) / filled.sigma[0, 2700:, 1]
    assert 0.5 < float(np.std(ratio[truth > 2.0])) < 1.6
    assert METHODS[filled.method[0, -1, 1]] == "neighbours"


def test_a_silent_level_is_told_by_the_river_upstream() -> None:
    at = 3000 + int(np.argmax(np.diff(RECORD.target.values[0, 3000:], 6)))
    gone = with_gaps(RECORD, None, slice(at - 5, at + 1))
    after = GAPS.correct_inputs(window_of(gone, at))
    assert method(after.observed, 0, 0, -1) == "upstream"
    truth, held = RECORD.target.values[0, at], RECORD.target.values[0, at - 6]
    assert abs(after.observed.values[0, 0, -1] - truth) < 0.02 + 0.2 * abs(held - truth)


def test_the_rain_tells_where_no_river_does() -> None:
    at = flood()
    gone = with_gaps(with_gaps(RECORD, None, slice(at - 5, at + 1)), 3, slice(at - 47, at + 1))
    after = GAPS.correct_inputs(window_of(gone, at))
    assert method(after.observed, 0, 0, -1) == "rain"
    truth, held = RECORD.target.values[0, at], RECORD.target.values[0, at - 6]
    assert abs(after.observed.values[0, 0, -1] - truth) < 0.5 * abs(held - truth)


def test_alone_it_filters_up_to_the_present_and_smooths_the_past() -> None:
    gone = RECORD
    for slot in range(4):
        gone = with_gaps(gone, slot, slice(0, None))
    gone = with_gaps(gone, None, np.array([AT - 20, AT - 19, AT - 1, AT]))
    after = GAPS.correct_inputs(window_of(gone, AT))
    assert [method(after.observed, 0, 0, p) for p in (-21, -20, -2, -1)] == ["smoother"] * 2 + ["filter"] * 2
    ends = RECORD.target.values[0, [AT - 21, AT - 18]]
    assert ends.min() - 0.05 < after.observed.values[0, 0, -20] < ends.max() + 0.05
    assert after.observed.sigma[0, 0, -1] > after.observed.sigma[0, 0, -2] > 0


def test_an_input_of_which_nothing_is_known_is_the_climatology() -> None:
    """The target is known until some steps ago, so that the station is not given up."""
    gone = with_gaps(RECORD, None, slice(AT - 5, None))
    for slot in range(4):
        gone = with_gaps(gone, slot, slice(AT - 200, None))
    after = GAPS.correct_inputs(window_of(gone, AT))
    assert [method(after.past, 0, 0, -1, slot) for slot in (0, 3)] == ["climatology", "climatology"]
    assert after.past.values[0, 0, -1, 0] == 0 and after.past.sigma[0, 0, -1, 0] > 0
    assert method(after.observed, 0, 0, -1) == "filter"


def test_where_no_gauge_speaks_the_river_tells_of_the_rain() -> None:
    gone = RECORD
    for slot in range(3):
        gone = with_gaps(gone, slot, slice(2700, None))
    told, truth = np.empty(0), np.empty(0)
    for at in range(2800, 3990, 40):
        after = GAPS.correct_inputs(window_of(gone, at))
        told = np.append(told, after.past.values[0, 0, -40:, 0])
        truth = np.append(truth, RECORD.inputs.values[0, at - 39 : at + 1, 0])
    assert method(after.past, 0, 0, -1, 0) == "upstream"
    assert ((told - truth) ** 2).mean() < 0.5 * ((truth.mean() - truth) ** 2).mean()
    assert (told == 0).mean() > 0.7  # dry it is most of the time


def test_when_everything_is_lost_the_target_stays_a_gap() -> None:
    gone = with_gaps(RECORD, None, slice(AT - 200, None))
    for slot in range(4):
        gone = with_gaps(gone, slot, slice(AT - 200, None))
    after = GAPS.correct_inputs(window_of(gone, AT))
    assert np.isnan(after.observed.values).all()


def test_a_level_lost_for_ever_is_no_stale_value() -> None:
    at = flood()
    gone = with_gaps(RECORD, None, slice(at - 200, None))
    after = GAPS.correct_inputs(window_of(gone, at))
    truth = RECORD.target.values[0, at - 47 : at + 1]
    stale = RECORD.target.values[0, at - 201]
    missed = after.observed.values[0, 0] - truth
    assert (missed**2).mean() < 0.2 * ((stale - truth) ** 2).mean()
    assert (after.observed.sigma > 0).all()


def test_filled_is_never_truth() -> None:
    gone = with_gaps(with_gaps(RECORD, None, slice(AT - 3, AT + 1)), 0, slice(AT - 3, AT + 1))
    window = window_of(gone, AT)
    after = GAPS.correct_inputs(window)
    for now, before in ((after.observed, window.observed), (after.past, window.past)):
        filled = np.isfinite(now.values) & np.isnan(before.values)
        assert filled.any() and not now.trusted[filled].any()
        assert np.isnan(now.told[filled]).all()
        assert (now.sigma[filled] > 0).all() and (now.method[filled] > 0).all()
        assert np.array_equal(now.flags, before.flags) and np.isnan(now.raw[filled]).all()
        assert np.array_equal(now.values[~filled], before.values[~filled], equal_nan=True)


def test_a_gauge_whose_every_value_is_flagged_is_filled_and_keeps_its_flags_and_readings() -> None:
    window = window_of(RECORD, AT)
    flags = np.array(window.past.flags)
    flags[..., 1] = Flag.FAIL
    lying = np.array(window.past.values)
    lying[..., 1] = 77.0
    window = replace(window, past=Signal.measured(lying, flags))
    after = GAPS.correct_inputs(window)
    assert (after.past.flags[..., 1] == Flag.FAIL).all() and (after.past.raw[..., 1] == 77.0).all()
    assert (after.past.values[..., 1] < 77.0).all() and (after.past.sigma[..., 1] > 0).all()


def test_a_series_that_is_all_gaps_is_learned_from_without_fault() -> None:
    silent = with_gaps(with_gaps(RECORD, 1, slice(0, None)), 3, slice(0, None))
    gaps = Gaps().fit(silent, first_two_thirds(silent))
    after = gaps.correct_inputs(window_of(with_gaps(silent, None, slice(AT - 2, AT + 1)), AT))
    assert np.isfinite(after.observed.values).all() and np.isfinite(after.past.sigma).all()


def later(history: History, at: int, rng: np.random.Generator) -> History:
    """The same record up to ``at``, with anything after."""
    target, inputs = np.array(history.target.values), np.array(history.inputs.values)
    target[:, at + 1 :] = rng.normal(5, 3, target[:, at + 1 :].shape)
    inputs[:, at + 1 :] = rng.normal(5, 3, inputs[:, at + 1 :].shape)
    return replace(history, target=Signal.measured(target), inputs=Signal.measured(inputs))


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), at=st.integers(2700, 3900))
def test_nothing_after_a_step_changes_what_is_filled_there(seed: int, at: int) -> None:
    rng = np.random.default_rng(seed)
    steps = np.flatnonzero(rng.random(len(RECORD)) < 0.3)
    gone = with_gaps(with_gaps(RECORD, None, steps), int(rng.integers(4)), steps)
    part = gone.between(2600, 3999)
    mine, its = (GAPS.correct_history(h) for h in (part, later(part, at - 2600, rng)))
    shown = slice(0, at - 2600 + 1)
    assert np.array_equal(mine.target.values[:, shown], its.target.values[:, shown], equal_nan=True)
    assert np.array_equal(mine.inputs.values[:, shown], its.inputs.values[:, shown], equal_nan=True)


def test_a_record_is_filled_as_its_windows_would_have_been() -> None:
    steps = np.array([AT - 1, AT])
    gone = with_gaps(with_gaps(RECORD, None, steps), 2, steps)
    whole = GAPS.correct_history(gone)
    shown: Window = GAPS.correct_inputs(window_of(gone, AT))
    assert whole.target.values[0, AT] == pytest.approx(shown.observed.values[0, 0, -1], abs=1e-9)
    assert whole.inputs.values[0, AT, 2] == pytest.approx(shown.past.values[0, 0, -1, 2], abs=1e-9)
    assert not whole.target.trusted[0, AT]


def test_twice_is_once() -> None:
    gone = with_gaps(RECORD, None, slice(AT - 3, AT + 1))
    once = GAPS.correct_inputs(window_of(gone, AT))
    twice = GAPS.correct_inputs(once)
    assert np.array_equal(once.observed.values, twice.observed.values)
    assert np.array_equal(once.past.values, twice.past.values, equal_nan=True)


def test_what_is_kept_fills_as_what_was_fitted(tmp_path: Path) -> None:
    GAPS.save(tmp_path)
    window = window_of(with_gaps(with_gaps(RECORD, None, slice(AT - 9, AT + 1)), 0, slice(AT - 9, AT + 1)), AT)
    mine, its = (g.correct_inputs(window) for g in (GAPS, Gaps().load(tmp_path)))
    assert np.array_equal(mine.observed.values, its.observed.values)
    assert np.array_equal(mine.past.sigma, its.past.sigma)


def test_a_spoilt_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot read the model"):
        Gaps().load(tmp_path)
    with pytest.raises(ModelError, match="not trained"):
        Gaps().save(tmp_path)


def test_scenarios_that_differ_already_are_not_filled_over() -> None:
    window = window_of(with_gaps(RECORD, 0, slice(AT, AT + 1)), AT)
    twice = window.past.each(lambda a: np.repeat(a, 2, axis=1))
    observed = window.observed.each(lambda a: np.repeat(a, 2, axis=1))
    future = window.future.each(lambda a: np.repeat(a, 2, axis=1))
    with pytest.raises(ValueError, match="before input-error"):
        GAPS.correct_inputs(replace(window, observed=observed, past=twice, future=future))


def test_one_answer_for_the_scenarios_of_forecast_rain() -> None:
    window = window_of(with_gaps(RECORD, 0, slice(AT, AT + 1)), AT)

    def views(signal: Signal) -> Signal:
        return signal.each(lambda a: np.broadcast_to(a, (a.shape[0], 3, *a.shape[2:])))

    wide = replace(window, observed=views(window.observed), past=views(window.past), future=views(window.future))
    after = GAPS.correct_inputs(wide)
    assert after.past.shape[1] == 3 and np.isfinite(after.past.values[:, :, -1, 0]).all()
    assert np.array_equal(after.past.values[:, :1], GAPS.correct_inputs(window).past.values)


def test_untrained_it_takes_the_mean_of_the_others_and_holds_the_last_value_for_a_while() -> None:
    gone = with_gaps(with_gaps(RECORD, 1, slice(AT, AT + 1)), None, slice(AT - 9, AT + 1))
    after = Gaps().correct_inputs(window_of(gone, AT))
    others = RECORD.inputs.values[0, AT, [0, 2]]
    assert after.past.values[0, 0, -1, 1] == pytest.approx(others.mean())
    assert np.isnan(after.observed.values[0, 0, -1])
    assert after.observed.values[0, 0, -5] == RECORD.target.values[0, AT - 10]
    assert method(after.observed, 0, 0, -5) == "last"


def test_another_layout_is_filled_where_it_shows_series_that_are_known() -> None:
    turned = basin_layout()
    turned = replace(turned, slots=turned.slots[::-1], kinds=turned.kinds[::-1], series=turned.series[:, ::-1])
    gone = with_gaps(RECORD, 1, slice(AT, AT + 1))
    window = window_of(gone, AT)
    other = replace(
        window,
        layout=turned,
        past=window.past.each(lambda a: a[..., ::-1]),
        antecedent=window.antecedent[:, ::-1],
    )
    mine, its = GAPS.correct_inputs(window), GAPS.correct_inputs(other)
    assert its.past.values[0, 0, -1, 2] == pytest.approx(mine.past.values[0, 0, -1, 1])
