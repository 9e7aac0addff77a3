"""Real files of FEWS: each is read, or refused with the reason that is right; an independent reader finds the same."""

from __future__ import annotations

from pathlib import Path

import fewsxml
import numpy as np
import pytest
from fews_samples import REST, XML, real
from fews_series import headers, pi_series, same_series
from fewsxml.api_fx_read import read as independent
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hydria_fews.pi_json import read_pi_json
from hydria_fews.pi_reading import read_pi
from hydria_fews.pi_series import NO_FLAG, PiFile, PiHeader, PiSeries
from hydria_fews.pi_writing import pi_xml
from hydria_plugin import FeedError

READ = {  # file -> series, events, missing values
    "fewspy_only_headers.xml": (2, 0, 0),
    "fewspy_v1.34_two_series.xml": (2, 1320, 0),
    "fewsxml_timeseries_import_with_qualifier.xml": (83, 8426, 0),
    "rtctools_deterministic.xml": (1, 12, 2),
    "rtctools_ensemble_2members.xml": (2, 20, 2),
    "rtctools_export.xml": (1, 0, 0),
    "rtctools_nonequidistant.xml": (1, 8, 1),
    "rtctools_simulation_basic.xml": (6, 18, 0),
    "swmm_input_timeseries_missNaN.xml": (2, 8, 0),
    "hdsr_ow433001.xml": (1, 0, 0),
    "wrapper_post_timeseries.xml": (1, 3, 0),
}
REFUSED = {
    "generaladapter_config_xbeach.xml": "a configuration of the General Adapter",
    "rtctools_diag.xml": "diagnostics",
    "rtctools_pi_run.xml": "run info",
    "swmm_rating_curves.xml": "rating curves",
    "swmm_run_diagnostics.xml": "diagnostics",
    "swmm_run_info.xml": "run info",
}
ORDER = [
    "type", "moduleInstanceId", "locationId", "parameterId", "qualifierId", "ensembleId", "ensembleMemberIndex",
    "ensembleMemberId", "timeStep", "startDate", "endDate", "forecastDate", "missVal", "longName", "stationName", "lat",
    "lon", "x", "y", "z", "units", "sourceOrganisation", "creationDate", "thresholds",
]  # fmt: skip
JSON = {"fewspy_sample.json": (2, 1320), "hdsr_ow433001.json": (1, 0), "pirequests_timeseries.json": (4, 20)}


def file(name: str) -> Path:
    return next(p for p in (XML / name, REST / name) if p.exists())


def sample(name: str) -> PiFile:
    return read_pi(file(name).read_bytes(), name)


@real
def test_every_file_is_in_the_table() -> None:
    assert {p.name for folder in (XML, REST) for p in folder.glob("*.xml")} == {*READ, *REFUSED}


@real
@pytest.mark.parametrize("name", READ)
def test_read(name: str) -> None:
    found = sample(name)
    missing = sum(int(np.isnan(s.value).sum()) for s in found.series)
    assert (len(found.series), sum(map(len, found.series)), missing) == READ[name] and found.faults == ()
    same_series(read_pi(b"".join(pi_xml(found.series)), name).series, found.series)
    same_series(read_pi(file(name).read_bytes(), name, in_runs=False).series, found.series)


@real
@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    with pytest.raises(FeedError, match=f"{name}: is not PI time series, but {REFUSED[name]}"):
        sample(name)


@real
@pytest.mark.parametrize("path", sorted(REST.glob("*.json")), ids=lambda p: p.name)
def test_json(path: Path) -> None:
    if path.name in JSON or path.name == "wrapper_post_timeseries.json":
        found = read_pi_json(path.read_bytes(), path.name)
        assert found.faults == ()
        assert (len(found.series), sum(map(len, found.series))) == JSON.get(path.name, (1, 3))
        same_series(read_pi(b"".join(pi_xml(found.series)), path.name).series, found.series)
    else:
        with pytest.raises(FeedError, match="is not PI time series in JSON: it has no list timeSeries"):
            read_pi_json(path.read_bytes(), path.name)


