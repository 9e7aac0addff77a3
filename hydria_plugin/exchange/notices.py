"""An alert in words, for people who are woken by it: a headline, the facts, what it is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..drawing.words import Words
from ..standing import Thresholds
from ..values import Alert, Basis, Bulletin, Reason

TEXT: Mapping[str, Mapping[str, str]] = {
    "en": {
        "seen": "{0}: {1} exceeded, {2} observed",
        "foreseen": "{0}: {1} expected, {2} within {3}",
        "held": "{0}: {1}, no forecast now",
        Reason.HIGHER: "{0}: raised to {1}",
        Reason.LOWER: "{0}: lowered to {1}",
        Reason.CLEARED: "{0}: {1} cleared",
        "still": "{0}: still {1}",
        "as observed": "{0} observed",
        "peak": "highest {0} at {1}",
        "at least": "at least {0}",
        "none": "none",
        "unknown": "not known (no forecast)",
        "never": "not by the median forecast",
        "within": "{0} within {1}",
        "Station": "Station",
        "Threshold": "Threshold",
        "Rate": "Rate of rise",
        "Observed": "Last observed",
        "Probability": "Probability",
        "Crossing": "Crossing",
        "Peak": "Highest",
        "Basis": "Rests on",
        Basis.OBSERVED: "the observation",
        Basis.FORECAST: "the forecast",
        "Forecast": "Forecast",
        "by": "of {0}, by {1}",
        "Note": "Note",
        "at": "{0} at {1}",
        "label": "Indicative level of this platform, not an official warning.",
        "test": "TEST: no real event.",
        "colon": ": ",
    },
    "fr": {
        "seen": "{0} : {1} dépassé, {2} observés",
        "foreseen": "{0} : {1} attendu, {2} d'ici {3}",
        "held": "{0} : {1}, sans prévision actuelle",
        Reason.HIGHER: "{0} : relevé à {1}",
        Reason.LOWER: "{0} : ramené à {1}",
        Reason.CLEARED: "{0} : {1} levé",
        "still": "{0} : toujours {1}",
        "as observed": "{0} observés",
        "peak": "maximum {0} le {1}",
        "at least": "au moins {0}",
        "none": "aucune",
        "unknown": "inconnue (pas de prévision)",
        "never": "pas selon la prévision médiane",
        "within": "{0} d'ici {1}",
        "Station": "Station",
        "Threshold": "Seuil",
        "Rate": "Vitesse de montée",
        "Observed": "Dernière observation",
        "Probability": "Probabilité",
        "Crossing": "Franchissement",
        "Peak": "Maximum",
        "Basis": "Repose sur",
        Basis.OBSERVED: "l'observation",
        Basis.FORECAST: "la prévision",
        "Forecast": "Prévision",
        "by": "du {0}, par {1}",
        "Note": "Remarque",
        "at": "{0} le {1}",
        "label": "Niveau indicatif de cette plateforme, et non une vigilance Vigicrues.",
        "test": "TEST : pas d'événement réel.",
        "colon": " : ",
    },
}
NOTES = {"fr": {"no forecast": "pas de prévision", "no observation": "pas d'observation"}}


@dataclass(frozen=True, eq=False)
class Notice:
    """One alert of one bulletin, in the words of one language."""

    alert: Alert
    words: Words
    station: str  # its name for people
    unit: str
    made_by: str
    horizon: np.timedelta64
    is_rate: bool = False  # the threshold is a rate of rise

    @classmethod
    def of(cls, alert: Alert, bulletin: Bulletin, words: Words, thresholds: Thresholds | None = None) -> Notice:
        """``thresholds``: those of the pipeline; one that is not among them is a rate of rise."""
        a, row = bulletin.layout, bulletin.layout.stations.index(alert.station)
        return cls(
            alert,
            words,
            a.names[row] if a.names and a.names[row] else alert.station,
            a.units[row],
            bulletin.forecast.made_by[row],
            a.step * a.horizon,
            thresholds is not None and alert.threshold not in thresholds.names,
        )

    @property
    def headline(self) -> str:
        """The station, its level, how sure, and the highest value to come: one line."""
        text, alert = TEXT[self.words.language], self.alert
        said = {Reason.FIRST: self._why, Reason.CLEARED: text[Reason.CLEARED]}.get(alert.reason)
        if said is None:
            still = text.get(alert.reason, text["still"]).format(self.station, alert.threshold)
            return ", ".join([still, *([self._sure] if self._sure else []), *self._peak()])
        told = said.format(self.station, alert.threshold, self._how, self.words.duration(self.horizon))
        return ", ".join([told, *(self._peak() if alert.reason is Reason.FIRST else ())])

    @property
    def label(self) -> str:
        """What the level is not."""
        return TEXT[self.words.language]["label"]

    @property
    def test(self) -> str:
        """What is said first where nothing is real."""
        return TEXT[self.words.language]["test"]

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """Label and value, in the order in which they are needed."""
        t, w, a = TEXT[self.words.language], self.words, self.alert
        limit = "" if np.isnan(a.limit) else f" ({self.amount(a.limit)})"
        rows = [
            (t["Station"], self.station if self.station == a.station else f"{self.station} ({a.station})"),
            (t["Rate" if self.is_rate else "Threshold"], f"{a.threshold}{limit}"),
            (t["Observed"], t["none"] if np.isnan(a.observed) else self.amount(a.observed)),
        ]
        if a.reason is not Reason.CLEARED:
            chance = t["unknown"] if np.isnan(a.probability) else self._within
            rows += [
                (t["Probability"], chance),
                (t["Crossing"], t["never"] if np.isnat(a.crosses_at) else w.moment(a.crosses_at)),
            ]
        if np.isfinite(a.peak) and not np.isnat(a.peak_at):
            rows.append((t["Peak"], t["at"].format(self.amount(a.peak), w.moment(a.peak_at))))
        if a.reason is not Reason.CLEARED:
            rows.append((t["Basis"], t[a.basis]))
        rows.append((t["Forecast"], t["by"].format(w.moment(a.issued_at), self.made_by or t["none"])))
        return (*rows, *([(t["Note"], self.note)] if a.note else []))

    @property
    def note(self) -> str:
        """What is missing, in the language."""
        known = NOTES.get(self.words.language, {})
        return ", ".join(known.get(part, part) for part in self.alert.note.split(", "))

    @property
    def sentences(self) -> str:
        """The facts as running text, and what the level is not."""
        colon = TEXT[self.words.language]["colon"]
        return " ".join([*(f"{name}{colon}{value}." for name, value in self.facts), self.label])

    @property
    def chance(self) -> str:
        """The probability, with "at least" where it is a lower bound; "" without a forecast."""
        if np.isnan(self.alert.probability):
            return ""
        chance = self.words.percent(self.alert.probability)
        return TEXT[self.words.language]["at least"].format(chance) if self.alert.is_lower_bound else chance

    def amount(self, value: float) -> str:
        """A value of the station with its unit, in as many digits as people read."""
        size = abs(value)
        fine = {"m": 2, "m3/s": 0 if size >= 100 else 1 if size >= 10 else 2}.get(self.unit, 0)
        return self.words.amount(value, fine, self.unit)

    # ---- pieces ----

    @property
    def _within(self) -> str:
        return TEXT[self.words.language]["within"].format(self.chance, self.words.duration(self.horizon))

    @property
    def _why(self) -> str:
        text = TEXT[self.words.language]
        if self.alert.basis is Basis.OBSERVED and np.isfinite(self.alert.observed):
            return text["seen"]
        return text["foreseen"] if self.chance else text["held"]

    @property
    def _how(self) -> str:
        seen = self.alert.basis is Basis.OBSERVED and np.isfinite(self.alert.observed)
        return self.amount(self.alert.observed) if seen else self.chance

    @property
    def _sure(self) -> str:
        """What a level that went on rests on."""
        if self._why == TEXT[self.words.language]["seen"]:
            return TEXT[self.words.language]["as observed"].format(self._how)
        return self._within if self.chance else ""

    def _peak(self) -> list[str]:
        alert = self.alert
        if not np.isfinite(alert.peak) or np.isnat(alert.peak_at) or alert.peak_at <= alert.issued_at:
            return []
        return [TEXT[self.words.language]["peak"].format(self.amount(alert.peak), self.words.moment(alert.peak_at))]
