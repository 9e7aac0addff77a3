"""Webhooks to a real HTTP server: which messages go out, and what becomes of them where they are not taken."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from channel_bulletins import bulletin, course, report
from web_server import Say, Server, text
from webhook_receivers import CANARY, IMPATIENT, NOW, dated, drops, half, in_turn, sink, slow, verified

from hydria_plugin import ConfigError, FeedError, Probing, ReportSink, Secret
from hydria_plugin.testing import check_sink
from hydria_webhook.sink import WebhookSink


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


@pytest.mark.parametrize("misbehaves", [slow, drops, half])
def test_a_receiver_without_a_whole_answer(web_server: Server, misbehaves: Say) -> None:
    web_server.says["/hook"] = in_turn(misbehaves, misbehaves, text(200))
    made = sink(web_server, timeout_s=IMPATIENT)
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
