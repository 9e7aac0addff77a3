"""What was found, written so that the house itself reads it; nothing reviewed is lost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydria_plugin import ConfigError, FoundInput, FoundRating, FoundStation, Inventory
from hydria_plugin.config import examine
from hydria_plugin.workshop.inventory_files import kilometres, threshold_names, write_inventory

ALES = FoundStation(
    "V7164015", "Le Gardon à Alès", "V7164015.H", "level", "m", 44.124, 4.081, {"jaune": 2.5, "rouge": 5.0}
)
ANDUZE = FoundStation(
    "V7155040", "Anduze", "V7155040.Q", "discharge", "m3/s", 44.05, 3.98, {"jaune": 400.0, "orange": 900.0}
)
RAINS = tuple(FoundInput(f"rr{n}", "rain", f"Gauge {n}", latitude=44.0 + n / 10, longitude=4.0) for n in range(6))
UPSTREAM = FoundInput("V7155040.Q", "discharge", "Anduze", station="V7164015")
CURVE = FoundRating("V7155040", np.datetime64("2020-01-01", "s"), ((0.5, 2.0), (1.5, 20.0), (3.0, 90.0)))
FOUND = Inventory((ALES, ANDUZE), (*RAINS, UPSTREAM), (CURVE,), ("station X has no zero of gauge",))

CONFIG = """
[platform]
name = "imported"
[pipelines.p]
step = "1h"
past = "12h"
horizon = "3h"
stations = "stations.csv"
inputs = "inputs.csv"
ratings = "ratings.csv"
source = { use = "csv", path = "." }
forecasters = ["persistence"]
alerts = { thresholds = ["jaune", "orange", "rouge"] }
"""


def test_what_is_written_is_what_the_house_reads(tmp_path: Path) -> None:
    paths, remarks = write_inventory(FOUND, tmp_path)
    assert [p.name for p in paths] == ["stations.csv", "inputs.csv", "ratings.csv"]
    assert remarks == ("station X has no zero of gauge",)
    (tmp_path / "hydria.toml").write_text(CONFIG)
    settings = examine(tmp_path / "hydria.toml").settings
    assert settings is not None
    pipeline = settings.pipelines["p"]
    assert pipeline.layout.stations == ("V7164015", "V7155040")
    assert pipeline.layout.names == ("Le Gardon à Alès", "Anduze")
    np.testing.assert_array_equal(pipeline.thresholds.limits, [[2.5, np.nan, 5.0], [400.0, 900.0, np.nan]])
    np.testing.assert_allclose(pipeline.positions, [[44.124, 4.081], [44.05, 3.98]])
    series = dict(zip(pipeline.layout.slots, pipeline.layout.series[0].tolist(), strict=True))
    assert [series[f"rain.{n}"] for n in (1, 2, 3, 4)] == ["rr1", "rr2", "rr0", "rr3"]  # nearest to 44.124 first
    assert series["discharge.1"] == "V7155040.Q"
    assert pipeline.ratings[0].discharge.tolist() == [2.0, 20.0, 90.0]


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\x0b", "\u2028", " \r "])
def test_a_name_of_the_host_stands_on_one_line(tmp_path: Path, end: str) -> None:
    """Readers of CSV take a break for the end of a row, and what follows for another station."""
    named = replace(FOUND, stations=(replace(ALES, name=f"Le Gardon{end}à Alès"), ANDUZE))
    rains = [replace(one, name=f"Pluie{end}{one.name}") for one in RAINS]
    write_inventory(FOUND, tmp_path / "plain", gauges=1)
    write_inventory(replace(named, inputs=(*rains, UPSTREAM)), tmp_path, gauges=1)
    for name in ("stations.csv", "inputs.csv"):
        plain, text = ((folder / name).read_bytes().decode() for folder in (tmp_path / "plain", tmp_path))
        assert len(text.splitlines()) == len(plain.splitlines()) and "\r" not in text
    (tmp_path / "hydria.toml").write_text(CONFIG)
    settings = examine(tmp_path / "hydria.toml").settings
    assert settings is not None and settings.pipelines["p"].layout.names == ("Le Gardon à Alès", "Anduze")


def test_inputs_that_nobody_is_given_stay_in_sight(tmp_path: Path) -> None:
    write_inventory(FOUND, tmp_path, gauges=1)
    text = (tmp_path / "inputs.csv").read_text()
    assert "# STATION,rain.1,rr5,rain,Gauge 5" in text and "\nV7164015,rain.1,rr1," in text
    write_inventory(FOUND, tmp_path / "none", gauges=0)
    assert (tmp_path / "none" / "inputs.csv").read_text().count("# STATION") == len(RAINS)


def test_a_curve_is_in_the_units_of_its_station(tmp_path: Path) -> None:
    found = replace(FOUND, stations=(ALES, replace(ANDUZE, unit="l/s", threshold_unit="cm")))
    write_inventory(found, tmp_path)
    assert (tmp_path / "ratings.csv").read_text().splitlines()[1] == "V7155040,2020-01-01T00:00:00Z,50,2000,"
    assert (tmp_path / "stations.csv").read_text().splitlines()[0].endswith("jaune,rouge,orange,threshold_unit")


def test_files_that_are_there_are_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "inputs.csv").write_text("reviewed")
    with pytest.raises(ConfigError, match=r"inputs.csv would be overwritten.*--replace"):
        write_inventory(FOUND, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["inputs.csv"] and (
        tmp_path / "inputs.csv"
    ).read_text() == "reviewed"
    write_inventory(FOUND, tmp_path, replace=True)
    assert "rr1" in (tmp_path / "inputs.csv").read_text()


def test_nothing_found_is_said_with_the_remarks(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no station was found that can be forecast: only sites of rain"):
        write_inventory(Inventory(remarks=("only sites of rain",)), tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_what_the_house_would_not_take_is_said(tmp_path: Path) -> None:
    found = replace(FOUND, stations=(ALES, ALES, replace(ANDUZE, unit="furlong")))
    remarks = write_inventory(found, tmp_path)[1]
    assert any("stands on line 2 already" in r for r in remarks) and any('"furlong"' in r for r in remarks)


def test_curves_of_what_is_no_station_are_told_once_and_not_written(tmp_path: Path) -> None:
    found = replace(FOUND, ratings=(CURVE, replace(CURVE, station="gone")), remarks=("twice", "twice"))
    remarks = write_inventory(found, tmp_path)[1]
    assert remarks == ("twice", "rating curves of gone are not written: none of the stations is called so")
    assert "gone" not in (tmp_path / "ratings.csv").read_text() and "V7155040" in (tmp_path / "ratings.csv").read_text()
    write_inventory(replace(found, ratings=found.ratings[1:]), tmp_path / "none")
    assert not (tmp_path / "none" / "ratings.csv").exists()


def test_distances_on_the_sphere() -> None:
    paris = replace(ALES, latitude=48.8566, longitude=2.3522)
    assert kilometres(FoundInput("x", "rain", latitude=43.6119, longitude=3.8772), paris) == pytest.approx(595, abs=3)


def stations_of(chains: list[list[str]]) -> list[FoundStation]:
    return [
        replace(ALES, station=str(i), thresholds={name: float(k) for k, name in enumerate(chain)})
        for i, chain in enumerate(chains)
    ]


NAMES = ["a", "b", "c", "d", "e"]


@given(st.lists(st.sets(st.sampled_from(NAMES)).map(sorted), max_size=6))
def test_thresholds_rise_along_the_columns(chains: list[list[str]]) -> None:
    names = threshold_names(stations_of(chains))
    assert sorted(names) == sorted({n for chain in chains for n in chain})
    for chain in chains:
        assert sorted(chain, key=names.index) == chain


def test_hosts_that_contradict_themselves_still_get_every_column() -> None:
    assert sorted(threshold_names(stations_of([["a", "b"], ["b", "a"], ["c"]]))) == ["a", "b", "c"]


@pytest.mark.parametrize("place", ["file", "file/in", "x" * 300])
def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ConfigError, match="--out: .*(cannot be written|cannot be read)"):
        write_inventory(FOUND, tmp_path / place)


def test_files_are_written_together_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "inputs.csv.part").mkdir()  # stands for a disk that fills between the first file and the second
    with pytest.raises(ConfigError, match="cannot be written"):
        write_inventory(FOUND, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["inputs.csv.part"]
