"""Where the doubt comes from, in a sentence: "Two thirds of the doubt at +3 h is the rain; gauge P2 is estimated."."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..decomposition import INPUT, MODEL, shares
from ..values import Bulletin, Floats
from .words import Words

AT_MOST = 2  # gauges that are named
RECENT = 6  # steps: an estimate of the station's own value that is older is no start of a forecast
PARTS = ((0.95, "all"), (0.85, "nine tenths"), (0.71, "three quarters"), (0.58, "two thirds"), (0.42, "half"))
SMALLEST = "third"
TEXT: Mapping[str, Mapping[str, str]] = {
    "en": {
        "all": "Nearly all of the doubt at +{} is {}",
        "nine tenths": "Nine tenths of the doubt at +{} is {}",
        "three quarters": "Three quarters of the doubt at +{} is {}",
        "two thirds": "Two thirds of the doubt at +{} is {}",
        "half": "Half of the doubt at +{} is {}",
        "third": "The doubt at +{} has several sources, most of it is {}",
        "rain": "the rain",
        "inputs": "the inputs",
        "model": "the model",
        "rest": "what forecasts have missed besides",
        "one": "gauge {} is estimated",
        "many": "gauges {} are estimated",
        "more": "{} and {} more",
        "one more": "{} and one more",
        "; ": "; ",
        "and": "{} and {}",
        "no model": "how much of it is the model is not known",
        "dark": "No rain gauge speaks: how much of the doubt is the rain is not known.",
    },
    "fr": {
        "all": "Presque tout le doute à +{} vient {}",
        "nine tenths": "Les neuf dixièmes du doute à +{} viennent {}",
        "three quarters": "Les trois quarts du doute à +{} viennent {}",
        "two thirds": "Les deux tiers du doute à +{} viennent {}",
        "half": "La moitié du doute à +{} vient {}",
        "third": "Le doute à +{} a plusieurs sources, il vient surtout {}",
        "rain": "de la pluie",
        "inputs": "des entrées",
        "model": "du modèle",
        "rest": "de ce que les prévisions manquent par ailleurs",
        "one": "le capteur {} est estimé",
        "many": "les capteurs {} sont estimés",
        "more": "{} et {} autres",
        "one more": "{} et un autre",
        "; ": " ; ",
        "and": "{} et {}",
        "no model": "la part du modèle n'est pas connue",
        "dark": "Aucun pluviomètre ne parle : la part de la pluie dans le doute n'est pas connue.",
    },
}


def doubt(bulletin: Bulletin, row: int, words: Words, names: Mapping[str, str] | None = None) -> str:
    """A sentence on the station in ``row``, at the lead of its highest median; "" where nothing is known of the doubt.
    ``names``: of the gauges, by series."""
    text, variance = TEXT[words.language], bulletin.forecast.variance
    if variance is None or not bulletin.forecast.there[row]:
        return ""
    rain = _rain(bulletin, row)
    if rain and not bulletin.summary.availability[row, rain].any():
        return text["dark"]
    lead = int(bulletin.forecast.median[row].argmax())
    parts = shares(np.asarray(variance, dtype=float)[row][None])[0, lead]
    if not np.isfinite(parts[INPUT]):
        return ""
    ahead = words.duration(bulletin.layout.step * (lead + 1))
    told = text[_part(parts)].format(ahead, text[_source(bulletin, row, parts)])
    more = [_gauges(_estimated(bulletin, row), text, names or {})] + [text["no model"]] * bool(np.isnan(parts[MODEL]))
    return text["; "].join([told, *filter(None, more)]) + "."


def _rain(bulletin: Bulletin, row: int) -> list[int]:
    a = bulletin.layout
    return [v for v, kind in enumerate(a.kinds) if kind == "rain" and a.present[row, v]]


def _part(parts: Floats) -> str:
    largest = float(np.nanmax(parts))
    return next((name for least, name in PARTS if largest >= least), SMALLEST)


def _source(bulletin: Bulletin, row: int, parts: Floats) -> str:
    """What the largest part is called: inputs are rain where no other is estimated."""
    largest = int(np.nanargmax(parts))
    if largest != INPUT:
        return "model" if largest == MODEL else "rest"
    rain = {str(bulletin.layout.series[row, v]) for v in _rain(bulletin, row)}
    return "rain" if rain and set(_estimated(bulletin, row)) <= rain else "inputs"


def _estimated(bulletin: Bulletin, row: int) -> list[str]:
    """The series of which something is estimated: the station's own where its newest values are, then the inputs', most
    first."""
    estimated, completed = bulletin.summary.estimated, bulletin.summary.completed
    if estimated is None:
        return []
    own = completed is not None and np.isfinite(completed[row, -RECENT:]).any()
    share = np.nan_to_num(estimated[row])
    inputs = [str(bulletin.layout.series[row, v]) for v in np.argsort(-share, kind="stable") if share[v] > 0]
    return [bulletin.layout.targets[row]] * bool(own) + inputs


def _gauges(series: list[str], text: Mapping[str, str], names: Mapping[str, str]) -> str:
    """Who is estimated, the first by name."""
    told = [names.get(one) or one for one in series]
    if not told:
        return ""
    if len(told) == 1:
        return text["one"].format(told[0])
    if len(told) == AT_MOST:
        return text["many"].format(text["and"].format(*told))
    first, left = ", ".join(told[:AT_MOST]), len(told) - AT_MOST
    return text["many"].format(text["one more"].format(first) if left == 1 else text["more"].format(first, left))
