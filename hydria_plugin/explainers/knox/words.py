"""A reading in words that a hydrologist uses, in English or French."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from .readings import Caution, Reading, SlotReading

LANGUAGES = ("en", "fr")
PLAIN = ("nse", "correlation")  # numbers shown as they are; counts are shown whole, all others as percentages
TIMES = ("half", "tenth")  # steps
POINTS = ("spread", "disagreement", "twin", "wet-dry")  # codes whose limit is a difference of shares
COUNTS = ("events", "dropped", "initialisations")
GRADES = ((0.75, "very good"), (0.65, "good"), (0.5, "satisfactory"))  # of NSE, after Moriasi et al. (2007)
HOUR = np.timedelta64(3600, "s")
Names = Mapping[str, str]  # series -> the gauge's name for people


@cache
def texts(language: str) -> Mapping[str, Any]:
    """The words of one language, from the file beside this one. French signs are not left alone on a new line."""
    text = Path(__file__).with_name(f"texts.{language}.toml").read_text(encoding="utf-8")
    return tomllib.loads(re.sub(r"(?<=\S) (?=[:;%»])|(?<=«) ", "\u00a0", text))


@dataclass(frozen=True, slots=True)
class Speech:
    """The words and numbers of one language."""

    language: str

    def __post_init__(self) -> None:
        if self.language not in LANGUAGES:
            raise ValueError(f"language {self.language!r} is not one of {', '.join(LANGUAGES)}")

    def __getitem__(self, key: str) -> str:
        return str(texts(self.language)[key])

    def caution(self, code: str) -> str:
        """The sentence of a code. Raises KeyError for one without a sentence."""
        return str(texts(self.language)["cautions"][code])

    def rule(self, variant: str) -> str:
        """What a read-out does; empty for an unknown one."""
        return str(texts(self.language)["rules"].get(variant, ""))

    def number(self, value: float, decimals: int = 2) -> str:
        text = f"{value:.{decimals}f}".replace("-", "−")
        return text.replace(".", ",") if self.language == "fr" else text

    def percent(self, share: float) -> str:
        """45 %: whole ones, below ten with one decimal where that says more."""
        value = 100 * share
        decimals = 1 if 0 < abs(value) < 9.95 and abs(value - round(value)) > 0.05 else 0
        return f"{self.number(value, decimals)}\u00a0%"

    def duration(self, steps: float, step: np.timedelta64) -> str:
        """Minutes below two hours of a fine step, hours with one decimal at most, days beyond four."""
        hours = steps * float(step / HOUR)
        if hours < 2 and step < HOUR:
            return f"{self.number(60 * hours, 0)}\u00a0min"
        if hours > 96:
            return f"{self.short(hours / 24)}\u00a0{'j' if self.language == 'fr' else 'd'}"
        return f"{self.short(hours)}\u00a0h"

    def short(self, value: float) -> str:
        """One decimal, none where it is 0."""
        return self.number(value, 0 if abs(value - round(value)) < 0.05 else 1)


def zone_name(slot: SlotReading, names: Names | None = None) -> str:
    """What people call a zone: the name of its gauge, else its series, else its slot."""
    return (names or {}).get(slot.series) or slot.series or slot.slot


def labels(reading: Reading, names: Names | None = None) -> list[str]:
    """The zones' names; where two are the same, with their slot."""
    plain = [zone_name(slot, names) for slot in reading.slots]
    pairs = zip(plain, reading.slots, strict=True)
    return [f"{name} ({slot.slot})" if plain.count(name) > 1 else name for name, slot in pairs]


def headline(reading: Reading, speech: Speech, names: Names | None = None) -> str:
    """The zone that counts most, and how fast."""
    if not reading.slots:
        return speech["headline none"].format(station=reading.station)
    first = int(np.argmax([slot.share.median for slot in reading.slots]))
    slot, zone = reading.slots[first], labels(reading, names)[first]
    share = speech.percent(slot.share.median)
    if slot.response is None:
        said = speech["headline no time"].format(zone=zone, share=share)
    else:
        time = speech.duration(slot.response.centroid, reading.step)
        said = speech["headline"].format(zone=zone, share=share, time=time)
    if any(caution.about == "shares" for caution in reading.cautions):
        return speech["headline cautious"].format(headline=said[0].lower() + said[1:])
    if any(slot.slot in caution.slots for caution in reading.cautions):
        return speech["headline time"].format(headline=said)
    return said


def cautions_in_words(reading: Reading, speech: Speech, names: Names | None = None) -> list[str]:
    """One sentence per caution, in their order."""
    called = {slot.slot: name for slot, name in zip(reading.slots, labels(reading, names), strict=True)}
    return [caution_in_words(caution, speech, called, reading.step) for caution in reading.cautions]


def caution_in_words(caution: Caution, speech: Speech, called: Names, step: np.timedelta64 = HOUR) -> str:
    """``called``: slot -> name. A code without a sentence of its own is named with its numbers."""
    slots = listed([called.get(slot, slot) for slot in caution.slots], speech)
    numbers = {
        key: speech.duration(value, step) if key in TIMES else shown(caution.code, key, value, speech)
        for key, value in caution.numbers.items()
    }
    try:
        return capital(speech.caution(caution.code).format(slots=slots, **numbers))
    except KeyError:
        told = ", ".join(f"{key} {speech.number(value)}" for key, value in caution.numbers.items())
        return speech.caution("other").format(code=caution.code, slots=f"{slots} " if slots else "", numbers=told)


def shown(code: str, key: str, value: float, speech: Speech) -> str:
    """A number of a caution; ``limit`` is shown as what it limits."""
    if key in COUNTS or (code == "events" and key == "limit"):
        return speech.number(value, 0)
    if key in PLAIN or (code in ("skill", "alike") and key == "limit"):
        return speech.number(value)
    if key == "iqr" or (code in POINTS and key == "limit"):
        return speech["points"].format(speech.short(100 * value))
    return speech.percent(value)


def listed(words: list[str], speech: Speech) -> str:
    return f" {speech['and']} ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def skill_in_words(reading: Reading, speech: Speech) -> str:
    nse = reading.skill.get("nse")
    if nse is None:
        return speech["skill unknown"]
    quality = next((grade for least, grade in GRADES if nse >= least), "poor")
    return speech["skill"].format(quality=speech[quality], nse=speech.number(nse))


def facts_in_words(reading: Reading, speech: Speech) -> str:
    return speech["facts"].format(
        initialisations=reading.initialisations,
        dropped=reading.dropped,
        window=speech.duration(reading.window, reading.step),
        state=speech.percent(reading.state_share),
    )


def method_in_words(reading: Reading, speech: Speech, station: str = "") -> str:
    """The method and its limits, in one paragraph."""
    meaning = speech.rule(reading.variant)
    return speech["method"].format(
        initialisations=reading.initialisations + reading.dropped,
        station=station or reading.station,
        window=speech.duration(reading.window, reading.step),
        rule=f"{reading.variant} ({meaning})" if meaning else reading.variant,
    )
