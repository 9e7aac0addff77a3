"""Broken answers of a mail server, line by line: told in words, nobody is noted as told, never a hang."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from channel_bulletins import EVENT, bulletin
from mutations import MOST_S, mutated
from test_mail_sink import sink

from hydria_mail.book import Book
from hydria_mail.smtp import Server
from hydria_plugin import FeedError

WHOLE = [
    b"220 hello\r\n~250-me\r\n250 SIZE 1000\r\n~250 sender\r\n~250 reader\r\n~354 go\r\n~250 taken\r\n~221 bye\r\n",
    b"220 hello\r\n~250-me\r\n250 SIZE 1000\r\n~250 sender\r\n~450 later\r\n~221 bye\r\n",
    b"220 hello\r\n~250 me\r\n~250 sender\r\n~550 never\r\n~250 reset\r\n~221 bye\r\n",
]


class Broken:
    """Says ``lines``, each after something heard, or after a moment; then hangs up."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port, self.lines, self.bodies = int(self._socket.getsockname()[1]), list[bytes](), 0
        threading.Thread(target=self._speak, daemon=True).start()

    def _speak(self) -> None:
        while True:
            try:
                peer, _ = self._socket.accept()
            except OSError:
                return
            with peer:
                peer.settimeout(0.02)
                try:
                    for line in self.lines:
                        peer.sendall(line)
                        if not peer.recv(1 << 20):
                            break
                except OSError:
                    continue

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def broken() -> Iterator[Broken]:
    made = Broken()
    yield made
    made.close()


def mailed(port: int) -> bool:
    """Whether the server took it. Raises FeedError."""
    server = Server("127.0.0.1", port, "none", "", None, "", 2.0, "hydria")
    mail = EmailMessage()
    mail["Subject"] = "ALERT"
    mail.set_content("H above 1.2 m")
    with server.opened() as connection:
        server.send(connection, mail, "crues@exemple.fr", "duty@exemple.fr")
    return True


@pytest.mark.parametrize("count", [300, pytest.param(10_000, marks=pytest.mark.soak)])
def test_broken_dialogues(broken: Broken, count: int) -> None:
    refused = 0
    for said in mutated(WHOLE, count, seed=25):
        broken.lines = said.split(b"~")
        begun = time.monotonic()
        try:
            assert mailed(broken.port) and b"354" in said, said
        except FeedError as error:
            refused += 1
            assert "mail server 127.0.0.1" in str(error) and len(str(error)) < 1000
        except Exception as error:
            raise AssertionError(f"{type(error).__name__}: {error}, for {said!r}") from error
        assert time.monotonic() - begun < MOST_S, said
    assert count // 2 < refused < count


def test_nobody_is_noted_whom_nothing_reached(tmp_path: Path, broken: Broken) -> None:
    for n, said in enumerate(mutated(WHOLE, 20, seed=26)):
        broken.lines = said.split(b"~")
        folder = tmp_path / str(n)
        try:
            sink(folder, broken.port).write(bulletin())
        except FeedError:
            noted = Book.of(folder / "mail", "sample", EVENT).states()
            assert not noted or list(noted.values()) == ["refused"], (noted, said)
        else:
            assert Book.of(folder / "mail", "sample", EVENT).states(), f"told, and not noted: {said!r}"
