"""Run info of FEWS: whole and incomplete, of both systems, real and made by us; never a traceback."""

from __future__ import annotations

from datetime import timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from fews_samples import XML, real
from hypothesis import given
from hypothesis import strategies as st

from hydria_fews.parameters import read_parameters
from hydria_fews.paths import local_path
from hydria_fews.run_info import diagnostics_of, read_run
from hydria_plugin import FeedError

WHOLE = """<?xml version="1.0" encoding="UTF-8"?>
<Run xmlns="http://www.wldelft.nl/fews/PI" version="1.5">
 <logLevel>debug</logLevel><timeZone>1.0</timeZone>
 <startDateTime date="2026-01-01" time="00:00:00"/><endDateTime date="2026-01-03" time="00:00:00"/>
 <time0 date="2026-01-02" time="12:00:00"/><lastObservationDateTime date="2026-01-02" time="11:50:00"/>
 <workDir>.</workDir>
 <inputStateDescriptionFile>state\\\\state.xml</inputStateDescriptionFile>
 <inputParameterFile>.\\\\input\\\\parameters.xml</inputParameterFile>
 <inputTimeSeriesFile>.\\\\input\\\\levels.xml</inputTimeSeriesFile>
 <inputTimeSeriesFile>input/rain.xml</inputTimeSeriesFile>
 <inputNetcdfFile>input/grid.nc</inputNetcdfFile>
 <outputDiagnosticFile>.\\log\\diag.xml</outputDiagnosticFile>
 <outputTimeSeriesFile>output//forecast.xml</outputTimeSeriesFile>
 <properties>
  <string key="config" value="..\\hydria.toml"/><int key="members" value="12"/><double key="factor" value="1.5"/>
  <bool key="alerts" value="true"/><dateTime key="until" date="2026-01-05" time="00:00:00"/>
  <int key="broken" value="twelve"/><string value="nameless"/><lorry key="odd" value="1"/>
 </properties>
</Run>"""
PARAMETERS = """<ModelParameters xmlns="http://www.wldelft.nl/fews/PI" version="1.8">
 <group id="run" name="Run"><parameter id="pipeline" name="Pipeline"><stringValue>river</stringValue></parameter>
  <parameter id="members"><boolValue>false</boolValue></parameter>
  <parameter id="n"><intValue>3</intValue></parameter><parameter id="f"><dblValue>0.25</dblValue></parameter>
  <parameter id="at"><dateTimeValue date="2026-01-01" time="06:00:00"/></parameter>
  <parameter id="curve"><table><row A="1" B="2"/></table></parameter></group>
 <group id="more"><parameter id="n"><intValue>4</intValue></parameter></group></ModelParameters>"""


def written(folder: Path, text: str, name: str = "run_info.xml") -> Path:
    (folder / name).write_text(text)
    return folder / name


def utc(text: str) -> np.datetime64:
    return np.datetime64(text, "s")


def test_a_whole_run_info(tmp_path: Path) -> None:
    run = read_run(written(tmp_path, WHOLE))
    assert run.time0 == utc("2026-01-02T11:00") and run.zone == timezone(timedelta(hours=1))
    assert (run.start, run.end) == (utc("2025-12-31T23:00"), utc("2026-01-02T23:00"))
    assert run.last_observation == utc("2026-01-02T10:50") and run.level == "debug"
    assert run.inputs == (tmp_path / "input" / "levels.xml", tmp_path / "input" / "rain.xml")
    assert run.outputs == (tmp_path / "output" / "forecast.xml",)
    assert run.diagnostics == tmp_path / "log" / "diag.xml" == diagnostics_of(run.path)
    assert run.states == (tmp_path / "state" / "state.xml",)
    assert run.parameters == (tmp_path / "input" / "parameters.xml",)
    assert run.properties == {
        "config": "..\\hydria.toml", "members": 12, "factor": 1.5, "alerts": True, "until": utc("2026-01-04T23:00")
    }  # fmt: skip
    assert [r for r in run.remarks if "broken" in r and "no int" in r] and [r for r in run.remarks if "lorry" in r]
    assert [r for r in run.remarks if "inputNetcdfFile" in r]


