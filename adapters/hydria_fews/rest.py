"""Source and sink over the PI REST web service."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hydria_plugin import Bulletin, ConfigError, FeedError, Layout, Report, Secret, Wanted

from .drop import last_of, parameter_faults
from .feeding import table_of
from .looking_back import dropped, in_words
from .naming import PARAMETERS, PATTERN, Naming, pattern_faults
from .pi_series import PiSeries
from .rendering import Rendering, report_series
from .service import PiService
from .telling import seen

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger("hydria_fews")

DAY = np.timedelta64(86_400, "s")
PARTS = ("quantiles", "members", "doubt", "flags", "alerts", "reports")
POSTED = 200  # series of one call


class FewsRestSource:
    """Reads the series that are wanted from a filter of the web service; README.md says what each option means."""

    def __init__(
        self,
        *,
        url: str,
        filter: str = "",
        folder: Path | str | None = None,
        layout: Layout | None = None,
        clock: Callable[[], np.datetime64] | None = None,
        form: str = "json",
        id: str = PATTERN,
        names: Mapping[str, str] | None = None,
        timezone: float = 0.0,
        forecasts: int = 1,
        user: str = "",
        password: Secret | None = None,
        token: Secret | None = None,
        ca: str = "",
        hosts: Sequence[str] = (),
        timeout_s: float = 60.0,
    ) -> None:
        faults = [f"source fews-rest: {fault}" for fault in pattern_faults(id)]
        if isinstance(forecasts, bool) or not isinstance(forecasts, int) or not 1 <= forecasts <= 100:
            faults.append(f"source fews-rest: forecasts = {forecasts!r} must be a whole number from 1 to 100")
        given = {"user": user, "password": password, "token": token, "hosts": hosts, "timeout_s": timeout_s}
        service = built(faults, "source fews-rest", url, filter, form, zone=timezone, ca=placed(ca, folder), **given)
        self._service, self._layout, self._clock = service, layout, clock
        self._naming, self._forecasts = Naming(id, dict(names or {})), forecasts

    def read(self, wanted: Wanted) -> pd.DataFrame:
        """Raises FeedError where the service does not answer, or not in PI."""
        locations, parameters = asked_of(self._naming, wanted.series)
        start, end = wanted.start - wanted.step, wanted.end
        more = {"forecastCount": str(self._forecasts)} if self._forecasts > 1 else {}
        found = self._service.series(start, end, locations, parameters, wanted.step, **more)
        return table_of(found.series, wanted, self._naming, self._layout, found.faults)

    def probe(self) -> str:
        """Raises FeedError."""
        now = np.datetime64("now", "s") if self._clock is None else self._clock()
        locations, parameters = asked_of(self._naming, self._layout.all_series() if self._layout else ())
        found = self._service.series(now - DAY, now + DAY, locations, parameters)
        return f"{self._service.url}: {seen(found.series, self._naming, self._layout, now)}."


class FewsRestSink:
    """Posts bulletins as forecasts of T0 = issue time: a repeat or a revision overwrites. ``parts``: which of a
    bulletin's series, where the filter does not hold them all."""

    def __init__(
        self,
        *,
        url: str,
        filter: str = "",
        folder: Path | str | None = None,
        form: str = "json",
        id: str = PATTERN,
        names: Mapping[str, str] | None = None,
        parameters: Mapping[str, str] | None = None,
        parts: Sequence[str] = PARTS,
        user: str = "",
        password: Secret | None = None,
        token: Secret | None = None,
        ca: str = "",
        hosts: Sequence[str] = (),
        timeout_s: float = 20.0,
    ) -> None:
        faults = [f"sink fews-rest: {fault}" for fault in [*pattern_faults(id), *parameter_faults(parameters)]]
        if isinstance(parts, str) or not set(parts) <= set(PARTS) or not parts:
            faults.append(f"sink fews-rest: parts = {parts!r} must be a list of {', '.join(PARTS)}")
        given = {"user": user, "password": password, "token": token, "hosts": hosts, "timeout_s": timeout_s}
        self._service = built(faults, "sink fews-rest", url, filter, form, ca=placed(ca, folder), **given)
        self._naming, self._parts = Naming(id, dict(names or {})), tuple(parts)
        self._parameters = {**PARAMETERS, **(parameters or {})}
        self._last: Bulletin | None = None
        self._told: dict[str, str] = {}  # what was said of the last bulletin, and of the last reports

    def write(self, bulletin: Bulletin) -> None:
        """Alerts first: they are what is waited for. Raises FeedError."""
        rendering = Rendering(bulletin, self._naming, self._parameters)
        parts = [part for part in ("alerts", "quantiles", "flags", "doubt", "members") if part in self._parts]
        posted = [one for part in parts for one in self._post(getattr(rendering, part)())]
        self._last = bulletin
        self._look_back("bulletin", posted)

    def write_reports(self, reports: Sequence[Report]) -> None:
        """Headlines, and the shares of KnoX, with the T0 of their bulletin. Raises FeedError."""
        if "reports" in self._parts:
            self._look_back("reports", self._post(report_series(reports, last_of(self._last), self._naming)))

    def probe(self) -> str:
        """Whether the service answers; whether it takes what is posted is known when it was. Raises FeedError."""
        return f"{self._service.url}: answers, with {len(self._service.locations())} locations."

    def _post(self, series: Iterator[PiSeries]) -> list[PiSeries]:
        """What was posted."""
        held = list(series)
        for first in range(0, len(held), POSTED):
            self._service.post(held[first : first + POSTED])
        return held

    def _look_back(self, what: str, posted: Sequence[PiSeries]) -> None:
        """Say what the service took and did not keep. Raises FeedError where it kept nothing; where it kept some of it
        the next alert must not wait for the rest."""
        try:
            gone, told = dropped(self._service, posted), ""
        except FeedError as error:
            gone, told = [], f"whether the service keeps what is posted cannot be seen: {error}"
        if gone:
            told = f"{self._service.url}: {in_words(gone, posted)}"
            if len(gone) == sum(bool(np.isfinite(one.value).any()) for one in posted):
                raise FeedError(told)
        if told and told != self._told.get(what):
            log.warning(told)
        self._told[what] = told


def built(faults: list[str], *which: str, **options: object) -> PiService:
    """The service, or every fault at once. Raises ConfigError."""
    try:
        service = PiService(*which, **options)  # type: ignore[arg-type]
    except ConfigError as error:
        raise ConfigError([*faults, *error.faults]) from error
    if faults:
        raise ConfigError(faults)
    return service


def asked_of(naming: Naming, series: Sequence[str]) -> tuple[list[str], list[str]]:
    """Locations and parameters of the series; none where one of them does not say: then all of the filter is asked."""
    parts = [naming.parts(one) for one in series]
    locations = [part.get("location", "") for part in parts]
    parameters = [part.get("parameter", "") for part in parts]
    return distinct(locations), distinct(parameters)


def distinct(words: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(words)) if all(words) else []


def placed(file: str, folder: Path | str | None) -> Path | str:
    """A file of certificates, seen from the folder of the configuration."""
    return Path(folder or ".") / file if file else ""
