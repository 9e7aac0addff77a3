"""The source: a folder that grows, breaks and is late; units, bases, zones; what the checks of the house ask."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sandre_messages import asked, level, message, rain, read, said

from hydria_plugin import ConfigError, FeedError, Layout
from hydria_plugin.buffer import SeriesBuffer
from hydria_plugin.forecasters.host_forecast import HostForecast
from hydria_plugin.testing import check_source
from hydria_sandre.source import SandreSource

T = "2010-02-26T11:10:00"
H, R = "A123456701.H", "01033002.RR"


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    folder = tmp_path / "drop"
    folder.mkdir()
    return folder


def put(folder: Path, text: str, name: str = "a.xml", written: str = "") -> Path:
    file = folder / name
    file.write_text(text)
    if written:
        at = int(np.datetime64(written, "ns").astype(int))
        os.utime(file, ns=(at, at))
    return file


def layout(unit: str = "cm", kind: str = "simulation", series: str = "A123456701.H.grp") -> Layout:
    quarter = np.timedelta64(900, "s")
    return Layout(
        ("s",), (H,), ("level",), (unit,), ("x.1",), (kind,), np.array([[series]]), quarter, 4, 2, (0.1, 0.5, 0.9)
    )


def test_the_checks_of_the_house(drop: Path) -> None:
    put(drop, message(level(f"{T} 680", "2010-02-28T00:00:00 1") + rain("2010-02-26T12:00:00 2")))
    check_source(SandreSource(path="drop", folder=drop.parent), asked([H, R, "nobody.Q"]))


def test_units_of_the_host_to_ours(drop: Path) -> None:
    put(drop, message(level(f"{T} 680") + level(f"{T} 20992", code="Y1612020", quantity="Q") + rain(f"{T} 3.5")))
    table = read(drop, H, "Y1612020.Q", R)
    assert dict(zip(table["series"], table["value"], strict=True)) == {H: 0.68, "Y1612020.Q": 20.992, R: 3.5}


def test_the_unit_of_the_station(drop: Path) -> None:
    put(drop, message(level(f"{T} 680")))
    assert read(drop, H, layout=layout("cm"))["value"].tolist() == [68.0]


def test_a_host_forecast_is_in_the_unit_of_its_station(drop: Path) -> None:
    made = "<DtProdSimul>2010-02-26T13:00:00</DtProdSimul><CdStationHydro>A123456701</CdStationHydro>"
    point = "<Prevs><Prev><DtPrev>2010-02-26T14:00:00</DtPrev><ResMoyPrev>900</ResMoyPrev></Prev></Prevs>"
    model = "<CdModelePrevision>grp</CdModelePrevision>"
    put(drop, message(f"<Simuls><Simul><GrdSimul>H</GrdSimul>{made}{model}{point}</Simul></Simuls>"))
    table = read(drop, "A123456701.H.grp", layout=layout("cm"))
    assert table["value"].tolist() == [90.0]
    assert table["issued_at"].tolist() == [pd.Timestamp("2010-02-26T13:00Z")]


def test_a_unit_that_measures_something_else_is_told(drop: Path) -> None:
    put(drop, message(level(f"{T} 680")))
    wrong = Layout(
        ("s",), (H,), ("discharge",), ("m3/s",), (), (), np.empty((1, 0), str), np.timedelta64(900, "s"), 4, 2, (0.5,)
    )
    table = read(drop, H, layout=wrong)
    assert len(table) == 0 and "cannot be given in 'm3/s'" in said(table)[0]


def test_drops_in_metres(drop: Path) -> None:
    csv = "<CdStationHydro>;<GrdSerie>;<DtObsHydro>;<ResObsHydro>;<FLG>\nA123456701;H;26/02/2010 11:10;4,25;FLG\n"
    put(drop, csv, "a.csv")
    assert read(drop, H)["value"].tolist() == [0.00425]
    assert read(drop, H, csv_units={"H": "m"})["value"].tolist() == [4.25]


def test_names_and_templates(drop: Path) -> None:
    put(drop, message(level(f"{T} 680") + rain(f"{T} 2")))
    table = read(drop, "touch", "01033002 60 RR", series="{code} {base} {grandeur}", names={"A123456701  H": "touch"})
    assert sorted(table["series"]) == ["01033002 60 RR", "touch"]


def test_totals_over_different_durations_are_not_mixed(drop: Path) -> None:
    put(
        drop,
        message(
            rain(f"{T} 0.5", minutes=10)
            + rain(f"{T} 2", "2010-02-26T12:00:00 3")
            + rain(f"{T} 9", code="02", minutes=60)
        ),
    )
    source = SandreSource(path="drop", folder=drop.parent)
    table = source.read(asked([R, "02.RR"]))
    assert sorted(table["value"]) == [0.5, 9.0]
    assert said(table)[0] == (
        f"{R!r} holds totals over minutes 10, 60: only those of 10 are used; {{base}} in `series` tells them apart"
    )
    assert said(source.read(asked([R, "02.RR"]))) == [], "it is said once"


def test_levels_of_different_datums_are_not_mixed(drop: Path) -> None:
    sea, gauge = (level(f"{T} {v}", more=f"<SysAltiSerie>{s}</SysAltiSerie>") for v, s in ((345_680, 3), (680, 31)))
    put(drop, message(gauge + sea))
    table = read(drop, H)
    assert table["value"].tolist() == [0.68] and "altimetric systems 3, 31" in said(table)[0]


def test_late_out_of_order_and_doubled(drop: Path) -> None:
    """The row produced last counts, whatever the order of the files; a gap told later withdraws."""

    def series(value: str, produced: str) -> str:
        return message(level(f"{T} {value}", more=f"<DtProdSerie>{produced}</DtProdSerie>"))

    put(drop, series("700", "2010-02-26T12:00:00"), "a.xml")
    put(drop, series("600", "2010-02-26T11:30:00"), "b.xml")
    assert read(drop, H)["value"].tolist() == pytest.approx([0.7])
    early = asked([H], issued_at="2010-02-26T12:00", known_at="2010-02-26T11:45")
    assert read(drop, H, wanted=early)["value"].tolist() == pytest.approx([0.6]), (
        "what was not produced yet was not known"
    )
    put(drop, series("680", "2010-02-26T13:00:00").replace("680", ""), "c.xml")
    assert read(drop, H)["value"].isna().tolist() == [True]


def test_an_archive_counts_as_received_when_stamped(drop: Path) -> None:
    put(drop, message(level(f"{T} 680", more="<DtProdSerie>2019-01-01T00:00:00</DtProdSerie>")))
    assert len(read(drop, H)) == 0
    assert read(drop, H, received="stamp")["value"].tolist() == [0.68]


def test_a_host_whose_clock_is_ahead(drop: Path) -> None:
    """What lies in the folder was received by the time it was written, whatever the host's clock says."""
    ahead = message(level(f"{T} 680", more="<DtProdSerie>2010-02-26T13:40:00</DtProdSerie>"))
    put(drop, ahead, written="2010-02-26T11:12:00")
    wanted = asked([H], issued_at="2010-02-26T12:00", known_at="2010-02-26T12:03")
    table = read(drop, H, wanted=wanted)
    assert table["received_at"].tolist() == [pd.Timestamp("2010-02-26T11:12Z")]


