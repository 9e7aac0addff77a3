"""Observations of all sorts of servers, read: recorded ones, made-up ones, broken ones."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutations import check_survives
from web_server import Server, text

from hydria_plugin import FeedError, Flag
from hydria_plugin.exchange import Answer
from hydria_sensorthings.catalogue import unit_of
from hydria_sensorthings.faults import Faults, quoted
from hydria_sensorthings.importer import kind_of, label_of, point_in
from hydria_sensorthings.issue import kept_of
from hydria_sensorthings.links import entity_path, id_of, literal, path_of, query_of, same_collection
from hydria_sensorthings.naming import filled, template_faults
from hydria_sensorthings.readings import Manner, Unusable, reading_of, readings, records
from hydria_sensorthings.service import Found, Service, page_of

PLACES = [up / "shared" / "samples" / "sensorthings" for up in Path(__file__).resolve().parents]
SAMPLES = next((place for place in PLACES if place.is_dir()), PLACES[-1])
real = pytest.mark.skipif(not SAMPLES.is_dir(), reason="../shared/samples is not beside this checkout")
PLAIN = Manner()


def sample(name: str) -> dict[str, Any]:
    return page_of(Answer(200, {}, (SAMPLES / name).read_bytes(), name))


def read(record: dict[str, Any], manner: Manner = PLAIN) -> tuple[str, float]:
    reading = reading_of({"phenomenonTime": "2026-01-01T00:00:00Z", **record}, manner)
    return str(reading.end.astype("datetime64[s]")), reading.value


@real
def test_a_recorded_page_of_version_1_0_without_result_times() -> None:
    faults = Faults()
    found = list(readings(sample("v1.0_observations_page_taiwan.json"), PLAIN, "pm", faults))
    assert [r.value for r in found] == [11.92, 11.08] and faults.problems() == []
    assert all(np.isnat(r.resulted) for r in found)
    assert str(found[0].end) == "2021-03-20T13:07:28.000000"


@real
def test_a_recorded_page_and_a_data_array_say_the_same() -> None:
    page = sample("v1.1_observations_page_djangoogc.json")
    array = sample("v1.1_observations_dataarray_djangoogc.json")
    of_page, of_array = (list(readings(d, PLAIN, "x", Faults())) for d in (page, array))
    assert len(of_page) == 5
    assert [(r.end, r.value, r.resulted) for r in of_page] == [(r.end, r.value, r.resulted) for r in of_array]


@real
def test_the_recorded_link_to_the_next_page_with_its_blanks() -> None:
    link = sample("v1.1_observations_page_djangoogc.json")["@iot.nextLink"]
    assert " " in link
    assert query_of(link) == [("$orderby", "resultTime asc"), ("$count", "true"), ("$top", "5"), ("$skip", "5")]
    assert same_collection(link, "Datastreams('x')/Observations")


@real
def test_a_recorded_root_says_that_there_are_data_arrays(web_server: Server) -> None:
    web_server.says["/v1.1/"] = [text(200, (SAMPLES / "v1.1_root_djangoogc.json").read_bytes())]
    service = Service(f"{web_server.address}/v1.1")
    assert service.has_data_arrays() and len(service.conformance()) == 5


@real
def test_every_recorded_file_is_read_by_a_test() -> None:
    tests = Path(__file__).read_text()
    assert all(f'"{path.name}"' in tests for path in SAMPLES.iterdir())


@real
def test_recorded_datastreams_with_ids_of_both_kinds() -> None:
    (metre,) = [Found.of(d, "Datastreams") for d in sample("v1.1_datastreams_expanded_djangoogc.json")["value"]]
    assert metre.path == "Datastreams('01a20572-7661-7638-a2b7-c83916c1057b')" and unit_of(metre.body) == "m"
    assert filled("{thing.properties.code}/{property}", metre.body) == "X1/Stage"
    assert kind_of(metre.body) == ("level", "") and label_of(metre.body) == "Station Test, Stage, H"
    assert point_in(metre.body["Thing"]["Locations"][0]["location"]) == (43.6, 3.88)
    numbered = [Found.of(d, "Datastreams") for d in sample("v1.0_datastreams_taiwan.json")["value"]]
    assert [d.path for d in numbered] == ["Datastreams(1)", "Datastreams(3)", "Datastreams(2)"]
    assert [d.id for d in numbered] == [1, 3, 2]
    kinds = [kind_of(d.body) for d in numbered]
    assert kinds[0] == ("other", "its unit 'μg/m3' is not known") and kinds[1] == ("temperature", "")


@pytest.mark.parametrize(
    ("phenomenon", "begin", "end"),
    [
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00", "2026-01-01T00:00:00"),
        ("2026-01-01T00:00:00.123456789+01:00", "2025-12-31T23:00:00.123456", "2025-12-31T23:00:00.123456"),
        ("2026-01-01T00:00:00Z/2026-01-01T01:00:00Z", "2026-01-01T00:00:00", "2026-01-01T01:00:00"),
        ("2026-01-01T02:00:00+02:00/2026-01-01T01:00:00Z", "2026-01-01T00:00:00", "2026-01-01T01:00:00"),
        ("2026-01-01T00:00:00Z/..", "2026-01-01T00:00:00", "2026-01-01T00:00:00"),
    ],
)
def test_instants_and_intervals(phenomenon: str, begin: str, end: str) -> None:
    reading = reading_of({"phenomenonTime": phenomenon, "result": 1}, PLAIN)
    assert (reading.begin, reading.end) == (np.datetime64(begin, "us"), np.datetime64(end, "us"))


def test_times_without_offset_are_of_the_zone_that_the_admin_says() -> None:
    manner = Manner(zone=ZoneInfo("Europe/Paris"))
    assert read({"phenomenonTime": "2026-07-01T12:00:00", "result": 1}, manner)[0] == "2026-07-01T10:00:00"


@pytest.mark.parametrize(
    ("result", "value"),
    [(1, 1.0), (1.5, 1.5), ("1.5", 1.5), (" -2e3 ", -2000.0), (True, 1.0), (False, 0.0), (-999, math.nan),
     (None, math.nan), ("NaN", math.nan)],
)  # fmt: skip
def test_results_that_are_numbers(result: Any, value: float) -> None:
    assert read({"result": result}, Manner(missing=frozenset([-999.0])))[1] == pytest.approx(value, nan_ok=True)


@pytest.mark.parametrize("result", ["high", "1,5", [1], {"a": 1}, 1e15, "inf", float("-inf"), "", 10**400])
def test_results_that_are_none(result: Any) -> None:
    with pytest.raises(Unusable, match="is not a number|cannot be a measurement"):
        read({"result": result})


@pytest.mark.parametrize("time", [None, "", "yesterday", "2026-02-30T00:00:00Z", 5, "2026-01-02Z/2026-01-01Z",
                                  "9999-12-31T23:59:59-12:00x"])  # fmt: skip
def test_times_that_are_none(time: Any) -> None:
    with pytest.raises(Unusable, match="phenomenonTime"):
        read({"phenomenonTime": time, "result": 1})


def test_what_cannot_be_used_is_told_once_for_each_kind() -> None:
    rows = [{"phenomenonTime": "2026-01-01T00:00:00Z", "result": r} for r in ("a", 1, "b", [2])]
    faults = Faults()
    assert [r.value for r in readings({"value": [*rows, "no", {"result": 1}]}, PLAIN, "H", faults)] == [1.0]
    assert [p.error for p in faults.problems()] == [
        'H: result "a" is not a number; the value is not used (and 2 more like it)',
        "H: an observation without phenomenonTime (null) is not used",
    ]
    assert len(quoted("x" * 500)) < 70


def test_words_on_quality() -> None:
    manner = Manner(flag=("resultQuality", "code"), flags={"A": int(Flag.GOOD), "3": int(Flag.FAIL)})
    record = {"phenomenonTime": "2026-01-01T00:00:00Z", "result": 1}
    told = [
        reading_of({**record, "resultQuality": q}, manner).flag
        for q in ({"code": "A"}, {"code": 3}, {"code": "?"}, "A")
    ]
    assert told == [Flag.GOOD, Flag.FAIL, Flag.UNKNOWN, Flag.UNKNOWN]
    assert reading_of({**record, "parameters": {"member": 7}}, PLAIN).member == 7


def test_rows_of_a_data_array_that_do_not_fit_are_passed_over() -> None:
    array = {"components": ["phenomenonTime", "result"], "dataArray": [["t", 1], ["t"], "x", ["u", 2]]}
    assert [r["result"] for r in records({"value": [array]})] == [1, 2]


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20)


@given(st.one_of(st.integers(-(10**17), 10**17), WORDS))
def test_an_id_is_itself_again(id: int | str) -> None:
    path = entity_path("Things", id)
    assert id_of(path) == id
    assert id_of(f"http://host/v1.1/{path}") == id
    assert path_of({"@iot.id": id, "@iot.selfLink": f"https://h/v1.1/{path}"}, "Things") == path


@given(WORDS)
def test_a_text_stays_one_text_in_a_filter(text: str) -> None:
    written = literal(text)
    assert written[0] == written[-1] == "'" and written[1:-1].replace("''", "").count("'") == 0
    assert written[1:-1].replace("''", "'") == text


def test_a_server_that_writes_uuids_without_quotes_gets_them_so() -> None:
    link = "https://h/v1.1/Things(5f0e9c1a-1111-2222-3333-444455556666)"
    entity = {"@iot.id": "5f0e9c1a-1111-2222-3333-444455556666", "@iot.selfLink": link}
    assert path_of(entity, "Things") == "Things(5f0e9c1a-1111-2222-3333-444455556666)"
    assert id_of(link) == entity["@iot.id"]


@pytest.mark.parametrize(
    ("link", "query"),
    [
        ("http://h/a?$filter=phenomenonTime ge 2026-01-01T00:00:00+00:00&$skip=5",
         [("$filter", "phenomenonTime ge 2026-01-01T00:00:00+00:00"), ("$skip", "5")]),
        ("http://h/a?%24orderby=phenomenonTime+asc&%24skip=5#x", [("$orderby", "phenomenonTime asc"), ("$skip", "5")]),
        ("http://h/a?$filter=name%20eq%20%27a%2Bb%27", [("$filter", "name eq 'a+b'")]),
        ("http://h/a", []),
    ],
)  # fmt: skip
def test_links_escaped_and_not(link: str, query: list[tuple[str, str]]) -> None:
    assert query_of(link) == query


def test_templates_that_cannot_be() -> None:
    assert template_faults("series", "{id}-{thing.properties.a.b}") == []
    assert "{thing.code} is not known" in template_faults("series", "{thing.code}")[0]
    assert "at least one of" in template_faults("series", "H")[0]
    assert filled("{thing}/{name}", {"name": "H"}) is None and filled("{name}", {"name": True}) is None


def parsed(data: bytes) -> None:
    """All that is done with what a server says, before a number leaves."""
    document = page_of(Answer(200, {}, data, "GET made-up"))
    faults = Faults()
    for reading in readings(document, Manner(flags={"good": 1}, flag=("resultQuality",)), "H", faults):
        assert reading.begin <= reading.end and not math.isinf(reading.value)
    for problem in faults.problems():
        assert len(problem.error) < 1000
    query_of(str(document.get("@iot.nextLink")))
    for entity in document["value"]:
        if isinstance(entity, dict):
            found = Found.of(entity, "Datastreams")
            id_of(found.path)
            filled("{thing}/{property}/{thing.properties.code}", found.body)
            unit_of(found.body)
            kind_of(found.body)
            kept_of(found.body)


def messages() -> list[bytes]:
    made = {
        "@iot.nextLink": "http://h/v1.1/Datastreams(1)/Observations?$skip=5&$orderby=id asc",
        "value": [
            {"@iot.id": 1, "phenomenonTime": "2026-01-01T00:00:00Z/2026-01-01T01:00:00Z", "result": "1.5",
             "resultTime": None, "resultQuality": "good", "parameters": {"member": 3}},
            {"components": ["phenomenonTime", "result", "resultTime"],
             "dataArray": [["2026-01-01T00:00:00Z", 1, None]]},
            {"@iot.id": "a", "@iot.selfLink": "http://h/v1.1/Datastreams('a')", "name": "H", "unitOfMeasurement":
             {"symbol": "m", "name": "metre", "definition": "http://q/M"},
             "Thing": {"name": "T", "properties": {"code": 1}}},
        ],
    }  # fmt: skip
    recorded = [p.read_bytes() for p in sorted(SAMPLES.glob("*.json"))] if SAMPLES.is_dir() else []
    return [json.dumps(made).encode(), *recorded]


def test_broken_answers_are_survived() -> None:
    assert check_survives(parsed, messages(), count=400) > 20


@pytest.mark.soak
def test_ten_thousand_broken_answers_are_survived() -> None:
    check_survives(parsed, messages(), count=10_000, seed=2)


def test_what_is_no_collection_is_refused_with_a_sentence() -> None:
    for data in (b"[]", b"{}", b'{"value": 1}', b"<html>", b""):
        with pytest.raises(FeedError, match="is not a SensorThings collection|is not JSON"):
            page_of(Answer(200, {}, data, "GET somewhere"))
