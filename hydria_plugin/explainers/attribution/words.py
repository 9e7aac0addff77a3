"""The telling in a sentence, in English and French."""

from __future__ import annotations

import numpy as np

from hydria_plugin.drawing.words import Words

from .telling import Cause, Telling

TEXT = {
    "en": {
        "rise": "the rise at {at} is {share} {cause}",
        "fall": "the fall until {at} is {share} {cause}",
        "still": "no change until {at}: the last value holds",
        "rain": "rain at {name} {when}",
        "rain ahead": "rain forecast at {name} {when}",
        "river": "the river at {name} {when}",
        "river ahead": "the forecast of {name} {when}",
        "other": "{name} {when}",
        "other ahead": "the forecast of {name} {when}",
        "before": "how wet {name} was over the days before",
        "own": "the river's own course so far",
        "between": "between {} and {}",
        "on": "{} on {}",
        "base": "last value, held",
        "forecast": "forecast for {}",
        "wetness": "{}, days before",
        "own short": "the river so far",
        "usual": "the usual course without rain",
        "estimated": "estimated for gauges without values",
        "limits": "cut by the model's limits",
        "ensemble median": "ensemble median",
        "error model": "error model",
        "calibration": "calibration",
        "title": "Why this forecast: {}",
        "share of": "what each step adds to the forecast for {}, {}",
        "now": "now",
    },
    "fr": {
        "rise": "la montée à {at} est due à {share} à {cause}",
        "fall": "la baisse jusqu'à {at} est due à {share} à {cause}",
        "still": "pas de changement jusqu'à {at} : la dernière valeur tient",
        "rain": "la pluie à {name} {when}",
        "rain ahead": "la pluie prévue à {name} {when}",
        "river": "la rivière à {name} {when}",
        "river ahead": "la prévision de {name} {when}",
        "other": "{name} {when}",
        "other ahead": "la prévision de {name} {when}",
        "before": "l'humidité des jours précédents à {name}",
        "own": "l'évolution de la rivière elle-même",
        "between": "entre {} et {}",
        "on": "{} le {}",
        "base": "dernière valeur, maintenue",
        "forecast": "prévision pour {}",
        "wetness": "{}, jours précédents",
        "own short": "la rivière jusqu'ici",
        "usual": "l'évolution habituelle sans pluie",
        "estimated": "estimé pour les postes muets",
        "limits": "coupé par les limites du modèle",
        "ensemble median": "médiane de l'ensemble",
        "error model": "modèle d'erreur",
        "calibration": "calibration",
        "title": "Pourquoi cette prévision : {}",
        "share of": "ce que chaque pas apporte à la prévision pour {}, {}",
        "now": "maintenant",
    },
}


def headline(telling: Telling, words: Words) -> str:
    """``the rise at 14:00 is 62% rain at Saumane between 09:00 and 11:00``"""
    text = TEXT[words.language]
    at = moment(telling.times[telling.past + telling.lead], telling, words)
    if telling.still:
        return text["still"].format(at=at)
    cause, share = telling.main()
    told = text["rise" if telling.change > 0 else "fall"]
    return told.format(at=at, share=words.percent(share), cause=named(cause, telling, words))


def named(cause: Cause, telling: Telling, words: Words) -> str:
    """A cause within the sentence."""
    text = TEXT[words.language]
    if cause.what == "line":
        return text.get(cause.name, cause.name)
    key = f"{cause.what} ahead" if cause.ahead else cause.what
    return text[key].format(name=cause.name, when=between(cause, telling, words))


def between(cause: Cause, telling: Telling, words: Words) -> str:
    """From the beginning of the first step to the end of the last."""
    if cause.last < cause.first:
        return ""
    step = telling.times[1] - telling.times[0]
    ends = telling.times[cause.first] - step, telling.times[cause.last]
    return TEXT[words.language]["between"].format(*(moment(end, telling, words) for end in ends))


def moment(time: np.datetime64, telling: Telling, words: Words) -> str:
    """The clock; with the day where it is another than the issue time's."""
    now = telling.times[telling.past - 1]
    if words.day(time) == words.day(now):
        return words.clock(time)
    return TEXT[words.language]["on"].format(words.clock(time), words.day(time))


def line_name(name: str, words: Words) -> str:
    """A line in words; one that is unknown, such as a member's, by its own name."""
    return TEXT[words.language].get(name, name)
