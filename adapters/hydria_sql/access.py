"""How the database is reached: the admin's address, checked; TLS unless it stays on this machine."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from hydria_plugin import Secret
from hydria_plugin.exchange import is_file

ALLOWED = 'database = "sqlite:///platform.db" or "postgresql://user@host/name", or url = "${NAME}" for a whole address'
HERE = ("", "localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Access:
    """The options ``url``, ``database``, ``password``, ``ca`` and ``timeout`` as the admin gave them."""

    url: Secret | None = None
    database: str = ""
    password: Secret | None = None
    ca: str = ""
    timeout: str = "20s"
    folder: Path | str | None = None

    def faults(self) -> list[str]:
        """What is wrong with it; nothing of a secret is quoted."""
        if bool(self.url) == bool(self.database):
            return [f"the database is named by either url or database; allowed: {ALLOWED}"]
        try:
            parsed = self.address()
        except (ArgumentError, ValueError):
            shown = "url" if self.url else f"database = {_without_password(self.database)!r}"
            return [f"{shown} is no address of a database; allowed: {ALLOWED}"]
        found = []
        written = make_url(self.database) if self.database else None
        if written is not None and (written.password or "password" in written.query):
            found.append('database must not hold a password: write password = "${NAME}", or the whole as url')
        if self.ca and not is_file(self._file(self.ca)):
            found.append(f"ca = {self.ca!r}: there is no such file; allowed: a PEM file of certificates")
        if not isinstance(self.timeout, str) or seconds_of(self.timeout) is None:
            found.append(f"timeout = {self.timeout!r} must be a duration such as '20s' or '2min'")
        return [*found, *self._kind_faults(parsed)]

    def address(self) -> URL:
        """Whole, with the password; a relative SQLite file is in the folder of the configuration."""
        parsed = make_url(self.url.reveal() if self.url else self.database)
        if parsed.get_backend_name() in ("postgresql", "postgres"):
            parsed = parsed.set(drivername="postgresql+psycopg")
            return parsed.set(password=self.password.reveal()) if self.password else parsed
        if parsed.get_backend_name() == "sqlite" and parsed.database:
            return parsed.set(database=str(self._file(parsed.database).resolve()))
        return parsed

    def shown(self) -> str:
        """For people: where, without user's secrets and without what stands behind the question mark."""
        parsed = self.address()
        if parsed.get_backend_name() == "sqlite":
            return f"sqlite {parsed.database}"
        bare = URL.create("postgresql", parsed.username, None, parsed.host, parsed.port, parsed.database)
        return bare.render_as_string()

    @property
    def timeout_ms(self) -> int:
        return int(1000 * (seconds_of(self.timeout) or 20.0))

    def connect_args(self) -> dict[str, Any]:
        """For PostgreSQL's client: no wait without end, no prepared statements (poolers forget them), and a server
        that proves who it is, unless the address says otherwise or stays on this machine."""
        parsed, seconds = self.address(), max(2, self.timeout_ms // 1000)
        given: dict[str, Any] = {
            "connect_timeout": min(10, seconds),
            "prepare_threshold": None,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": self.timeout_ms,
            "application_name": "hydria",
        }
        host = parsed.host or str(parsed.query.get("host", ""))
        if "sslmode" not in parsed.query and (self.ca or not (host in HERE or host.startswith(("/", "127.")))):
            given |= {"sslmode": "verify-full", "sslrootcert": str(self._file(self.ca)) if self.ca else "system"}
        elif self.ca:
            given["sslrootcert"] = str(self._file(self.ca))
        return given

    def concealed(self, text: str) -> str:
        """``text`` without the secrets, however they are spelled: for messages that others wrote."""
        hidden = [self.password.reveal()] if self.password else []
        if self.url:
            parsed = self.address()
            hidden += [self.url.reveal(), str(parsed.password or ""), *map(str, parsed.query.values())]
        shapes = {shape for word in hidden if len(word) > 2 for shape in (word, quote(word), repr(word)[1:-1])}
        for shape in sorted(shapes, key=len, reverse=True):
            text = text.replace(shape, "***")
        return text

    def _file(self, name: str) -> Path:
        return Path(self.folder or ".") / name

    def _kind_faults(self, parsed: URL) -> list[str]:
        kind = parsed.get_backend_name()
        if kind not in ("postgresql", "sqlite"):
            return [f"a database of the kind {kind!r} is not spoken to; allowed: {ALLOWED}"]
        if kind == "sqlite" and parsed.database in (None, "", ":memory:"):
            return [f"the address names no file; allowed: {ALLOWED}"]
        if kind == "sqlite" and self.password:
            return ["password: an SQLite file has none; leave the option out"]
        return []


def seconds_of(text: str) -> float | None:
    """``500ms``, ``20s``, ``2min``; None for what is no duration, or none at all."""
    if not (found := re.fullmatch(r"(\d+)\s*(ms|s|min|h)", text.strip())):
        return None
    names = {"ms": "milliseconds", "s": "seconds", "min": "minutes", "h": "hours"}
    return timedelta(**{names[found[2]]: int(found[1])}).total_seconds() or None


def _without_password(text: str) -> str:
    return re.sub(r"(://[^:/@]*):[^@]*@", r"\1:***@", str(text))
