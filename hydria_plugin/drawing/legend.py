"""The legend under the picture: only what is in it."""

from __future__ import annotations

import numpy as np

from .marks import element, line, rectangle, text
from .palette import BANDS, INK, QUIET, RAIN, RIVER
from .scene import Scene
from .words import Words

SWATCH = 24.0
CHARACTER = 6.4  # mean width of one at 12 px: enough to lay the entries out without a font at hand


def legend(scene: Scene, words: Words, left: float, right: float, y: float) -> list[str]:
    """The entries side by side between ``left`` and ``right``, their text standing on the line ``y``."""
    entries = _entries(scene, words)
    widths = [SWATCH + 6 + CHARACTER * len(label) for _, label in entries]
    gap = min(22.0, (right - left - sum(widths)) / max(len(entries) - 1, 1))
    drawn, x = [], left
    for (swatch, label), width in zip(entries, widths, strict=True):
        entry = swatch + text(SWATCH + 6, 0, label, fill=QUIET)
        drawn.append(element("g", entry, transform=f"translate({x:.1f} {y:.1f})"))
        x += width + gap
    return drawn


def _entries(scene: Scene, words: Words) -> list[tuple[str, str]]:
    entries = [(_stroke(stroke=INK, stroke_width=2.2), words["observed"])]
    if scene.estimated.any():
        entries.append((_stroke(stroke=QUIET, stroke_width=1.8, stroke_dasharray="4 4"), words["estimated"]))
    if len(scene.truth[0]):
        stroke = _stroke(stroke=INK, stroke_width=2.0, stroke_dasharray="1 5", stroke_linecap="round")
        entries.append((stroke, words["afterwards"]))
    if scene.there:
        entries.append((_stroke(stroke=RIVER, stroke_width=2.8), words["median"]))
        entries += [
            (rectangle(0, -10, SWATCH, 12, fill=colour), _band(scene, low, high, words))
            for (low, high), colour in zip(scene.bands, BANDS[-len(scene.bands) :], strict=False)
        ]
    ahead = scene.rain[0] > scene.issued_at
    if np.any(ahead & (scene.rain[1] > 0)):
        box = rectangle(6, -10, 12, 12, fill="#ffffff", stroke=RAIN, stroke_width=0.8)
        entries.append((box, words["rain ahead"]))
    return entries


def _band(scene: Scene, low: int, high: int, words: Words) -> str:
    percent = " %" if words.language == "fr" else "%"
    return f"{100 * scene.quantiles[low]:g}–{100 * scene.quantiles[high]:g}{percent}"


def _stroke(**style: object) -> str:
    return line(0, -4, SWATCH, -4, **style)
