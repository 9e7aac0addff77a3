"""The commands over two sources say what they say over one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from hydria_plugin.cli import app
from tests.site_files import FILES, write_site

pytestmark = pytest.mark.slow
ONE = 'source = { use = "csv", path = "feeds", time = "time_utc" }'
TWO = """source = [
  { use = "csv", path = "rain", time = "time_utc" },
  { use = "csv", path = "rivers", time = "time_utc", takes = ["?_*"] },
]"""
SPAN = ("--from", "2021-04-06T00:00", "--to", "2021-04-06T06:00")


def machine(*words: str | Path) -> tuple[int, Any]:
    done = CliRunner().invoke(app, [*map(str, words), "--json"])
    assert done.stdout, done.stderr
    return done.exit_code, json.loads(done.stdout)


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same river from one source and from two, trained."""
    folder, found = tmp_path_factory.mktemp("several"), []
    for name, source in (("one", ONE), ("two", TWO)):
        config = write_site(folder / name, {"hydria.toml": FILES["hydria.toml"].replace(ONE, source)})
        feed = pd.read_csv(config.parent / "feeds" / "river.csv", dtype=str)
        for part, columns in (("rain", ["time_utc", "r1"]), ("rivers", ["time_utc", "h_down", "q_up"])):
            (config.parent / part).mkdir()
            feed[columns].to_csv(config.parent / part / "feed.csv", index=False)
        code, outcome = machine("train", config, "--to", "2021-04-05")
        assert code == 0, outcome
        found.append(config)
    one, two = found
    return one, two


def test_what_is_learned_and_forecast_is_the_same(sites: tuple[Path, Path], tmp_path: Path) -> None:
    tables = []
    for n, config in enumerate(sites):
        out = tmp_path / f"{n}.csv"
        code, _ = machine("backtest", config, *SPAN, "--out", out)
        assert code == 0
        tables.append(out.read_text())
    assert tables[0] == tables[1]
    assert tables[0].count("\n") == 1 + 7 * 2 * 6 * 3


def test_once_replay_and_verify(sites: tuple[Path, Path]) -> None:
    told = []
    for config in sites:
        code, once = machine("once", config, "--at", "2021-04-06T03:00")
        assert code == 0
        (river,) = once["pipelines"]
        assert not [p for p in river["problems"] if p["stage"].startswith("source")]
        code, again = machine("once", config, "--at", "2021-04-06T03:00", "--replay")
        assert code == 0 and again["pipelines"][0]["difference"] <= 1e-9, again
        code, scored = machine("verify", config, *SPAN)
        assert code == 0, scored
        told.append(({s: f["median"] for s, f in river["stations"].items()}, scored["pipelines"][0]["scores"]))
    assert told[0] == told[1]


def test_one_that_is_down_stops_what_needs_the_whole_record_and_no_cycle(sites: tuple[Path, Path]) -> None:
    """Its share is a gap in a forecast; training on such gaps would make a model of them."""
    config = sites[1]
    (config.parent / "rain").rename(config.parent / "elsewhere")
    try:
        code, once = machine("once", config, "--at", "2021-04-06T05:00")
        (river,) = once["pipelines"]
        assert code == 0 and river["degraded"]
        assert any(p["stage"] == "source csv" and "rain" in p["error"] for p in river["problems"]), river["problems"]
        for command in (("train", config), ("backtest", config, *SPAN), ("verify", config, *SPAN)):
            code, failed = machine(*command)
            assert code == 1 and "source csv: " in str(failed), failed
    finally:
        (config.parent / "elsewhere").rename(config.parent / "rain")
