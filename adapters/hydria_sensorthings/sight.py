"""What ``hydria check`` tells of a server: the newest value, how late it is, its unit and its zone."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np

from hydria_plugin import FeedError
from hydria_plugin.exchange import iso_utc

from .catalogue import Catalogue, Stream, absent, unit_of
from .dialect import Dialect
from .options import Reading
from .readings import Unusable, reading_of, records
from .service import Service

OFFSET = re.compile(r"(Z|[+-]\d\d:?\d\d)$")


def seen(
    service: Service,
    catalogue: Catalogue,
    wanted: Sequence[str],
    dialect_at: Callable[[str], Dialect],
    options: Reading,
    now: np.datetime64,
) -> str:
    """One or two sentences. Raises FeedError where none of the wanted series is there."""
    there = [series for series in wanted if series in catalogue.streams]
    missing = absent(catalogue, wanted)
    if not there:
        names = ", ".join(map(repr, missing[:5]))
        raise FeedError(f"{service.address}: none of the wanted series is there ({names}); see `series` and `names`")
    first = there[0]
    stream = catalogue.streams[first]
    told = newest(service, stream, dialect_at(stream.observations), options, now)
    lacking = f" Absent: {', '.join(map(repr, missing[:5]))}." if missing else ""
    many = len(catalogue.streams)
    return (
        f"{service.address}: {len(there)} of {len(wanted)} series among {many} Datastreams; {first!r}: {told}.{lacking}"
    )


def newest(service: Service, stream: Stream, dialect: Dialect, options: Reading, now: np.datetime64) -> str:
    """The last value of one series, in words."""
    unit = unit_of(stream.body)
    known = f"in {unit!r}" if unit else "of no named unit"
    for document, _ in service.pages(stream.observations, dialect.newest()):
        for record in records(document):
            try:
                reading = reading_of(record, options.manner)
            except Unusable as unusable:
                return f"the newest observation cannot be used: {unusable}"
            offset = OFFSET.search(str(record.get("phenomenonTime")))
            zone = (
                f"times with offset {offset[1]}" if offset else f"times without offset, read as {options.manner.zone}"
            )
            late = "" if np.isnat(now) else f", {_age(now - reading.end)}"
            return f"newest value {reading.value:g} {known} of {iso_utc(reading.end)}{late}; {zone}"
        break
    return f"{known}, no observation yet"


def _age(age: np.timedelta64) -> str:
    minutes = int(age / np.timedelta64(1, "m"))
    if minutes < 0:
        return f"{-minutes} min ahead of our clock"
    return f"{minutes} min old" if minutes < 600 else f"{minutes // 60} h old"
