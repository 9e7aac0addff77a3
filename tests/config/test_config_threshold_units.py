"""Thresholds in another unit or quantity than the forecast: by a factor, or by the station's rating curve."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydria_plugin.config import Settings, read_config
from hydria_plugin.config.csv_files import Row
from hydria_plugin.config.places import Faults
from hydria_plugin.config.ratings import Rating
from hydria_plugin.config.threshold_units import rated
from hydria_plugin.errors import ConfigError
from tests.site_files import FILES, write_site

TOML = FILES["hydria.toml"].replace('inputs = "inputs.csv"', 'inputs = "inputs.csv"\nratings = "ratings.csv"')
STATIONS = """\
station,target,quantity,unit,threshold_unit,yellow,red,rise,area_km2
up,q_up,discharge,m3/s,{up},{up_limits},15,120
down,h_down,level,m,{down},{down_limits},,300
"""
CURVE = "down,2024-01-01,1,1,\ndown,2024-01-01,10,10,\n"
OLD_CURVE = "down,2010-01-01,0,0,\ndown,2010-01-01,10,10,\n"


def settings(
    folder: Path,
    *,
    up: str = "",
    down: str = "",
    up_limits: str = "40,80",
    down_limits: str = "2,3.5",
    curves: str = "",
) -> Settings:
    stations = STATIONS.format(up=up, down=down, up_limits=up_limits, down_limits=down_limits)
    changes = {"hydria.toml": TOML, "stations.csv": stations, "ratings.csv": FILES["ratings.csv"] + curves}
    return read_config(str(write_site(folder, changes, days=1)))


def limits(found: Settings) -> list[list[float]]:
    return [[float(v) for v in row] for row in found.pipelines["river"].thresholds.limits]


def test_the_other_unit_of_the_same_quantity_is_a_factor(tmp_path: Path) -> None:
    found = limits(settings(tmp_path, up="l/s", up_limits="40000,80000", down="cm", down_limits="200,350"))
    np.testing.assert_allclose(found, [[40, 80], [2, 3.5]])


def test_empty_and_own_unit_change_nothing(tmp_path: Path) -> None:
    assert limits(settings(tmp_path, up="m3/s")) == [[40, 80], [2, 3.5]]


def test_a_level_has_thresholds_in_discharge(tmp_path: Path) -> None:
    """20 m3/s is the curve's 1.5 m, 55 lies half way between 1.5 m and 3 m. The newest curve counts."""
    found = limits(settings(tmp_path, down="m3/s", down_limits="20,55", curves=OLD_CURVE))
    np.testing.assert_allclose(found, [[40, 80], [1.5, 2.25]])


def test_a_threshold_that_is_not_there_stays_so(tmp_path: Path) -> None:
    assert np.isnan(limits(settings(tmp_path, down="m3/s", down_limits=",55"))[1][0])
    assert np.isnan(limits(settings(tmp_path, up="m", up_limits=","))[0]).all()  # and needs no curve


def test_a_discharge_has_thresholds_in_stage(tmp_path: Path) -> None:
    curve = "up,2020-01-01,10,5,\nup,2020-01-01,30,45,\n"
    found = limits(settings(tmp_path, up="cm", up_limits="15,20", curves=curve))
    np.testing.assert_allclose(found[0], [15, 25])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"down": "ft"}, ("stations.csv:3: threshold_unit", "'ft'", "m3/s")),
        ({"up": "m"}, ("stations.csv:2: threshold_unit", "needs a rating curve", "ratings.csv")),
        ({"down": "m3/s", "down_limits": "20,95"}, ("stations.csv:3: red", "95 lies beyond", "2 to 90 m3/s")),
        ({"down": "m3/s", "down_limits": "1,50"}, ("stations.csv:3: yellow", "1 lies beyond", "2 to 90 m3/s")),
        ({"down": "m3/s", "down_limits": "50,20"}, ("stations.csv:3: red", "20 is not above yellow = 50")),
        (
            {"up": "m", "up_limits": "1,2", "curves": "up,,0,5,\nup,,1,7,\nup,,3,7,\n"},
            ("stations.csv:2: red", "2 and yellow = 1 are both 7 m3/s", "tells apart"),
        ),
    ],
)
def test_what_cannot_be_converted_is_a_fault(change: dict[str, str], words: tuple[str, ...], tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        settings(tmp_path, **change)
    told = [line.replace('"', "'") for line in refused.value.faults]
    assert any(all(word in line for word in words) for line in told), told
    assert len(told) == 1, told


@pytest.mark.parametrize("broken", ["11,4,", "11,inf,", "high,20,"])
def test_a_curve_with_a_fault_is_told_once(tmp_path: Path, broken: str) -> None:
    """The thresholds that go through it are not called beyond it as well."""
    with pytest.raises(ConfigError) as refused:
        settings(tmp_path, down="m3/s", down_limits="30,40", curves=f"{CURVE}down,2024-01-01,{broken}\n")
    assert [line.partition(":")[0].rpartition("/")[2] for line in refused.value.faults] == ["ratings.csv"]


points = st.lists(st.integers(1, 1000), min_size=2, max_size=12, unique=True).map(sorted)


@given(points, points, st.data())
def test_there_and_back_is_the_same(stages: list[int], flows: list[int], data: st.DataObject) -> None:
    """A stage within the curve, told in discharge and read back, is itself; and the order of thresholds is kept."""
    n = min(len(stages), len(flows))
    stage, flow = np.array(stages[:n], dtype=float), np.array(flows[:n], dtype=float)
    curve = Rating("s", np.datetime64("2020-01-01", "s"), stage, flow, np.full(n, np.nan))
    inside = st.floats(float(stage[0]), float(stage[-1]), allow_subnormal=False)
    written = np.array(sorted(data.draw(st.lists(inside, min_size=1, max_size=4, unique_by=lambda v: round(v, 3)))))
    names = tuple("abcd"[: len(written)])
    faults = Faults()
    cells = {"station": "s", "unit": "m3/s", "threshold_unit": "m"}
    told = rated(written, names, Row("stations.csv", 2, cells), curve, faults)
    assert np.all(np.diff(told) >= 0)
    cells = {"station": "s", "unit": "m", "threshold_unit": "m3/s"}
    back = rated(told, names, Row("stations.csv", 2, cells), curve, faults)
    np.testing.assert_allclose(back, written, rtol=1e-9, atol=1e-6)
