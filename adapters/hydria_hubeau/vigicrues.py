"""What Vigicrues shows on its site: observations of two months and, in a flood, the forecasts of the State."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydria_plugin import Layout, Problem, Wanted
from hydria_plugin.exchange import Answer, Web

from .bulletins import UNITS, NoForecast, forecasts, observations
from .calls import asked, gathered
from .names import Key
from .observations import Places
from .polling import Clock, Polling
from .readings import Readings, joined
from .telling import Tally

if TYPE_CHECKING:
    import pandas as pd

URL = "https://www.vigicrues.gouv.fr/services"
OBSERVED, FORECAST = "observations.json/index.php", "previsions.json/index.php"


class VigicruesSource:
    """One call per station and quantity, so for some dozens of stations at most. README.md says what each option
    means."""

    def __init__(
        self,
        *,
        url: str = URL,
        id: str = "{code}.{grandeur}",
        forecast_id: str = "{code}.{grandeur}.{tendance}",
        names: Mapping[str, str] | None = None,
        record: str = "",
        hosts: Sequence[str] = (),
        ca: str = "",
        timeout_s: float = 20.0,
        tries: int = 3,
        pause_s: float = 0.3,
        folder: Path | str | None = None,
        clock: Clock | None = None,
        layout: Layout | None = None,
    ) -> None:
        web: dict[str, Any] = {"hosts": hosts, "ca": ca, "timeout_s": timeout_s, "tries": tries, "pause_s": pause_s}
        house: dict[str, Any] = {"folder": folder, "clock": clock, "layout": layout}
        said: dict[str, Any] = {
            "url": url,
            "id": id,
            "forecast_id": forecast_id,
            "names": names,
            "record": record,
            "whose": "Vigicrues, which has stations only",
            "serves": lambda key: not key.is_site,
        }
        self._polling = Polling("vigicrues", UNITS, **said, **web, **house)
        self._told: frozenset[str] = frozenset()

    def read(self, wanted: Wanted) -> pd.DataFrame:
        """Observations stamped in (start - step, issued_at], and the newest forecasts of the series that are named as
        tendencies. Raises FeedError when the service gives nothing at all."""
        places, strange = self._polling.placed(wanted.series)
        visit = Visit(self._polling.web, places)
        failed = gathered(visit.keys(), visit.ask)
        lasting = [*strange, *visit.without]
        told = [Problem("source", None, text) for text in (*self._news(lasting), *map(str, failed))]
        problems = [*told, *visit.tally.problems()]
        return self._polling.table(joined(visit.found), wanted, problems, visit.answer)

    def probe(self) -> str:
        """The newest value, how late it is, its unit and zone; how many stations have a forecast. Raises FeedError."""
        from .probing import vigicrues_seen

        return vigicrues_seen(self._polling)

    def _news(self, lasting: Sequence[str]) -> list[str]:
        """Problems that stay are said once, and again when they have changed."""
        known, self._told = self._told, frozenset(lasting)
        return [text for text in lasting if text not in known]


@dataclass(slots=True)
class Visit:
    """One read: what was found, and what was wrong."""

    web: Web
    places: Places
    found: list[Readings] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    without: list[str] = field(default_factory=list)  # sentences on stations that have no forecast
    answer: Answer | None = None

    def keys(self) -> list[Key]:
        """One for each call: all tendencies come with one."""
        return list(dict.fromkeys(key._replace(tendency="all") if key.tendency else key for key in self.places))

    def ask(self, key: Key) -> None:
        params = {"CdStationHydro": key.code, "GrdSerie": key.quantity}
        if not key.tendency:
            message, self.answer = asked(self.web, OBSERVED, {**params, "FormatSortie": "simple"})
            self.found.append(observations(message, key, self.answer.place, self.places, self.tally))
            return
        message, self.answer = asked(self.web, FORECAST, {**params, "FormatDate": "iso"})
        try:
            self.found.append(forecasts(message, key, self.answer.place, self.places, self.tally))
        except NoForecast:
            self.without.append(f"Vigicrues has no forecast of {key.code} {key.quantity} at present")
