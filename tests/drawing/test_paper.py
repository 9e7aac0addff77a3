"""Marks, scales and words: well-formed whatever comes in, inside the paper, and ticks that are round."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin.drawing import hydrograph, marks
from hydria_plugin.drawing.axes import Clock, Scale, decimals, nice_step, ticks, time_ticks
from hydria_plugin.drawing.paper import BOTTOM, HEIGHT, LEFT, RIGHT, WIDTH, Paper
from hydria_plugin.drawing.words import WORDS, Words
from hydria_plugin.values import Forecast
from tests.drawing.scenes import BULLETIN, THRESHOLDS, of_values

SVG = "{http://www.w3.org/2000/svg}"
NUMBERS = st.floats(-1e4, 1e4).map(lambda x: round(x, 2))
PLACE = {"x": WIDTH, "x1": WIDTH, "x2": WIDTH, "y": HEIGHT, "y1": HEIGHT, "y2": HEIGHT}


def places(picture: ElementTree.Element) -> list[tuple[str, float, float]]:
    """(tag, value, most) of every coordinate that is drawn, but those of the legend's moved groups."""
    moved = {id(e) for g in picture.iter(f"{SVG}g") for e in g.iter()}
    found = []
    for e in picture.iter():
        if id(e) not in moved:
            found += [(e.tag, float(e.attrib[name]), most) for name, most in PLACE.items() if name in e.attrib]
            for x, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", e.get("d", "")):
                found += [(e.tag, float(x), WIDTH), (e.tag, float(y), HEIGHT)]
    return found


@settings(max_examples=40)
@given(st.text(max_size=20), st.text(max_size=20))
def test_whatever_a_text_holds_the_mark_is_well_formed_and_says_it(words: str, attribute: str) -> None:
    one = ElementTree.fromstring(marks.text(1.0, 2.0, words, fill=attribute))
    plain = "".join(c for c in words if c.isprintable())
    assert "".join(c for c in (one.text or "") if c.isprintable()) == plain
    assert ElementTree.fromstring(marks.named("desc", words, "d1")).get("id") == "d1"


def test_characters_that_xml_has_no_place_for_are_left_out() -> None:
    assert ElementTree.fromstring(marks.text(0, 0, "Gar\x00d\x07on\ufffe")).text == "Gardon"
    assert ElementTree.fromstring(marks.element("a", name="x\x1by")).get("name") == "xy"


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_coordinates_are_short_numbers(x: float, y: float) -> None:
    one = ElementTree.fromstring(marks.line(x, y, 1.0, 2.5, stroke_width=1.5))
    assert float(one.attrib["x1"]) == pytest.approx(x, abs=0.051) and one.attrib["x2"] == "1"
    assert one.attrib["stroke-width"] == "1.5" and re.fullmatch(r"-?\d+(\.\d)?", one.attrib["y1"])


def test_a_point_alone_is_a_dot_and_nothing_is_nothing() -> None:
    assert marks.curve([]) == "" and marks.curve([[]]) == ""
    assert ElementTree.fromstring(marks.curve([[(1.0, 2.0)], [(3.0, 4.0), (5.0, 6.0)]])).get("d") == (
        "M1.0 2.0L1.0 2.0M3.0 4.0L5.0 6.0"
    )
    shape = ElementTree.fromstring(marks.area([(0.0, 1.0), (2.0, 1.0)], [(0.0, 3.0), (2.0, 3.0)]))
    assert shape.get("d") == "M0.0 1.0L2.0 1.0L2.0 3.0L0.0 3.0Z"


@given(st.text(max_size=30), st.integers(1, 30))
def test_shortened_is_never_longer_and_says_that_it_is(words: str, most: int) -> None:
    found = marks.shortened(words, most)
    assert len(found) <= most
    assert found == words if len(words) <= most else found.endswith("…")


@given(NUMBERS, st.floats(1e-3, 1e4))
def test_ticks_are_round_rising_inside_and_neither_few_nor_many(low: float, span: float) -> None:
    high, step = low + span, nice_step(span, 6)
    found = ticks(low, high)
    assert found == sorted(set(found)) and 2 <= len(found) <= 8
    slack = 1e-6 * step + 1e-9 * abs(low)
    assert found[0] >= low - slack and found[-1] <= high + slack
    mantissa = step / 10 ** np.floor(np.log10(step) + 1e-9)
    assert min(abs(mantissa - m) for m in (1, 2, 2.5, 5, 10)) < 1e-6


def test_decimals_tell_ticks_apart_and_no_more() -> None:
    assert [decimals(v) for v in ([0.0, 5.0], [0.5, 1.0], [0.25, 0.5], [])] == [0, 1, 2, 0]


