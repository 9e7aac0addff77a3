"""The reliability diagram and the rank histogram, lead by lead: what was seen against what was promised.

Points on the diagonal, bars as high as the dashed line: the forecast means what it says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from ..values import Floats
from . import marks
from .axes import Scale
from .hydrograph import FONT
from .marks import line, rectangle, text
from .palette import BANDS, FAINT, GRID, INK, QUIET, RIVER
from .words import Words

COLUMN, GAP, LEFT, TOP = 190.0, 24.0, 62.0, 96.0
RANKS = 96.0  # height of the histogram
BETWEEN = 62.0
FOOT = 74.0
TICK = "#e0a458"
CHARACTER = 6.1  # mean width of one in the legend
TEXT: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "{} · Do the forecasts mean what they say?",
        "all": "all stations",
        "lead": "+{}",
        "pairs": "{} pairs · reliability {}",
        "seen": "seen",
        "promised": "promised",
        "ranks": "truth between the quantiles, times what was promised",
        "none": "nothing verified yet",
        "legend share": "truth seen below the quantile",
        "legend bar": "chance (90%)",
        "legend tick": "truth equal to the quantile (gauge ticks)",
        "legend rank": "reliable",
        "told": "At +{}: reliability {} of 1 from {} pairs; {} of the truth below the 10-90% band, {} above it.",
    },
    "fr": {
        "title": "{} · Les prévisions tiennent-elles parole ?",
        "all": "toutes les stations",
        "lead": "+{}",
        "pairs": "{} paires · fiabilité {}",
        "seen": "observé",
        "promised": "annoncé",
        "ranks": "vérité entre les quantiles, en multiples de l'annoncé",
        "none": "rien de vérifié encore",
        "legend share": "vérité sous le quantile",
        "legend bar": "hasard (90 %)",
        "legend tick": "vérité égale au quantile (pas du capteur)",
        "legend rank": "fiable",
        "told": "À +{} : fiabilité {} sur 1 sur {} paires ; {} de la vérité sous la bande 10-90 %, {} au-dessus.",
    },
}


class Diagram(Protocol):
    """What is drawn of one lead; see verification/diagrams.py."""

    @property
    def lead(self) -> int: ...
    @property
    def levels(self) -> Floats: ...  # (Q)
    @property
    def pairs(self) -> int: ...
    @property
    def share(self) -> Floats: ...  # (Q)
    @property
    def ticks(self) -> Floats: ...  # (Q)
    @property
    def low(self) -> Floats: ...  # (Q)
    @property
    def high(self) -> Floats: ...  # (Q)
    @property
    def ranks(self) -> Floats: ...  # (Q + 1)
    @property
    def index(self) -> float: ...


def reliability(drawn: Sequence[Diagram], name: str, step: np.timedelta64, *, language: str = "en") -> str:
    """An SVG document with a column per diagram. ``name``: of the station, "" for all of them; ``step``: of the leads.
    Raises ValueError for another language than en and fr."""
    words = Words.of(language, "UTC")
    told = TEXT[language]
    columns = [
        part
        for place, one in enumerate(drawn)
        for part in column(one, LEFT + place * (COLUMN + GAP), words.duration(one.lead * step), words)
    ]
    title = told["title"].format(marks.shortened(name or told["all"], 30))
    width = max(LEFT + len(drawn) * (COLUMN + GAP), legend_width(told), 22 + 10.0 * len(title))
    height = TOP + COLUMN + BETWEEN + RANKS + FOOT
    heading = text(22, 34, title, font_size=18, font_weight="bold")
    head = marks.named("title", title, "rt") + marks.named("desc", summary(drawn, step, words), "rd")
    parts = [head, rectangle(0, 0, width, height, fill="#ffffff"), heading, *columns, *legend(told, height - 20)]
    return marks.element(
        "svg", "\n".join(parts), xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {width:g} {height:g}",
        width=width, height=height, role="img", aria_labelledby="rt rd", lang=language, font_family=FONT,
        font_size=12, fill=INK,
    )  # fmt: skip


def summary(drawn: Sequence[Diagram], step: np.timedelta64, words: Words) -> str:
    """The pictures in words."""
    told = TEXT[words.language]
    return " ".join(
        told["told"].format(
            words.duration(one.lead * step), words.number(one.index, 2), one.pairs,
            *(words.percent(float(share)) for share in outside(one)),
        )
        for one in drawn
        if one.pairs
    ) or told["none"]  # fmt: skip


def outside(one: Diagram) -> tuple[float, float]:
    """Shares of the truth below and above the band."""
    low, high = (float(np.interp(level, one.levels, one.share)) for level in (0.1, 0.9))
    return low, 1 - high


def column(one: Diagram, left: float, ahead: str, words: Words) -> list[str]:
    """One lead: its diagram, under it its histogram."""
    told = TEXT[words.language]
    counted = told["pairs"].format(one.pairs, words.number(one.index, 2)) if one.pairs else told["none"]
    heading = [
        text(left, TOP - 30, told["lead"].format(ahead), font_weight="bold", font_size=14),
        text(left, TOP - 12, counted, fill=QUIET),
    ]
    return [*heading, *square(one, left, words), *histogram(one, left, words)]


def square(one: Diagram, left: float, words: Words) -> list[str]:
    """Shares seen against levels promised."""
    x, y = Scale(0.0, 1.0, left, left + COLUMN), Scale(0.0, 1.0, TOP + COLUMN, TOP)
    told, drawn = TEXT[words.language], [rectangle(left, TOP, COLUMN, COLUMN, fill="none", stroke=FAINT)]
    for level in (0.0, 0.25, 0.5, 0.75, 1.0):
        drawn += [line(x(level), TOP, x(level), TOP + COLUMN, stroke=GRID)]
        drawn += [line(left, y(level), left + COLUMN, y(level), stroke=GRID)]
        drawn += [text(x(level), TOP + COLUMN + 16, f"{100 * level:g}", text_anchor="middle", fill=QUIET)]
        if left == LEFT:
            drawn += [text(left - 7, y(level) + 4, f"{100 * level:g}", text_anchor="end", fill=QUIET)]
    drawn += [line(x(0), y(0), x(1), y(1), stroke=QUIET, stroke_dasharray="4 4")]
    drawn += [text(left + COLUMN, TOP + COLUMN + 32, f"{told['promised']}, %", text_anchor="end", fill=QUIET)]
    if left == LEFT:
        drawn += [text(left - 7, TOP - 12 + 4, "%", text_anchor="end", fill=QUIET)]
        drawn += [text(left + 8, TOP + 17, told["seen"], fill=QUIET)]
    return drawn + ([*bars(one, x, y), *points(one, x, y)] if one.pairs else [])


def bars(one: Diagram, x: Scale, y: Scale) -> list[str]:
    """What chance allows, around the diagonal; and the ticks' share, around the point."""
    chance = [
        rectangle(x(float(q)) - 4, y(float(h)), 8.0, max(y(float(low)) - y(float(h)), 1.0), fill=BANDS[1])
        for q, low, h in zip(one.levels, one.low, one.high, strict=True)
        if np.isfinite(low)
    ]
    ticks = [
        line(x(float(q)), y(float(s - t / 2)), x(float(q)), y(float(s + t / 2)), stroke=TICK, stroke_width=2.4)
        for q, s, t in zip(one.levels, one.share, one.ticks, strict=True)
        if t > 0
    ]
    return [*chance, *ticks]


