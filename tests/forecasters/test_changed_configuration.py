"""The configuration changed after training: refused with a sentence, or answered for what is still known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hydria_plugin import Forecaster, ModelError
from hydria_plugin.forecasters.keeping import FORMAT
from hydria_plugin.testing.samples import sample_layout, sample_window

from .records import FACTORIES, fitted

LAYOUT = sample_layout()


@pytest.fixture(params=list(FACTORIES))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def forecaster(name: str) -> Forecaster:
    return fitted(name)


CHANGED = {
    "horizon": sample_layout(horizon=4),
    "past": sample_layout(past=20),
    "slots": sample_layout(slots=2),
    "step_s": sample_layout(step=np.timedelta64(600, "s")),
    "quantiles": replace(LAYOUT, quantiles=(0.1, 0.5, 0.9)),
}


@pytest.mark.parametrize("what", list(CHANGED))
def test_another_configuration_is_refused_with_a_sentence(name: str, forecaster: Forecaster, what: str) -> None:
    window = sample_window(CHANGED[what])
    if name == "persistence":
        untrained = FACTORIES[name]().forecast(window)
        np.testing.assert_array_equal(forecaster.forecast(window).values, untrained.values)
    else:
        with pytest.raises(ModelError, match=rf"trained for {what} .*, the pipeline now has .*hydria train"):
            forecaster.forecast(window)


def test_stations_may_come_go_and_change_places(name: str, forecaster: Forecaster) -> None:
    window = sample_window()
    turned = window.only([2, 0])
    np.testing.assert_allclose(
        forecaster.forecast(turned).values, forecaster.forecast(window).values[[2, 0]], rtol=1e-9
    )


def test_a_model_kept_by_another_version(name: str, forecaster: Forecaster, tmp_path: Path) -> None:
    forecaster.save(tmp_path)  # type: ignore[attr-defined]
    text = (tmp_path / "model.json").read_text()
    (tmp_path / "model.json").write_text(text.replace(f'"format": {FORMAT}', '"format": 0'))
    if name == "persistence":
        window = sample_window()
        loaded = FACTORIES[name]().load(tmp_path)  # type: ignore[attr-defined]
        np.testing.assert_array_equal(loaded.forecast(window).values, FACTORIES[name]().forecast(window).values)
    else:
        with pytest.raises(ModelError, match=r"has format 0.*hydria train"):
            FACTORIES[name]().load(tmp_path)  # type: ignore[attr-defined]


def test_a_station_it_does_not_know(name: str, forecaster: Forecaster) -> None:
    window = sample_window()
    strange = replace(window, layout=replace(window.layout, stations=("s1", "new", "s3")))
    answer = forecaster.forecast(strange)
    assert answer.missing == (() if name == "persistence" else ("new",))
    np.testing.assert_array_equal(answer.values[0], forecaster.forecast(window).values[0])
