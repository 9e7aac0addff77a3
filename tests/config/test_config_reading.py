"""Good configurations: what they say is what comes out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hydria_plugin import ConfigError
from hydria_plugin.config import Settings, format_duration, read_config
from tests.site_files import FILES, RATINGS, write_site

HOUR = np.timedelta64(3600, "s")
DESIGN = """\
[platform]
name = "Gardons"
store = "sqlite:///hydria.db"           # or postgresql+psycopg://...; "${HYDRIA_STORE}" reads the environment
models = "models"
language = "fr"                         # fr | en (default)
timezone = "Europe/Paris"               # for display; UTC (default) inside

[pipelines.gardons]
step = "10min"                          # durations: 90min, 5h30min, 2d
past = "24h"
horizon = "6h"                          # a whole number of steps
stations = "stations.csv"               # station,name,lat,lon,target,quantity,unit,yellow,orange,red
inputs = "inputs.csv"                   # station,slot,series,kind
source = { use = "csv", path = "feeds", time = "time_utc" }
forecasters = ["blend", "persistence"]  # in order: the next fills what is missing
# all that follows is optional
delay = "3min"                          # default 0: the cycle for 10:00 starts at 10:03
quantiles = [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95]     # must contain 0.5
ratings = "ratings.csv"                 # station,valid_from,stage,discharge,sigma
sinks = [{ use = "csv", path = "out" }, { use = "csv", path = "again" }]

[pipelines.gardons.forecaster.blend]
of = ["boosting", "ridge", "persistence"]     # default: every installed trainable forecaster, and persistence

[pipelines.gardons.alerts]
thresholds = ["yellow", "orange", "red"]   # the columns of stations.csv, in rising order; the platform's own names
probability = 0.5                          # of exceedance within the horizon
hold = "1h"                                # clear only after this long below threshold - tolerance
"""
STATIONS = """\
station,name,lat,lon,target,quantity,unit,yellow,orange,red
down,Anduze,44.06,3.98,level_mm_V7144010,level,mm,2500,4000,5500
"""


def settings_of(tmp_path: Path, toml: str | None = None, **files: str) -> Settings:
    changes = {f"{name}.csv": text for name, text in files.items()}
    return read_config(write_site(tmp_path, {**changes, **({"hydria.toml": toml} if toml else {})}, days=1), environ={})


def test_the_design_s_own_sample(tmp_path: Path) -> None:
    inputs = "station,slot,series,kind\ndown,level.upstream,level_mm_V7124015,level\n"
    settings = settings_of(tmp_path, DESIGN, stations=STATIONS, inputs=inputs)
    p = settings.pipelines["gardons"]
    assert (p.layout.past, p.layout.horizon, p.layout.step) == (144, 36, np.timedelta64(600, "s"))
    assert p.layout.units == ("mm",)
    assert p.layout.kinds == ("level",)
    assert p.thresholds.names == ("yellow", "orange", "red")
    assert p.thresholds.limits.tolist() == [[2500, 4000, 5500]]
    assert p.rules.probability == 0.5
    assert p.rules.hold == HOUR
    assert p.forecasters == ("blend", "persistence")
    assert tuple(p.sinks) == ("csv", "csv.2")
    assert settings.platform.store == f"sqlite:///{tmp_path}/hydria.db"
    assert settings.platform.models == tmp_path / "models"
    assert len(p.ratings) == 1


def test_defaults(tmp_path: Path) -> None:
    toml = """
