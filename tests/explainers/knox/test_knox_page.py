"""The page: one file, works offline, says what the reading says; looked at by a real browser where there is one."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from hydria_plugin.explainers.knox.figures import Site, contributions, gauge_map, lag_curves
from hydria_plugin.explainers.knox.page import in_script, page, plotly_script
from hydria_plugin.explainers.knox.readings import Reading
from hydria_plugin.explainers.knox.words import Speech
from tests.explainers.knox.made_readings import doubtful, dumb, reading

PLACES = {"Saumane": (44.12, 3.76), "Saint-Roman": (44.0, 3.78), "Mialet": (44.11, 3.94)}
SITE = Site("Anduze", {"p3": "Barre"}, (44.05, 3.98), PLACES)
EN = Speech("en")
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def made(*readings: Reading, language: str = "en", script: str | None = "/* plotly */", site: Site = SITE) -> str:
    sites: Mapping[str, Site] = {r.station: site for r in readings}
    facts = {"pipeline": "gardons", "forecaster": "block-network", "version": "v1"}
    return page(list(readings), sites, language, script=script, **facts)


class Shown(HTMLParser):
    """The words that are not in a script or style, and whether every element was closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"script", "style", "svg"} & set(self.open):
            self.words.append(data.strip())

    @property
    def text(self) -> str:
        return " ".join(w for w in self.words if w)


@pytest.mark.parametrize("script", ["/* plotly */", None])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_it_is_well_formed_and_in_its_language(language: str, script: str | None) -> None:
    text = made(doubtful(), language=language, script=script)
    shown = Shown(text)
    assert shown.open == []
    assert f'<html lang="{language}">' in text
    title = {"en": "Where the flow comes from: Anduze", "fr": "D'où vient l'eau\u00a0: Anduze"}[language]
    assert title in shown.text
    assert {"en": "45\u00a0%", "fr": "2,2\u00a0h"}[language] in shown.text


def test_it_asks_nothing_of_the_net() -> None:
    """Nothing is referred to, and the policy forbids all that a script may try."""
    text = made(doubtful(), script=plotly_script())
    body = re.sub(r"<script>.*?</script>", "", text, flags=re.S)
    assert not re.search(r"\b(src|href)=\"(?!#)|url\(|@import", body)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy and policy.group(1).startswith("default-src 'none'") and "http" not in policy.group(1)


def test_plotly_is_in_the_page_whole_and_once() -> None:
    script = plotly_script()
    assert script is not None and "plotly.js v" in script[:200] and "</script" not in script
    text = made(reading(), replace(reading(), station="B"), script=script)
    assert text.count("plotly.js v") == script.count("plotly.js v")


def test_no_button_sends_anything_to_a_cloud() -> None:
    for config in re.findall(r"Plotly\.newPlot\(.*?(\{\"displaylogo.*?)\);</script>", made(reading())):
        held = json.loads(config)
        assert held["displaylogo"] is False and held["showSendToCloud"] is False
        assert "sendDataToCloud" in held["modeBarButtonsToRemove"] and held["plotlyServerURL"] == ""
    assert made(reading()).count('"showSendToCloud": false') == 3


def test_every_zone_has_a_row_with_its_numbers() -> None:
    shown = Shown(made(reading())).text
    for word in ("Saumane", "Saint-Roman", "Mialet", "Barre", "42\u00a0% – 49\u00a0%", "2.2\u00a0h", "K2r", "gradient"):
        assert word in shown


def test_the_state_of_the_basin_has_a_line_of_its_own() -> None:
    foot = re.findall(r"<tfoot>(.*?)</tfoot>", made(reading()))
    assert len(foot) == 1 and "state of the basin, of all inputs 4\u00a0%" in Shown(foot[0]).text


def test_the_lag_curves_lie_in_their_quartiles() -> None:
    drawn = lag_curves(reading(), Site(), Speech("en"))["data"]
    filled = [one for one in drawn if one.get("fill") == "tonexty"]
    assert len(filled) == 4 and all(one["fillcolor"].endswith("33") for one in filled)
    unknown = replace(reading(), slots=tuple(replace(s, lags_q25=(), lags_q75=()) for s in reading().slots))
    assert len(lag_curves(unknown, Site(), Speech("en"))["data"]) == len(drawn) - 8


def test_on_paper_the_plate_stands_for_the_figures() -> None:
    text = made(reading())
    assert "@media print { .screen, header, nav, footer { display: none; } .paper { display: block; }" in text
    assert text.count('<div class="paper"><svg') == 1
    assert text.count("{") == text.count("}")


