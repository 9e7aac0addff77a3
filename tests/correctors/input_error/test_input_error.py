"""The corrector as a whole: what is promised of its scenarios."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hydria_plugin import Flag, InputCorrector, Layout, ModelError, Persistent, Signal, Trainable, Window
from hydria_plugin.correctors.input_error.corrector import InputError
from hydria_plugin.learning.splits import split
from hydria_plugin.testing import check_corrector, sample_history, sample_layout, sample_window
from hydria_plugin.testing.samples import window_of
from hydria_plugin.values import Bools


def wet_window(layout: Layout | None = None, future: bool = False, seed: int = 1) -> Window:
    """A window in the middle of a storm, by its rainiest hours."""
    history = sample_history(layout, 900, seed, gaps=0.0)
    rain = np.nansum(history.inputs.values[..., 0], axis=0)
    p, h = history.layout.past, history.layout.horizon
    fell = np.convolve(rain, np.ones(6), "full")[: len(rain)]
    return window_of(history, int(p + np.argmax(fell[p:-h])), future)


def arrays_of(window: Window) -> tuple[np.ndarray, ...]:
    return window.observed.values, window.past.values, window.future.values


def test_it_keeps_the_promises_of_a_corrector() -> None:
    corrector = InputError()
    check_corrector(corrector)
    assert isinstance(corrector, InputCorrector)
    assert isinstance(corrector, Trainable) and isinstance(corrector, Persistent)


@pytest.mark.parametrize("future", [False, True])
def test_scenario_0_is_the_best_estimate_and_the_others_vary_the_rain(future: bool) -> None:
    window = wet_window(future=future)
    made = InputError(dropout=0.0).correct_inputs(window)
    assert made.scenarios == 20
    for before, after in zip(arrays_of(window), arrays_of(made), strict=True):
        np.testing.assert_array_equal(after[:, 0], before[:, 0])
    rain = [v for v, kind in enumerate(window.layout.kinds) if kind == "rain"]
    was, now = window.past.values[:, :1][..., rain], made.past.values[:, 1:][..., rain]
    fell = np.broadcast_to(was > 0, now.shape)
    assert (now[fell] != np.broadcast_to(was, now.shape)[fell]).mean() > 0.99
    assert not now[np.broadcast_to(was == 0, now.shape)].any(), "a dry step stays dry"
    assert np.nanmin(now) >= 0
    np.testing.assert_array_equal(made.observed.values, np.broadcast_to(window.observed.values, made.observed.shape))


def test_it_is_seeded_by_the_issue_time() -> None:
    window = wet_window()
    again, other_seed = InputError().correct_inputs(window), InputError(seed=2).correct_inputs(window)
    later = InputError().correct_inputs(replace(window, issued_at=window.issued_at + window.step))
    same = InputError().correct_inputs(window)
    np.testing.assert_array_equal(again.past.values, same.past.values)
    assert not np.array_equal(again.past.values, other_seed.past.values, equal_nan=True)
    assert not np.array_equal(again.past.values, later.past.values, equal_nan=True)


@pytest.mark.parametrize("future", [False, True])
def test_neither_the_order_of_stations_nor_their_company_matters(future: bool) -> None:
    window, corrector = wet_window(future=future), InputError()
    whole = corrector.correct_inputs(window)
    for rows in ([2, 0, 1], [1], [2, 1]):
        for part, all_ in zip(arrays_of(corrector.correct_inputs(window.only(rows))), arrays_of(whole), strict=True):
            np.testing.assert_allclose(part, all_[rows], rtol=1e-5)


def shared_gauge() -> Window:
    layout = sample_layout(stations=2, slots=3)
    series = np.array([["g", "a", ""], ["b", "g", ""]], dtype=str)
    window = wet_window(replace(layout, series=series))
    past = window.past.values.copy()
    past[1, :, :, 1] = past[0, :, :, 0]
    return replace(window, past=Signal.measured(past))


def test_a_gauge_that_feeds_two_stations_errs_alike() -> None:
    made = InputError(dropout=0.3).correct_inputs(shared_gauge()).past.values
    here, there = made[0, :, :, 0], made[1, :, :, 1]
    out = np.isnan(np.stack([here, there])).all(axis=2)
    assert out.all(axis=0).any(), "it fell out at both"
    both = ~out.any(axis=0)
    np.testing.assert_array_equal(here[both], there[both])


def test_drop_out_takes_whole_gauges_but_never_the_last() -> None:
    window = wet_window(sample_layout(stations=3, slots=3))
    made = InputError(dropout=0.6).correct_inputs(window).past.values
    gone: Bools = np.asarray(np.isnan(made[:, 1:]).all(axis=2))  # (S, R, V)
    assert gone[0].any(axis=0).tolist() == [True, True, False], "rain gauges fall out, levels do not"
    assert not gone[:2, :, :2].all(axis=2).any(), "never both"
    assert not gone[2, :, 0].any(), "the only gauge of a station stays"
    some = np.isnan(made[:, 1:]).any(axis=2) & ~gone
    assert not some[:2].any()


def test_changing_the_future_or_what_was_flagged_changes_nothing() -> None:
    """Causal: of the horizon only what the host said; a value flagged FAIL is no value."""
    window, corrector = wet_window(), InputError(dropout=0.0)
    spoilt = window.past.values.copy()
    flags = window.past.flags.copy()
    spoilt[0, 0, 3, 0], flags[0, 0, 3, 0] = 999.0, Flag.FAIL
    bad = replace(window, past=Signal(spoilt, window.past.sigma, flags, window.past.method, window.past.raw))
    a, b = corrector.correct_inputs(window).past.values, corrector.correct_inputs(bad).past.values
    keep = np.ones(a.shape, dtype=bool)
    keep[0, :, 3, 0] = False
    np.testing.assert_array_equal(a[keep], b[keep])


# ---- bad input


def test_what_was_filled_in_the_place_of_a_failed_value_is_as_unsure_as_a_filled_gap() -> None:
    """``quality`` fails the value, ``gaps`` fills it and leaves the flag: its error is no smaller for that."""
    window = wet_window()
    value, sigma = np.array(window.observed.values), np.zeros(window.observed.shape)
    value[:, :, -1], sigma[:, :, -1] = 2.0, 0.5
    flags = np.array(window.observed.flags)
    made = []
    for flag in (Flag.MISSING, Flag.FAIL):
        flags[:, :, -1] = flag
        observed = replace(window.observed, values=value, sigma=sigma, flags=flags.copy())
        made.append(InputError().correct_inputs(replace(window, observed=observed)).observed)
    gap, failed = made
    np.testing.assert_array_equal(failed.values, gap.values)
    assert (np.std(failed.values[:, 1:, -1], axis=1) > 0.25).all()
    assert (failed.flags[..., -1] == Flag.FAIL).all(), "it is never truth"


def test_all_gauges_silent() -> None:
    window = wet_window()
    silent = replace(window, past=Signal.measured(np.full(window.past.shape, np.nan)))
    made = InputError().correct_inputs(silent)
    assert made.scenarios == 20 and np.isnan(made.past.values).all()


def test_no_inputs_at_all() -> None:
    window = sample_window(sample_layout(slots=0))
    made = InputError().correct_inputs(window)
    assert made.past.shape == (3, 20, 24, 0)
    np.testing.assert_array_equal(made.observed.values, np.broadcast_to(window.observed.values, made.observed.shape))


def test_a_dry_window_costs_nothing() -> None:
    window = wet_window()
    dry = replace(window, past=Signal.measured(np.zeros(window.past.shape)))
    made = InputError().correct_inputs(dry)
    assert made.past.values.strides[1] == 0 and made.scenarios == 20, "a view: no scenario differs"


def test_the_host_s_ensemble_is_the_future() -> None:
    window = wet_window(future=True)
    host = np.repeat(window.future.values, 6, axis=1) * np.arange(1.0, 7.0)[:, None, None]
    seen = replace(
        window,
        observed=window.observed.each(lambda a: np.broadcast_to(a, (3, 6, 24))),
        past=window.past.each(lambda a: np.broadcast_to(a, (3, 6, 24, 3))),
        future=Signal.measured(host),
    )
    made = InputError(dropout=0.0).correct_inputs(seen)
    assert made.scenarios == 20
    np.testing.assert_array_equal(made.future.values[:, 0], host[:, 0])
    np.testing.assert_array_equal(made.future.values[:, 1:], host[:, [1 + k % 5 for k in range(19)]])
    assert InputError(scenarios=3).correct_inputs(seen).scenarios == 6, "no member of the host's is lost"


@pytest.mark.parametrize(("stations", "want"), [(1, 20), (1000, 20), (2000, 10), (10_000, 6)])
def test_many_stations_get_fewer_scenarios(stations: int, want: int) -> None:
    assert InputError().options.count(stations) == want
    assert InputError(scenarios=30).options.count(stations) == 30


def test_one_scenario_is_the_window_as_it_was() -> None:
    window = wet_window()
    assert InputError(scenarios=1).correct_inputs(window) is window


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"relative": -0.1}, "relative is -0.1; allowed: a number from 0"),
        ({"dropout": 1.5}, "dropout is 1.5"),
        ({"memory_h": 0.0}, "memory_h is 0.0; allowed: a number above 0"),
        ({"reach_km": float("nan")}, "reach_km is nan"),
        ({"scenarios": 0}, "scenarios is 0"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_options_that_cannot_be_meant(options: dict[str, float], words: str) -> None:
    with pytest.raises(ValueError, match=words.replace("(", r"\(")):
        InputError(**options)  # type: ignore[arg-type]


# ---- learning and keeping


def test_it_is_kept_and_loaded(tmp_path: Path) -> None:
    history = sample_history(steps=1500)
    slot = history.layout.slots[0]
    ahead = np.stack([np.roll(history.inputs.values[..., 0], -lead, axis=1) for lead in range(1, 7)], axis=2)
    noise = np.exp(0.6 * np.random.default_rng(1).normal(size=ahead.shape))
    history = replace(history, forecasts={slot: ahead * noise})
    fitted = InputError(scenarios=7).fit(history, split(history))
    fitted.save(tmp_path)
    again = InputError(scenarios=7).load(tmp_path)
    window = wet_window(future=True)
    np.testing.assert_array_equal(
        again.correct_inputs(window).future.values, fitted.correct_inputs(window).future.values
    )
    assert not np.array_equal(
        again.correct_inputs(window).future.values, InputError(scenarios=7).correct_inputs(window).future.values
    )


@pytest.mark.parametrize("content", ["", "{}", '{"forecast": "x"}'])
def test_a_file_that_is_no_model(tmp_path: Path, content: str) -> None:
    (tmp_path / "input-error.json").write_text(content)
    with pytest.raises(ModelError, match="hydria train"):
        InputError().load(tmp_path)