@given(st.integers(0, 2_000_000), st.integers(1, 400), st.sampled_from(["UTC", "Europe/Paris", "Asia/Kathmandu"]))
@settings(max_examples=25)
def test_ticks_of_time_are_inside_and_few(minute: int, hours: int, zone: str) -> None:
    first = np.datetime64("2024-01-01", "s") + np.timedelta64(minute, "m")
    last = first + np.timedelta64(hours, "h")
    found = time_ticks(first, last, Words.of("en", zone))
    assert ((found >= first) & (found <= last)).all() and len(found) <= 11
    assert (np.diff(found) > np.timedelta64(0, "s")).all()


def test_scales_map_their_ends_to_their_ends() -> None:
    scale = Scale(2.0, 4.0, BOTTOM, 100.0)
    assert (scale(2.0), scale(4.0), scale(3.0)) == (BOTTOM, 100.0, (BOTTOM + 100.0) / 2)
    first = np.datetime64("2026-01-01", "s")
    clock = Clock.over(first, first + np.timedelta64(10, "h"), LEFT, RIGHT)
    assert clock(first) == LEFT and clock(first + np.timedelta64(10, "h")) == RIGHT


@given(st.lists(NUMBERS, min_size=1, max_size=6), st.lists(NUMBERS, min_size=3, max_size=3), st.lists(NUMBERS))
def test_what_is_drawn_is_on_the_paper(observed: list[float], values: list[float], limits: list[float]) -> None:
    paper = Paper.for_(of_values(observed, values, limits[:3]), Words.of("en", "UTC"))
    for _, y in paper.points(*paper.scene.observed):
        assert paper.top - 0.01 <= y <= BOTTOM + 0.01
    assert all(paper.top - 0.01 <= paper.y(level) <= BOTTOM + 0.01 for level in paper.levels)


def test_a_line_is_broken_where_values_are_missing() -> None:
    paper = Paper.for_(of_values([1.0, 2.0, np.nan, np.nan, 3.0], [1.0, 2.0, 3.0], []), Words.of("en", "UTC"))
    assert [len(piece) for piece in paper.pieces(*paper.scene.observed)] == [2, 1]
    assert paper.pieces(paper.scene.observed[0][:2], np.full(2, np.nan)) == []


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("lift", [0.0, 30.0, 500.0, -300.0])
def test_every_mark_is_on_the_paper_however_high_the_water(lift: float, language: str) -> None:
    """Thresholds that lie below all that is drawn are named, as those above are, not drawn outside."""
    values = BULLETIN.forecast.values + lift
    assert BULLETIN.window is not None
    observed = BULLETIN.window.observed.each(lambda a: a)
    window = replace(BULLETIN.window, observed=replace(observed, values=observed.values + lift))
    f = Forecast.of(window, values, "sample")
    b = replace(BULLETIN, window=window, forecast=f, raw=f, alerts=())
    picture = ElementTree.fromstring(hydrograph(b, "s1", thresholds=THRESHOLDS, language=language))
    outside = [p for p in places(picture) if not -0.05 <= p[1] <= p[2] + 0.05]
    assert not outside, outside
    texts = " ".join("".join(e.itertext()) for e in picture.iter(f"{SVG}text"))
    assert all(name in texts for name in THRESHOLDS.names)


def test_both_languages_say_the_same_things_and_an_unknown_one_is_refused() -> None:
    english, french = WORDS["en"], WORDS["fr"]
    assert english.keys() == french.keys()
    assert {k: v.count("{}") for k, v in english.items()} == {k: v.count("{}") for k, v in french.items()}
    assert all(len(words["months"].split()) == 12 for words in WORDS.values())
    with pytest.raises(ValueError, match="language 'de' is not one of en, fr"):
        Words.of("de", "UTC")


@given(st.integers(1, 60 * 24 * 20))
def test_a_duration_is_told_whole(minutes: int) -> None:
    told = Words.of("en", "UTC").duration(np.timedelta64(minutes, "m"))
    sizes = {"d": 1440, "h": 60, "min": 1}
    parts = told.split()
    assert sum(int(n) * sizes[u] for n, u in zip(parts[::2], parts[1::2], strict=True)) == minutes
    assert Words.of("fr", "UTC").duration(np.timedelta64(minutes, "m")) == told.replace("d", "j")


@pytest.mark.parametrize(
    ("chance", "english", "french"),
    [
        (0.999, ">99%", "> 99 %"),
        (0.004, "<1%", "< 1 %"),
        (0.5, "50%", "50 %"),
        (0.01, "1%", "1 %"),
        (0.99, "99%", "99 %"),
    ],
)
def test_chances_are_never_certain(chance: float, english: str, french: str) -> None:
    assert Words.of("en", "UTC").percent(chance) == english and Words.of("fr", "UTC").percent(chance) == french
