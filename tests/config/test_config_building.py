"""From settings to pipelines: models loaded or left out, members built, the buffer filled from the store."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hydria_plugin import ConfigError, Forecaster, hookimpl
from hydria_plugin.config import (
    Settings,
    build_forecasters,
    build_pipeline,
    durations_needed,
    open_shelf,
    open_store,
    read_config,
)
from hydria_plugin.config.plugging import by_default
from hydria_plugin.cycle import run_cycle
from hydria_plugin.decomposition_rest import NAME, Rest
from hydria_plugin.forecasters.block_network.forecaster import BlockNetwork
from hydria_plugin.forecasters.lstm.forecaster import Lstm
from hydria_plugin.forecasters.persistence import Persistence
from hydria_plugin.plugins import Registry, load_plugins
from hydria_plugin.stores.memory import MemoryStore
from hydria_plugin.testing import sample_layout
from tests.site_files import FILES, write_site

NOW = np.datetime64("2021-04-07T10:03", "us")
STEP = np.datetime64("2021-04-07T10:00", "s")


def clock() -> np.datetime64:
    return NOW


def opened(tmp_path: Path, toml: str | None = None, *plugins: object) -> tuple[Settings, Registry]:
    registry = load_plugins(plugins)
    config = write_site(tmp_path, {"hydria.toml": toml} if toml else None)
    return read_config(config, environ={}, registry=registry), registry


def built(settings: Settings, registry: Registry, **more: Any) -> Any:
    rng = np.random.default_rng(0)
    return build_pipeline(settings, "river", registry, MemoryStore(), clock=clock, rng=rng, **more)


def test_an_untrained_forecaster_is_left_out_and_told(tmp_path: Path) -> None:
    pipeline = built(*opened(tmp_path))
    assert list(pipeline.forecasters) == ["persistence"]
    assert [w.stage for w in pipeline.warnings] == ["ridge"]
    assert "hydria train" in pipeline.warnings[0].error
    bulletin = run_cycle(pipeline, STEP, NOW)
    assert bulletin.forecast.missing == ()
    assert any(p.stage == "ridge" for p in bulletin.problems)
    assert set(bulletin.digests) == {"config", "inputs"}


def test_what_a_pipeline_is_built_of(tmp_path: Path) -> None:
    settings, registry = opened(tmp_path)
    pipeline = built(settings, registry)
    assert pipeline.name == "river"
    assert list(pipeline.sinks) == ["csv"]
    assert pipeline.delay == np.timedelta64(180, "s")
    assert pipeline.thresholds is settings.pipelines["river"].thresholds
    assert pipeline.digests["config"] == settings.pipelines["river"].digest
    assert isinstance(pipeline.learner.plugins[NAME], Rest) and NAME in pipeline.learner.correctors


def test_every_sink_has_its_own_deadline(tmp_path: Path) -> None:
    two = '[{ use = "csv", path = "out" }, { use = "csv", path = "far", timeout = "1min30s" }]'
    toml = FILES["hydria.toml"].replace('[{ use = "csv", path = "out" }]', two)
    registry = load_plugins()
    settings = read_config(write_site(tmp_path, {"hydria.toml": toml}, days=1), environ={}, registry=registry)
    assert {n: (type(s).__name__, s.timeout) for n, s in built(settings, registry).sinks.items()} == {
        "csv": ("PunctualReportSink", 30.0), "csv.2": ("PunctualReportSink", 90.0)
    }  # fmt: skip


def test_isolation_wraps_every_forecaster_before_it_is_loaded(tmp_path: Path) -> None:
    seen: list[str] = []

    def isolate(name: str, forecaster: Forecaster) -> Forecaster:
        seen.append(name)
        return forecaster

    built(*opened(tmp_path), isolate=isolate)
    assert seen == ["ridge", "persistence"]


def test_the_store_s_memory_fills_the_buffer(tmp_path: Path) -> None:
    """A second start asks the source only for what is new, and makes the same window."""
    settings, registry = opened(tmp_path)
    store = open_store(settings, registry)
    rng = np.random.default_rng(0)
    first = build_pipeline(settings, "river", registry, store, clock=clock, rng=rng)
    before = run_cycle(first, STEP, NOW)
    assert before.window is not None
    again = build_pipeline(settings, "river", registry, store, clock=clock, rng=rng)
    window = again.buffer.window(STEP, NOW)
    np.testing.assert_array_equal(window.observed.values, before.window.observed.values)
    np.testing.assert_array_equal(window.past.values, before.window.past.values)
    assert len(again.buffer.pending()) == 0
    store.close()


class Learns:
    """A third party's forecaster with an option, trainable."""

    def __init__(self, *, gain: float = 1.0) -> None:
        if gain <= 0:
            raise ValueError(f"gain {gain} must be above 0")
        self.gain = gain

    def forecast(self, window: Any) -> Any:
        raise NotImplementedError

    def fit(self, history: Any, split: Any) -> Learns:
        return self


class Mixes:
    """A forecaster of members."""

    def __init__(self, *, members: Mapping[str, Forecaster], of: list[str] | None = None) -> None:
        self.members = members

    def forecast(self, window: Any) -> Any:
        raise NotImplementedError


class ThirdParty:
    @hookimpl
    def hydria_forecasters(self) -> dict[str, Any]:
        return {"learns": Learns, "mixes": Mixes}


