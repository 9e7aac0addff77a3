"""What a model knows is read when it is kept: from real networks, in a blend too, never at the cost of the model."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from hydria_plugin.explainers.knox.at_training import keep_knowledge
from hydria_plugin.explainers.knox.document import document
from hydria_plugin.explainers.knox.figures import Site
from hydria_plugin.explainers.knox.keeping import FILE, kept_readings
from hydria_plugin.explainers.knox.page import page
from hydria_plugin.explainers.knox.plate import plate
from hydria_plugin.explainers.knox.readings import Reading
from hydria_plugin.explainers.knox.schema import DocumentModel
from hydria_plugin.explainers.knox.words import Speech, headline
from hydria_plugin.forecasters.block_network.training import Recipe
from hydria_plugin.forecasters.block_network.twin import Twin, fit_twin
from hydria_plugin.learning.basin_cases import A
from hydria_plugin.learning.fictitious_basin import simulate
from hydria_plugin.learning.fictitious_cases import STATION, history_of, study_split


@pytest.fixture(scope="module")
def twin() -> Twin:
    """The networks of a basin whose zones give 45, 30, 15 and 10 %."""
    record = simulate(replace(A, events=20), np.random.default_rng(5))
    split = study_split(record, np.random.default_rng(6))
    quick = Recipe(members=3, hidden=3, max_epochs=25, smooth=10.0)
    return fit_twin(history_of(record), split, 0, np.random.default_rng(7), quick)


@pytest.fixture(scope="module")
def kept(twin: Twin, tmp_path_factory: pytest.TempPathFactory) -> Reading:
    folder = tmp_path_factory.mktemp("model")
    blend = SimpleNamespace(trained=SimpleNamespace(members={"net": SimpleNamespace(twins={STATION: twin})}))
    keep_knowledge("gardons", "blend", blend, folder)
    return kept_readings(folder)[STATION]


def test_real_networks_in_a_blend_are_read_and_kept(kept: Reading) -> None:
    assert [slot.slot for slot in kept.slots] == ["rain.1", "rain.2", "rain.3", "rain.4"]
    shares = [slot.share.median for slot in kept.slots]
    assert sum(shares) == pytest.approx(1) and shares == pytest.approx([0.45, 0.30, 0.15, 0.10], abs=0.06)
    assert kept.initialisations == 3 and kept.skill["nse"] > 0.8
    assert all(sum(slot.lags) == pytest.approx(1) for slot in kept.slots)


def test_what_real_networks_say_keeps_the_contract(kept: Reading) -> None:
    made = document("gardons", "blend", "v1", {STATION: kept})
    held = json.loads(json.dumps(made, allow_nan=False))
    DocumentModel.model_validate(held)
    station = held["stations"][STATION]
    assert {"K1", "K2", "K2r", "gradient"} <= set(station["variants"])
    assert all(len(shares) == 4 for shares in station["variants"].values())
    assert station["variants"][station["variant"]] == [slot["share"]["median"] for slot in station["slots"]]


def test_what_real_networks_say_can_be_shown(kept: Reading) -> None:
    assert headline(kept, Speech("en")).endswith(".") and "north" in headline(kept, Speech("en"))
    for language in ("en", "fr"):
        assert "<svg" in plate(kept, Site(), language)
        facts = {"pipeline": "gardons", "forecaster": "blend", "version": "v1"}
        assert "north" in page([kept], {}, language, script="/* plotly */", **facts)


def test_a_station_that_cannot_be_read_does_not_cost_the_others(
    twin: Twin, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keep_knowledge("p", "net", SimpleNamespace(twins={"broken": object(), STATION: twin}), tmp_path)
    assert list(kept_readings(tmp_path)) == [STATION]
    assert "station=broken" in caplog.text


def test_what_has_no_networks_keeps_nothing(tmp_path: Path) -> None:
    keep_knowledge("p", "ridge", SimpleNamespace(), tmp_path)
    assert not (tmp_path / FILE).exists()
