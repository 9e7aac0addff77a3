"""Colours: blues for the forecast, ink for the river as it was, the platform's own colours for its thresholds.

The blues differ in lightness too, so that they survive a grey printer and every kind of colour vision.
"""

from __future__ import annotations

INK = "#17202a"
QUIET = "#55606c"  # 6.4:1 on white
FAINT = "#c9d0d8"
GRID = "#e3e7ec"
FUTURE = "#f4f7fb"
RIVER = "#08489c"
RAIN = "#2f7fbf"
BANDS = ("#dbe8f6", "#b3d0ee", "#7db0e0")  # widest to narrowest

NAMED = {
    "green": "#2e8b57",
    "yellow": "#e0b400",
    "orange": "#ec7a08",
    "red": "#d32029",
    "purple": "#7b2d8e",
    "blue": "#2f7fbf",
}
FRENCH = {"vert": "green", "jaune": "yellow", "rouge": "red", "violet": "purple", "bleu": "blue"}
BY_RANK = ("yellow", "orange", "red", "purple")


def colour_of(name: str, rank: int) -> str:
    """A threshold's colour: the one it is called after, else by its rank."""
    spoken = [FRENCH.get(word, word) for word in name.lower().replace("-", " ").replace("_", " ").split()]
    called = [word for word in spoken if word in NAMED]
    return NAMED[called[0] if called else BY_RANK[min(rank, len(BY_RANK) - 1)]]