def with_mixture(table: str, ladder: str = '["mixes", "persistence"]') -> str:
    return FILES["hydria.toml"].replace('["ridge", "persistence"]', ladder) + table


def test_members_are_every_trainable_one_and_persistence(tmp_path: Path) -> None:
    settings, registry = opened(
        tmp_path, with_mixture("\n[pipelines.river.forecaster.learns]\ngain = 2.5\n"), ThirdParty()
    )
    mixture: Any = build_forecasters(settings, "river", registry, clock, np.random.default_rng(0))["mixes"]
    assert {"learns", "ridge", "boosting", "persistence"} <= set(mixture.members)
    assert not {"mixes", "blend"} & set(mixture.members)
    assert mixture.members["learns"].gain == 2.5


def test_a_light_block_network_is_a_member_unnamed(tmp_path: Path) -> None:
    settings, registry = opened(tmp_path, with_mixture(""), ThirdParty())
    mixture: Any = build_forecasters(settings, "river", registry, clock, np.random.default_rng(0))["mixes"]
    options = mixture.members["block-network"].options
    assert {name: getattr(options, name) for name in BlockNetwork.in_a_blend} == BlockNetwork.in_a_blend
    assert "lstm" not in mixture.members


def test_what_the_admin_says_of_a_member_goes_before_what_it_takes_in_a_blend(tmp_path: Path) -> None:
    table = "\n[pipelines.river.forecaster.block-network]\ninitialisations = 12\n"
    settings, registry = opened(tmp_path, with_mixture(table), ThirdParty())
    mixture: Any = build_forecasters(settings, "river", registry, clock, np.random.default_rng(0))["mixes"]
    options = mixture.members["block-network"].options
    assert (options.initialisations, options.max_rows) == (12, BlockNetwork.in_a_blend["max_rows"])


def test_a_named_member_is_the_one_it_is_elsewhere(tmp_path: Path) -> None:
    table = '\n[pipelines.river.forecaster.mixes]\nof = ["block-network"]\n'
    settings, registry = opened(tmp_path, with_mixture(table), ThirdParty())
    mixture: Any = build_forecasters(settings, "river", registry, clock, np.random.default_rng(0))["mixes"]
    assert mixture.members["block-network"].options == BlockNetwork().options


@pytest.mark.parametrize(("stations", "expected"), [(1, True), (8, True), (9, False), (10_000, False)])
def test_one_fitted_station_by_station_is_a_member_of_few_stations_only(stations: int, expected: bool) -> None:
    layout = sample_layout(stations=stations)
    assert by_default(BlockNetwork(), layout) is expected
    assert by_default(Persistence(), layout)
    assert not by_default(Lstm(), layout)


def test_a_number_of_stations_cannot_be_met_where_none_are_known() -> None:
    assert not by_default(BlockNetwork(), None)
    assert by_default(Persistence(), None)


def test_members_by_name(tmp_path: Path) -> None:
    settings, registry = opened(
        tmp_path, with_mixture('\n[pipelines.river.forecaster.mixes]\nof = ["learns", "ridge"]\n'), ThirdParty()
    )
    mixture: Any = build_forecasters(settings, "river", registry, clock, np.random.default_rng(0))["mixes"]
    assert list(mixture.members) == ["learns", "ridge"]


@pytest.mark.parametrize(
    ("table", "words"),
    [("[pipelines.river.forecaster.mixes]\nof = ['lerns']", ("mixes.of[1]", '"lerns"', "did you mean 'learns'")),
     ("[pipelines.river.forecaster.mixes]\nof = ['mixes']", ("hold itself",)),
     ("[pipelines.river.forecaster.mixes]\nof = 'learns'", ("mixes.of", '"learns"', "a list of forecaster names")),
     ("[pipelines.river.forecaster.learns]\ngian = 2", ("learns.gian", "did you mean 'gain'")),
     ("[pipelines.river.forecaster.learns]\ngain = -1", ("gain -1 must be above 0",))],
)  # fmt: skip
def test_members_gone_wrong(tmp_path: Path, table: str, words: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError) as refused:
        opened(tmp_path, with_mixture(f"\n{table}\n"), ThirdParty())
    assert any(all(word in line for word in words) for line in refused.value.faults), refused.value.faults


def test_a_broken_third_party_is_fatal_only_where_it_is_named(tmp_path: Path) -> None:
    class Broken:
        @hookimpl
        def hydria_forecasters(self) -> dict[str, Any]:
            raise RuntimeError("half installed")

    settings, _ = opened(tmp_path / "a", None, Broken())
    assert "river" in settings.pipelines


def test_durations_are_those_of_all_forecasters(tmp_path: Path) -> None:
    settings, registry = opened(tmp_path, FILES["hydria.toml"].replace('["ridge"', '["boosting", "ridge"'))
    ladder = build_forecasters(settings, "river", registry, clock, np.random.default_rng(0))
    durations = durations_needed(ladder)
    assert list(durations) == sorted(set(durations))
    assert max(durations) >= np.timedelta64(7, "D")


def test_the_shelf_is_the_pipeline_s_own(tmp_path: Path) -> None:
    settings, _ = opened(tmp_path)
    assert open_shelf(settings, "river", clock).root == tmp_path / "models" / "river"
