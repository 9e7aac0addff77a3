"""A folder on another machine, over SFTP. The server must prove who it is; a broken connection is made anew.

paramiko, not asyncssh: the house calls sources and sinks from plain threads; an event loop per call buys nothing.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import stat
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeVar
from urllib.parse import unquote, urlsplit

import paramiko

from hydria_plugin import FeedError, Secret
from hydria_plugin.exchange import is_file

TIMEOUT_S = 20.0
TRIES, PAUSE_S = 3, 0.5  # of connecting; then twice as long
BROKEN = (EOFError, paramiko.SSHException, ConnectionError, TimeoutError)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Login:
    """Where and as whom. ``host_key``: a fingerprint ``SHA256:...``, or a file of known hosts; "" = the user's own."""

    path: str
    key: str = ""
    password: Secret | None = None  # of the key where there is one
    host_key: str = ""
    folder: Path | str | None = None

    def faults(self) -> list[str]:
        parts = urlsplit(self.path)
        try:
            found = [] if parts.hostname and parts.username and parts.port != 0 else [_ADDRESS]
        except ValueError:
            found = [_ADDRESS]
        if parts.password:
            found.append('path must not hold a password: write password = "${NAME}"')
        if not self.key and not self.password:
            found.append('sftp needs key = "file of a private key" or password = "${NAME}"')
        for option, name in (("key", self.key), ("host_key", "" if self.is_fingerprint else self.host_key)):
            if name and not is_file(self.file(name)):
                found.append(f"{option} = {name!r}: there is no such file")
        return found

    @property
    def is_fingerprint(self) -> bool:
        return self.host_key.startswith("SHA256:")

    @property
    def host(self) -> str:
        return urlsplit(self.path).hostname or ""

    @property
    def port(self) -> int:
        return urlsplit(self.path).port or 22

    @property
    def user(self) -> str:
        return unquote(urlsplit(self.path).username or "")

    @property
    def place(self) -> str:
        """The folder: absolute, or below the user's own where it begins with ``/~/``."""
        path = unquote(urlsplit(self.path).path) or "/"
        return path.removeprefix("/~/") or "."

    def file(self, name: str) -> Path:
        return Path(self.folder or ".") / Path(name).expanduser()


_ADDRESS = "path must be sftp://user@host/folder, or sftp://user@host:port/folder, or sftp://user@host/~/folder"


