"""Keeping a fitted block network, its twins and what was tried."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from hydria_plugin import ModelError
from hydria_plugin.forecasters.block_network.forecaster import BlockNetwork
from hydria_plugin.forecasters.block_network.keeping import TwinsOnDisk
from hydria_plugin.forecasters.block_network.twin import Twin
from hydria_plugin.learning.workbench import Workbench
from hydria_plugin.testing.samples import sample_history, sample_layout, window_of

from ..records import split_of
from .made import fitted_on, one_station, with_inputs


@cache
def with_twin() -> BlockNetwork:
    return fitted_on(one_station(), twin=True, select=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with_twin().save(tmp_path)
    return tmp_path


def test_every_station_has_a_twin_that_can_be_read() -> None:
    twins = with_twin().twins
    assert list(twins) == ["s1"]
    assert isinstance(twins["s1"], Twin)
    assert twins["s1"].slots == ("rain.1", "rain.2")
    assert not twins["s1"].networks.straight.any()
    total = twins["s1"].total  # of the network that forecasts
    assert total.shape == (2, twins["s1"].lags) and np.isfinite(total).all() and total.sum() > 0
    assert twins["s1"].rivers  # it is told of a level upstream


def test_twins_are_kept_beside_the_model(folder: Path) -> None:
    loaded = BlockNetwork().load(folder)
    assert set(loaded.twins) == {"s1"} and len(loaded.twins) == 1
    for name, array in with_twin().twins["s1"].networks.arrays().items():
        np.testing.assert_array_equal(loaded.twins["s1"].networks.arrays()[name], array, err_msg=name)


def test_twins_are_not_read_before_they_are_asked_for(folder: Path) -> None:
    loaded = BlockNetwork().load(folder)
    for path in folder.glob("twin.*"):
        path.unlink()
    assert loaded.forecast(window_of(one_station(), 300)).there.all()
    assert dict(TwinsOnDisk(folder)) == {}


def test_saved_again_all_is_there(folder: Path, tmp_path: Path) -> None:
    second = tmp_path / "second"
    second.mkdir()
    BlockNetwork().load(folder).save(second)
    assert {p.name for p in second.iterdir()} == {p.name for p in folder.iterdir() if p.is_file()}
    again = BlockNetwork().load(second)
    assert again.tried == with_twin().tried and list(again.twins) == ["s1"]


def test_the_description_tells_what_was_tried(folder: Path) -> None:
    tried = json.loads((folder / "model.json").read_text())["options"]["tried"]["s1"]
    assert tried[0].keys() == {"hidden", "decay", "window", "loss", "spread"}
    assert len(tried) == len(with_twin().tried["s1"]) > 3


def test_without_a_selection_nothing_was_tried() -> None:
    assert fitted_on(one_station()).tried == {"s1": ()}
    assert fitted_on(one_station()).twins == {}


def test_a_station_without_rain_has_a_note_instead_of_a_twin() -> None:
    history = one_station()
    for slot in (0, 1):
        history = with_inputs(history, slot, np.nan)
    model = fitted_on(history, twin=True)
    assert model.twins == {}
    assert any(note.startswith("no reading of the rain: ") for note in model.notes)


def test_an_interrupted_fit_keeps_twins_and_trials(tmp_path: Path) -> None:
    history = one_station()
    options = {"initialisations": 4, "folds": 2, "num_threads": 1, "select": True}
    first = BlockNetwork(**options).fit_on(Workbench(tmp_path), history, split_of(history))  # type: ignore[arg-type]
    told: list[str] = []
    again = BlockNetwork(**options).fit_on(  # type: ignore[arg-type]
        Workbench(tmp_path), history, split_of(history), lambda what, share: told.append(what)
    )
    assert told == []
    assert again.tried == first.tried and set(again.twins) == {"s1"}
    window = window_of(history, 300)
    np.testing.assert_array_equal(again.forecast(window).values, first.forecast(window).values)


def test_stations_of_several_shapes_are_kept(tmp_path: Path) -> None:
    history = sample_history(sample_layout(stations=3, horizon=3), 500, seed=3)
    model = fitted_on(history)
    assert model.kept is not None
    assert len(model.kept.model.groups) == 2, "the last station lacks a gauge"
    model.save(tmp_path)
    window = window_of(history, 300, future=True)
    np.testing.assert_array_equal(BlockNetwork().load(tmp_path).forecast(window).values, model.forecast(window).values)


@pytest.mark.parametrize("key", ["model", "groups", "factory", "tried"])
def test_a_description_that_lacks_something_is_a_model_error(folder: Path, key: str) -> None:
    held = json.loads((folder / "model.json").read_text())
    del held["options"][key]
    (folder / "model.json").write_text(json.dumps(held))
    with pytest.raises(ModelError, match=f"cannot read the model in .*{key}"):
        BlockNetwork().load(folder)