def test_stamps_in_the_future_are_told_and_left_out(drop: Path) -> None:
    put(drop, message(level(f"{T} 680", "2010-02-28T11:10:00 1")), written="2010-02-26T11:12:00")
    table = read(drop, H, wanted=asked([H], issued_at="2010-03-01T00:00"))
    assert len(table) == 1 and "over a day after the file was written" in said(table)[0]


def test_a_zone_for_producers_of_local_times(drop: Path) -> None:
    put(drop, message(level("2010-07-01T12:00:00 680", "2010-07-01T12:00:00Z 690")))
    wanted = asked([H], "2010-07-01T00:00", "2010-07-02T00:00")
    assert read(drop, H, wanted=wanted, timezone="Europe/Paris")["time"].dt.hour.tolist() == [10, 12]


def test_half_an_answer_leaves_what_was_read_before(drop: Path) -> None:
    source, text = SandreSource(path="drop", folder=drop.parent), message(level(f"{T} 680"))
    put(drop, message(rain(f"{T} 2")), "b.xml")
    file = put(drop, text)
    assert len(source.read(asked([H, R]))) == 2
    file.write_text(text[:-30])
    table = source.read(asked([H, R]))
    assert len(table) == 2 and "is not well-formed XML" in said(table)[0]
    assert said(table)[0].endswith("what it held before is used")
    assert said(source.read(asked([H, R]))) == [], "it is said once"
    file.write_text(text.replace("680", "690"))
    assert sorted(source.read(asked([H, R]))["value"]) == pytest.approx([0.69, 2.0])


