"""Texts of points to rows, in blocks, so that a series of any length takes little memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hydria_plugin import Flag

from .codes import Trust
from .faults import Faults, quoted
from .rows import MOST, Rows, Stream, filled_rows, joined
from .times import NEVER, instants

TOGETHER = 20_000  # points that are turned into numbers at once

Block = tuple[NDArray[np.datetime64], NDArray[np.float64], NDArray[np.uint8], NDArray[np.datetime64]]


@dataclass(slots=True)
class Points:
    """Times, values and flags of one series on their way in; ``produced`` where each point says when it was."""

    times: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    flags: list[int] = field(default_factory=list)
    produced: list[str] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)

    def add(self, time: str, value: str, flag: int) -> None:
        self.times.append(time)
        self.values.append(value)
        self.flags.append(flag)


@dataclass(slots=True)
class Collector:
    """All rows of one file. ``streams`` is shared by all files: stream -> its number."""

    zone: tzinfo
    trust: Trust
    streams: dict[Stream, int]
    faults: Faults
    parts: list[Rows] = field(default_factory=list)

    def settle(self, points: Points) -> None:
        """Turn what was gathered into numbers."""
        if not points.times:
            return
        time, value = self.instants(points.times), self.numbers(points.values)
        flag = np.where(np.isnan(value), np.uint8(Flag.MISSING), np.array(points.flags, np.uint8))
        good = ~np.isnat(time) & ~np.isinf(value)
        told = instants(points.produced, self.zone) if points.produced else np.full(len(time), NEVER)
        points.blocks.append((time[good], value[good], flag[good].astype(np.uint8), told[good]))
        points.times, points.values, points.flags, points.produced = [], [], [], []

    def keep(self, stream: Stream, points: Points, received: np.datetime64, issued: Any = NEVER) -> None:
        """The points were those of ``stream``, received when they say or, where they do not, at ``received``."""
        self.settle(points)
        if not points.blocks:
            return
        time, value, flag, told = (np.concatenate(column) for column in zip(*points.blocks, strict=True))
        known = np.where(np.isnat(told), received, told)
        self.parts.append(filled_rows(self.number(stream), time, value, flag, known, issued))

    def number(self, stream: Stream) -> int:
        return self.streams.setdefault(stream, len(self.streams))

    def rows(self) -> Rows:
        return joined(self.parts)

    def instants(self, texts: Sequence[str]) -> NDArray[np.datetime64]:
        """NaT, and a fault, for what is no time."""
        found = instants(texts, self.zone)
        if (lost := np.flatnonzero(np.isnat(found))).size:
            self.faults.add("time", f"{quoted(texts[lost[0]])} is no time", lost.size)
        return found

    def numbers(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """NaN for an empty text (a gap); infinite, and a fault, for what is no number or beyond any measurement."""
        try:
            found = np.array([float(t) if t else np.nan for t in texts])
        except ValueError:
            found = np.array([plain(t) for t in texts])
        found[np.abs(found) > MOST] = np.inf
        if (lost := np.flatnonzero(np.isinf(found))).size:
            self.faults.add("value", f"{quoted(texts[lost[0]])} is no value", lost.size)
        return found


def plain(text: str) -> float:
    try:
        return float(text) if text else float("nan")
    except ValueError:
        return float("inf")
