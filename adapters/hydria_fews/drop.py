"""Bulletins as PI-XML files, each whole or not there at all."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from hydria_plugin import Bulletin, ConfigError, FeedError, Report
from hydria_plugin.exchange import iso_utc, put_file

from .naming import PARAMETERS, PATTERN, Naming, pattern_faults
from .pi_series import PiSeries
from .pi_writing import pi_xml
from .rendering import KNOX_KIND, Rendering, bulletin_series, report_series

UNFIT = re.compile(r"[^\w.+-]+")


class FewsDrop:
    """Writes ``<path>/<pipeline>_<issue time>.xml``: a revision replaces what it revises. ``hydria-fews`` writes into
    the files that FEWS names, in the words of the options of this sink.

    ``id``, ``names``: as of the source, to find the location of a station; ``parameters``: quantity = parameterId;
    ``timezone``: hours ahead of UTC that files are written in.
    """

    def __init__(
        self,
        *,
        path: str,
        folder: Path | str | None = None,
        id: str = PATTERN,
        names: Mapping[str, str] | None = None,
        parameters: Mapping[str, str] | None = None,
        timezone: float = 0.0,
    ) -> None:
        faults = [*pattern_faults(id), *parameter_faults(parameters)]
        if not isinstance(timezone, int | float) or not abs(timezone) <= 24:
            faults.append(f"timezone = {timezone!r} must be hours ahead of UTC, such as 1.0")
        if faults:
            raise ConfigError([f"sink fews: {fault}" for fault in faults])
        self._path, self._zone = Path(folder or ".") / path, float(timezone)
        self._last: Bulletin | None = None
        self._naming, self._parameters = Naming(id, dict(names or {})), {**PARAMETERS, **(parameters or {})}

    def series(self, bulletin: Bulletin) -> list[PiSeries]:
        """All that a bulletin says, in the names of these options."""
        return list(bulletin_series(bulletin, self._naming, self._parameters))

    def shares(self, bulletin: Bulletin, readings: Sequence[Report]) -> list[PiSeries]:
        """The shares of KnoX of stations that no report of the bulletin tells them of."""
        told = {report.station for report in bulletin.reports if report.kind == KNOX_KIND}
        made, rows = Rendering(bulletin, self._naming), {s: row for row, s in enumerate(bulletin.layout.stations)}
        left = [report for report in readings if report.station in rows and report.station not in told]
        return [one for report in left for one in made.shares(rows[report.station], report)]

    def write(self, bulletin: Bulletin) -> None:
        """Raises FeedError."""
        write_series(self._file(bulletin), self.series(bulletin), self._zone)
        self._last = bulletin

    def write_reports(self, reports: Sequence[Report]) -> None:
        """Headlines and shares, in a file beside that of the bulletin. Raises FeedError."""
        bulletin = last_of(self._last)
        series = list(report_series(reports, bulletin, self._naming))
        write_series(self._file(bulletin, "_reports"), series, self._zone)

    def _file(self, bulletin: Bulletin, what: str = "") -> Path:
        stamp = iso_utc(bulletin.issued_at).replace(":", "").replace("-", "")
        return self._path / f"{UNFIT.sub('_', bulletin.pipeline)}_{stamp}{what}.xml"

    def probe(self) -> str:
        """Raises FeedError."""
        parent = next(p for p in (self._path, *self._path.absolute().parents) if p.exists())
        if not parent.is_dir() or not os.access(parent, os.W_OK):
            raise FeedError(f"{self._path} cannot be written: let the user that runs hydria write there")
        return f"{self._path}: can be written."


def last_of(bulletin: Bulletin | None) -> Bulletin:
    """The bulletin that reports belong to: they are sent after it, and do not say themselves when it was issued. Raises
    FeedError where this process has sent none yet: they go with the next."""
    if bulletin is None:
        raise FeedError("reports wait for the next bulletin: none was written since the start")
    return bulletin


def parameter_faults(parameters: object) -> list[str]:
    """What is wrong with an option ``parameters``."""
    given = {} if parameters is None else parameters
    if isinstance(given, Mapping) and all(k in PARAMETERS and isinstance(v, str) and v for k, v in given.items()):
        return []
    return [f'parameters = {parameters!r} must name parameters; allowed: {{ level = "H.fc", discharge = "Q.fc" }}']


def write_series(file: Path, series: Iterable[PiSeries], zone: float) -> None:
    """The file as a whole. Raises FeedError."""
    try:
        put_file(file, pi_xml(series, zone=zone))
    except OSError as error:
        raise FeedError(f"{file} cannot be written ({error.strerror}): make room, or let hydria write there") from error
