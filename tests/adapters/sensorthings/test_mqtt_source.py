"""Feeds through a real Mosquitto: SensorThings and other messages, repeats, what came while we were away, a broker that
is away, broken messages."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from csv_feeds import asked, cells, instant, problems
from hypothesis import given
from hypothesis import strategies as st
from mosquitto import Listener, Mosquitto, free_port
from mutations import check_survives

from hydria_plugin import ConfigError, FeedError
from hydria_plugin.testing import check_source
from hydria_sensorthings.broker_source import Memory, MqttSource
from hydria_sensorthings.listening import Listening, listenings, matches
from hydria_sensorthings.readings import Unusable

NOW = instant("2020-01-01T06:10", "us")
STA = {"topic": "v1.1/Datastreams(42)/Observations", "series": "H", "unit": "cm"}
RAW = {"topic": "site/+/+", "series": "{1}.{2}", "value": "v.raw", "time": "t", "clock": "unix"}


@pytest.fixture
def speaker(mosquitto: Mosquitto) -> Iterator[Listener]:
    """One who publishes."""
    made = Listener(mosquitto.port)
    made.wait(lambda: made._subscribed)
    yield made
    made.close()


def source_of(mosquitto: Mosquitto, *feeds: dict[str, str], **options: Any) -> MqttSource:
    given = {"clock": lambda: NOW, "timeout_s": 5, "settle_s": 0.2, **options}
    return MqttSource(url=mosquitto.address, feeds=feeds, **given)


def question(*series: str, known_at: str = "2020-01-01T06:10"):
    return asked(series, "2020-01-01T00:00", "2020-01-01T06:00", known_at=known_at, step=60)


def observation(hour: int, result: Any) -> bytes:
    return json.dumps({"phenomenonTime": f"2020-01-01T{hour:02}:00:00Z", "result": result}).encode()


def heard(source: MqttSource, count: int) -> bool:
    until = time.monotonic() + 5
    while len(source._memory.values) < count and time.monotonic() < until:
        time.sleep(0.01)
    return len(source._memory.values) >= count


def test_observations_of_a_sensorthings_server_and_other_messages(mosquitto: Mosquitto, speaker: Listener) -> None:
    source = source_of(mosquitto, STA, RAW)
    assert len(source.read(question("H"))) == 0
    speaker.say(STA["topic"], observation(5, 150))
    speaker.say(
        "site/anduze/rain",
        json.dumps([{"t": 1577854800, "v": {"raw": "0.2"}}, {"t": 1577858400, "v": {"raw": 1}}]).encode(),
    )
    speaker.say("site/anduze/rain/more", b"not for us")
    assert heard(source, 3)
    assert cells(source.read(question("H", "anduze.rain"))) == [
        ("H", "2020-01-01T05:00", 150.0),
        ("anduze.rain", "2020-01-01T05:00", 0.2),
        ("anduze.rain", "2020-01-01T06:00", 1.0),
    ]
    check_source(source, question("H", "anduze.rain"))
    source.close()


def test_repeats_corrections_late_and_out_of_order(mosquitto: Mosquitto, speaker: Listener) -> None:
    source = source_of(mosquitto, STA)
    source.read(question("H"))
    for hour, result in ((3, 3), (1, 1), (3, 3), (2, 2), (1, 1.5)):
        speaker.say(STA["topic"], observation(hour, result))
    at = ("H", np.datetime64("2020-01-01T01:00", "us"))
    assert speaker.wait(lambda: source._memory.values.get(at, (0.0,))[0] == 1.5)
    assert [v for *_, v in cells(source.read(question("H")))] == [1.5, 2.0, 3.0]
    assert len(source.read(question("H", known_at="2020-01-01T06:09"))) == 0  # nobody had heard it yet
    source.close()


def test_what_the_broker_kept_is_there_at_once(mosquitto: Mosquitto, speaker: Listener) -> None:
    speaker.say(STA["topic"], observation(5, 7), retain=True)
    source = source_of(mosquitto, STA)
    assert cells(source.read(question("H"))) == [("H", "2020-01-01T05:00", 7.0)]
    assert "1 series heard; newest 'H': 7 of 2020-01-01T05:00:00Z, " in source.probe()
    source.close()


def test_what_came_while_we_were_away_is_kept_for_our_name(mosquitto: Mosquitto, speaker: Listener) -> None:
    first = source_of(mosquitto, STA, client="hydria-1")
    first.read(question("H"))
    first.close()
    for hour in (3, 4, 5):
        speaker.say(STA["topic"], observation(hour, hour))
    second = source_of(mosquitto, STA, client="hydria-1")
    assert [v for *_, v in cells(second.read(question("H")))] == [3.0, 4.0, 5.0]
    second.close()


def test_a_broker_that_is_away_and_comes_back(mosquitto: Mosquitto, speaker: Listener) -> None:
    source = source_of(mosquitto, STA, timeout_s=2)
    source.read(question("H"))
    speaker.say(STA["topic"], observation(4, 4))
    assert heard(source, 1)
    mosquitto.stop()
    deadline = time.monotonic() + 5
    while source._broker._client is not None and source._broker._client.is_connected() and time.monotonic() < deadline:
        time.sleep(0.01)
    table = source.read(question("H"))
    assert len(table) == 1 and "the broker is not reached" in problems(table)[0]
    mosquitto.start()
    source.read(question("H"))
    again = Listener(mosquitto.port)
    again.say(STA["topic"], observation(5, 5))
    again.close()
    assert heard(source, 2)
    table = source.read(question("H"))
    assert [v for *_, v in cells(table)] == [4.0, 5.0] and problems(table) == []
    source.close()


def test_a_broker_that_was_never_there(tmp_path) -> None:
    source = MqttSource(url=f"mqtt://127.0.0.1:{free_port()}", feeds=[STA], timeout_s=2)
    with pytest.raises(FeedError, match="the broker is not reached"):
        source.read(question("H"))


def test_broken_messages_are_told_and_the_rest_goes_on(mosquitto: Mosquitto, speaker: Listener) -> None:
    source = source_of(mosquitto, STA)
    source.read(question("H"))
    for payload in (b"\xff\xfe", b"{", b"[" * 100_000, b'{"result": 1}', observation(4, "high"), observation(5, 5)):
        speaker.say(STA["topic"], payload)
    assert heard(source, 1)
    table = source.read(question("H"))
    assert cells(table) == [("H", "2020-01-01T05:00", 5.0)]
    told = problems(table)
    assert len(told) == 3 and "is not JSON" in told[0] and "(and 2 more like it)" in told[0]
    assert problems(source.read(question("H"))) == []
    source.close()


def test_units_and_messages_that_are_plain_numbers() -> None:
    from test_sensorthings_source import layout_of

    feeds, faults = listenings([{"topic": "h/#", "series": "x", "value": "", "time": "", "unit": "cm"}])
    assert faults == []
    memory = Memory(feeds, layout_of("m"), lambda: NOW)
    memory.hear(type("Message", (), {"topic": "h/a/b", "payload": b"150.5"})())
    assert memory.values == {("x", NOW): (pytest.approx(1.505), NOW)}


@pytest.mark.parametrize(
    ("feed", "said"),
    [
        ({"series": "H"}, "'topic' is unknown or missing"),
        ({"topic": "a", "series": "H", "path": "x"}, "'path' is unknown or missing"),
        ({"topic": "a/b+", "series": "H"}, "+ stands for a whole level"),
        ({"topic": "a/#/b", "series": "H"}, "# for all that follows"),
        ({"topic": "a/+", "series": "{2}"}, "names a + that topic = 'a/+' does not have"),
        ({"topic": "a", "series": ""}, "must be a name"),
        ({"topic": "a", "series": "H", "clock": "local"}, "must be one of iso, unix, unix_ms"),
        ({"topic": "a", "series": "H", "unit": "cubits"}, "'cubits' is not known"),
        ({"topic": "a", "series": 5}, "must be a table of texts"),
    ],
)
def test_feeds_that_cannot_be(feed: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        MqttSource(url="mqtt://broker.example", feeds=[feed])
    assert "source mqtt: feeds, number 1: " in str(caught.value) and said in str(caught.value)


def test_no_feeds() -> None:
    with pytest.raises(ConfigError, match="feeds must hold at least one"):
        MqttSource(url="mqtt://broker.example", feeds=[])


LEVELS = st.lists(st.text("ab/", max_size=2).map(lambda t: t.replace("/", "")), min_size=1, max_size=4)


@given(LEVELS, st.data())
def test_a_topic_matches_its_patterns(words: list[str], data: st.DataObject) -> None:
    topic = "/".join(words)
    signs = [data.draw(st.sampled_from([word, "+"])) for word in words]
    assert matches("/".join(signs), topic) and not matches("/".join([*signs, "+"]), topic)
    cut = data.draw(st.integers(0, len(words)))
    assert matches("/".join([*signs[:cut], "#"]), topic)


@pytest.mark.parametrize("count", [600, pytest.param(10_000, marks=pytest.mark.soak)])
def test_broken_messages_are_survived(count: int) -> None:
    feeds = [Listening(**RAW), Listening(**STA), Listening("a/+", "{station.id}", time="", value="x")]

    def parse(data: bytes) -> None:
        for feed, topic in zip(feeds, ("site/a/b", STA["topic"], "a/b"), strict=True):
            try:
                for _, at, value in feed.values(topic, data, NOW):
                    assert not np.isnat(at) and not np.isinf(value)
            except Unusable as unusable:
                assert len(str(unusable)) < 500

    made = [observation(5, 1.5), b'[{"t": 1577854800, "v": {"raw": 2}}]', b'{"station": {"id": "H"}, "x": 1}']
    check_survives(parse, made, count=count)
