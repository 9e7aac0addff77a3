"""The admin's options, checked: every fault at once, no password in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from email.headerregistry import Address
from email.utils import parseaddr
from typing import Any

import numpy as np

from hydria_plugin import ConfigError
from hydria_plugin.exchange import is_file

from .content import one_line
from .readers import LANGUAGES, Reader, faults, is_address, readers_of

SECURITY = ("starttls", "tls", "none")
KEEP = re.compile(r"[1-9]\d{0,4}d")
HOST = re.compile(r"[A-Za-z0-9:._-]+")


def checked(given: Mapping[str, Any]) -> tuple[Address, tuple[Reader, ...], np.timedelta64 | None]:
    """The sender, the readers, and how long the book is kept (None: for ever). Raises ConfigError."""
    layout = given["layout"]
    wrong = [*_faults(given), *faults(given["to"], given["recipients"], layout.stations if layout else None)]
    if wrong:
        raise ConfigError(wrong)
    name, address = parseaddr(given["sender"])
    keep = np.timedelta64(int(given["keep"][:-1]) * 86_400, "s") if given["keep"] else None
    return Address(name, addr_spec=address), readers_of(given["to"], given["recipients"]), keep


def _faults(given: Mapping[str, Any]) -> Iterator[str]:
    sender = given["sender"]
    if not isinstance(sender, str) or one_line(sender) != sender or not is_address(parseaddr(sender)[1]):
        yield f'sink mail: sender = {sender!r} must be an address, or "Name <name@exemple.fr>"'
    if not isinstance(given["server"], str) or not HOST.fullmatch(given["server"]):
        yield f"sink mail: server = {given['server']!r} must be the name of a mail server"
    if isinstance(given["port"], bool) or not isinstance(given["port"], int) or not 0 < given["port"] < 65536:
        yield f"sink mail: port = {given['port']!r} must be a number from 1 to 65535: 587 (starttls), 465 (tls) or 25"
    if given["security"] not in SECURITY:
        yield f"sink mail: security = {given['security']!r} must be one of {', '.join(SECURITY)}"
    if bool(given["user"]) != bool(given["password"]):
        yield "sink mail: user and password go together: one of them is missing"
    if given["security"] == "none" and given["password"]:
        yield 'sink mail: a password does not go out unencrypted: security = "starttls" or "tls"'
    if given["ca"] and not is_file(given["ca"]):
        yield f"sink mail: ca = {given['ca']!r}: there is no such file; allowed: a PEM file of certificates"
    if given["language"] not in ("", *LANGUAGES):
        yield f"sink mail: language = {given['language']!r} must be one of {', '.join(LANGUAGES)}"
    if given["keep"] and not KEEP.fullmatch(str(given["keep"])):
        yield f'sink mail: keep = {given["keep"]!r} must be days such as "90d", or "" for ever'
    timeout = given["timeout_s"]
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not 0 < timeout <= 60:
        yield f"sink mail: timeout_s = {timeout!r} must be above 0 and at most 60"
    for name in ("test", "reports"):
        if not isinstance(given[name], bool):
            yield f"sink mail: {name} = {given[name]!r} must be true or false"
