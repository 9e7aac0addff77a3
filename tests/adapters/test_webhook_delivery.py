"""Webhooks to a real HTTP server: signed so that others can verify it, and told when they do not arrive."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from dataclasses import replace
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from typing import Any

import numpy as np
import pytest
from channel_bulletins import LIMITS, bulletin, course, report
from hypothesis import given
from hypothesis import strategies as st
from web_server import Say, Server, text

from hydria_plugin import ConfigError, FeedError, Probing, ReportSink, Secret
from hydria_plugin.testing import check_sink
from hydria_webhook.signing import headers, identity_of, key_of
from hydria_webhook.sink import WebhookSink

NOW = 1_772_345_678
CANARY = base64.b64encode(b"canary-7f3a9c51d2-canary-7f3a9c51d2").decode()
OTHER = base64.b64encode(bytes(range(32))).decode()


def clock() -> np.datetime64:
    return np.datetime64(NOW * 1_000_000, "us")


def sink(server: Server, *secrets: str, **options: Any) -> WebhookSink:
    given = {"url": f"{server.address}/hook", "clock": clock, "timeout_s": 0.5, "thresholds": LIMITS}
    return WebhookSink(secrets=[Secret(s) for s in secrets or (f"whsec_{CANARY}",)], **{**given, **options})


def verified(call: tuple[str, str, dict[str, str], bytes], secret: str, now: int = NOW) -> bool:
    """As a receiver does it, by the description of Standard Webhooks: the secret is base64 after "whsec_"; the content
    is id, timestamp and body with full stops between; any one of the signatures of version 1 is enough; the timestamp
    may be five minutes off."""
    _, _, given, body = call
    lower = {name.lower(): value for name, value in given.items()}
    if abs(int(lower["webhook-timestamp"]) - now) > 300:
        return False
    content = f"{lower['webhook-id']}.{lower['webhook-timestamp']}.".encode() + body
    digest = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), content, hashlib.sha256).digest()
    expected = base64.b64encode(digest).decode()
    found = [part.partition(",") for part in lower["webhook-signature"].split(" ")]
    return any(version == "v1" and hmac.compare_digest(signature, expected) for version, _, signature in found)


def in_turn(*says: Say) -> list[Say]:
    return list(says)


def test_a_receiver_verifies_what_it_gets(web_server: Server) -> None:
    web_server.says["/hook"] = [text(204)]
    sink(web_server).write(bulletin())
    (call,) = web_server.calls
    assert verified(call, f"whsec_{CANARY}") and not verified(call, f"whsec_{OTHER}")
    assert not verified((*call[:3], call[3] + b" "), f"whsec_{CANARY}"), "a body that was changed"
    assert not verified(call, f"whsec_{CANARY}", NOW + 301), "an old message played again"
    assert call[2]["Content-Type"] == "application/json" and call[0] == "POST"


def test_the_example_of_the_standard() -> None:
    """Known numbers, computed apart: a message, its time, its secret and its signature."""
    key = key_of(Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
    made = headers("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}', [key])
    assert made["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_two_secrets_while_a_receiver_changes(web_server: Server) -> None:
    web_server.says["/hook"] = [text(200)]
    sink(web_server, f"whsec_{CANARY}", OTHER).write(bulletin())
    (call,) = web_server.calls
    assert verified(call, CANARY) and verified(call, f"whsec_{OTHER}")
    assert len(call[2]["webhook-signature"].split()) == 2


def test_one_message_per_news_and_none_without(web_server: Server) -> None:
    web_server.says["/hook"] = [text(200)]
    made = sink(web_server)
    for one in course():
        made.write(one)
    told = [json.loads(body)["data"]["reason"] for *_, body in web_server.calls]
    assert told == ["FIRST", "HIGHER", "LOWER", "CLEARED"]


def test_the_promises_of_a_sink(web_server: Server) -> None:
    """A receiver keeps what it has not seen, by the identity."""
    web_server.says["/hook"] = [text(200)]
    made = sink(web_server)
    check_sink(made, lambda: {call[2]["webhook-id"]: call[3] for call in web_server.calls}, bulletin())
    assert isinstance(made, ReportSink) and isinstance(made, Probing)
    assert len(web_server.calls) == 2 and len({body for *_, body in web_server.calls}) == 1


def test_a_message_is_the_same_in_every_try_but_for_its_time(web_server: Server) -> None:
    web_server.says["/hook"] = in_turn(text(500), text(500), text(200))
    times = iter([NOW, NOW + 5, NOW + 10])
    made = sink(web_server, clock=lambda: np.datetime64(next(times), "s"))
    with pytest.raises(FeedError, match="500"):
        made.write(bulletin())
    made.write(bulletin())
    assert len({(c[2]["webhook-id"], c[3]) for c in web_server.calls}) == 1 and len(web_server.calls) == 3
    assert verified(web_server.calls[-1], CANARY, NOW + 5)


def test_a_duplicate_acknowledged_is_delivered(web_server: Server) -> None:
    web_server.says["/hook"] = [text(409, b"have it")]
    sink(web_server).write(bulletin())
    assert len(web_server.calls) == 1


@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_an_unreadable_message_is_told_once_and_passed_over(web_server: Server, status: int) -> None:
    web_server.says["/hook"] = in_turn(dated(status, NOW - 290), text(200))
    made = sink(web_server)
    with pytest.raises(FeedError, match=f"FIRST of s1.*HTTP {status}.*passed over"):
        made.write(bulletin())
    made.write(bulletin())  # the outbox tries again: it must not hold up what comes after
    assert len(web_server.calls) == 1
    made.write(course()[2])
    assert len(web_server.calls) == 2


@pytest.mark.parametrize(("status", "says"), [(410, "new url"), (401, "401"), (404, "404"), (429, "429")])
def test_other_refusals_are_told_and_tried_again(web_server: Server, status: int, says: str) -> None:
    web_server.says["/hook"] = in_turn(*[text(status)] * (2 if status == 429 else 1), text(200))
    made = sink(web_server)
    with pytest.raises(FeedError, match=says):
        made.write(bulletin())
    made.write(bulletin())
    assert json.loads(web_server.calls[-1][3])["data"]["reason"] == "FIRST"


def test_one_message_that_is_refused_does_not_hold_up_the_others(web_server: Server) -> None:
    web_server.says["/hook"] = in_turn(text(400), text(200))
    one = bulletin()
    two = replace(one, alerts=(*one.alerts, replace(one.alerts[0], station="s2", event="s2-e")))
    with pytest.raises(FeedError):
        sink(web_server).write(two)
    assert json.loads(web_server.calls[1][3])["data"]["station"] == "s2"


def dated(status: int, seconds: int) -> Say:
    """An answer of a host that has this time."""

    def say(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response_only(status)
        handler.send_header("Date", formatdate(seconds, usegmt=True))
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return say


def slow(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(0.8)
    text(200)(handler)


def drops(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.close()


def half(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"{")
    handler.connection.close()


@pytest.mark.parametrize("misbehaves", [slow, drops, half])
def test_a_receiver_without_a_whole_answer(web_server: Server, misbehaves: Say) -> None:
    web_server.says["/hook"] = in_turn(misbehaves, misbehaves, text(200))
    made = sink(web_server)
    with pytest.raises(FeedError, match="no whole answer"):
        made.write(bulletin())
    made.write(bulletin())
    assert len({call[2]["webhook-id"] for call in web_server.calls}) == 1


def test_a_redirect_is_not_followed(web_server: Server) -> None:
    web_server.says["/hook"] = [text(307, b"", Location=f"{web_server.address}/other")]
    web_server.says["/other"] = [text(200)]
    with pytest.raises(FeedError, match="not followed"):
        sink(web_server).write(bulletin())
    assert [path for _, path, *_ in web_server.calls] == ["/hook"]


def test_a_private_address_behind_a_name_is_refused_unless_listed(web_server: Server, monkeypatch) -> None:
    import socket

    real = socket.getaddrinfo

    def found(host: str, *rest: Any, **named: Any) -> Any:
        return real("127.0.0.1" if host == "hooks.example" else host, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", found)
    web_server.says["/hook"] = [text(200)]
    address = f"http://hooks.example:{web_server.port}/hook"
    for refused in (
        lambda: sink(web_server, url=address).write(bulletin()),
        sink(web_server, url=address).probe,
    ):
        with pytest.raises(FeedError, match="private network"):
            refused()
    assert not web_server.calls
    sink(web_server, url=address, hosts=["hooks.example"]).write(bulletin())
    assert len(web_server.calls) == 1


def test_reports_follow_by_event(web_server: Server) -> None:
    web_server.says["/hook"] = [text(200)]
    made = sink(web_server)
    made.write(bulletin())
    made.write_reports([report()])
    alert, told = (json.loads(body) for *_, body in web_server.calls)
    assert told["type"] == "report.attribution" and told["data"]["event"] == alert["data"]["event"]
    assert all(verified(call, CANARY) for call in web_server.calls)
    sink(web_server, reports=False).write_reports([report()])
    assert len(web_server.calls) == 2


def test_no_secret_is_seen(web_server: Server, caplog: pytest.LogCaptureFixture) -> None:
    token = "canary-token-4e1b"
    web_server.says["/hook"] = [text(403, f"{token} {CANARY}".encode())]
    made = sink(web_server, token=Secret(token))
    with pytest.raises(FeedError) as caught:
        made.write(bulletin())
    shown = f"{caught.value} {caught.value.__cause__!r} {made!r} {made.probe()} {caplog.text}"
    assert token not in shown
    (_, _, given, body), *_ = web_server.calls
    sent = json.dumps({k: v for k, v in given.items() if k != "Authorization"}) + body.decode()
    assert CANARY not in sent and token not in sent


@pytest.mark.parametrize("secret", ["canary", "whsec_canary!", base64.b64encode(b"canary").decode(),
                                    base64.b64encode(b"canary" * 20).decode(), ""])  # fmt: skip
def test_a_wrong_secret_is_told_and_not_shown(web_server: Server, secret: str) -> None:
    with pytest.raises(ConfigError, match="secret 1 of secrets") as caught:
        sink(web_server, secret)
    assert not secret or secret not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"mode": "alarm"}, "'standard' or 'alertmanager'"),
        ({"secrets": []}, "secrets holds 0"),
        ({"secrets": [Secret(CANARY)] * 3}, "secrets holds 3"),
        ({"mode": "alertmanager"}, "are for messages"),
        ({"url": "hooks.example"}, "no web address"),
        ({"languages": ["de"]}, "'en' and 'fr'"),
        ({"lasts": "6"}, "must be a duration"),
        ({"timeout_s": 0}, "timeout_s = 0"),
        ({"labels": {"station": "x"}}, "cannot be a label"),
        ({"labels": {"a-b": "x"}}, "cannot be a label"),
        ({"user": "x"}, "go together"),
    ],
)
def test_a_wrong_option_is_told(options: dict[str, Any], says: str) -> None:
    given: dict[str, Any] = {"url": "https://hooks.example/x", "secrets": [Secret(CANARY)], **options}
    with pytest.raises(ConfigError, match=says):
        WebhookSink(**given)


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_identities_differ_where_messages_do(one: list[str], other: list[str]) -> None:
    cleaned = [[part.replace("\0", "") for part in parts] for parts in (one, other)]
    if cleaned[0] and cleaned[1]:
        assert (identity_of(*cleaned[0]) == identity_of(*cleaned[1])) == (cleaned[0] == cleaned[1])


def test_without_a_clock_it_takes_the_systems(web_server: Server) -> None:
    web_server.says["/hook"] = [text(200)]
    sink(web_server, clock=None).write(bulletin())
    assert verified(web_server.calls[0], CANARY, int(time.time()))
