"""Broken answers of a mail server, line by line: told in words, nobody is noted as told, never a hang."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from channel_bulletins import EVENT, bulletin
from mutations import MOST_S, mutated
from test_mail_sink import sink

from hydria_mail.book import Book
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


@pytest.mark.parametrize("count", [100, pytest.param(10_000, marks=pytest.mark.soak)])
def test_broken_dialogues(tmp_path: Path, broken: Broken, count: int) -> None:
    refused = 0
    for n, said in enumerate(mutated(WHOLE, count, seed=25)):
        broken.lines = said.split(b"~")
        folder, begun = tmp_path / str(n), time.monotonic()
        try:
            sink(folder, broken.port, timeout_s=2).write(bulletin())
        except FeedError as error:
            refused += 1
            assert "mail server 127.0.0.1" in str(error) and len(str(error)) < 3000
        except Exception as error:
            raise AssertionError(f"{type(error).__name__}: {error}, for {said!r}") from error
        else:
            assert Book.of(folder / "mail", "sample", EVENT).states(), f"told, and not noted: {said!r}"
        assert time.monotonic() - begun < MOST_S, said
    assert count // 2 < refused < count
