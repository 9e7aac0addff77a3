"""Station feeds from a SensorThings server: each series is a Datastream."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from hydria_plugin import FeedError, Layout, Problem, Secret, Wanted
from hydria_plugin.exchange import Refusal, feed_table, unit_wanted

from .asking import Asked, Row, columns_of, rows_of
from .catalogue import Catalogue, Stream, absent, catalogue_of, scale_of, unit_of
from .dialect import Dialect, learned
from .faults import Faults
from .options import checked
from .service import Service
from .sight import seen

if TYPE_CHECKING:
    import pandas as pd

LIVE = np.timedelta64(5, "m")  # a question about the present: what is there has been received
ANEW = np.timedelta64(1, "h")  # so often at most the Datastreams are listed again for a series that is absent
FATAL = (401, 403, 429)  # the next series would be answered the same


class SensorThingsSource:
    """Reads Datastreams, whose names here ``series`` makes of what the server knows of them.

    The keyword-only parameters are the TOML options; README.md says what each means. ``clock`` and ``layout`` are given
    by the house.
    """

    def __init__(
        self,
        *,
        url: str,
        layout: Layout | None = None,
        clock: Callable[[], np.datetime64] | None = None,
        hosts: Sequence[str] = (),
        user: str = "",
        password: Secret | None = None,
        token: Secret | None = None,
        ca: str = "",
        timeout_s: float = 20.0,
        series: str = "{id}",
        names: Mapping[str, str] | None = None,
        filter: str = "",
        units: Mapping[str, str] | None = None,
        interval: str = "end",
        shift: Mapping[str, str] | None = None,
        forecasts: Sequence[str] = (),
        timezone: str = "UTC",
        missing: Sequence[float] = (),
        flag: str = "resultQuality",
        flags: Mapping[str, str] | None = None,
        page: int = 1000,
    ) -> None:
        self._options = checked(
            series=series, names=names or {}, filter=filter, units=units or {}, interval=interval, shift=shift or {},
            forecasts=forecasts, timezone=timezone, missing=missing, flag=flag, flags=flags or {}, page=page,
        )  # fmt: skip
        access = {"user": user, "password": password, "token": token, "ca": ca}
        self._service = Service(url, hosts=hosts, timeout_s=timeout_s, **access)  # type: ignore[arg-type]
        self._layout, self._clock = layout, clock
        self._catalogue: Catalogue | None = None
        self._dialect: Dialect | None = None
        self._told: frozenset[str] = frozenset()  # series that were said to be absent

    def read(self, wanted: Wanted) -> pd.DataFrame:
        """Observations of the span, and forecasts where ``forecasts`` says that a series holds them. Raises FeedError
        when the server cannot be reached, or none of the series can be read."""
        catalogue, faults = self._listed(wanted), Faults()
        problems = self._absent(catalogue, wanted.series)
        rows, refused, read = list[Row](), list[Refusal](), 0
        for series in dict.fromkeys(wanted.series):
            if stream := catalogue.streams.get(series):
                try:
                    rows += self._rows(series, stream, wanted, faults)
                    read += 1
                except Refusal as refusal:
                    if refusal.status in FATAL:
                        raise
                    refused.append(refusal)
                    faults.add(series, "refused", f"cannot be read: {refusal}")
        if refused and not read:
            raise refused[0]
        columns = columns_of(rows, bool(self._options.manner.flags))
        problems += faults.problems()
        return feed_table(columns.pop("series"), columns.pop("time"), columns.pop("value"), **columns, wanted=wanted,
                          problems=problems)  # fmt: skip

    def probe(self) -> str:
        """How many Datastreams are there, which series were found, and what the newest value is. Raises FeedError."""
        now = self._clock() if self._clock else np.datetime64("NaT")
        catalogue = self._list(now)
        wanted = self._layout.all_series() if self._layout else tuple(catalogue.streams)
        return seen(self._service, catalogue, wanted, self._dialect_at, self._options, now)

    def close(self) -> None:
        self._service.close()

    def _rows(self, series: str, stream: Stream, wanted: Wanted, faults: Faults) -> list[Row]:
        unit = self._options.units.get(series) or unit_of(stream.body)
        try:
            scale = scale_of(unit, unit_wanted(self._layout, series))
        except ValueError as error:
            faults.add(series, "unit", f'{error}; it is not read. If it is known, write units = {{ "{series}" = "m" }}')
            return []
        asked = Asked(wanted, self._options, self._dialect_at(stream.observations), self._is_live(wanted))
        return rows_of(self._service, series, stream, scale, asked, faults)

    def _is_live(self, wanted: Wanted) -> bool:
        return self._clock is not None and bool(abs(self._clock() - wanted.known_at) <= LIVE)

    def _dialect_at(self, path: str) -> Dialect:
        if self._dialect is None:
            self._dialect = learned(self._service, path, self._options.page)
        return self._dialect

    def _listed(self, wanted: Wanted) -> Catalogue:
        """The Datastreams; listed again when one is absent that may have come."""
        known = self._catalogue
        if known is None or (absent(known, wanted.series) and wanted.known_at - known.read_at >= ANEW):
            return self._list(wanted.known_at)
        return known

    def _list(self, now: np.datetime64) -> Catalogue:
        options = self._options
        before = self._catalogue.streams if self._catalogue else {}
        new = catalogue_of(self._service, options.series, options.names, options.filter, now)
        for name, stream in new.streams.items():
            if name in before and before[name].path == stream.path:
                stream.reach = before[name].reach
        self._catalogue = new
        if not new.streams and not new.doubled:
            which = f" that match filter = {options.filter!r}" if options.filter else ""
            raise FeedError(
                f"{self._service.address}: has no Datastreams{which} of which series = {options.series!r} makes names"
            )
        return new

    def _absent(self, catalogue: Catalogue, wanted: Sequence[str]) -> list[Problem]:
        """Series that no Datastream is: said once, and again when others are absent."""
        missing = frozenset(absent(catalogue, wanted))
        known, self._told = self._told, missing
        return (
            []
            if missing <= known
            else [Problem("source", None, _absence(catalogue, sorted(missing), self._options.series))]
        )


def _absence(catalogue: Catalogue, missing: Sequence[str], template: str) -> str:
    doubled = [series for series in missing if series in catalogue.doubled]
    if doubled:
        remedy = "none is read; make the name or `filter` narrower"
        return f"several Datastreams are called {doubled[0]!r} by series = {template!r}: {remedy}"
    more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
    near = f", such as {', '.join(map(repr, sorted(catalogue.streams)[:3]))}" if catalogue.streams else ""
    there = f"there are {len(catalogue.streams)}{near}; see `series` and `names` of the source"
    return f"no Datastream is {', '.join(map(repr, missing[:5]))}{more}; {there}"
