"""CAP messages to an address: a real HTTP server, that misbehaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from channel_bulletins import bulletin, files
from test_cap_sink import messages, sink
from web_server import Say, Server, text
from webhook_receivers import IMPATIENT, drops, half, slow

from hydria_cap.sink import CapSink
from hydria_plugin import FeedError, Secret

CANARY = "canary-7f3a9c51d2"


def posting(folder: Path, server: Server, **options: Any) -> CapSink:
    return sink(folder, post=f"{server.address}/cap", token=Secret(CANARY), **options)


def test_the_same_bytes_go_out_that_lie_in_the_folder(tmp_path: Path, web_server: Server) -> None:
    web_server.says["/cap"] = [text(202)]
    made = posting(tmp_path, web_server)
    made.write(bulletin())
    made.write(bulletin())
    (content,) = [c for name, c in files(tmp_path / "cap").items() if not name.startswith(".")]
    assert [body for *_, body in web_server.calls] == [content, content]
    (_, _, headers, _), *_ = web_server.calls
    assert headers["Content-Type"] == "application/cap+xml" and headers["Authorization"] == f"Bearer {CANARY}"


def test_a_receiver_that_is_down_for_a_while(tmp_path: Path, web_server: Server) -> None:
    web_server.says["/cap"] = [text(500), text(503), text(200)]
    made = posting(tmp_path, web_server)
    with pytest.raises(FeedError, match="503"):
        made.write(bulletin())
    assert len(messages(tmp_path)) == 1, "the folder has it already"
    made.write(bulletin())
    assert len({body for *_, body in web_server.calls}) == 1


@pytest.mark.parametrize("misbehaves", [slow, drops, half])
def test_a_receiver_without_a_whole_answer(tmp_path: Path, web_server: Server, misbehaves: Say) -> None:
    """It may have it or not: it gets the same bytes again."""
    web_server.says["/cap"] = [misbehaves, misbehaves, text(200)]
    made = posting(tmp_path, web_server)
    made._web._timeout_s = IMPATIENT  # type: ignore[union-attr]
    with pytest.raises(FeedError, match="no whole answer"):
        made.write(bulletin())
    made.write(bulletin())
    assert len({body for *_, body in web_server.calls}) == 1 and len(web_server.calls) >= 3


def test_a_duplicate_acknowledged_is_delivered(tmp_path: Path, web_server: Server) -> None:
    web_server.says["/cap"] = [text(409, b"have it")]
    posting(tmp_path, web_server).write(bulletin())
    assert len(web_server.calls) == 1


def test_no_secret_is_seen(tmp_path: Path, web_server: Server, caplog: pytest.LogCaptureFixture) -> None:
    web_server.says["/cap"] = [text(403, f"what is {CANARY}?".encode())]
    made = posting(tmp_path, web_server)
    with pytest.raises(FeedError, match=r"403.*\*\*\*") as caught:
        made.write(bulletin())
    seen = f"{caught.value} {caught.value.__cause__!r} {made!r} {vars(made)} {made.probe()} {caplog.text}"
    assert CANARY not in seen
    assert not any(CANARY.encode() in content for content in files(tmp_path).values())
