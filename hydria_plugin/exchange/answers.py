"""What a host answers, how it is spoken to, and how both are told without a secret."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..errors import FeedError
from ..secret import Secret
from .files import is_file

MOST_SHOWN = 500  # characters of an address


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back with a status of success; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    place: str  # "GET https://host/path", for messages

    def json(self) -> Any:
        """The body as JSON. Raises FeedError."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise FeedError(f"{self.place}: the answer is not JSON ({error}): {excerpt(self.body)}") from error


class Refusal(FeedError):
    """The host answered, and refused: ``status`` and ``body`` say more; ``pause_s`` how long it wants to be left;
    ``date`` what time it has, as it writes it."""

    def __init__(self, message: str, status: int, body: bytes, pause_s: float = 0.0, date: str = "") -> None:
        super().__init__(message)
        self.status, self.body, self.pause_s, self.date = status, body, pause_s, date


def refusal_of(answer: Answer, access: Access) -> Refusal:
    """An answer with a status of failure, as an error that can be read."""
    pause = answer.headers.get("retry-after", "")
    text = access.concealed(f"{answer.place}: HTTP {answer.status}: {excerpt(answer.body)}")
    pause_s = float(pause) if pause.isdigit() else 0.0
    return Refusal(text, answer.status, answer.body, pause_s, answer.headers.get("date", ""))


@dataclass(frozen=True, slots=True)
class Access:
    """How the host is spoken to. ``user`` with ``password``: basic; ``token``: bearer; ``ca``: a file of certificates
    to trust instead of the usual ones."""

    user: str = ""
    password: Secret | None = None
    token: Secret | None = None
    ca: str | Path = ""
    headers: Mapping[str, str] | None = None

    def concealed(self, text: str) -> str:
        """``text`` without the secrets: for messages that others wrote."""
        for secret in (self.password, self.token):
            text = secret.concealed(text) if secret else text
        return text

    def authorization(self) -> dict[str, str]:
        """The header that proves who calls; none where nobody has to."""
        if self.token:
            return {"Authorization": f"Bearer {self.token.reveal()}"}
        if self.password:
            pair = f"{self.user}:{self.password.reveal()}".encode()
            return {"Authorization": f"Basic {b64encode(pair).decode()}"}
        return {}

    def faults(self) -> list[str]:
        """What is wrong with it, in words for the admin."""
        found = []
        if bool(self.user) != bool(self.password):
            found.append("user and password go together: one of them is missing")
        if self.user and self.token:
            found.append("either user and password or a token, not both")
        if self.ca and not is_file(self.ca):
            found.append(f"ca = {str(self.ca)!r}: there is no such file; allowed: a PEM file of certificates")
        return found


def shown(target: str) -> str:
    """An address without its query, which may hold what is nobody's business; one that a host made up has an end."""
    parts = urlsplit(target)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"[:MOST_SHOWN]


def excerpt(body: bytes, most: int = 200) -> str:
    """The start of an answer on one line."""
    text = " ".join(body[: 4 * most].decode("utf-8", "replace").split())
    return repr(text[:most]) if text else "an empty answer"
