"""Observations, rain and forecasts of XML messages: both versions, any namespace, every trap of the reference."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
from sandre_messages import SPACE, level, message, parsed, rain

from hydria_plugin import FeedError, Flag
from hydria_sandre.collecting import TOGETHER
from hydria_sandre.rows import Stream

T1, T2 = "2010-02-26T11:10:00", "2010-02-26T11:15:00"
V2 = (
    "<SeriesObsHydro><SerieObsHydro><CdStationHydro>B234567890</CdStationHydro><GrdSerieObsHydro>H</GrdSerieObsHydro>"
    "<DtProdSerieObsHydro>2010-02-26T12:00:00</DtProdSerieObsHydro><SysAltiSerieObsHydro>31</SysAltiSerieObsHydro>"
    f"<ObssHydro><ObsHydro><DtObsHydro>{T1}</DtObsHydro><ResObsHydro>1547.1</ResObsHydro><QualifObsHydro>16"
    "</QualifObsHydro><ContObsHydro>1</ContObsHydro><StObsHydro>16</StObsHydro></ObsHydro></ObssHydro>"
    "</SerieObsHydro></SeriesObsHydro>"
)
PREV = "<DtPrev>2010-02-26T14:00:00</DtPrev>"


def simulation(point: str, produced: str = "2010-02-26T13:00:00", model: str = "13_08") -> str:
    when = f"<DtProdSimul>{produced}</DtProdSimul>" if produced else ""
    who = f"<CdSiteHydro>Y1612020</CdSiteHydro><CdModelePrevision>{model}</CdModelePrevision>"
    return f"<Simuls><Simul><GrdSimul>Q</GrdSimul>{when}{who}<Prevs><Prev>{PREV}{point}</Prev></Prevs></Simul></Simuls>"


@pytest.mark.parametrize("space", ["", SPACE, SPACE.replace("xmlns=", "xmlns:s=")])
def test_the_namespace_may_be_there_or_not(space: str) -> None:
    text = message(level(f"{T1} 680.0 20", f"{T2} 684"), space=space)
    if "xmlns:s" in space:
        for tag in (
            "hydrometrie",
            "Scenario",
            "Serie>",
            "Serie ",
            "ObsHydro>",
            "DtObsHydro",
            "ResObsHydro",
            "GrdSerie",
        ):
            text = text.replace(f"</{tag}", f"</s:{tag}").replace(f"<{tag}", f"<s:{tag}")
    rows, streams, problems = parsed(text.encode())
    assert streams == [Stream("A123456701", "H")] and not problems
    assert rows.value.tolist() == [680.0, 684.0]
    assert rows.flag.tolist() == [Flag.GOOD, Flag.UNKNOWN]
    assert rows.time.tolist() == np.array([T1, T2], "datetime64[us]").tolist()


def test_v2_tells_the_status_per_point_and_the_altimetric_system() -> None:
    rows, streams, problems = parsed(message(V2, "2").encode())
    assert streams == [Stream("B234567890", "H", 31)] and not problems
    assert rows.flag.tolist() == [Flag.GOOD]  # 16 not qualified, but validated
    assert rows.received[0] == np.datetime64("2010-02-26T12:00:00", "us")


def test_v1_tells_the_status_once_per_series() -> None:
    raw, reviewed = (
        parsed(message(level(f"{T1} 1", f"{T2} 2 12", more=f"<StatutSerie>{s}</StatutSerie>")).encode())[0]
        for s in (4, 16)
    )
    assert raw.flag.tolist() == [Flag.UNKNOWN, Flag.SUSPECT]
    assert reviewed.flag.tolist() == [Flag.GOOD, Flag.SUSPECT]


def test_the_head_of_a_series_may_follow_its_points() -> None:
    text = message(level(f"{T1} 1"))
    head = "<CdStationHydro>A123456701</CdStationHydro><GrdSerie>H</GrdSerie>"
    turned = text.replace(head, "").replace("</ObssHydro>", f"</ObssHydro>{head}")
    assert parsed(turned.encode())[1] == [Stream("A123456701", "H")]


def test_sensors_stations_and_sites_are_different_series() -> None:
    series = "".join(level(f"{T1} 1", code=c, quantity=q) for c, q in (("A1234567", "Q"), ("A123456701", "Q")))
    series += level(f"{T1} 1", code="A12345670101")
    assert [s.code for s in parsed(message(series).encode())[1]] == ["A1234567", "A123456701", "A12345670101"]


def test_rain_of_v1_is_a_flat_list_and_of_v2_a_series() -> None:
    flat = parsed(message(rain("2010-02-26T12:00:00 2", "2010-02-26T13:00:00 8")).encode())
    series = message(
        "<SeriesObsMeteo><SerieObsMeteo><CdSiteMeteo>01033002</CdSiteMeteo><CdGrdMeteo>RR</CdGrdMeteo>"
        "<DureeSerieObsMeteo>60</DureeSerieObsMeteo><ObssMeteo>"
        + "".join(
            f"<ObsMeteo><DtObsMeteo>2010-02-26T{h}:00:00</DtObsMeteo><ResObsMeteo>{v}</ResObsMeteo></ObsMeteo>"
            for h, v in ((12, 2), (13, 8))
        )
        + "</ObssMeteo></SerieObsMeteo></SeriesObsMeteo>",
        "2",
    )
    nested = parsed(series.encode())
    assert flat[1] == nested[1] == [Stream("01033002", "RR", 60)]
    assert flat[0].value.tolist() == nested[0].value.tolist() == [2.0, 8.0]


def test_a_point_without_result_is_a_gap() -> None:
    rows, _, problems = parsed(message(level(f"{T1} 5")).replace("<ResObsHydro>5", "<ResObsHydro>").encode())
    assert np.isnan(rows.value).tolist() == [True] and rows.flag.tolist() == [Flag.MISSING] and not problems
    empty = message(level(f"{T1} 5")).replace("<ResObsHydro>5</ResObsHydro>", "<ResObsHydro/>")
    assert np.isnan(parsed(empty.encode())[0].value).tolist() == [True]


@pytest.mark.parametrize("value", ["abc", "inf", "-Infinity", "1e16", "1e999", "12,5"])
def test_what_is_no_value_is_told_once(value: str) -> None:
    rows, _, problems = parsed(message(level(f"{T1} {value}", f"{T2} {value}", "2010-02-26T12:00:00 7")).encode())
    assert rows.value.tolist() == [7.0]
    assert [p.error for p in problems] == [f"m: {value!r} is no value (and 1 more like it)"]


def test_negative_levels_and_discharges_are_kept() -> None:
    assert parsed(message(level(f"{T1} -120.5")).encode())[0].value.tolist() == [-120.5]


def test_a_bad_time_is_told_and_the_rest_used() -> None:
    rows, _, problems = parsed(message(level("26/02/2010 1 20", f"{T1} 5")).encode())
    assert rows.value.tolist() == [5.0] and [p.error for p in problems] == ["m: '26/02/2010' is no time"]


def test_forecasts_come_with_their_issue_time() -> None:
    rows, streams, problems = parsed(message(simulation("<ResMoyPrev>23</ResMoyPrev>")).encode())
    assert streams == [Stream("Y1612020", "Q", 0, "13_08")] and not problems
    assert rows.issued[0] == rows.received[0] == np.datetime64("2010-02-26T13:00:00", "us")
    assert (rows.value[0], rows.flag[0]) == (23.0, Flag.GOOD)


@pytest.mark.parametrize(
    ("asked", "value"), [("moy", 30.0), ("min", 10.0), ("max", 50.0), ("p20", 25.0), ("p49", 90.0)]
)
def test_which_value_of_a_forecast_counts(asked: str, value: float) -> None:
    pairs = "".join(
        f"<ProbPrev><PProbPrev>{p}</PProbPrev><ResProbPrev>{v}</ResProbPrev></ProbPrev>"
        for p, v in ((20, 25), (49, 90))
    )
    point = "<ResMoyPrev>30</ResMoyPrev><ResMinPrev>10</ResMinPrev><ResMaxPrev>50</ResMaxPrev>"
    text = message(simulation(f"{point}<ProbsPrev>{pairs}</ProbsPrev>"))
    assert parsed(text.encode(), forecast_value=asked)[0].value.tolist() == [value]


def test_the_probability_50_stands_for_a_missing_mean() -> None:
    pair = "<ProbsPrev><ProbPrev><PProbPrev>50</PProbPrev><ResProbPrev>95</ResProbPrev></ProbPrev></ProbsPrev>"
    assert parsed(message(simulation(pair)).encode())[0].value.tolist() == [95.0]


def test_a_forecast_without_the_value_asked_or_without_issue_time_is_told() -> None:
    rows, _, problems = parsed(message(simulation("<ResMinPrev>22</ResMinPrev>")).encode())
    assert len(rows) == 0 and "lacks the value asked" in problems[0].error
    rows, _, problems = parsed(message(simulation("<ResMoyPrev>22</ResMoyPrev>", produced="")).encode())
    assert len(rows) == 0 and "has no time of issue" in problems[0].error


def test_when_the_file_was_made_stands_for_a_missing_time_of_production() -> None:
    made = "<DateHeureCreationFichier>2010-02-26T12:30:00</DateHeureCreationFichier></Scenario>"
    text = message(level(f"{T1} 1")).replace("</Scenario>", made)
    assert parsed(text.encode())[0].received[0] == np.datetime64("2010-02-26T12:30:00", "us")


def test_unknown_elements_are_passed_over() -> None:
    text = message(level(f"{T1} 1") + "<Nouveau><Partie>1</Partie></Nouveau>").replace(
        "<ResObsHydro>", "<Futur>9</Futur><ResObsHydro>"
    )
    assert parsed(text.encode())[0].value.tolist() == [1.0]


def test_a_series_of_nobody_is_told() -> None:
    text = message(level(f"{T1} 1")).replace("<CdStationHydro>A123456701</CdStationHydro>", "")
    assert "says not whose it is" in parsed(text.encode())[2][0].error
    text = message(level(f"{T1} 1")).replace("<GrdSerie>H</GrdSerie>", "")
    assert "says not what it measures" in parsed(text.encode())[2][0].error


def test_points_of_one_series_do_not_leak_into_the_next() -> None:
    lost = level(f"{T1} 1").replace("<GrdSerie>H</GrdSerie>", "")
    rows, streams, _ = parsed(message(lost + level(f"{T2} 2", code="B123456701")).encode())
    assert rows.value.tolist() == [2.0] and [s.code for s in streams] == ["B123456701"]


def test_an_unknown_version_is_told_and_read() -> None:
    rows, _, problems = parsed(message(level(f"{T1} 1"), "7").encode())
    assert len(rows) == 1 and "says VersionScenario '7'" in problems[0].error


@pytest.mark.parametrize("wrap", [gzip.compress, lambda d: b"\xef\xbb\xbf" + d, lambda d: d.decode().encode("utf-16")])
def test_packings(wrap: object) -> None:
    data = message(level(f"{T1} 680")).encode()
    assert parsed(wrap(data))[0].value.tolist() == [680.0]  # type: ignore[operator]


def test_latin_1_that_says_so() -> None:
    text = "<?xml version='1.0' encoding='ISO-8859-1'?>" + message(level(f"{T1} 1") + "<Nom>Étroeungt</Nom>")
    assert len(parsed(text.encode("iso-8859-1"))[0]) == 1


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"<alert><Scenario/></alert>", r"its root is <alert>; allowed: <hydrometrie>"),
        (b"<hydrometrie></hydrometrie>", "holds nothing of a Sandre message"),
        (message(level(f"{T1} 680")).encode()[:-40], "is not well-formed XML"),
        (b"", "is neither XML nor a SCHAPI CSV drop"),
        (b"2013-01-23 00:00:00  3.46\n", "a tide of SHOM's"),
    ],
)
def test_what_is_refused_and_why(data: bytes, why: str) -> None:
    with pytest.raises(FeedError, match=why):
        parsed(data)


def test_a_long_series_is_read_in_blocks_and_in_order() -> None:
    """Across the borders of blocks, in one series among others; flags and gaps stay with their points."""
    count = 2 * TOGETHER + 7
    times = np.datetime64("2010-01-01T00:00:00") + np.arange(count) * np.timedelta64(60, "s")
    long = level(*(f"{t} {n} {20 if n % 3 else 12}" for n, t in enumerate(times)), code="B123456701")
    text = message(level(f"{T1} 1") + long.replace(f"<ResObsHydro>{TOGETHER}<", "<ResObsHydro><") + level(f"{T2} 2"))
    rows, streams, problems = parsed(text.encode())
    mine = rows.where(rows.stream == [s.code for s in streams].index("B123456701"))
    expected = np.arange(count, dtype=float)
    expected[TOGETHER] = np.nan
    np.testing.assert_array_equal(mine.value, expected)
    np.testing.assert_array_equal(mine.time, times.astype("datetime64[us]"))
    flags = np.where(np.arange(count) % 3, Flag.GOOD, Flag.SUSPECT)
    flags[TOGETHER] = Flag.MISSING
    np.testing.assert_array_equal(mine.flag, flags)
    assert len(rows) == count + 2 and not problems
