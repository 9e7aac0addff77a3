"""A channel that took a message and could not say so: it gets the same again, and nothing else."""

from __future__ import annotations

import email
import email.policy
import json
from pathlib import Path
from typing import Any

import pytest
from channel_bulletins import bulletin
from mail_server import MailServer
from test_mail_sink import sink as mail_sink
from test_webhook_alertmanager import sink as alertmanager_sink
from web_server import Say, Server, text
from webhook_receivers import IMPATIENT, drops, half, slow

from hydria_plugin import FeedError


def test_mail_that_was_taken_before_the_connection_broke(tmp_path: Path) -> None:
    """The reader's program knows it by its Message-ID."""
    server = MailServer()
    taking = server.handler.handle_DATA

    async def taken_and_gone(smtp: Any, session: Any, envelope: Any) -> str:
        await taking(smtp, session, envelope)
        smtp.transport.abort()
        return "250 OK"

    try:
        server.handler.handle_DATA = taken_and_gone  # type: ignore[method-assign]
        made = mail_sink(tmp_path, server.port)
        with pytest.raises(FeedError, match="mail server 127.0.0.1"):
            made.write(bulletin())
        server.handler.handle_DATA = taking  # type: ignore[method-assign]
        made.write(bulletin())
        made.write(bulletin())
    finally:
        server.stop()
    (one, two) = (content for _, content in server.handler.taken)
    told = [email.message_from_bytes(content, policy=email.policy.default) for content in (one, two)]
    assert told[0]["Message-ID"] == told[1]["Message-ID"] and told[0]["Message-ID"]
    assert one == two, "byte for byte"


@pytest.mark.parametrize("misbehaves", [slow, drops, half])
def test_alertmanager_without_a_whole_answer(web_server: Server, misbehaves: Say) -> None:
    web_server.says["/api/v2/alerts"] = [misbehaves, misbehaves, text(200)]
    made = alertmanager_sink(web_server.address, timeout_s=IMPATIENT)
    with pytest.raises(FeedError, match="no whole answer"):
        made.write(bulletin())
    made.write(bulletin())
    first, *others = (json.loads(call[3]) for call in web_server.calls)
    assert len(others) >= 2 and all(other == first for other in others), "the same labels and times: one alert"
