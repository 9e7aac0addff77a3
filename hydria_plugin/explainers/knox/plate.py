"""The reading as one plate for print, mail and archives: SVG, a row per zone with its bar, its spread and its lags."""

from __future__ import annotations

import textwrap
import zlib

from hydria_plugin.drawing.axes import Scale, decimals, ticks
from hydria_plugin.drawing.marks import area, element, line, named, rectangle, shortened, text
from hydria_plugin.drawing.palette import GRID, INK, QUIET

from .colours import colour
from .figures import Site
from .readings import Reading, SlotReading
from .words import (
    HOUR,
    Speech,
    cautions_in_words,
    facts_in_words,
    headline,
    labels,
    method_in_words,
    skill_in_words,
)

FONT = "Inter, 'Segoe UI', Roboto, 'Helvetica Neue', 'DejaVu Sans', Arial, sans-serif"
WIDTH, MARGIN, ROW, TOP = 900, 28, 46, 148
BARS, LAGS = (220.0, 470.0), (560.0, 800.0)  # left and right of the two columns
AMBER, AMBER_INK = "#fff4d6", "#6b4700"


def plate(reading: Reading, site: Site, language: str, subtitle: str = "") -> str:
    """An SVG document, 900 wide and as high as it needs. Raises ValueError for another language."""
    speech = Speech(language)
    bottom = TOP + ROW * len(reading.slots)
    drawn = [*_heading(reading, site, speech, subtitle), *_axes(reading, speech, bottom), *_rows(reading, site, speech)]
    notes, height = _notes(reading, site, speech, bottom + 62)
    return _document(reading, site, speech, [*drawn, *notes], height)


def _document(reading: Reading, site: Site, speech: Speech, parts: list[str], height: float) -> str:
    own = f"k{zlib.crc32(f'{reading.station} {reading.variant} {speech.language}'.encode()):08x}"
    title = speech["title"].format(station=site.name or reading.station)
    said = " ".join([headline(reading, speech, site.gauges), *cautions_in_words(reading, speech, site.gauges)])
    head = named("title", title, f"{own}t") + named("desc", said, f"{own}d")
    ground = rectangle(0, 0, WIDTH, height, fill="#ffffff")
    return element(
        "svg",
        "\n".join([head, ground, *filter(None, parts)]),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH} {height:.0f}",
        width=WIDTH,
        height=round(height),
        role="img",
        aria_labelledby=f"{own}t {own}d",
        lang=speech.language,
        font_family=FONT,
        font_size=12,
        fill=INK,
    )


def _heading(reading: Reading, site: Site, speech: Speech, subtitle: str) -> list[str]:
    title = speech["title"].format(station=site.name or reading.station)
    told = textwrap.wrap(headline(reading, speech, site.gauges), 112)[:2]
    return [
        text(MARGIN, 34, shortened(title, 64), font_size=20, font_weight="bold"),
        text(MARGIN, 54, shortened(subtitle, 110), fill=QUIET),
        *(text(MARGIN, 80 + 18 * i, words, font_size=14) for i, words in enumerate(told)),
    ]


def _axes(reading: Reading, speech: Speech, bottom: float) -> list[str]:
    """The names and ticks of both columns."""
    share, lag, unit = _share_scale(reading), _lag_scale(reading), _unit(reading)
    drawn = [
        text(BARS[0], TOP - 12, speech["share"], fill=QUIET, font_weight="bold"),
        *_whisker(BARS[0], BARS[0] + 24, bottom + 30),
        text(BARS[0] + 32, bottom + 34, speech["spread"], fill=QUIET),
        text(LAGS[0], TOP - 12, speech["share of response"], fill=QUIET, font_weight="bold"),
        text(sum(LAGS) / 2, bottom + 34, speech["time" if unit == 60 else "minutes"], fill=QUIET, text_anchor="middle"),
        text(LAGS[1] + 16, TOP - 12, speech["centroid"], fill=QUIET, font_weight="bold"),
    ]
    for level in ticks(share.low, share.high, 5):
        drawn.append(line(share(level), TOP, share(level), bottom, stroke=GRID))
        drawn.append(text(share(level), bottom + 16, speech.percent(level), text_anchor="middle", fill=QUIET))
    times = ticks(lag.low / unit, lag.high / unit, 6)
    for time in times:
        drawn.append(line(lag(time * unit), bottom, lag(time * unit), bottom + 4, stroke=QUIET))
        shown = speech.number(time, decimals(times))
        drawn.append(text(lag(time * unit), bottom + 18, shown, text_anchor="middle", fill=QUIET))
    return drawn


