"""Which hosts may be called: the one in the configured address, and those that are listed."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self
from urllib.parse import SplitResult, urlsplit

from ..errors import FeedError

Resolve = Callable[[str], Sequence[str]]
ALLOWED = 'an address such as "https://host.example/path"'


def web_address(text: str) -> str:
    """``text`` where it is an address that can be called; ValueError says what is wrong with it."""
    secret = "@" in text  # before it a password may stand, which no sentence repeats
    shown = "what is given (not shown, it may hold a password)" if secret else repr(text)
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 (a wrong one raises)
    except ValueError as error:
        cause = "" if secret else f" ({error})"
        raise ValueError(f"{shown} is no web address{cause}; allowed: {ALLOWED}") from (None if secret else error)
    if parts.username or parts.password:
        raise ValueError("an address must not hold a user or a password: use the options user and password")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{shown} is no web address; allowed: {ALLOWED}")
    return text


def resolved(host: str) -> tuple[str, ...]:
    """The addresses of a name, as the system knows them."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True)
class Gate:
    """Lets calls through to listed hosts. ``known``: hosts that may be called; ``trusted``: of them, those that may
    lead to a private address."""

    known: frozenset[str]
    trusted: frozenset[str]
    resolve: Resolve = resolved

    @classmethod
    def to(cls, address: str, hosts: Sequence[str] = (), resolve: Resolve = resolved) -> Self:
        """To the host of ``address`` and to ``hosts``. A private address that the admin wrote himself is meant; a name
        that leads to one is meant only where ``hosts`` lists it."""
        own = urlsplit(address).hostname or ""
        listed = frozenset(h.lower() for h in hosts)
        written = frozenset([own] if own == "localhost" or is_address(own) else [])
        return cls(listed | {own}, listed | written, resolve)

    def checked(self, target: str, place: str) -> tuple[str, str, int | None]:
        """(address to connect to, host, port as written). Raises FeedError where it may not be called."""
        parts = self._allowed(target, place)
        host = parts.hostname or ""
        try:
            addresses = [host] if is_address(host) else list(self.resolve(host))
        except OSError as error:
            raise FeedError(f"{place}: the name {host!r} is not found ({error.strerror or error})") from error
        if not addresses:
            raise FeedError(f"{place}: the name {host!r} has no address")
        for address in addresses:
            if host not in self.trusted and not is_public(address):
                raise FeedError(
                    f"{place}: {host!r} leads to {address}, an address of a private network; if it is meant, write "
                    f'hosts = ["{host}"]'
                )
        written = f"[{host}]" if ":" in host else host
        return addresses[0], written, parts.port

    def _allowed(self, target: str, place: str) -> SplitResult:
        try:
            parts = urlsplit(web_address(target))
        except ValueError as error:
            raise FeedError(f"{place}: {error}") from error
        if (parts.hostname or "") not in self.known:
            raise FeedError(
                f"{place}: the host {parts.hostname!r} is not listed; if it is meant, write "
                f'hosts = ["{parts.hostname}"]; allowed now: {", ".join(sorted(self.known))}'
            )
        return parts


def is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_public(address: str) -> bool:
    """False for private, loopback, link-local (the cloud's metadata), multicast and reserved addresses."""
    found = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_global and not (mapped or found).is_multicast
