"""Readings in words: whole sentences with the right numbers, alike in both languages."""

from __future__ import annotations

import re
from dataclasses import replace
from string import Formatter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from hydria_plugin.explainers.knox import readings as module
from hydria_plugin.explainers.knox.readings import Caution, Reading
from hydria_plugin.explainers.knox.words import (
    LANGUAGES,
    Speech,
    cautions_in_words,
    facts_in_words,
    headline,
    labels,
    method_in_words,
    skill_in_words,
    texts,
)
from tests.explainers.knox.made_readings import any_readings, doubtful, dumb, reading, two_paths

EN, FR = Speech("en"), Speech("fr")
HOUR = np.timedelta64(1, "h")


def fields_of(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def flat(language: str) -> dict[str, str]:
    held: dict[str, Any] = dict(texts(language))
    deep = {f"{room} {k}": v for room in ("cautions", "rules") for k, v in held.pop(room).items()}
    return {**deep, **held}


def test_both_languages_say_the_same_things_with_the_same_numbers() -> None:
    english, french = flat("en"), flat("fr")
    assert set(english) == set(french)
    for key, text in english.items():
        assert fields_of(text) == fields_of(french[key]), key
        assert text.strip() and french[key].strip()


def test_every_code_has_a_sentence() -> None:
    told = re.findall(r"^ {6}([a-z-]+) {2,}", module.Caution.__doc__ or "", re.M)
    assert len(told) == 14
    assert set(told) == set(texts("en")["cautions"]) - {"other"}


def test_every_code_puts_its_numbers_in() -> None:
    rows = re.findall(
        r"^ {6}([a-z-]+) {2,}(?:one zone|two zones|any zones|none) +(.*?)  ", module.Caution.__doc__ or "", re.M
    )
    given_numbers = {code: [n.strip() for n in names.split(",") if "(" not in n] for code, names in rows}
    for code, names in given_numbers.items():
        one = Caution(code, dict.fromkeys(names, 0.5), ("rain.1",))
        for language in LANGUAGES:
            (said,) = cautions_in_words(replace(reading(), cautions=(one,)), Speech(language))
            assert not re.search(r"[{}“«]", said), f"{code} has no sentence of its own: {said}"
            assert said.endswith(".") and not said[0].islower(), said


def test_the_headline_names_the_first_zone_its_share_and_its_time() -> None:
    assert headline(reading(), EN) == (
        "Rain at Saumane gives 45\u00a0% of the response, mm for mm, with a response time of 2.2\u00a0h."
    )
    assert headline(reading(), FR) == (
        "La pluie à Saumane fait 45\u00a0% de la réponse, à lame égale, avec un temps de réponse de 2,2\u00a0h."
    )


def test_a_doubtful_headline_says_so_first() -> None:
    assert headline(doubtful(), EN).startswith("With caution: rain at Saumane gives 45")
    assert headline(doubtful(), FR).startswith("Avec prudence\u00a0: la pluie à Saumane fait 45")


def test_a_headline_whose_time_alone_is_doubtful_says_only_that() -> None:
    assert headline(two_paths(), EN).startswith("Rain at Saumane gives 45")
    assert headline(two_paths(), EN).endswith("2.2\u00a0h. That time is to be taken with caution.")
    assert headline(two_paths(), FR).endswith("Ce temps est à prendre avec prudence.")
    assert headline(two_paths(slot="rain.4"), EN) == headline(reading(), EN)


def test_cautions_about_times_speak_in_hours_of_the_record_s_step() -> None:
    (said,) = cautions_in_words(two_paths(), EN)
    assert "7\u00a0h" in said and "40\u00a0h" in said and "Saumane" in said
    quick = replace(two_paths(), step=np.timedelta64(10, "m"))
    (said,) = cautions_in_words(quick, FR)
    assert "70\u00a0min" in said and "6,7\u00a0h" in said


def test_the_headline_calls_gauges_by_their_names() -> None:
    assert "Rain at Upper Gardon gives" in headline(reading(), EN, {"Saumane": "Upper Gardon"})


def test_a_headline_without_a_response_gives_no_time() -> None:
    alone = replace(dumb(), slots=dumb().slots[3:])
    assert headline(alone, EN) == "Rain at p3 gives 0\u00a0% of the response, mm for mm."


def test_without_zones_the_headline_says_so() -> None:
    assert headline(replace(reading(), slots=()), EN) == "No rain zone of A1 could be read."


def test_zones_of_one_name_are_told_apart() -> None:
    twice = replace(reading(), slots=tuple(replace(s, series="p0") for s in reading().slots[:2]))
    assert labels(twice) == ["p0 (rain.1)", "p0 (rain.2)"]


def test_an_unknown_code_is_told_with_its_numbers() -> None:
    odd = replace(reading(), cautions=(Caution("moon-phase", {"days": 3.5}, ("rain.2",)),))
    assert cautions_in_words(odd, EN) == ["The check “moon-phase” of this reading failed Saint-Roman (days 3.50)."]


def test_a_code_without_its_numbers_is_told_all_the_same() -> None:
    odd = replace(reading(), cautions=(Caution("spread", {}, ("rain.1",)),))
    assert "spread" in cautions_in_words(odd, EN)[0]


@pytest.mark.parametrize(
    ("code", "numbers", "words"),
    [
        ("spread", {"iqr": 0.163, "limit": 0.1}, ("16.3 points", "10 points")),
        ("skill", {"nse": 0.41, "limit": 0.5}, ("0.41", "0.50")),
        ("events", {"events": 3.0, "limit": 8.0}, ("3 independent", "least 8 are")),
        ("members", {"dropped": 12.0, "initialisations": 40.0, "limit": 0.25}, ("12 of 40", "25\u00a0%")),
        ("wet-dry", {"wet": 0.6, "dry": 0.3, "limit": 0.2}, ("60\u00a0%", "30\u00a0%", "20 points")),
        ("alike", {"correlation": 0.987, "limit": 0.95}, ("0.99", "0.95")),
    ],
)
def test_numbers_are_shown_as_what_they_are(code: str, numbers: dict[str, float], words: tuple[str, ...]) -> None:
    (said,) = cautions_in_words(replace(reading(), cautions=(Caution(code, numbers, ("rain.1",)),)), EN)
    for word in words:
        assert word in said


@pytest.mark.parametrize(
    ("steps", "step", "english", "french"),
    [
        (3.0, HOUR, "3\u00a0h", "3\u00a0h"),
        (2.24, HOUR, "2.2\u00a0h", "2,2\u00a0h"),
        (0.4, HOUR, "0.4\u00a0h", "0,4\u00a0h"),
        (2.5, np.timedelta64(10, "m"), "25\u00a0min", "25\u00a0min"),
        (18.0, np.timedelta64(10, "m"), "3\u00a0h", "3\u00a0h"),
        (5.0, np.timedelta64(1, "D"), "5\u00a0d", "5\u00a0j"),
        (3.0, np.timedelta64(1, "D"), "72\u00a0h", "72\u00a0h"),
    ],
)
def test_times(steps: float, step: np.timedelta64, english: str, french: str) -> None:
    assert (EN.duration(steps, step), FR.duration(steps, step)) == (english, french)


@pytest.mark.parametrize(
    ("share", "shown"), [(0.45, "45"), (0.0, "0"), (1.0, "100"), (0.046, "4.6"), (0.0004, "0"), (-0.013, "−1.3")]
)
def test_percentages(share: float, shown: str) -> None:
    assert EN.percent(share) == f"{shown}\u00a0%"


@pytest.mark.parametrize(
    ("nse", "word"),
    [(0.93, "very good"), (0.7, "good"), (0.55, "satisfactory"), (0.2, "not satis"), (-3.0, "not satis")],
)
def test_skill_is_graded(nse: float, word: str) -> None:
    assert f"the network is {word}" in skill_in_words(replace(reading(), skill={"nse": nse}), EN)


def test_unknown_skill_is_said_to_be_unknown() -> None:
    assert "not known" in skill_in_words(replace(reading(), skill={}), EN)


def test_the_method_says_after_and_never_as_published() -> None:
    for speech, after in (
        (EN, "after Kong-A-Siou et al. (2013) and Darras"),
        (FR, "d'après Kong-A-Siou et al. (2013)"),
    ):
        told = method_in_words(reading(), speech, "Anduze")
        assert after in told and "K2r" in told and "Anduze" in told and "40" in told and "24\u00a0h" in told
        assert "as published" not in told and "\n" not in told


def test_every_read_out_is_explained_and_an_unknown_one_only_named() -> None:
    for speech in (EN, FR):
        assert all(speech.rule(variant) for variant in module.VARIANTS)
    assert "the rule K2r (as K2, after" in method_in_words(reading(), EN)
    assert "the rule moonlight. " in method_in_words(replace(reading(), variant="moonlight"), EN)


def test_the_facts_count_who_was_left_out() -> None:
    assert facts_in_words(reading(), EN).startswith("38 random initialisations read (2 diverged")


def test_another_language_is_refused() -> None:
    with pytest.raises(ValueError, match="language 'de' is not one of en, fr"):
        Speech("de")


@settings(max_examples=30)
@given(any_readings())
def test_any_reading_can_be_put_into_words(one: Reading) -> None:
    for speech in (EN, FR):
        assert headline(one, speech)
        assert len(cautions_in_words(one, speech)) == len(one.cautions)
        assert skill_in_words(one, speech) and facts_in_words(one, speech) and method_in_words(one, speech)
