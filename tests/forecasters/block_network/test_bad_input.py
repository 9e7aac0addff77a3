"""Records that are too short, too quiet or half dead: a named message, or a stated degradation; never a NaN model."""

from __future__ import annotations

import numpy as np
import pytest

from hydria_plugin import History, ModelError
from hydria_plugin.forecasters.block_network.forecaster import BlockNetwork
from hydria_plugin.testing.samples import window_of

from .made import fitted_on, one_station, with_inputs, with_target

FORMS = ("directed", "static", "recurrent")


def quiet_but(flood: list[float], steps: int = 400, first: int = 150) -> History:
    """A river that stands nearly still, but for one flood, after a shower."""
    history = one_station(steps=steps)
    level = 0.3 + 0.001 * np.random.default_rng(1).standard_normal(steps)
    level[first : first + len(flood)] = flood
    rain = np.zeros(steps)
    rain[first - 2 : first] = 10.0
    return with_inputs(with_target(history, 0, level), 0, rain)


def whole(model: BlockNetwork, history: History) -> bool:
    arrays = [a for group in model.fitted(history).groups for form in group.forms for a in vars_of(form.stack)]
    return all(bool(np.isfinite(a).all()) for a in arrays)


def vars_of(stack: object) -> list[np.ndarray]:
    return [getattr(stack, name) for name in ("kernel", "push", "mix", "out")]


@pytest.mark.parametrize("form", FORMS)
def test_a_flood_shorter_than_the_window(form: str) -> None:
    history = quiet_but([0.8, 1.0, 0.7, 0.5])
    assert history.layout.past > 4 * 2
    model = fitted_on(history, form=form, max_rows=200)
    assert whole(model, history)
    assert model.forecast(window_of(history, 300)).there.all()


@pytest.mark.parametrize("form", FORMS)
def test_a_record_hardly_longer_than_the_window_is_refused_by_number(form: str) -> None:
    history = one_station(steps=45)
    with pytest.raises(ModelError, match=r"no station could be learned: s1: \d+ steps .* 40 are needed"):
        fitted_on(history, form=form)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("value", [0.0, np.nan])
def test_a_constant_or_missing_gauge_is_named_and_not_used(form: str, value: float) -> None:
    history = with_inputs(one_station(steps=300), 1, value)
    model = fitted_on(history, form=form, max_rows=150)
    said = "has no value" if np.isnan(value) else "is 0.0 throughout"
    assert any(f"rain.2 {said}: not used" in note for note in model.notes)
    assert whole(model, history)


@pytest.mark.parametrize("form", FORMS)
def test_all_gauges_missing_is_stated(form: str) -> None:
    history = with_inputs(with_inputs(one_station(slots=2, steps=300), 0, np.nan), 1, np.nan)
    if form == "static":
        with pytest.raises(ModelError, match="no input ever changes"):
            fitted_on(history, form=form, max_rows=150)
        return
    model = fitted_on(history, form=form, max_rows=150)
    assert any("levels alone" in note for note in model.notes)
    assert whole(model, history) and model.forecast(window_of(history, 200)).there.all()
