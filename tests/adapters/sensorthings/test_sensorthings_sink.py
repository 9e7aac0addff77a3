"""The sink against a real server: repeats, crashes in between, revisions, refusals, units, reports; read back by plain
HTTP and by an independent client."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sensorthings_bulletins import few_quantiles
from sensorthings_server import PASSWORD, USER, SensorThings

from hydria_plugin import Alert, Bulletin, ConfigError, FeedError, Reason, Report, Secret
from hydria_plugin.exchange import Web
from hydria_plugin.testing import check_sink
from hydria_sensorthings.service import Service
from hydria_sensorthings.sink import SensorThingsSink

MADE = few_quantiles()
HOUR = np.timedelta64(1, "h")
PLACES = {target: (44.1, 4.0 + n / 10) for n, target in enumerate(MADE.layout.targets)}
COUNT = MADE.forecast.values.size + 1 + 1  # quantiles, the alert, the entry of the bulletin


def sink_of(server: SensorThings, **options: Any) -> SensorThingsSink:
    return SensorThingsSink(
        url=server.address, user=USER, password=Secret(PASSWORD), layout=MADE.layout, places=PLACES, **options
    )


def state(server: SensorThings) -> dict[str, Any]:
    """All that the server holds, by what people know it by, without its ids; a thing that is there twice fails."""
    names = {}
    for thing in server.all("Things"):
        for stream in server.all(f"Things('{thing['@iot.id']}')/Datastreams"):
            names[stream["@iot.id"]] = f"{thing['name']}: {stream['name']}"
    assert len(set(names.values())) == len(names), "a Datastream is there twice"
    held: dict[Any, Any] = {}
    answer = server.call("GET", "Observations", **{"$resultFormat": "dataArray", "$top": 10_000}).json()
    for group in answer["value"]:
        name = names[group["Datastream@iot.navigationLink"].split("('")[1].rstrip("')")]
        for row in group["dataArray"]:
            observation = dict(zip(group["components"], row, strict=True))
            key = (name, observation["resultTime"], observation["phenomenonTime"])
            assert key not in held, f"twice: {key}"
            held[key] = (observation["result"], json.dumps(observation.get("parameters"), sort_keys=True))
    for collection in ("Things", "Sensors", "ObservedProperties", "FeaturesOfInterest", "Locations"):
        known = [entity["name"] for entity in server.all(collection)]
        assert len(set(known)) == len(known), f"{collection}: {known}"
        held[collection] = sorted(known)
    return held


def observations(server: SensorThings) -> int:
    return len(server.all("Observations", orderby="id asc"))


def told(server: SensorThings, station: str, quantile: float, made: Bulletin = MADE) -> list[float]:
    """The leads of one station and quantile, as the server has them."""
    (stream,) = server.all("Datastreams", filter=f"name eq '{station} level forecast q{quantile:g} ({made.pipeline})'")
    path = f"Datastreams('{stream['@iot.id']}')/Observations"
    held = server.all(path, filter=f"resultTime eq {made.issued_at}Z")
    return [o["result"] for o in sorted(held, key=lambda o: o["phenomenonTime"])]


def raised(made: Bulletin, by: float, **changes: Any) -> Bulletin:
    forecast = replace(made.forecast, values=made.forecast.values + by)
    return replace(made, forecast=forecast, **changes)


def test_keeps_the_promises_of_a_sink(server: SensorThings) -> None:
    check_sink(sink_of(server), lambda: state(server), MADE)
    assert observations(server) == COUNT


def test_another_process_says_the_same_again(server: SensorThings) -> None:
    sink_of(server).write(MADE)
    once = state(server)
    sink_of(server).write(MADE)
    assert state(server) == once
    later = replace(MADE, issued_at=MADE.issued_at + HOUR, alerts=(), forecast=replace(
        MADE.forecast, issued_at=MADE.issued_at + HOUR))  # fmt: skip
    sink_of(server).write(later)
    assert observations(server) == COUNT + MADE.forecast.values.size + 1
    np.testing.assert_allclose(told(server, "s2", 0.5, later), MADE.forecast.values[1, :, 1], rtol=1e-6)


def test_a_new_bulletin_takes_six_calls(server: SensorThings, monkeypatch: Any) -> None:
    """However many stations there are: it is looked for, announced, written (alerts, quantiles), and marked as done."""
    sink = sink_of(server)
    sink.write(MADE)
    calls: list[str] = []
    followed = Web._followed

    def counted(web: Web, method: str, *rest: Any) -> Any:
        calls.append(method)
        return followed(web, method, *rest)

    monkeypatch.setattr(Web, "_followed", counted)
    later = MADE.issued_at + HOUR
    sink.write(replace(MADE, issued_at=later, forecast=replace(MADE.forecast, issued_at=later)))
    assert calls == ["GET", "POST", "POST", "POST", "GET", "PATCH"]


class Dying(Service):
    """Its connection is lost: before the call reaches the server, or after, when only the answer is lost."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.left, self.answer_only = 1_000_000, False

    def lose(self, call: Any, *args: Any) -> Any:
        self.left -= 1
        if self.left == 0:
            if self.answer_only:
                call(*args)
            raise FeedError("the connection is lost")
        return call(*args)

    def create(self, *args: Any) -> Any:
        return self.lose(super().create, *args)

    def create_observations(self, *args: Any) -> Any:
        return self.lose(super().create_observations, *args)

    def change(self, *args: Any) -> Any:
        return self.lose(super().change, *args)


