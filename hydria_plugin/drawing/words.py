"""What a picture says, in English and French: words, numbers, times."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np

WORDS = {
    "en": {
        "level": "Level",
        "discharge": "Discharge",
        "rain": "Rain",
        "rain ahead": "rain forecast",
        "observed": "observed",
        "estimated": "estimated",
        "median": "median forecast",
        "afterwards": "observed afterwards",
        "issued": "Forecast issued",
        "now": "now",
        "by": "by",
        "fallback": "fallback {}",
        "none": "No forecast could be made for this station.",
        "alert": "{}: {} within {}",
        "at least": "at least {}",
        "seen": "{}: exceeded by the observation",
        "held": "{}: no forecast now",
        "cleared": "{}: cleared",
        "last": "Last observation {} at {}.",
        "highest": "The median forecast is highest at {}, {}; eight chances in ten lie between {} and {}.",
        "median only": "The median forecast is highest at {}, {}.",
        "threshold": "Threshold {}: {}.",
        "months": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    },
    "fr": {
        "level": "Hauteur",
        "discharge": "Débit",
        "rain": "Pluie",
        "rain ahead": "pluie prévue",
        "observed": "observé",
        "estimated": "estimé",
        "median": "prévision médiane",
        "afterwards": "observé ensuite",
        "issued": "Prévision du",
        "now": "maintenant",
        "by": "par",
        "fallback": "repli {}",
        "none": "Aucune prévision n'a pu être établie pour cette station.",
        "alert": "{} : {} sous {}",
        "at least": "au moins {}",
        "seen": "{} : dépassé par l'observation",
        "held": "{} : sans prévision actuelle",
        "cleared": "{} : levé",
        "last": "Dernière observation {} le {}.",
        "highest": "La prévision médiane culmine à {}, le {} ; huit chances sur dix d'être entre {} et {}.",
        "median only": "La prévision médiane culmine à {}, le {}.",
        "threshold": "Seuil {} : {}.",
        "months": "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
    },
}
UNITS = {"m3/s": "m³/s"}
LARGEST = 1e9  # of what is written out: a sensor's 9.97e+36 would run over the picture


@dataclass(frozen=True)
class Words:
    """The words, numbers and times of one language and one display zone."""

    language: str
    zone: ZoneInfo

    @classmethod
    def of(cls, language: str, timezone: str) -> Words:
        if language not in WORDS:
            raise ValueError(f"language {language!r} is not one of {', '.join(WORDS)}")
        return cls(language, ZoneInfo(timezone))

    def __getitem__(self, key: str) -> str:
        return WORDS[self.language][key]

    def number(self, value: float, decimals: int) -> str:
        text = f"{value:.{decimals}f}" if abs(value) < LARGEST else f"{value:.3g}"
        text = text.removeprefix("-") if float(text) == 0 else text.replace("-", "−")
        return text.replace(".", ",") if self.language == "fr" else text

    def amount(self, value: float, decimals: int, unit: str) -> str:
        return f"{self.number(value, decimals)} {self.unit(unit)}"

    def unit(self, unit: str) -> str:
        return UNITS.get(unit, unit)

    def percent(self, probability: float) -> str:
        shown = "> 99" if probability > 0.99 else "< 1" if probability < 0.01 else f"{100 * probability:.0f}"
        return f"{shown} %" if self.language == "fr" else f"{shown}%".replace("> ", ">").replace("< ", "<")

    def local(self, time: np.datetime64) -> datetime:
        stamp = int(time.astype("datetime64[s]").astype(np.int64))
        return datetime.fromtimestamp(stamp, UTC).astimezone(self.zone)

    def clock(self, time: np.datetime64) -> str:
        return f"{self.local(time):%H:%M}"

    def day(self, time: np.datetime64) -> str:
        there = self.local(time)
        return f"{there.day} {self['months'].split()[there.month - 1]}"

    def moment(self, time: np.datetime64) -> str:
        """Day, year, clock and zone: ``19 Sep 2020 14:30 CEST``."""
        return f"{self.day(time)} {self.local(time):%Y %H:%M %Z}"

    def duration(self, length: np.timedelta64) -> str:
        minutes, seconds = divmod(int(length / np.timedelta64(1, "s")), 60)
        days, rest = divmod(minutes, 1440)
        if days and not rest and not seconds:
            return f"{days} {'j' if self.language == 'fr' else 'd'}"
        hours, minutes = divmod(minutes, 60)
        parts = ((hours, "h"), (minutes, "min"), (seconds, "s"))
        return " ".join(f"{n} {u}" for n, u in parts if n) or "0 s"
