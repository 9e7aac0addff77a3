"""Receivers whose clock is not ours."""

from __future__ import annotations

import pytest
from channel_bulletins import bulletin
from web_server import Server, text
from webhook_receivers import NOW, dated, in_turn, sink

from hydria_plugin import FeedError
from hydria_webhook.signing import minutes_ahead


@pytest.mark.parametrize(("minutes", "words"), [(-20, "20 min behind ours"), (9, "9 min ahead of ours")])
def test_a_receiver_whose_clock_is_off_gets_its_messages_when_it_is_right(
    web_server: Server, minutes: int, words: str
) -> None:
    """It refuses what is not of its time with 400, as libraries do: that says nothing of the message."""
    web_server.says["/hook"] = in_turn(dated(400, NOW + 60 * minutes), text(200))
    made = sink(web_server)
    with pytest.raises(FeedError, match=f"its clock is {words}.*it is tried again"):
        made.write(bulletin())
    made.write(bulletin())
    assert len(web_server.calls) == 2 and len({call[2]["webhook-id"] for call in web_server.calls}) == 1


def test_a_time_that_is_none_is_no_reason() -> None:
    assert [minutes_ahead(date, NOW) for date in ("", "soon", "Mon, 99 Foo 2026 00:00:00 GMT")] == [0.0, 0.0, 0.0]
    assert minutes_ahead("Sun, 01 Mar 2026 06:14:38 -0000", NOW) == 0.0
