"""hydria knox: what it writes and prints, and what it says where there is nothing to read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from hydria_plugin.cli import app
from hydria_plugin.explainers.knox.keeping import FILE, keep_readings
from hydria_plugin.explainers.knox.readings import Reading
from hydria_plugin.explainers.knox.schema import DocumentModel
from hydria_plugin.learning.shelf import Shelf
from tests.explainers.knox.made_readings import doubtful, reading
from tests.site_files import FILES, INPUTS, write_site

WITH_NAMES = INPUTS.replace("kind", "kind,name,lat,lon").replace(",rain\n", ",rain,Upper gauge,44.2,3.8\n")
WITH_NAMES = WITH_NAMES.replace(",discharge\n", ",discharge,,,\n")


def hydria(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def platform(folder: Path, readings: Mapping[str, Reading], **changes: str) -> Path:
    """A platform whose reigning model of ``ridge`` has these readings beside it."""
    config = write_site(folder, {k.replace("_", "."): v for k, v in changes.items()}, days=1)
    shelf = Shelf(folder / "models", "river", lambda: np.datetime64("2026-01-01T00:00:00"))
    version = shelf.add("ridge", lambda place: keep_readings(place, "river", "ridge", readings), {})
    shelf.promote("ridge", version)
    return config


def test_json_for_machines_keeps_the_contract(tmp_path: Path) -> None:
    config = platform(tmp_path, {"up": doubtful("up"), "down": reading("down")})
    done = hydria("knox", config, "--station", "up", "--json", "-")
    assert done.exit_code == 0, done.output
    held: dict[str, Any] = json.loads(done.stdout, parse_constant=pytest.fail)
    DocumentModel.model_validate(held)
    assert (held["pipeline"], held["forecaster"]) == ("river", "ridge")
    assert held["version"] == Shelf(tmp_path / "models", "river").active("ridge")
    assert list(held["stations"]) == ["up"]
    assert held["stations"]["up"]["warnings"][0].startswith("Saumane et"), "in the platform's language"


def test_json_page_and_plate_are_written_at_once(tmp_path: Path) -> None:
    config = platform(tmp_path, {"up": reading("up"), "down": reading("down")})
    page, numbers, plate = tmp_path / "out" / "up.html", tmp_path / "up.json", tmp_path / "up.svg"
    done = hydria("knox", config, "--station", "up", "--html", page, "--json", numbers, "--svg", plate)
    assert done.exit_code == 0, done.output
    assert [f"written: {path}" in done.stdout for path in (page, numbers, plate)] == [True] * 3
    assert list(json.loads(numbers.read_text())["stations"]) == ["up"]
    assert "plotly.js v" in page.read_text() and "Upper bridge" in page.read_text()
    assert ElementTree.fromstring(plate.read_text()).get("lang") == "fr"


def test_people_get_a_table(tmp_path: Path) -> None:
    config = platform(tmp_path, {"up": doubtful("up")})
    done = hydria("knox", config, "--language", "en")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("Upper bridge: With caution: rain at Saumane gives 45\u00a0% of the response")
    lines = done.stdout.splitlines()
    assert lines[1].startswith("zone") and [line.split()[0] for line in lines[2:6]] == [
        "Saumane", "Saint-Roman", "Mialet", "p3",
    ]  # fmt: skip
    assert sum(line.startswith("! ") for line in lines) == 2


def test_without_a_station_all_are_told_in_the_order_of_the_configuration(tmp_path: Path) -> None:
    config = platform(tmp_path, {"down": reading("down"), "gone": reading("gone"), "up": reading("up")})
    done = hydria("knox", config, "--json", "-")
    assert list(json.loads(done.stdout)["stations"]) == ["up", "down"]


def test_gauges_are_called_and_placed_as_inputs_csv_says(tmp_path: Path) -> None:
    from dataclasses import replace

    known = replace(reading("up"), slots=(replace(reading().slots[0], series="r1"), *reading().slots[1:]))
    config = platform(tmp_path, {"up": known}, inputs_csv=WITH_NAMES)
    done = hydria("knox", config, "--station", "up", "--html", tmp_path / "up.html")
    assert "La pluie à Upper gauge fait" in done.stdout
    assert 'id="map-0"' in (tmp_path / "up.html").read_text()


# ---- what goes wrong


def test_an_unknown_station_is_told_which_there_are(tmp_path: Path) -> None:
    done = hydria("knox", platform(tmp_path, {"up": reading("up")}), "--station", "upp")
    assert done.exit_code == 2
    assert done.stderr == "--station: 'upp' is no station of river; allowed: up, down\n"


def test_machines_are_told_on_stdout_too(tmp_path: Path) -> None:
    done = hydria("knox", platform(tmp_path, {"up": reading("up")}), "--station", "upp", "--json", "-")
    assert done.exit_code == 2 == json.loads(done.stdout)["exit"]


def test_a_ladder_without_a_network_is_a_fault_of_the_configuration(tmp_path: Path) -> None:
    done = hydria("knox", write_site(tmp_path, days=1), "--station", "up")
    assert done.exit_code == 2
    assert "pipelines.river.forecasters: ridge, persistence hold no network" in done.stderr
    assert "block-network" in done.stderr and "hydria train" in done.stderr


def test_the_light_network_of_an_unnamed_blend_can_be_read_once_it_is_trained(tmp_path: Path) -> None:
    config = write_site(tmp_path, days=1)
    config.write_text(config.read_text().replace('["ridge", "persistence"]', '["blend", "persistence"]'))
    done = hydria("knox", config, "--station", "up")
    assert done.exit_code == 1
    assert "no reigning model of river holds a network that KnoX can read for up: run `hydria train`" in done.stderr


def test_a_damaged_model_is_named(tmp_path: Path) -> None:
    config = platform(tmp_path, {"up": reading("up")})
    (path,) = (tmp_path / "models").rglob(FILE)
    path.write_text("{}")
    done = hydria("knox", config, "--station", "up")
    assert done.exit_code == 1 and "is damaged: knox.json" in done.stderr


def test_a_plate_holds_one_station(tmp_path: Path) -> None:
    config = platform(tmp_path, {"up": reading("up"), "down": reading("down")})
    done = hydria("knox", config, "--svg", tmp_path / "x.svg")
    assert done.exit_code == 2 and "name it with --station" in done.stderr
    assert not (tmp_path / "x.svg").exists()


def test_a_page_holds_only_so_many_stations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hydria_plugin.cli.explaining.MOST", 1)
    config = platform(tmp_path, {"up": reading("up"), "down": reading("down")})
    done = hydria("knox", config, "--html", tmp_path / "x.html")
    assert done.exit_code == 2 and "1 stations at most, not 2; use --station" in done.stderr
    assert hydria("knox", config, "--html", tmp_path / "x.html", "--station", "up").exit_code == 0


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    config = platform(tmp_path, {"up": reading("up")})
    done = hydria("knox", config, "--html", config / "page.html")
    assert done.exit_code == 1 and "page.html cannot be written" in done.stderr


def test_an_unknown_language_is_refused(tmp_path: Path) -> None:
    done = hydria("knox", platform(tmp_path, {"up": reading("up")}), "--language", "de")
    assert done.exit_code == 2 and "--language" in done.stderr


def test_several_pipelines_need_a_name_where_it_is_not_clear(tmp_path: Path) -> None:
    second = FILES["hydria.toml"].partition("[pipelines.river]")[2].replace("river", "creek")
    text = FILES["hydria.toml"] + "\n[pipelines.creek]" + second
    config = platform(tmp_path, {"up": reading("up")}, hydria_toml=text)
    done = hydria("knox", config, "--station", "up")
    assert done.exit_code == 2 and "--pipeline: name one of river, creek" in done.stderr
    assert hydria("knox", config, "--station", "up", "--pipeline", "river").exit_code == 0