def points(one: Diagram, x: Scale, y: Scale) -> list[str]:
    places = [(x(float(q)), y(float(s))) for q, s in zip(one.levels, one.share, strict=True)]
    dots = [marks.element("circle", cx=a, cy=b, r=3.4, fill=RIVER) for a, b in places]
    return [marks.curve([places], stroke=RIVER, stroke_width=1.6), *dots]


def histogram(one: Diagram, left: float, words: Words) -> list[str]:
    """Density of the truth in every bin: bins are as wide as their chance, so that reliable is flat."""
    top = TOP + COLUMN + BETWEEN
    bottom = top + RANKS
    edges = np.concatenate([[0.0], one.levels, [1.0]])
    x = Scale(0.0, 1.0, left, left + COLUMN)
    drawn = [text(LEFT, top - 10, TEXT[words.language]["ranks"], fill=QUIET)] if left == LEFT else []
    if one.pairs:
        density = one.ranks / np.diff(edges)
        y = Scale(0.0, max(2.0, float(density.max())), bottom, top)
        for start, end, high in zip(edges[:-1], edges[1:], density, strict=True):
            width = max(x(float(end)) - x(float(start)) - 1, 0.5)
            drawn.append(rectangle(x(float(start)), y(float(high)), width, bottom - y(float(high)), fill=BANDS[2]))
        drawn.append(line(left, y(1.0), left + COLUMN, y(1.0), stroke=QUIET, stroke_dasharray="4 4"))
        drawn.append(text(left - 5, y(1.0) + 4, "×1", text_anchor="end", fill=QUIET))
    return [*drawn, line(left, bottom, left + COLUMN, bottom, stroke=QUIET)]


def legend_width(told: Mapping[str, str]) -> float:
    """From the left edge of the picture to the end of the last entry, and a margin."""
    return 22.0 + sum(30 + CHARACTER * len(label) + 18 for key, label in told.items() if key.startswith("legend "))


def legend(told: Mapping[str, str], y: float) -> list[str]:
    """What the marks mean."""
    dot = marks.element("circle", cx=12.0, cy=-4.0, r=3.4, fill=RIVER)
    entries = [
        (line(0, -4, 24, -4, stroke=RIVER, stroke_width=1.6) + dot, told["legend share"]),
        (rectangle(8, -11, 8, 14, fill=BANDS[1]), told["legend bar"]),
        (line(12, -12, 12, 3, stroke=TICK, stroke_width=2.4), told["legend tick"]),
        (line(0, -4, 24, -4, stroke=QUIET, stroke_dasharray="4 4"), told["legend rank"]),
    ]
    drawn, x = [], 22.0
    for swatch, label in entries:
        inside = swatch + text(30, 0, label, fill=QUIET)
        drawn.append(marks.element("g", inside, transform=f"translate({x:.1f} {y:.1f})"))
        x += 30 + CHARACTER * len(label) + 18
    return drawn