def _rows(reading: Reading, site: Site, speech: Speech) -> list[str]:
    highest = max((max(slot.lags, default=0.0) for slot in reading.slots), default=0.0)
    drawn = []
    for i, (slot, name) in enumerate(zip(reading.slots, labels(reading, site.gauges), strict=True)):
        y = TOP + ROW * i
        drawn.append(text(MARGIN, y + ROW / 2 + 4, shortened(name, 26), font_weight="bold"))
        drawn += _bar(slot, _share_scale(reading), y, colour(i), speech)
        drawn += _lags(reading, slot, y, colour(i), highest, speech)
        drawn.append(line(MARGIN, y + ROW, WIDTH - MARGIN, y + ROW, stroke=GRID))
    return drawn


def _bar(slot: SlotReading, x: Scale, y: float, fill: str, speech: Speech) -> list[str]:
    """The bar, its whisker, and its number to the right of both."""
    s, middle = slot.share, y + ROW / 2
    low, high, end = x(s.q25), x(s.q75), x(max(s.median, 0.0))
    return [
        rectangle(x(0), y + 12, max(end - x(0), 0.0), ROW - 24, fill=fill, fill_opacity="0.8"),
        *_whisker(low, high, middle),
        text(max(end, high) + 8, middle + 4, speech.percent(s.median), font_weight="bold"),
    ]


def _whisker(low: float, high: float, y: float) -> list[str]:
    ends = [line(x, y - 6, x, y + 6, stroke=INK, stroke_width=2) for x in (low, high)]
    return [line(low, y, high, y, stroke=INK, stroke_width=2), *ends]


def _lags(reading: Reading, slot: SlotReading, y: float, fill: str, highest: float, speech: Speech) -> list[str]:
    """The lags as a hill, its mean as a mark; all zones on one scale of height."""
    if slot.response is None or highest <= 0:
        return [text(LAGS[0], y + ROW / 2 + 4, speech["none"], fill=QUIET)]
    x, up = _lag_scale(reading), Scale(0.0, highest, y + ROW - 4, y + 6)
    step = float(reading.step / HOUR) * 60
    hill = [(x(lag * step), up(max(share, 0.0))) for lag, share in enumerate(slot.lags)]
    foot = [(place, up(0.0)) for place, _ in hill]
    mean = x(min(max(slot.response.centroid * step, x.low), x.high))
    return [
        area(hill, foot, fill=fill, fill_opacity="0.35", stroke=fill, stroke_width=1.2),
        line(mean, y + 6, mean, y + ROW - 4, stroke=INK, stroke_width=1.6, stroke_dasharray="3 2"),
        text(LAGS[1] + 16, y + ROW / 2 + 4, speech.duration(slot.response.centroid, reading.step), font_weight="bold"),
    ]


def _share_scale(reading: Reading) -> Scale:
    """From 0 (or what lies below) to a little beyond the highest whisker."""
    ends = [end for s in reading.slots for end in (s.share.q25, s.share.median, s.share.q75)]
    return Scale(min([*ends, 0.0]), max([*ends, 0.05]) * 1.02, *BARS)


def _lag_scale(reading: Reading) -> Scale:
    """Minutes after the rain, as far as the network sees."""
    return Scale(0.0, max(reading.window - 1, 1) * float(reading.step / HOUR) * 60, *LAGS)


def _unit(reading: Reading) -> int:
    """Minutes in one unit of the time axis: hours, or minutes where the step is below an hour."""
    return 60 if reading.step >= HOUR else 1


def _notes(reading: Reading, site: Site, speech: Speech, y: float) -> tuple[list[str], float]:
    """Cautions, skill and method under the rows; where the paper ends."""
    drawn: list[str] = []
    cautions = [part for said in cautions_in_words(reading, speech, site.gauges) for part in _wrapped(said, 132, "▲ ")]
    if cautions:
        drawn.append(rectangle(MARGIN - 8, y, WIDTH - 2 * MARGIN + 16, 22 + 16 * len(cautions) + 10, rx=6, fill=AMBER))
        drawn.append(text(MARGIN, y + 18, speech["caution title"], font_weight="bold", fill=AMBER_INK))
        drawn += [text(MARGIN, y + 36 + 16 * i, said, fill=AMBER_INK) for i, said in enumerate(cautions)]
        y += 22 + 16 * len(cautions) + 26
    quiet = [
        *_wrapped(f"{skill_in_words(reading, speech)} {facts_in_words(reading, speech)}", 150),
        "",
        *_wrapped(method_in_words(reading, speech, site.name), 150),
    ]
    drawn += [text(MARGIN, y + 14 + 15 * i, said, font_size=11, fill=QUIET) for i, said in enumerate(quiet)]
    return drawn, y + 14 + 15 * len(quiet) + 12


def _wrapped(said: str, most: int, bullet: str = "") -> list[str]:
    return textwrap.wrap(said, most, initial_indent=bullet, subsequent_indent="   " if bullet else "")