def dying(server: SensorThings, left: int, answer_only: bool, monkeypatch: Any) -> tuple[SensorThingsSink, Dying]:
    monkeypatch.setattr("hydria_sensorthings.sink.Service", Dying)
    sink = sink_of(server)
    monkeypatch.undo()
    service = sink._service
    assert isinstance(service, Dying)
    service.left, service.answer_only = left, answer_only
    return sink, service


@pytest.mark.parametrize("answer_only", [False, True], ids=["before", "after"])
def test_a_crash_at_any_call_leaves_nothing_twice(server: SensorThings, monkeypatch: Any, answer_only: bool) -> None:
    """Each try, of a new process, gets one call further and is lost: at the next one, or at the answer to this one."""
    one = replace(MADE, layout=MADE.layout.only([0]), forecast=MADE.forecast.only([0]))
    tries = 0
    while tries < 60:
        tries += 1
        sink, service = dying(server, 1 if answer_only else 2, answer_only, monkeypatch)
        try:
            sink.write(one)
            break
        except FeedError:
            service.left = 1_000_000
    assert tries >= 16, "Things, Sensor, properties, Datastreams and observations are calls of their own"
    held = state(server)
    server.empty()
    sink_of(server).write(one)
    assert state(server) == held


def test_a_call_that_is_late_and_the_next_one_beside_it(server: SensorThings) -> None:
    """The house leaves a call that takes too long behind, and sends the bulletin again."""
    sink = sink_of(server)
    calls = [threading.Thread(target=sink.write, args=(MADE,)) for _ in range(3)]
    for call in calls:
        call.start()
    for call in calls:
        call.join(30)
    state(server)  # fails where a thing is there twice
    assert observations(server) == COUNT


def test_a_revision_takes_the_place_of_what_was_there(server: SensorThings) -> None:
    sink = sink_of(server)
    sink.write(MADE)
    values = MADE.forecast.values + 0.5
    values[2] = np.nan  # and one station less
    alert = replace(MADE.alerts[0], reason=Reason.HIGHER, sequence=1, rank=1, threshold="orange")
    newer = replace(MADE, revision=1, alerts=(alert,), forecast=replace(MADE.forecast, values=values))
    sink.write(newer)
    assert told(server, "s1", 0.5) == pytest.approx(values[0, :, 1], rel=1e-6)
    assert told(server, "s3", 0.5) == []
    (stream,) = server.all("Datastreams", filter="name eq 's1 warning level (sample)'")
    (warning,) = server.all(f"Datastreams('{stream['@iot.id']}')/Observations")
    assert warning["result"] == 2 and warning["parameters"]["threshold"] == "orange"
    once = state(server)
    sink_of(server).write(newer)
    sink_of(server).write(MADE)  # an older revision that comes late changes nothing
    assert state(server) == once


def test_a_revision_without_an_alert_takes_it_back(server: SensorThings) -> None:
    sink_of(server).write(MADE)
    sink_of(server).write(replace(MADE, revision=1, alerts=()))
    assert not [key for key in state(server) if "warning level" in key[0]]


def test_alerts_that_are_no_news_are_written_where_asked(server: SensorThings) -> None:
    quiet: Alert = replace(MADE.alerts[0], reason=Reason.NOTHING_NEW)
    sink_of(server).write(replace(MADE, alerts=(quiet,)))
    assert not [key for key in state(server) if "warning level" in key[0]]
    sink_of(server, alerts="all").write(replace(MADE, revision=1, alerts=(quiet,)))
    assert len([key for key in state(server) if "warning level" in key[0]]) == 1


