"""The hydrograph: well-formed, readable by machines and by ear, right where it draws, in both languages."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin.alerts import AlertRules, Thresholds, crossings, with_reasons
from hydria_plugin.drawing import hydrograph
from hydria_plugin.drawing.axes import decimals, ticks, time_ticks
from hydria_plugin.drawing.palette import colour_of
from hydria_plugin.drawing.words import WORDS, Words
from hydria_plugin.testing import sample_layout
from hydria_plugin.testing.samples import sample_forecast, sample_history, window_of
from hydria_plugin.values import Bulletin, Forecast, Summary

SVG = "{http://www.w3.org/2000/svg}"
THRESHOLDS = Thresholds(("yellow", "orange", "red"), np.array([[0.5, 0.9, 40.0]] * 3))


def bulletin(name: str = "Anduze", there: bool = True, with_window: bool = True) -> Bulletin:
    layout = replace(sample_layout(), names=(name, "b", "c"))
    w = window_of(sample_history(layout, 700))
    f = sample_forecast(w)
    f = f if there else Forecast.of(w, np.full(f.values.shape, np.nan), "x")
    rules = AlertRules(probability=0.01)
    alerts = with_reasons(crossings(f, w, THRESHOLDS, rules), (), rules)
    return Bulletin(
        "p", w.issued_at, w.known_at, 0, layout, Summary.of(w), f, f, alerts, window=w if with_window else None
    )


def drawn(b: Bulletin, **options: Any) -> ElementTree.Element:
    return ElementTree.fromstring(hydrograph(b, "s1", **options))


def words_of(picture: ElementTree.Element) -> list[str]:
    return ["".join(e.itertext()) for e in picture.iter(f"{SVG}text")]


def test_it_is_svg_that_names_and_describes_itself() -> None:
    picture = drawn(bulletin(), thresholds=THRESHOLDS)
    assert (picture.get("viewBox"), picture.get("role"), picture.get("lang")) == ("0 0 900 520", "img", "en")
    title, description = picture.find(f"{SVG}title"), picture.find(f"{SVG}desc")
    assert title is not None and description is not None
    assert picture.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    told = description.text or ""
    assert (title.text or "").startswith("Anduze")
    for word in ("Last observation", "highest at", "yellow", "0.50 m", "orange", "sample"):
        assert word in told


def test_names_from_outside_are_escaped() -> None:
    nasty = "<script>alert('x')</script> & \"Gardon\""
    text = hydrograph(bulletin(nasty), "s1")
    assert "<script" not in text
    assert (ElementTree.fromstring(text).findtext(f"{SVG}title") or "").startswith(nasty)


def test_no_script_style_or_outside_reference() -> None:
    text = hydrograph(bulletin(), "s1", thresholds=THRESHOLDS)
    assert not re.search(r"<style|style=|<script|href|url\(", text)


def test_thresholds_are_named_at_their_line_and_far_ones_at_the_top() -> None:
    texts = words_of(drawn(bulletin(), thresholds=THRESHOLDS))
    assert "yellow" in texts and "0.50 m" in texts
    assert any("red 40.00 m ↑" in t for t in texts)


def test_french_has_decimal_commas_and_local_time() -> None:
    picture = drawn(bulletin(), thresholds=THRESHOLDS, language="fr", timezone="Europe/Paris")
    texts = words_of(picture)
    assert "0,50 m" in texts and "médiane" in " ".join(texts)
    assert not any(re.search(r"\d\.\d", t) for t in texts)
    assert any("CET" in t and "1 mars 2026" in t for t in texts)


def test_where_no_forecast_was_made_it_says_so_and_draws_the_past() -> None:
    picture = drawn(bulletin(there=False), thresholds=THRESHOLDS)
    assert any("No forecast could be made" in t for t in words_of(picture))
    assert not any("median" in t for t in words_of(picture))
    assert picture.findall(f"{SVG}path")


def test_a_station_without_any_number_is_still_a_picture() -> None:
    b = bulletin(there=False, with_window=False)
    empty = np.full_like(b.summary.observed, np.nan)
    assert words_of(drawn(replace(b, summary=replace(b.summary, observed=empty), alerts=())))


def test_read_back_from_a_store_it_is_the_same_picture() -> None:
    def shape(b: Bulletin) -> list[str]:
        return words_of(drawn(b, thresholds=THRESHOLDS))

    assert shape(bulletin(with_window=False)) == shape(bulletin())


def test_estimated_values_have_a_stroke_of_their_own() -> None:
    b = bulletin()
    assert b.window is not None
    doubt = np.zeros(b.window.observed.shape)
    doubt[0, 0, 5:8] = 0.1
    filled = replace(b, window=replace(b.window, observed=replace(b.window.observed, sigma=doubt)))
    assert "estimated" in words_of(drawn(filled)) and "estimated" not in words_of(drawn(b))


def test_rain_hangs_from_the_top_and_the_forecast_one_is_outlined() -> None:
    b = bulletin()
    times = b.issued_at + np.arange(-3, 4) * b.layout.step
    picture = drawn(b, rain=(times, np.array([0, 2.0, 4.0, np.nan, 1.0, 0, 0])))
    bars = [r for r in picture.iter(f"{SVG}rect") if r.get("y") == "82" and float(r.get("width", 0)) < 30]
    assert [float(r.get("height", 0)) for r in bars] == [24.0, 48.0, 12.0]
    assert [r.get("fill") == "#ffffff" for r in bars] == [False, False, True]
    assert "mm/h" in words_of(picture)
    left = sorted(float(t.get("y", 0)) for t in picture.iter(f"{SVG}text") if t.get("x") == "58")
    assert min(np.diff(left)) >= 12, "the labels of rain, unit and value do not touch"


def test_the_median_ends_where_its_value_is() -> None:
    """Read back from the picture: the pixel of the last lead, through the ticks of the axis."""
    b = bulletin()
    picture = drawn(b)
    ticked = {
        float(t.text or ""): float(t.get("y", 0)) - 4
        for t in picture.iter(f"{SVG}text")
        if t.get("x") == "58" and re.fullmatch(r"[\d.]+", t.text or "")
    }
    (v1, y1), (v2, y2) = list(ticked.items())[:2]
    path = next(p for p in picture.iter(f"{SVG}path") if p.get("stroke") == "#08489c").get("d", "")
    y = float(path.rpartition(" ")[2])
    assert v1 + (y - y1) * (v2 - v1) / (y2 - y1) == pytest.approx(float(b.forecast.median[0, -1]), abs=0.005)


def test_truth_afterwards_lengthens_the_picture() -> None:
    b = bulletin()
    times = b.issued_at + np.arange(1, 31) * b.layout.step
    assert "observed afterwards" in words_of(drawn(b, truth=(times, np.full(30, 0.4))))


def test_unknown_station_or_language_is_refused() -> None:
    with pytest.raises(ValueError, match="'nowhere' is not in the bulletin; there are s1, s2, s3"):
        hydrograph(bulletin(), "nowhere")
    with pytest.raises(ValueError, match="'de' is not one of en, fr"):
        hydrograph(bulletin(), "s1", language="de")


def test_both_languages_have_the_same_words() -> None:
    assert WORDS["en"].keys() == WORDS["fr"].keys()
    for key, english in WORDS["en"].items():
        assert english.count("{}") == WORDS["fr"][key].count("{}")


@settings(max_examples=200)
@given(st.floats(-1e4, 1e4), st.floats(1e-3, 1e4))
def test_ticks_are_round_few_and_inside(low: float, span: float) -> None:
    found = ticks(low, low + span)
    assert 2 <= len(found) <= 13
    assert all(low - 1e-6 * span <= t <= low + span * (1 + 1e-6) for t in found)
    assert decimals(found) <= 5


@pytest.mark.parametrize("first", ["2026-03-28T06:00", "2026-10-24T06:00"])
def test_time_ticks_stay_round_across_a_clock_change(first: str) -> None:
    words = Words.of("fr", "Europe/Paris")
    start = np.datetime64(first, "s")
    found = time_ticks(start, start + np.timedelta64(48, "h"), words)
    assert 4 <= len(found) <= 10
    assert {words.local(t).hour % 6 for t in found} == {0}


@pytest.mark.parametrize("hours", [1, 6, 30, 100, 500, 5000, 20000])
def test_time_ticks_are_few_over_any_span(hours: int) -> None:
    start = np.datetime64("2026-05-01T00:30", "s")
    assert 1 <= len(time_ticks(start, start + np.timedelta64(hours, "h"), Words.of("en", "UTC"))) <= 28


def test_colours_follow_the_name_then_the_rank() -> None:
    assert colour_of("vigilance rouge", 0) == colour_of("red", 2)
    assert colour_of("alarm 1", 0) == colour_of("yellow", 5)
    assert len({colour_of("x", rank) for rank in range(4)}) == 4
