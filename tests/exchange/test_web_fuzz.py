"""Broken answers of a web host, its status line, its headers and its lengths too: refused in words, never a hang."""

from __future__ import annotations

import gzip
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from web_server import Server

from hydria_plugin import FeedError
from hydria_plugin.exchange import Web

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "adapters"))
from mutations import MOST_S, mutated

BODY = b'{"value": [{"@iot.id": 1, "result": 1.5}], "@iot.nextLink": "http://127.0.0.1/next"}'
PACKED = gzip.compress(BODY)


def whole(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


ANSWERS = [
    whole(BODY),
    whole(PACKED, "Content-Encoding: gzip"),
    whole(b'{"error": "no"}', status="400 Bad Request"),
    whole(b"", "Location: /elsewhere", status="302 Found"),
    whole(b"", "Location: http://[::1/there", status="301 Moved"),
    whole(b"", "Location: http://127.0.0.1:99999/a b", status="308 Moved"),
    whole(b"busy", "Retry-After: 0", status="503 Service Unavailable"),
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY),
]


@pytest.fixture
def web_server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


def check_answers(server: Server, count: int) -> int:
    """How many answers were refused."""
    refused, now = 0, b""

    def say(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        handler.wfile.write(now)

    server.says = _Everywhere(say)  # type: ignore[assignment]
    web = Web(f"{server.address}/a", timeout_s=5, tries=1)
    for now in mutated(ANSWERS, count, seed=24):
        begun = time.monotonic()
        try:
            web.get().json()
        except FeedError as error:
            refused += 1
            assert str(error).strip() and len(str(error)) < 2000
        except Exception as error:
            raise AssertionError(f"{type(error).__name__}: {error}, for {now[:2000]!r}") from error
        assert time.monotonic() - begun < MOST_S, now[:2000]
    web.close()
    return refused


class _Everywhere(dict):
    """The same answer whatever is asked for: a redirect may lead anywhere on the host."""

    def __init__(self, say: object) -> None:
        super().__init__()
        self._say = say

    def __missing__(self, path: str) -> list[object]:
        return [self._say]


@pytest.mark.parametrize("count", [300, pytest.param(10_000, marks=pytest.mark.soak)])
def test_broken_answers(web_server: Server, count: int) -> None:
    assert count // 2 < check_answers(web_server, count) < count