class Session:
    """One connection, made when needed, used by one call at a time, and made anew once where it turns out broken."""

    def __init__(self, login: Login, sleep: Callable[[float], None] = time.sleep) -> None:
        self.login, self._sleep, self._lock = login, sleep, threading.RLock()
        self._client: paramiko.SSHClient | None = None
        self._sftp: paramiko.SFTPClient | None = None

    @property
    def shown(self) -> str:
        return f"sftp://{self.login.user}@{self.login.host}:{self.login.port}"

    def run(self, what: Callable[[paramiko.SFTPClient], T], doing: str) -> T:
        """``what``, connected. Raises FeedError where there is none, OSError what the server says of a file."""
        with self._lock:
            was_open = self._sftp is not None
            try:
                return what(self._opened())
            except BROKEN as cause:
                self.close()
                if not was_open:
                    raise FeedError(f"{self.shown}: broke off {doing} ({_said(cause)})") from cause
            except OSError as cause:
                if cause.errno is not None or str(cause) != "Socket is closed":
                    raise
                self.close()
            try:
                return what(self._opened())
            except BROKEN as cause:
                self.close()
                raise FeedError(f"{self.shown}: broke off {doing} ({_said(cause)})") from cause

    def close(self) -> None:
        with contextlib.suppress(Exception):
            if self._client is not None:
                self._client.close()
        self._client = self._sftp = None

    def _opened(self) -> paramiko.SFTPClient:
        if self._sftp is None:
            for attempt in range(1, TRIES + 1):
                try:
                    return self._connect()
                except (paramiko.SSHException, OSError, EOFError) as cause:
                    self.close()
                    if attempt == TRIES or isinstance(cause, FINAL):
                        raise FeedError(f"{self.shown} cannot be reached: {self._sentence(cause)}") from cause
                    self._sleep(PAUSE_S * 2 ** (attempt - 1))
        assert self._sftp is not None
        return self._sftp

    def _connect(self) -> paramiko.SFTPClient:
        login, client = self.login, paramiko.SSHClient()
        self._client = client
        if login.is_fingerprint:
            client.set_missing_host_key_policy(_OnlyThis(login.host_key))
        else:
            client.set_missing_host_key_policy(paramiko.RejectPolicy())
            if login.host_key:
                client.load_host_keys(str(login.file(login.host_key)))
            else:
                client.load_system_host_keys()
        secret = login.password.reveal() if login.password else None
        client.connect(
            login.host,
            login.port,
            login.user,
            key_filename=str(login.file(login.key)) if login.key else None,
            passphrase=secret if login.key else None,
            password=None if login.key else secret,
            timeout=TIMEOUT_S,
            banner_timeout=TIMEOUT_S,
            auth_timeout=TIMEOUT_S,
            allow_agent=False,
            look_for_keys=False,
        )
        self._sftp = client.open_sftp()
        channel = self._sftp.get_channel()
        if channel is not None:
            channel.settimeout(TIMEOUT_S)
        return self._sftp

    def _sentence(self, cause: BaseException) -> str:
        said = _said(cause)
        if self.login.password:
            said = self.login.password.concealed(said)
        if (
            isinstance(cause, paramiko.BadHostKeyException)
            or "fingerprint" in said
            or "not found in known_hosts" in said
        ):
            remedy = (
                'ask its admin for its fingerprint and write host_key = "SHA256:...", or name a file of known hosts'
            )
            return f"the server is not the one that is known ({said}): {remedy}"
        if isinstance(cause, paramiko.PasswordRequiredException):
            return 'the key is locked: write password = "${NAME}"'
        if isinstance(cause, paramiko.AuthenticationException):
            return "user, key or password is not accepted"
        return said


class _OnlyThis(paramiko.MissingHostKeyPolicy):
    """Accepts the server with this fingerprint, and no other."""

    def __init__(self, fingerprint: str) -> None:
        self._fingerprint = fingerprint.rstrip("=")

    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:
        found = fingerprint_of(key.asbytes())
        if found != self._fingerprint:
            raise paramiko.SSHException(f"its {key.get_name()} key has the fingerprint {found}")


FINAL = (paramiko.AuthenticationException, paramiko.BadHostKeyException)


def fingerprint_of(key: bytes) -> str:
    """As ssh-keygen -l shows it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")


def make_folder(sftp: paramiko.SFTPClient, folder: str) -> None:
    """``folder`` and those above it."""
    try:
        if stat.S_ISDIR(sftp.stat(folder).st_mode or 0):
            return
    except FileNotFoundError:
        parent = folder.rpartition("/")[0]
        if parent:
            make_folder(sftp, parent)
    with contextlib.suppress(FileExistsError):
        sftp.mkdir(folder)


def replace_remote(sftp: paramiko.SFTPClient, file: str, pieces: Iterable[bytes]) -> None:
    """Write ``file.part`` and rename it: nobody ever sees half a file."""
    make_folder(sftp, file.rpartition("/")[0] or ".")
    size = 0
    with sftp.open(f"{file}.part", "wb") as out:
        out.set_pipelined(True)
        for piece in pieces:
            out.write(piece)
            size += len(piece)
    there = sftp.stat(f"{file}.part").st_size
    if there != size:
        raise OSError(0, f"{there} of {size} bytes arrived: is the disk full?")
    sftp.posix_rename(f"{file}.part", file)


def copied(source: IO[bytes] | Any, out: IO[bytes], size: int) -> None:
    """At most ``size`` bytes."""
    while size > 0 and (piece := source.read(min(size, 1 << 18))):
        out.write(piece)
        size -= len(piece)


def _said(cause: BaseException) -> str:
    return " ".join(str(cause).split()) or type(cause).__name__
