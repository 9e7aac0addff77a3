"""The paper: one station's numbers with the scales to draw them on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..values import Floats, Times
from .axes import Clock, Scale, decimals, nice_step, ticks
from .marks import Point
from .scene import Scene
from .words import Words

WIDTH, HEIGHT = 900, 520
MARGIN = 22.0
LEFT, RIGHT = 66.0, 776.0
TOP, BOTTOM = 82.0, 436.0
RAIN_HEIGHT = 74.0


@dataclass(frozen=True)
class Paper:
    """One station's numbers with the scales to draw them on."""

    scene: Scene
    words: Words
    x: Clock
    y: Scale
    top: float
    levels: list[float]  # where the value axis has its ticks

    @classmethod
    def for_(cls, scene: Scene, words: Words) -> Paper:
        low, high = scene.reach()
        if high - low < 1e-9 * max(abs(high), 1):
            room = max(0.5, 1e-3 * abs(high))
            low, high = low - room, high + room
        step = nice_step(high - low, 6)
        low, high = np.floor(low / step) * step, high + 0.06 * (high - low)
        top = TOP + (RAIN_HEIGHT if len(scene.rain[0]) else 0)
        scale = Scale(float(low), float(high), BOTTOM, top)
        return cls(scene, words, Clock.over(*scene.span, LEFT, RIGHT), scale, top, ticks(float(low), float(high)))

    def points(self, times: Times, values: Floats) -> list[Point]:
        return [(self.x(t), self.y(float(v))) for t, v in zip(times, values, strict=True)]

    def pieces(self, times: Times, values: Floats) -> list[list[Point]]:
        """The points, broken where values are missing."""
        known = np.isfinite(values)
        breaks = np.flatnonzero(np.diff(known.astype(int))) + 1
        parts = zip(np.split(times, breaks), np.split(values, breaks), np.split(known, breaks), strict=True)
        return [self.points(t, v) for t, v, ok in parts if len(ok) and ok[0]]

    def amount(self, value: float) -> str:
        return self.words.amount(value, max(decimals(self.levels), 2 if self.scene.unit == "m" else 0), self.scene.unit)
