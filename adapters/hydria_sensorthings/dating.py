"""When the bulletin was issued that a report belongs to: reports do not say it, but for some."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hydria_plugin import FeedError, Report
from hydria_plugin.exchange import moment

from .holdings import Owner
from .issue import kept_of
from .service import Service

LOOKED_AT = 50  # newest warnings among which the one of a report is sought


def time_of(report: Report, told: Mapping[str, np.datetime64], service: Service, owner: Owner) -> np.datetime64:
    """What the report says, else the issue time of the newest alert of its event: of ``told``, or of the warnings that
    the server holds for the station. Raises FeedError where nothing says it."""
    said = report.body.get("issued_at")
    try:
        if isinstance(said, str):
            return in_seconds(moment(said))
    except (ValueError, OverflowError):
        pass
    found = told[report.event] if report.event in told else warned(report.event, service, owner)
    if found is None:
        raise FeedError(
            f"the {report.kind} report on {report.station} cannot be dated: the server has no warning of "
            f"event {report.event!r}"
        )
    return found


def warned(event: str, service: Service, owner: Owner) -> np.datetime64 | None:
    """The newest warning of an event, as the server holds it."""
    asked: dict[str, str | int] = {"$orderby": "resultTime desc", "$top": LOOKED_AT}
    for stream in (found for key, found in owner.streams.items() if key.startswith("key:warning/")):
        document, _ = next(service.pages(f"{stream.path}/Observations", asked))
        kept = [kept_of(body) for body in document["value"] if isinstance(body, dict)]
        times = [
            k.valid for k in kept if k and isinstance(k.parameters, Mapping) and k.parameters.get("event") == event
        ]
        if times:
            return max(times)
    return None


def in_seconds(time: np.datetime64) -> np.datetime64:
    whole: np.datetime64 = time.astype("datetime64[s]")
    return whole
