"""What the web service kept of what was posted. It answers 200 to a series that no time series set of its filter holds,
and drops it: only reading back tells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from hydria_plugin.exchange import iso_utc

from .pi_series import PiHeader, PiSeries
from .service import PiService

NAMED = 3  # series that a sentence names
Key = tuple[str, str, tuple[str, ...], str, int | None]


def dropped(service: PiService, posted: Sequence[PiSeries]) -> list[PiSeries]:
    """Those of which nothing is there. A series without any value is not looked for. Raises FeedError."""
    gone = list[PiSeries]()
    for at, issued_at, some in together(posted):
        locations, parameters = (
            {getattr(one.header, name): None for one in some} for name in ("location", "parameter")
        )
        issue = iso_utc(issued_at)
        found = service.series(
            at, at, list(locations), list(parameters), startForecastTime=issue, endForecastTime=issue
        )
        there = {key(h) for h in (one.header for one in found.series if len(one)) if is_of(h, issued_at)}
        gone += [one for one in some if key(one.header) not in there]
    return gone


def together(posted: Sequence[PiSeries]) -> Iterator[tuple[np.datetime64, np.datetime64, list[PiSeries]]]:
    """(time, issue time, series whose first value is there): what one question is enough for."""
    groups: dict[tuple[np.datetime64, np.datetime64], list[PiSeries]] = {}
    for one in posted:
        known = one.time[np.isfinite(one.value)]
        if len(known):
            groups.setdefault((known[0], one.header.issued_at), []).append(one)
    yield from ((at, issued_at, some) for (at, issued_at), some in groups.items())


def is_of(header: PiHeader, issued_at: np.datetime64) -> bool:
    """Of the forecast of then; a set of the filter that keeps no T0 says none."""
    return not header.is_forecast or bool(header.issued_at == issued_at)


def key(header: PiHeader) -> Key:
    return header.location, header.parameter, header.qualifiers, header.ensemble, header.member


def in_words(gone: Sequence[PiSeries], posted: Sequence[PiSeries]) -> str:
    """What was lost, and what to do."""
    names = [" ".join((h.location, h.parameter, *h.qualifiers, h.ensemble)).strip() for h in (s.header for s in gone)]
    distinct = list(dict.fromkeys(names))
    more = f" and {len(distinct) - NAMED} others" if len(distinct) > NAMED else ""
    return (
        f"{len(gone)} of {len(posted)} series were answered with success and are not there: "
        f"{'; '.join(distinct[:NAMED])}{more}: let a time series set of the filter hold them, "
        "or leave them out by parts"
    )