@real
def test_the_same_series_in_json_and_in_xml() -> None:
    in_json = read_pi_json((REST / "fewspy_sample.json").read_bytes(), "json").series
    for one, other in zip(in_json, sample("fewspy_v1.34_two_series.xml").series, strict=True):
        np.testing.assert_array_equal(one.time, other.time)
        np.testing.assert_array_equal(one.value, other.value)
        assert one.header.location == other.header.location and one.header.units == "%"


@real
def test_what_json_says_of_single_events_is_kept() -> None:
    first = read_pi_json((REST / "pirequests_timeseries.json").read_bytes(), "json").series[0]
    assert {name: texts[0] for name, texts in first.more.items()} == {
        "valueSource": "MAN", "flagSource": "MAN", "state": "dried",
    }  # fmt: skip
    assert first.header.qualifiers == ("period=7d",) and first.header.is_forecast


def agree(found: PiSeries, theirs: object, zone: float) -> None:
    """Ours and the independent reader's: header and events."""
    told, header = theirs.header, found.header  # type: ignore[attr-defined]
    assert (told.locationId, told.parameterId, told.type) == (header.location, header.parameter, header.kind)
    assert tuple(told.qualifierId or ()) == header.qualifiers
    assert (told.moduleInstanceId or "", told.ensembleId or "", told.units or "") == (
        header.module,
        header.ensemble,
        header.units,
    )
    assert told.ensembleMemberIndex == header.member
    stamps = [np.datetime64(f"{e.date}T{e.time}", "ms") for e in theirs.event]  # type: ignore[attr-defined]
    local = found.time + np.timedelta64(round(zone * 3600), "s")
    np.testing.assert_array_equal(local, np.array(stamps, dtype="M8[ms]"))
    missing = float(told.missVal or "nan")
    values = np.array([float(e.value) for e in theirs.event])  # type: ignore[attr-defined]
    values[values == missing] = np.nan
    np.testing.assert_array_equal(found.value, values)
    flags = [NO_FLAG if e.flag is None else e.flag for e in theirs.event]  # type: ignore[attr-defined]
    assert found.flag.tolist() == flags


@real
@pytest.mark.parametrize("name", READ)
def test_an_independent_reader_finds_the_same(name: str) -> None:
    assert fewsxml is not None
    theirs = independent(str(file(name)))
    found = sample(name)
    assert len(theirs.series) == len(found.series)
    for one, other in zip(found.series, theirs.series, strict=True):
        agree(one, other, theirs.timeZone)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(pi_series(most=12), max_size=3), st.sampled_from([0.0, 1.0, -5.0, 5.5]))
def test_what_we_write_an_independent_reader_reads(tmp_path: Path, series: list[PiSeries], zone: float) -> None:
    """It needs a period in every header; ours has one in all that the sink writes."""
    whole = [s for s in series if not np.isnat(s.header.start) and not np.isnat(s.header.end)]
    made = tmp_path / "made.xml"
    made.write_bytes(b"".join(pi_xml(whole, zone=zone)))
    theirs = independent(str(made))
    assert theirs.timeZone == zone and len(theirs.series) == len(whole)
    for one, other in zip(whole, theirs.series, strict=True):
        agree(one, other, zone)
        told = other.header.thresholds
        high = [] if told is None else told.highLevelThreshold or []
        assert [t.value for t in high] == [t.value for t in one.header.thresholds if t.is_high]


@given(headers())
def test_the_header_stands_in_the_order_of_the_schema(header: PiHeader) -> None:
    text = b"".join(pi_xml([PiSeries.of(header, [], [])])).decode()
    written = [line[1:].split(">")[0].split(" ")[0].rstrip("/") for line in text.split("\n") if line.startswith("<")]
    inside = [name for name in written[written.index("header") + 1 : written.index("/header")] if name in ORDER]
    assert inside == sorted(inside, key=ORDER.index)
    assert {"type", "locationId", "parameterId", "timeStep", "missVal"} <= set(inside)
