"""The picture in words, sentence by sentence, in both languages: what those hear who cannot see it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenes import EMPTY, Scene, of_values, scene

from hydria_plugin import Alert, Basis, Reason
from hydria_plugin.drawing.captions import alert_of, highest, issued, maker, summary, title
from hydria_plugin.drawing.paper import Paper
from hydria_plugin.drawing.words import Words

ENGLISH, FRENCH = Words.of("en", "UTC"), Words.of("fr", "Europe/Paris")
NAN = float("nan")
AHEAD = [0.9, 1.2, 1.1, 1.0, 0.9, 0.8]
SPREAD = np.array([-0.3, -0.2, -0.1, 0.0, 0.1, 0.3, 0.5])  # at 5, 10, 25, 50, 75, 90 and 95 in a hundred


def plain(**changes: Any) -> Scene:
    """Issued at 06:00 UTC: a river at 0.80 m, a median that is highest two hours later, one threshold, no alert."""
    made = of_values([0.4, 0.8], AHEAD, [1.0])
    return replace(made, **{"values": np.array(AHEAD)[:, None] + SPREAD, "alert": None, **changes})


def paper(words: Words, shown: Scene | None = None) -> Paper:
    return Paper.for_(plain() if shown is None else shown, words)


def alert(**changes: Any) -> Alert:
    found = scene().alert
    assert found is not None
    usual = {"probability": 0.7, "is_lower_bound": False, "basis": Basis.FORECAST, "reason": Reason.FIRST}
    return replace(found, **{**usual, **changes})


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ENGLISH,
            "Forecast issued 1 Mar 2026 06:00 UTC, by sample. Last observation 0.80 m at 1 Mar 2026 06:00 UTC. "
            "The median forecast is highest at 1.20 m, 1 Mar 2026 08:00 UTC; "
            "eight chances in ten lie between 1.00 m and 1.50 m. Threshold t0: 1.00 m.",
        ),
        (
            FRENCH,
            "Prévision du 1 mars 2026 07:00 CET, par sample. Dernière observation 0,80 m le 1 mars 2026 07:00 CET. "
            "La prévision médiane culmine à 1,20 m, le 1 mars 2026 09:00 CET ; "
            "huit chances sur dix d'être entre 1,00 m et 1,50 m. Seuil t0 : 1,00 m.",
        ),
    ],
)
def test_all_that_is_drawn_is_told(words: Words, said: str) -> None:
    assert summary(paper(words)) == said


def test_the_doubt_stands_before_the_thresholds_and_the_alert_comes_last() -> None:
    shown = plain(doubt="Half of the doubt at +3 h is the rain.")
    told = summary(paper(ENGLISH, replace(shown, alert=alert(reason=Reason.CLEARED, threshold="t0"))))
    assert told.endswith("1.50 m. Half of the doubt at +3 h is the rain. Threshold t0: 1.00 m. t0: cleared")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (ENGLISH, "Forecast issued 1 Mar 2026 06:00 UTC. No forecast could be made for this station."),
        (FRENCH, "Prévision du 1 mars 2026 07:00 CET. Aucune prévision n'a pu être établie pour cette station."),
    ],
)
def test_where_nothing_is_known_that_is_all_that_is_told(words: Words, said: str) -> None:
    nothing = replace(plain(), values=np.full((6, 7), NAN), observed=(plain().observed[0], np.full(2, NAN)), limits=())
    assert summary(paper(words, nothing)) == said
    assert summary(paper(words, replace(nothing, truth=EMPTY, made_by="", rung=-1))) == said


@pytest.mark.parametrize(
    ("changes", "english", "french"),
    [
        ({"probability": 0.7}, "yellow: 70% within 6 h", "yellow : 70 % sous 6 h"),
        ({"is_lower_bound": True}, "yellow: at least 70% within 6 h", "yellow : au moins 70 % sous 6 h"),
        ({"probability": 0.999}, "yellow: >99% within 6 h", "yellow : > 99 % sous 6 h"),
        ({"basis": Basis.OBSERVED}, "yellow: exceeded by the observation", "yellow : dépassé par l'observation"),
        ({"probability": NAN}, "yellow: no forecast now", "yellow : sans prévision actuelle"),
        (
            {"probability": NAN, "basis": Basis.OBSERVED},
            "yellow: exceeded by the observation",
            "yellow : dépassé par l'observation",
        ),
        ({"reason": Reason.CLEARED}, "yellow: cleared", "yellow : levé"),
        ({"reason": Reason.CLEARED, "basis": Basis.OBSERVED}, "yellow: cleared", "yellow : levé"),
        ({"reason": Reason.NOTHING_NEW}, "yellow: 70% within 6 h", "yellow : 70 % sous 6 h"),
    ],
)
def test_the_alert_of_the_station(changes: dict[str, Any], english: str, french: str) -> None:
    shown = plain(alert=alert(threshold="yellow", **changes))
    assert (alert_of(paper(ENGLISH, shown)), alert_of(paper(FRENCH, shown))) == (english, french)
    assert alert_of(paper(ENGLISH)) == ""


@pytest.mark.parametrize(
    ("rung", "english", "french"),
    [(0, "by sample", "par sample"), (1, "by sample (fallback 1)", "par sample (repli 1)")],
)
def test_a_fallback_is_named_as_one(rung: int, english: str, french: str) -> None:
    assert maker(paper(ENGLISH, plain(rung=rung))) == english
    assert maker(paper(FRENCH, plain(rung=rung))) == french


def test_the_title_names_station_and_quantity() -> None:
    assert title(paper(ENGLISH)) == "Anduze · Level"
    assert title(paper(FRENCH, plain(quantity="discharge", name="Alès"))) == "Alès · Débit"
    assert issued(paper(FRENCH)) == "Prévision du 1 mars 2026 07:00 CET"


@pytest.mark.parametrize(("unit", "told"), [("m", "1,20 m"), ("m3/s", "1,2 m³/s"), ("l/s", "1,2 l/s")])
def test_amounts_are_as_fine_as_the_axis_and_a_level_to_the_centimetre(unit: str, told: str) -> None:
    assert f"culmine à {told}, le 1 mars" in highest(paper(FRENCH, plain(unit=unit)))


@given(st.lists(st.integers(0, 20), min_size=1, max_size=6), st.integers(0, 3), st.integers(3, 6))
@settings(max_examples=40)
def test_the_first_of_the_highest_leads_is_told_for_any_horizon(levels: list[int], low: int, high: int) -> None:
    """And the band only where the quantiles reach eight chances in ten."""
    keep = slice(low, high + 1)
    made = plain()
    values = np.array(levels, float)[:, None] + SPREAD
    times = made.issued_at + made.step * np.arange(1, len(levels) + 1)
    told = highest(paper(ENGLISH, replace(made, values=values[:, keep], quantiles=made.quantiles[keep], valid=times)))
    lead = levels.index(max(levels)) + 1
    assert told.startswith(f"The median forecast is highest at {max(levels)}.")
    assert f", 1 Mar 2026 {6 + lead:02}:00 UTC" in told
    assert ("eight chances in ten" in told) is (low <= 1 and high >= 5)
