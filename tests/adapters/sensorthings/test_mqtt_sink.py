"""MQTT delivery through a real Mosquitto: what is kept, repeats, a broker that is away, the will, who is let in."""

from __future__ import annotations

import gc
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from csv_bulletins import bulletin
from mosquitto import Listener, Mosquitto, free_port, need_mosquitto, retained

from hydria_plugin import ConfigError, FeedError, Report, Secret
from hydria_plugin.testing import check_sink
from hydria_sensorthings.broker_sink import MqttSink
from hydria_sensorthings.messages import escaped

CANARY = "canary-9c1e"
MADE = bulletin()


@pytest.fixture
def sink(mosquitto: Mosquitto) -> Iterator[MqttSink]:
    made = MqttSink(url=mosquitto.address, timeout_s=2)
    yield made
    made.close()


def decoded(held: dict[str, bytes]) -> dict[str, Any]:
    return {topic: json.loads(payload) for topic, payload in held.items() if topic != "hydria/status"}


def test_keeps_the_promises_of_a_sink(mosquitto: Mosquitto, sink: MqttSink) -> None:
    check_sink(sink, lambda: retained(mosquitto.port))


def test_what_the_broker_keeps_is_the_bulletin(mosquitto: Mosquitto, sink: MqttSink) -> None:
    sink.write(MADE)
    held = decoded(retained(mosquitto.port))
    for row, station in enumerate(MADE.layout.stations):
        told = held[f"hydria/sample/{station}/forecast"]
        np.testing.assert_allclose(told["values"], MADE.forecast.values[row], rtol=1e-6)
        assert told["valid_at"] == [f"{t}Z" for t in MADE.forecast.valid_times()]
        assert told["quantiles"] == list(MADE.forecast.quantiles) and told["unit"] == "m"
        assert told["issued_at"] == f"{MADE.issued_at}Z" and told["revision"] == 0
    alert = held["hydria/sample/s1/alert"]
    assert alert["event"] == MADE.alerts[0].event and alert["level"] == 1 and alert["threshold"] == "yellow"
    assert len(held) == 4


def test_a_revision_takes_the_place_of_what_was_kept(mosquitto: Mosquitto, sink: MqttSink) -> None:
    sink.write(MADE)
    higher = replace(MADE.forecast, values=MADE.forecast.values + 1)
    sink.write(replace(MADE, revision=1, forecast=higher))
    told = decoded(retained(mosquitto.port))["hydria/sample/s2/forecast"]
    assert told["revision"] == 1 and told["key"].endswith("/1")
    np.testing.assert_allclose(told["values"], higher.values[1], rtol=1e-6)


def test_a_station_without_forecast_leaves_no_old_one_standing(mosquitto: Mosquitto, sink: MqttSink) -> None:
    sink.write(MADE)
    values = MADE.forecast.values.copy()
    values[1] = np.nan
    later = MADE.issued_at + np.timedelta64(1, "h")
    sink.write(replace(MADE, issued_at=later, forecast=replace(MADE.forecast, values=values)))
    told = decoded(retained(mosquitto.port))["hydria/sample/s2/forecast"]
    assert told["values"] == [] and told["valid_at"] == []


def test_repeats_have_the_same_key_and_the_same_bytes(mosquitto: Mosquitto, sink: MqttSink) -> None:
    listener = Listener(mosquitto.port)
    assert listener.wait(lambda: listener._subscribed)
    sink.write(MADE)
    sink.write(MADE)
    assert listener.wait(lambda: len(listener.heard) >= 9)  # online, and four messages twice
    listener.close()
    heard = [payload for topic, payload in listener.heard if topic.startswith("hydria/sample")]
    assert len(heard) == 8 and heard[:4] == heard[4:]
    assert len({json.loads(p)["key"] for p in heard}) == 4
    assert json.loads(heard[0])["kind"] == "alert"  # what is waited for comes first


