"""From the alert to the report in the host: what lies with the reigning model is told when a station is in the news."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from typer.testing import CliRunner

from hydria_plugin.cli import app
from hydria_plugin.explainers.knox.keeping import keep_readings
from hydria_plugin.learning.shelf import Shelf
from tests.explainers.knox.made_readings import reading
from tests.site_files import FILES, STATIONS, write_site

TOML = FILES["hydria.toml"].replace("sinks = [", 'explainers = ["knox"]\nsinks = [')
LOW = STATIONS.replace("m3/s,40,80", "m3/s,0.1,0.2").replace("m,2,3.5", "m,90,95")  # only the upper bridge is in flood


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = write_site(tmp_path, {"hydria.toml": TOML, "stations.csv": LOW}, days=10)
    shelf = Shelf(tmp_path / "models", "river", lambda: np.datetime64("2021-01-01T00:00:00"))
    both = {"up": reading("up"), "down": reading("down")}
    shelf.promote("ridge", shelf.add("ridge", lambda folder: keep_readings(folder, "river", "ridge", both), {}))
    return path


def hydria(*words: str | Path) -> str:
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == 0, done.output
    return done.output


def test_the_station_in_the_news_is_explained_to_the_host(config: Path) -> None:
    hydria("once", config, "--at", "2021-03-10T12:00")
    reports = sorted((config.parent / "out" / "reports").iterdir())
    assert [p.suffix for p in reports] == [".json", ".svg"]
    held = json.loads(reports[0].read_text(), parse_constant=pytest.fail)
    assert (held["kind"], held["station"]) == ("knox", "up")
    assert held["headline"].startswith("La pluie à Saumane fait 45\u00a0%"), "in the platform's language"
    assert held["body"]["forecaster"] == "ridge" and len(held["body"]["slots"]) == 4
    assert "Upper bridge" in "".join(ElementTree.fromstring(reports[1].read_text()).itertext())


def test_a_report_is_tied_to_the_event_of_its_alert(config: Path) -> None:
    hydria("once", config, "--at", "2021-03-10T12:00")
    (report,) = (config.parent / "out" / "reports").glob("*.json")
    (alerts,) = (config.parent / "out").rglob("*_alerts.csv")
    event = json.loads(report.read_text())["event"]
    assert event and event in alerts.read_text()


def test_without_news_there_is_no_report(config: Path) -> None:
    (config.parent / "stations.csv").write_text(LOW.replace("m3/s,0.1,0.2", "m3/s,5000,6000"))
    hydria("once", config, "--at", "2021-03-10T12:00")
    assert not (config.parent / "out" / "reports").exists()


def test_check_takes_the_explainer(config: Path) -> None:
    assert "can start" in hydria("check", config)