def test_stations_that_are_there_and_datastreams_that_the_admin_made(server: SensorThings) -> None:
    """A Thing by its name, one by its id, a Datastream by its name, in the host's unit."""
    thing = server.create("Things", {"name": "Gauge s1", "description": "d"})
    other = server.create("Things", {"name": "somewhere", "description": "d"})
    server.datastream(thing, "median of s1", "cm", "Stage")
    names = {"thing": "Gauge {station}", "things": {"s2": other}, "datastream": "{quantile} of {station}"}
    sink_of(server, **{**names, "datastream": "median of {station}{quantile}"}).write(MADE)
    sink_of(server, **names).probe()
    listed = {t["@iot.id"]: t["name"] for t in server.all("Things")}
    assert sorted(listed.values()) == ["Gauge s1", "Gauge s3", "hydria sample", "somewhere"]


def test_values_in_the_unit_of_a_datastream_that_is_there(server: SensorThings) -> None:
    thing = server.create("Things", {"name": "s1", "description": "d"})
    stream = server.datastream(thing, "s1 level forecast q0.5 (sample)", "cm", "Stage")
    sink_of(server).write(MADE)
    held = server.all(f"Datastreams('{stream}')/Observations")
    values = [o["result"] for o in sorted(held, key=lambda o: o["phenomenonTime"])]
    np.testing.assert_allclose(values, 100 * MADE.forecast.values[0, :, 1], rtol=1e-6)
    sink_of(server).write(replace(MADE, revision=1))
    assert len(server.all(f"Datastreams('{stream}')/Observations")) == len(values)


def test_a_datastream_in_another_kind_of_unit_is_refused(server: SensorThings) -> None:
    thing = server.create("Things", {"name": "s1", "description": "d"})
    server.datastream(thing, "s1 level forecast q0.5 (sample)", "m3/s", "Flow")
    with pytest.raises(FeedError, match="cannot take values in 'm': unit 'm3/s' measures a discharge"):
        sink_of(server).write(MADE)


def test_nothing_is_made_where_nothing_may_be(server: SensorThings) -> None:
    with pytest.raises(FeedError, match="there is not a Thing called 's1', and create = false"):
        sink_of(server, create=False).write(MADE)
    thing = server.create("Things", {"name": "s1", "description": "d"})
    with pytest.raises(FeedError, match=r"there is not a Datastream called 's1 (warning|level)"):
        sink_of(server, create=False, things={"s2": thing, "s3": thing}).write(MADE)
    assert observations(server) == 0
    sink_of(server).write(MADE)  # all is made
    once = state(server)
    sink_of(server, create=False).write(replace(MADE, revision=0))
    assert state(server) == once


def test_two_things_of_one_name_are_told_apart_by_the_admin(server: SensorThings) -> None:
    first, _ = (server.create("Things", {"name": "s1", "description": "d"}) for _ in range(2))
    with pytest.raises(FeedError, match="2 Things are called 's1': say which by things"):
        sink_of(server).write(MADE)
    sink_of(server, things={"s1": first}).write(MADE)
    with pytest.raises(FeedError, match="there is no Thing with the id 'nowhere'"):
        sink_of(server, things={"s1": "nowhere"}).write(replace(MADE, revision=1))


def test_a_datastream_removed_by_someone_is_made_again(server: SensorThings) -> None:
    sink = sink_of(server)
    sink.write(MADE)
    once = state(server)
    (stream,) = server.all("Datastreams", filter="name eq 's2 level forecast q0.9 (sample)'")
    assert server.call("DELETE", f"Datastreams('{stream['@iot.id']}')").status_code == 204
    with pytest.raises(FeedError):
        sink.write(replace(MADE, revision=1))
    sink.write(replace(MADE, revision=1))
    assert set(state(server)) == set(once)


def test_a_server_that_is_away_and_comes_back(server: SensorThings) -> None:
    sink = sink_of(server, timeout_s=5)
    sink.write(MADE)
    server.stop()
    missed = [replace(MADE, issued_at=MADE.issued_at + n * HOUR, forecast=replace(
        MADE.forecast, issued_at=MADE.issued_at + n * HOUR)) for n in (1, 2)]  # fmt: skip
    try:
        with pytest.raises(FeedError, match="no whole answer"):
            sink.write(missed[0])
    finally:
        server.start()
    for late in missed:
        sink.write(late)
    assert observations(server) == 3 * COUNT


