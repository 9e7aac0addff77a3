"""Every real basin, as its admin would: check, train on the first part, backtest on the last, through the commands."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from hydria_plugin.cli import app
from hydria_plugin.config import read_config
from tests.real.basins import ASOS, BASINS, CANCE_2014, GARDON_2020, L0123003, WALNUT_CREEK, WANGSUK, Basin

pytestmark = pytest.mark.slow
LADDER = ("blend", "persistence")
OPTIONS = """
[pipelines.{name}.forecaster.blend]
of = [{members}]

[pipelines.{name}.forecaster.boosting]
rounds = 40
folds = 2
max_rows = 4000
num_threads = 1
"""


def options(basin: Basin) -> str:
    """Boosting takes part on the Cance only, and small: CI must end in time; benchmarks/skill has it everywhere."""
    members = '"boosting", "ridge", "persistence"' if basin is CANCE_2014 else '"ridge", "persistence"'
    return OPTIONS.format(name=basin.name, members=members)


def machine(*words: str | Path) -> Any:
    done = CliRunner().invoke(app, [str(word) for word in (*words, "--json")])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@dataclass(frozen=True)
class Ran:
    basin: Basin
    config: Path
    outcomes: list[dict[str, Any]]
    found: dict[str, Any]
    table: pd.DataFrame


@pytest.fixture(scope="module", params=BASINS, ids=lambda b: b.name)
def ran(request: pytest.FixtureRequest, shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The basin, trained and backtested."""
    basin: Basin = request.param
    folder = tmp_path_factory.mktemp(basin.name)
    config = basin.write(folder, shared, LADDER, options(basin))
    trained = machine("train", config, "--from", basin.train[0], "--to", basin.train[1])
    out = folder / "backtest.csv"
    span = ("--from", basin.test[0], "--to", basin.test[1], "--every", basin.every)
    tested = machine("backtest", config, *span, "--out", out)
    return Ran(basin, config, trained["outcomes"], tested["pipelines"][0], pd.read_csv(out))


def test_the_configuration_can_start(ran: Ran) -> None:
    found = machine("check", ran.config)
    assert found["faults"] == found["failures"] == []
    assert not any("no model" in line or "gave no value" in line for line in found["warnings"]), found["warnings"]


def test_the_first_choice_was_trained_and_reigns(ran: Ran) -> None:
    first = ran.outcomes[0]
    assert first["promoted"], first
    assert 0 < first["scores"]["challenger"] < 1  # the loss of the last value held is 1


def test_it_was_the_first_choice_that_forecast(ran: Ran) -> None:
    made = ran.found["made_by"]
    assert made["blend"] >= 0.95 * sum(made.values()), made


def test_the_table_is_whole_and_in_order(ran: Ran) -> None:
    settings = read_config(ran.config)
    layout = settings.pipelines[ran.basin.name].layout
    assert len(ran.table) == ran.found["issues"] * len(layout.stations) * layout.horizon * len(layout.quantiles)
    values = ran.table["value"].to_numpy().reshape(-1, len(layout.quantiles))
    there = np.isfinite(values).all(axis=1)
    assert there.mean() > 0.95
    assert (np.diff(values[there], axis=1) >= 0).all()
    assert set(ran.table["unit"]) == set(layout.units)


def test_it_is_no_worse_than_keeping_the_last_value(ran: Ran) -> None:
    """Over stations and leads, in the median; single leads may lose (benchmarks/skill measures each)."""
    lines = [line for line in ran.found["scores"] if line["pairs"] > 30]
    assert lines
    assert np.median([line["pi"] for line in lines]) > -0.1
    assert np.median([line["crps_skill"] for line in lines]) > -0.1  # Walnut Creek: -0.07, see benchmarks/RESULTS.md


def test_the_band_holds_some_and_not_all(ran: Ran) -> None:
    covered = [line["coverage_80"] for line in ran.found["scores"] if line["pairs"] > 30]
    assert 0.02 < np.median(covered) < 0.999


@pytest.mark.parametrize("basin", BASINS, ids=lambda b: b.name)
def test_what_the_configurations_say(basin: Basin, shared: Path, tmp_path: Path) -> None:
    """Slots, absent ones included, and that the test part lies after the training part."""
    p = read_config(basin.write(tmp_path, shared, ("persistence",)), environ={}).pipelines[basin.name]
    slots = {
        L0123003: ("rain.1", "pet.1"),
        CANCE_2014: (*(f"rain.{i}" for i in range(1, 9)), "discharge.upstream1", "discharge.upstream2"),
        WANGSUK: ("rain.1", "rain.2", "level.upstream1"),
        WALNUT_CREEK: ("rain.1", "discharge.upstream1", "discharge.upstream2", "discharge.upstream3"),
        ASOS: ("rain.1", "temperature.1"),
        GARDON_2020: tuple(f"level.upstream{i}" for i in range(1, 5)),
    }[basin]
    assert p.layout.slots == slots
    assert np.datetime64(basin.test[0]) > np.datetime64(basin.train[1])
    if basin is CANCE_2014:
        assert p.layout.present.sum(axis=1).tolist() == [10, 8, 3]  # stations with different numbers of gauges


@pytest.mark.parametrize("ran", [L0123003], indirect=True, ids=["bubry"])
def test_perfect_rain_helps_where_the_record_is_long(ran: Ran) -> None:
    """With the rain of the horizon known, 6 to 12 hours ahead."""

    def crps(future: str) -> float:
        words = ("--from", "2006-02-10", "--to", "2006-03-20", "--every", "12h", "--future", future)
        scores = machine("backtest", ran.config, *words)["pipelines"][0]["scores"]
        return float(np.mean([s["crps"] for s in scores if 6 <= s["lead"] <= 12]))

    assert crps("perfect") < crps("none")


def test_the_gardon_flood_raises_alerts_even_without_a_model(shared: Path, tmp_path: Path) -> None:
    """19 September 2020: Anduze passes its thresholds; the observed value alone must say so, once per threshold."""
    config = GARDON_2020.write(tmp_path, shared, ("persistence",))
    words = ("--from", "2020-09-19T08:00", "--to", "2020-09-19T14:00")
    found = machine("backtest", config, *words)["pipelines"][0]
    passed = {w["threshold"]: w for w in found["warnings"] if w["station"] == "V7144010"}
    assert set(passed) == {"yellow", "orange", "red"}
    assert found["made_by"].keys() == {"persistence"}
