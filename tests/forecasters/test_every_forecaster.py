"""What every trained forecaster keeps: one suite over all of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hydria_plugin import Flag, Forecaster, ModelError, Signal, Window
from hydria_plugin.forecasters.cases import OutOfSample
from hydria_plugin.testing.checks import check_forecaster
from hydria_plugin.testing.samples import sample_layout, sample_window, window_of

from .records import FACTORIES, fitted, record, split_of

LAYOUT = sample_layout()


@pytest.fixture(params=list(FACTORIES))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def forecaster(name: str) -> Forecaster:
    return fitted(name)


def with_gauge(window: Window, slot: int, values: float) -> Window:
    """The window with one input of all stations set to a value."""
    past = window.past.values.copy()
    past[..., slot] = values
    return replace(window, past=Signal.measured(past))


def test_keeps_the_promises_of_its_role(forecaster: Forecaster) -> None:
    check_forecaster(forecaster, LAYOUT)


def test_two_fits_are_the_same(name: str) -> None:
    history = record()
    again = FACTORIES[name]().fit(history, split_of(history))  # type: ignore[attr-defined]
    window = sample_window(future=True)
    np.testing.assert_array_equal(again.forecast(window).values, fitted(name).forecast(window).values)


def test_the_test_part_is_never_learned_from(name: str) -> None:
    history = record()
    split = split_of(history)
    first = int(np.flatnonzero(split.test[0])[0])
    other = history.target.values.copy()
    other[:, first + LAYOUT.horizon :] = 99.0
    changed = replace(history, target=Signal.measured(other))
    window = window_of(history, first - 50)
    a = FACTORIES[name]().fit(changed, split).forecast(window)  # type: ignore[attr-defined]
    np.testing.assert_array_equal(a.values, fitted(name).forecast(window).values)


def test_saved_and_loaded_it_forecasts_the_same(name: str, forecaster: Forecaster, tmp_path: Path) -> None:
    forecaster.save(tmp_path)  # type: ignore[attr-defined]
    loaded = FACTORIES[name]().load(tmp_path)  # type: ignore[attr-defined]
    for future in (False, True):
        window = sample_window(future=future)
        np.testing.assert_array_equal(loaded.forecast(window).values, forecaster.forecast(window).values)
    assert not list(tmp_path.glob("*.pkl")), "models are kept as safetensors, LightGBM text and JSON"


def test_a_model_without_its_description_is_a_model_error(name: str, forecaster: Forecaster, tmp_path: Path) -> None:
    forecaster.save(tmp_path)  # type: ignore[attr-defined]
    text = (tmp_path / "model.json").read_text()
    (tmp_path / "model.json").write_text(text[: len(text) // 2])
    with pytest.raises(ModelError, match="cannot read the model"):
        FACTORIES[name]().load(tmp_path)  # type: ignore[attr-defined]


def test_missing_arrays_are_a_model_error(name: str, forecaster: Forecaster, tmp_path: Path) -> None:
    forecaster.save(tmp_path)  # type: ignore[attr-defined]
    (tmp_path / "arrays.safetensors").write_bytes(b"\x08")
    with pytest.raises(ModelError, match="arrays"):
        FACTORIES[name]().load(tmp_path)  # type: ignore[attr-defined]


def test_a_lost_target_is_carried_for_a_few_steps_only(name: str, forecaster: Forecaster) -> None:
    window = sample_window(gaps=0.0)
    goes_on = name.startswith("recurrent")  # from its own outputs
    for age, there in ((3, True), (7, goes_on)):
        target = window.observed.values.copy()
        target[0, :, -age:] = np.nan
        answer = forecaster.forecast(replace(window, observed=Signal.measured(target)))
        assert bool(answer.there[0]) is there
        assert answer.there[1:].all(), "the other stations are untouched"


def test_a_failed_value_is_no_value(forecaster: Forecaster) -> None:
    window = sample_window(gaps=0.0)
    target = window.observed.values.copy()
    target[:, :, -1] = 50.0
    flags = window.observed.flags.copy()
    flags[:, :, -1] = Flag.FAIL
    gone = target.copy()
    gone[:, :, -1] = np.nan
    flagged = forecaster.forecast(replace(window, observed=Signal.measured(target, flags)))
    missing = forecaster.forecast(replace(window, observed=Signal.measured(gone)))
    np.testing.assert_array_equal(flagged.values, missing.values)


@pytest.mark.parametrize("slot", range(len(LAYOUT.slots)))
def test_a_lost_gauge_does_not_kill_the_forecast(forecaster: Forecaster, slot: int) -> None:
    window = sample_window(gaps=0.0)
    answer, whole = forecaster.forecast(with_gauge(window, slot, np.nan)), forecaster.forecast(window)
    assert answer.there.all()
    assert np.abs(answer.median - whole.median).max() < 0.15, "metres, on a river that swings by more than one"


def test_an_absurd_input_does_not_explode(forecaster: Forecaster) -> None:
    window = sample_window(gaps=0.0)
    seen = record().target.values
    answer = forecaster.forecast(with_gauge(window, 0, 1e6))
    assert answer.there.all()
    assert np.nanmax(answer.values) < 10 * np.nanmax(seen)


def test_all_inputs_lost(forecaster: Forecaster) -> None:
    window = sample_window(gaps=0.0)
    blind = replace(window, past=Signal.measured(np.full(window.past.shape, np.nan)))
    assert forecaster.forecast(blind).there.all()


def test_the_rain_to_come_is_used_lead_by_lead(name: str, forecaster: Forecaster) -> None:
    window = sample_window(gaps=0.0, future=True)
    known = window.future.values.copy()
    known[:, :, 3:] = np.nan
    some = forecaster.forecast(replace(window, future=Signal.measured(known)))
    none = forecaster.forecast(replace(window, future=Signal.measured(np.full_like(known, np.nan))))
    full = forecaster.forecast(window)
    np.testing.assert_array_equal(some.values[:, :3], full.values[:, :3])
    if not name.startswith("recurrent"):  # which goes on from what the known rain brought
        np.testing.assert_allclose(some.values[:, 5], none.values[:, 5])
    if name != "persistence":
        assert not np.allclose(some.values[:, 2], none.values[:, 2])


def test_a_station_whose_rain_is_known_and_one_whose_is_not_are_each_as_alone(forecaster: Forecaster) -> None:
    window = sample_window(gaps=0.0, future=True)
    known = window.future.values.copy()
    known[0] = np.nan
    window = replace(window, future=Signal.measured(known))
    together = forecaster.forecast(window).values
    for s in range(len(window.stations)):
        np.testing.assert_allclose(together[[s]], forecaster.forecast(window.only([s])).values, rtol=1e-9)


def test_an_ensemble_of_equal_members_is_that_member(forecaster: Forecaster) -> None:
    window = sample_window(gaps=0.0, future=True)

    def thrice(array: np.ndarray) -> np.ndarray:
        return np.repeat(array, 3, axis=1)

    many = replace(
        window, observed=window.observed.each(thrice), past=window.past.each(thrice), future=window.future.each(thrice)
    )
    alone, among = forecaster.forecast(window), forecaster.forecast(many)
    np.testing.assert_allclose(among.values, alone.values, atol=1e-6)


@pytest.mark.parametrize("name", [n for n in FACTORIES if n != "persistence"])
def test_an_ensemble_that_disagrees_is_wider(name: str) -> None:
    forecaster = fitted(name)
    window = sample_window(gaps=0.0, future=True)
    future = np.repeat(window.future.values, 3, axis=1)
    rain = [v for v, kind in enumerate(LAYOUT.kinds) if kind == "rain"]
    future[:, 1, :, rain] = 0.0
    future[:, 2, :, rain] = 12.0
    many = replace(
        window,
        observed=window.observed.each(lambda a: np.repeat(a, 3, axis=1)),
        past=window.past.each(lambda a: np.repeat(a, 3, axis=1)),
        future=Signal.measured(future),
    )
    answer = forecaster.forecast(many)
    width = answer.values[:, -1, -1] - answer.values[:, -1, 0]
    dry = forecaster.forecast(replace(window, future=Signal.measured(future[:, 1:2]))).values[:, -1]
    assert np.all(width > (dry[:, -1] - dry[:, 0]))


def test_out_of_sample_differs_where_it_learned_and_only_there(name: str, forecaster: Forecaster) -> None:
    assert isinstance(forecaster, OutOfSample)
    history, split = record(), split_of(record())
    learned, test = np.flatnonzero(split.fit[0])[::40], np.flatnonzero(split.test[0])[::40]
    for future in (False, True):
        inside = forecaster.out_of_sample(history, learned, future)
        outside = forecaster.out_of_sample(history, test, future)
        np.testing.assert_allclose(outside, forecaster.hindcast(history, test, future), rtol=1e-9)  # type: ignore[attr-defined]
        same = np.allclose(inside, forecaster.hindcast(history, learned, future), equal_nan=True)  # type: ignore[attr-defined]
        assert same is (name == "persistence")


def test_a_loaded_model_has_forgotten_its_folds(name: str, forecaster: Forecaster, tmp_path: Path) -> None:
    forecaster.save(tmp_path)  # type: ignore[attr-defined]
    loaded = FACTORIES[name]().load(tmp_path)  # type: ignore[attr-defined]
    if name == "persistence":
        loaded.out_of_sample(record(), np.array([100]), False)
    else:
        with pytest.raises(ModelError, match="only right after a fit"):
            loaded.out_of_sample(record(), np.array([100]), False)


@pytest.mark.parametrize("name", [n for n in FACTORIES if n != "persistence"])
def test_better_than_persistence_where_rain_tells(name: str) -> None:
    forecaster = fitted(name)
    history, split = record(), split_of(record())
    at = np.flatnonzero(split.test[0])
    median = LAYOUT.median
    centre = forecaster.hindcast(history, at, True)[..., median]  # type: ignore[attr-defined]
    keep = fitted("persistence").hindcast(history, at, True)[..., median]  # type: ignore[attr-defined]
    truth = np.stack([history.target.values[:, at + k].T for k in range(1, LAYOUT.horizon + 1)], axis=2)
    known = np.isfinite(truth) & np.isfinite(centre)
    skill = 1 - ((centre - truth)[known] ** 2).sum() / ((keep - truth)[known] ** 2).sum()
    assert skill > 0.5, f"persistence index {skill:.2f} on a basin where rain decides"


def test_its_band_covers_what_it_says(forecaster: Forecaster) -> None:
    history, split = record(), split_of(record())
    at = np.flatnonzero(split.test[0])
    values = forecaster.hindcast(history, at, False)  # type: ignore[attr-defined]
    truth = np.stack([history.target.values[:, at + k].T for k in range(1, LAYOUT.horizon + 1)], axis=2)
    known = np.isfinite(truth) & np.isfinite(values).all(axis=3)
    inside = (truth >= values[..., 1]) & (truth <= values[..., -2])
    assert 0.55 < inside[known].mean() < 0.97, "80 % band on a short test"
