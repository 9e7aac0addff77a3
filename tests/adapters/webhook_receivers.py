"""A webhook's sink for the tests, a receiver that verifies as the standard says, and ways in which one misbehaves."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from typing import Any

import numpy as np
from channel_bulletins import LIMITS
from web_server import Say, Server, text

from hydria_plugin import Secret
from hydria_webhook.sink import WebhookSink

NOW = 1_772_345_678
CANARY = base64.b64encode(b"canary-7f3a9c51d2-canary-7f3a9c51d2").decode()
OTHER = base64.b64encode(bytes(range(32))).decode()


def clock() -> np.datetime64:
    return np.datetime64(NOW * 1_000_000, "us")


def sink(server: Server, *secrets: str, **options: Any) -> WebhookSink:
    given = {"url": f"{server.address}/hook", "clock": clock, "timeout_s": 30.0, "thresholds": LIMITS}
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


def dated(status: int, seconds: int) -> Say:
    """An answer of a host that has this time."""

    def say(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response_only(status)
        handler.send_header("Date", formatdate(seconds, usegmt=True))
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return say


IMPATIENT = 0.5  # seconds: of a test that has ``slow`` answer; all others wait as long as a busy machine may take


def slow(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(IMPATIENT + 0.3)
    text(200)(handler)


def drops(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.close()


def half(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"{")
    handler.connection.close()
