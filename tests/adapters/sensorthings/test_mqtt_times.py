"""Times of messages: zones, clocks of devices that are off, units; half a message."""

from __future__ import annotations

import json

import numpy as np
import pytest
from csv_feeds import cells, problems
from mosquitto import Listener, Mosquitto
from test_mqtt_source import RAW, STA, heard, question, source_of
from test_mqtt_source import speaker as speaker

from hydria_plugin.testing import sample_layout
from hydria_sensorthings.listening import Listening

NOW = np.datetime64("2020-01-01T06:10", "us")


@pytest.mark.parametrize(
    ("stamp", "utc"),
    [
        ("2020-01-01T05:00:00Z", "2020-01-01T05:00"),
        ("2020-01-01T06:00:00+01:00", "2020-01-01T05:00"),
        ("2020-01-01T00:00:00-05:00", "2020-01-01T05:00"),
        ("2020-01-01T05:00:00", "2020-01-01T05:00"),
        ("2020-01-01T04:00:00Z/2020-01-01T05:00:00Z", "2020-01-01T05:00"),
    ],
)
def test_zones_and_intervals(stamp: str, utc: str) -> None:
    data = json.dumps({"phenomenonTime": stamp, "result": 1.5}).encode()
    ((series, at, value),) = Listening(**STA).values(STA["topic"], data, NOW)
    assert (series, str(at.astype("datetime64[m]")), value) == ("H", utc, 1.5)


def test_a_device_whose_clock_is_ahead_is_not_used_before_its_time(mosquitto: Mosquitto, speaker: Listener) -> None:
    """Stamped 07:00 and heard at 06:10: it is no observation of 06:00, and at 07:00 it is known to be too old."""
    source = source_of(mosquitto, RAW)
    source.read(question("anduze.rain"))
    for stamp, value in ((1577858400, 1.0), (1577862000, 9.0)):  # 06:00 and 07:00
        speaker.say("site/anduze/rain", json.dumps({"t": stamp, "v": {"raw": value}}).encode())
    assert heard(source, 2)
    assert cells(source.read(question("anduze.rain"))) == [("anduze.rain", "2020-01-01T06:00", 1.0)]
    later = question("anduze.rain", known_at="2020-01-01T07:10")
    later = type(later)(
        later.series, later.start, np.datetime64("2020-01-01T07:00", "s"), later.known_at, later.end, later.step
    )
    table = source.read(later)
    assert cells(table)[-1] == ("anduze.rain", "2020-01-01T07:00", 9.0)
    assert str(table["received_at"].iloc[-1]) == "2020-01-01 06:10:00+00:00", (
        "the buffer sees that it came before its time"
    )
    source.close()


def test_a_device_without_a_clock_is_stamped_when_heard() -> None:
    found = list(Listening("site/+", "{1}", time="", value="v").values("site/a", b'{"v": 2}', NOW))
    assert found == [("a", NOW, 2.0)]


def test_half_a_message_is_told_and_costs_no_other(mosquitto: Mosquitto, speaker: Listener) -> None:
    source = source_of(mosquitto, STA)
    source.read(question("H"))
    whole = json.dumps({"phenomenonTime": "2020-01-01T05:00:00Z", "result": 150}).encode()
    speaker.say(STA["topic"], whole[:30])
    speaker.say(STA["topic"], whole)
    assert heard(source, 1)
    table = source.read(question("H"))
    assert [v for *_, v in cells(table)] == [150.0] and len(problems(table)) == 1
    source.close()


def test_the_unit_of_the_message_becomes_the_stations(mosquitto: Mosquitto, speaker: Listener) -> None:
    layout = sample_layout()
    series = layout.targets[0]
    source = source_of(mosquitto, {**STA, "series": series}, layout=layout)
    source.read(question(series))
    speaker.say(STA["topic"], b'{"phenomenonTime": "2020-01-01T05:00:00Z", "result": 150}')
    assert heard(source, 1)
    assert [v for *_, v in cells(source.read(question(series)))] == [1.5], "cm to m"
    source.close()
