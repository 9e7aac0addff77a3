"""The fictitious basins as demonstrations: each by its name, driven by real rain where a file is given."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hydria_plugin import ConfigError
from hydria_plugin.demo import basins, make_case
from hydria_plugin.demo.fictitious import fictitious_case, read_rain
from hydria_plugin.demo.platform import stamp
from hydria_plugin.learning.basin_cases import cases
from hydria_plugin.learning.fictitious_basin import HOUR

BEGIN = np.datetime64("2020-01-01T01:00:00", "s")


def rain_file(folder: Path, hours: int = 1500, zones: int = 4, **changed: str) -> Path:
    """Showers of 5 mm/h for six hours every two days; ``changed``: cells by "row" number."""
    rows = ["time_utc," + ",".join(f"p{z}" for z in range(zones))]
    for t in range(hours):
        cells = [str(5.0 * (t % 48 < 6) * (1 + t % 7)) for _ in range(zones)]
        rows.append(",".join([stamp(BEGIN + t * HOUR), *cells]))
    for row, text in changed.items():
        rows[int(row.removeprefix("row"))] = text
    path = folder / "rain.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.mark.parametrize("name", list(cases()))
def test_every_basin_is_a_demonstration_with_its_truth(name: str) -> None:
    case = fictitious_case(name, years=0.4)
    basin = cases()[name]
    np.testing.assert_allclose(tuple(case.shares.values()), basin.shares)
    assert [series for _, _, series, _ in case.inputs] == list(case.shares)
    yellow, orange, red = case.sites[0].limits
    assert yellow < orange < red
    assert 0 < case.first < case.last < len(case.times)
    level = case.truth["bridge"]
    assert level[case.first : case.last + 1].max() == level[-len(level) // 10 :].max()


def test_identical_gauges_read_the_same_and_the_gauge_off_the_basin_gives_nothing() -> None:
    twins, beyond = (fictitious_case(name, years=0.4) for name in ("identical", "off-basin"))
    np.testing.assert_array_equal(twins.series["rain.north"], twins.series["rain.west"])
    assert beyond.shares["rain.beyond"] == 0 and len(beyond.shares) == 5


def test_a_wrong_name_is_answered_with_all_names() -> None:
    with pytest.raises(ConfigError) as caught:
        make_case("loire")
    assert all(name in str(caught.value) for name in basins())
    assert {"simulated", "cance", "A", "E", "karst", "production"} <= set(basins())


def test_real_rain_drives_the_basin(tmp_path: Path) -> None:
    path = rain_file(tmp_path)
    times, rain = read_rain(path, 4)
    case = make_case("A", path)
    assert case.times[0] == times[0] == BEGIN and len(case.times) == 1500
    np.testing.assert_allclose(case.series["rain.east"], rain[:, 2])
    assert "real rain of rain.csv" in case.basin and "SIMULATED" in case.label
    assert case.truth["bridge"].max() > case.sites[0].limits[2] > case.truth["bridge"].min()


def test_more_columns_than_zones_are_left_alone(tmp_path: Path) -> None:
    assert read_rain(rain_file(tmp_path, zones=6), 4)[1].shape == (1500, 4)


@pytest.mark.parametrize(
    ("options", "changed", "words"),
    [
        ({"zones": 3}, {}, "3 columns of rain; allowed: 4"),
        ({"hours": 900}, {}, "has 900 hours; allowed: at least 1000"),
        ({}, {"row7": "2020-01-01T07:30:00Z,0,0,0,0"}, "not hourly"),
        ({}, {"row7": "2020-01-01T07:00:00Z,0,-1,0,0"}, "rain below 0"),
        ({}, {"row7": "2020-01-01T07:00:00Z,0,nan,0,0"}, "rain below 0 or above"),
        ({}, {"row7": "2020-01-01T07:00:00Z,0,,0,0"}, "no cell empty"),
        ({}, {"row7": "yesterday,0,0,0,0"}, "is no table of rain"),
        ({}, {"row7": ""}, "is no table of rain"),
    ],
)
def test_rain_that_cannot_drive_a_basin_is_refused(
    options: dict[str, int], changed: dict[str, str], words: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=words):
        make_case("A", rain_file(tmp_path, **options, **changed))


def test_rain_needs_a_file_and_a_basin_it_can_drive(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        make_case("A", tmp_path / "none.csv")
    with pytest.raises(ConfigError, match="'simulated' cannot be driven"):
        make_case("simulated", rain_file(tmp_path))
