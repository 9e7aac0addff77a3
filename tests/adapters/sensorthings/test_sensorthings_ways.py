"""Servers that behave as servers do: links elsewhere, half an answer, circles, "error" among links, no data arrays."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from csv_feeds import asked, cells, problems
from sensorthings_bulletins import few_quantiles
from web_server import Say, Server, text

from hydria_plugin import ConfigError, FeedError, Secret
from hydria_sensorthings.holdings import Held
from hydria_sensorthings.issue import Fresh, put
from hydria_sensorthings.plan import Cell
from hydria_sensorthings.service import Service
from hydria_sensorthings.sink import SensorThingsSink
from hydria_sensorthings.source import SensorThingsSource

CANARY = "canary-40f2"
MADE = few_quantiles()
STREAM = {"@iot.id": 7, "name": "H", "unitOfMeasurement": {"name": "metre", "symbol": "m", "definition": ""}}
ARRAYS = {"conformance": ["http://www.opengis.net/spec/iot_sensing/1.1/req/data-array/data-array"]}
HELD = Held(7, "Datastreams(7)", "H median", 1.0, "")


def answer(body: Any, status: int = 200, **headers: str) -> Say:
    return text(status, json.dumps(body).encode(), **headers)


def serve(web_server: Server, *observations: Say, settings: Any = None) -> Server:
    """A server of version 1.0 with one Datastream; ``observations`` are its answers, one after the other."""
    root = {"value": [{"name": "Things"}], **({"serverSettings": settings} if settings else {})}
    web_server.says["/v1/"] = web_server.says["/v1"] = [answer(root)]
    web_server.says["/v1/Datastreams"] = [answer({"value": [STREAM]})]
    fine = answer({"value": []})
    web_server.says["/v1/Datastreams(7)/Observations"] = [fine, fine, *observations]  # two trials come first
    return web_server


def source_of(web_server: Server, **options: Any) -> SensorThingsSource:
    return SensorThingsSource(url=f"{web_server.address}/v1", **{"series": "{name}", **options})


def row(hour: int, value: Any, **more: Any) -> dict[str, Any]:
    return {
        "@iot.id": hour,
        "phenomenonTime": f"2020-01-01T{hour:02}:00:00.000Z",
        "result": value,
        "resultTime": None,
        **more,
    }


def question():
    return asked(["H"], "2020-01-01T00:00", "2020-01-01T12:00", step=60)


def test_a_next_link_that_names_a_host_that_nobody_reaches(web_server: Server) -> None:
    """As behind a proxy: its query counts. And it is escaped again."""
    elsewhere = "http://internal.invalid:8080/v1/Datastreams(7)/Observations?$orderby=id asc&$skip=1"
    pages = (answer({"value": [row(1, 1.5)], "@iot.nextLink": elsewhere}), answer({"value": [row(2, 2.5)]}))
    source = source_of(serve(web_server, *pages), token=Secret(CANARY))
    assert cells(source.read(question())) == [("H", "2020-01-01T01:00", 1.5), ("H", "2020-01-01T02:00", 2.5)]
    last = urlsplit(web_server.calls[-1][1])
    assert " " not in last.query and parse_qs(last.query) == {"$orderby": ["id asc"], "$skip": ["1"]}
    assert web_server.calls[-1][2]["Authorization"] == f"Bearer {CANARY}"


def test_a_next_link_to_another_collection_elsewhere_is_not_followed(web_server: Server) -> None:
    page = answer({"value": [], "@iot.nextLink": "http://169.254.169.254/latest/meta-data"})
    with pytest.raises(FeedError, match="169.254.169.254' is not listed"):
        source_of(serve(web_server, page)).read(question())


def test_pages_in_a_circle(web_server: Server) -> None:
    page = answer({"value": [row(1, 1)], "@iot.nextLink": "Observations?$skip=1"})
    with pytest.raises(FeedError, match="the pages go in a circle"):
        source_of(serve(web_server, page)).read(question())


def half(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"value": [{"result": 1, "phenom')


def test_half_an_answer_is_asked_for_again(web_server: Server) -> None:
    source = source_of(serve(web_server, half, answer({"value": [row(1, 1.5)]})))
    assert cells(source.read(question())) == [("H", "2020-01-01T01:00", 1.5)]


def test_an_answer_that_stops_in_the_middle_of_its_json_is_no_answer(web_server: Server) -> None:
    source = source_of(serve(web_server, text(200, b'{"value": [{"result": 1, "phenom')))
    with pytest.raises(FeedError, match="the answer is not JSON"):
        source.read(question())


def test_results_of_all_sorts_intervals_and_no_result_time(web_server: Server) -> None:
    rows = [row(1, "1.5"), row(2, True), row(3, "dry"), row(4, -999)]
    rows.append(row(5, 5, phenomenonTime="2020-01-01T04:00:00Z/2020-01-01T05:00:00Z"))
    ended = source_of(serve(web_server, answer({"value": rows})), missing=[-999])
    table = ended.read(question())
    assert [(t[11:13], v) for _, t, v in cells(table) if v == v] == [("01", 1.5), ("02", 1.0), ("05", 5.0)]
    assert table["value"].isna().sum() == 1 and problems(table) == [
        'H: result "dry" is not a number; the value is not used'
    ]
    begun = source_of(serve(web_server, answer({"value": rows})), interval="start")
    assert ("H", "2020-01-01T04:00", 5.0) in cells(begun.read(question()))


def test_one_series_that_is_refused_costs_no_other(web_server: Server) -> None:
    serve(web_server, answer({"value": [row(1, 1.5)]}))
    web_server.says["/v1/Datastreams"] = [answer({"value": [STREAM, {**STREAM, "@iot.id": "gone", "name": "Q"}]})]
    web_server.says["/v1/Datastreams('gone')/Observations"] = [answer({"message": "no such thing"}, 404)]
    table = source_of(web_server).read(asked(["H", "Q"], "2020-01-01T00:00", "2020-01-01T12:00", step=60))
    assert [s for s, *_ in cells(table)] == ["H"]
    assert "Q: cannot be read: GET" in problems(table)[0] and "no such thing" in problems(table)[0]


def test_forecasts_without_an_issue_time_are_told(web_server: Server) -> None:
    table = source_of(serve(web_server, answer({"value": [row(1, 1)]})), forecasts=["H"]).read(question())
    assert len(table) == 0 and "a forecast without resultTime is not used" in problems(table)[0]


@pytest.mark.parametrize(
    ("body", "said"),
    [({"message": "hello"}, "is not the root of a SensorThings service"), ([], "is not the root of a SensorThings")],
)
def test_an_address_that_is_something_else(web_server: Server, body: Any, said: str) -> None:
    serve(web_server)
    web_server.says["/v1/"] = [answer(body)]
    with pytest.raises(FeedError, match=said):
        source_of(web_server).read(question())


def test_a_secret_that_the_server_repeats_is_not_told(web_server: Server) -> None:
    web_server.says["/v1/Datastreams"] = [answer({"message": f"wrong: {CANARY}"}, 403)]
    source = source_of(web_server, token=Secret(CANARY))
    with pytest.raises(FeedError, match="HTTP 403") as caught:
        source.read(question())
    assert CANARY not in f"{caught.value} {caught.value!r} {source.__dict__}"
    web_server.says["/v1/"] = [answer({"message": f"wrong: {CANARY}"}, 403)]
    sink = SensorThingsSink(url=f"{web_server.address}/v1", token=Secret(CANARY))
    web_server.says["/v1/Things"] = [answer({"message": f"wrong: {CANARY}"}, 403)]
    for call in (sink.probe, lambda: sink.write(MADE)):
        with pytest.raises(FeedError) as caught:
            call()
        assert CANARY not in f"{caught.value} {caught.value!r}"


def fresh(count: int) -> list[Fresh]:
    first = MADE.issued_at
    return [Fresh(HELD, Cell(first + (n + 1) * MADE.layout.step, n / 2)) for n in range(count)]


def posted(web_server: Server, path: str) -> list[Any]:
    return [json.loads(body) for method, called, _, body in web_server.calls if method == "POST" and called == path]


def test_rows_that_the_server_calls_an_error_are_sent_alone(web_server: Server) -> None:
    """Then it says why, or takes them."""
    serve(web_server, settings=ARRAYS)
    web_server.says["/v1/CreateObservations"] = [answer(["http://h/Observations(1)", "error", "error"], 201)]
    made = answer({}, 201, Location="http://h/v1/Observations(9)")
    web_server.says["/v1/Observations"] = [made, answer({"message": "the river is dry"}, 422)]
    with pytest.raises(FeedError, match="'H median' valid at 2026-03-01T09:00:00Z was refused: .*the river is dry"):
        put(Service(f"{web_server.address}/v1"), fresh(3), MADE.issued_at)
    (groups,) = posted(web_server, "/v1/CreateObservations")
    assert groups[0]["components"] == ["phenomenonTime", "resultTime", "result"]
    assert groups[0]["dataArray@iot.count"] == 3 and groups[0]["Datastream"] == {"@iot.id": 7}
    alone = posted(web_server, "/v1/Observations")
    assert [a["result"] for a in alone] == [0.5, 1.0] and alone[0]["Datastream"] == {"@iot.id": 7}


def test_an_error_that_belongs_to_nobody_is_a_failure(web_server: Server) -> None:
    serve(web_server, settings=ARRAYS)
    web_server.says["/v1/CreateObservations"] = [answer(["error"], 201)]
    with pytest.raises(FeedError, match="CreateObservations did not take all: 1 of 1 answers are 'error', for 3"):
        put(Service(f"{web_server.address}/v1"), fresh(3), MADE.issued_at)
    web_server.says["/v1/CreateObservations"] = [answer({"message": "ok"}, 201)]
    with pytest.raises(FeedError, match="a list of links was expected, not dict"):
        put(Service(f"{web_server.address}/v1"), fresh(1), MADE.issued_at)


def test_a_server_without_data_arrays_gets_one_at_a_time(web_server: Server) -> None:
    serve(web_server)
    web_server.says["/v1/Observations"] = [answer({"@iot.id": 12}, 201)]
    put(Service(f"{web_server.address}/v1"), fresh(3), MADE.issued_at)
    assert len(posted(web_server, "/v1/Observations")) == 3
    web_server.says["/v1/Observations"] = [answer({}, 201)]
    with pytest.raises(FeedError, match="the new entity has no name"):
        put(Service(f"{web_server.address}/v1"), fresh(1), MADE.issued_at)


def test_many_rows_go_in_several_calls(web_server: Server) -> None:
    serve(web_server, settings=ARRAYS)
    web_server.says["/v1/CreateObservations"] = [answer([], 201)]
    put(Service(f"{web_server.address}/v1"), fresh(4500), MADE.issued_at)
    sizes = [sum(g["dataArray@iot.count"] for g in groups) for groups in posted(web_server, "/v1/CreateObservations")]
    assert sizes == [2000, 2000, 500]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"series": "H"}, "must be a text with at least one of {id}"),
        ({"series": "{code}"}, "{code} is not known"),
        ({"interval": "middle"}, "interval = 'middle' must be 'end' or 'start'"),
        ({"units": {"H": "cubits"}}, "'cubits' of H is not known"),
        ({"shift": {"H": "soon"}}, "'soon' of H must be a duration"),
        ({"timezone": "Mars/Olympus"}, "timezone = 'Mars/Olympus' is not known"),
        ({"missing": ["-"]}, "must be a list of numbers"),
        ({"flags": {"A": "fine"}}, "flags: 'fine' for 'A' is not known; allowed: good"),
        ({"page": 0}, "page = 0 must be a number"),
        ({"user": "me"}, "user and password go together"),
    ],
)
def test_options_that_cannot_be(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        SensorThingsSource(url="https://sta.example/v1.1", **options)
    assert said in str(caught.value)


def test_all_faults_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        SensorThingsSource(url="https://a", series="x", interval="y", page=-1)
    assert str(caught.value).count("source sensorthings: ") == 3
