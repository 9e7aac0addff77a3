"""MQTT messages of any make to values: which topic, and where in its JSON the time, the value and the series stand."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from hydria_plugin.exchange import known_unit

from .readings import Manner, Unusable, at_path, span_of, value_of

CLOCKS = {"iso": 0, "unix": 1_000_000, "unix_ms": 1_000}  # microseconds
MOST_BYTES = 1 << 20
HOLE = re.compile(r"\{([^{}]*)\}")
PLAIN = Manner()


@dataclass(frozen=True, slots=True)
class Listening:
    """One kind of message. ``series``: a name with ``{1}``, ``{2}`` for what stands at the first and second ``+`` of
    the topic, and ``{path}`` for a text in the message. ``time`` and ``value`` are paths; an empty ``value`` is the
    message itself, an empty ``time`` when it came."""

    topic: str
    series: str
    value: str = "result"
    time: str = "phenomenonTime"
    clock: str = "iso"
    unit: str = ""

    def faults(self) -> list[str]:
        """What is wrong with it, in words for the admin."""
        found = []
        levels = self.topic.split("/")
        if not self.topic or any("+" in one and one != "+" for one in levels) or "#" in "".join(levels[:-1]):
            found.append(f"topic = {self.topic!r}: + stands for a whole level, # for all that follows")
        if self.clock not in CLOCKS:
            found.append(f"clock = {self.clock!r} must be one of {', '.join(CLOCKS)}")
        if self.unit and known_unit(self.unit) is None:
            found.append(f"unit = {self.unit!r} is not known; allowed: m, cm, mm, m3/s, l/s and the like")
        if not self.series:
            found.append("series = '' must be a name")
        numbers = [int(hole) for hole in HOLE.findall(self.series) if hole.isdigit()]
        if any(not 1 <= n <= levels.count("+") for n in numbers):
            found.append(f"series = {self.series!r} names a + that topic = {self.topic!r} does not have")
        return found

    def values(self, topic: str, payload: bytes, now: np.datetime64) -> Iterator[tuple[str, np.datetime64, float]]:
        """(series, time, value) of one message, which may be a list. Raises Unusable."""
        if len(payload) > MOST_BYTES:
            raise Unusable("size", f"a message of {len(payload):,} bytes on {topic!r} is not read")
        try:
            message = json.loads(payload)
        except (ValueError, RecursionError) as error:
            raise Unusable("json", f"a message on {topic!r} is not JSON ({error})") from error
        for one in message if isinstance(message, list) else [message]:
            yield self.name(topic, one), self.moment(one, now), self.number(one)

    def name(self, topic: str, message: Any) -> str:
        words = plus_words(self.topic, topic)

        def word(hole: re.Match[str]) -> str:
            if hole[1].isdigit():
                return words[int(hole[1]) - 1]
            found = at_path(message, hole[1].split("."))
            if not isinstance(found, str | int) or isinstance(found, bool):
                raise Unusable("series", f"a message on {topic!r} has no text or number at {hole[1]!r}")
            return str(found)

        return HOLE.sub(word, self.series)

    def moment(self, message: Any, now: np.datetime64) -> np.datetime64:
        """The end of what it is about."""
        if not self.time:
            return now
        said = at_path(message, self.time.split("."))
        if self.clock == "iso":
            return span_of(said, PLAIN.zone)[1]
        if not isinstance(said, int | float) or isinstance(said, bool) or not abs(said) < 4e12 or math.isnan(said):
            raise Unusable("time", f"the time {said!r:.60} is no number of {self.clock}; the value is not used")
        micros = round(said * CLOCKS[self.clock])
        if not 0 <= micros < 4_102_444_800_000_000:
            raise Unusable("time", f"the time {said!r:.60} lies outside 1970 to 2100; the value is not used")
        return np.datetime64(micros, "us")

    def number(self, message: Any) -> float:
        return value_of(at_path(message, self.value.split(".")) if self.value else message, PLAIN)


def plus_words(pattern: str, topic: str) -> list[str]:
    """What stands in a topic at the ``+`` of a pattern that it matches."""
    return [word for sign, word in zip(pattern.split("/"), topic.split("/"), strict=False) if sign == "+"]


def matches(pattern: str, topic: str) -> bool:
    """As brokers match."""
    signs, words = pattern.split("/"), topic.split("/")
    if signs[-1] == "#":
        signs = signs[:-1]
        words = words[: len(signs)] if len(words) >= len(signs) else words
    return len(signs) == len(words) and all(s in ("+", w) for s, w in zip(signs, words, strict=True))


def listenings(given: Sequence[Mapping[str, Any]]) -> tuple[tuple[Listening, ...], list[str]]:
    """The admin's tables, and what is wrong with them."""
    known = [f.name for f in fields(Listening)]
    found, faults = [], [] if given else ["feeds must hold at least one { topic = ..., series = ... }"]
    for n, table in enumerate(given, 1):
        place = f"feeds, number {n}"
        if not isinstance(table, Mapping) or not all(isinstance(v, str) for v in table.values()):
            faults.append(f"{place}: must be a table of texts: {', '.join(known)}")
        elif wrong := [key for key in table if key not in known] or [k for k in known[:2] if k not in table]:
            faults.append(f"{place}: {wrong[0]!r} is unknown or missing; a feed takes {', '.join(known)}")
        else:
            found.append(Listening(**table))
            faults += [f"{place}: {fault}" for fault in found[-1].faults()]
    return tuple(found), faults
