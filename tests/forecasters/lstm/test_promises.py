"""The suite over all forecasters, for this one."""

from __future__ import annotations

import pytest

from hydria_plugin import Forecaster
from hydria_plugin.forecasters.lstm.forecaster import Lstm

from .. import records
from .. import test_every_forecaster as every
from ..test_every_forecaster import (  # noqa: F401
    test_a_failed_value_is_no_value,
    test_a_loaded_model_has_forgotten_its_folds,
    test_a_lost_gauge_does_not_kill_the_forecast,
    test_a_lost_target_is_carried_for_a_few_steps_only,
    test_a_model_without_its_description_is_a_model_error,
    test_all_inputs_lost,
    test_an_absurd_input_does_not_explode,
    test_an_ensemble_of_equal_members_is_that_member,
    test_its_band_covers_what_it_says,
    test_keeps_the_promises_of_its_role,
    test_missing_arrays_are_a_model_error,
    test_out_of_sample_differs_where_it_learned_and_only_there,
    test_saved_and_loaded_it_forecasts_the_same,
    test_the_rain_to_come_is_used_lead_by_lead,
    test_the_test_part_is_never_learned_from,
    test_two_fits_are_the_same,
)


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        records.FACTORIES, "lstm", lambda: Lstm(hidden=8, folds=2, epochs=5, batch=64, learning_rate=0.01)
    )


@pytest.fixture
def name() -> str:
    return "lstm"


@pytest.fixture
def forecaster(name: str) -> Forecaster:
    return records.fitted(name)


def test_better_than_persistence_where_rain_tells() -> None:
    every.test_better_than_persistence_where_rain_tells("lstm")


def test_an_ensemble_that_disagrees_is_wider() -> None:
    every.test_an_ensemble_that_disagrees_is_wider("lstm")
