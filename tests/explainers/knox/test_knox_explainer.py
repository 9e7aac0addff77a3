"""The explainer: from the shelf to a report, whoever made the forecast."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from hydria_plugin import Forecast, ModelError, Window
from hydria_plugin.drawing.words import Words
from hydria_plugin.explainers.knox.explainer import Knox
from hydria_plugin.explainers.knox.keeping import FILE, keep_readings
from hydria_plugin.explainers.knox.readings import Reading
from hydria_plugin.explainers.knox.schema import StationModel
from hydria_plugin.forecasters.persistence import Persistence
from hydria_plugin.learning.shelf import Shelf
from hydria_plugin.plugins import load_plugins
from hydria_plugin.testing import sample_layout
from hydria_plugin.testing.samples import sample_forecast, sample_history, window_of
from hydria_plugin.worker import Isolated
from tests.explainers.knox.made_readings import doubtful, reading


def window() -> Window:
    return window_of(sample_history(replace(sample_layout(), names=("Anduze", "Alès", "")), 700))


class Named:
    def __init__(self, name: str) -> None:
        self.name = name

    def forecast(self, window: Window) -> Forecast:
        raise AssertionError("an explainer of what was read at training asks no model")


def put(shelf: Shelf, name: str, readings: Mapping[str, Reading]) -> str:
    version = shelf.add(name, lambda folder: keep_readings(folder, shelf.pipeline, name, readings), {})
    shelf.promote(name, version)
    return version


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    ticks = iter(range(100))
    return Shelf(tmp_path, "gardons", lambda: np.datetime64("2026-01-01T00:00:00") + np.timedelta64(next(ticks), "s"))


def test_it_enters_by_the_door_of_all_plugins(shelf: Shelf) -> None:
    registry = load_plugins()
    assert isinstance(registry.build("explainer", "knox", {"language": "fr"}, {"shelf": shelf}), Knox)
    assert "language" in registry.options("explainer", "knox")


def test_a_report_per_station_that_has_a_reading(shelf: Shelf) -> None:
    version = put(shelf, "blend", {"s1": reading("s1"), "elsewhere": reading("elsewhere")})
    w = window()
    (report,) = Knox(shelf=shelf).explain(w, sample_forecast(w), Named("blend"))
    assert (report.kind, report.station) == ("knox", "s1")
    assert report.headline.startswith("Rain at Saumane gives 45\u00a0%")
    assert (report.body["forecaster"], report.body["version"]) == ("blend", version)
    assert report.body["slots"][0]["share"]["median"] == 0.45
    assert "Anduze" in (ElementTree.fromstring(report.body["svg"]).findtext("{http://www.w3.org/2000/svg}title") or "")


def test_the_body_keeps_the_contract_of_the_document(shelf: Shelf) -> None:
    put(shelf, "blend", {"s1": doubtful("s1")})
    w = window()
    (report,) = Knox(shelf=shelf, language="fr").explain(w, sample_forecast(w), Named("blend"))
    body = json.loads(json.dumps(dict(report.body), allow_nan=False))
    StationModel.model_validate({k: v for k, v in body.items() if k not in ("forecaster", "version", "svg")})
    assert report.headline.startswith("Avec prudence\u00a0: la pluie à Saumane")


def test_the_forecaster_asked_comes_first_then_any_other(shelf: Shelf) -> None:
    put(shelf, "another", {"s1": reading("s1"), "s2": reading("s2")})
    put(shelf, "blend", {"s1": doubtful("s1")})
    w = window()
    said = Knox(shelf=shelf).explain(w, sample_forecast(w), Named("blend"))
    assert [(r.station, r.body["forecaster"]) for r in said] == [("s1", "blend"), ("s2", "another")]
    said = Knox(shelf=shelf).explain(w, sample_forecast(w), Named("another"))
    assert [(r.station, r.body["forecaster"]) for r in said] == [("s1", "another"), ("s2", "another")]


def test_a_model_in_a_process_of_its_own_is_explained_without_being_asked(shelf: Shelf) -> None:
    put(shelf, "another", {"s1": doubtful("s1")})
    put(shelf, "blend", {"s1": reading("s1")})
    isolated, w = Isolated(Persistence(), "blend", 1.0), window()
    (report,) = Knox(shelf=shelf).explain(w, sample_forecast(w), isolated)
    assert report.body["forecaster"] == "blend"
    assert not isolated._children, "no process was started"


def test_a_new_reigning_model_is_read_anew_and_an_old_one_only_once(shelf: Shelf) -> None:
    explainer, w = Knox(shelf=shelf), window()
    put(shelf, "blend", {"s1": reading("s1")})
    assert len(explainer.explain(w, sample_forecast(w), Named("blend"))[0].body["cautions"]) == 0
    (shelf.folder("blend") / FILE).unlink()  # who read it once does not read it again
    assert len(explainer.explain(w, sample_forecast(w), Named("blend"))) == 1
    put(shelf, "blend", {"s1": doubtful("s1")})
    assert len(explainer.explain(w, sample_forecast(w), Named("blend"))[0].body["cautions"]) == 2


def test_nothing_trained_nothing_said(shelf: Shelf) -> None:
    w = window()
    assert list(Knox(shelf=shelf).explain(w, sample_forecast(w), Named("persistence"))) == []
    put(shelf, "ridge", {})
    assert list(Knox(shelf=shelf).explain(w, sample_forecast(w), Named("ridge"))) == []


def test_a_damaged_model_is_named(shelf: Shelf) -> None:
    put(shelf, "blend", {"s1": reading("s1")})
    path = shelf.folder("blend") / FILE
    path.write_text(path.read_text().replace("0.45", "0.95"))
    w = window()
    with pytest.raises(ModelError, match=r"damaged: knox\.json"):
        Knox(shelf=shelf).explain(w, sample_forecast(w), Named("blend"))


def test_it_speaks_the_platform_s_language_unless_told_otherwise(shelf: Shelf) -> None:
    french = Words.of("fr", "Europe/Paris")
    assert Knox(shelf=shelf, words=french).speech.language == "fr"
    assert Knox(shelf=shelf, words=french, language="en").speech.language == "en"
    assert Knox(shelf=shelf).speech.language == "en"


def test_a_language_that_is_none_is_refused_at_the_start(shelf: Shelf) -> None:
    with pytest.raises(ValueError, match="language 'de' is not one of en, fr"):
        Knox(shelf=shelf, language="de")
