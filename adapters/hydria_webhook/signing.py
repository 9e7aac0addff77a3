"""Signatures as Standard Webhooks 1.0 describes them: a receiver can tell who sent a message, and that it is new."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime

from hydria_plugin import Secret

PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64  # bytes of a secret
WINDOW_MIN = 5  # minutes that a timestamp may be off, for receivers


def key_of(secret: Secret) -> bytes:
    """The bytes that ``whsec_<base64>`` stands for. Raises ValueError, which does not quote the secret."""
    text = secret.reveal().strip().removeprefix(PREFIX)
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError('is no "whsec_" with base64 after it') from None
    if not SHORTEST <= len(key) <= LONGEST:
        raise ValueError(f"holds {len(key)} bytes; allowed: {SHORTEST} to {LONGEST}, in base64")
    return key


def headers(identity: str, sent: int, body: bytes, keys: Sequence[bytes]) -> Mapping[str, str]:
    """The three headers; a signature for each key, so that a receiver may change from one to the next in its own time.

    ``sent``: seconds since 1970 of this try. ``identity`` holds no full stop: it ends where the first one stands.
    """
    content = b".".join([identity.encode(), str(sent).encode(), body])
    signed = [base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode() for key in keys]
    return {
        "webhook-id": identity,
        "webhook-timestamp": str(sent),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signed),
    }


def minutes_ahead(date: str, sent: int) -> float:
    """How far a receiver's clock is ahead of ours, by the header Date of its answer; 0 where it does not say."""
    try:
        there = parsedate_to_datetime(date)
        return ((there if there.tzinfo else there.replace(tzinfo=UTC)).timestamp() - sent) / 60
    except (TypeError, ValueError, OverflowError):
        return 0.0


def identity_of(*parts: object) -> str:
    """The same for the same message, on every machine and after every restart: what receivers tell doubles by."""
    return f"msg_{hashlib.sha256(chr(0).join(map(str, parts)).encode()).hexdigest()[:32]}"
