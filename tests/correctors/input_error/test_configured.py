"""input-error in a configured pipeline: the house gives it the gauges' places and the rating curves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hydria_plugin import Bulletin, Flag
from hydria_plugin.config import build_pipeline, read_config
from hydria_plugin.correctors.input_error.corrector import InputError
from hydria_plugin.cycle import Pipeline, run_cycle
from hydria_plugin.errors import ConfigError
from hydria_plugin.plugins import load_plugins
from hydria_plugin.stores.memory import MemoryStore
from tests.site_files import FILES, write_site

NOW = np.datetime64("2021-04-07T10:03", "us")
STEP = np.datetime64("2021-04-07T10:00", "s")
TOML = FILES["hydria.toml"].replace(
    'forecasters = ["ridge", "persistence"]',
    'forecasters = ["persistence"]\nratings = "ratings.csv"\ncorrect_inputs = ["input-error"]',
)
INPUTS = "station,slot,series,kind,lat,lon\nup,rain.1,r1,rain,44.2,3.8\ndown,rain.1,r1,rain,,\n"
OPTIONS = '\n[pipelines.river.corrector."input-error"]\nscenarios = 8\n'


def built(folder: Path, ratings: str, options: str = OPTIONS) -> Pipeline:
    changes = {"hydria.toml": TOML + options, "inputs.csv": INPUTS, "ratings.csv": ratings}
    registry = load_plugins()
    settings = read_config(write_site(folder, changes), environ={}, registry=registry)
    rng = np.random.default_rng(0)
    return build_pipeline(settings, "river", registry, MemoryStore(), clock=lambda: NOW, rng=rng)


def issued(pipeline: Pipeline) -> Bulletin:
    bulletin = run_cycle(pipeline, STEP, NOW)
    assert [p for p in bulletin.problems if p.stage == "input-error"] == []
    return bulletin


def test_places_and_curves_come_from_the_tables(tmp_path: Path) -> None:
    pipeline = built(tmp_path, "station,valid_from,stage,discharge,sigma\nup,,0.5,2,0.2\nup,,1.5,20,1\n")
    corrector = pipeline.input_correctors["input-error"]
    assert isinstance(corrector, InputError)
    places = {name: tuple(place) for name, place in corrector.options.places.items()}
    assert places == {"q_up": (44.1, 3.9), "h_down": (44.0, 4.0), "r1": (44.2, 3.8)}
    window = issued(pipeline).window
    assert window is not None and window.scenarios == 8
    up, down = window.layout.stations.index("up"), window.layout.stations.index("down")
    assert (window.observed.values[up].std(axis=0) > 0).all(), "a discharge of the curve, another in each scenario"
    assert not np.ptp(window.observed.values[down], axis=0).any(), "a level is measured"
    whole = window.observed.values[up] / window.observed.values[up, :1]
    gauged = window.observed.values[up, 0] < 20
    assert np.all(np.abs(whole[:, gauged].std(axis=1)) < 0.05), "one curve, not one error a step"


def test_above_the_highest_gauging_the_quality_is_unknown(tmp_path: Path) -> None:
    pipeline = built(tmp_path, "station,valid_from,stage,discharge,sigma\nup,,0.5,2,0.2\nup,,0.6,3.2,0.2\n")
    bulletin = issued(pipeline)
    assert bulletin.window is not None
    observed = bulletin.window.observed.each(lambda a: a[bulletin.layout.stations.index("up"), 0])
    beyond = observed.values > 3.2
    assert beyond.any() and (observed.flags[beyond] == Flag.UNKNOWN).all()
    assert (observed.flags[~beyond & np.isfinite(observed.values)] == Flag.GOOD).all()


def test_a_curve_of_a_station_that_tells_levels_changes_nothing(tmp_path: Path) -> None:
    window = issued(built(tmp_path, FILES["ratings.csv"])).window
    assert window is not None
    assert not np.ptp(window.observed.values, axis=1).any()


@pytest.mark.parametrize(
    ("options", "words"),
    [("relative = -1.0", "relative is -1.0; allowed"), ("dropuot = 0.1", "dropuot"), ("places = 1", "places")],
)
def test_what_an_admin_gets_wrong_is_told_at_start(tmp_path: Path, options: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        built(tmp_path, FILES["ratings.csv"], f'\n[pipelines.river.corrector."input-error"]\n{options}\n')