def test_warnings_stand_in_a_box_and_their_absence_is_said() -> None:
    assert "record nearly the same rain" in Shown(made(doubtful())).text
    assert '<aside class="caution">' not in made(reading())
    assert "None of the checks" in Shown(made(reading())).text


def test_method_skill_and_limits_are_told() -> None:
    shown = Shown(made(reading())).text
    for word in ("after Kong-A-Siou et al. (2013)", "Limits:", "Nash-Sutcliffe efficiency 0.93", "38 random"):
        assert word in shown
    assert "as published" not in shown
    assert "K1 Absolute weights multiplied along each path" in shown


def test_names_from_outside_cannot_become_markup() -> None:
    nasty = "</script><script>alert(1)</script>"
    text = made(replace(reading(), station=nasty), site=Site(nasty, {"Saumane": nasty}))
    assert "<script>alert" not in text
    assert Shown(text).open == []
    assert "<" not in in_script({"a": nasty}) and json.loads(in_script({"a": nasty})) == {"a": nasty}


def test_many_stations_are_listed_at_the_top() -> None:
    text = made(reading(), dumb("B2"))
    assert '<a href="#station-0">' in text and 'id="station-1"' in text
    assert "<nav>" not in made(reading())


def test_without_plotly_the_figures_are_drawn_and_it_says_so() -> None:
    text = made(reading(), script=None)
    assert "Plotly" not in text and text.count("<svg ") == 1
    assert "hydria-plugin[report]" in Shown(text).text


def test_plotly_is_missed_without_an_error() -> None:
    code = (
        "import sys; sys.modules['plotly'] = None\n"
        "from hydria_plugin.explainers.knox.page import plotly_script; print(plotly_script())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "None"


# ---- the figures


def test_bars_have_the_shares_and_their_spread() -> None:
    bar = contributions(reading(), SITE, EN)["data"][0]
    assert bar["y"] == ["Saumane", "Saint-Roman", "Mialet", "Barre"]
    assert bar["x"] == pytest.approx([45, 30, 15, 10])
    assert bar["error_x"]["array"] == pytest.approx([4] * 4)
    assert bar["error_x"]["arrayminus"] == pytest.approx([3] * 4)


def test_lag_curves_are_in_hours_and_leave_out_who_has_no_say() -> None:
    lines = [d for d in lag_curves(dumb(), SITE, EN)["data"] if d["mode"] == "lines" and "name" in d]
    assert [d["name"] for d in lines] == ["Saumane", "Saint-Roman", "Mialet"]
    assert lines[0]["x"] == list(range(24)) and sum(lines[0]["y"]) == pytest.approx(100)


def test_the_map_holds_the_gauges_that_have_a_place() -> None:
    drawn = gauge_map(reading(), SITE, EN)
    assert drawn is not None
    gauges, station = drawn["data"]
    assert gauges["x"] == [3.76, 3.78, 3.94] and gauges["y"] == [44.12, 44.0, 44.11]
    assert (station["x"], station["y"]) == ([3.98], [44.05])
    assert gauges["marker"]["size"][0] > gauges["marker"]["size"][1] > gauges["marker"]["size"][2]
    assert drawn["layout"]["yaxis"]["scaleratio"] == pytest.approx(1.39, abs=0.01)


def test_without_places_there_is_no_map() -> None:
    assert gauge_map(reading(), Site("Anduze", place=(44.0, 4.0)), EN) is None
    assert "map-0" not in made(reading(), site=Site("Anduze"))


# ---- in a browser


@pytest.mark.skipif(BROWSER is None, reason="no chromium on this machine")
@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_browser_draws_it_without_a_word_of_complaint(tmp_path: Path, language: str) -> None:
    (tmp_path / "knox.html").write_text(made(doubtful(), language=language, script=plotly_script()), encoding="utf-8")
    asked = ("--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--virtual-time-budget=4000")
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    command = [str(BROWSER), *asked, profile, "--dump-dom", f"file://{tmp_path / 'knox.html'}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert "CONSOLE" not in done.stderr, [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    assert done.stdout.count('class="main-svg"') >= 3
    buttons = re.findall(r'data-title="([^"]*)"', done.stdout)
    assert buttons and not [b for b in buttons if "cloud" in b.lower() or "studio" in b.lower()]
    assert "Produced with" not in " ".join(buttons)
    if language == "fr":
        assert "Agrandir une zone" in buttons
