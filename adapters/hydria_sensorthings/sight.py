"""What ``hydria check`` tells of a server: the newest value, how late it is, its unit and its zone."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np

from hydria_plugin import FeedError
from hydria_plugin.exchange import ago, iso_utc

from .catalogue import Catalogue, Stream, absent, unit_of
from .dialect import Dialect
from .options import Reading
from .readings import Reading as Observation
from .readings import Unusable, reading_of, records
from .service import Options, Service

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
    try:
        questions = (latest(service, stream, asked, options) for asked in dialect.newest(now))
        found = next((one for one in questions if one is not None), None)
    except Unusable as unusable:
        return f"the newest observation cannot be used: {unusable}"
    if found is None:
        return f"{known}, no observation yet"
    reading, text = found
    offset = OFFSET.search(text)
    zone = f"times with offset {offset[1]}" if offset else f"times without offset, read as {options.manner.zone}"
    late = "" if np.isnat(now) else f", {_age(now - reading.end)}"
    return f"newest value {reading.value:g} {known} of {iso_utc(reading.end)}{late}; {zone}"


def latest(service: Service, stream: Stream, asked: Options, options: Reading) -> tuple[Observation, str] | None:
    """The latest observation that a question gives, and its time as the server writes it. Raises Unusable."""
    found: tuple[Observation, str] | None = None
    for document, _ in service.pages(stream.observations, asked):
        for record in records(document):
            reading = reading_of(record, options.manner)
            if found is None or reading.end > found[0].end:
                found = reading, str(record.get("phenomenonTime"))
        if "$filter" not in asked:  # sorted: the first page is enough
            break
    return found


def _age(age: np.timedelta64) -> str:
    if age < np.timedelta64(0, "us"):
        return f"{ago(-age)} ahead of our clock"
    return f"{ago(age)} old"