def test_reports_hang_on_their_event(server: SensorThings) -> None:
    event = MADE.alerts[0].event
    body = {"share": 0.7, "nothing": float("nan"), "svg": "<svg/>", "parts": [1, 2, {"a": None}]}
    knox = Report("knox", "s1", event, "It came from the north", body)
    undated = replace(knox, event="unheard-of")
    sink = sink_of(server)
    with pytest.raises(FeedError, match="cannot be dated: the server has no warning of event"):
        sink.write_reports([knox])
    sink.write(MADE)
    sink.write_reports([knox, knox])
    once = state(server)
    sink_of(server).write_reports([knox])  # another process finds the event on the server
    assert state(server) == once
    (key,) = [key for key in once if key[0] == "s1: s1 knox report"]
    assert key[1] == f"{MADE.issued_at}+00:00"
    parameters = json.loads(once[key][1])
    assert parameters["event"] == event and parameters["body"] == {"share": 0.7, "parts": [1, 2, {}]}
    with pytest.raises(FeedError, match="event 'unheard-of'"):
        sink.write_reports([undated])
    sink.write_reports([replace(knox, headline="It came from the south")])
    held = state(server)
    (key,) = [key for key in held if key[0] == "s1: s1 knox report"]
    assert json.loads(held[key][1])["headline"] == "It came from the south"
    sink_of(server, pictures=True).write_reports([knox])
    assert json.loads(state(server)[key][1])["body"]["svg"] == "<svg/>"


def test_many_datastreams_at_one_thing(server: SensorThings) -> None:
    """More than the server's page: what is on the second page is not made again."""
    thing = server.create("Things", {"name": "s1", "description": "d"})
    server.datastream(thing, "other", "m", "Stage")
    server.copy_datastreams(100)
    sink_of(server).write(MADE)
    once = len(server.all("Datastreams"))
    sink_of(server).write(replace(MADE, revision=1))
    assert len(server.all("Datastreams")) == once > 110


def test_probe_says_who_is_there_and_changes_nothing(server: SensorThings) -> None:
    server.create("Things", {"name": "s2", "description": "d"})
    before = state(server)
    said = sink_of(server).probe()
    assert "1 of 3 stations' Things are there; those of s1, s3 are made with the first bulletin; data arrays." in said
    assert state(server) == before and PASSWORD not in said
    assert "must be made there, for create = false" in sink_of(server, create=False).probe()


def test_an_independent_client_reads_it_back(server: SensorThings) -> None:
    """frost-sta-client, in the server's own environment."""
    sink_of(server).write(MADE)
    code = """
import sys, json, frost_sta_client as fsc
service = fsc.SensorThingsService(sys.argv[1], auth_handler=fsc.AuthHandler(sys.argv[2], sys.argv[3]))
found = {}
for stream in service.datastreams().query().expand("Thing").list():
    rows = stream.get_observations().query().list()
    found[stream.name] = sorted([str(o.phenomenon_time), str(o.result_time), o.result] for o in rows)
print(json.dumps(found))
"""
    words = [str(server.python), "-c", code, server.address, USER, PASSWORD]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, env={"PATH": os.environ["PATH"]})
    assert done.returncode == 0, done.stderr[-1500:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert len(found) == MADE.forecast.values[:, 0].size + 1 + 1
    for row, station in enumerate(MADE.layout.stations):
        for q, quantile in enumerate(MADE.forecast.quantiles):
            rows = found[f"{station} level forecast q{quantile:g} (sample)"]
            np.testing.assert_allclose([r[2] for r in rows], MADE.forecast.values[row, :, q], rtol=1e-6)
            assert [r[0][:19] for r in rows] == [str(t) for t in MADE.forecast.valid_times()]
            assert {r[1][:19] for r in rows} == {str(MADE.issued_at)}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"thing": "{stations}"}, "{stations} is not known; allowed: {station}, {name}"),
        ({"datastream": "{station}"}, "must hold {quantile}"),
        ({"report": "{station}"}, "must hold {kind}"),
        ({"warning": ""}, "must be a text"),
        ({"alerts": "some"}, "must be 'news' or 'all'"),
        ({"create": 1}, "must be true or false"),
    ],
)
def test_options_that_cannot_be(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        SensorThingsSink(url="https://sta.example/v1.1", **options)
    assert said in str(caught.value)
    with pytest.raises(ConfigError, match="is no web address"):
        SensorThingsSink(url="sta.example")
