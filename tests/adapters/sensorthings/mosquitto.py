"""A real Mosquitto for the tests, and someone who listens."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion
from sensorthings_server import free_port


def need_mosquitto() -> str:
    """The program; skip by name, or fail where the machine must have it (.ci/run)."""
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        if os.environ.get("HYDRIA_REQUIRE_SYSTEM"):
            pytest.fail("mosquitto is not installed, and HYDRIA_REQUIRE_SYSTEM asks for it: apt-get install mosquitto")
        pytest.skip("mosquitto is not installed (apt-get install mosquitto)")
    return found


class Mosquitto:
    """``lines`` of its configuration say who is let in."""

    def __init__(self, folder: Path, *lines: str, is_plain: bool = True) -> None:
        self.port, self._is_plain = free_port(), is_plain
        self.address = f"mqtt://127.0.0.1:{self.port}"
        self._config = folder / "mosquitto.conf"
        given = lines or ("allow_anonymous true",)
        self._config.write_text(
            "\n".join([f"listener {self.port} 127.0.0.1", "persistence false", "user root", *given, ""])
        )
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        words = [need_mosquitto(), "-c", str(self._config)]
        self._process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 10
        while time.monotonic() < until:
            try:
                if self._is_plain:
                    Listener(self.port).close()
                else:
                    socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise AssertionError("mosquitto did not start")

    def freeze(self) -> None:
        """It holds its connections, and does nothing more."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None


class Listener:
    """Hears all topics: ``held`` is what the broker keeps and what came since, by topic; ``heard`` every message."""

    def __init__(self, port: int, user: str = "", password: str = "") -> None:
        self.held: dict[str, bytes] = {}
        self.heard: list[tuple[str, bytes]] = []
        self._subscribed = False
        self._client = Client(CallbackAPIVersion.VERSION2)
        if user:
            self._client.username_pw_set(user, password)
        self._client.on_message = self._hear
        self._client.on_subscribe = self._begun
        self._client.on_connect = lambda client, *_: client.subscribe("#", 1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def _begun(self, *_: Any) -> None:
        self._subscribed = True

    def _hear(self, client: Client, data: Any, message: Any) -> None:
        self.held[message.topic] = message.payload
        self.heard.append((message.topic, message.payload))

    def wait(self, enough: Any, seconds: float = 5.0) -> bool:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if enough():
                return True
            time.sleep(0.005)
        return False

    def say(self, topic: str, payload: bytes, retain: bool = False) -> None:
        self._client.publish(topic, payload, 1, retain).wait_for_publish(5.0)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def retained(port: int) -> dict[str, bytes]:
    """What the broker keeps, seen by one who comes now."""
    listener = Listener(port)
    listener.wait(lambda: listener._subscribed)
    before = -1
    while before != len(listener.held):  # until nothing more comes
        before = len(listener.held)
        time.sleep(0.05)
    listener.close()
    return dict(listener.held)
