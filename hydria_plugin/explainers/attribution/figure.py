"""The telling as one picture: bars stacked by gauge over the hours that made the forecast, and the sum beside them.

Gauges are told apart by colour and by their number in the bar's order; the table beside names every one with its sum,
so that nothing is told by colour alone. What comes from the horizon is only outlined.
"""

from __future__ import annotations

import textwrap
import zlib
from typing import NamedTuple

import numpy as np

from hydria_plugin.drawing.axes import Clock, Scale, decimals, nice_step, ticks, time_ticks
from hydria_plugin.drawing.marks import element, line, named, rectangle, shortened, text
from hydria_plugin.drawing.palette import FUTURE, GRID, INK, QUIET
from hydria_plugin.drawing.words import Words
from hydria_plugin.values import Floats

from .telling import Telling
from .words import TEXT, line_name

FONT = "Inter, 'Segoe UI', Roboto, 'Helvetica Neue', 'DejaVu Sans', Arial, sans-serif"
WIDTH, MARGIN = 900, 22.0
LEFT, RIGHT, TOP, BOTTOM = 66.0, 590.0, 96.0, 396.0
TABLE = 616.0
ROW = 21.0
COLOURS = ("#08489c", "#d1760b", "#2b8a6e", "#b03a6b", "#7a5cc0", "#8a7a1c", "#3f9fd0", "#a2563b")
OWN = "#8b95a1"
HALF = 1e-3  # of the largest row: below, a row of the table is left out


class Stack(NamedTuple):
    """One colour of the bars."""

    name: str
    colour: str
    parts: Floats  # (P + H)


class Row(NamedTuple):
    """One row of the table."""

    name: str
    part: float
    colour: str = ""  # "" = no bars


def figure(telling: Telling, told: str, words: Words) -> str:
    """An SVG document, 900 wide. ``told`` is the headline."""
    stacks, table = stacks_of(telling, words), rows_of(telling, words)
    height = max(BOTTOM + 56, TOP + ROW * (len(table) + 2) + MARGIN)
    drawn = [*_heading(telling, told, words), *_bars(telling, stacks, words), *_table(telling, table, words)]
    return _document(telling, told, words, drawn, height)


def stacks_of(telling: Telling, words: Words) -> list[Stack]:
    """The slots that add anything, then the river's own past."""
    shown = [v for v, name in enumerate(telling.series) if name and telling.inputs[:, v].any()]
    stacks = [Stack(telling.series[v], COLOURS[i % len(COLOURS)], telling.inputs[:, v]) for i, v in enumerate(shown)]
    if telling.own.any():
        own = np.concatenate([telling.own, np.zeros(len(telling.times) - telling.past)])
        stacks.append(Stack(TEXT[words.language]["own short"], OWN, own))
    return stacks


def rows_of(telling: Telling, words: Words) -> list[Row]:
    """What adds up to the forecast, first the bars' sums, without what is next to nothing."""
    said = TEXT[words.language]
    rows = [Row(s.name, float(s.parts.sum()), s.colour) for s in stacks_of(telling, words)]
    rows += [
        Row(said["wetness"].format(name), float(part))
        for name, part in zip(telling.series, telling.before, strict=True)
        if name
    ]
    rows += [Row(line_name(name, words), part) for name, part in telling.lines.items()]
    least = HALF * max((abs(row.part) for row in rows), default=0.0)
    return [row for row in rows if abs(row.part) > least]


def _document(telling: Telling, told: str, words: Words, parts: list[str], height: float) -> str:
    own = f"a{zlib.crc32(f'{telling.station} {telling.times[telling.past - 1]} {words.language}'.encode()):08x}"
    title = TEXT[words.language]["title"].format(telling.title)
    head = named("title", title, f"{own}t") + named("desc", told, f"{own}d")
    ground = rectangle(0, 0, WIDTH, height, fill="#ffffff")
    return element(
        "svg",
        "\n".join([head, ground, *filter(None, parts)]),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH} {height:.0f}",
        width=WIDTH,
        height=height,
        role="img",
        aria_labelledby=f"{own}t {own}d",
        lang=words.language,
        font_family=FONT,
        font_size=12,
        fill=INK,
    )


def _heading(telling: Telling, told: str, words: Words) -> list[str]:
    """The station, and the headline on two lines at most."""
    lines = textwrap.wrap(told, 120)[:2]
    title = TEXT[words.language]["title"].format(telling.title)
    drawn = [text(MARGIN, 30, shortened(title, 80), font_size=17, font_weight="bold")]
    return drawn + [text(MARGIN, 50 + 16 * i, said, font_size=13) for i, said in enumerate(lines)]


