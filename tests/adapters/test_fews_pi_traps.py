"""What is odd about PI-XML, one by one; and what would be an attack."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from hydria_fews.pi_json import pi_json_series, read_pi_json
from hydria_fews.pi_reading import read_pi
from hydria_fews.pi_series import NO_FLAG, PiFile, PiHeader, PiSeries, PiThreshold, TimeStep
from hydria_fews.pi_writing import pi_xml
from hydria_plugin import FeedError
from hydria_plugin.exchange import XmlLimits

EVENT = '<event date="2026-03-01" time="12:00:00" value="1.5" flag="0"/>'


def document(header: str = "", events: str = EVENT, zone: str = "<timeZone>0.0</timeZone>", prefix: str = "") -> bytes:
    text = (
        f'<TimeSeries xmlns="http://www.wldelft.nl/fews/PI" version="1.24">{zone}<series><header>'
        "<type>instantaneous</type><locationId>a</locationId><parameterId>H</parameterId>"
        f"{header}</header>{events}</series></TimeSeries>"
    )
    if prefix:
        text = (
            text.replace("</", f"</{prefix}:")
            .replace("<", f"<{prefix}:")
            .replace(f"<{prefix}:/{prefix}", f"</{prefix}")
        )
        text = text.replace("xmlns=", f"xmlns:{prefix}=")
    return text.encode()


def read(*args: str, **more: str) -> PiFile:
    return read_pi(document(*args, **more), "made")


def value_and_time(found: PiFile) -> tuple[float, str]:
    (series,) = found.series
    return float(series.value[0]), str(series.time[0].astype("M8[s]"))


@pytest.mark.parametrize("prefix", ["", "pi", "ns0", "a.b-c"])
def test_any_prefix(prefix: str) -> None:
    assert value_and_time(read(prefix=prefix)) == (1.5, "2026-03-01T12:00:00")


@pytest.mark.parametrize("version", ["1.2", "1.5", "1.24", "1.26", "1.34", "9.99", ""])
def test_any_version_with_a_place_of_its_schema(version: str) -> None:
    more = ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="urn:a https://host/pi.xsd"'
    data = document().replace(b' version="1.24"', f' version="{version}"{more}'.encode())
    assert value_and_time(read_pi(data, "made")) == (1.5, "2026-03-01T12:00:00")


def test_fewer_events_than_the_period_has_steps() -> None:
    """Normal: nothing is filled in, nothing is said."""
    step = '<timeStep unit="second" multiplier="3600"/>'
    period = '<startDate date="2026-03-01" time="00:00:00"/><endDate date="2026-03-02" time="00:00:00"/>'
    found = read(step + period, EVENT + EVENT.replace("12:", "19:"))
    assert [str(t)[11:13] for t in found.series[0].time] == ["12", "19"] and found.faults == ()


def test_times_of_day_as_steps() -> None:
    step = read('<timeStep unit="times"><times><time time="06:00"/><time time="18:00"/></times></timeStep>')
    assert step.series[0].header.step.length is None and step.faults == ()


def test_what_is_missing_is_written_as_nan_unless_told_otherwise() -> None:
    for missing, text in ((np.nan, b"NaN"), (-999.0, b"-999.0")):
        header = PiHeader("a", "H", missing=missing)
        made = b"".join(pi_xml([PiSeries.of(header, ["2026-03-01T12:00"], [np.nan], [9])]))
        assert b"<missVal>%s</missVal>" % text in made and b'value="%s" flag="9"' % text in made


def test_no_namespace_at_all() -> None:
    data = document().replace(b' xmlns="http://www.wldelft.nl/fews/PI"', b"")
    assert value_and_time(read_pi(data, "made")) == (1.5, "2026-03-01T12:00:00")


@pytest.mark.parametrize(
    ("zone", "utc"), [("0.0", "12:00"), ("1.0", "11:00"), ("-5.0", "17:00"), ("5.75", "06:15"), (" 1 ", "11:00")]
)
def test_the_offset_in_hours(zone: str, utc: str) -> None:
    found = read(
        '<startDate date="2026-03-01" time="12:00:00"/><forecastDate date="2026-03-01" time="06:00:00"/>',
        zone=f"<timeZone>{zone}</timeZone>",
    )
    assert value_and_time(found)[1] == f"2026-03-01T{utc}:00"
    header = found.series[0].header
    assert header.start == found.series[0].time[0] and header.issued_at == header.start - np.timedelta64(6, "h")


def test_no_offset_is_as_configured() -> None:
    data = document(zone="")
    assert value_and_time(read_pi(data, "made"))[1] == "2026-03-01T12:00:00"
    assert value_and_time(read_pi(data, "made", zone=1.0))[1] == "2026-03-01T11:00:00"
    assert value_and_time(read_pi(document(), "made", zone=1.0))[1] == "2026-03-01T12:00:00", "the file knows better"


@pytest.mark.parametrize("zone", ["Europe/Paris", "", "nan", "1e9", "+01:00"])
def test_a_wrong_offset_is_refused(zone: str) -> None:
    with pytest.raises(FeedError, match=rf"made: timeZone '{zone.replace('+', '[+]')}' is not an offset in hours"):
        read(zone=f"<timeZone>{zone}</timeZone>")


@pytest.mark.parametrize(
    ("missing", "value", "is_missing"),
    [
        ("-999.0", "-999", True), ("-999", "-999.00", True), ("-8888", "-8888.0", True), ("NaN", "NaN", True),
        ("NaN", "-999.0", False), ("-999.0", "NaN", True), ("-999.0", "", True), ("-999.0", "-998.9", False),
        ("0", "0.0", True),
    ],
)  # fmt: skip
def test_missing_values_of_any_kind(missing: str, value: str, is_missing: bool) -> None:
    found = read(f"<missVal>{missing}</missVal>", EVENT.replace("1.5", value) * 6)
    assert np.isnan(found.series[0].value).tolist() == [is_missing] * 6


@pytest.mark.parametrize("kind", ["instantaneous", "accumulative", "mean"])
def test_types(kind: str) -> None:
    found = read_pi(document().replace(b"instantaneous", kind.encode()), "made")
    assert found.series[0].header.kind == kind


@pytest.mark.parametrize(
    ("step", "meant", "seconds"),
    [
        ('unit="second" multiplier="3600"', TimeStep("second", 3600), 3600),
        ('multiplier="15" unit="minute"', TimeStep("minute", 15), 900),
        ('unit="hour"', TimeStep("hour"), 3600),
        ('unit="hour" divider="4"', TimeStep("hour", 1, 4), 900),
        ('unit="day"', TimeStep("day"), 86400),
        ('unit="week" multiplier="2"', TimeStep("week", 2), 1209600),
        ('unit="month"', TimeStep("month"), None),
        ('unit="year"', TimeStep("year"), None),
        ('unit="nonequidistant"', TimeStep(), None),
    ],
)
def test_time_steps(step: str, meant: TimeStep, seconds: int | None) -> None:
    found = read(f"<timeStep {step}/>").series[0].header.step
    assert found == meant
    assert found.length == (None if seconds is None else np.timedelta64(seconds, "s"))


def test_no_time_step_and_no_period_is_no_fault() -> None:
    found = read()
    assert found.series[0].header.step == TimeStep() and np.isnat(found.series[0].header.start) and found.faults == ()


@pytest.mark.parametrize("index", ["0", "3", "17", "-1", "1988"])
def test_members_of_any_index(index: str) -> None:
    header = read(f"<ensembleId>EPS</ensembleId><ensembleMemberIndex>{index}</ensembleMemberIndex>").series[0].header
    assert (header.ensemble, header.member, header.member_id) == ("EPS", int(index), "")


@pytest.mark.parametrize("index", ["9" * 400, "2147483648", "two", "1.5"])
def test_what_is_no_index_is_told(index: str) -> None:
    found = read(f'<ensembleMemberIndex>{index}</ensembleMemberIndex><timeStep unit="second" multiplier="{index}"/>')
    assert found.series[0].header.member is None and found.series[0].header.step.length == np.timedelta64(1, "s")
    assert [f"{name} '{index[:60]}' is not a whole number of at most" in fault for name, fault in zip(
        ("ensembleMemberIndex", "multiplier"), found.faults, strict=True)] == [True, True]  # fmt: skip


def test_a_member_by_name_and_none() -> None:
    header = read("<ensembleId>EPS</ensembleId><ensembleMemberId>control</ensembleMemberId>").series[0].header
    assert (header.member, header.member_id) == (None, "control")
    assert read().series[0].header.member is None, "the same for all members"


def test_qualifiers_in_their_order() -> None:
    assert read("<qualifierId>b</qualifierId><qualifierId>a</qualifierId>").series[0].header.qualifiers == ("b", "a")


def test_flags_missing_and_there_and_their_source() -> None:
    events = (
        EVENT + EVENT.replace(' flag="0"', "") + EVENT.replace('"0"', '"9" flagSource="HX" comment="ice" user="eve"')
    )
    series = read(events=events).series[0]
    assert series.flag.tolist() == [0, NO_FLAG, 9]
    assert {n: t.tolist() for n, t in series.more.items()} == {
        "flagSource": ["", "", "HX"], "comment": ["", "", "ice"], "user": ["", "", "eve"],
    }  # fmt: skip


def test_thresholds() -> None:
    thresholds = (
        '<highLevelThreshold id="y" name="Yellow" label="L" groupId="g" groupName="G" comment="c" value="2.5"/>'
        '<lowLevelThreshold id="low" name="Low" value="0.1"/><highLevelThreshold id="r" value="9"/>'
    )
    header = read(f"<thresholds>{thresholds}</thresholds>").series[0].header
    assert header.thresholds == (
        PiThreshold("y", 2.5, "Yellow", True, "L", "c", "g", "G"),
        PiThreshold("r", 9.0),
        PiThreshold("low", 0.1, "Low", False),
    )


def test_unknown_elements_and_attributes_are_passed_over() -> None:
    data = document(
        "<brandNew><deep><event/></deep></brandNew>", f"<properties><string key='a' value='b'/></properties>{EVENT}"
    )
    found = read_pi(data.replace(b"<series>", b"<news>x</news><series fs:x='1' xmlns:fs='urn:fs'>"), "made")
    assert value_and_time(found)[0] == 1.5 and len(found.series[0]) == 1 and found.faults == ()


def test_dates_with_slashes_and_milliseconds() -> None:
    found = read('<startDate date="2026/03/01" time="12:00:00"/>', EVENT.replace("12:00:00", "12:00:00.250"))
    assert str(found.series[0].time[0]) == "2026-03-01T12:00:00.250"
    assert str(found.series[0].header.start.astype("M8[m]")) == "2026-03-01T12:00"


@pytest.mark.parametrize("clock", ["24:00:00", "24:00", "24:00:00.000"])
@pytest.mark.parametrize("long", [False, True])
def test_the_day_ends_at_24(clock: str, long: bool) -> None:
    """Alone, and at the end of events that are read in columns."""
    day = "".join(f'<event date="2026-12-31" time="{h:02d}:00:00" value="{h}" flag="0"/>' for h in range(24 * long))
    (series,) = read(events=f'{day}<event date="2026-12-31" time="{clock}" value="24" flag="0"/>').series
    assert (str(series.time[-1]), series.value[-1]) == ("2027-01-01T00:00:00.000", 24.0)
    assert len(series) == 1 + 24 * long
    assert "24:01" in read(events='<event date="2026-12-31" time="24:01" value="1"/>').faults[0]


def test_what_cannot_be_used_is_told_once_and_the_rest_is_used() -> None:
    bad = [
        EVENT.replace("1.5", "wet"),
        EVENT.replace("1.5", "dry"),
        EVENT.replace("12:00:00", "25:00:00"),
        EVENT.replace('"0"', '"z"'),
    ]
    found = read("<lat>north</lat>", "".join([EVENT, *bad, EVENT]))
    assert len(found.series[0]) == 2
    assert found.faults == (
        "made: series 1 (a, H): lat 'north' is not a number",
        "made: series 1 (a, H): 2 events are not used: the value 'wet' and others",
        "made: series 1 (a, H): 1 event is not used: the time '2026-03-01 25:00:00'",
        "made: series 1 (a, H): 1 event is not used: the flag 'z'",
    )


def test_a_series_without_location_leaves_the_others() -> None:
    data = document().replace(
        b"<series>", b"<series><header/></series><series>" + EVENT.encode() + b"</series><series>", 1
    )
    found = read_pi(data, "made")
    assert len(found.series) == 1
    assert found.faults == (
        "made: series 1 is not used: the header has no locationId",
        "made: series 2 is not used: there is no header",
    )


def test_an_empty_document_has_no_series() -> None:
    assert read_pi(b'<TimeSeries xmlns="http://www.wldelft.nl/fews/PI"/>', "made") == PiFile(())
    assert b"".join(pi_xml([])).endswith(b"<timeZone>0.0</timeZone>\n</TimeSeries>\n")


BOMB = '<!DOCTYPE TimeSeries [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("text", ["&b;", "&f;", ""])
def test_a_document_type_is_refused(text: str) -> None:
    data = BOMB.encode() + document(f"<longName>{text}</longName>")
    with pytest.raises(FeedError, match="has a document type, which is not read"):
        read_pi(data, "made")


def test_a_document_type_beside_long_runs_is_refused() -> None:
    with pytest.raises(FeedError, match="has a document type"):
        read_pi(BOMB.encode() + document(events=EVENT * 500), "made")


def test_depth_size_and_bombs_have_an_end() -> None:
    deep = b"<TimeSeries><series>" + b"<a>" * 300 + b"</a>" * 300 + b"</series></TimeSeries>"
    with pytest.raises(FeedError, match=r"not well-formed|deeper"):
        read_pi(deep, "made")
    bomb = gzip.compress(document(events=EVENT + " " * 30_000_000))
    assert len(bomb) < 50_000
    with pytest.raises(FeedError, match="holds more than 1,000,000 bytes"):
        read_pi(bomb, "made", limits=XmlLimits(size=1_000_000))


@pytest.mark.parametrize("data", [b"", b"\x00\x01", b"not xml", document()[:-30], gzip.compress(document())[:-20]])
def test_half_a_file_is_refused(data: bytes) -> None:
    with pytest.raises(FeedError, match="^made: "):
        read_pi(data, "made")


def test_json_that_is_odd() -> None:
    with pytest.raises(FeedError, match="made: is not JSON"):
        read_pi_json(b"{", "made")
    with pytest.raises(FeedError, match="timeZone 'CET' is not an offset"):
        pi_json_series({"timeZone": "CET", "timeSeries": []}, "made")
    assert pi_json_series({"timeZone": "0.0"}, "made") == PiFile(()), "FEWS leaves out what is empty"
    header = {"locationId": "a", "parameterId": "H", "missVal": -999, "lat": 1}
    events = [{"date": "2026-03-01", "time": "12:00:00", "value": -999, "flag": 0}, None, {"value": "1"}]
    found = pi_json_series(
        {"timeZone": 1, "timeSeries": [{"header": header, "events": events}, 5, {"header": []}]}, "made"
    )
    assert (
        np.isnan(found.series[0].value).tolist() == [True] and str(found.series[0].time[0])[:16] == "2026-03-01T11:00"
    )
    assert len(found.faults) == 3
