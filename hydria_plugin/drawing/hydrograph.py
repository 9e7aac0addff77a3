"""The hydrograph: what was, what will be and how sure that is, against the thresholds and under the rain.

Nothing is told by colour alone: bands carry their percentage in the legend, thresholds their name at the line, what is
estimated or came later its own stroke.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ..standing import Thresholds
from ..values import Bools, Bulletin, Floats, Times
from . import marks
from .axes import Scale, decimals, nice_step, ticks, time_ticks
from .captions import alert_of, issued, maker, summary, title
from .doubt import doubt
from .legend import legend
from .limits import limits
from .marks import line, rectangle, text
from .palette import BANDS, FAINT, FUTURE, GRID, INK, QUIET, RAIN, RIVER, colour_of
from .paper import BOTTOM, HEIGHT, LEFT, MARGIN, RAIN_HEIGHT, RIGHT, TOP, WIDTH, Paper
from .scene import EMPTY, Scene, Series
from .words import Words

FONT = "Inter, 'Segoe UI', Roboto, 'Helvetica Neue', 'DejaVu Sans', Arial, sans-serif"


def hydrograph(
    bulletin: Bulletin,
    station: str,
    *,
    thresholds: Thresholds | None = None,
    rain: Series | None = None,
    truth: Series | None = None,
    language: str = "en",
    timezone: str = "UTC",
    gauges: Mapping[str, str] | None = None,
) -> str:
    """The hydrograph of ``station`` as an SVG document of 900 x 520.

    ``rain``: (times, mm per step), steps named by their end; what lies after the issue time is drawn as forecast.
    ``truth``: (times, values) observed afterwards. ``language``: en or fr. ``gauges``: names of gauges, by series.
    Raises ValueError for a station that the bulletin does not hold and for another language.
    """
    words = Words.of(language, timezone)
    scene = Scene.of(bulletin, station, thresholds, rain or EMPTY, truth or EMPTY)
    told = doubt(bulletin, bulletin.layout.stations.index(station), words, gauges)
    paper = Paper.for_(replace(scene, doubt=told), words)
    return document(
        paper,
        [
            *_ground(paper),
            *_rain(paper),
            *_value_axis(paper),
            *_time_axis(paper),
            *_fan(paper),
            *limits(paper),
            *_lines(paper),
            *_heading(paper),
            *legend(paper.scene, words, MARGIN, WIDTH - MARGIN, HEIGHT - (28 if told else 20)),
            text(MARGIN, HEIGHT - 7, marks.shortened(told, 130), fill=QUIET) if told else "",
        ],
    )


def document(paper: Paper, parts: list[str]) -> str:
    """The SVG document, with a title and a summary in words for those who cannot see it."""
    own = f"h{zlib.crc32(f'{paper.scene.station} {paper.scene.issued_at}'.encode()):08x}"
    head = marks.named("title", title(paper), f"{own}t") + marks.named("desc", summary(paper), f"{own}d")
    return marks.element(
        "svg",
        "\n".join([head, *filter(None, parts)]),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        width=WIDTH,
        height=HEIGHT,
        role="img",
        aria_labelledby=f"{own}t {own}d",
        lang=paper.words.language,
        font_family=FONT,
        font_size=12,
        fill=INK,
    )


# ---- the layers, from the back to the front ----------------------------------------------------------------------


def _ground(paper: Paper) -> list[str]:
    """The paper, the future tinted, and the line between what was and what will be."""
    now = paper.x(paper.scene.issued_at)
    ahead = rectangle(now, TOP, RIGHT - now, BOTTOM - TOP, fill=FUTURE)
    return [rectangle(0, 0, WIDTH, HEIGHT, fill="#ffffff"), ahead]


def _value_axis(paper: Paper) -> list[str]:
    places, w = decimals(paper.levels), paper.words
    drawn = []
    for level in paper.levels:
        y = paper.y(level)
        drawn.append(line(LEFT, y, RIGHT, y, stroke=GRID))
        drawn.append(text(LEFT - 8, y + 4, w.number(level, places), text_anchor="end", fill=QUIET))
    unit = w.unit(paper.scene.unit)
    return [*drawn, text(LEFT - 8, paper.top - 8, unit, text_anchor="end", font_weight="bold", fill=QUIET)]


def _time_axis(paper: Paper) -> list[str]:
    drawn, day = [line(LEFT, BOTTOM, RIGHT, BOTTOM, stroke=QUIET)], ""
    for time in time_ticks(*paper.scene.span, paper.words):
        x = paper.x(time)
        drawn.append(line(x, BOTTOM, x, BOTTOM + 5, stroke=QUIET))
        drawn.append(text(x, BOTTOM + 19, paper.words.clock(time), text_anchor="middle", fill=QUIET))
        if paper.words.day(time) != day:
            day = paper.words.day(time)
            drawn.append(text(x, BOTTOM + 35, day, text_anchor="middle", font_weight="bold", fill=QUIET))
    return drawn


def _rain(paper: Paper) -> list[str]:
    """Rain from above, on an axis of its own; what is forecast is only outlined."""
    s = paper.scene
    inside = np.isfinite(s.rain[1]) & (s.rain[0] > s.span[0]) & (s.rain[0] <= s.span[1])
    if not inside.any():
        return []
    times, falls = s.rain[0][inside], s.rain[1][inside]
    step = nice_step(max(float(falls.max()), 1.0), 2)
    depth = Scale(0.0, max(float(falls.max()), step), TOP, TOP + RAIN_HEIGHT - 26)
    bars = [_bar(paper, depth, time, float(fall)) for time, fall in zip(times, falls, strict=True) if fall > 0]
    return [*_rain_axis(paper, depth, step), *bars]


def _bar(paper: Paper, depth: Scale, time: np.datetime64, fall: float) -> str:
    right, left = paper.x(time), max(paper.x(time - paper.scene.step), LEFT)
    known = time <= paper.scene.issued_at
    style = {"fill": RAIN} if known else {"fill": "#ffffff", "stroke": RAIN, "stroke_width": 0.8}
    gap = 0.12 * (right - left)
    return rectangle(left + gap, depth(0), right - left - 2 * gap, depth(fall) - depth(0), **style)


def _rain_axis(paper: Paper, depth: Scale, step: float) -> list[str]:
    w = paper.words
    drawn = [line(LEFT, depth(0), RIGHT, depth(0), stroke=FAINT)]
    levels = ticks(0, depth.high, 2)
    for level in levels:
        drawn.append(text(LEFT - 8, depth(level) + 4, w.number(level, decimals(levels)), text_anchor="end", fill=RAIN))
    each = w.duration(paper.scene.step)
    unit = f"mm/{each.removeprefix('1 ') if each.count(' ') == 1 else each}"
    name = text(RIGHT + 22, depth(0) + 10, w["rain"], fill=RAIN, font_weight="bold")
    return [*drawn, name, text(RIGHT + 22, depth(0) + 24, unit, fill=RAIN)]


def _fan(paper: Paper) -> list[str]:
    """The bands, widest and palest first, opening from the newest observation."""
    s = paper.scene
    if not s.there:
        return []
    times, values = _from_now(s)
    return [
        marks.area(paper.points(times, values[:, high]), paper.points(times, values[:, low]), fill=colour)
        for (low, high), colour in zip(s.bands, BANDS[-len(s.bands) :], strict=False)
    ]


def _from_now(s: Scene) -> tuple[Times, Floats]:
    """The forecast with the newest observation before it, when that is of the issue time."""
    if s.last is None or s.last[0] != s.issued_at:
        return s.valid, s.values
    now = np.full((1, s.values.shape[1]), s.last[1])
    return np.concatenate([[s.issued_at], s.valid]), np.concatenate([now, s.values])


def _lines(paper: Paper) -> list[str]:
    """Now, the median, what was observed afterwards, and what was observed."""
    s = paper.scene
    now = paper.x(s.issued_at)
    times, past = s.observed
    measured, filled = np.where(s.estimated, np.nan, past), np.where(_beside(s.estimated), past, np.nan)
    drawn = [
        line(now, TOP - 6, now, BOTTOM, stroke=INK, stroke_width=1.2),
        text(now, TOP - 11, f"{paper.words['now']} {paper.words.clock(s.issued_at)}", text_anchor="middle"),
        marks.curve(paper.pieces(*s.truth), stroke=INK, stroke_width=1.8, stroke_dasharray="1 5"),
    ]
    if s.there:
        ahead, values = _from_now(s)
        drawn.append(
            marks.curve([paper.points(ahead, values[:, s.quantiles.index(0.5)])], stroke=RIVER, stroke_width=2.8)
        )
    drawn.append(marks.curve(paper.pieces(times, filled), stroke=QUIET, stroke_width=1.8, stroke_dasharray="4 4"))
    drawn.append(marks.curve(paper.pieces(times, measured), stroke=INK, stroke_width=2.2))
    return drawn


def _beside(estimated: Bools) -> Bools:
    """The estimated steps and their neighbours, so that the dashed line meets the full one."""
    wide = estimated.copy()
    wide[1:] |= estimated[:-1]
    wide[:-1] |= estimated[1:]
    return wide


def _heading(paper: Paper) -> list[str]:
    beside = _badge_width(_alert_words(paper)) if paper.scene.alert is not None else 0.0
    most = min(52, int((WIDTH - 3 * MARGIN - beside) / 11))
    drawn = [
        text(MARGIN, 32, marks.shortened(title(paper), most), font_size=20, font_weight="bold"),
        text(MARGIN, 53, f"{issued(paper)}, {marks.shortened(maker(paper), 60)}", font_size=13, fill=QUIET),
    ]
    if paper.scene.alert is not None:
        drawn.append(_badge(paper))
    return drawn


def _alert_words(paper: Paper) -> str:
    return marks.shortened(alert_of(paper), 46)


def _badge_width(words: str) -> float:
    return 7.3 * len(words) + 40


def _badge(paper: Paper) -> str:
    """The alert, top right: a swatch in its colour and what it says."""
    alert = paper.scene.alert
    assert alert is not None
    words = _alert_words(paper)
    width = _badge_width(words)
    left, colour = WIDTH - MARGIN - width, colour_of(alert.threshold, max(alert.rank, 0))
    return (
        rectangle(left, 15, width, 26, rx=13, fill="#ffffff", stroke=colour, stroke_width=2)
        + rectangle(left + 11, 23, 10, 10, rx=2, fill=colour)
        + text(left + 28, 32, words, font_weight="bold")
    )
