"""As a plug-in: light to load, its README whole, its sample loads, and what it imports can be used."""

from __future__ import annotations

import inspect
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from sql_places import Place

from hydria_plugin.config import read_config
from hydria_plugin.plugins import Registry, load_plugins
from hydria_plugin.workshop.inventory_files import write_inventory
from hydria_sql.importer import SqlImporter
from hydria_sql.sink import SqlSink
from hydria_sql.source import SqlSource

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "adapters" / "hydria_sql"
GIVEN = {"folder", "clock", "layout"}


def registry() -> Registry:
    return load_plugins(points=[EntryPoint(name="sql", value="hydria_sql", group="hydria")])


def test_loading_it_loads_no_database() -> None:
    code = "import sys, hydria_sql; hydria_sql.hydria_sources(); sys.exit('sqlalchemy' in sys.modules)"
    path = {"PYTHONPATH": f"{ROOT}:{PACKAGE.parent}"}
    assert subprocess.run([sys.executable, "-c", code], env=path, check=False).returncode == 0


@pytest.mark.parametrize("factory", [SqlSource, SqlSink, SqlImporter])
def test_the_readme_has_every_option(factory: Any) -> None:
    text = (PACKAGE / "README.md").read_text()
    options = {n for n, p in inspect.signature(factory).parameters.items() if p.kind is p.KEYWORD_ONLY} - GIVEN
    assert not [option for option in options if f"`{option}`" not in text]


def test_the_sample_builds(tmp_path: Path) -> None:
    text = (PACKAGE / "sample.toml").read_text()
    (pipeline,) = tomllib.loads(text)["pipelines"].values()
    for role, options in (("source", pipeline["source"]), ("sink", pipeline["sinks"][0])):
        given = dict(options)
        registry().build(role, given.pop("use"), given, {"folder": tmp_path})
    others = [line.removeprefix("# source = ") for line in text.splitlines() if line.startswith("# source")]
    for line in others:
        given = tomllib.loads(f"source = {line}")["source"]
        assert given.pop("use") == "sql" and not registry().check_options("source", "sql", given)


def test_what_is_imported_can_be_configured_and_read(place: Place, tmp_path: Path) -> None:
    place.run("CREATE TABLE stations (id text, name text, quantity text, latitude real, longitude real)")
    place.add([("q1", "Ners", "Q", 44.0, 4.1)], ("id", "name", "quantity", "latitude", "longitude"), "stations")
    place.run("CREATE TABLE thresholds (station text, name text, value real, unit text)")
    place.add(
        [("q1", "yellow", 300, "m3/s"), ("q1", "red", 900000, "l/s")],
        ("station", "name", "value", "unit"),
        "thresholds",
    )
    place.run("CREATE TABLE sensors (sensor_id text, kind text, lat real, lon real)")
    place.add([("p1", "rain", 44.1, 4.0)], ("sensor_id", "kind", "lat", "lon"), "sensors")
    importer = registry().build("importer", "sql", {"database": place.url}, {"folder": tmp_path})
    place.opened.append(importer)
    write_inventory(importer.survey(), tmp_path, 4, False)
    (tmp_path / "hydria.toml").write_text(
        '[platform]\nname = "x"\n[pipelines.p]\nstep = "1h"\npast = "12h"\nhorizon = "6h"\nstations = "stations.csv"\n'
        f'inputs = "inputs.csv"\nsource = {{ use = "sql", database = "{place.url}", table = "obs" }}\n'
        'forecasters = ["persistence"]\nsinks = []\n'
    )
    settings = read_config(tmp_path / "hydria.toml", registry=registry())
    layout = settings.pipelines["p"].layout
    assert layout.targets == ("q1",) and layout.units == ("m3/s",) and layout.series.tolist() == [["p1"]]
