"""Station feeds that come as MQTT messages: heard all the time, kept until they are asked for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hydria_plugin import ConfigError, FeedError, Layout, Problem, Secret, Wanted
from hydria_plugin.exchange import ago, factor, feed_table, iso_utc, unit_wanted

from .broker import Broker, Door
from .faults import Faults
from .listening import listenings, matches
from .readings import NEVER, Unusable

if TYPE_CHECKING:
    import pandas as pd
    from paho.mqtt.client import MQTTMessage

KEPT = np.timedelta64(7, "D")  # before the newest question
MOST = 2_000_000  # values


class MqttSource:
    """Keeps what ``feeds`` say how to read. With a name of ours at the broker (``client``) it keeps for us what comes
    while we are away.

    The keyword-only parameters are the TOML options; README.md says what each means. ``clock`` and ``layout`` are given
    by the house.
    """

    def __init__(
        self,
        *,
        url: str,
        feeds: Sequence[Mapping[str, str]],
        layout: Layout | None = None,
        clock: Callable[[], np.datetime64] | None = None,
        hosts: Sequence[str] = (),
        user: str = "",
        password: Secret | None = None,
        ca: str = "",
        client: str = "",
        timeout_s: float = 10.0,
        settle_s: float = 1.0,
    ) -> None:
        door = Door(url, tuple(hosts), user, password, ca, client, timeout_s)
        self._feeds, faults = listenings(feeds)
        faults = [*door.faults(), *faults]
        if faults:
            raise ConfigError([f"source mqtt: {fault}" for fault in faults])
        self._door, self._layout, self._clock, self._settle_s = door, layout, clock, settle_s
        self._memory = Memory(self._feeds, layout, clock)
        topics = tuple(dict.fromkeys(feed.topic for feed in self._feeds))
        self._broker = Broker(door, topics=topics, hear=self._memory.hear)
        self._listens = False

    def read(self, wanted: Wanted) -> pd.DataFrame:
        """What was heard of the wanted series. Raises FeedError where the broker is not there and nothing was heard."""
        problems = []
        try:
            self._listen()
        except FeedError as error:
            if not self._memory.values:
                raise
            problems = [Problem("source", None, str(error))]
        rows, faults = self._memory.rows(wanted)
        series, times, values, received = zip(*rows, strict=True) if rows else ((), (), (), ())
        return feed_table(
            series,
            np.array(times, "datetime64[us]"),
            values,
            received_at=np.array(received, "datetime64[us]"),
            wanted=wanted,
            problems=[*problems, *faults],
        )

    def probe(self) -> str:
        """Whether the broker takes us, and what it keeps of our topics. Raises FeedError."""
        self._listen()
        held = dict(self._memory.values)
        if not held:
            return f"{self._door.address}: the broker takes us; nothing was heard yet of {len(self._feeds)} feeds."
        (series, at), (value, _) = max(held.items(), key=lambda item: item[0][1])
        count, unit = len({name for name, _ in held}), unit_wanted(self._layout, series)
        newest = f"newest {series!r}: {value:g}{f' {unit}' if unit else ''} of {iso_utc(at)}"
        age = f", {ago(self._clock() - at)} ago" if self._clock else ""
        return f"{self._door.address}: {count} series heard; {newest}{age}, in UTC."

    def close(self) -> None:
        self._broker.close()

    def _listen(self) -> None:
        self._broker.open()
        if not self._listens:
            time.sleep(self._settle_s)  # what the broker kept for us comes now
            self._listens = True


class Memory:
    """What was heard, by series and time; the later message counts. Called from the connection's thread."""

    def __init__(self, feeds: Sequence[Any], layout: Layout | None, clock: Callable[[], np.datetime64] | None) -> None:
        self._feeds, self._layout, self._clock = feeds, layout, clock
        self.values: dict[tuple[str, np.datetime64], tuple[float, np.datetime64]] = {}
        self._faults, self._lock = Faults(), threading.Lock()

    def hear(self, message: MQTTMessage) -> None:
        now = self._clock().astype("datetime64[us]") if self._clock else NEVER
        with self._lock:
            for feed in self._feeds:
                if not matches(feed.topic, message.topic):
                    continue
                try:
                    for series, at, value in feed.values(message.topic, message.payload, now):
                        self._keep(series, at, value * self._scale(feed.unit, series), now)
                except Unusable as unusable:
                    self._faults.add("", unusable.kind, str(unusable))
                except ValueError as error:
                    self._faults.add("", "unit", f"{error}; the message on {message.topic!r} is not used")

    def rows(self, wanted: Wanted) -> tuple[list[tuple[str, np.datetime64, float, np.datetime64]], list[Problem]]:
        """All of the wanted series, and what could not be used since the last question."""
        asked, oldest = set(wanted.series), wanted.start - KEPT
        with self._lock:
            self.values = {key: kept for key, kept in self.values.items() if key[1] >= oldest}
            faults, self._faults = self._faults.problems(), Faults()
            found = [(s, at, v, got) for (s, at), (v, got) in self.values.items() if s in asked]
        return found, faults

    def _keep(self, series: str, at: np.datetime64, value: float, now: np.datetime64) -> None:
        if np.isnat(at):
            raise Unusable("time", "a message without time is not used: there is no clock to say when it came")
        if len(self.values) >= MOST and (series, at) not in self.values:
            raise Unusable("room", f"more than {MOST:,} values wait to be asked for; what comes is not kept")
        before = self.values.get((series, at))
        if before is None or before[0] != value:  # the same message again was received when it first came
            self.values[series, at] = (value, now)

    def _scale(self, unit: str, series: str) -> float:
        own = unit_wanted(self._layout, series)
        return factor(unit, own) if unit and own else 1.0
