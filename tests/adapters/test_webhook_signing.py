"""What a webhook signs: others can verify it, a secret can be changed, and nobody sees one."""

from __future__ import annotations

import base64
import json
import time

import pytest
from channel_bulletins import bulletin
from hypothesis import given
from hypothesis import strategies as st
from web_server import Server, text
from webhook_receivers import CANARY, NOW, OTHER, sink, verified

from hydria_plugin import ConfigError, FeedError, Secret
from hydria_webhook.signing import headers, identity_of, key_of


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


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_identities_differ_where_messages_do(one: list[str], other: list[str]) -> None:
    cleaned = [[part.replace("\0", "") for part in parts] for parts in (one, other)]
    if cleaned[0] and cleaned[1]:
        assert (identity_of(*cleaned[0]) == identity_of(*cleaned[1])) == (cleaned[0] == cleaned[1])


def test_without_a_clock_it_takes_the_systems(web_server: Server) -> None:
    web_server.says["/hook"] = [text(200)]
    sink(web_server, clock=None).write(bulletin())
    assert verified(web_server.calls[0], CANARY, int(time.time()))
