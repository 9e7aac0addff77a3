"""An alert in words: every kind of news in both languages, and what is said where something is not known."""

from __future__ import annotations

import re
from dataclasses import replace
from string import Formatter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin import Basis, Bulletin, Reason, Thresholds
from hydria_plugin.drawing.words import Words
from hydria_plugin.exchange import Notice
from hydria_plugin.exchange.notices import NOTES, TEXT
from hydria_plugin.testing import sample_bulletin
from hydria_plugin.values import NOT_A_TIME

BULLETIN = sample_bulletin()  # of 06:00 UTC
HOUR = np.timedelta64(3600, "s")
NAN = float("nan")
ENGLISH, FRENCH = Words.of("en", "UTC"), Words.of("fr", "Europe/Paris")
NO_PEAK = {"peak": NAN, "peak_at": NOT_A_TIME}
NOTHING = {"probability": NAN, "observed": NAN, "crosses_at": NOT_A_TIME, **NO_PEAK}
HIGHEST = ", highest 1.20 m at 1 Mar 2026 09:00 UTC"
MAXIMUM = ", maximum 1,20 m le 1 mars 2026 10:00 CET"


def notice(words: Words = ENGLISH, bulletin: Bulletin = BULLETIN, **changes: Any) -> Notice:
    return Notice.of(replace(BULLETIN.alerts[0], **changes), bulletin, words, Thresholds(("yellow",), np.ones((3, 1))))


@pytest.mark.parametrize(
    ("changes", "english", "french"),
    [
        ({}, "s1: yellow expected, at least 70% within 6 h" + HIGHEST,
         "s1 : yellow attendu, au moins 70 % d'ici 6 h" + MAXIMUM),
        ({"is_lower_bound": False, "probability": 0.999}, "s1: yellow expected, >99% within 6 h" + HIGHEST,
         "s1 : yellow attendu, > 99 % d'ici 6 h" + MAXIMUM),
        ({"basis": Basis.OBSERVED, "observed": 1.1}, "s1: yellow exceeded, 1.10 m observed" + HIGHEST,
         "s1 : yellow dépassé, 1,10 m observés" + MAXIMUM),
        ({"basis": Basis.OBSERVED, **NOTHING}, "s1: yellow, no forecast now", "s1 : yellow, sans prévision actuelle"),
        ({"reason": Reason.HIGHER}, "s1: raised to yellow, at least 70% within 6 h" + HIGHEST,
         "s1 : relevé à yellow, au moins 70 % d'ici 6 h" + MAXIMUM),
        ({"reason": Reason.LOWER, "basis": Basis.OBSERVED}, "s1: lowered to yellow, 0.80 m observed" + HIGHEST,
         "s1 : ramené à yellow, 0,80 m observés" + MAXIMUM),
        ({"reason": Reason.REPEAT, "basis": Basis.OBSERVED, **NO_PEAK}, "s1: still yellow, 0.80 m observed",
         "s1 : toujours yellow, 0,80 m observés"),
        ({"reason": Reason.NOTHING_NEW, **NOTHING}, "s1: still yellow", "s1 : toujours yellow"),
        ({"reason": Reason.CLEARED}, "s1: yellow cleared", "s1 : yellow levé"),
    ],
)  # fmt: skip
def test_every_kind_of_news_has_its_headline(changes: dict[str, Any], english: str, french: str) -> None:
    assert notice(ENGLISH, **changes).headline == english
    assert notice(FRENCH, **changes).headline == french


def test_no_two_kinds_of_news_share_a_headline_and_none_is_without() -> None:
    told = [notice(reason=reason).headline for reason in Reason if reason is not Reason.NOTHING_NEW]
    assert len(set(told)) == len(told) == 5


def test_the_facts_come_in_the_order_in_which_they_are_needed() -> None:
    assert notice(threshold="yellow", note="no observation").facts == (
        ("Station", "s1"),
        ("Threshold", "yellow (1.00 m)"),
        ("Last observed", "0.80 m"),
        ("Probability", "at least 70% within 6 h"),
        ("Crossing", "1 Mar 2026 08:00 UTC"),
        ("Highest", "1.20 m at 1 Mar 2026 09:00 UTC"),
        ("Rests on", "the forecast"),
        ("Forecast", "of 1 Mar 2026 06:00 UTC, by sample"),
        ("Note", "no observation"),
    )


def test_what_is_not_known_is_said_in_the_language() -> None:
    silent = replace(BULLETIN, forecast=replace(BULLETIN.forecast, made_by=("", "", "")))
    made = notice(FRENCH, silent, limit=NAN, note="no forecast, no observation, curve", **NOTHING)
    assert dict(made.facts) == {
        "Station": "s1",
        "Seuil": "yellow",
        "Dernière observation": "aucune",
        "Probabilité": "inconnue (pas de prévision)",
        "Franchissement": "pas selon la prévision médiane",
        "Repose sur": "la prévision",
        "Prévision": "du 1 mars 2026 07:00 CET, par aucune",
        "Remarque": "pas de prévision, pas d'observation, curve",
    }
    assert made.chance == ""


