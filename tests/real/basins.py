"""Configurations of the real basins in ../shared/data, written as an admin would write them. The data stay where they
are: the source reads them in place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

STATION_COLUMNS = "station,name,lat,lon,target,quantity,unit,yellow,orange,red,area_km2"


@dataclass(frozen=True)
class Basin:
    """One basin: its feed, its stations and inputs, and which part of the record trains and which tests."""

    name: str
    feed: str  # the file, under ../shared/data
    step: str
    past: str
    horizon: str
    stations: tuple[str, ...]  # lines of stations.csv
    inputs: tuple[str, ...]  # lines of inputs.csv
    train: tuple[str, str]
    test: tuple[str, str]
    every: str  # between issue times of the backtest

    def write(self, folder: Path, shared: Path, forecasters: Sequence[str], options: str = "") -> Path:
        """The configuration in ``folder``; gives its path."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "stations.csv").write_text("\n".join([STATION_COLUMNS, *self.stations]) + "\n")
        (folder / "inputs.csv").write_text("\n".join(["station,slot,series,kind", *self.inputs]) + "\n")
        config = folder / "hydria.toml"
        config.write_text(self.toml(shared / "data" / self.feed, forecasters, options))
        return config

    def toml(self, feed: Path, forecasters: Sequence[str], options: str) -> str:
        ladder = ", ".join(f'"{name}"' for name in forecasters)
        return f"""\
[platform]
name = "{self.name}"

[pipelines.{self.name}]
step = "{self.step}"
past = "{self.past}"
horizon = "{self.horizon}"
stations = "stations.csv"
inputs = "inputs.csv"
source = {{ use = "csv", path = "{feed}", time = "time_utc" }}
forecasters = [{ladder}]
sinks = [{{ use = "csv", path = "out" }}]

[pipelines.{self.name}.alerts]
thresholds = ["yellow", "orange", "red"]
{options}
"""


def rains(station: str, series: Sequence[str]) -> tuple[str, ...]:
    """Lines of inputs.csv: rain.1, rain.2, ..."""
    return tuple(f"{station},rain.{i},{name},rain" for i, name in enumerate(series, 1))


def upstream(station: str, kind: str, series: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{station},{kind}.upstream{i},{name},{kind}" for i, name in enumerate(series, 1))


PIXELS = tuple(f"rain_mm_px{i}" for i in range(1, 9))
CANCE = {"V3524010": "Sarras", "V3515010": "Roiffieux", "V3517010": "Deume"}

L0123003 = Basin(
    "bubry", "airgr_L0123003_hourly/L0123003.csv.gz", "1h", "72h", "24h",
    ("L0123003,Flashy River at Bubry Creek,,,discharge_m3s,discharge,m3/s,100,200,400,920",),
    ("L0123003,rain.1,rain_mm,rain", "L0123003,pet.1,pet_mm,pet"),
    ("2004-01-01", "2005-12-31T23:00"), ("2006-01-01", "2006-03-31"), "12h",
)  # fmt: skip
CANCE_2014 = Basin(
    "cance", "smash_cance_hourly/cance_rain_discharge.csv.gz", "1h", "48h", "12h",
    ("V3524010,Sarras,,,discharge_m3s_V3524010,discharge,m3/s,30,100,200,381.7",
     "V3515010,middle,,,discharge_m3s_V3515010,discharge,m3/s,10,30,60,107",
     "V3517010,upper,,,discharge_m3s_V3517010,discharge,m3/s,3,8,15,25.3"),
    (*rains("V3524010", PIXELS),
     *upstream("V3524010", "discharge", ["discharge_m3s_V3515010", "discharge_m3s_V3517010"]),
     *rains("V3515010", PIXELS), *rains("V3517010", ["rain_mm_px1", "rain_mm_px4", "rain_mm_px5"])),
    ("2014-09-15", "2014-10-09T23:00"), ("2014-10-10", "2014-10-31T11:00"), "6h",
)  # fmt: skip
WANGSUK = Basin(
    "wangsuk", "korea_wangsuk_hourly/wangsuk.csv.gz", "1h", "48h", "12h",
    ("L1018620,Bupyeong bridge,,,level_m_1018620,level,m,0.8,1.2,1.8,",
     "L1018625,Naegok bridge,,,level_m_1018625,level,m,1.6,2.2,3,",
     "L1018630,Jingwan bridge,,,level_m_1018630,level,m,0.5,1,2,"),
    tuple(line for s in ("L1018620", "L1018625", "L1018630")
          for line in rains(s, ["rain_mm_10184110", "rain_mm_10184220"]))
    + upstream("L1018625", "level", ["level_m_1018620"]) + upstream("L1018630", "level", ["level_m_1018625"]),
    ("2015-07-01", "2016-12-31T23:00"), ("2017-06-15", "2017-08-15"), "12h",
)  # fmt: skip
WALNUT_CREEK = Basin(
    "walnut", "usgs_walnut_creek_5min/walnut_creek.csv.gz", "5min", "6h", "2h",
    ("S0208735460,S. State St,,,level_m_0208735460,level,m,1,1.5,2,",),
    ("S0208735460,rain.1,rain_mm_354546078422045,rain",
     *upstream("S0208735460", "discharge",
               ["discharge_m3s_02087337", "discharge_m3s_0208734210", "discharge_m3s_0208734795"])),
    ("2024-07-01T04:00", "2024-08-04"), ("2024-08-04T12:00", "2024-08-16"), "3h",
)  # fmt: skip
ASOS = Basin(
    "chickamauga", "usgs_asos_hourly/usgs_03567500.csv.gz", "1h", "72h", "24h",
    ("Q03567500,South Chickamauga Creek,,,discharge_m3s,discharge,m3/s,30,60,90,1109",),
    ("Q03567500,rain.1,rain_mm_asos,rain", "Q03567500,temperature.1,temp_c_asos,temperature"),
    ("2014-05-01T05:00", "2015-10-31"), ("2016-05-05", "2016-10-30"), "24h",
)  # fmt: skip
GARDON_2020 = Basin(
    "gardon", "hubeau_occitanie_2020/gardon_2020-09_10min.csv.gz", "10min", "12h", "6h",
    ("V7144010,Anduze,44.061,3.985,level_mm_V7144010,level,mm,2500,4000,5500,543",
     "V7164015,Ners,44.015,4.155,level_mm_V7164015,level,mm,2500,4000,5500,1100",
     "V7194010,Remoulins,43.938,4.557,level_mm_V7194010,level,mm,1500,3000,4500,1855"),
    (*upstream("V7144010", "level",
               ["level_mm_V7135010", "level_mm_V7124015", "level_mm_V7135017", "level_mm_V7135035"]),
     *upstream("V7164015", "level", ["level_mm_V7144010", "level_mm_V7155010", "level_mm_V7155035"]),
     *upstream("V7194010", "level", ["level_mm_V7164015", "level_mm_V7184015"])),
    ("2020-08-26T17:00", "2020-09-17"), ("2020-09-18", "2020-09-21"), "30min",
)  # fmt: skip
BASINS = (L0123003, CANCE_2014, WANGSUK, WALNUT_CREEK, ASOS, GARDON_2020)
