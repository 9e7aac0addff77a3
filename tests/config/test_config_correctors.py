"""Correctors of a configuration: trained with the rest, loaded from the shelf, their version in every bulletin."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hydria_plugin import hookimpl
from hydria_plugin.config import Settings, build_correctors, build_pipeline, open_shelf, read_config
from hydria_plugin.cycle import run_cycle
from hydria_plugin.errors import ConfigError
from hydria_plugin.host.assembling import is_current, models_now
from hydria_plugin.plugins import Registry, load_plugins
from hydria_plugin.stores.memory import MemoryStore
from hydria_plugin.workshop import train_pipelines
from hydria_plugin.workshop import training as workshop_training
from tests.learning.toy_correctors import Ceiling, Needy, Wider
from tests.site_files import FILES, write_site

NOW = np.datetime64("2021-04-07T10:03", "us")
STEP = np.datetime64("2021-04-07T10:00", "s")
LISTS = 'correct_inputs = ["ceiling", "needy"]\ncorrect_forecast = ["wider"]\ndelay = "3min"'
TOML = FILES["hydria.toml"].replace('delay = "3min"', LISTS) + "\n[pipelines.river.corrector.ceiling]\ntimes = 3.0\n"


class Toys:
    @hookimpl
    def hydria_correctors(self) -> dict[str, Any]:
        return {"ceiling": Ceiling, "needy": Needy, "wider": Wider}


def clock() -> np.datetime64:
    return NOW


def opened(tmp_path: Path, toml: str = TOML) -> tuple[Settings, Registry]:
    registry = load_plugins([Toys()])
    return read_config(write_site(tmp_path, {"hydria.toml": toml}), environ={}, registry=registry), registry


def built(settings: Settings, registry: Registry, **more: Any) -> Any:
    rng = np.random.default_rng(0)
    return build_pipeline(settings, "river", registry, MemoryStore(), clock=clock, rng=rng, **more)


@pytest.fixture
def trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Settings, Registry]:
    settings, registry = opened(tmp_path)
    monkeypatch.setattr(workshop_training, "load_plugins", lambda: registry)  # the toys are not installed
    outcomes = train_pipelines(settings.path)["river"]
    assert [(o.name, o.promoted) for o in outcomes] == [
        ("ceiling", True), ("needy", True), ("ridge", True), ("persistence", True), ("wider", True),
    ]  # fmt: skip
    return settings, registry


def test_without_models_those_that_can_work_go_on_and_the_others_are_told(tmp_path: Path) -> None:
    pipeline = built(*opened(tmp_path))
    assert list(pipeline.input_correctors) == ["ceiling"] and pipeline.input_correctors["ceiling"].times == 3.0
    assert pipeline.forecast_correctors == {}
    assert sorted(w.stage for w in pipeline.warnings) == ["needy", "ridge", "wider"]
    assert all("hydria train" in w.error for w in pipeline.warnings)


def test_trained_ones_are_loaded_and_stand_in_the_bulletin(trained: tuple[Settings, Registry]) -> None:
    pipeline = built(*trained)
    assert list(pipeline.input_correctors) == ["ceiling", "needy"] and pipeline.warnings == ()
    assert np.isfinite(pipeline.input_correctors["ceiling"].most)
    shelf = open_shelf(trained[0], "river", clock)
    bulletin = run_cycle(pipeline, STEP, NOW)
    for name in ("ceiling", "needy", "wider"):
        assert bulletin.digests[f"model:{name}"] == shelf.active(name)
    assert bulletin.problems == () and bulletin.forecast.correction_names == ("wider",)


def test_a_damaged_model_is_told_and_what_works_without_goes_on(trained: tuple[Settings, Registry]) -> None:
    shelf = open_shelf(trained[0], "river", clock)
    (shelf.folder("ceiling") / "ceiling.json").write_text("broken")
    pipeline = built(*trained)
    assert [w.stage for w in pipeline.warnings] == ["ceiling"] and "damaged" in pipeline.warnings[0].error
    assert np.isinf(pipeline.input_correctors["ceiling"].most)


def test_other_versions_can_be_asked_for(trained: tuple[Settings, Registry]) -> None:
    pipeline = built(*trained, versions={})
    assert list(pipeline.input_correctors) == ["ceiling"] and np.isinf(pipeline.input_correctors["ceiling"].most)


def test_a_newly_trained_corrector_is_taken_up_by_a_running_host(trained: tuple[Settings, Registry]) -> None:
    settings, registry = trained
    pipeline = built(settings, registry)
    assert is_current(pipeline, settings, settings, clock)
    shelf = open_shelf(settings, "river", clock)
    version = shelf.add("ceiling", Ceiling().save, {"training": {"last": "2021-04-01"}})
    assert is_current(pipeline, settings, settings, clock), "kept, but not reigning"
    shelf.promote("ceiling", version)
    assert not is_current(pipeline, settings, settings, clock)
    assert models_now(settings, "river", clock)["ceiling"] == version


def test_a_corrector_of_both_is_one_part(tmp_path: Path) -> None:
    class Both(Ceiling, Wider):
        def __init__(self) -> None:
            Ceiling.__init__(self)
            self.by = 0.0

    class Plugin:
        @hookimpl
        def hydria_correctors(self) -> dict[str, Any]:
            return {"both": Both}

    toml = FILES["hydria.toml"].replace('delay = "3min"', 'correct_inputs = ["both"]\ncorrect_forecast = ["both"]')
    registry = load_plugins([Plugin()])
    settings = read_config(write_site(tmp_path, {"hydria.toml": toml}), environ={}, registry=registry)
    pipeline = built(settings, registry)
    assert pipeline.input_correctors["both"] is pipeline.forecast_correctors["both"]
    repairs, finishers = build_correctors(settings, "river", registry, clock, np.random.default_rng(0))
    assert repairs["both"] is finishers["both"]


def test_the_manifest_says_what_it_is(trained: tuple[Settings, Registry]) -> None:
    shelf = open_shelf(trained[0], "river", clock)
    held = json.loads((shelf.folder("ceiling") / "manifest.json").read_text())
    assert held["role"] == "corrector" and held["forecaster"] == "ceiling" and held["options"] == {"times": 3.0}


@pytest.mark.parametrize(("field", "wrong", "right"), [("inputs", "wider", "needy"), ("forecast", "needy", "wider")])
def test_a_corrector_in_the_wrong_list_is_told_those_that_can(
    field: str, wrong: str, right: str, tmp_path: Path
) -> None:
    toml = FILES["hydria.toml"].replace('delay = "3min"', f'correct_{field} = ["{wrong}"]')
    with pytest.raises(ConfigError) as refused:
        opened(tmp_path, toml)
    (fault,) = refused.value.faults
    words = fault.partition("allowed: ")[2].split(", ")
    assert right in words and wrong not in words
