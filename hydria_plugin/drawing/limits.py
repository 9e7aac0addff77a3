"""The thresholds in the picture: lines, and names that stand apart."""

from __future__ import annotations

from . import marks
from .marks import line, rectangle, text
from .palette import QUIET, colour_of
from .paper import BOTTOM, LEFT, RIGHT, TOP, Paper


def limits(paper: Paper) -> list[str]:
    """Each a line with its name at the end; those out of the picture are named at its top."""
    seen = [(name, rank, limit) for name, rank, limit in paper.scene.limits if paper.y.low <= limit <= paper.y.high]
    places = _apart([paper.y(limit) for _, _, limit in seen])
    drawn = [
        _threshold(paper, name, rank, limit, paper.y(limit), label)
        for (name, rank, limit), label in zip(seen, places, strict=True)
    ]
    ways = [(one, "↑" if one[2] > paper.y.high else "↓") for one in paper.scene.limits if one not in seen]
    beyond = [f"{name} {paper.amount(limit)} {way}" for (name, _, limit), way in ways]
    if beyond:
        drawn.append(text(LEFT + 8, paper.top + 14, marks.shortened("   ".join(beyond), 108), fill=QUIET))
    return drawn


def _apart(lines: list[float]) -> list[float]:
    """Where the names of thresholds stand, the lowest threshold first: beside its line, far enough from the next one,
    and none above or below the picture."""
    apart = min(30.0, (BOTTOM + 12 - TOP) / max(len(lines), 1))
    places, free = [], BOTTOM + 12.0
    for y in lines:
        free = min(y + 4, free - apart)
        places.append(free)
    least = TOP
    for i in range(len(places) - 1, -1, -1):
        places[i] = max(places[i], least)
        least = places[i] + apart
    return places


def _threshold(paper: Paper, name: str, rank: int, limit: float, y: float, label: float) -> str:
    colour, dashes = colour_of(name, rank), ("7 4", "12 4", "none", "2 3")[rank % 4]
    return (
        line(LEFT, y, RIGHT, y, stroke=colour, stroke_width=1.8, stroke_dasharray=dashes)
        + rectangle(RIGHT + 8, label - 9, 9, 9, rx=2, fill=colour)
        + text(RIGHT + 22, label, marks.shortened(name, 14), font_weight="bold")
        + text(RIGHT + 22, label + 14, paper.amount(limit), fill=QUIET)
    )
