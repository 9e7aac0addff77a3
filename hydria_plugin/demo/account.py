"""The account of a demonstration, for people, in English and French."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..drawing.doubt import doubt
from ..drawing.words import Words
from ..values import Alert, Basis, Bulletin, Reason
from .findings import Silence, Warned
from .platform import THRESHOLDS, Case, Site
from .zones import Zones, in_percent

HOUR = np.timedelta64(3600, "s")
TEXT = {
    "en": {
        "begin": "{}, a complete small platform, in {}",
        "written": "Wrote the configuration and {} of {} feeds, hourly ({} steps).",
        "training": "Training on {} to {}, as `hydria train` does. This is the long part.",
        "trained": "  {}: {}",
        "replay": "Replaying the flood of {}: {} steps through the real host, with a clock that is set.",
        "head": "issued at         {:>9}   highest median within {}       news",
        "peak": "{} ({} to {})",
        "none": "no forecast",
        "again": "late data came: revision {}",
        "question": "How early was it known?",
        "early": "  {}, {} {}: announced {}, crossed {}: {} early",
        "lateword": "  {}, {} {}: announced {}, crossed {}: {} late",
        "same": "  {}, {} {}: announced {}, in the step it was crossed",
        "missed": "  {}, {} {}: crossed {}, never announced",
        "false": "  {}, {} {}: announced {}, never reached (highest {})",
        "truth": "  (crossed: by the simulated truth, which no forecaster was shown)",
        "gauge": "  (crossed: by the gauge)",
        "doubt": "Where the doubt comes from, {}: {}",
        "gauges": "What the gauges did meanwhile:",
        "silent": "  {} silent from {} to {}",
        "late": "  {} came {} minutes late from {} to {}",
        "ledger": "{} steps in the ledger: {} in full, {} degraded, {} failed. {} revisions for late data.",
        "reading": "Reading networks fitted on {} days of this basin: which rain zone gives how much of the flow.",
        "zones": "Where the water came from, as KnoX reads it: true {} %, read {} % ({}).",
        "page": "  The report: {}.",
        "unread": "Where the water came from: not read; that takes a simulated basin and a longer record.",
        "look": "Look at {0}/hydrograph.svg (in a browser), {0}/out (what the platform received), {0}/hydria.toml.",
        "next": "Next: hydria check {0}/hydria.toml, then: hydria backtest {0}/hydria.toml --from {1} --to {2}",
    },
    "fr": {
        "begin": "{}, une petite plateforme complète, dans {}",
        "written": "Écrit : la configuration et {} de mesures {}, horaires ({} pas).",
        "training": "Apprentissage de {} à {}, comme le fait `hydria train`. C'est la partie longue.",
        "trained": "  {} : {}",
        "replay": "La crue du {} rejouée : {} pas dans l'hôte réel, un cycle chacun, avec une horloge que l'on règle.",
        "head": "émis à            {:>9}   plus haute médiane sous {}      nouvelles",
        "peak": "{} ({} à {})",
        "none": "pas de prévision",
        "again": "données tardives : révision {}",
        "question": "Avec quelle avance l'a-t-on su ?",
        "early": "  {}, {} {} : annoncé {}, franchi {} : {} d'avance",
        "lateword": "  {}, {} {} : annoncé {}, franchi {} : {} de retard",
        "same": "  {}, {} {} : annoncé {}, au pas du franchissement",
        "missed": "  {}, {} {} : franchi {}, jamais annoncé",
        "false": "  {}, {} {} : annoncé {}, jamais atteint (maximum {})",
        "truth": "  (franchi : selon la vérité simulée, qu'aucun modèle n'a vue)",
        "gauge": "  (franchi : selon la station)",
        "doubt": "D'où vient le doute, {} : {}",
        "gauges": "Ce que faisaient les capteurs :",
        "silent": "  {} muet de {} à {}",
        "late": "  {} arrivé avec {} minutes de retard de {} à {}",
        "ledger": "{} pas au registre : {} complets, {} dégradés, {} en échec. {} révisions pour données tardives.",
        "reading": "Lecture de réseaux calés sur {} jours de ce bassin : quelle zone fait quelle part du débit.",
        "zones": "D'où venait l'eau, selon KnoX : vrai {} %, lu {} % ({}).",
        "page": "  Le rapport : {}.",
        "unread": "D'où venait l'eau : non lu ; il faut un bassin simulé et des mesures plus longues.",
        "look": "À voir : {0}/hydrograph.svg (navigateur), {0}/out (ce que reçoit la plateforme), {0}/hydria.toml.",
        "next": "Ensuite : hydria check {0}/hydria.toml, puis : hydria backtest {0}/hydria.toml --from {1} --to {2}",
    },
}
REASONS = {
    "en": {Reason.FIRST: "ALERT", Reason.HIGHER: "HIGHER", Reason.LOWER: "lower", Reason.CLEARED: "cleared"},
    "fr": {Reason.FIRST: "ALERTE", Reason.HIGHER: "PLUS HAUT", Reason.LOWER: "plus bas", Reason.CLEARED: "levé"},
}


@dataclass(frozen=True)
class Teller:
    """Puts what happens in words."""

    case: Case
    words: Words

    def say(self, key: str, *things: object) -> str:
        return TEXT[self.words.language][key].format(*things)

    def when(self, time: np.datetime64) -> str:
        return f"{self.words.day(time)} {self.words.clock(time)}"

    def span(self, length: np.timedelta64) -> str:
        years = length / np.timedelta64(1, "D") / 365.25
        unit = {"en": "years", "fr": "ans"}[self.words.language]
        if years >= 1:
            return f"{self.words.number(years, 1)} {unit}"
        return f"{round(years * 365.25)} {'jours' if self.words.language == 'fr' else 'days'}"

    def head(self) -> str:
        site = self.case.sites[0]
        return f"{site.name}\n" + self.say("head", self.words.unit(site.unit), self.case.horizon)

    def line(self, bulletin: Bulletin) -> str:
        """One step: the river now, the forecast of its first station, and what is news anywhere."""
        now = float(bulletin.summary.observed[0, -1])
        shown = "-" if np.isnan(now) else self.words.number(now, 2)
        news = [self.news(alert) for alert in bulletin.alerts if alert.is_news]
        if bulletin.revision:
            news.append(self.say("again", bulletin.revision))
        return f"{self.when(bulletin.issued_at):<16}  {shown:>9}   {self.ahead(bulletin):<31}{'; '.join(news)}".rstrip()

    def ahead(self, bulletin: Bulletin) -> str:
        values = np.asarray(bulletin.forecast.values[0], dtype=float)
        if not np.isfinite(values).all():
            return self.say("none")
        lead = int(bulletin.forecast.median[0].argmax())
        low, high = (np.interp(p, bulletin.forecast.quantiles, values[lead]) for p in (0.1, 0.9))
        middle = float(bulletin.forecast.median[0, lead])
        return self.say("peak", *(self.words.number(float(v), 2) for v in (middle, low, high)))

    def news(self, alert: Alert) -> str:
        word = REASONS[self.words.language].get(alert.reason, str(alert.reason))
        chance = (
            ""
            if np.isnan(alert.probability) or alert.reason is Reason.CLEARED
            else self.words.percent(alert.probability)
        )
        why = ", ".join(filter(None, [chance, alert.note, "observed" if alert.basis is Basis.OBSERVED else ""]))
        why = why.replace("observed", self.words["observed"]) if why else ""
        return f"{word} {self.site(alert.station).name} {alert.threshold}" + (f" ({why})" if why else "")

    def site(self, station: str) -> Site:
        return next(s for s in self.case.sites if s.station == station)

    def verdicts(self, found: Sequence[Warned]) -> list[str]:
        lines = [self.say("question"), *(self.verdict(w) for w in found)]
        return [*lines, self.say("truth" if self.case.truth_is_known else "gauge")]

    def verdict(self, w: Warned) -> str:
        site, name = self.site(w.station), THRESHOLDS[self.words.language][w.rank]
        what = (site.name, name, self.words.amount(w.limit, 2, site.unit))
        if np.isnat(w.crossed_at):
            flood = slice(self.case.first, self.case.last + 1)
            highest = self.words.amount(float(np.nanmax(self.case.truth[w.station][flood])), 2, site.unit)
            return self.say("false", *what, self.when(w.announced_at), highest)
        if np.isnat(w.announced_at):
            return self.say("missed", *what, self.when(w.crossed_at))
        if w.gained == np.timedelta64(0, "s"):
            return self.say("same", *what, self.when(w.announced_at))
        key = "early" if w.gained > np.timedelta64(0, "s") else "lateword"
        return self.say(
            key, *what, self.when(w.announced_at), self.when(w.crossed_at), self.words.duration(abs(w.gained))
        )

    def zones(self, found: Zones | None) -> list[str]:
        """The known shares beside KnoX's reading, its cautions, and where the report lies."""
        if found is None:
            return ["", self.say("unread")]
        names = ", ".join(name.removeprefix("rain.") for name in found.names)
        told = self.say("zones", in_percent(found.true), in_percent(found.read), names)
        return ["", told, *(f"  ! {said}" for said in found.cautions), self.say("page", found.files[0])]

    def doubt(self, shown: Bulletin) -> list[str]:
        """Where the doubt of the first site's forecast comes from, by the bulletin ``shown``; nothing where that is not
        known."""
        row = shown.layout.stations.index(self.case.sites[0].station)
        sentence = doubt(shown, row, self.words)
        return [self.say("doubt", self.when(shown.issued_at), sentence)] if sentence else []

    def gauges(self, found: Sequence[Silence]) -> list[str]:
        if not found:
            return []
        lines = [
            self.say("late", x.series, x.late_minutes, self.when(x.first), self.when(x.last))
            if x.late_minutes
            else self.say("silent", x.series, self.when(x.first), self.when(x.last))
            for x in found
        ]
        return [self.say("gauges"), *lines]