def test_a_file_that_was_never_whole(drop: Path) -> None:
    put(drop, message(level(f"{T} 680"))[:-30])
    table = read(drop, H)
    assert len(table) == 0 and said(table)[0].endswith("none of it is used")


def test_a_host_that_is_down_for_an_hour(drop: Path) -> None:
    source = SandreSource(path="drop", folder=drop.parent)
    put(drop, message(level(f"{T} 680")))
    away = drop.rename(drop.with_name("away"))
    with pytest.raises(FeedError, match=r"cannot be listed .*: create it, or correct `path`"):
        source.read(asked([H]))
    away.rename(drop)
    assert len(source.read(asked([H]))) == 1


def test_a_file_that_went_is_forgotten(drop: Path) -> None:
    source, file = SandreSource(path="drop", folder=drop.parent), put(drop, message(level(f"{T} 680")))
    assert len(source.read(asked([H]))) == 1
    file.unlink()
    table = source.read(asked([H]))
    assert len(table) == 0 and "no file matches *.xml" in said(table)[0]


def test_unchanged_files_are_not_read_again(drop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = SandreSource(path="drop", folder=drop.parent)
    put(drop, message(level(f"{T} 680")))
    source.read(asked([H]))

    def never(*_: object) -> None:
        raise AssertionError("it was opened again")

    monkeypatch.setattr("hydria_sandre.archive.parse", never)
    assert len(source.read(asked([H]))) == 1


@pytest.mark.parametrize("name", [".a.xml", "a.xml.part", "a.xml.tmp", "~a.xml", "a.xml.filepart", "notes.txt"])
def test_unfinished_and_other_files_are_left(drop: Path, name: str) -> None:
    put(drop, message(level(f"{T} 680")), name)
    assert len(read(drop, H)) == 0


def test_one_file_and_folders_within(drop: Path) -> None:
    put(drop, message(level(f"{T} 680")))
    (drop / "day").mkdir()
    put(drop / "day", message(level("2010-02-26T12:00:00 690")))
    assert len(SandreSource(path="drop/a.xml", folder=drop.parent).read(asked([H]))) == 1
    assert len(read(drop, H, pattern="**/*.xml")) == 2


def test_what_the_probe_says(drop: Path) -> None:
    put(drop, message(level(f"{T} 680") + rain("2010-02-26T11:00:00 2")))

    def clock() -> np.datetime64:
        return np.datetime64("2010-02-26T11:22:00", "us")

    source = SandreSource(path="drop", folder=drop.parent, clock=clock)
    assert source.probe() == (
        f"{drop}: 1 files, 2 series, newest {H} = 0.68 m (680 mm in the file) of {T}Z, 12 min ago, "
        "times without offset are UTC."
    )


def test_a_probe_that_finds_nothing_says_what_is_there(drop: Path) -> None:
    put(drop, message(level(f"{T} 680", code="B123456701")))
    with pytest.raises(FeedError, match=r"nothing that was asked for; series there: B123456701\.H"):
        SandreSource(path="drop", folder=drop.parent, layout=layout()).probe()
    with pytest.raises(ConfigError, match="does not exist"):
        SandreSource(path="nowhere", folder=drop.parent).probe()


def test_wanted_series_that_no_file_has(drop: Path) -> None:
    put(drop, message(level(f"{T} 680")))
    assert said(read(drop, H, "Y1612020.Q")) == [f"{drop}: no file has 'Y1612020.Q'; see `series` and `names`"]


def test_all_faults_of_the_options_at_once() -> None:
    with pytest.raises(ConfigError) as told:
        SandreSource(
            path="x", series="{grandeur}", forecast="{code", names={"a": ""}, units={"H": "l/s", "Z": "m"},
            csv_units={"Q": "furlong"}, timezone="Mars", flags={"x": "good", "12": "bad"}, forecast_value="median",
            received="whenever",
        )  # fmt: skip
    text = "\n".join(told.value.faults)
    for part in ("series =", "forecast =", "names.a", "units.H", "units.Z", "csv_units.Q", "timezone =", "flags.x",
                 "flags.12", "forecast_value =", "received ="):  # fmt: skip
        assert f"source sandre: {part}" in text, part
    with pytest.raises(ConfigError, match="pattern = "):
        SandreSource(path="x", pattern=[])
    with pytest.raises(ConfigError, match="path = ''"):
        SandreSource(path="")


def test_flags_of_the_admin(drop: Path) -> None:
    put(drop, message(level(f"{T} 680 12")))
    assert read(drop, H)["flag"].tolist() == [3]
    assert read(drop, H, flags={"12": "fail"})["flag"].tolist() == [4]


def test_rain_says_per_point_when_it_was_produced(drop: Path) -> None:
    first, corrected = rain(f"{T} 2"), rain(f"{T} 3")
    at = "<DtProdObsMeteo>2010-02-26T{}:00:00</DtProdObsMeteo><DtObsMeteo>"
    text = first.replace("<DtObsMeteo>", at.format(15)) + corrected.replace("<DtObsMeteo>", at.format(13))
    put(drop, message(text))
    assert read(drop, R)["value"].tolist() == [2.0], "what was produced last counts, whatever the order"
    early = asked([R], issued_at="2010-02-26T14:00", known_at="2010-02-26T14:03")
    assert read(drop, R, wanted=early)["value"].tolist() == [3.0]


def test_the_hosts_forecast_becomes_ours(drop: Path) -> None:
    """Through the buffer into ``host-forecast``: its values, in the unit of the station, at their leads."""
    points = "".join(
        f"<Prev><DtPrev>2010-02-26T13:{m}:00</DtPrev><ResMoyPrev>{v}</ResMoyPrev></Prev>"
        for m, v in ((15, 900), (30, 950))
    )
    head = "<GrdSimul>H</GrdSimul><DtProdSimul>2010-02-26T13:00:00</DtProdSimul>"
    model = "<CdStationHydro>A123456701</CdStationHydro>"
    model += "<CdModelePrevision>grp</CdModelePrevision>"
    put(drop, message(f"<Simuls><Simul>{head}{model}<Prevs>{points}</Prevs></Simul></Simuls>"))
    plan = layout("cm")
    source = SandreSource(path="drop", folder=drop.parent, layout=plan)
    buffer = SeriesBuffer(plan, source, overlap=4 * plan.step)
    window = buffer.window(np.datetime64("2010-02-26T13:00:00", "s"), np.datetime64("2010-02-26T13:03:00", "us"))
    assert HostForecast(slot="x.*").forecast(window).median.tolist() == [[90.0, 95.0]]
