"""A connection to an MQTT broker: kept open, so that the broker itself says when we are gone."""

from __future__ import annotations

import contextlib
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from hydria_plugin import FeedError, Secret
from hydria_plugin.exchange import Gate, is_file

if TYPE_CHECKING:
    from paho.mqtt.client import Client, MQTTMessage

PORTS = {"mqtt": 1883, "mqtts": 8883}
ALLOWED = "an address such as mqtt://broker.example:1883, or mqtts://broker.example:8883 for TLS"
QOS = 1  # each message at least once
KEEPALIVE_S = 30  # after half as long again without a sign of life the broker publishes our will
ONLINE, OFFLINE = b"online", b"offline"


@dataclass(frozen=True, slots=True)
class Message:
    """What is published."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Door:
    """Where the broker is, and who we are there."""

    address: str
    hosts: tuple[str, ...] = ()
    user: str = ""
    password: Secret | None = None
    ca: str = ""
    client: str = ""  # our name at the broker; "" = it gives us one
    timeout_s: float = 10.0

    def faults(self) -> list[str]:
        """What is wrong with it, in words for the admin."""
        found = []
        try:
            parts = urlsplit(self.address)
            port = parts.port
        except ValueError as error:
            return [f"url = {self.address!r} is none ({error}); allowed: {ALLOWED}"]
        if parts.username or parts.password:
            found.append("an address must not hold a user or a password: use the options user and password")
        elif parts.scheme not in PORTS or not parts.hostname or parts.path.strip("/") or port == 0:
            found.append(f"url = {self.address!r} is none; allowed: {ALLOWED}")
        if self.password and not self.user:
            found.append("a password needs a user")
        if self.ca and not is_file(self.ca):
            found.append(f"ca = {self.ca!r}: there is no such file; allowed: a PEM file of certificates")
        if self.timeout_s <= 0:
            found.append(f"timeout_s = {self.timeout_s!r} must be positive")
        return found

    def place(self) -> tuple[str, int, bool]:
        """(host, port, TLS). Raises FeedError where the host may not be called."""
        parts = urlsplit(self.address)
        port = parts.port or PORTS[parts.scheme]
        as_web = f"http://{parts.netloc}"  # the rules on whom we may call are the same
        Gate.to(as_web, self.hosts).checked(as_web, self.address)
        return parts.hostname or "", port, parts.scheme == "mqtts"


class Broker:
    """Publishes, and hears what it subscribed to. ``status``: the topic that says whether we are there, "" for none.
    ``topics`` are heard by ``hear``. Raises FeedError where the broker cannot be reached or refuses."""

    def __init__(
        self,
        door: Door,
        status: str = "",
        topics: Sequence[str] = (),
        hear: Callable[[MQTTMessage], None] | None = None,
    ) -> None:
        self._door, self._status, self._topics, self._hear = door, status, tuple(topics), hear
        self._client: Client | None = None
        self._close: Callable[[], Any] = lambda: None

    def open(self) -> None:
        """Connect, unless we are connected. Raises FeedError."""
        if self._client is not None and self._client.is_connected():
            return
        self.close()
        self._client = client = self._made()
        self._close = weakref.finalize(self, ended, client, self._status)
        host, port, _ = self._door.place()
        answered, said = threading.Event(), list[str]()
        client.on_connect = greeting(self._status, self._topics, answered, said)
        try:
            client.connect(host, port, KEEPALIVE_S)
        except (OSError, ValueError) as error:
            self.close()
            raise FeedError(f"{self._door.address}: the broker is not reached ({error})") from error
        client.loop_start()
        in_time = answered.wait(self._door.timeout_s)
        if not in_time or said:
            self.close()
            why = f"it refuses us: {said[0]}" if said else f"no answer within {self._door.timeout_s:g} s"
            raise FeedError(f"{self._door.address}: {self._concealed(why)}")

    def publish(self, messages: Sequence[Message], retain: bool) -> None:
        """All of them, and the broker has said that it has each. Raises FeedError."""
        self.open()
        assert self._client is not None
        until = time.monotonic() + self._door.timeout_s
        sent = [(m, self._client.publish(m.topic, m.payload, QOS, retain)) for m in messages]
        for message, info in sent:
            try:
                info.wait_for_publish(max(0.0, until - time.monotonic()))
                done = info.is_published()
            except (RuntimeError, ValueError) as error:
                self.close()
                raise FeedError(f"{self._door.address}: {message.topic!r} is not sent ({error})") from error
            if not done:
                self.close()  # what is still waiting must not be sent some day, after what is newer
                raise FeedError(
                    f"{self._door.address}: no acknowledgement of {message.topic!r} within {self._door.timeout_s:g} s"
                )

    def close(self) -> None:
        self._close()
        self._client, self._close = None, lambda: None

    def _made(self) -> Client:
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion

        is_kept = bool(self._topics and self._door.client)  # the broker keeps what comes while we are away
        client = Client(CallbackAPIVersion.VERSION2, client_id=self._door.client, clean_session=not is_kept)
        client.connect_timeout = self._door.timeout_s
        if self._door.user:
            client.username_pw_set(self._door.user, self._door.password.reveal() if self._door.password else None)
        if self._door.place()[2]:
            import ssl

            client.tls_set_context(ssl.create_default_context(cafile=self._door.ca or None))
        if self._status:
            client.will_set(self._status, OFFLINE, QOS, retain=True)
        if self._hear is not None:
            hear = self._hear
            client.on_message = lambda _client, _data, message: hear(message)
        return client

    def _concealed(self, text: str) -> str:
        return self._door.password.concealed(text) if self._door.password else text


def greeting(status: str, topics: Sequence[str], answered: threading.Event, said: list[str]) -> Callable[..., None]:
    """What is done at each connection, those after a break among them: say that we are there, and subscribe."""

    def connected(client: Client, data: Any, flags: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            said.append(str(reason))
        else:
            if topics:
                client.subscribe([(topic, QOS) for topic in topics])
            if status:
                client.publish(status, ONLINE, QOS, retain=True)
        answered.set()

    return connected


def ended(client: Client, status: str) -> None:
    """Say that we go, and go. Where the connection broke meanwhile, the broker's word is the will."""
    with contextlib.suppress(RuntimeError, ValueError):
        if client.is_connected() and status:
            client.publish(status, OFFLINE, QOS, retain=True).wait_for_publish(1.0)
    client.disconnect()
    client.loop_stop()