def test_one_with_times_only_goes_beside_itself(tmp_path: Path) -> None:
    text = '<Run version="1.10"><time0 date="2026-01-02" time="12:00:00"/></Run>'
    run = read_run(written(tmp_path, text))
    assert run.time0 == utc("2026-01-02T12:00") and run.inputs == () and run.properties == {}
    assert run.outputs == (tmp_path / "output.xml",) and run.diagnostics == tmp_path / "diag.xml"
    assert [r for r in run.remarks if "timeZone" in r] and [r for r in run.remarks if "outputTimeSeriesFile" in r]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "<time0> is missing"),
        ('<time0 date="2026-13-02" time="12:00:00"/>', "2026-13-02"),
        ("<time0/>", "is no time"),
        ('<timeZone>Paris</timeZone><time0 date="2026-01-02" time="12:00:00"/>', "'Paris' is no offset"),
        ('<timeZone>99</timeZone><time0 date="2026-01-02" time="12:00:00"/>', "'99' is no offset"),
        ('<timeZone>nan</timeZone><time0 date="2026-01-02" time="12:00:00"/>', "'nan' is no offset"),
        ('<time0 date="2026-01-02" time="12:00:00"/><inputTimeSeriesFile/>', "is no path"),
        ('<time0 date="2026-01-02"/><inputTimeSeriesFile>D:\\x.xml</inputTimeSeriesFile>', "drive of Windows"),
        ('<time0 date="2026-01-02"/><workDir>\\\\server\\share</workDir>', "server of Windows"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, body: str, said: str) -> None:
    path = written(tmp_path, f"<Run>{body}</Run>")
    with pytest.raises(FeedError, match=said.replace("\\", "\\\\")) as caught:
        read_run(path)
    assert str(path) in str(caught.value)


def test_all_faults_at_once(tmp_path: Path) -> None:
    body = '<timeZone>x</timeZone><startDateTime date="a" time="b"/><endDateTime date="c" time="d"/>'
    with pytest.raises(FeedError, match="timeZone 'x'.*startDateTime.*endDateTime"):
        read_run(written(tmp_path, f"<Run>{body}</Run>"))


@pytest.mark.parametrize("text", ["", "<Run", "<Diag/>", "<!DOCTYPE Run [<!ENTITY x 'y'>]><Run>&x;</Run>", "\x00\x01"])
def test_what_is_no_run_info_is_refused_and_diagnosed_beside_it(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(FeedError, match="run_info.xml"):
        read_run(path)
    assert diagnostics_of(path) == tmp_path / "diag.xml"


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="cannot be read"):
        read_run(tmp_path / "none.xml")


def test_diagnostics_are_found_where_the_rest_is_wrong(tmp_path: Path) -> None:
    body = "<timeZone>x</timeZone><outputDiagnosticFile>log\\d.xml</outputDiagnosticFile>"
    assert diagnostics_of(written(tmp_path, f"<Run>{body}</Run>")) == tmp_path / "log" / "d.xml"


@given(st.lists(st.from_regex(r"[a-z0-9_]{1,6}", fullmatch=True), min_size=1, max_size=5), st.data())
def test_separators_are_separators(parts: list[str], data: st.DataObject) -> None:
    text = parts[0]
    for part in parts[1:]:
        text += data.draw(st.sampled_from(["/", "\\", "\\\\", "//", "\\/"])) + part
    assert local_path(text, Path("/work")) == Path("/work", *parts)


def test_absolute_paths_stand() -> None:
    assert local_path("/data//in.xml", Path("/work")) == Path("/data/in.xml")


@real
def test_the_real_run_infos() -> None:
    first = read_run(XML / "rtctools_pi_run.xml")
    assert (first.time0, first.level, first.inputs) == (utc("2000-01-01T20:00"), "info", ())
    second = read_run(XML / "swmm_run_info.xml")
    assert second.time0 == utc("2020-03-20T01:00") == second.end == second.last_observation
    assert second.inputs == (XML / "input" / "Control_rules.xml",)
    assert second.diagnostics == XML / "log" / "run_diagnostics.xml"
    assert second.properties["swmm_input_file"] == ".\\\\model\\\\DonRiver.inp"
    assert [r for r in second.remarks if "inputNetcdfFile" in r]


def test_parameters(tmp_path: Path) -> None:
    found = read_parameters(written(tmp_path, PARAMETERS))
    assert found == {"pipeline": "river", "members": False, "n": 4, "f": 0.25, "at": utc("2026-01-01T06:00")}
    other = PARAMETERS.replace("ModelParameters", "parameters")
    assert read_parameters(written(tmp_path, other)) == found
    with pytest.raises(FeedError, match="'n'.*'three' is no int"):
        read_parameters(written(tmp_path, PARAMETERS.replace(">3<", ">three<")))
    with pytest.raises(FeedError, match="holds <Run>"):
        read_parameters(written(tmp_path, "<Run/>"))
