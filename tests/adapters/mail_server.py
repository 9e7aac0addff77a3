"""A real mail server on the loopback address that answers as a test tells it to, and keeps what it took."""

from __future__ import annotations

import email
import email.policy
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

USER = "hydria"


class Handler:
    """``rcpt`` and ``data``: what to answer, by reader; else it takes all."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, bytes]] = []
        self.rcpt: dict[str, list[str]] = {}
        self.data: list[str] = []
        self.spoken = 0  # conversations

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        said = self.rcpt.get(address, [])
        answer = said.pop(0) if said else "250 OK"
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        answer = self.data.pop(0) if self.data else "250 OK"
        if answer.startswith("2"):
            self.taken += [(to, envelope.content) for to in envelope.rcpt_tos]
        return answer


class MailServer:
    """Started when made. ``security`` as in the sink's options; with ``password`` everyone has to log in."""

    def __init__(self, security: str = "none", password: str = "", certificate: Sequence[Path] = ()) -> None:
        self.handler, self.port, self.logins = Handler(), free_port(), 0
        self.security, self.password, self.certificate = security, password, certificate
        self.start()

    def start(self) -> None:
        context = server_context(*self.certificate) if self.certificate else None
        options: dict[str, Any] = {}
        if self.security == "starttls":
            options |= {"tls_context": context, "require_starttls": True}
        if self.password:
            options |= {"authenticator": self._authenticate, "auth_required": True,
                        "auth_require_tls": self.security == "starttls"}  # fmt: skip
        ssl_context = context if self.security == "tls" else None
        self._controller = Controller(
            self.handler, hostname="127.0.0.1", port=self.port, ssl_context=ssl_context, **options
        )
        self._controller.start()

    def stop(self) -> None:
        self._controller.stop()

    def _authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        self.logins += 1
        fits = isinstance(data, LoginPassword) and (data.login, data.password) == (b"hydria", self.password.encode())
        return AuthResult(success=fits, handled=False)

    @property
    def mails(self) -> list[tuple[str, EmailMessage]]:
        """Reader and mail, in the order in which they were taken."""
        parsed = [
            (to, email.message_from_bytes(content, policy=email.policy.default)) for to, content in self.handler.taken
        ]
        return [(to, mail) for to, mail in parsed if isinstance(mail, EmailMessage)]

    def state(self) -> set[tuple[str, bytes]]:
        return set(self.handler.taken)


class Dialogue:
    """A server that says its lines one after the other, each after a line that it hears, and hangs up."""

    def __init__(self, *lines: bytes) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self._thread = threading.Thread(target=self._speak, args=(lines,), daemon=True)
        self._thread.start()

    def _speak(self, lines: Sequence[bytes]) -> None:
        try:
            peer, _ = self._socket.accept()
        except OSError:
            return
        with peer:
            for line in lines:
                peer.sendall(line)
                if not peer.recv(65536):
                    return

    def close(self) -> None:
        self._socket.close()
        self._thread.join(5)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def make_certificate(folder: Path, name: str = "localhost") -> tuple[Path, Path]:
    """A certificate that signs itself, and its key."""
    certificate, key = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
               "-addext", f"subjectAltName=DNS:{name}", "-keyout", str(key), "-out", str(certificate)]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


Made = Callable[..., MailServer]
