"""What a forecaster should know of the forecasts' standing: the model has got worse, or is old; truth is missing."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..roles import State
from ..values import Bulletin, Problem, Window
from .drift import BAND, ERROR, NAME, NEVER

STALENESS, DRIFT = "staleness", "drift"  # stages of the problems
MODEL = "model:"
DAY = np.timedelta64(1, "D")
OLD = 3 * 366 * DAY  # a model this old is told of
NAMED = 5  # stations that one sentence names
TEXT: Mapping[str, Mapping[str, str]] = {
    "en": {
        "silent": "the feed is silent: no observation of any station for {}",
        "no truth": "no observation for {}: its forecasts cannot be verified",
        "flagged": "every observation of {} is flagged as wrong: its forecasts cannot be verified",
        "old": "the model of {} was trained {} days ago: train it anew (hydria train)",
        "error": "forecasts have got worse: errors of late are {} times the usual ones in like water{}",
        "band": "the 10-90% band has got unreliable: {}% of the truth lay outside it of late, 20% should{}",
        "age": " (model trained {} days ago)",
    },
    "fr": {
        "silent": "le flux est muet : aucune observation d'aucune station depuis {}",
        "no truth": "aucune observation depuis {} : prévisions impossibles à vérifier",
        "flagged": "toutes les observations depuis {} sont marquées fausses : prévisions impossibles à vérifier",
        "old": "le modèle de {} a été calé il y a {} jours : calez-le à nouveau (hydria train)",
        "error": "les prévisions se sont dégradées : erreurs récentes {} fois celles d'avant en eaux semblables{}",
        "band": "la bande 10-90 % n'est plus fiable : {} % de la vérité en est sortie récemment, 20 % le devraient{}",
        "age": " (modèle calé il y a {} jours)",
    },
}  # fmt: skip


@dataclass(frozen=True)
class Watchman:
    """Called in every cycle. ``models``: digests of the pipeline; ``duration``: a time span in words."""

    models: Mapping[str, str]
    language: str
    duration: Callable[[np.timedelta64], str]

    def __call__(self, window: Window) -> tuple[Problem, ...]:
        ages = ages_of(self.models, window.issued_at)
        return (*self.stale(window), *self.drifted(window, ages), *self.old(ages))

    def stale(self, window: Window) -> Iterator[Problem]:
        """Stations without truth for as long as matters: a day and two horizons, as far as the window shows."""
        layout, words = window.layout, TEXT[self.language]
        steps = min(layout.past, max(2 * layout.horizon, int(np.ceil(DAY / layout.step))))
        target = window.observed.each(lambda a: a[:, 0, -steps:])
        span = self.duration(steps * layout.step)
        measured = np.where(target.sigma > 0, np.nan, target.values)  # not what was filled in
        without = np.asarray(~np.isfinite(np.where(target.trusted, measured, np.nan)).any(axis=1))
        arrived = np.asarray(np.isfinite(measured).any(axis=1))
        if without.all() and not arrived.any() and len(without) > 1:
            yield Problem(STALENESS, None, words["silent"].format(span))
            return
        for row in np.flatnonzero(without):
            said = words["flagged" if arrived[row] else "no truth"].format(span)
            yield Problem(STALENESS, window.stations[int(row)], said)

    def drifted(self, window: Window, ages: Mapping[str, int]) -> Iterator[Problem]:
        """Stations where the sequential test has spoken."""
        state = window.learned.get(NAME)
        if state is None or "drifted" not in state or len(state["drifted"]) != len(window.stations):
            return
        words = TEXT[self.language]
        age = words["age"].format(max(ages.values())) if ages else ""
        for row, which in np.argwhere(state["drifted"] > 0):
            yield Problem(DRIFT, window.stations[int(row)], self.sentence(state, int(row), int(which), age))

    def sentence(self, state: State, row: int, which: int, age: str = "") -> str:
        """What is told of one number of one station."""
        recent, words = float(state["recent"][row, which]), TEXT[self.language]
        if which == BAND:
            return words["band"].format(f"{100 * recent:.0f}", age)
        shown = f"{np.exp(min(recent, 7.0)):.1f}"
        return words["error"].format(shown.replace(".", ",") if self.language == "fr" else shown, age)

    def old(self, ages: Mapping[str, int]) -> Iterator[Problem]:
        for name, days in ages.items():
            if days * DAY >= OLD:
                yield Problem(STALENESS, None, TEXT[self.language]["old"].format(name, days))


def standing_of(bulletin: Bulletin) -> Iterator[str]:
    """A bulletin's lines on drift and staleness; equal ones of many stations are one."""
    told: dict[str, list[str]] = {}
    for problem in bulletin.problems:
        if problem.stage in (DRIFT, STALENESS):
            told.setdefault(f"{problem.stage}: {problem.error}", []).append(problem.station or "")
    for line, stations in told.items():
        named = [s for s in stations if s]
        more = f" and {len(named) - NAMED} more" if len(named) > NAMED else ""
        yield f"{line} ({', '.join(named[:NAMED])}{more})" if named else line


def ages_of(digests: Mapping[str, str], at: np.datetime64) -> dict[str, int]:
    """Days since each model was trained, by part; the version says when."""
    found = {}
    for key, version in digests.items():
        stamp = version.split("T")[0]
        if key.startswith(MODEL) and len(stamp) == 8 and stamp.isdigit():
            made = np.datetime64(f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:]}", "D")
            found[key.removeprefix(MODEL)] = max(0, int((at.astype("datetime64[D]") - made) / DAY))
    return found


def models_number(digests: Mapping[str, str]) -> int:
    """A number that changes with the models."""
    told = sorted(f"{key}={version}" for key, version in digests.items() if key.startswith(MODEL))
    return zlib.crc32("\n".join(told).encode())


def watch_facts(state: State | None, stations: tuple[str, ...]) -> list[dict[str, Any]]:
    """How the test stands, station by station; nothing where it never ran for these stations."""
    if state is None or "drifted" not in state or len(state["drifted"]) != len(stations):
        return []
    return [
        {
            "station": station,
            "blocks": int(state["blocks"][row]),
            "verified_to": None
            if state["newest"][row] == NEVER
            else f"{np.datetime64(int(state['newest'][row]), 's')}Z",
            "error_drifted": bool(state["drifted"][row, ERROR]),
            "band_drifted": bool(state["drifted"][row, BAND]),
            "error_evidence": float(state["evidence"][row, ERROR]),
            "band_evidence": float(state["evidence"][row, BAND]),
        }
        for row, station in enumerate(stations)
    ]
