"""The plate for print: well-formed, alone, right where it draws, in both languages."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings

from hydria_plugin.explainers.knox.figures import Site
from hydria_plugin.explainers.knox.plate import BARS, LAGS, ROW, TOP, WIDTH, plate
from hydria_plugin.explainers.knox.readings import Reading, Share
from tests.explainers.knox.made_readings import any_readings, doubtful, dumb, reading

SVG = "{http://www.w3.org/2000/svg}"
SITE = Site("Anduze", {"p3": "Barre"})


def drawn(one: Reading, language: str = "en") -> ElementTree.Element:
    return ElementTree.fromstring(plate(one, SITE, language, "Pipeline gardons"))


def words_of(picture: ElementTree.Element) -> list[str]:
    return ["".join(e.itertext()) for e in picture.iter(f"{SVG}text")]


def bars(picture: ElementTree.Element) -> list[ElementTree.Element]:
    return [r for r in picture.iter(f"{SVG}rect") if float(r.get("x", 0)) == BARS[0]]


def test_it_names_and_describes_itself() -> None:
    picture = drawn(doubtful())
    title, description = picture.find(f"{SVG}title"), picture.find(f"{SVG}desc")
    assert title is not None and description is not None
    assert picture.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    assert title.text == "Where the flow comes from: Anduze"
    assert "45\u00a0%" in (description.text or "") and "cannot tell them apart" in (description.text or "")
    assert (picture.get("role"), picture.get("lang")) == ("img", "en")


def test_bars_are_as_long_as_the_shares() -> None:
    lengths = np.array([float(bar.get("width", 0)) for bar in bars(drawn(reading()))])
    assert len(lengths) == 4
    assert lengths / lengths.sum() == pytest.approx([0.45, 0.30, 0.15, 0.10], abs=0.002)


def test_whiskers_run_from_quartile_to_quartile() -> None:
    picture = drawn(reading())
    middle = TOP + ROW / 2
    whisker = next(
        e for e in picture.iter(f"{SVG}line") if e.get("y1") == e.get("y2") == f"{middle:g}" and e.get("stroke-width")
    )
    scale = (BARS[1] - BARS[0]) / (0.49 * 1.02)
    assert float(whisker.get("x1", 0)) == pytest.approx(BARS[0] + 0.42 * scale, abs=0.1)
    assert float(whisker.get("x2", 0)) == pytest.approx(BARS[0] + 0.49 * scale, abs=0.1)


def test_every_zone_has_its_name_share_and_time() -> None:
    texts = words_of(drawn(reading()))
    for word in ("Saumane", "Saint-Roman", "Mialet", "Barre", "45\u00a0%", "30\u00a0%", "2.2\u00a0h"):
        assert word in texts


def test_french_has_decimal_commas() -> None:
    texts = words_of(drawn(reading(), "fr"))
    assert "2,2\u00a0h" in texts and "heures après la pluie" in texts
    assert not [t for t in texts if re.search(r"\d\.\d", t)]


def test_warnings_and_method_are_on_the_paper() -> None:
    told = " ".join(words_of(drawn(doubtful())))
    assert "Why this reading is to be taken with caution" in told
    assert told.count("▲") == 2
    assert "Kong-A-Siou et al. (2013)" in told and "very good" in told
    assert "caution" not in " ".join(words_of(drawn(reading()))).lower()


def test_a_zone_without_a_say_is_drawn_without_a_hill() -> None:
    picture = drawn(dumb())
    hills = [p for p in picture.iter(f"{SVG}path") if p.get("fill-opacity") == "0.35"]
    assert len(hills) == 3
    assert "none" in words_of(picture)


def test_fine_steps_have_minutes_on_their_axis() -> None:
    assert "minutes after the rain" in words_of(drawn(replace(reading(), step=np.timedelta64(10, "m"))))


def test_no_script_style_or_outside_reference_and_names_are_escaped() -> None:
    nasty = "<script>alert('x')</script> & \"Gardon\""
    text = plate(reading(), Site(nasty, {"Saumane": nasty}), "en", nasty)
    assert not re.search(r"<style|style=|<script|href|url\(", text)
    assert nasty in (ElementTree.fromstring(text).findtext(f"{SVG}title") or "")


def test_the_paper_is_long_enough_for_many_zones() -> None:
    slot = reading().slots[0]
    many = replace(
        reading(), slots=tuple(replace(slot, slot=f"rain.{i}", share=Share(1 / 30, 0, 0.1)) for i in range(30))
    )
    picture = drawn(many)
    height = float(picture.get("height", 0))
    lowest = max(float(t.get("y", 0)) for t in picture.iter(f"{SVG}text"))
    assert TOP + 30 * ROW < lowest < height


@settings(max_examples=30)
@given(any_readings())
def test_any_reading_is_drawn_inside_the_paper(one: Reading) -> None:
    picture = drawn(one)
    for mark in picture.iter(f"{SVG}rect"):
        assert -0.1 <= float(mark.get("x", 0)) <= WIDTH and float(mark.get("width", 0)) >= 0
        assert np.isfinite([float(mark.get(side, 0)) for side in ("x", "y", "width", "height")]).all()
    right = [float(e.get("x1", 0)) for e in picture.iter(f"{SVG}line")]
    assert all(x <= WIDTH and x >= 0 for x in right)
    assert LAGS[1] < WIDTH


def test_another_language_is_refused() -> None:
    with pytest.raises(ValueError, match="language 'de'"):
        plate(reading(), SITE, "de")