def test_reports_are_kept_with_their_event(mosquitto: Mosquitto, sink: MqttSink) -> None:
    told = Report("attribution", "a/b", "a-1", "It is the rain", {"share": float("nan"), "svg": "<svg/>", "lead": 3})
    sink.write_reports([told])
    sink.write_reports([told])
    held = decoded(retained(mosquitto.port))
    (topic,) = held
    assert topic == "hydria/reports/a%2Fb/attribution"
    assert held[topic]["event"] == "a-1" and held[topic]["report"] == "attribution"
    assert held[topic]["body"] == {"lead": 3}


def test_a_broker_that_is_away_and_comes_back(mosquitto: Mosquitto, sink: MqttSink) -> None:
    sink.write(MADE)
    mosquitto.stop()
    later = [replace(MADE, issued_at=MADE.issued_at + np.timedelta64(n, "h")) for n in (1, 2)]
    for missed in later:
        with pytest.raises(FeedError, match="the broker is not reached|is not sent|no acknowledgement"):
            sink.write(missed)
    mosquitto.start()
    for missed in later:  # the outbox sends them again, in order
        sink.write(missed)
    told = decoded(retained(mosquitto.port))["hydria/sample/s1/forecast"]
    assert told["issued_at"] == f"{later[-1].issued_at}Z"
    assert retained(mosquitto.port)["hydria/status"] == b"online"


def test_a_failed_try_leaves_nothing_that_is_sent_some_day(mosquitto: Mosquitto, sink: MqttSink) -> None:
    sink.write(MADE)
    mosquitto.stop()
    with pytest.raises(FeedError):
        sink.write(replace(MADE, revision=7))
    mosquitto.start()
    assert retained(mosquitto.port) == {}  # a broker without memory, and nobody who fills it behind our back


def test_a_broker_that_hangs_and_dies_is_sent_nothing_behind_our_back(mosquitto: Mosquitto) -> None:
    """It takes the bytes and acknowledges none; a client that went on would send them again once it is there."""
    sink = MqttSink(url=mosquitto.address, timeout_s=0.5)
    sink.write(MADE)
    mosquitto.freeze()
    with pytest.raises(FeedError, match="no acknowledgement of 'hydria/sample/s1/alert' within 0.5 s"):
        sink.write(replace(MADE, revision=7))
    mosquitto.stop()
    mosquitto.start()
    listener = Listener(mosquitto.port)
    assert not listener.wait(lambda: listener.held, 2.5), listener.held
    sink.write(replace(MADE, revision=8))  # the outbox's next try
    assert listener.wait(lambda: len(decoded(listener.held)) == 4)
    told = [json.loads(text) for topic, text in listener.heard if topic != "hydria/status"]
    assert {one["key"].rpartition("/")[2] for one in told} == {"8"} and len(told) == 4
    listener.close()
    sink.close()