def _bars(telling: Telling, stacks: list[Stack], words: Words) -> list[str]:
    """Axes, the horizon tinted, and the stacked bars: what adds above the zero line, what takes away below it."""
    times, step = telling.times, telling.times[1] - telling.times[0]
    x = Clock.over(times[0] - step, times[-1], LEFT, RIGHT)
    y = _scale(stacks)
    now = x(times[telling.past - 1])
    drawn = [rectangle(now, TOP, RIGHT - now, BOTTOM - TOP, fill=FUTURE), *_axes(telling, x, y, words)]
    above, below = np.zeros(len(times)), np.zeros(len(times))
    for stack in stacks:
        for t in np.flatnonzero(np.abs(stack.parts) > 1e-6 * (y.high - y.low)):
            start = above if stack.parts[t] > 0 else below
            low, start[t] = start[t], start[t] + stack.parts[t]
            edges = sorted((y(float(low)), y(float(start[t]))))
            width = max((x(times[t]) - x(times[t] - step)) * 0.86, 0.6)
            style = {"fill": stack.colour} if t < telling.past else _outlined(stack.colour)
            drawn.append(rectangle(x(times[t]) - width, edges[0], width, edges[1] - edges[0], **style))
    drawn.append(line(LEFT, y(0.0), RIGHT, y(0.0), stroke=QUIET))
    return [*drawn, line(now, TOP, now, BOTTOM, stroke=INK, stroke_dasharray="2 3")]


def _outlined(colour: str) -> dict[str, object]:
    return {"fill": "#ffffff", "stroke": colour, "stroke_width": 1.2}


def _scale(stacks: list[Stack]) -> Scale:
    """From the lowest to the highest stack, zero among them."""
    parts = np.array([stack.parts for stack in stacks]) if stacks else np.zeros((1, 1))
    high, low = float(np.maximum(parts, 0).sum(axis=0).max()), float(np.minimum(parts, 0).sum(axis=0).min())
    room = max(0.06 * (high - low), 1e-6)
    return Scale(low - (room if low < 0 else 0.0), high + room, BOTTOM, TOP)


def _axes(telling: Telling, x: Clock, y: Scale, words: Words) -> list[str]:
    levels = ticks(y.low, y.high, 5)
    drawn = []
    for level in levels:
        drawn.append(line(LEFT, y(level), RIGHT, y(level), stroke=GRID))
        label = words.number(level, decimals(levels))
        drawn.append(text(LEFT - 8, y(level) + 4, label, text_anchor="end", fill=QUIET))
    day = ""
    for time in time_ticks(telling.times[0], telling.times[-1], words, 7):
        drawn.append(line(x(time), BOTTOM, x(time), BOTTOM + 5, stroke=QUIET))
        drawn.append(text(x(time), BOTTOM + 19, words.clock(time), text_anchor="middle", fill=QUIET))
        if words.day(time) != day:
            day = words.day(time)
            drawn.append(text(x(time), BOTTOM + 35, day, text_anchor="middle", font_weight="bold", fill=QUIET))
    said = TEXT[words.language]
    peak = telling.times[telling.past + telling.lead]
    about = said["share of"].format(words.moment(peak), words.unit(telling.unit))
    now = x(telling.times[telling.past - 1])
    return [*drawn, text(LEFT, TOP - 8, about, fill=QUIET), text(now + 4, TOP + 12, said["now"], fill=QUIET)]


def _table(telling: Telling, rows: list[Row], words: Words) -> list[str]:
    """Last value, what every cause adds, and the forecast they add up to."""
    said, y = TEXT[words.language], TOP + 6
    places = decimals([nice_step(max((abs(row.part) for row in rows), default=1.0) or 1.0, 100)])
    clock = words.clock(telling.times[telling.past + telling.lead])
    drawn = _row(Row(said["base"], telling.base), y, places, words, signed=False)
    for row in rows:
        y += ROW
        drawn += _row(row, y, places, words, signed=True)
    drawn.append(line(TABLE, y + 7, WIDTH - MARGIN, y + 7, stroke=QUIET))
    last = Row(said["forecast"].format(clock), telling.median)
    return [*drawn, element("g", "".join(_row(last, y + ROW + 2, places, words, signed=False)), font_weight="bold")]


def _row(row: Row, y: float, places: int, words: Words, signed: bool) -> list[str]:
    amount = words.number(row.part, places)
    amount = f"+{amount}" if signed and row.part >= 0 else amount
    swatch = [rectangle(TABLE, y - 9, 10, 10, fill=row.colour)] if row.colour else []
    return [
        *swatch,
        text(TABLE + 16, y, shortened(row.name, 34)),
        text(WIDTH - MARGIN, y, amount, text_anchor="end"),
    ]