def test_what_is_over_has_no_chance_no_crossing_and_rests_on_nothing() -> None:
    assert [name for name, _ in notice(reason=Reason.CLEARED).facts] == [
        "Station", "Threshold", "Last observed", "Highest", "Forecast",
    ]  # fmt: skip


def test_a_station_is_called_by_its_name_with_the_id_beside_it() -> None:
    named = replace(BULLETIN, layout=replace(BULLETIN.layout, names=("Anduze", "", "Sauve")))
    made = notice(bulletin=named)
    assert made.headline.startswith("Anduze: ") and made.facts[0] == ("Station", "Anduze (s1)")
    assert notice(bulletin=named, station="s2").facts[0] == ("Station", "s2")


@pytest.mark.parametrize(("threshold", "english", "french"), [
    ("yellow", "Threshold", "Seuil"), ("fast rise", "Rate of rise", "Vitesse de montée"),
])  # fmt: skip
def test_a_threshold_that_is_none_of_the_pipeline_is_a_rate_of_rise(threshold: str, english: str, french: str) -> None:
    for words, label in ((ENGLISH, english), (FRENCH, french)):
        assert notice(words, threshold=threshold).facts[1] == (label, f"{threshold} ({words.amount(1.0, 2, 'm')})")
    alert = replace(BULLETIN.alerts[0], threshold=threshold)
    assert not Notice.of(alert, BULLETIN, ENGLISH).is_rate


@pytest.mark.parametrize(
    ("unit", "value", "told"),
    [
        ("m", 1.234, "1.23 m"), ("m", -0.456, "−0.46 m"), ("cm", 123.4, "123 cm"), ("mm", 7.8, "8 mm"),
        ("m3/s", 123.4, "123 m³/s"), ("m3/s", 12.34, "12.3 m³/s"), ("m3/s", 1.234, "1.23 m³/s"),
        ("m3/s", 0.0, "0.00 m³/s"), ("l/s", 45.6, "46 l/s"), ("m3/s", 9.97e36, "9.97e+36 m³/s"),
    ],
)  # fmt: skip
def test_amounts_have_as_many_digits_as_people_read(unit: str, value: float, told: str) -> None:
    assert replace(notice(), unit=unit).amount(value) == told


@pytest.mark.parametrize("hours", [-3, 0])
def test_a_peak_that_is_over_is_a_fact_and_no_headline(hours: int) -> None:
    made = notice(peak_at=BULLETIN.issued_at + hours * HOUR)
    assert "highest" not in made.headline
    assert dict(made.facts)["Highest"] == f"1.20 m at 1 Mar 2026 0{6 + hours}:00 UTC"


TIMES = st.one_of(st.just(NOT_A_TIME), st.integers(-3, 9).map(lambda h: BULLETIN.issued_at + h * HOUR))
AMOUNTS = st.one_of(st.just(NAN), st.floats(-10, 1e4))


@given(
    st.sampled_from([ENGLISH, FRENCH]),
    st.fixed_dictionaries(
        {
            "reason": st.sampled_from(Reason),
            "basis": st.sampled_from(Basis),
            "probability": st.one_of(st.just(NAN), st.floats(0, 1)),
            "is_lower_bound": st.booleans(),
            "observed": AMOUNTS,
            "peak": AMOUNTS,
            "limit": AMOUNTS,
            "peak_at": TIMES,
            "crosses_at": TIMES,
        }
    ),
)
@settings(max_examples=40)
def test_whatever_is_known_nothing_is_said_of_what_is_not(words: Words, changes: dict[str, Any]) -> None:
    made = notice(words, **changes)
    said = f"{made.headline} {made.sentences}"
    assert not re.search(r"\bnan\b|NaT|None|[{}]|, ,|,  ", said), said
    assert "\n" not in said and said.endswith(made.label)
    assert all(name and value for name, value in made.facts)


def test_both_languages_have_the_same_phrases_with_the_same_places() -> None:
    assert list(TEXT["en"]) == list(TEXT["fr"])
    for key, english in TEXT["en"].items():
        fields = [{f for _, f, _, _ in Formatter().parse(text) if f} for text in (english, TEXT["fr"][key])]
        assert fields[0] == fields[1], key
    assert all(note != told for note, told in NOTES["fr"].items())


@pytest.mark.parametrize(("words", "label", "test"), [
    (ENGLISH, "Indicative level of this platform, not an official warning.", "TEST: no real event."),
    (FRENCH, "Niveau indicatif de cette plateforme, et non une vigilance Vigicrues.", "TEST : pas d'événement réel."),
])  # fmt: skip
def test_it_says_what_it_is_not(words: Words, label: str, test: str) -> None:
    assert (notice(words).label, notice(words).test) == (label, test)