def test_the_will_tells_of_a_death(mosquitto: Mosquitto) -> None:
    code = (
        "import os; from csv_bulletins import bulletin; from hydria_sensorthings.broker_sink import MqttSink\n"
        f"sink = MqttSink(url={mosquitto.address!r}); sink.write(bulletin()); print('written', flush=True); input()"
    )
    around = {"PYTHONPATH": ":".join(p for p in sys.path if p)}
    process = subprocess.Popen([sys.executable, "-c", code], env=around, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdin is not None
    assert process.stdout.readline() == b"written\n"
    assert retained(mosquitto.port)["hydria/status"] == b"online"
    listener = Listener(mosquitto.port)
    process.kill()
    process.wait(10)
    process.stdin.close()
    process.stdout.close()
    assert listener.wait(lambda: listener.held.get("hydria/status") == b"offline")
    listener.close()


def test_an_orderly_end_says_so_too(mosquitto: Mosquitto) -> None:
    sink = MqttSink(url=mosquitto.address)
    sink.write(MADE)
    assert retained(mosquitto.port)["hydria/status"] == b"online"
    sink.close()
    assert retained(mosquitto.port)["hydria/status"] == b"offline"


def guarded(folder: Path) -> Mosquitto:
    (folder / "passwords").touch(0o600)
    tool = need_mosquitto().replace("/sbin/", "/bin/") + "_passwd"
    subprocess.run([tool, "-b", str(folder / "passwords"), "hydria", CANARY], check=True, capture_output=True)
    return Mosquitto(folder, "allow_anonymous false", f"password_file {folder / 'passwords'}")


def test_who_is_let_in_and_what_is_never_told(tmp_path: Path) -> None:
    broker = guarded(tmp_path)
    try:
        right = MqttSink(url=broker.address, user="hydria", password=Secret(CANARY))
        right.write(MADE)
        assert "the broker takes us" in right.probe() and CANARY not in right.probe() + repr(vars(right))
        right.close()
        wrong = MqttSink(url=broker.address, user="hydria", password=Secret(f"{CANARY}x"))
        with pytest.raises(FeedError, match="refuses us: Not authorized") as caught:
            wrong.write(MADE)
        assert CANARY not in str(caught.value)
    finally:
        broker.stop()


@pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")  # paho leaves it when a handshake fails
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_tls_is_verified(tmp_path: Path) -> None:
    """With the certificate that the admin trusts; not without it."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    words += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed (apt-get install openssl)")
    subprocess.run(words, check=True, capture_output=True)
    broker = Mosquitto(tmp_path, "allow_anonymous true", f"certfile {certificate}", f"keyfile {key}", is_plain=False)
    address = broker.address.replace("mqtt:", "mqtts:")
    try:
        trusting = MqttSink(url=address, ca=str(certificate), timeout_s=5)
        trusting.write(MADE)
        trusting.close()
        with pytest.raises(FeedError, match="the broker is not reached .*certificate verify failed"):
            MqttSink(url=address, timeout_s=5).write(MADE)
        gc.collect()
    finally:
        broker.stop()


def test_probe_publishes_nothing(mosquitto: Mosquitto, sink: MqttSink) -> None:
    assert "forecasts go to hydria/{pipeline}/{station}/forecast" in sink.probe()
    assert retained(mosquitto.port) == {}


def test_a_broker_that_is_not_there() -> None:
    sink = MqttSink(url=f"mqtt://127.0.0.1:{free_port()}", timeout_s=2)
    with pytest.raises(FeedError, match="the broker is not reached"):
        sink.probe()


def test_a_name_that_leads_into_a_private_network_must_be_listed(monkeypatch) -> None:
    import socket

    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.1.2.3", 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: found)
    with pytest.raises(FeedError, match=r'hosts = \["broker.example"\]'):
        MqttSink(url="mqtt://broker.example").probe()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"url": "http://a"}, "allowed: an address such as mqtt://"),
        ({"url": "mqtt://u:p@a"}, "must not hold a user or a password"),
        ({"url": "mqtt://a:x"}, "is none"),
        ({"password": Secret("p")}, "a password needs a user"),
        ({"ca": "/nowhere.pem"}, "there is no such file"),
        ({"forecast": "a/{pipeline}"}, "must hold {station}"),
        ({"forecast": "a/{lead}/{station}"}, "{lead} is not known; allowed: {pipeline}, {station}"),
        ({"alert": "a/+/{station}"}, "must not hold '+'"),
        ({"alert": "hydria/{pipeline}/{station}/forecast"}, "must differ from forecast"),
        ({"alerts": "none"}, "must be 'news' or 'all'"),
        ({"retain": "yes"}, "must be true or false"),
        ({"timeout_s": 0}, "must be positive"),
    ],
)
def test_options_that_cannot_be(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        MqttSink(**{"url": "mqtt://a", **options})
    assert said in str(caught.value)


def test_words_of_a_topic_stay_different() -> None:
    assert escaped("a/b") == "a%2Fb" and escaped("a%2Fb") == "a%252Fb" and escaped("Alès 1") == "Alès 1"