[pipelines.river]
step = "1h"
past = "24h"
horizon = "6h"
stations = "stations.csv"
source = { use = "csv", path = "feeds" }
forecasters = ["persistence"]
"""
    settings = settings_of(tmp_path, toml, stations=STATIONS)
    p, platform = settings.pipelines["river"], settings.platform
    assert (platform.language, platform.timezone, platform.retention) == ("en", "UTC", None)
    assert p.layout.quantiles == (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
    assert p.layout.slots == ()
    assert p.thresholds.names == ("yellow", "orange", "red")  # the columns of the design's stations.csv
    assert p.delay == np.timedelta64(0, "s")
    assert np.isnat(p.rules.repeat)
    assert (p.rain_label, p.revisions, dict(p.sinks)) == ("end", 8, {})
    assert format_duration(p.overlap) == "6h"
    assert format_duration(p.deadline) == "15min"


def test_stations_and_inputs(tmp_path: Path) -> None:
    p = settings_of(tmp_path).pipelines["river"]
    assert p.layout.slots == ("rain.1", "discharge.upstream")
    assert p.layout.series.tolist() == [["r1", ""], ["r1", "q_up"]]  # absent is not a gap
    assert p.layout.static_names == ("area_km2",)
    assert p.layout.static.tolist() == [[120], [300]]
    assert p.layout.names == ("Upper bridge", "Lower bridge")
    assert p.positions.tolist() == [[44.1, 3.9], [44.0, 4.0]]
    rate = p.rules.rates[0]
    assert (rate.name, rate.over, rate.limits[0]) == ("fast rise", 2, 15)
    assert np.isnan(rate.limits[1])
    assert p.rules.tolerance == 0.1


def test_a_station_without_some_thresholds(tmp_path: Path) -> None:
    p = settings_of(tmp_path, stations=FILES["stations.csv"].replace("2,3.5", ",3.5")).pipelines["river"]
    assert np.isnan(p.thresholds.limits[1, 0])
    assert p.thresholds.limits[1, 1] == 3.5


def test_tolerance_by_station(tmp_path: Path) -> None:
    toml = FILES["hydria.toml"].replace("tolerance = 0.1", 'tolerance = "band"')
    stations = "\n".join(
        f"{line},{cell}" for line, cell in zip(FILES["stations.csv"].splitlines(), ("band", "2", ""), strict=True)
    )
    p = settings_of(tmp_path, toml, stations=stations).pipelines["river"]
    assert np.asarray(p.rules.tolerance).tolist() == [2, 0]
    assert p.layout.static_names == ("area_km2",)  # the band is no attribute


def test_semicolons_decimal_comma_and_byte_order_mark(tmp_path: Path) -> None:
    lines = FILES["stations.csv"].splitlines()
    stations = "\ufeff" + "\r\n".join(line.replace(",", ";").replace(".", ",") for line in lines)
    p = settings_of(tmp_path, stations=stations).pipelines["river"]
    assert p.thresholds.limits.tolist() == [[40, 80], [2, 3.5]]
    assert p.positions[0].tolist() == [44.1, 3.9]


def test_words_in_further_columns_are_a_warning(tmp_path: Path) -> None:
    stations = "\n".join(
        f"{line},{'river' if i == 0 else 'Gard'}" for i, line in enumerate(FILES["stations.csv"].splitlines())
    )
    settings = settings_of(tmp_path, stations=stations)
    assert any("'river'" in line for line in settings.warnings)
    assert settings.pipelines["river"].layout.static_names == ("area_km2",)


def test_the_environment(tmp_path: Path) -> None:
    toml = FILES["hydria.toml"].replace("sqlite:///hydria.db", "sqlite:///${NAME}-${YEAR}.db")
    config = write_site(tmp_path, {"hydria.toml": toml}, days=1)
    settings = read_config(config, environ={"NAME": "gard", "YEAR": "2020"})
    assert settings.platform.store.endswith("/gard-2020.db")
    with pytest.raises(ConfigError) as refused:
        read_config(config, environ={"NAME": "gard"})
    assert len(refused.value.faults) == 1
    assert "'YEAR'" in refused.value.faults[0]


def test_secrets_are_not_in_the_settings_repr_nor_in_the_digest(tmp_path: Path) -> None:
    toml = FILES["hydria.toml"].replace("sqlite:///hydria.db", "postgresql+psycopg://u:${SECRET}@h/db")
    config = write_site(tmp_path, {"hydria.toml": toml}, days=1)
    one, other = (read_config(config, environ={"SECRET": s}) for s in ("canary", "changed"))
    assert "canary" in one.platform.store
    assert "canary" not in repr(one)
    assert one.pipelines["river"].digest == other.pipelines["river"].digest


def test_the_digest_follows_the_table_and_its_files(tmp_path: Path) -> None:
    def digest(name: str, **changes: str) -> str:
        return settings_of(tmp_path / name, **changes).pipelines["river"].digest

    same = digest("a")
    assert digest("b") == same
    assert digest("c", stations=FILES["stations.csv"].replace("40,80", "41,80")) != same
    assert digest("d", toml=FILES["hydria.toml"].replace('"3min"', '"4min"')) != same
    assert digest("e", inputs=FILES["inputs.csv"].replace("up,rain.1,r1", "up,rain.1,r2")) != same


def test_several_pipelines(tmp_path: Path) -> None:
    second = FILES["hydria.toml"].partition("[pipelines.river]")[2].replace("river", "creek").replace('"6h"', '"12h"')
    settings = settings_of(tmp_path, FILES["hydria.toml"] + "\n[pipelines.creek]" + second)
    assert [p.layout.horizon for p in settings.pipelines.values()] == [6, 12]
    assert list(settings.pipelines) == ["river", "creek"]


def test_ratings(tmp_path: Path) -> None:
    toml = FILES["hydria.toml"].replace('inputs = "inputs.csv"', 'inputs = "inputs.csv"\nratings = "ratings.csv"')
    curve = settings_of(tmp_path, toml).pipelines["river"].ratings[0]
    assert (curve.station, curve.valid_from) == ("down", np.datetime64("2020-01-01", "s"))
    assert curve.stage.tolist() == [0.5, 1.5, 3]
    assert curve.discharge.tolist() == [2, 20, 90]
    assert curve.sigma.tolist() == [0.2, 1, 5]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [("1.5,20", "0.4,20", ("ratings.csv:3: stage", "0.4", "rises")),
     ("3,90", "3,19", ("ratings.csv:4: discharge", "19")),
     ("down,2020-01-01,3", "dawn,2020-01-01,3", ("ratings.csv:4: station", "dawn", "down")),
     ("2020-01-01,3", "yesterday,3", ("ratings.csv:4: valid_from", '"yesterday"', "2020-09-19")),
     ("90,5", "90,-5", ("ratings.csv:4: sigma", "-5", "from 0")), ("3,90", ",90", ("ratings.csv:4: stage", "empty"))],
)  # fmt: skip
def test_ratings_gone_wrong(tmp_path: Path, old: str, new: str, words: tuple[str, ...]) -> None:
    toml = FILES["hydria.toml"].replace('inputs = "inputs.csv"', 'inputs = "inputs.csv"\nratings = "ratings.csv"')
    assert old in RATINGS
    with pytest.raises(ConfigError) as refused:
        settings_of(tmp_path, toml, ratings=RATINGS.replace(old, new))
    assert any(all(word in line for word in words) for line in refused.value.faults), refused.value.faults


INPUTS_WITH_PLACES = """\
station,slot,series,kind,name,lat,lon
up,rain.1,r1,rain,Saumane,44.12,3.76
down,rain.1,r1,rain,,,
down,discharge.upstream,q_up,discharge,,44.1,
"""


def test_gauges_may_have_names_and_places(tmp_path: Path) -> None:
    """For people only: the layout and the digest of what a forecast is made of stay as they are."""
    plain = settings_of(tmp_path).pipelines["river"]
    named = settings_of(tmp_path, inputs=INPUTS_WITH_PLACES).pipelines["river"]
    assert plain.gauges == {}
    assert {s: (g.name, g.place) for s, g in named.gauges.items()} == {"r1": ("Saumane", (44.12, 3.76))}
    assert named.layout.slots == plain.layout.slots
    assert named.digest == plain.digest


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [("44.12", "94.12", ("inputs.csv:2: lat", '"94.12"', "-90 to 90")),
     ("3.76", "east", ("inputs.csv:2: lon", '"east"', "not a number"))],
)  # fmt: skip
def test_places_gone_wrong(tmp_path: Path, old: str, new: str, words: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError) as refused:
        settings_of(tmp_path, inputs=INPUTS_WITH_PLACES.replace(old, new))
    assert len(refused.value.faults) == 1 and all(word in refused.value.faults[0] for word in words)


def test_inputs_csv_with_a_header_alone_is_no_inputs(tmp_path: Path) -> None:
    layout = settings_of(tmp_path, inputs="station,slot,series,kind\n").pipelines["river"].layout
    assert layout.series.shape == (2, 0) and layout.slots == ()
